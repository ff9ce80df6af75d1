"""Another process calls through the emulator."""

import pytest
from azure.communication.callautomation.aio import CallAutomationClient
from websockets.exceptions import ConnectionClosed

from tests.cloud.acs.emulator import AcsEmulator
from tests.cloud.acs.pcm import tone
from tests.cloud.echo_app import EchoApp
from tests.cloud.sdk_options import media_options
from tests.kit.clients.ringing_telephone import RingingTelephone

CALLER, CALLED = "+15550123", "+15550188"


async def answered(app: EchoApp, client: CallAutomationClient, telephone: RingingTelephone) -> None:
    """Answer the call that Event Grid has announced."""
    (event,) = (await app.grid.until(lambda told: told.headers["aeg-event-type"] == "Notification")).body
    assert event["data"]["from"]["phoneNumber"]["value"] == CALLER
    assert event["data"]["to"]["phoneNumber"]["value"] == CALLED
    await client.answer_call(event["data"]["incomingCallContext"], app.callback_url, media_streaming=media_options(app))
    assert await telephone.answered()


async def test_it_speaks_hears_and_hangs_up(acs: AcsEmulator, app: EchoApp, client: CallAutomationClient) -> None:
    async with RingingTelephone.ring(acs.endpoint, app.grid_url, CALLER, CALLED) as telephone:
        await answered(app, client, telephone)
        assert telephone.call_id in acs.calls
        await app.messages.until(lambda message: message["kind"] == "AudioData")
        await telephone.say(tone(400, 16_000))
        outcome = await telephone.hang_up()
    assert not telephone.is_connected
    assert outcome["announcement"] == [200]
    assert outcome["heard_s"] >= 0.3
    assert outcome["violations"] == []
    await app.event("CallDisconnected")


async def test_whoever_goes_away_has_hung_up(acs: AcsEmulator, app: EchoApp, client: CallAutomationClient) -> None:
    async with RingingTelephone.ring(acs.endpoint, app.grid_url, CALLER, CALLED) as telephone:
        await answered(app, client, telephone)
    await app.event("CallDisconnected")


async def test_the_other_side_hangs_up(acs: AcsEmulator, app: EchoApp, client: CallAutomationClient) -> None:
    async with RingingTelephone.ring(acs.endpoint, app.grid_url, CALLER, CALLED) as telephone:
        await answered(app, client, telephone)
        await client.get_call_connection(telephone.call_id).hang_up(is_for_everyone=True)
        await app.event("CallDisconnected")
        assert (await telephone.hang_up())["reason"]
        with pytest.raises(ConnectionClosed):
            await telephone.say(tone(400, 16_000))


async def test_a_call_whose_announcement_is_refused_is_over_at_once(acs: AcsEmulator, app: EchoApp) -> None:
    app.status = 401
    async with RingingTelephone.ring(acs.endpoint, app.grid_url, CALLER, CALLED) as telephone:
        assert not await telephone.answered()
    assert telephone.outcome is not None
    assert telephone.outcome["announcement"] == [401]
    assert telephone.outcome["reason"] == "nobody answered"

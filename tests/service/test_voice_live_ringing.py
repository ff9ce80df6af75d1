"""The connection to a speech-to-speech model that is opened while a caller's telephone rings: used, or closed."""

import pytest

from tests.cloud.acs.caller import Caller
from tests.cloud.realtime.emulator import RealtimeEmulator, Refusal
from tests.cloud.realtime.replies import Reply
from tests.kit.virtual_time import on_virtual_time
from tests.service.telephony.telephone_kit import Telephone, over, room
from tests.service.voice_live_kit import WAIT_S, answer_of, model_of, pitch_hz, speaking

RINGS_S = 3.0
"""From the answer that is ordered to the call that is up: time to connect to the model, on a busy machine too."""
INBOUND = {"ACS_STREAMING_MODE": "voice_live"}


@pytest.fixture
def model() -> RealtimeEmulator:
    service = RealtimeEmulator()
    service.plan.default = Reply(text="It is open until six.", tone_hz=500)
    return service


async def rings(phone: Telephone) -> Caller:
    """Somebody who calls, and is not connected yet."""
    phone.acs.behaviour.connect_delay_s = RINGS_S
    await room(phone.service)
    return await phone.acs.dial(phone.webhook, from_="+15550123")


async def is_talked_to(phone: Telephone, caller: Caller, model: RealtimeEmulator) -> None:
    """The caller is greeted, and answered by the model."""
    await caller.connected()
    await caller.hears_reply(quiet_ms=300, since_s=caller.ear.started_s)
    assert pitch_hz(await answer_of(caller)) == model.plan.default.tone_hz
    caller.hang_up()
    await over(phone, caller)


@on_virtual_time
async def test_it_is_used_when_the_call_is_answered(model: RealtimeEmulator) -> None:
    async with speaking(model, **INBOUND) as phone:
        caller = await rings(phone)
        ahead = await model_of(model)
        assert not caller.is_connected
        assert not ahead.received, "nothing is asked of the model before anybody is there"
        await is_talked_to(phone, caller, model)
        assert list(model.sessions) == [ahead]


@on_virtual_time
async def test_it_is_closed_when_the_caller_gives_up(model: RealtimeEmulator) -> None:
    async with speaking(model, **INBOUND) as phone:
        caller = await rings(phone)
        ahead = await model_of(model)
        caller.hang_up()
        await ahead.closed.until(lambda _: True, WAIT_S)
        assert not ahead.received
        assert not phone.service.sessions.live


@pytest.mark.parametrize("refusals", [1, 2])
@on_virtual_time
async def test_a_service_that_refuses_it_is_asked_again_when_the_call_is_answered(
    model: RealtimeEmulator, refusals: int
) -> None:
    model.refusals.extend([Refusal(503)] * refusals)
    async with speaking(model, **INBOUND) as phone:
        caller = await rings(phone)
        await model.refused.until(lambda _: True, WAIT_S)
        assert not caller.is_connected
        await is_talked_to(phone, caller, model)
        assert (len(model.refused), len(model.sessions)) == (refusals, 1)

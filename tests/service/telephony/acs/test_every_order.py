"""Every order that the product gives, with a key and with an identity, to the real SDK on the emulator."""

import pytest

from app.telephony.acs.call_automation import CallAutomation
from app.telephony.acs.resource import AcsResource, parse_connection_string
from app.telephony.call_control import MediaOptions
from tests.cloud.acs.emulator import AcsEmulator
from tests.cloud.echo_app import EchoApp
from tests.cloud.entra import EntraEmulator

CALLER, CALLEE, US = "+15550100", "+15550101", "+15550199"


async def give_every_order(calls: CallAutomation, acs: AcsEmulator, app: EchoApp) -> None:
    media = MediaOptions(app.media_url)
    await calls.ready()
    await calls.reject(acs.ring("+15550102", US).context)
    call_id = await calls.answer(acs.ring(CALLER, US).context, app.callback_url, media)
    await app.event("MediaStreamingStarted")
    known = await calls.properties(call_id)
    assert known.state == "connected"
    assert CALLER in [person.phone_number for person in await calls.participants(call_id)]
    await calls.send_dtmf(call_id, CALLER, "1#")
    await calls.start_continuous_dtmf(call_id, CALLER)
    await calls.stop_continuous_dtmf(call_id, CALLER)
    await calls.stop_media_streaming(call_id)
    await app.event("MediaStreamingStopped")
    await calls.start_media_streaming(call_id)
    recording = await calls.start_recording(call_id, known.server_call_id, app.callback_url)
    await calls.resume_recording(recording)
    await calls.stop_recording(recording)
    await calls.transfer(call_id, CALLEE)
    await app.event("CallTransferAccepted")
    placed = await calls.create(CALLEE, US, app.callback_url, media)
    await calls.hang_up(placed)


ORDERS = {
    "reject_call", "answer_call", "get_call_properties", "list_participants", "send_dtmf_tones",
    "start_continuous_dtmf_recognition", "stop_continuous_dtmf_recognition", "stop_media_streaming",
    "start_media_streaming", "start_recording", "resume_recording", "stop_recording", "transfer_call_to_participant",
    "create_call",
}  # fmt: skip


async def test_with_a_key() -> None:
    async with AcsEmulator() as acs, EchoApp(acs.tokens) as app:
        calls = CallAutomation(parse_connection_string(acs.connection_string))
        try:
            await give_every_order(calls, acs, app)
        finally:
            await calls.close()
        assert set(acs.executions) >= ORDERS


async def test_with_an_identity(monkeypatch: pytest.MonkeyPatch) -> None:
    async with EntraEmulator() as entra:
        for name, value in entra.app_service().items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "ManagedIdentityCredential")
        monkeypatch.delenv("AZURE_CLIENT_ID", raising=False)
        async with AcsEmulator(entra=entra) as acs, EchoApp(acs.tokens) as app:
            calls = CallAutomation(AcsResource(acs.endpoint))
            try:
                await give_every_order(calls, acs, app)
            finally:
                await calls.close()
            assert set(acs.executions) >= ORDERS
            assert {request.headers["Authorization"].split()[0] for request in acs.requests} == {"Bearer"}

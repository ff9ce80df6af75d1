"""The real SDK against the emulator: every operation, as the application would use it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import pytest
from azure.communication.callautomation import (
    AudioFormat,
    DtmfTone,
    FileSource,
    PhoneNumberIdentifier,
    RecognizeInputType,
)
from azure.communication.callautomation.aio import CallAutomationClient, CallConnectionClient
from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceNotFoundError,
)

from tests.cloud.acs.behaviour import Pickup
from tests.cloud.acs.caller import Caller
from tests.cloud.acs.calls import Call
from tests.cloud.acs.emulator import AcsEmulator
from tests.cloud.acs.identifiers import user
from tests.cloud.echo_app import EchoApp
from tests.cloud.sdk_options import media_options, transcription_options

ANN, BOB, US = (PhoneNumberIdentifier(number) for number in ("+15550100", "+15550101", "+15550199"))
T = TypeVar("T")


def given(value: T | None) -> T:
    """`value`, which the SDK's own types say may be missing."""
    assert value is not None
    return value


@pytest.fixture
async def call(acs: AcsEmulator, app: EchoApp, client: CallAutomationClient) -> Call:
    """An answered call, without media."""
    ringing = acs.ring()
    await client.answer_call(ringing.context, app.callback_url, operation_context="in")
    await app.event("ParticipantsUpdated")
    return await ringing.caller.connected()


@pytest.fixture
def connection(client: CallAutomationClient, call: Call) -> CallConnectionClient:
    return client.get_call_connection(call.connection_id)


async def test_a_call_is_answered(acs: AcsEmulator, app: EchoApp, client: CallAutomationClient) -> None:
    ringing = acs.ring(from_="+15550100", to="+15550199")
    answered = await client.answer_call(
        ringing.context, app.callback_url, operation_context="in", media_streaming=media_options(app)
    )
    assert answered.call_connection_state == "connecting"
    assert (answered.correlation_id, answered.server_call_id) == (ringing.correlation_id, ringing.server_call_id)
    connected = await app.event("CallConnected")
    started = await app.event("MediaStreamingStarted")
    assert app.names() == ["CallConnected", "ParticipantsUpdated", "MediaStreamingStarted"]
    assert connected["callConnectionId"] == answered.call_connection_id
    assert connected["operationContext"] == "in"
    assert started["mediaStreamingUpdate"] == {
        "contentType": "Audio",
        "mediaStreamingStatus": "mediaStreamingStarted",
        "mediaStreamingStatusDetails": "subscriptionStarted",
    }
    updated = await app.event("ParticipantsUpdated")
    assert {"kind": "phoneNumber", "rawId": "4:+15550100", "phoneNumber": {"value": "+15550100"}} in [
        participant["identifier"] for participant in updated["participants"]
    ]
    assert "operationContext" not in updated


async def test_a_call_is_made_and_answered(acs: AcsEmulator, app: EchoApp, client: CallAutomationClient) -> None:
    acs.on_outbound(Pickup(after_s=0.05))
    made = await client.create_call(
        ANN, app.callback_url, source_caller_id_number=US, operation_context="out", media_streaming=media_options(app)
    )
    callee = await acs.callee("+15550100")
    call = await callee.connected()
    assert made.call_connection_id == call.connection_id
    await app.event("MediaStreamingStarted")
    assert (await app.event("CallConnected"))["operationContext"] == "out"


@pytest.mark.parametrize(
    ("outcome", "code"), [("busy", 486), ("no_answer", 480), ("unreachable", 404), ("declined", 603)]
)
async def test_a_call_is_made_in_vain(
    outcome: Any, code: int, acs: AcsEmulator, app: EchoApp, client: CallAutomationClient
) -> None:
    acs.on_outbound(lambda _: Pickup(outcome))
    await client.create_call(ANN, app.callback_url, source_caller_id_number=US)
    assert (await app.event("CreateCallFailed"))["resultInformation"]["code"] == code


async def test_who_answers_first_is_in_the_call(acs: AcsEmulator, app: EchoApp, client: CallAutomationClient) -> None:
    acs.on_outbound(lambda callee: Pickup(after_s=0.0 if callee.raw_id == "4:+15550101" else 0.05))
    await client.create_call([ANN, BOB], app.callback_url, source_caller_id_number=US)
    await (await acs.callee("+15550101")).connected()
    await (await acs.callee("+15550100")).ended()
    assert len((await app.event("ParticipantsUpdated"))["participants"]) == 2


async def test_a_call_being_made_is_given_up(acs: AcsEmulator, app: EchoApp, client: CallAutomationClient) -> None:
    acs.on_outbound(Pickup(after_s=60))
    made = await client.create_call(ANN, app.callback_url, source_caller_id_number=US)
    callee = await acs.callee("+15550100")
    await client.get_call_connection(given(made.call_connection_id)).hang_up(True)
    await callee.ended()
    await app.event("CallDisconnected")
    assert not callee.is_connected


async def test_a_call_is_rejected_or_redirected(acs: AcsEmulator, app: EchoApp, client: CallAutomationClient) -> None:
    rejected, redirected = acs.ring(), acs.ring()
    await client.reject_call(rejected.context, call_reject_reason="busy")
    await client.redirect_call(redirected.context, BOB)
    await rejected.caller.ended()
    await redirected.caller.ended()
    with pytest.raises(ResourceNotFoundError, match="8522"):
        await client.answer_call(rejected.context, app.callback_url)


async def test_a_context_of_nobody_is_refused(acs: AcsEmulator, app: EchoApp, client: CallAutomationClient) -> None:
    with pytest.raises(HttpResponseError, match="context is not valid"):
        await client.answer_call("eyJ", app.callback_url)
    ringing = acs.ring()
    ringing.caller.hang_up()
    with pytest.raises(ResourceNotFoundError):
        await client.answer_call(ringing.context, app.callback_url)


async def test_a_caller_who_gives_up_while_being_answered(
    acs: AcsEmulator, app: EchoApp, client: CallAutomationClient
) -> None:
    ringing = acs.ring()
    await client.answer_call(ringing.context, app.callback_url)
    ringing.caller.hang_up()
    await app.event("AnswerFailed")


async def test_a_running_call_is_joined(
    acs: AcsEmulator, app: EchoApp, client: CallAutomationClient, call: Call
) -> None:
    joined = await client.connect_call(app.callback_url, server_call_id=call.server_call_id, operation_context="join")
    assert joined.call_connection_id != call.connection_id
    assert (await app.event("CallConnected", 2))["operationContext"] == "join"


@pytest.mark.parametrize("for_everyone", [False, True])
async def test_the_application_hangs_up(
    for_everyone: bool, app: EchoApp, call: Call, connection: CallConnectionClient
) -> None:
    (caller,) = call.callers()
    await connection.hang_up(for_everyone)
    await caller.ended()
    assert (await app.event("CallDisconnected"))["resultInformation"]["subCode"] == 7000
    with pytest.raises(ResourceNotFoundError):
        await connection.get_call_properties()


async def test_the_caller_hangs_up(app: EchoApp, call: Call) -> None:
    (caller,) = call.callers()
    caller.hang_up()
    assert (await app.event("CallDisconnected"))["operationContext"] == "in"


async def test_properties_and_participants(acs: AcsEmulator, call: Call, connection: CallConnectionClient) -> None:
    properties = await connection.get_call_properties()
    assert properties.call_connection_state == "connected"
    assert given(properties.source).raw_id == "4:+15550100"
    acs.behaviour.page_size = 1
    found = [given(participant.identifier).raw_id async for participant in connection.list_participants()]
    assert sorted(found) == sorted(["4:+15550100", call.plan.application.raw])
    assert not (await connection.get_participant(ANN)).is_muted
    with pytest.raises(ResourceNotFoundError):
        await connection.get_participant(BOB)


async def test_participants_come_and_go(app: EchoApp, call: Call, connection: CallConnectionClient) -> None:
    added = await connection.add_participant(BOB, source_caller_id_number=US, operation_context="a")
    assert added.invitation_id
    assert (await app.event("AddParticipantSucceeded"))["operationContext"] == "a"
    await connection.mute_participant(BOB)
    assert (await connection.get_participant(BOB)).is_muted
    await connection.remove_participant(BOB, operation_context="r")
    assert (await app.event("RemoveParticipantSucceeded"))["participant"]["rawId"] == "4:+15550101"
    assert [caller.raw_id for caller in call.callers()] == ["4:+15550100"]


async def test_an_invitation_is_taken_back(acs: AcsEmulator, app: EchoApp, connection: CallConnectionClient) -> None:
    acs.on_outbound(Pickup(after_s=60))
    added = await connection.add_participant(BOB, source_caller_id_number=US, invitation_timeout=1)
    await connection.cancel_add_participant_operation(given(added.invitation_id))
    assert (await app.event("CancelAddParticipantSucceeded"))["invitationId"] == added.invitation_id
    await connection.cancel_add_participant_operation(given(added.invitation_id))
    await app.event("CancelAddParticipantFailed")


async def test_an_invitation_fails(acs: AcsEmulator, app: EchoApp, connection: CallConnectionClient) -> None:
    acs.on_outbound(Pickup("busy"))
    await connection.add_participant(BOB, source_caller_id_number=US)
    assert (await app.event("AddParticipantFailed"))["resultInformation"]["code"] == 486
    acs.on_outbound(Pickup(after_s=60))
    await connection.add_participant(BOB, source_caller_id_number=US, invitation_timeout=0)
    assert (await app.event("AddParticipantFailed", 2))["resultInformation"]["code"] == 480


async def test_participants_are_moved(
    acs: AcsEmulator, app: EchoApp, client: CallAutomationClient, connection: CallConnectionClient, call: Call
) -> None:
    other = acs.ring(from_="+15550101")
    await client.answer_call(other.context, app.callback_url)
    there = await other.caller.connected()
    await connection.move_participants([BOB], there.connection_id)
    assert (await app.event("MoveParticipantSucceeded"))["fromCall"] == there.connection_id
    assert len(call.callers()) == 2
    await app.event("CallDisconnected")
    assert there.ended


async def test_an_application_that_leaves_two_others_leaves_them_to_each_other(
    acs: AcsEmulator, app: EchoApp, client: CallAutomationClient, connection: CallConnectionClient, call: Call
) -> None:
    other = acs.ring(from_="+15550101")
    await client.answer_call(other.context, app.callback_url)
    there = await other.caller.connected()
    await connection.move_participants([BOB], there.connection_id)
    await app.event("MoveParticipantSucceeded")
    here, moved = call.callers()
    await connection.hang_up(is_for_everyone=False)
    with pytest.raises(ResourceNotFoundError):
        await connection.get_call_properties()
    assert here.is_connected
    assert moved.is_connected
    here.hang_up()
    await moved.ended()
    assert not here.is_connected


async def test_a_call_is_transferred(app: EchoApp, call: Call, connection: CallConnectionClient) -> None:
    await connection.transfer_call_to_participant(
        BOB, operation_context="t", sip_headers={"X-MS-Custom-reason": "sales"}
    )
    accepted = await app.event("CallTransferAccepted")
    assert (accepted["transferTarget"]["rawId"], accepted["transferee"]["rawId"]) == ("4:+15550101", "4:+15550100")
    await app.event("CallDisconnected")
    assert call.ended


async def test_a_transfer_fails_and_the_call_goes_on(
    acs: AcsEmulator, app: EchoApp, call: Call, connection: CallConnectionClient
) -> None:
    acs.on_outbound(Pickup("busy", after_s=0.1))
    await connection.transfer_call_to_participant(BOB)
    with pytest.raises(HttpResponseError, match="8501"):
        await connection.transfer_call_to_participant(BOB)
    await app.event("CallTransferFailed")
    with pytest.raises(HttpResponseError, match="8501"):
        await connection.transfer_call_to_participant(BOB)
    await asyncio.sleep(acs.behaviour.establish_again_s + 0.1)
    assert (await connection.get_call_properties()).call_connection_state == "connected"


async def test_of_several_the_one_who_is_named_is_transferred_and_the_others_stay(
    app: EchoApp, call: Call, connection: CallConnectionClient
) -> None:
    guest = Caller(user("8:acs:guest"))
    call.add(guest)
    with pytest.raises(HttpResponseError, match="Which of the participants"):
        await connection.transfer_call_to_participant(BOB)
    await connection.transfer_call_to_participant(BOB, transferee=ANN)
    assert (await app.event("CallTransferAccepted"))["transferee"]["rawId"] == "4:+15550100"
    assert (await connection.get_call_properties()).call_connection_state == "connected"
    assert (guest.is_connected, [each.raw_id for each in call.callers()]) == (True, ["8:acs:guest"])


async def test_to_call_a_telephone_for_a_caller_who_is_on_none_takes_a_caller_id(
    acs: AcsEmulator, app: EchoApp, client: CallAutomationClient
) -> None:
    ringing = acs.ring(from_="8:acs:somebody")
    answered = await client.answer_call(ringing.context, app.callback_url)
    await ringing.caller.connected()
    connection = client.get_call_connection(given(answered.call_connection_id))
    with pytest.raises(HttpResponseError, match="A caller id is needed"):
        await connection.transfer_call_to_participant(BOB)
    await connection.transfer_call_to_participant(BOB, source_caller_id_number=US)
    await app.event("CallTransferAccepted")


async def test_sources_are_played(app: EchoApp, connection: CallConnectionClient) -> None:
    source = FileSource("https://example.invalid/hello.wav")
    await connection.play_media(source, [ANN], operation_context="p")
    assert (await app.event("PlayCompleted"))["operationContext"] == "p"
    await connection.play_media(source, loop=True, operation_context="q")
    await app.event("PlayStarted", 2)
    await connection.cancel_all_media_operations()
    assert (await app.event("PlayCanceled"))["operationContext"] == "q"


async def test_keys_are_recognized(app: EchoApp, call: Call, connection: CallConnectionClient) -> None:
    await connection.start_recognizing_media(
        RecognizeInputType.DTMF, ANN, dtmf_max_tones_to_collect=4, dtmf_stop_tones=[DtmfTone.POUND]
    )
    (caller,) = call.callers()
    caller.press("12#")
    completed = await app.event("RecognizeCompleted")
    assert completed["dtmfResult"] == {"tones": ["one", "two"]}
    await connection.start_recognizing_media(RecognizeInputType.DTMF, ANN, initial_silence_timeout=0)
    assert (await app.event("RecognizeFailed"))["resultInformation"]["subCode"] == 8510


async def test_keys_are_told_one_by_one(app: EchoApp, call: Call, connection: CallConnectionClient) -> None:
    (caller,) = call.callers()
    caller.press("9")
    await connection.start_continuous_dtmf_recognition(ANN, operation_context="cd")
    caller.press("5#")
    second = await app.event("ContinuousDtmfRecognitionToneReceived", 2)
    assert (second["tone"], second["sequenceId"], second["operationContext"]) == ("pound", 2, "cd")
    await connection.stop_continuous_dtmf_recognition(ANN)
    await app.event("ContinuousDtmfRecognitionStopped")


async def test_keys_are_pressed_by_the_application(app: EchoApp, call: Call, connection: CallConnectionClient) -> None:
    sent = await connection.send_dtmf_tones([DtmfTone.ONE, DtmfTone.POUND], ANN, operation_context="sd")
    assert sent.operation_context == "sd"
    await app.event("SendDtmfTonesCompleted")
    assert call.tones_sent == ["one", "pound"]


async def test_a_participant_waits(call: Call, connection: CallConnectionClient) -> None:
    await connection.hold(ANN)
    assert (await connection.get_participant(ANN)).is_on_hold
    assert list(call.listeners()) == []
    await connection.unhold(ANN)
    assert not (await connection.get_participant(ANN)).is_on_hold


async def test_events_of_one_operation_go_where_it_says(
    acs: AcsEmulator, app: EchoApp, connection: CallConnectionClient
) -> None:
    await connection.send_dtmf_tones([DtmfTone.ONE], ANN, operation_callback_url=f"{app.callback_url}/own")
    told = await app.callbacks.until(lambda told: told.path == "/callbacks/own")
    assert told.body[0]["type"] == "Microsoft.Communication.SendDtmfTonesCompleted"


async def test_a_call_is_recorded(app: EchoApp, client: CallAutomationClient, call: Call) -> None:
    recording = await client.start_recording(
        server_call_id=call.server_call_id, recording_state_callback_url=app.callback_url
    )
    assert (await app.event("RecordingStateChanged"))["state"] == "active"
    event = app.callbacks[-1].body[0]
    assert event["source"] == f"calling/recordings/{call.server_call_id}/{recording.recording_id}/RecordingStateChanged"
    await client.pause_recording(given(recording.recording_id))
    assert (await client.get_recording_properties(given(recording.recording_id))).recording_state == "inactive"
    await client.resume_recording(given(recording.recording_id))
    await client.stop_recording(given(recording.recording_id))
    await app.event("RecordingStateChanged", 4)
    with pytest.raises(ResourceNotFoundError):
        await client.get_recording_properties(given(recording.recording_id))


async def test_media_streaming_and_transcription_are_started_and_stopped(
    acs: AcsEmulator, app: EchoApp, client: CallAutomationClient
) -> None:
    ringing = acs.ring()
    made = await client.answer_call(
        ringing.context,
        app.callback_url,
        media_streaming=media_options(app, start_media_streaming=False, audio_format=AudioFormat.PCM24_K_MONO),
        transcription=transcription_options(app),
        cognitive_services_endpoint="https://speech.invalid",
    )
    call = await ringing.caller.connected()
    connection = client.get_call_connection(given(made.call_connection_id))
    with pytest.raises(HttpResponseError, match="8583"):
        await connection.stop_media_streaming()
    await connection.start_media_streaming(operation_context="ms")
    assert (await app.event("MediaStreamingStarted"))["operationContext"] == "ms"
    with pytest.raises(HttpResponseError, match="8583"):
        await connection.start_media_streaming()
    await connection.stop_media_streaming(operation_context="stop")
    assert (await app.event("MediaStreamingStopped"))["operationContext"] == "stop"
    await connection.start_transcription(locale="en-US", operation_context="tr")
    await app.event("TranscriptionStarted")
    assert call.transcription is not None
    call.transcription.send("4:+15550100", "Good morning.")
    told = await app.messages.until(lambda message: message["kind"] == "TranscriptionData")
    assert told["transcriptionData"]["resultStatus"] == "Final"
    await connection.update_transcription(locale="de-DE")
    updated = await app.event("TranscriptionUpdated")
    assert updated["transcriptionUpdate"]["transcriptionStatusDetails"] == "transcriptionLocaleUpdated"
    await connection.stop_transcription()
    await app.event("TranscriptionStopped")


async def test_media_operations_need_the_options(connection: CallConnectionClient) -> None:
    with pytest.raises(HttpResponseError, match="mediaStreamingOptions"):
        await connection.start_media_streaming()
    with pytest.raises(HttpResponseError, match="transcriptionOptions"):
        await connection.start_transcription()


async def test_a_wrong_key_is_refused(acs: AcsEmulator, app: EchoApp) -> None:
    ringing = acs.ring()
    async with CallAutomationClient(acs.endpoint, AzureKeyCredential("d3Jvbmc=")) as client:
        with pytest.raises(ClientAuthenticationError, match="the signature is wrong"):
            await client.answer_call(ringing.context, app.callback_url)
    assert acs.executions == {}


async def test_a_slash_behind_the_endpoint_signs_another_host(acs: AcsEmulator) -> None:
    async with CallAutomationClient(f"{acs.endpoint}/", AzureKeyCredential(acs.access_key)) as client:
        with pytest.raises(ClientAuthenticationError):
            await client.reject_call("any")


async def test_unknown_calls_are_not_found(client: CallAutomationClient) -> None:
    connection = client.get_call_connection("9d7e7e0e-0000-4000-8000-000000000000")
    asked: list[Callable[[], Awaitable[Any]]] = [
        connection.get_call_properties,
        lambda: connection.hang_up(True),
        lambda: connection.hang_up(False),
        lambda: connection.transfer_call_to_participant(BOB),
        connection.start_media_streaming,
    ]
    for ask in asked:
        with pytest.raises(ResourceNotFoundError):
            await ask()


async def test_every_request_is_kept(acs: AcsEmulator, call: Call) -> None:
    (answer,) = acs.requests.where(lambda request: request.operation == "answer_call")
    assert (answer.method, answer.status) == ("POST", 200)
    assert answer.path == "/calling/callConnections:answer?api-version=2026-03-12"
    assert answer.body["operationContext"] == "in"
    assert answer.answer["callConnectionId"] == call.connection_id


async def test_closing_leaves_nothing_behind(app: EchoApp) -> None:
    before = asyncio.all_tasks()
    async with AcsEmulator() as acs:
        for _ in range(3):
            ringing = acs.ring()
            async with CallAutomationClient(acs.endpoint, AzureKeyCredential(acs.access_key)) as client:
                await client.answer_call(ringing.context, app.callback_url, media_streaming=media_options(app))
            await app.event("MediaStreamingStarted")
    for socket in app.sockets:
        await asyncio.wait_for(_closed(socket), 30)
    await asyncio.sleep(0)
    left = [task for task in asyncio.all_tasks() - before if "aiohttp" not in repr(task)]
    assert left == []


async def _closed(socket: Any) -> None:
    while not socket.closed:  # noqa: ASYNC110 - aiohttp's server side has nothing to wait for
        await asyncio.sleep(0.01)

"""The events against the SDK's own models of them, which it keeps to itself: nothing missing, nothing made up."""

from typing import Any

import pytest
from azure.communication.callautomation import (
    DtmfTone,
    FileSource,
    PhoneNumberIdentifier,
    RecognizeInputType,
)
from azure.communication.callautomation._generated import models
from azure.communication.callautomation.aio import CallAutomationClient

from tests.cloud.acs.emulator import AcsEmulator
from tests.cloud.acs.events import Result
from tests.cloud.acs.failures import FAILURES
from tests.cloud.echo_app import EchoApp
from tests.cloud.sdk_options import media_options, transcription_options

ANN, BOB, US = (PhoneNumberIdentifier(number) for number in ("+15550100", "+15550101", "+15550199"))
ON_THE_WIRE_ONLY = {"version", "publicEventType"}
"""In every recording, in no model."""
LEFT_OUT = {"operationContext", "resultInformation", "speechResult", "choiceResult"}
"""Optional in every event, and what is not recognized when keys are."""


GOES_WELL = """
    CallConnected ParticipantsUpdated MediaStreamingStarted MediaStreamingStopped TranscriptionStarted
    TranscriptionUpdated TranscriptionStopped ContinuousDtmfRecognitionToneReceived ContinuousDtmfRecognitionStopped
    SendDtmfTonesCompleted PlayStarted PlayCompleted PlayCanceled RecognizeCompleted RecognizeCanceled
    AddParticipantSucceeded RemoveParticipantSucceeded RecordingStateChanged CallTransferAccepted CallDisconnected
"""


def faults_of(event: dict[str, Any]) -> list[str]:
    """What is wrong with an event, by the SDK's model of its type."""
    name = event["type"].removeprefix("Microsoft.Communication.")
    fields = {field["key"] for field in getattr(models, name)._attribute_map.values()}
    given = set(event["data"]) - ON_THE_WIRE_ONLY
    wrong = [f"{name}: {field} is made up" for field in given - fields]
    wrong += [f"{name}: {field} is missing" for field in fields - given - LEFT_OUT]
    wrong += [f"{name}: {field} is missing" for field in ON_THE_WIRE_ONLY - set(event["data"])]
    if event["data"].get("publicEventType") != event["type"] or event["source"] != event["subject"]:
        wrong.append(f"{name}: the envelope says another thing")
    return wrong


def sent(acs: AcsEmulator) -> set[str]:
    assert [fault for delivery in acs.callbacks.sent for fault in faults_of(delivery.event)] == []
    return {delivery.name for delivery in acs.callbacks.sent}


async def test_events_of_what_goes_well(acs: AcsEmulator, app: EchoApp, client: CallAutomationClient) -> None:
    ringing = acs.ring()
    media, transcription = media_options(app), transcription_options(app)
    await client.answer_call(ringing.context, app.callback_url, media_streaming=media, transcription=transcription)
    call = await ringing.caller.connected()
    connection = client.get_call_connection(call.connection_id)
    await app.event("MediaStreamingStarted")
    await connection.stop_media_streaming()
    await app.event("MediaStreamingStopped")
    await connection.start_transcription()
    await app.event("TranscriptionStarted")
    await connection.update_transcription(locale="de-DE")
    await app.event("TranscriptionUpdated")
    await connection.stop_transcription()
    await connection.start_continuous_dtmf_recognition(ANN)
    ringing.caller.press("5")
    await connection.stop_continuous_dtmf_recognition(ANN)
    await connection.send_dtmf_tones([DtmfTone.ONE], ANN)
    await app.event("SendDtmfTonesCompleted")
    await connection.play_media(FileSource("https://x.invalid/a.wav"))
    await app.event("PlayCompleted")
    await connection.play_media(FileSource("https://x.invalid/a.wav"), loop=True)
    await app.event("PlayStarted", 2)
    await connection.start_recognizing_media(RecognizeInputType.DTMF, ANN, dtmf_max_tones_to_collect=1)
    ringing.caller.press("7")
    await connection.start_recognizing_media(RecognizeInputType.DTMF, ANN)
    await connection.cancel_all_media_operations()
    added = await connection.add_participant(BOB, source_caller_id_number=US)
    assert added.invitation_id is not None
    await app.event("AddParticipantSucceeded")
    await connection.remove_participant(BOB)
    await app.event("RemoveParticipantSucceeded")
    await client.start_recording(call_connection_id=call.connection_id, recording_state_callback_url=app.callback_url)
    await connection.transfer_call_to_participant(BOB)
    await app.event("CallDisconnected")
    assert sent(acs) == set(GOES_WELL.split())


ORDERS: dict[str, Any] = {
    "transfer_call_to_participant": lambda c: c.transfer_call_to_participant(BOB),
    "add_participant": lambda c: c.add_participant(BOB, source_caller_id_number=US),
    "remove_participant": lambda c: c.remove_participant(ANN),
    "cancel_add_participant_operation": lambda c: c.cancel_add_participant_operation("x"),
    "play_media": lambda c: c.play_media(FileSource("https://x.invalid/a.wav")),
    "start_recognizing_media": lambda c: c.start_recognizing_media(RecognizeInputType.DTMF, ANN),
    "start_continuous_dtmf_recognition": lambda c: c.start_continuous_dtmf_recognition(ANN),
    "send_dtmf_tones": lambda c: c.send_dtmf_tones([DtmfTone.ONE], ANN),
    "hold": lambda c: c.hold(ANN),
    "start_media_streaming": lambda c: c.start_media_streaming(),
    "start_transcription": lambda c: c.start_transcription(),
}


@pytest.mark.parametrize("operation", ORDERS)
async def test_an_operation_fails_after_it_was_taken(
    operation: str, acs: AcsEmulator, app: EchoApp, client: CallAutomationClient
) -> None:
    ringing = acs.ring()
    media, transcription = media_options(app, start_media_streaming=False), transcription_options(app)
    await client.answer_call(ringing.context, app.callback_url, media_streaming=media, transcription=transcription)
    call = await ringing.caller.connected()
    acs.faults.fail(operation, Result(400, 8535, "Action failed."))
    await ORDERS[operation](client.get_call_connection(call.connection_id))
    failed = await app.event(FAILURES[operation])
    assert failed["resultInformation"]["subCode"] == 8535
    assert sent(acs) == {"CallConnected", "ParticipantsUpdated", FAILURES[operation]}
    assert call.state == "connected"


async def test_an_answer_fails_after_it_was_taken(acs: AcsEmulator, app: EchoApp, client: CallAutomationClient) -> None:
    ringing = acs.ring()
    acs.faults.fail("answer_call")
    await client.answer_call(ringing.context, app.callback_url, operation_context="in")
    assert (await app.event("AnswerFailed"))["operationContext"] == "in"
    assert await ringing.caller.ended() is not None
    assert sent(acs) == {"AnswerFailed"}


async def test_the_other_failures(acs: AcsEmulator, app: EchoApp, client: CallAutomationClient) -> None:
    rings = [acs.ring(from_="+15550100"), acs.ring(from_="+15550101")]
    for ringing in rings:
        await client.answer_call(ringing.context, app.callback_url)
    here, there = [await ringing.caller.connected() for ringing in rings]
    for operation in ("create_call", "connect_call", "move_participants", "start_recording"):
        acs.faults.fail(operation)
    await client.create_call(ANN, app.callback_url, source_caller_id_number=US)
    await client.connect_call(app.callback_url, server_call_id=here.server_call_id)
    await client.get_call_connection(here.connection_id).move_participants([BOB], there.connection_id)
    await client.start_recording(server_call_id=here.server_call_id, recording_state_callback_url=app.callback_url)
    for event in ("CreateCallFailed", "ConnectFailed", "MoveParticipantFailed", "StartRecordingFailed"):
        await app.event(event)
    assert sent(acs) >= {"CreateCallFailed", "ConnectFailed", "MoveParticipantFailed", "StartRecordingFailed"}

"""Events that say an operation failed after it was taken."""

from typing import Any

from tests.cloud.acs import media_requests as media
from tests.cloud.acs import requests
from tests.cloud.acs.calls import Call
from tests.cloud.acs.events import Result, cloud_event, streaming_update, transcription_update
from tests.cloud.acs.identifiers import Wire
from tests.cloud.acs.switchboard import Switchboard

FAILURES = {
    "create_call": "CreateCallFailed",
    "answer_call": "AnswerFailed",
    "connect_call": "ConnectFailed",
    "transfer_call_to_participant": "CallTransferFailed",
    "add_participant": "AddParticipantFailed",
    "remove_participant": "RemoveParticipantFailed",
    "move_participants": "MoveParticipantFailed",
    "cancel_add_participant_operation": "CancelAddParticipantFailed",
    "play_media": "PlayFailed",
    "start_recognizing_media": "RecognizeFailed",
    "start_continuous_dtmf_recognition": "ContinuousDtmfRecognitionToneFailed",
    "send_dtmf_tones": "SendDtmfTonesFailed",
    "hold": "HoldFailed",
    "start_media_streaming": "MediaStreamingFailed",
    "start_transcription": "TranscriptionFailed",
    "start_recording": "StartRecordingFailed",
}
"""Operation to event."""


async def tell_failure(
    board: Switchboard, operation: str, call_id: str | None, body: Wire | None, answer: dict[str, Any], result: Result
) -> None:
    """Send the event of an operation that was answered with `answer`."""
    if isinstance(body, media.StartRecording):
        _tell_recording(board, body, answer, result)
        return
    call = board.calls[call_id or answer["callConnectionId"]]
    if call.ended:
        return
    order = body if isinstance(body, requests.WithCallback) else call.order
    call.emit(FAILURES[operation], _about(body), result, order)
    if call_id is None:
        call.end(result, tell=False)


def _about(body: Wire | None) -> dict[str, Any]:
    match body:
        case requests.AddParticipant():
            return {"participant": body.participant_to_add.wire()}
        case requests.RemoveParticipant():
            return {"participant": body.participant_to_remove.wire()}
        case requests.MoveParticipants():
            return {"participant": body.target_participants[0].wire(), "fromCall": body.from_call}
        case requests.CancelAddParticipant():
            return {"invitationId": body.invitation_id}
        case media.Play() | media.Recognize():
            return {"failedPlaySourceIndex": 0}
        case media.StreamingOrder():
            return {"mediaStreamingUpdate": streaming_update("mediaStreamingFailed", "unspecifiedError")}
        case media.TranscriptionOrder():
            return {"transcriptionUpdate": transcription_update("transcriptionFailed", "unspecifiedError")}
        case _:
            return {}


def _tell_recording(board: Switchboard, body: media.StartRecording, answer: dict[str, Any], result: Result) -> None:
    if body.recording_state_callback_uri is None:
        return
    call: Call = (
        board.call(body.call_connection_id)
        if body.call_connection_id
        else board.by_server_id(body.call_locator.server_call_id if body.call_locator else None)
    )
    about = {
        "recordingId": answer["recordingId"],
        "callConnectionId": call.connection_id,
        "serverCallId": call.server_call_id,
        "correlationId": call.correlation_id,
        "resultInformation": result.wire(),
    }
    subject = f"calling/recordings/{call.server_call_id}/{answer['recordingId']}/StartRecordingFailed"
    event = cloud_event("StartRecordingFailed", about, subject)
    board.callbacks.emit(event, body.recording_state_callback_uri, call.connection_id)

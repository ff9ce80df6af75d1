"""Every operation of Call Automation 2026-03-12: how it is asked for, and how the answer is marked."""

import re
from collections.abc import Callable
from typing import Any

import msgspec

from tests.cloud.acs import media_requests as media
from tests.cloud.acs import requests
from tests.cloud.acs.call_operations import CallOperations
from tests.cloud.acs.identifiers import Wire
from tests.cloud.acs.media_operations import MediaOperations
from tests.cloud.acs.participant_operations import ParticipantOperations
from tests.cloud.acs.recordings import RecordingOperations
from tests.cloud.acs.switchboard import Switchboard

CALLS, CALL, RECORDINGS, RECORDING = (
    "/calling/callConnections",
    "/calling/callConnections/{call}",
    "/calling/recordings",
    "/calling/recordings/{recording}",
)


class Operation(msgspec.Struct, frozen=True):
    """`repeatable`: the client may ask twice with one Repeatability-Request-ID, and it is done once."""

    name: str
    method: str
    path: str
    status: int
    run: Callable[..., Any]
    body: type[Wire] | None = None
    repeatable: bool = False

    @property
    def pattern(self) -> re.Pattern[str]:
        """Of the percent-encoded path."""
        # A participant's raw id holds colons, all other ids end at one.
        named = self.path.replace("{participant}", "(?P<participant>[^/]+)")
        return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/:]+)", named))


def every_operation(board: Switchboard) -> list[Operation]:
    """All of them, on the calls of `board`."""
    calls, people = CallOperations(board), ParticipantOperations(board)
    sound, recordings = MediaOperations(board), RecordingOperations(board)
    post = "POST"
    return [
        Operation("create_call", post, CALLS, 201, calls.create, requests.CreateCall, True),
        Operation("answer_call", post, f"{CALLS}:answer", 200, calls.answer, requests.AnswerCall, True),
        Operation("redirect_call", post, f"{CALLS}:redirect", 204, calls.redirect, requests.RedirectCall, True),
        Operation("reject_call", post, f"{CALLS}:reject", 204, calls.reject, requests.RejectCall, True),
        Operation("connect_call", post, f"{CALLS}:connect", 200, calls.connect, requests.ConnectCall, True),
        Operation("get_call_properties", "GET", CALL, 200, calls.properties),
        Operation("hang_up", "DELETE", CALL, 204, calls.leave),
        Operation("terminate", post, f"{CALL}:terminate", 204, calls.terminate, None, True),
        Operation(
            "transfer_call_to_participant",
            post,
            f"{CALL}:transferToParticipant",
            202,
            calls.transfer,
            requests.Transfer,
            True,
        ),
        Operation("list_participants", "GET", f"{CALL}/participants", 200, people.listed),
        Operation("get_participant", "GET", f"{CALL}/participants/{{participant}}", 200, people.one),
        Operation("add_participant", post, f"{CALL}/participants:add", 202, people.add, requests.AddParticipant, True),
        Operation(
            "remove_participant",
            post,
            f"{CALL}/participants:remove",
            202,
            people.remove,
            requests.RemoveParticipant,
            True,
        ),
        Operation(
            "mute_participant", post, f"{CALL}/participants:mute", 200, people.mute, requests.MuteParticipants, True
        ),
        Operation(
            "cancel_add_participant_operation",
            post,
            f"{CALL}/participants:cancelAddParticipant",
            202,
            people.cancel,
            requests.CancelAddParticipant,
            True,
        ),
        Operation(
            "move_participants",
            post,
            f"{CALL}/participants:moveHere",
            202,
            people.move_here,
            requests.MoveParticipants,
            True,
        ),
        Operation("play_media", post, f"{CALL}:play", 202, sound.play, media.Play),
        Operation(
            "start_transcription",
            post,
            f"{CALL}:startTranscription",
            202,
            sound.start_transcription,
            media.TranscriptionOrder,
        ),
        Operation(
            "stop_transcription", post, f"{CALL}:stopTranscription", 202, sound.stop_transcription, media.StreamingOrder
        ),
        Operation(
            "update_transcription",
            post,
            f"{CALL}:updateTranscription",
            202,
            sound.update_transcription,
            media.TranscriptionOrder,
        ),
        Operation("cancel_all_media_operations", post, f"{CALL}:cancelAllMediaOperations", 202, sound.cancel_all),
        Operation("start_recognizing_media", post, f"{CALL}:recognize", 202, sound.recognize, media.Recognize),
        Operation(
            "start_continuous_dtmf_recognition",
            post,
            f"{CALL}:startContinuousDtmfRecognition",
            200,
            sound.start_tones,
            media.ContinuousDtmf,
        ),
        Operation(
            "stop_continuous_dtmf_recognition",
            post,
            f"{CALL}:stopContinuousDtmfRecognition",
            200,
            sound.stop_tones,
            media.ContinuousDtmf,
        ),
        Operation("send_dtmf_tones", post, f"{CALL}:sendDtmfTones", 202, sound.send_tones, media.SendTones, True),
        Operation("hold", post, f"{CALL}:hold", 200, sound.hold, media.Hold),
        Operation("unhold", post, f"{CALL}:unhold", 200, sound.unhold, media.Hold),
        Operation(
            "start_media_streaming",
            post,
            f"{CALL}:startMediaStreaming",
            202,
            sound.start_streaming,
            media.StreamingOrder,
        ),
        Operation(
            "stop_media_streaming", post, f"{CALL}:stopMediaStreaming", 202, sound.stop_streaming, media.StreamingOrder
        ),
        Operation("start_recording", post, RECORDINGS, 200, recordings.start, media.StartRecording, True),
        Operation("get_recording_properties", "GET", RECORDING, 200, recordings.state),
        Operation("stop_recording", "DELETE", RECORDING, 204, recordings.stop),
        Operation("pause_recording", post, f"{RECORDING}:pause", 202, recordings.pause),
        Operation("resume_recording", post, f"{RECORDING}:resume", 202, recordings.resume),
    ]

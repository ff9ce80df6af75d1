"""Recording of calls: states and events only, no sound is kept."""

import uuid
from typing import Any, Literal

import msgspec

from tests.cloud.acs.call_operations import Answer
from tests.cloud.acs.calls import Call
from tests.cloud.acs.events import Result, cloud_event, now, opaque
from tests.cloud.acs.media_requests import StartRecording
from tests.cloud.acs.refusals import Refusal
from tests.cloud.acs.switchboard import Switchboard

DUPLICATE = Result(400, 8553, "Recording is already in progress, one recording can be active at one time.")


class Recording(msgspec.Struct):
    """One recording of a call."""

    id: str
    call: Call
    callback_uri: str | None
    state: Literal["active", "inactive"]
    started: str = ""

    def wire(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "recordingId": self.id,
            "recordingState": self.state,
            "recordingKind": "azureCommunicationServices",
        }


class RecordingOperations:
    """See CallOperations."""

    def __init__(self, switchboard: Switchboard) -> None:
        self._board = switchboard
        self._recordings: dict[str, Recording] = {}

    def start(self, body: StartRecording, silent: bool) -> Answer:
        """Record a call."""
        if body.call_connection_id is not None:
            call = self._board.call(body.call_connection_id)
        else:
            assert body.call_locator is not None
            call = self._board.by_server_id(body.call_locator.server_call_id)
        recording_id = opaque(f'{{"PlatformEndpointId":"{uuid.uuid4()}","ResourceSpecificId":"{uuid.uuid4()}"}}')
        recording = Recording(
            recording_id,
            call,
            body.recording_state_callback_uri,
            "inactive" if body.pause_on_start else "active",
            now(),
        )
        if silent:
            # Nothing is recorded, as in a call of which this fails.
            return recording.wire()
        if any(other.call is call for other in self._recordings.values()):
            self._send(recording, "StartRecordingFailed", {"resultInformation": DUPLICATE.wire()})
            return recording.wire()
        self._recordings[recording_id] = recording
        self._tell(recording)
        return recording.wire()

    def state(self, recording_id: str, silent: bool) -> Answer:
        """Whether it runs."""
        return self._recording(recording_id).wire()

    def stop(self, recording_id: str, silent: bool) -> Answer:
        """End it."""
        self._change(recording_id, "inactive", silent)
        del self._recordings[recording_id]
        return None

    def pause(self, recording_id: str, silent: bool) -> Answer:
        """Leave something out."""
        return self._change(recording_id, "inactive", silent)

    def resume(self, recording_id: str, silent: bool) -> Answer:
        """Go on."""
        return self._change(recording_id, "active", silent)

    def _change(self, recording_id: str, state: Literal["active", "inactive"], silent: bool) -> Answer:
        recording = self._recording(recording_id)
        changed = recording.state != state
        recording.state = state
        if changed and not silent:
            self._tell(recording)
        return None

    def _recording(self, recording_id: str) -> Recording:
        recording = self._recordings.get(recording_id)
        if recording is None:
            raise Refusal(404, "8522", "Recording not found.", "recordingId")
        return recording

    def _tell(self, recording: Recording) -> None:
        kind = {"recordingKind": "azureCommunicationServices"}
        about = {"state": recording.state, "startDateTime": recording.started, **kind}
        self._send(recording, "RecordingStateChanged", about)

    def _send(self, recording: Recording, name: str, about: dict[str, Any]) -> None:
        if recording.callback_uri is None:
            return
        call = recording.call
        ids = {
            "recordingId": recording.id,
            "callConnectionId": call.connection_id,
            "serverCallId": call.server_call_id,
            "correlationId": call.correlation_id,
        }
        subject = f"calling/recordings/{call.server_call_id}/{recording.id}/{name}"
        event = cloud_event(name, {**ids, **about}, subject)
        self._board.callbacks.emit(event, recording.callback_uri, call.connection_id)

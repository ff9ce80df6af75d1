"""Operations on what is heard in a call: play, recognize, keys, hold, streaming, transcription."""

import asyncio
from collections.abc import Callable
from typing import Any

from tests.cloud.acs.call_operations import Answer
from tests.cloud.acs.calls import Call
from tests.cloud.acs.events import DONE, OK, STOPPED
from tests.cloud.acs.media import MediaStream
from tests.cloud.acs.media_requests import (
    ContinuousDtmf,
    Hold,
    Play,
    Recognize,
    SendTones,
    StreamingOrder,
    TranscriptionOrder,
)
from tests.cloud.acs.recognition import Recognition
from tests.cloud.acs.refusals import Refusal
from tests.cloud.acs.switchboard import Switchboard
from tests.cloud.acs.transcription import TranscriptionStream


class MediaOperations:
    """See CallOperations."""

    def __init__(self, switchboard: Switchboard) -> None:
        self._board = switchboard
        self._playing: dict[str, list[tuple[Play, asyncio.Task[None]]]] = {}

    def play(self, connection_id: str, body: Play, silent: bool) -> Answer:
        """Play sources: nothing is fetched or spoken, each takes `play_s`."""
        call = self._board.call(connection_id)
        if silent:
            return None
        if body.interrupt_call_media_operation:
            self._stop_playing(call)
        task = self._board.background.start(self._play(call, body))
        self._playing.setdefault(call.connection_id, []).append((body, task))
        return None

    def cancel_all(self, connection_id: str, silent: bool) -> Answer:
        """Stop playing and recognizing."""
        call = self._board.call(connection_id)
        if not silent:
            self._stop_playing(call)
            if call.recognition is not None:
                call.recognition.cancel()
        return None

    def recognize(self, connection_id: str, body: Recognize, silent: bool) -> Answer:
        """Listen for keys."""
        call = self._board.call(connection_id)
        if body.recognize_options.target_participant.raw not in call.participants:
            raise Refusal(400, "8523", "The target is not in the call.", "targetParticipant")
        if not silent:
            if call.recognition is not None:
                call.recognition.cancel()
            call.recognition = Recognition(call, body, asyncio.get_running_loop().time())
        return None

    def start_tones(self, connection_id: str, body: ContinuousDtmf, silent: bool) -> Answer:
        """Tell every key that is pressed."""
        call = self._with(connection_id, body.target_participant.raw)
        if not silent:
            call.tones_from[body.target_participant.raw] = body
        return None

    def stop_tones(self, connection_id: str, body: ContinuousDtmf, silent: bool) -> Answer:
        """Tell no more keys."""
        call = self._with(connection_id, body.target_participant.raw)
        if not silent and call.tones_from.pop(body.target_participant.raw, None) is not None:
            self._soon(lambda: call.emit("ContinuousDtmfRecognitionStopped", {}, OK, body))
        return None

    def send_tones(self, connection_id: str, body: SendTones, silent: bool) -> Answer:
        """Press keys for a participant to hear."""
        call = self._with(connection_id, body.target_participant.raw)
        if not silent:
            call.tones_sent += body.tones
            self._soon(lambda: call.emit("SendDtmfTonesCompleted", {}, OK, body))
        return {"operationContext": body.operation_context}

    def hold(self, connection_id: str, body: Hold, silent: bool) -> Answer:
        """Let somebody wait."""
        return self._set_on_hold(connection_id, body, silent, on_hold=True)

    def unhold(self, connection_id: str, body: Hold, silent: bool) -> Answer:
        """Bring somebody back."""
        return self._set_on_hold(connection_id, body, silent, on_hold=False)

    def start_streaming(self, connection_id: str, body: StreamingOrder, silent: bool) -> Answer:
        """Open the media socket."""
        stream = self._media(connection_id)
        if stream.busy:
            raise Refusal(412, "8583", "Media streaming is active already.")
        if not silent:
            stream.start(body)
        return None

    def stop_streaming(self, connection_id: str, body: StreamingOrder, silent: bool) -> Answer:
        """Close the media socket."""
        stream = self._media(connection_id)
        if not stream.busy:
            raise Refusal(412, "8583", "Media streaming is not active.")
        if not silent:
            self._board.background.start(stream.stop(body))
        return None

    def start_transcription(self, connection_id: str, body: TranscriptionOrder, silent: bool) -> Answer:
        """Open the transcription socket."""
        stream = self._transcription(connection_id)
        if stream.busy:
            raise Refusal(412, "8583", "Transcription is active already.")
        if not silent:
            stream.start(body, body.locale)
        return None

    def update_transcription(self, connection_id: str, body: TranscriptionOrder, silent: bool) -> Answer:
        """Transcribe another language."""
        stream = self._transcription(connection_id)
        if not stream.busy:
            raise Refusal(412, "8583", "Transcription is not active.")
        if not silent:
            self._soon(lambda: stream.update(body, body.locale))
        return None

    def stop_transcription(self, connection_id: str, body: StreamingOrder, silent: bool) -> Answer:
        """Close the transcription socket."""
        stream = self._transcription(connection_id)
        if not stream.busy:
            raise Refusal(412, "8583", "Transcription is not active.")
        if not silent:
            self._board.background.start(stream.stop(body))
        return None

    def _media(self, connection_id: str) -> MediaStream:
        stream = self._board.call(connection_id).media
        if stream is None:
            raise Refusal(405, "8522", "Missing configuration: the call was made without mediaStreamingOptions.")
        return stream

    def _transcription(self, connection_id: str) -> TranscriptionStream:
        stream = self._board.call(connection_id).transcription
        if stream is None:
            raise Refusal(405, "8522", "Missing configuration: the call was made without transcriptionOptions.")
        return stream

    def _with(self, connection_id: str, raw_id: str) -> Call:
        call = self._board.call(connection_id)
        if raw_id not in call.participants:
            raise Refusal(400, "8523", "The target is not in the call.", "targetParticipant")
        return call

    def _set_on_hold(self, connection_id: str, body: Hold, silent: bool, *, on_hold: bool) -> Answer:
        call = self._with(connection_id, body.target_participant.raw)
        if silent:
            return None
        call.participants[body.target_participant.raw].is_on_hold = on_hold
        call.emit_participants()
        return None

    async def _play(self, call: Call, body: Play) -> None:
        await asyncio.sleep(self._board.behaviour.action_delay_s)
        call.emit("PlayStarted", {}, DONE, body)
        endless = body.play_options is not None and body.play_options.loop
        if endless:
            await asyncio.get_running_loop().create_future()
        await asyncio.sleep(self._board.behaviour.play_s * len(body.play_sources))
        self._playing[call.connection_id] = [p for p in self._playing[call.connection_id] if p[0] is not body]
        if not call.ended:
            call.emit("PlayCompleted", {}, DONE, body)

    def _stop_playing(self, call: Call) -> None:
        for body, task in self._playing.pop(call.connection_id, []):
            task.cancel()
            call.emit("PlayCanceled", {}, STOPPED, body)

    def _soon(self, act: Callable[[], Any]) -> None:
        async def run() -> None:
            act()

        self._board.background.later(self._board.behaviour.action_delay_s, run())

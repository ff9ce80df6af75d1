"""Recognition of keys pressed in a call (the operation :recognize)."""

from typing import TYPE_CHECKING, Any

from tests.cloud.acs.events import MAX_TONES, SILENT, STOP_TONE, STOPPED, TONE_TIMEOUT, Result
from tests.cloud.acs.media_requests import DtmfOptions, Recognize

if TYPE_CHECKING:
    from tests.cloud.acs.calls import Call

INITIAL_SILENCE_S = 5
INTER_TONE_S = 2


class Recognition:
    """One recognition, from the order to its result. Speech and choices come from the test, by `complete_speech`."""

    def __init__(self, call: "Call", order: Recognize, at_s: float) -> None:
        self.order = order
        self._call = call
        self._options = order.recognize_options.dtmf_options or DtmfOptions()
        self._tones: list[str] = []
        self._since_s = at_s

    def heard_tone(self, raw_id: str, tone: str) -> None:
        """A key was pressed."""
        if raw_id != self.order.recognize_options.target_participant.raw:
            return
        if tone in self._options.stop_tones:
            self._complete(STOP_TONE)
            return
        self._tones.append(tone)
        self._since_s = -1.0
        if len(self._tones) >= (self._options.max_tones_to_collect or 100):
            self._complete(MAX_TONES)

    def time_is(self, at_s: float) -> None:
        """Time goes on."""
        if self._since_s < 0:
            self._since_s = at_s
        initial_s = self.order.recognize_options.initial_silence_timeout_in_seconds
        first_s = INITIAL_SILENCE_S if initial_s is None else initial_s
        limit_s = (self._options.inter_tone_timeout_in_seconds or INTER_TONE_S) if self._tones else first_s
        if at_s - self._since_s < limit_s:
            return
        if self._tones:
            self._complete(TONE_TIMEOUT)
        else:
            self._finish("RecognizeFailed", {"failedPlaySourceIndex": None}, SILENT)

    def complete_speech(self, speech: str, confidence: float = 0.9) -> None:
        """The caller was heard to say that."""
        about = {"recognitionType": "speech", "speechResult": {"speech": speech, "confidence": confidence}}
        self._finish("RecognizeCompleted", about, Result(200, 8545, "Action completed, speech recognized."))

    def cancel(self) -> None:
        """Listen no more, by order."""
        self._finish("RecognizeCanceled", {}, STOPPED)

    def close(self) -> None:
        """Listen no more, and tell nobody."""
        self._call.recognition = None

    def _complete(self, result: Result) -> None:
        about = {"recognitionType": "dtmf", "dtmfResult": {"tones": self._tones}}
        self._finish("RecognizeCompleted", about, result)

    def _finish(self, event: str, about: dict[str, Any], result: Result) -> None:
        self.close()
        self._call.emit(event, about, result, self.order)

"""Voice activity as it is asked about one speaker's audio: also again, where it has given no answer at first."""

from collections.abc import Iterator

import msgspec

from actors.ports.vad import VoiceActivity
from actors.session.engine_violations import EngineViolations

MOST_UNJUDGED_MS = 800
"""Milliseconds of audio without a probability from voice activity detection, after which it has failed. That is less
than turn-taking waits for the next audio of an utterance."""
AT_ONCE = 4
"""The most windows that are judged when a window comes, if several wait: the loop is not held up by them."""


class Judged(msgspec.Struct, frozen=True):
    """A window of audio, and how likely it is speech, from 0 to 1."""

    window: bytes
    probability: float
    echo_db: float | None
    """The level in dB at which the agent's own voice could come back when the window came; None if it could not."""


class _Unjudged(msgspec.Struct, frozen=True):
    window: bytes
    echo_db: float | None


class VoiceJudge:
    """Asks about one window after the other.

    A window of which there is no answer is neither voice nor silence: it waits, and so do all behind it, until voice
    activity answers again. What was said meanwhile is judged late, and not lost.

    Args:
        detector: voice activity, for one recognizer alone.
        window_ms: the length of its windows.
    """

    __slots__ = ("_detector", "_error", "_unjudged", "_violations", "_window_ms", "is_behind")

    def __init__(self, detector: VoiceActivity, window_ms: float) -> None:
        self._detector = detector
        self._window_ms = window_ms
        self._unjudged: list[_Unjudged] = []
        self._violations = EngineViolations("voice activity")
        self._error: BaseException | None = None
        self.is_behind = False
        """Whether audio waits to be judged; all further audio then has to wait behind it."""

    def ask(self, window: bytes) -> float | None:
        """How likely the next window is speech, from 0 to 1; None: there is no answer, and it is to be put off."""
        try:
            probability = self._detector.probability(window)
            is_one = 0.0 <= probability <= 1.0
        except BaseException as error:  # noqa: BLE001 - somebody's own code may raise or answer anything
            self.unanswered(error)
            return None
        if is_one:
            return probability
        self.unanswered(ValueError("no probability"))
        return None

    def put_off(self, window: bytes, echo_db: float | None) -> None:
        """Keep a window until it can be judged.

        Raises:
            BaseException: what the detector raised last, where `MOST_UNJUDGED_MS` of audio wait: it has to be replaced.
        """
        self._unjudged.append(_Unjudged(window, echo_db))
        self.is_behind = True
        if len(self._unjudged) * self._window_ms >= MOST_UNJUDGED_MS:
            raise self._error or ValueError("no probability")

    def catch_up(self) -> Iterator[Judged]:
        """Judge some of the windows that were put off, the oldest first, as far as voice activity answers."""
        for _ in range(min(AT_ONCE, len(self._unjudged))):
            oldest = self._unjudged[0]
            probability = self.ask(oldest.window)
            if probability is None and self._answers_of_others():
                # It is this window itself that has no answer.
                probability = self.ask(oldest.window) or 0.0
            if probability is None:
                return
            self._unjudged.pop(0)
            self.is_behind = bool(self._unjudged)
            yield Judged(oldest.window, probability, oldest.echo_db)

    def forget(self) -> None:
        """Judge nothing of what was put off: what comes does not follow it."""
        self._unjudged.clear()
        self.is_behind = False

    def _answers_of_others(self) -> bool:
        return len(self._unjudged) > 1 and self.ask(self._unjudged[-1].window) is not None

    def unanswered(self, error: BaseException) -> None:
        """Reset the detector, which gave no answer: once its memory holds a NaN, all its later answers are NaN too."""
        self._error = error
        self._violations.pass_over(type(error).__name__)
        try:
            self._detector.reset()
        except BaseException as reset_error:  # noqa: BLE001 - engines may raise anything: it costs itself
            self._violations.pass_over(f"{type(reset_error).__name__} as it was reset")

"""Where the recognizer's utterances end: puts what it hears before the port that decides, and counts the pauses."""

import math

from actors.conversation import ExpectedAnswer
from actors.messages.transcript import InterimTranscript
from actors.ports.end_of_turn import EndOfTurn, SpeechSoFar
from actors.session.checkpoint import Checkpoint
from actors.session.engine_violations import EngineViolations
from actors.turn_taking_settings import Endpointing

CURRENT_MS = 128.0
"""An interim transcript that ends at most this many ms before the voice holds all words: two detectors differ by some
windows."""
WENT_ON_MS = 1_500.0
"""A caller who speaks again within this many ms after the end of their voice was not done."""
LISTENED_MS = 500.0
"""A caller who has heard so many ms of the agent since their voice ended interrupts it: whoever was cut off is sooner
heard again."""


class TurnEnd:
    """The end of the utterances of one speaker.

    Args:
        rule: decides. Where it does not, the agent's usual silence ends an utterance.
        settings: the agent's.
        checkpoint: says what the agent has asked.
        language: the only one that the caller may speak; empty if there are several.
    """

    def __init__(self, rule: EndOfTurn, settings: Endpointing, checkpoint: Checkpoint, language: str) -> None:
        self._rule = rule
        self._settings = settings
        self._checkpoint = checkpoint
        self._language = language
        self._interim: InterimTranscript | None = None
        self._came_in_pause = False
        self._silence_ms = 0.0
        self._is_ended = False
        """Whether a speech-to-speech model takes the turn for complete, and nothing was said since."""
        self._last_end_ms: float | None = None
        self._violations = EngineViolations("end of turn")
        self._told: tuple[float, str] | None = None
        """Where the voice had ended, in ms, and the words, when the caller was last reported to be probably done."""

    # what happens

    def started(self, onset_ms: float, listened_ms: float = 0.0) -> None:
        """Begin an utterance, of whose words nothing is known yet.

        Args:
            onset_ms: where it begins in the caller's audio.
            listened_ms: how much of the agent the caller has heard since the utterance before.
        """
        pause_ms = math.inf if self._last_end_ms is None else onset_ms - self._last_end_ms
        if pause_ms <= WENT_ON_MS and listened_ms < LISTENED_MS:
            self._went_on(pause_ms, was_over=True)
        self._interim, self._silence_ms, self._last_end_ms, self._is_ended = None, 0.0, None, False

    def continued(self, silence_ms: float) -> None:
        """Note another window of the utterance, whose last voice was `silence_ms` ago."""
        if silence_ms == 0.0 < self._silence_ms:
            self._went_on(self._silence_ms, was_over=False)
        self._silence_ms = silence_ms
        self._is_ended = self._is_ended and silence_ms > 0

    def stopped(self, end_ms: float) -> None:
        """Note that the utterance was taken for complete; its voice ended at `end_ms` of the caller's audio."""
        self._last_end_ms = end_ms

    def heard(self, interim: InterimTranscript) -> None:
        """Note what was said of the utterance so far."""
        self._interim = interim
        # An engine that tells how likely the end is has heard a pause, maybe some windows sooner than our detector.
        self._came_in_pause = self._silence_ms > 0 or interim.end_confidence is not None

    def ended_by_model(self) -> None:
        """Note that a model which hears the caller too takes their turn for complete; more voice takes that back."""
        self._is_ended = self._silence_ms > 0

    # what follows from it

    def silence_ms(self, voice_end_ms: float) -> float:
        """How much silence ends the utterance in hand, in ms; its voice has ended at `voice_end_ms` so far."""
        speech, settings = self._speech(voice_end_ms), self._settings
        try:
            silence_ms = self._rule.silence_ms(speech, settings)
            if 0.0 <= silence_ms <= settings.max_utterance_ms:
                return silence_ms
            self._violations.pass_over("no such silence")
        except BaseException as error:  # noqa: BLE001 - somebody's own code may raise or answer anything
            self._violations.pass_over(type(error).__name__)
        return settings.end_silence_ms

    def _went_on(self, pause_ms: float, *, was_over: bool) -> None:
        try:
            self._rule.went_on(pause_ms, was_over=was_over)
        except BaseException as error:  # noqa: BLE001 - somebody's own code may raise anything
            self._violations.pass_over(type(error).__name__)

    def likely_end(self, voice_end_ms: float, silence_ms: float) -> str:
        """The words of the utterance in hand if the caller is probably done, told once in each pause; else nothing.

        They probably are when all their words are known and the rule waits for less than the usual silence, or for the
        least that it may wait for; and once the usual silence has passed, unless it waits for the most that there is,
        as it does behind words that nothing ends with.

        Args:
            voice_end_ms: where their voice has ended so far.
            silence_ms: what the rule waits for.
        """
        usual_ms = self._settings.end_silence_ms
        is_over_usual = self._silence_ms >= usual_ms and silence_ms < self._settings.max_silence_ms
        if silence_ms > usual_ms and not is_over_usual:
            return ""
        if silence_ms == usual_ms > self._settings.min_silence_ms:
            return ""
        speech = self._speech(voice_end_ms)
        if not speech.is_current or self._told == (voice_end_ms, speech.text):
            return ""
        self._told = voice_end_ms, speech.text
        return speech.text

    def _speech(self, voice_end_ms: float) -> SpeechSoFar:
        interim, asked = self._interim, self._checkpoint.asked
        is_current = interim is not None and self._came_in_pause and interim.end_ms >= voice_end_ms - CURRENT_MS
        if self._is_ended and not is_current:
            interim = None  # the model has heard more than the recognizer has written
        return SpeechSoFar(
            text=interim.text if interim is not None else "",
            is_current=is_current or self._is_ended,
            expected=asked.expected if asked is not None else ExpectedAnswer.ANYTHING,
            question=asked.question if asked is not None else "",
            language=(interim.language if interim is not None else "") or self._language,
            end_confidence=interim.end_confidence if interim is not None else None,
            ended_by_engine=self._is_ended or (interim is not None and interim.ended_by_engine),
        )

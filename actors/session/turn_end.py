"""Where the recognizer's utterances end: puts what it hears before the port that decides, and counts the pauses."""

from actors.agent import Endpointing
from actors.conversation import ExpectedAnswer
from actors.messages.transcript import InterimTranscript
from actors.ports.end_of_turn import EndOfTurn, SpeechSoFar
from actors.session.checkpoint import Checkpoint

CURRENT_MS = 128.0
"""Text that ends so little before the voice holds all of it: two detectors differ by some windows."""
WENT_ON_MS = 1_500.0
"""Who speaks again so soon after their voice ended was not done."""


class TurnEnd:
    """The end of the utterances of one speaker.

    Args:
        rule: decides.
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
        self._last_end_ms: float | None = None

    # what happens

    def started(self, onset_ms: float) -> None:
        """An utterance begins: nothing is known of its words."""
        if self._last_end_ms is not None and onset_ms - self._last_end_ms <= WENT_ON_MS:
            self._rule.went_on(onset_ms - self._last_end_ms, was_over=True)
        self._interim, self._silence_ms, self._last_end_ms = None, 0.0, None

    def continued(self, silence_ms: float) -> None:
        """Another window of the utterance, the last voice of which was so long ago."""
        if silence_ms == 0.0 < self._silence_ms:
            self._rule.went_on(self._silence_ms, was_over=False)
        self._silence_ms = silence_ms

    def stopped(self, end_ms: float) -> None:
        """The utterance was taken for complete; its voice ended at `end_ms`."""
        self._last_end_ms = end_ms

    def heard(self, interim: InterimTranscript) -> None:
        """The recognizer tells what was said so far."""
        self._interim, self._came_in_pause = interim, self._silence_ms > 0

    # what follows from it

    def silence_ms(self, voice_end_ms: float) -> float:
        """How much silence ends the utterance in hand, whose voice has ended at `voice_end_ms` so far."""
        interim = self._interim
        asked = self._checkpoint.asked
        return self._rule.silence_ms(
            SpeechSoFar(
                text=interim.text if interim is not None else "",
                is_current=interim is not None and self._came_in_pause and interim.end_ms >= voice_end_ms - CURRENT_MS,
                expected=asked.expected if asked is not None else ExpectedAnswer.ANYTHING,
                question=asked.question if asked is not None else "",
                language=(interim.language if interim is not None else "") or self._language,
                end_confidence=interim.end_confidence if interim is not None else None,
                ended_by_engine=interim is not None and interim.ended_by_engine,
            ),
            self._settings,
        )

"""What the caller has said to a speech-to-speech model: the turns in which it is answered, and its words."""

from collections import deque
from collections.abc import Iterator

import msgspec

from actors.rules.turn_taking.effects import SPOKEN
from actors.rules.turn_taking.voice_alone import LATER_END_MS
from actors.rules.utterances import joined_utterance

MOST_UNTOLD = 64
"""The most turns that wait for the id of their item, and items that wait for their words; of more the oldest are given
up."""

NOT_ANSWERED = -1
"""In place of a turn number: the utterance is not to be answered, only its words are wanted."""


class SpokenUtterance(msgspec.Struct, kw_only=True):
    """One utterance of the caller that the model was given as a turn."""

    pcm: bytes
    """The audio of the utterance, PCM16LE mono, for another session of the model; empty once it is answered."""
    turn: int = 0
    """The turn that answers it, or `NOT_ANSWERED`; 0 until that is known."""
    text: str = ""
    begun: str = ""
    """The words of it that the parallel recognizer reported as final before it was over."""
    start_ms: float = 0.0
    end_ms: float = 0.0
    """Where it ends in the caller's audio, in ms."""
    is_known: bool = False
    """Whether its words are known, so that a later transcript of the session is ignored."""


class SpokenUtterances:
    """The last utterances of one caller, in the order in which they were spoken.

    `most_bytes`: how much of their audio is kept for another session of the model.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._kept: deque[SpokenUtterance] = deque(maxlen=MOST_UNTOLD)
        self._turn = 0

    def add(self, spoken: SpokenUtterance) -> None:
        """Add an utterance; where there is too much audio now, the oldest is forgotten."""
        self._kept.append(spoken)
        for utterance in self._kept:
            if sum(len(each.pcm) for each in self._kept) <= self._most_bytes:
                return
            utterance.pcm = b""

    # turns

    def asked(self, turn: int, *, continues: bool, stands: bool = False) -> None:
        """Note that what was spoken since the last turn is answered in `turn`; with `continues`, the last turn's too.

        Args:
            turn: the number of the turn that begins.
            continues: the words of the last turn are answered with those that follow.
            stands: the words of the last turn stay recorded with it, since tools were called for them.
        """
        for utterance in self._kept:
            is_of_last = continues and utterance.turn == self._turn
            if is_of_last and stands and utterance.turn != turn:
                continue
            if utterance.turn in (0, turn) or is_of_last:
                utterance.turn = turn
            else:
                utterance.pcm = b""
        self._turn = turn

    def answered(self) -> None:
        """Note that all that was asked has been answered: no other session need hear it again."""
        for utterance in self._kept:
            if utterance.turn:
                utterance.pcm = b""

    def to_hear(self) -> Iterator[SpokenUtterance]:
        """The utterances that another session is given as sound."""
        return (utterance for utterance in self._kept if utterance.pcm)

    @property
    def turns_to_hear(self) -> set[int]:
        """The turns whose speech another session would be given as sound."""
        return {utterance.turn for utterance in self.to_hear()}

    @property
    def unknown_since_ms(self) -> float | None:
        """Where in the caller's audio the first unanswered speech begins of which no words are known; None: nowhere."""
        return next((utterance.start_ms for utterance in self.to_hear() if not utterance.text), None)

    # words

    def take_overheard(self, end_ms: float, text: str) -> int:
        """Note final words of a recognizer that end at `end_ms` of the caller's audio, unless the model has told any.

        They follow those that the recognizer told while the utterance went on. Returns the turn they belong to; 0 if no
        utterance lies there, its words are known, or there are none.
        """
        if (utterance := self._unknown_at(end_ms)) is None:
            return 0
        utterance.text = joined_utterance(utterance.begun, text)
        utterance.is_known = bool(utterance.text)
        return utterance.turn if utterance.is_known else 0

    def with_beginning(self, end_ms: float, text: str) -> str:
        """`text`, which ends at `end_ms`, behind the words that were told of its utterance while it went on."""
        utterance = self._unknown_at(end_ms)
        return joined_utterance(utterance.begun, text) if utterance is not None else text

    def _unknown_at(self, end_ms: float) -> SpokenUtterance | None:
        """The utterance in which `end_ms` lies, if its words are not known."""
        for utterance in self._kept:
            if utterance.start_ms < end_ms <= utterance.end_ms + LATER_END_MS and not utterance.text:
                return utterance
        return None

    def words(self, turn: int, text: str, *, since: int = 0) -> str:
        """`text`, with the words that the caller spoke in `turn`, as far as they are known, in place of each `SPOKEN`.

        If `since` is given, the words of the turns from that one on come before them.
        """
        first_turn = since or turn
        told: Iterator[str] = (u.text or SPOKEN for u in self._kept if first_turn <= u.turn <= turn)
        first, *rest = text.split(SPOKEN)
        parts = [first]
        for after in rest:
            parts += [next(told, SPOKEN), after]
        return "".join(parts)

    def beside(self, turn: int, text: str) -> str:
        """The part of `text`, the caller's words in `turn`, that was typed or keyed and not spoken."""
        for utterance in self._kept:
            if utterance.turn == turn:
                said = utterance.text if utterance.text and utterance.text in text else SPOKEN
                text = text.replace(said, " ", 1)
        return " ".join(text.split())

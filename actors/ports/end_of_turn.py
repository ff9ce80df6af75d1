"""End of turn: how much silence after the caller's voice means that they are done."""

from collections.abc import Callable
from typing import Protocol

import msgspec

from actors.conversation import ExpectedAnswer
from actors.turn_taking_settings import Endpointing


class SpeechSoFar(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of an utterance in a pause that may be its end."""

    text: str
    """The words of the utterance so far, as the recognizer writes them; empty while none are known."""
    is_current: bool
    """Whether the text holds all that was said up to the pause."""
    expected: ExpectedAnswer = ExpectedAnswer.ANYTHING
    """The kind of answer that the agent has asked for."""
    question: str = ""
    """The question that the agent has asked; empty if it has asked none."""
    language: str = ""
    """The language that is spoken, such as "en-US"; empty while it is not known."""
    end_confidence: float | None = None
    """How likely the utterance is over, according to the recognizer, from 0 to 1; None if it does not tell."""
    ended_by_engine: bool = False
    """Whether the recognizer, or a speech-to-speech model, takes the utterance for complete, by rules of its own."""


class EndOfTurn(Protocol):
    """Decides for one session when its caller is done: stateful, synchronous, quick. It never sees audio or a clock."""

    def silence_ms(self, speech: SpeechSoFar, settings: Endpointing) -> float:
        """How long the silence after `speech` has to last in all, in ms, for the caller to be done.

        Asked anew whenever more is known of the utterance, which ends once the silence is as long as the last answer.
        """
        ...

    def went_on(self, pause_ms: float, *, was_over: bool) -> None:
        """Note that the caller has gone on after a pause of `pause_ms`; `was_over`: it was taken for the end."""
        ...


EndOfTurnFactory = Callable[[], EndOfTurn]
"""Makes the `EndOfTurn` of a session; called once for each session."""

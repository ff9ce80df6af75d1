"""End of turn: how much silence after the caller's voice means that they are done."""

from collections.abc import Callable
from typing import Protocol

import msgspec

from actors.conversation import ExpectedAnswer
from actors.turn_taking_settings import Endpointing


class SpeechSoFar(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of an utterance in a pause that may be its end."""

    text: str
    """Its words so far, as the recognizer writes them; empty while none are known."""
    is_current: bool
    """The text holds all that was said up to the pause."""
    expected: ExpectedAnswer = ExpectedAnswer.ANYTHING
    """What the agent has asked for."""
    question: str = ""
    """The words in which it asked; empty if it did not ask."""
    language: str = ""
    """The language that is spoken, such as "en-US"; empty while it is not known."""
    end_confidence: float | None = None
    """How likely the utterance is over, by the recognizer, from 0 to 1; None: it does not tell."""
    ended_by_engine: bool = False
    """The recognizer, or a model that hears the caller too, takes the utterance for complete by its own rules."""


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
"""Called once for each session."""

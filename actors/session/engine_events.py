"""What a stream of an engine reports, on its way to the actor that opened the stream."""

from typing import ClassVar, final

from actors.messages.base import Message
from actors.ports.llm import ModelEvent
from actors.ports.realtime_events import RealtimeEvent
from actors.ports.stt import RecognitionEvent
from actors.ports.tts import SynthesisEvent


class RecognitionReported(Message, frozen=True):
    """One event of the recognizer's stream number `stream`; one of a stream that was given up is ignored."""

    transient: ClassVar[bool] = True

    stream: int
    event: RecognitionEvent


class RecognitionOpened(Message, frozen=True):
    """The recognizer's stream number `stream` is open, and all audio that was told before this has been listened to."""

    transient: ClassVar[bool] = True

    stream: int


@final
class SynthesisReported(Message, frozen=True):
    """One event of the stream in which the text-to-speech engine speaks."""

    transient: ClassVar[bool] = True

    event: SynthesisEvent


class ModelPaused(Message, frozen=True):
    """The language model has said nothing for a while in the reply of `turn`, and is not through."""

    turn: int
    stream: int = 0


@final
class ModelReported(Message, frozen=True):
    """One event of the stream in which the model replies to `turn`; one of another turn or stream is ignored."""

    transient: ClassVar[bool] = True

    turn: int
    event: ModelEvent
    stream: int = 0


class ConversationSummarized(Message, frozen=True):
    """The language model has summed up the conversation to the end of the turn `through`, for so many tokens.

    The text is empty if it could not: the conversation goes on as if it had not been asked.
    """

    text: str
    through: int
    tokens: int = 0


class ClauseJudged(Message, frozen=True):
    """The model of the guardrails has judged the clause of this number, or could not, for so many tokens."""

    transient: ClassVar[bool] = True

    number: int
    is_decided: bool
    broken: int | None = None
    """The position of the broken guardrail among all of the agent's; None if the clause breaks none."""
    tokens: int = 0


class RealtimeReported(Message, frozen=True):
    """One event of the speech-to-speech session number `session`; one of a session that was given up is ignored."""

    transient: ClassVar[bool] = True

    session: int
    event: RealtimeEvent


class RealtimeChecked(Message, frozen=True):
    """It is time to look whether the speech-to-speech model still tells what it owes, or is to be connected anew."""

    transient: ClassVar[bool] = True

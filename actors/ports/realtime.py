"""Speech to speech: one model that hears the caller and speaks by itself.

There are two kinds of such models. With one of *turns* we decide: the model hears what is appended, and answers when it
is told to; it is stopped by us, and told how much of it was heard. That is the kind this port is for. One of *duplex*
decides by itself when to speak and when to fall silent; there are no turns to end, no responses to cancel and nothing
to truncate, so it must not be made to look like the other: it needs a session of its own, and is refused by name.

Audio comes many times faster than it can be played. What of it the caller has heard is known to its player alone.
"""

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Protocol

import msgspec

from actors.agent import Voice
from actors.conversation import ChatMessage
from actors.ports.llm import ToolSchema
from actors.ports.realtime_events import RealtimeEvent


class RealtimeKind(StrEnum):
    """Who decides when the model speaks."""

    TURNS = "turns"
    """We do."""
    DUPLEX = "duplex"
    """The model does; not supported yet."""


class RealtimeAbilities(msgspec.Struct, frozen=True, kw_only=True):
    """What one model can do and others cannot."""

    kind: RealtimeKind = RealtimeKind.TURNS
    detects_turns: bool = False
    """It looks for turns of the caller when `RealtimeOptions.detect_turns` asks it to, and is wanted to."""
    finds_ends: bool = False
    """What it tells of ends of turns is wanted, as evidence: it goes by what is said, and not by silence alone."""
    speaks_text: bool = False
    """It speaks a given text word for word: `ResponseRequest.text`."""
    word_times: bool = False
    """It tells where each word lies in its audio: `ResponseWord`."""
    transcribes: bool = False
    """It tells what the caller says: `CallerTranscribed`."""


class RealtimeOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What one session asks of the model."""

    session_id: str
    instructions: str
    """All that the model is told of its task, the agent's instructions among it."""
    tools: Sequence[ToolSchema] = ()
    voice: Voice = Voice()
    model: str = ""
    """The deployment or model that answers; empty: that of the settings."""
    max_tokens: int = 4_096
    """The longest response, text and audio together; the agent's own limit counts text alone."""
    temperature: float = 0.8
    """Of those models that have one."""
    rate_hz: int = 16_000
    """Of the audio both ways, whatever the model's own rate is: 16 000 or 24 000."""
    speaks_hz: int = 0
    """Of the model's voice, where that is to be another rate; 0: the same."""
    languages: tuple[str, ...] = ("en-US",)
    """Those that the caller may speak."""
    phrases: tuple[str, ...] = ()
    """What the caller may say: a hint for models that take one."""
    history: Sequence[ChatMessage] = ()
    """What was said before this session, as it was heard."""
    speaks: bool = True
    """False: the session hears nothing, and writes what it answers, told as `ResponseTranscript` without any audio."""
    detect_turns: bool = False
    """The model looks for ends of turns, too, and commits what it takes for one. It never answers by itself."""
    silence_ms: int = 600
    """Silence that ends a turn, where the model looks for that."""


class ResponseRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What a response shall be; the usual one answers what the caller said last, or goes on after a tool."""

    instructions: str = ""
    """In place of the session's, for this response alone."""
    text: str = ""
    """Spoken word for word, by models that can; others refuse it. They are asked by `instructions`."""
    tools: bool = True
    """Whether the model may call tools in it."""


class SessionChanges(msgspec.Struct, frozen=True, kw_only=True):
    """What shall be different from now on; None stays as it is. A voice that has spoken cannot be changed."""

    instructions: str | None = None
    tools: Sequence[ToolSchema] | None = None


class RealtimeSession(Protocol):
    """One session of a model. No operation blocks, waits for an answer, or raises; what fails is reported.

    They are carried out in the order in which they are called.
    """

    def append(self, pcm: bytes) -> None:
        """Have the model hear more of the caller, PCM16LE mono at the session's rate, any even length."""
        ...

    def commit(self) -> None:
        """Make what was appended since the last commit one turn of the caller; answered by `CallerCommitted`."""
        ...

    def clear(self) -> None:
        """Make the model forget what was appended since the last commit: it was noise."""
        ...

    def add(self, message: ChatMessage) -> None:
        """Add what was typed, noted, said elsewhere, called or returned by a tool at the end of the conversation."""
        ...

    def respond(self, request: ResponseRequest) -> int:
        """Have the model answer. Returns the number that `ResponseStarted`, or else `RealtimeFailed`, carries.

        Only when the former response is finished: two at once are refused.
        """
        ...

    def cancel(self, response_id: str) -> None:
        """Stop the making of a response; answered by `ResponseFinished`. Harmless if it is finished already."""
        ...

    def truncate(self, item_id: str, heard_ms: float) -> None:
        """Make the model forget what was not heard of its item, all of it at 0. Its words are forgotten with that.

        More than has come of the item's audio counts as all that has come.
        """
        ...

    def delete(self, item_id: str) -> None:
        """Take an item out of the conversation, such as a turn of the caller that was none."""
        ...

    def update(self, changes: SessionChanges) -> None:
        """Change what the model was told when the session was opened."""
        ...

    async def close(self) -> None:
        """End the session and release all it holds, within a second. No event is reported afterwards."""
        ...


class RealtimeModel(Protocol):
    """A speech-to-speech engine, one for each process, which opens a session for each conversation."""

    @property
    def abilities(self) -> RealtimeAbilities:
        """What this model can do. `RealtimeKind.DUPLEX` is refused before any session is opened."""
        ...

    async def open(self, options: RealtimeOptions, report: Callable[[RealtimeEvent], None]) -> RealtimeSession:
        """Connect, and hand over the options and the history. Audio may be appended at once; `report` is called on
        the event loop, and must not block.

        Raises:
            RealtimeError: the service cannot be reached, refuses us, or does not answer in time.
        """
        ...

    async def close(self) -> None:
        """Release what the engine holds: connections and credentials."""
        ...

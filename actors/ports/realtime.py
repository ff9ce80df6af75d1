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
    """The client decides: it asks for each response."""
    DUPLEX = "duplex"
    """The model decides by itself; not supported yet."""


class RealtimeAbilities(msgspec.Struct, frozen=True, kw_only=True):
    """What one model can do and others cannot."""

    kind: RealtimeKind = RealtimeKind.TURNS
    detects_turns: bool = False
    """Whether the model finds the caller's turns, if `RealtimeOptions.detect_turns` asks for it, and this should be
    used."""
    finds_ends: bool = False
    """Whether the ends of turns that the model reports should count as evidence: it judges by words and not by silence
    alone."""
    speaks_text: bool = False
    """Whether the model can speak a given text word for word (`ResponseRequest.text`)."""
    word_times: bool = False
    """Whether the model tells where each word lies in its audio (`ResponseWord`)."""
    transcribes: bool = False
    """Whether the model transcribes the caller (`CallerTranscribed`)."""


class RealtimeOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What one session asks of the model."""

    session_id: str
    instructions: str
    """All that the model is told of its task, the agent's instructions included."""
    tools: Sequence[ToolSchema] = ()
    voice: Voice = Voice()
    model: str = ""
    """The deployment or model that answers; empty for the one in the settings."""
    max_tokens: int = 4_096
    """The most tokens of one response, text and audio together; the agent's own limit counts text alone."""
    temperature: float = 0.8
    """The sampling temperature, for models that have one."""
    rate_hz: int = 16_000
    """The sample rate in Hz of the audio in both directions, 16 000 or 24 000; the provider converts from the model's
    own."""
    speaks_hz: int = 0
    """The sample rate in Hz of the model's voice, if it is to differ from `rate_hz`; 0 if not."""
    languages: tuple[str, ...] = ("en-US",)
    """The languages that the caller may speak."""
    phrases: tuple[str, ...] = ()
    """Words and phrases that the caller may say: a hint for models that take one."""
    history: Sequence[ChatMessage] = ()
    """The conversation before this session, as it was heard."""
    speaks: bool = True
    """Whether the session hears and speaks; if not, it only writes answers, which are told as `ResponseTranscript`."""
    detect_turns: bool = False
    """Whether the model also finds the ends of turns and commits the audio of each. It never answers by itself."""
    silence_ms: int = 600
    """Milliseconds of silence that end a turn, if the model finds the ends of turns."""


class ResponseRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What a response shall be; the usual one answers what the caller said last, or goes on after a tool."""

    instructions: str = ""
    """The instructions for this response alone, in place of the session's; empty for those of the session."""
    text: str = ""
    """The text to speak word for word, for models that can; others refuse it and are asked by `instructions`."""
    tools: bool = True
    """Whether the model may call tools in this response."""


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

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
from actors.messages.transcript import (
    FinalTranscript,
    InterimTranscript,
    NoSpeechRecognized,
    SpeechStarted,
    SpeechStopped,
)
from actors.ports.llm import ToolCalled, ToolSchema
from protocol.realtime.failure_kinds import FailureKind


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
    """With `RealtimeOptions.detect_turns` it tells where it takes a turn of the caller for ended."""
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


class Operation(StrEnum):
    """What the session was asked to do: names the cause of a failure."""

    OPEN = "open"
    APPEND = "append"
    COMMIT = "commit"
    CLEAR = "clear"
    ADD = "add"
    DELETE = "delete"
    TRUNCATE = "truncate"
    RESPOND = "respond"
    CANCEL = "cancel"
    UPDATE = "update"
    UNKNOWN = "unknown"
    """The service does not say."""


# What a session reports


class RealtimeReady(msgspec.Struct, frozen=True, tag=True):
    """The model has taken the session's options, and hears. The session ends in `lives_s`; None if that is unsaid."""

    lives_s: float | None = None


class CallerCommitted(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """A turn of the caller, from `start_ms` to `end_ms` of the session's audio, is `item_id` of the conversation.

    Told of each `commit`, and of what the model takes for a turn by itself. A turn that is none is deleted by its id.
    """

    item_id: str
    start_ms: float
    end_ms: float


class CallerTranscribed(msgspec.Struct, frozen=True, tag=True):
    """The words of the caller's item so far, or all of them, or that there are none; late, and sometimes never."""

    item_id: str
    transcript: InterimTranscript | FinalTranscript | NoSpeechRecognized


class ResponseStarted(msgspec.Struct, frozen=True, tag=True):
    """The model begins the response that was number `request`; 0 for one that nobody asked for."""

    response_id: str
    request: int


class ResponseAudio(msgspec.Struct, frozen=True, tag=True):
    """More audio, PCM16LE mono at the session's rate, any even length, gapless and in order within an item.

    Some of a cancelled response comes until `ResponseFinished`.
    """

    response_id: str
    item_id: str
    pcm: bytes


class ResponseAudioFinished(msgspec.Struct, frozen=True, tag=True):
    """All audio of this item has been reported."""

    response_id: str
    item_id: str


class ResponseTranscript(msgspec.Struct, frozen=True, tag=True):
    """The next words that the model says; they run ahead of their audio."""

    response_id: str
    item_id: str
    text: str


class ResponseTranscriptFinished(msgspec.Struct, frozen=True, tag=True):
    """All words of this item: what `ResponseTranscript` told piece by piece."""

    response_id: str
    item_id: str
    text: str


class ResponseWord(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """The word `text` begins at `audio_ms` of the item's audio, of models that have `word_times`."""

    response_id: str
    item_id: str
    text: str
    audio_ms: float
    duration_ms: float


class ResponseToolCalled(msgspec.Struct, frozen=True, tag=True):
    """The model wants a tool run. It goes on when its result was added and a response is asked for."""

    response_id: str
    item_id: str
    call: ToolCalled


class ResponseStatus(StrEnum):
    """What became of a response."""

    COMPLETED = "completed"
    CANCELLED = "cancelled"
    CUT = "cut"
    """It was longer than a response may be."""
    FILTERED = "filtered"
    """The service's content filter has stopped it: the same again would be stopped again."""
    FAILED = "failed"


class ResponseFinished(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """Nothing more of this response comes. Told of each that started; says nothing about what was heard of it."""

    response_id: str
    status: ResponseStatus
    failure: FailureKind | None = None
    """Of one that failed."""
    detail: str = ""
    """Of one that failed, for operators."""
    prompt_tokens: int = 0
    completion_tokens: int = 0


class RateLimited(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """What is left of a limit of the service, `name`, until it is whole again in `reset_s` seconds."""

    name: str
    limit: int
    remaining: int
    reset_s: float


class RealtimeFailed(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """Something failed, and the session goes on, unless `RealtimeClosed` follows.

    `kind` says what can be done about it; one that is harmless is told for the sake of who waits for the answer to
    `operation`. Of a response that is not begun, `request` is its number.
    """

    kind: FailureKind
    operation: Operation
    detail: str
    """For operators."""
    request: int = 0
    retry_after_s: float | None = None
    """Of one that may succeed later, if it is known when."""


class RealtimeExpiring(msgspec.Struct, frozen=True, tag=True):
    """The service will end this session in `left_s` seconds, whatever is being said: another one is to take over."""

    left_s: float


class RealtimeClosed(msgspec.Struct, frozen=True, tag=True):
    """The session is over, and reports nothing more; told once, except to who has closed it."""

    kind: FailureKind
    detail: str
    """For operators."""
    retry_after_s: float | None = None


RealtimeEvent = (
    RealtimeReady
    | SpeechStarted
    | SpeechStopped
    | CallerCommitted
    | CallerTranscribed
    | ResponseStarted
    | ResponseAudio
    | ResponseAudioFinished
    | ResponseTranscript
    | ResponseTranscriptFinished
    | ResponseWord
    | ResponseToolCalled
    | ResponseFinished
    | RateLimited
    | RealtimeFailed
    | RealtimeExpiring
    | RealtimeClosed
)
"""What a session reports, in the order in which the service told it. All times in ms of the session's audio.

`SpeechStarted` and `SpeechStopped` are the model's own voice activity detection, told only with `detect_turns`.
"""


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

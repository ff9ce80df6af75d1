"""The ports: everything an actor may know of the world outside, as small Protocols.

Adapters (`app/adapters/`) and `package.module:factory` plug-ins implement these; `tests/contract/` holds the suite that
every implementation passes. Every `report` callback is called on the event loop's thread; each event names the
stream or reply it belongs to, so that a late one is harmless.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Protocol, TypeVar

import msgspec

from actors.agent import Agent, Voice
from actors.conversation import ChatMessage, Memory, SessionRecord
from actors.errors import ErrorKind
from actors.tools import ToolSchema

M_contra = TypeVar("M_contra", contravariant=True)


class Recipient(Protocol[M_contra]):
    """Something that can be told messages of type M; a Pykka `ActorRef` is one."""

    def tell(self, message: M_contra) -> None:
        """Deliver without waiting."""
        ...


# time and chance


class Timer(Protocol):
    """A message due later."""

    def cancel(self) -> None:
        """Make sure that the message is not told; harmless when it already was."""
        ...


class Clock(Protocol):
    """The only source of time."""

    def now(self) -> float:
        """Seconds on a monotonic scale whose zero means nothing."""
        ...

    def wall(self) -> float:
        """Seconds since the epoch, for people and records; never for measuring."""
        ...

    def call_later(self, delay_s: float, address: Recipient[M_contra], message: M_contra) -> Timer:
        """Tell `message` to `address` after `delay_s` seconds, unless cancelled; a dead address is ignored."""
        ...


class Random(Protocol):
    """The only source of chance and of identifiers."""

    def token(self, prefix: str = "") -> str:
        """A new unguessable identifier, URL-safe, behind `prefix`."""
        ...

    def uniform(self, low: float, high: float) -> float:
        """A number between `low` and `high`."""
        ...


# voice activity


class VoiceActivity(Protocol):
    """A voice activity detector for one session: stateful, synchronous, at most about a millisecond a window."""

    rate_hz: int
    window_samples: int

    def probability(self, window: bytes) -> float:
        """How likely (0 to 1) `window` (PCM16LE mono, exactly `window_samples` long) contains speech."""
        ...

    def reset(self) -> None:
        """Forget all audio."""
        ...


VoiceActivityFactory = Callable[[], VoiceActivity]


# speech to text


class RecognitionOptions(msgspec.Struct, frozen=True):
    """What one session asks of the recognizer."""

    session_id: str
    rate_hz: int = 16_000
    languages: tuple[str, ...] = ("en-US",)
    phrases: tuple[str, ...] = ()
    """Sentences to expect, lower case, slots expanded: a hint to cloud engines, a vocabulary to local ones."""


class RecognitionReady(msgspec.Struct, frozen=True, tag=True):
    """The engine is connected and listening."""


class PartialRecognized(msgspec.Struct, frozen=True, tag=True):
    """What the user seems to have said so far in the utterance that began at `start_ms` of the stream's audio."""

    text: str
    start_ms: int
    end_ms: int


class FinalRecognized(msgspec.Struct, frozen=True, tag=True):
    """An utterance, complete. Never empty, never sent twice for the same `start_ms`."""

    text: str
    start_ms: int
    end_ms: int
    confidence: float = 1.0


class NothingRecognized(msgspec.Struct, frozen=True, tag=True):
    """`finish_utterance` was called and nothing intelligible had been said."""

    end_ms: int


class RecognitionFailed(msgspec.Struct, frozen=True, tag=True):
    """The stream is finished; open another."""

    kind: ErrorKind
    detail: str


RecognitionEvent = RecognitionReady | PartialRecognized | FinalRecognized | NothingRecognized | RecognitionFailed


class Recognition(Protocol):
    """One session's stream of caller audio into an engine."""

    def push(self, pcm: bytes) -> None:
        """Hand over caller audio, PCM16LE mono at the rate asked for, any length; never blocks, never raises."""
        ...

    def finish_utterance(self) -> None:
        """Local endpointing heard the end of an utterance: deliver its final (or `NothingRecognized`) now.

        An engine that segments speech itself may ignore it, except that after speech a final must follow.
        """
        ...

    async def close(self) -> None:
        """Let go of everything; no event is reported afterwards. Returns within a second."""
        ...


class SpeechRecognizer(Protocol):
    """An engine, one per process."""

    async def open(self, options: RecognitionOptions, report: Callable[[RecognitionEvent], None]) -> Recognition:
        """Start a stream; audio may be pushed at once.

        Raises:
            RecognizerError: the engine cannot start one.
        """
        ...

    async def close(self) -> None:
        """Let go of the engine: worker processes, connections."""
        ...


# text to speech


class AudioSynthesized(msgspec.Struct, frozen=True, tag=True):
    """More audio of `reply`: PCM16LE mono at the stream's rate, any even length, gapless and in order."""

    reply: int
    pcm: bytes


class WordSynthesized(msgspec.Struct, frozen=True, tag=True):
    """The word `text[text_start:text_end]` of all text written to `reply` begins at `audio_ms` of the reply's audio.

    Told before, or at most 200 ms of audio after, the audio it speaks of.
    """

    reply: int
    text_start: int
    text_end: int
    audio_ms: float


class PieceSynthesized(msgspec.Struct, frozen=True, tag=True):
    """All audio of the text up to `text_end` has been reported; it ends at `audio_ms` of the reply."""

    reply: int
    text_end: int
    audio_ms: float


class SpokenWord(msgspec.Struct, frozen=True):
    """Where a word lies in its text, and from where on in the audio it is heard."""

    text_start: int
    text_end: int
    audio_ms: float


class SpokenPhrase(msgspec.Struct, frozen=True):
    """A text with its audio, PCM16LE mono, and the times of its words where the engine told them."""

    pcm: bytes
    words: tuple[SpokenWord, ...] = ()


class SynthesisFinished(msgspec.Struct, frozen=True, tag=True):
    """All audio of a finished reply has been reported."""

    reply: int


class SynthesisFailed(msgspec.Struct, frozen=True, tag=True):
    """No more audio of `reply` will come; the stream itself can be used again unless it says so by failing again."""

    reply: int
    kind: ErrorKind
    detail: str


SynthesisEvent = AudioSynthesized | WordSynthesized | PieceSynthesized | SynthesisFinished | SynthesisFailed


class Synthesis(Protocol):
    """One session's voice. Replies are numbered by the caller, spoken one after the other."""

    def write(self, reply: int, text: str) -> None:
        """Speak `text` after what was written to `reply` ; never blocks. Pieces are whole words with their spaces."""
        ...

    def finish(self, reply: int) -> None:
        """No more text will be written to `reply`."""
        ...

    def cancel(self, reply: int) -> None:
        """Stop making `reply`, at once; no event of it is reported after this returns. Unknown replies are ignored."""
        ...

    async def close(self) -> None:
        """Let go of everything; no event is reported afterwards. Returns within a second."""
        ...


class SpeechSynthesizer(Protocol):
    """An engine, one per process."""

    async def open(self, voice: Voice, rate_hz: int, report: Callable[[SynthesisEvent], None]) -> Synthesis:
        """A voice for one session, making PCM16LE mono at `rate_hz` (16 000, 24 000 or 48 000).

        Raises:
            SynthesizerError: the engine cannot start one.
        """
        ...

    async def close(self) -> None:
        """Let go of the engine: processes, connections."""
        ...


# the language model


class ModelRequest(msgspec.Struct, frozen=True):
    """All a model needs for the next reply. The last message is the user's, or the results of the tools it called."""

    session_id: str
    turn: int
    agent: Agent
    messages: Sequence[ChatMessage]
    tools: Sequence[ToolSchema] = ()
    memory: Memory = {}
    omitted: int = 0
    """How many messages came before these."""
    preamble: str = ""
    """What is known of the session besides what was said: date, time, who talks with the agent. Bounded."""


class TextGenerated(msgspec.Struct, frozen=True, tag=True):
    """The next piece of the reply, as it came."""

    text: str


class ToolCalled(msgspec.Struct, frozen=True, tag=True):
    """The model wants a tool run. `arguments` is a JSON object as text, not yet checked."""

    call_id: str
    name: str
    arguments: str
    refusal: str = ""
    """Why the tool is not run, for the model; empty if it is."""


class MemoryUpdated(msgspec.Struct, frozen=True, tag=True):
    """The model's own notes, in place of the former ones; kept with the conversation, given back next time."""

    memory: Memory


class ReplyGenerated(msgspec.Struct, frozen=True, tag=True):
    """The end of the stream. If tools were called, their results are wanted in another request."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cut: bool = False
    """The model had not finished: the reply was longer than a reply may be."""


ModelEvent = TextGenerated | ToolCalled | MemoryUpdated | ReplyGenerated


class LanguageModel(Protocol):
    """An engine that answers, one per process."""

    def reply(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
        """Stream the next reply. Closing the iterator cancels the request at once.

        Raises:
            ModelError: while iterating.
        """
        ...

    async def close(self) -> None:
        """Let go of the engine."""
        ...


# what outlives a process


class SessionStore(Protocol):
    """Records of live and recent sessions; one write per turn, never per frame."""

    async def save(self, record: SessionRecord) -> None:
        """Keep `record` in place of the former one of the same session.

        Raises:
            StoreError: it could not be kept; the session goes on.
        """
        ...

    async def load(self, session_id: str) -> SessionRecord | None:
        """The last record of a session, or None."""
        ...

    async def recent(self, limit: int = 100) -> list[SessionRecord]:
        """The newest records first."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...

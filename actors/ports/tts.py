"""Text to speech (TTS): pieces of text in, audio with the places of words and pieces in it out."""

from collections.abc import Callable
from typing import Protocol, final, get_args

import msgspec

from actors.agent import Voice
from actors.errors import ErrorKind


@final
class AudioSynthesized(msgspec.Struct, frozen=True, tag=True):
    """More audio of `reply`: PCM16LE mono at the stream's rate, any even length, gapless and in order."""

    reply: int
    pcm: bytes


@final
class WordSynthesized(msgspec.Struct, frozen=True, tag=True, kw_only=True):
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
    """A text as audio, PCM16LE mono, with the times of its words where the engine gave them."""

    pcm: bytes
    words: tuple[SpokenWord, ...] = ()


class SynthesisFinished(msgspec.Struct, frozen=True, tag=True):
    """All audio of a finished reply has been reported, and `PieceSynthesized` of all its text before.

    Text that has nothing to pronounce counts as spoken. An engine that says this of a reply with text of which it told
    no `PieceSynthesized` has lost that text: it counts as failed.
    """

    reply: int


class SynthesisFailed(msgspec.Struct, frozen=True, tag=True):
    """No more audio of `reply` will come; the stream itself can be used again unless it says so by failing again."""

    reply: int
    kind: ErrorKind
    detail: str


SynthesisEvent = AudioSynthesized | WordSynthesized | PieceSynthesized | SynthesisFinished | SynthesisFailed
SYNTHESIS_EVENTS = get_args(SynthesisEvent)


class Synthesis(Protocol):
    """The voice of one session. Replies are numbered by the caller of this and spoken one after the other."""

    def write(self, reply: int, text: str) -> None:
        """Speak `text` after what was written to `reply` ; never blocks. Pieces are whole words with their spaces."""
        ...

    def finish(self, reply: int) -> None:
        """Note that no more text will be written to `reply`."""
        ...

    def cancel(self, reply: int) -> None:
        """Stop making `reply`, at once; no event of it is reported after this returns. Unknown replies are ignored."""
        ...

    async def close(self) -> None:
        """End the stream and release all it holds, within a second. No event is reported afterwards."""
        ...


class SpeechSynthesizer(Protocol):
    """A text-to-speech engine, one for each process, which opens a voice for each session."""

    async def open(self, voice: Voice, rate_hz: int, report: Callable[[SynthesisEvent], None]) -> Synthesis:
        """A voice for one session, making PCM16LE mono at `rate_hz` (16 000, 24 000 or 48 000).

        The words of `voice.lexicon` are none of the engine's business: what is written to it is what is to be said.

        Raises:
            SynthesizerError: the engine cannot start one.
        """
        ...

    async def close(self) -> None:
        """Release what the engine holds: processes and connections."""
        ...

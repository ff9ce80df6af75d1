"""A voice whose samples spell its text, so that what a caller has heard can be read from the audio that was sent.

Each character lasts 40 ms, two frames of 20 ms: every sample of a frame is the character's number, doubled, plus which
half it is.
"""

import asyncio
from array import array
from collections.abc import Callable, Iterable
from functools import cache

import msgspec

from actors.agent import Voice
from actors.ports.tts import (
    AudioSynthesized,
    PieceSynthesized,
    SpokenPhrase,
    Synthesis,
    SynthesisEvent,
    SynthesisFinished,
    WordSynthesized,
)
from tests.kit.fakes import FakeSynthesis, FakeSynthesizer
from tests.kit.faults import Faults

CHARACTER_MS = 40
HALF_MS = CHARACTER_MS // 2
PACE_MS = 100
"""Audio that is made slowly comes in pieces of this length."""
SOON_S = 1e-4


def spell(text: str, rate_hz: int) -> bytes:
    """PCM16LE mono at `rate_hz` that spells `text`."""
    samples = rate_hz * HALF_MS // 1000
    return b"".join(_letter(2 * min(ord(c), 10_000), samples) for c in text)


@cache
def _letter(value: int, samples: int) -> bytes:
    return b"".join(array("h", [value + half] * samples).tobytes() for half in (0, 1))


def read(frames: Iterable[bytes]) -> str:
    """The text that frames of 20 ms spell; a character counts as soon as its first half is there."""
    text = []
    for pcm in frames:
        # The last sample: a frame that follows a pause begins with a ramp.
        value = array("h", pcm)[-1]
        if value > 1 and value % 2 == 0:
            text.append(chr(value // 2))
    return "".join(text)


def phrase(text: str, rate_hz: int) -> SpokenPhrase:
    """A kept phrase in this voice."""
    return SpokenPhrase(spell(text, rate_hz))


class Pace(msgspec.Struct, frozen=True):
    """How slowly audio is made: a second of it in `times` seconds, and `pause_s` later from its middle on."""

    times: float
    pause_s: float = 0.0


class SpellingSynthesizer(FakeSynthesizer):
    """Speaks in this voice.

    Args:
        faults: where it fails, as in `FakeSynthesizer`.
        kept_share: how much of the audio is made of the writes in `cut_writes`, counted from 1; the reply then ends as
            if it were whole.
        has_words: it tells where each word begins.
        pace: how slowly it makes audio; None: at once.
    """

    def __init__(
        self,
        *,
        faults: Faults,
        kept_share: float = 1.0,
        cut_writes: range = range(0),
        has_words: bool = True,
        pace: Pace | None = None,
    ) -> None:
        super().__init__(faults=faults, has_words=has_words)
        self.kept_share = kept_share
        self.cut_writes = cut_writes
        self.pace = pace
        self.writes = 0

    async def open(self, voice: Voice, rate_hz: int, report: Callable[[SynthesisEvent], None]) -> Synthesis:
        await super().open(voice, rate_hz, report)
        return _Spelling(self, rate_hz, report)


class _Spelling(FakeSynthesis):
    """One stream of a `SpellingSynthesizer`."""

    _engine: SpellingSynthesizer
    _due = 0.0
    """When all that was made so far will have been told."""

    def _tell_audio(self, reply: int, pcm: bytes, made: SynthesisEvent | None) -> None:
        """Tell of audio, and of what has been made of the reply with it."""
        pace, chunk = self._engine.pace, self._rate_hz * PACE_MS // 1_000 * 2
        if pace is None:
            self._tell(reply, AudioSynthesized(reply, pcm))
            if made is not None:
                self._tell(reply, made)
            return
        loop = asyncio.get_running_loop()
        self._due = max(self._due, loop.time())
        for begin in range(0, len(pcm), chunk):
            is_middle = begin <= len(pcm) // 2 < begin + chunk
            self._due += PACE_MS / 1_000 * pace.times + (pace.pause_s if is_middle else 0.0)
            loop.call_at(self._due, self._tell, reply, AudioSynthesized(reply, pcm[begin : begin + chunk]))
        if made is not None:
            self._due += SOON_S
            loop.call_at(self._due, self._tell, reply, made)

    def finish(self, reply: int) -> None:
        if self._engine.pace is None:
            super().finish(reply)
            return

        def finished() -> None:
            if self._engine.faults.take("synthesizer.finish") is None:
                self._due = max(self._due, loop.time()) + SOON_S
                loop.call_at(self._due, self._tell, reply, SynthesisFinished(reply))

        loop = asyncio.get_running_loop()
        self._later(finished)

    def _make(self, reply: int, text: str) -> None:
        engine = self._engine
        engine.writes += 1
        if self._is_given_up(reply):
            return
        begin = len(self._texts.get(reply, ""))
        self._texts[reply] = self._texts.get(reply, "") + text
        is_cut = engine.writes in engine.cut_writes
        sounding = text[: int(len(text) * engine.kept_share)] if is_cut else text
        position = begin
        for word in sounding.split(" ") if engine.has_words else ():
            if word:
                self._tell(
                    reply,
                    WordSynthesized(
                        reply=reply,
                        text_start=position,
                        text_end=position + len(word),
                        audio_ms=position * CHARACTER_MS,
                    ),
                )
            position += len(word) + 1
        pcm, end = spell(sounding, self._rate_hz), begin + len(text)
        self._tell_audio(reply, pcm, None if is_cut else PieceSynthesized(reply, end, end * CHARACTER_MS))
        if is_cut:
            self._tell(reply, SynthesisFinished(reply))
            self._cancelled.add(reply)

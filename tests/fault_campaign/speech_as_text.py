"""A voice whose samples spell its text, so that what a caller has heard can be read from the audio that was sent.

Each character lasts 40 ms, two frames of 20 ms: every sample of a frame is the character's number, doubled, plus which
half it is.
"""

from array import array
from collections.abc import Callable, Iterable

from actors.agent import Voice
from actors.errors import ErrorKind
from actors.ports.tts import (
    AudioSynthesized,
    PieceSynthesized,
    SpokenPhrase,
    Synthesis,
    SynthesisEvent,
    SynthesisFailed,
    SynthesisFinished,
    WordSynthesized,
)
from tests.kit.fakes import FakeSynthesis, FakeSynthesizer
from tests.kit.faults import Fault, Faults

CHARACTER_MS = 40
HALF_MS = CHARACTER_MS // 2


def spell(text: str, rate_hz: int) -> bytes:
    """PCM16LE mono at `rate_hz` that spells `text`."""
    samples = rate_hz * HALF_MS // 1000
    return b"".join(array("h", [2 * min(ord(c), 10_000) + half] * samples).tobytes() for c in text for half in (0, 1))


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


class SpellingSynthesizer(FakeSynthesizer):
    """Speaks in this voice.

    Args:
        faults: where it fails, as in `FakeSynthesizer`.
        kept_share: how much of the audio is made of the writes in `cut_writes`, counted from 1; the reply then ends as
            if it were whole.
    """

    def __init__(self, *, faults: Faults, kept_share: float = 1.0, cut_writes: range = range(0)) -> None:
        super().__init__(faults=faults)
        self.kept_share = kept_share
        self.cut_writes = cut_writes
        self.writes = 0

    async def open(self, voice: Voice, rate_hz: int, report: Callable[[SynthesisEvent], None]) -> Synthesis:
        await super().open(voice, rate_hz, report)
        return _Spelling(self, rate_hz, report)


class _Spelling(FakeSynthesis):
    """One stream of a `SpellingSynthesizer`."""

    _engine: SpellingSynthesizer

    def _make(self, reply: int, text: str) -> None:
        engine = self._engine
        engine.writes += 1
        match engine.faults.take("synthesizer.write"):
            case Fault.STALL | Fault.NOTHING:
                self._cancelled.add(reply)
                return
            case Fault.FAIL:
                self._tell(reply, SynthesisFailed(reply, ErrorKind.UNAVAILABLE, "fake"))
                self._cancelled.add(reply)
                return
            case None:
                pass
        begin = len(self._texts.get(reply, ""))
        self._texts[reply] = self._texts.get(reply, "") + text
        is_cut = engine.writes in engine.cut_writes
        sounding = text[: int(len(text) * engine.kept_share)] if is_cut else text
        position = begin
        for word in sounding.split(" "):
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
        self._tell(reply, AudioSynthesized(reply, spell(sounding, self._rate_hz)))
        if is_cut:
            self._tell(reply, SynthesisFinished(reply))
            self._cancelled.add(reply)
        else:
            end = begin + len(text)
            self._tell(reply, PieceSynthesized(reply, end, end * CHARACTER_MS))

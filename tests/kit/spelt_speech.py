"""Caller audio whose samples spell its words, and a recognizer that reads them: what is recognised is what was sent.

Every sample of a word is the word's number in `WORDS`, times `STEP`, plus `LOWEST`. Words of an utterance follow each
other without a pause; silence is zeros. So words, their places and their order can be compared with a script exactly.
"""

import asyncio
from array import array
from collections.abc import Callable, Sequence

import msgspec

from actors.conversation import SpokenWord
from actors.messages.transcript import FinalTranscript, NoSpeechRecognized
from actors.ports.stt import Recognition, RecognitionEvent, RecognitionOptions, RecognitionReady

RATE_HZ = 16_000
WORD_MS = 200
FRAME_MS = 20
LOWEST, STEP = 1_000, 25
WORDS = tuple(f"{first}{second}{third}" for first in "bdfgkl" for second in "aeiou" for third in "mnprst")
"""The words that there are, 180."""
SILENCE = bytes(RATE_HZ * FRAME_MS // 1000 * 2)


class Utterance(msgspec.Struct, frozen=True):
    """What a script has somebody say, and when, in ms of the audio."""

    start_ms: int
    words: tuple[str, ...]

    @property
    def end_ms(self) -> int:
        """Where its last word ends."""
        return self.start_ms + WORD_MS * len(self.words)

    def frame(self, at_ms: int) -> bytes:
        """The frame of 20 ms that begins at `at_ms` of the audio; silence before and after the words."""
        number = (at_ms - self.start_ms) // WORD_MS
        return spell(self.words[number]) if 0 <= number < len(self.words) else SILENCE


def spell(word: str) -> bytes:
    """One frame of a word."""
    return array("h", [LOWEST + STEP * WORDS.index(word)] * (len(SILENCE) // 2)).tobytes()


def frame_of(script: Sequence[Utterance], at_ms: int) -> bytes:
    """The frame of somebody who speaks by a script."""
    return next((said.frame(at_ms) for said in script if said.start_ms <= at_ms < said.end_ms), SILENCE)


class SpeltRecognizer:
    """Reads words from the audio itself, and answers `delay_s` after the end of an utterance."""

    def __init__(self, delay_s: float = 0.3) -> None:
        self.delay_s = delay_s
        self.opened = 0

    async def open(self, options: RecognitionOptions, report: Callable[[RecognitionEvent], None]) -> Recognition:
        """Start a stream."""
        self.opened += 1
        report(RecognitionReady())
        return _Reading(self.delay_s, report)

    async def close(self) -> None:
        """Nothing is held."""


class _Reading:
    """One stream."""

    def __init__(self, delay_s: float, report: Callable[[RecognitionEvent], None]) -> None:
        self._delay_s = delay_s
        self._report = report
        self._frames: list[int] = []
        """The first sample of each frame that was pushed."""
        self._read = 0
        self._rest = b""
        self._closed = False

    def push(self, pcm: bytes) -> None:
        samples = array("h", self._rest + pcm)
        size = len(SILENCE) // 2
        whole = len(samples) // size * size
        self._frames += samples[:whole:size]
        self._rest = samples[whole:].tobytes()

    def finish_utterance(self) -> None:
        asyncio.get_running_loop().call_later(self._delay_s, self._answer, len(self._frames))

    async def close(self) -> None:
        self._closed = True

    def _answer(self, end: int) -> None:
        if self._closed:
            return
        words = _words(self._frames[self._read : end], self._read * FRAME_MS)
        self._read = max(self._read, end)
        if not words:
            self._report(NoSpeechRecognized(end * FRAME_MS))
            return
        text = " ".join(word.text for word in words)
        self._report(
            FinalTranscript(text=text, start_ms=words[0].start_ms, end_ms=words[-1].end_ms, words=tuple(words))
        )


def _words(frames: Sequence[int], begin_ms: int) -> list[SpokenWord]:
    words: list[SpokenWord] = []
    for place, value in enumerate(frames):
        at_ms = begin_ms + place * FRAME_MS
        if value < LOWEST:
            continue
        text = WORDS[(value - LOWEST) // STEP]
        last = words[-1] if words else None
        if last is not None and last.text == text and last.end_ms == at_ms:
            words[-1] = SpokenWord(text, last.start_ms, at_ms + FRAME_MS)
        else:
            words.append(SpokenWord(text, at_ms, at_ms + FRAME_MS))
    return words


def recognizer() -> SpeltRecognizer:
    """The plug-in."""
    return SpeltRecognizer()

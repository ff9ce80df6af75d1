"""A voice without a sound, which takes as long as people do: conversations in text have the times of spoken ones."""

import re
from collections.abc import Callable

from actors.agent import Voice
from actors.ports.tts import (
    AudioSynthesized,
    PieceSynthesized,
    Synthesis,
    SynthesisEvent,
    SynthesisFinished,
    WordSynthesized,
)

MS_PER_CHAR = 60
"""About how many milliseconds of speech a character of English is."""
_WORD = re.compile(r"\S+")


class SilentVoice:
    """Implements `SpeechSynthesizer`."""

    async def open(self, voice: Voice, rate_hz: int, report: Callable[[SynthesisEvent], None]) -> Synthesis:
        """Open a stream that takes text and gives silence of the length of its speech."""
        return _SilentSynthesis(rate_hz, report)

    async def close(self) -> None:
        """Do nothing: there is no engine."""


class _SilentSynthesis:
    def __init__(self, rate_hz: int, report: Callable[[SynthesisEvent], None]) -> None:
        self._rate_hz = rate_hz
        self._report = report
        self._lengths: dict[int, int] = {}

    def write(self, reply: int, text: str) -> None:
        begin = self._lengths.get(reply, 0)
        self._lengths[reply] = end = begin + len(text)
        for word in _WORD.finditer(text):
            start = begin + word.start()
            self._report(
                WordSynthesized(
                    reply=reply, text_start=start, text_end=begin + word.end(), audio_ms=start * MS_PER_CHAR
                )
            )
        self._report(AudioSynthesized(reply, bytes(len(text) * MS_PER_CHAR * self._rate_hz // 1000 * 2)))
        self._report(PieceSynthesized(reply, end, end * MS_PER_CHAR))

    def finish(self, reply: int) -> None:
        self._report(SynthesisFinished(reply))

    def cancel(self, reply: int) -> None:
        self._lengths.pop(reply, None)

    async def close(self) -> None:
        self._report = _nobody


def _nobody(_: SynthesisEvent) -> None:
    """Hear nothing any more: the stream is closed."""

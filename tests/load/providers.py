"""Providers that cost nothing and take a fixed time; plugged in by `package.module:factory`, as anybody's would be."""

import asyncio
from collections.abc import AsyncIterator, Callable
from functools import cache

from actors.agent import Voice
from actors.messages.transcript import FinalTranscript
from actors.ports.llm import ModelEvent, ModelRequest, ReplyGenerated, TextGenerated
from actors.ports.stt import Recognition, RecognitionEvent, RecognitionOptions, RecognitionReady
from actors.ports.tts import (
    AudioSynthesized,
    PieceSynthesized,
    Synthesis,
    SynthesisEvent,
    SynthesisFinished,
    WordSynthesized,
)
from tests.load.script import ANSWER_MS, RATE_HZ, RECOGNITION_MS, REPLY_MS, SYNTHESIS_MS, is_voiced, tone

CHUNK_MS = 200
CHUNKS_AT_ONCE = 4
"""Audio comes in bursts of so many chunks, four times as fast as it is heard."""
TOKENS = ("That ", "is ", "a ", "good ", "question. ", "The ", "answer ", "takes ", "a ", "little ", "while.")


class _Activity:
    """Energy, frame by frame."""

    rate_hz = RATE_HZ
    window_samples = RATE_HZ // 50

    def probability(self, window: bytes) -> float:
        return 1.0 if is_voiced(window) else 0.0

    def reset(self) -> None:
        return


class _Recognizer:
    async def open(self, options: RecognitionOptions, report: Callable[[RecognitionEvent], None]) -> Recognition:
        report(RecognitionReady())
        return _Recognition(options.rate_hz, report)

    async def close(self) -> None:
        return


class _Recognition:
    """Understands the same whatever was said."""

    def __init__(self, rate_hz: int, report: Callable[[RecognitionEvent], None]) -> None:
        self._rate_hz = rate_hz
        self._report = report
        self._bytes = 0
        self._began_ms = 0
        self._closed = False

    def push(self, pcm: bytes) -> None:
        self._bytes += len(pcm)

    def finish_utterance(self) -> None:
        end_ms = self._bytes * 500 // self._rate_hz
        asyncio.get_running_loop().call_later(RECOGNITION_MS / 1000, self._final, end_ms)

    def _final(self, end_ms: int) -> None:
        if not self._closed:
            begin_ms, self._began_ms = self._began_ms, end_ms
            self._report(FinalTranscript(text="what are your opening hours", start_ms=begin_ms, end_ms=end_ms))

    async def close(self) -> None:
        self._closed = True


class _Model:
    async def reply(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
        await asyncio.sleep(ANSWER_MS / 1000)
        for token in TOKENS:
            yield TextGenerated(token)
        yield ReplyGenerated()

    async def close(self) -> None:
        return


@cache
def _chunk(rate_hz: int) -> bytes:
    return tone(CHUNK_MS, 300, 6_000, rate_hz)


class _Synthesizer:
    async def open(self, voice: Voice, rate_hz: int, report: Callable[[SynthesisEvent], None]) -> Synthesis:
        return _Synthesis(rate_hz, report)

    async def close(self) -> None:
        return


class _Synthesis:
    """The first piece of a reply lasts `REPLY_MS`; what follows it is not worth a sound. One copy of PCM serves all."""

    def __init__(self, rate_hz: int, report: Callable[[SynthesisEvent], None]) -> None:
        self._pcm = _chunk(rate_hz)
        self._report = report
        self._written: dict[int, int] = {}
        self._finished: set[int] = set()
        self._made_ms: dict[int, int] = {}
        self._closed = False

    def write(self, reply: int, text: str) -> None:
        first = reply not in self._written
        self._written[reply] = self._written.get(reply, 0) + len(text)
        if first:
            self._made_ms[reply] = 0
            asyncio.get_running_loop().call_later(SYNTHESIS_MS / 1000, self._make, reply)
        elif reply not in self._made_ms:
            self._report(PieceSynthesized(reply, self._written[reply], REPLY_MS))

    def _make(self, reply: int) -> None:
        if self._closed or reply not in self._written:
            return
        for _ in range(CHUNKS_AT_ONCE):
            at_ms = self._made_ms[reply]
            if at_ms >= REPLY_MS:
                self._complete(reply)
                return
            begins = min(at_ms // 50, self._written[reply])
            self._report(AudioSynthesized(reply, self._pcm))
            self._report(
                WordSynthesized(
                    reply=reply, text_start=begins, text_end=min(begins + 4, self._written[reply]), audio_ms=at_ms
                )
            )
            self._made_ms[reply] = at_ms + CHUNK_MS
        asyncio.get_running_loop().call_later(CHUNK_MS / 1000, self._make, reply)

    def _complete(self, reply: int) -> None:
        self._report(PieceSynthesized(reply, self._written[reply], self._made_ms.pop(reply)))
        self._finish_if_complete(reply)

    def _finish_if_complete(self, reply: int) -> None:
        if reply in self._finished and reply in self._written and reply not in self._made_ms:
            self._finished.discard(reply)
            del self._written[reply]
            self._report(SynthesisFinished(reply))

    def finish(self, reply: int) -> None:
        self._finished.add(reply)
        self._finish_if_complete(reply)

    def cancel(self, reply: int) -> None:
        self._written.pop(reply, None)
        self._made_ms.pop(reply, None)
        self._finished.discard(reply)

    async def close(self) -> None:
        self._closed = True


def voice_activity() -> _Activity:
    """A plug-in."""
    return _Activity()


def recognizer() -> _Recognizer:
    """A plug-in."""
    return _Recognizer()


def model() -> _Model:
    """A plug-in."""
    return _Model()


def synthesizer() -> _Synthesizer:
    """A plug-in."""
    return _Synthesizer()

"""The local recognizer as a whole: real threads and weights, a synthetic caller with noise."""

import asyncio
import threading
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import pytest

from actors.errors import ErrorKind, RecognizerError
from actors.messages.transcript import FinalTranscript, InterimTranscript, NoSpeechRecognized
from actors.ports.stt import Recognition, RecognitionEvent, RecognitionFailed, RecognitionOptions, RecognitionReady
from app.dialogue.words import plain
from app.providers.failover.providers import PartlyReadyError
from app.providers.moonshine import recognizer as module
from app.providers.moonshine.recognizer import MoonshineRecognizer
from tests.kit.speech import call, resampled, silence, white_noise

PHRASES = ("i want to cancel my appointment", "what are your opening hours", "yes please")
OPTIONS = RecognitionOptions(session_id="test", phrases=PHRASES)
FRAME_BYTES = 640

Settled = FinalTranscript | NoSpeechRecognized | RecognitionFailed


class Listener:
    """Everything one stream reported."""

    def __init__(self) -> None:
        self.events: list[RecognitionEvent] = []
        self._changed = asyncio.Event()

    def __call__(self, event: RecognitionEvent) -> None:
        self.events.append(event)
        self._changed.set()

    async def settled(self, count: int = 1) -> Settled:
        """The `count`th event that ends an utterance or the stream."""
        async with asyncio.timeout(30):
            while True:
                ends = [event for event in self.events if isinstance(event, Settled)]
                if len(ends) >= count:
                    return ends[count - 1]
                self._changed.clear()
                await self._changed.wait()


@pytest.fixture
async def recognizer(weights_read_once: None) -> AsyncIterator[MoonshineRecognizer]:
    engine = MoonshineRecognizer()
    yield engine
    await engine.close()


def push(stream: Recognition, pcm: bytes) -> None:
    for at in range(0, len(pcm), FRAME_BYTES):
        stream.push(pcm[at : at + FRAME_BYTES])


def speak(stream: Recognition, pcm: bytes) -> None:
    push(stream, pcm)
    stream.finish_utterance()


def words(settled: Settled) -> str:
    return plain(settled.text) if isinstance(settled, FinalTranscript) else type(settled).__name__


async def test_sentences_in_noise_become_words(recognizer: MoonshineRecognizer) -> None:
    listener = Listener()
    stream = await recognizer.open(OPTIONS, listener)
    spoken = ("i want to cancel my appointment", "what are your opening hours", "how much does it cost")
    for number, pcm in enumerate(call(*spoken), start=1):
        speak(stream, pcm)
        assert words(await listener.settled(number)) == spoken[number - 1]
    assert listener.events[0] == RecognitionReady()
    await stream.close()


async def test_words_come_while_somebody_speaks(recognizer: MoonshineRecognizer) -> None:
    listener = Listener()
    stream = await recognizer.open(OPTIONS, listener)
    (pcm,) = call("i would like to cancel my appointment on friday", snr_db=30.0)
    for at in range(0, len(pcm), FRAME_BYTES):
        stream.push(pcm[at : at + FRAME_BYTES])
        await asyncio.sleep(0.02)
    stream.finish_utterance()
    await listener.settled()
    interims = [plain(event.text) for event in listener.events if isinstance(event, InterimTranscript)]
    assert len(interims) >= 2
    assert interims[-1] == words(await listener.settled())


async def test_positions_are_those_of_the_streams_audio(recognizer: MoonshineRecognizer) -> None:
    listener = Listener()
    stream = await recognizer.open(OPTIONS, listener)
    (pcm,) = call("what are your opening hours", pause_ms=1_500)
    speak(stream, pcm)
    first = await listener.settled(1)
    speak(stream, pcm)
    second = await listener.settled(2)
    assert isinstance(first, FinalTranscript)
    assert isinstance(second, FinalTranscript)
    assert 1_000 <= first.start_ms < 1_800
    assert 1_800 < first.end_ms <= len(pcm) / 32 - 1_000
    assert second.start_ms - first.start_ms == pytest.approx(len(pcm) / 32, abs=200)


async def test_silence_and_noise_are_nothing(recognizer: MoonshineRecognizer) -> None:
    listener = Listener()
    stream = await recognizer.open(OPTIONS, listener)
    for number, pcm in enumerate((silence(700), white_noise(2_000, 300.0), b""), start=1):
        speak(stream, pcm)
        assert isinstance(await listener.settled(number), NoSpeechRecognized)


async def test_other_rates_are_resampled(recognizer: MoonshineRecognizer) -> None:
    listener = Listener()
    stream = await recognizer.open(RecognitionOptions(session_id="test", rate_hz=24_000), listener)
    (pcm,) = call("what are your opening hours", snr_db=30.0)
    speak(stream, resampled(pcm, 16_000, 24_000))
    assert words(await listener.settled()) == "what are your opening hours"


async def test_streams_share_one_model_and_do_not_mix(recognizer: MoonshineRecognizer) -> None:
    listeners = [Listener(), Listener()]
    before = threading.active_count()
    await recognizer.prepare(PHRASES)
    threads = threading.active_count() - before
    streams = [await recognizer.open(OPTIONS, listener) for listener in listeners]
    assert threading.active_count() - before == threads
    pcms = call("i want to cancel my appointment", "how much does it cost", snr_db=30.0)
    for at in range(0, max(map(len, pcms)), FRAME_BYTES):
        for stream, pcm in zip(streams, pcms, strict=True):
            stream.push(pcm[at : at + FRAME_BYTES])
    for stream in streams:
        stream.finish_utterance()
    heard = [words(await listener.settled()) for listener in listeners]
    assert heard == ["i want to cancel my appointment", "how much does it cost"]


async def test_a_fault_ends_its_own_stream_only(
    recognizer: MoonshineRecognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, whole = Listener(), Listener()
    stream: Any = await recognizer.open(OPTIONS, broken)
    other = await recognizer.open(OPTIONS, whole)

    def fail(pcm: bytes) -> bytes:
        raise ValueError(pcm[:0])

    monkeypatch.setattr(stream, "_resample", fail)
    push(stream, silence(200))
    failed = await broken.settled()
    assert isinstance(failed, RecognitionFailed)
    assert failed.kind is ErrorKind.INTERNAL
    speak(other, call("how much does it cost")[0])
    assert words(await whole.settled()) == "how much does it cost"


async def test_audio_that_waits_too_long_ends_the_stream(
    recognizer: MoonshineRecognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BACKLOG_MAX_MS", 1_000)
    listener = Listener()
    stream = await recognizer.open(OPTIONS, listener)
    stream.push(silence(1_100))
    failed = await listener.settled()
    assert isinstance(failed, RecognitionFailed)
    assert failed.kind is ErrorKind.THROTTLED


async def test_nothing_more_is_kept_of_a_stream_that_is_given_up(
    recognizer: MoonshineRecognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the thread that owns the streams hangs."""
    monkeypatch.setattr(module, "BACKLOG_MAX_MS", 1_000)
    stream = await recognizer.open(OPTIONS, Listener())
    listening = recognizer._listening
    assert listening is not None
    hangs = threading.Event()
    listening.do(partial(hangs.wait, 10))  # type: ignore[arg-type]  # what it returns is nobody's
    for _ in range(200):
        stream.push(silence(100))
        stream.finish_utterance()
    waiting = listening._work.qsize()
    hangs.set()
    assert waiting < 50


async def test_readiness_tells_of_late_transcripts(recognizer: MoonshineRecognizer) -> None:
    assert await recognizer.ready() == ""
    await recognizer.prepare(PHRASES)
    assert await recognizer.ready() == ""
    listening = recognizer._listening
    assert listening is not None
    listening.lateness.final_told(listening.lateness.now() - 3.0)
    with pytest.raises(PartlyReadyError, match="1 transcripts of the last minute came over a second late"):
        await recognizer.ready()


async def test_readiness_sees_a_thread_that_hangs(
    recognizer: MoonshineRecognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await recognizer.prepare(PHRASES)
    monkeypatch.setattr(module, "STUCK_S", -1.0)
    with pytest.raises(RecognizerError, match="moonshine hangs"):
        await recognizer.ready()


async def test_closing_the_engine_ends_its_threads_and_reports_nothing() -> None:
    engine, listener = MoonshineRecognizer(), Listener()
    stream = await engine.open(OPTIONS, listener)
    listening = engine._listening
    assert listening is not None
    await engine.close()
    for thread in (listening._thread, *listening.decodings._threads):
        await asyncio.to_thread(thread.join, 10)
        assert not thread.is_alive()
    push(stream, silence(200))
    stream.finish_utterance()
    await stream.close()
    assert not [event for event in listener.events if isinstance(event, Settled)]
    with pytest.raises(RecognizerError, match="closed"):
        await engine.open(OPTIONS, listener)


async def test_only_english_is_understood(recognizer: MoonshineRecognizer) -> None:
    with pytest.raises(RecognizerError) as raised:
        await recognizer.open(RecognitionOptions(session_id="test", languages=("de-DE",)), Listener())
    assert raised.value.kind is ErrorKind.BAD_REQUEST


async def test_without_weights_it_says_what_is_missing(
    recognizer: MoonshineRecognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "weights", lambda: None)
    with pytest.raises(RecognizerError, match=r"moonshine-voice 0\.1\.0") as raised:
        await recognizer.prepare(PHRASES)
    assert raised.value.kind is ErrorKind.UNAVAILABLE


async def test_weights_that_cannot_be_read_are_an_error(
    recognizer: MoonshineRecognizer, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("empty")
    monkeypatch.setattr(module, "weights", lambda: folder)
    with pytest.raises(RecognizerError, match="cannot be loaded"):
        await recognizer.open(OPTIONS, Listener())

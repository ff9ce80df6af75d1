"""The local recognizer as a whole: real worker processes, synthetic callers with noise."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from actors.errors import ErrorKind, RecognizerError
from actors.messages.transcript import FinalTranscript, InterimTranscript, NoSpeechRecognized
from actors.ports.stt import Recognition, RecognitionEvent, RecognitionFailed, RecognitionOptions, RecognitionReady
from app.providers import child_process
from app.providers.engine_process import REPOSITORY
from app.providers.pocketsphinx.recognizer import PocketsphinxRecognizer
from tests.kit.speech import FLITE, FLITE_ALSO, call, resampled, silence, white_noise

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday")
PHRASES = (
    *(f"i would like to book an appointment on {day}" for day in DAYS),
    *(f"can i move my appointment to {day}" for day in DAYS),
    "i want to cancel my appointment", "what are your opening hours", "how much does it cost",
    "i want to talk to a person", "yes", "yes please", "no", "no thank you", "that is all", "goodbye",
)  # fmt: skip
OPTIONS = RecognitionOptions(session_id="test", phrases=PHRASES)
CHUNK_BYTES = 640

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
        async with asyncio.timeout(60):
            while True:
                ends = [event for event in self.events if isinstance(event, Settled)]
                if len(ends) >= count:
                    return ends[count - 1]
                self._changed.clear()
                await self._changed.wait()


@pytest.fixture
async def recognizer() -> AsyncIterator[PocketsphinxRecognizer]:
    engine = PocketsphinxRecognizer(workers_max=1)
    yield engine
    await engine.close()


def speak(stream: Recognition, pcm: bytes) -> None:
    for at in range(0, len(pcm), CHUNK_BYTES):
        stream.push(pcm[at : at + CHUNK_BYTES])
    stream.finish_utterance()


def worker_pids(engine: PocketsphinxRecognizer) -> list[int]:
    return [pid for worker in engine._workers if (pid := worker.process.pid) is not None]


async def test_sentences_in_noise_become_words(recognizer: PocketsphinxRecognizer) -> None:
    listener = Listener()
    stream = await recognizer.open(OPTIONS, listener)
    spoken = ("i want to cancel my appointment", "can i move my appointment to friday", "how much does it cost")
    texts = []
    for number, pcm in enumerate(call(*spoken, voice=FLITE), start=1):
        speak(stream, pcm)
        final = await listener.settled(number)
        texts.append(final.text if isinstance(final, FinalTranscript) else "")
    assert listener.events[0] == RecognitionReady()
    assert "cancel my appointment" in texts[0]
    assert texts[1].endswith("my appointment to friday")
    assert "cost" in texts[2]
    partials = [event for event in listener.events if isinstance(event, InterimTranscript)]
    assert len(partials) > 6
    await stream.close()


async def test_positions_are_those_of_the_streams_audio(recognizer: PocketsphinxRecognizer) -> None:
    listener = Listener()
    stream = await recognizer.open(OPTIONS, listener)
    (pcm,) = call("yes please", pause_ms=1_500)
    speak(stream, pcm)
    first = await listener.settled(1)
    speak(stream, pcm)
    second = await listener.settled(2)
    assert isinstance(first, FinalTranscript)
    assert isinstance(second, FinalTranscript)
    assert 900 <= first.start_ms < 1_800
    assert 1_800 < first.end_ms <= len(pcm) / 32 - 1_000
    assert second.start_ms - first.start_ms == pytest.approx(len(pcm) / 32, abs=200)


async def test_silence_and_noise_are_nothing(recognizer: PocketsphinxRecognizer) -> None:
    listener = Listener()
    stream = await recognizer.open(OPTIONS, listener)
    for number, pcm in enumerate((silence(700), white_noise(2_000, 300.0), b""), start=1):
        speak(stream, pcm)
        assert isinstance(await listener.settled(number), NoSpeechRecognized)


async def test_other_rates_are_resampled(recognizer: PocketsphinxRecognizer) -> None:
    listener = Listener()
    stream = await recognizer.open(RecognitionOptions(session_id="test", rate_hz=24_000, phrases=PHRASES), listener)
    (pcm,) = call("what are your opening hours", voice=FLITE_ALSO, snr_db=30.0)
    speak(stream, resampled(pcm, 16_000, 24_000))
    final = await listener.settled()
    assert isinstance(final, FinalTranscript)
    assert "opening hours" in final.text


async def test_streams_of_one_worker_do_not_mix(recognizer: PocketsphinxRecognizer) -> None:
    listeners = [Listener(), Listener()]
    streams = [await recognizer.open(OPTIONS, listener) for listener in listeners]
    pcms = call("can i move my appointment to friday", "how much does it cost", snr_db=30.0)
    for at in range(0, max(map(len, pcms)), CHUNK_BYTES):
        for stream, pcm in zip(streams, pcms, strict=True):
            stream.push(pcm[at : at + CHUNK_BYTES])
    for stream in streams:
        stream.finish_utterance()
    finals = [await listener.settled() for listener in listeners]
    assert len(worker_pids(recognizer)) == 1
    assert all(isinstance(final, FinalTranscript) for final in finals)
    assert "appointment" in getattr(finals[0], "text", "")
    assert "cost" in getattr(finals[1], "text", "")


async def test_a_dead_worker_fails_its_streams_and_is_replaced(recognizer: PocketsphinxRecognizer) -> None:
    listener = Listener()
    await recognizer.prepare(PHRASES)
    await recognizer.open(OPTIONS, listener)
    (pid,) = worker_pids(recognizer)
    os.kill(pid, signal.SIGKILL)
    failed = await listener.settled()
    assert isinstance(failed, RecognitionFailed)
    assert failed.kind is ErrorKind.UNAVAILABLE
    again = Listener()
    stream = await recognizer.open(OPTIONS, again)
    speak(stream, call("yes please")[0])
    assert isinstance(await again.settled(), FinalTranscript)
    assert worker_pids(recognizer) != [pid]


async def test_a_hung_worker_is_killed(recognizer: PocketsphinxRecognizer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child_process, "QUESTION_S", 0.2)
    listener = Listener()
    await recognizer.prepare(PHRASES)
    stream = await recognizer.open(OPTIONS, listener)
    (pid,) = worker_pids(recognizer)
    assert await recognizer.ready() == ""
    os.kill(pid, signal.SIGSTOP)
    stream.push(silence(20))
    failed = await listener.settled()
    assert isinstance(failed, RecognitionFailed)
    assert failed.kind is ErrorKind.TIMEOUT
    again = Listener()
    speak(await recognizer.open(OPTIONS, again), call("yes please")[0])
    assert isinstance(await again.settled(), FinalTranscript)


async def test_readiness_sees_a_worker_that_hangs(recognizer: PocketsphinxRecognizer) -> None:
    await recognizer.prepare(PHRASES)
    (pid,) = worker_pids(recognizer)
    os.kill(pid, signal.SIGSTOP)
    with pytest.raises(RecognizerError, match="does not answer"):
        await recognizer.ready()


async def test_signals_to_the_group_do_not_end_a_worker(recognizer: PocketsphinxRecognizer) -> None:
    listener = Listener()
    await recognizer.prepare(PHRASES)
    stream = await recognizer.open(OPTIONS, listener)
    for pid in worker_pids(recognizer):
        os.kill(pid, signal.SIGTERM)
        os.kill(pid, signal.SIGINT)
    speak(stream, silence(200))
    assert isinstance(await listener.settled(), NoSpeechRecognized)


async def test_closing_the_engine_leaves_no_process_and_reports_nothing() -> None:
    engine = PocketsphinxRecognizer(workers_max=1)
    listener = Listener()
    await engine.prepare(PHRASES)
    stream = await engine.open(OPTIONS, listener)
    (pid,) = worker_pids(engine)
    began = time.monotonic()
    await engine.close()
    assert time.monotonic() - began < 2
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    stream.push(silence(20))
    stream.finish_utterance()
    await stream.close()
    assert not [event for event in listener.events if isinstance(event, Settled)]
    with pytest.raises(RecognizerError):
        await engine.open(OPTIONS, listener)


async def test_a_closed_stream_reports_nothing(recognizer: PocketsphinxRecognizer) -> None:
    closed, open_ = Listener(), Listener()
    stream = await recognizer.open(OPTIONS, closed)
    other = await recognizer.open(OPTIONS, open_)
    speak(stream, call("yes please")[0])
    await stream.close()
    speak(other, silence(200))
    await open_.settled()
    assert not [event for event in closed.events if isinstance(event, Settled)]


async def test_only_english_is_understood(recognizer: PocketsphinxRecognizer) -> None:
    with pytest.raises(RecognizerError) as raised:
        await recognizer.open(RecognitionOptions(session_id="test", languages=("de-DE",)), Listener())
    assert raised.value.kind is ErrorKind.BAD_REQUEST
    assert worker_pids(recognizer) == []


async def test_a_busy_worker_gets_company() -> None:
    engine = PocketsphinxRecognizer(workers_max=2, streams_per_worker=1)
    try:
        for _ in range(3):
            await engine.open(OPTIONS, Listener())
        assert len(worker_pids(engine)) == 2
    finally:
        await engine.close()


ORPHAN = """
import asyncio, sys
from app.providers.pocketsphinx.recognizer import PocketsphinxRecognizer

async def main():
    engine = PocketsphinxRecognizer(workers_max=1)
    await engine.prepare(("yes",))
    print(engine._workers[0].process.pid, flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


async def test_a_worker_ends_with_its_server() -> None:
    server = await asyncio.create_subprocess_exec(
        sys.executable, "-c", ORPHAN, cwd=REPOSITORY, stdout=asyncio.subprocess.PIPE
    )
    assert server.stdout is not None
    worker = int(await asyncio.wait_for(server.stdout.readline(), 60))
    assert runs(worker)
    server.kill()
    await server.wait()
    for _ in range(100):
        if not runs(worker):
            return
        await asyncio.sleep(0.05)
    pytest.fail("the worker outlives its server")


def runs(pid: int) -> bool:
    """True while the process exists and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False

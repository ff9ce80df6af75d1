"""What is espeak's own: its process, its turns, its voices. The rest is in the contract suite."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import numpy
import pytest

from actors.agent import Voice
from actors.errors import ErrorKind, SynthesizerError
from actors.ports.tts import (
    AudioSynthesized,
    PieceSynthesized,
    Synthesis,
    SynthesisEvent,
    SynthesisFailed,
    SynthesisFinished,
    WordSynthesized,
)
from app.providers import child_process
from app.providers.espeak import synthesizer as espeak_synthesizer
from app.providers.espeak.synthesizer import EspeakSynthesizer

ROOT = Path(__file__).parents[4]
RATE_HZ = 16_000
WITHIN_S = 20.0


class Speaker:
    """One stream, what it reported, and when."""

    def __init__(self) -> None:
        self.events: list[SynthesisEvent] = []
        self.times: list[float] = []
        self.stream: Synthesis
        self._changed = asyncio.Event()

    def report(self, event: SynthesisEvent) -> None:
        self.events.append(event)
        self.times.append(time.perf_counter())
        self._changed.set()

    async def until(self, wanted: Callable[[list[SynthesisEvent]], bool]) -> None:
        async with asyncio.timeout(WITHIN_S):
            while not wanted(self.events):
                self._changed.clear()
                await self._changed.wait()

    async def until_told_of(self, reply: int) -> None:
        await self.until(lambda events: any(event.reply == reply for event in events))

    async def say(self, reply: int, *pieces: str) -> bytes:
        for piece in pieces:
            self.stream.write(reply, piece)
        self.stream.finish(reply)
        await self.until(lambda events: SynthesisFinished(reply) in events)
        return self.audio(reply)

    def audio(self, reply: int) -> bytes:
        return b"".join(e.pcm for e in self.events if isinstance(e, AudioSynthesized) and e.reply == reply)


@pytest.fixture
async def engine() -> AsyncIterator[EspeakSynthesizer]:
    synthesizer = EspeakSynthesizer()
    yield synthesizer
    await synthesizer.close()


async def speaker(engine: EspeakSynthesizer, voice: Voice | None = None, rate_hz: int = RATE_HZ) -> Speaker:
    made = Speaker()
    made.stream = await engine.open(voice or Voice(), rate_hz, made.report)
    return made


def ms(pcm: bytes) -> float:
    return len(pcm) / 2 * 1000 / RATE_HZ


def pauses_ms(pcm: bytes) -> list[float]:
    """Silences of at least 80 ms, edges included."""
    loud = numpy.flatnonzero(numpy.abs(numpy.frombuffer(pcm, numpy.int16).astype(int)) > 100)
    gaps = numpy.diff(loud, prepend=0, append=len(pcm) // 2) * 1000 / RATE_HZ
    return [float(gap) for gap in gaps if gap >= 80]


def exists(pid: int) -> bool:
    """True for a zombie too."""
    return Path(f"/proc/{pid}").exists()


def alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


async def until_dead(pid: int) -> None:
    deadline = time.monotonic() + WITHIN_S
    while alive(pid):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


async def test_text_in_pieces_sounds_like_text_in_one(engine: EspeakSynthesizer) -> None:
    one = await speaker(engine)
    whole = await one.say(1, "Your visit is on Monday. Is that fine, or do you want another day?")
    pieces = await one.say(2, "Your visit is on Monday. ", "Is that fine, ", "or do you want another day?")
    assert pauses_ms(pieces) == pytest.approx(pauses_ms(whole), abs=40)
    assert len(pauses_ms(whole)) == 2
    assert ms(pieces) == pytest.approx(ms(whole), rel=0.1)


@pytest.mark.parametrize("silent", ["", " \n ", "😀", "🇩🇪 ❤️", "...", "\x00\x01"])
async def test_what_is_not_spoken_makes_no_audio(engine: EspeakSynthesizer, silent: str) -> None:
    one = await speaker(engine)
    assert await one.say(1, silent) == b""
    assert one.events == [PieceSynthesized(1, len(silent), 0.0), SynthesisFinished(1)]


@pytest.mark.parametrize(
    "markup", ["<speak>yes</speak>", "<break time='9s'/> yes", "[[jEs]]", "\x01250S yes", "&lt; yes"]
)
async def test_nothing_in_a_text_steers_the_engine(engine: EspeakSynthesizer, markup: str) -> None:
    one = await speaker(engine)
    before = await one.say(1, "Yes.")
    assert 200 < ms(await one.say(2, markup)) < 8_000
    assert ms(await one.say(3, "Yes.")) == pytest.approx(ms(before), abs=10)


async def test_half_a_character_is_survived(engine: EspeakSynthesizer) -> None:
    one = await speaker(engine)
    await one.say(1, "Good \ud83d morning.")
    spans = [(event.text_start, event.text_end) for event in one.events if isinstance(event, WordSynthesized)]
    assert spans[-1] == (7, 14)


async def test_a_title_is_not_the_end_of_a_sentence(engine: EspeakSynthesizer) -> None:
    one = await speaker(engine)
    assert pauses_ms(await one.say(1, "You will see Dr. Miller.")) == []


async def test_a_voice_is_heard(engine: EspeakSynthesizer) -> None:
    text = "The same words, said in another way."
    usual = await (await speaker(engine)).say(1, text)
    fast = await (await speaker(engine, Voice(rate=1.5))).say(1, text)
    high = await (await speaker(engine, Voice(pitch=1.6))).say(1, text)
    other = await (await speaker(engine, Voice(name="en-us+f3"))).say(1, text)
    german = await (await speaker(engine, Voice(language="de-DE"))).say(1, text)
    assert ms(fast) < 0.85 * ms(usual)
    assert len({usual, high, other, german}) == 4


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "en-us+", "x" * 1_000, "en\x00us"])
async def test_a_name_that_is_none_means_the_default(engine: EspeakSynthesizer, name: str) -> None:
    usual = await (await speaker(engine)).say(1, "Good morning.")
    assert ms(await (await speaker(engine, Voice(name=name))).say(1, "Good morning.")) == pytest.approx(
        ms(usual), abs=10
    )


async def test_a_reply_waits_for_the_one_before_it(engine: EspeakSynthesizer) -> None:
    one = await speaker(engine)
    one.stream.write(1, "First. ")
    one.stream.write(2, "Second.")
    one.stream.finish(2)
    await one.say(1, "Still the first.")
    await one.until(lambda events: SynthesisFinished(2) in events)
    numbers = [event.reply for event in one.events]
    assert numbers == sorted(numbers)


async def test_a_long_text_does_not_fill_the_memory(engine: EspeakSynthesizer) -> None:
    one = await speaker(engine)
    one.stream.write(1, "This sentence is one of very many that say the same, over and over again. " * 150)
    one.stream.finish(1)
    await one.until(lambda _: ms(one.audio(1)) > 29_000)
    await asyncio.sleep(0.3)
    assert ms(one.audio(1)) < 42_000


async def test_a_long_text_does_not_keep_others_waiting(engine: EspeakSynthesizer) -> None:
    talker, one = await speaker(engine), await speaker(engine)
    waits_ms = []
    for reply in range(1, 10):
        talker.stream.write(reply, "This sentence is one of very many that say the same, over and over again. " * 100)
        await talker.until_told_of(reply)
        written_at, told = time.perf_counter(), len(one.events)
        one.stream.write(reply, "Good morning.")
        await one.until_told_of(reply)
        waits_ms.append((one.times[told] - written_at) * 1000)
        one.stream.cancel(reply)
        talker.stream.cancel(reply)
    assert sorted(waits_ms)[len(waits_ms) // 2] < 60


async def test_a_killed_process_fails_what_it_owed_and_nothing_else(engine: EspeakSynthesizer) -> None:
    owed, idle = await speaker(engine), await speaker(engine)
    await idle.say(1, "Good morning.")
    told = len(idle.events)
    owed.stream.write(4, "This is not going to be said. " * 50)
    owed.stream.write(5, "Nor is this.")
    killed = engine.pid
    assert killed is not None
    os.kill(killed, signal.SIGKILL)
    await owed.until(lambda events: sum(isinstance(event, SynthesisFailed) for event in events) == 2)
    failures = [event for event in owed.events if isinstance(event, SynthesisFailed)]
    assert [(failure.reply, failure.kind) for failure in failures] == [
        (4, ErrorKind.UNAVAILABLE),
        (5, ErrorKind.UNAVAILABLE),
    ]
    assert owed.events[-1] == failures[-1]
    owed.stream.write(4, "Too late.")
    owed.stream.finish(4)
    assert 300 < ms(await owed.say(6, "Good morning.")) < 3_000
    assert 300 < ms(await idle.say(2, "Good morning.")) < 3_000
    assert not any(isinstance(event, SynthesisFailed) for event in idle.events[told:])
    assert engine.pid != killed
    assert not any(event.reply == 4 for event in owed.events[owed.events.index(failures[-1]) :])
    await until_dead(killed)


async def test_a_process_that_hangs_is_replaced(engine: EspeakSynthesizer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child_process, "QUESTION_S", 0.2)
    one = await speaker(engine)
    await one.say(1, "Good morning.")
    assert await engine.ready() == ""
    hung = engine.pid
    assert hung is not None
    os.kill(hung, signal.SIGSTOP)
    one.stream.write(2, "This is not going to be said.")
    await one.until(lambda events: any(isinstance(event, SynthesisFailed) for event in events))
    assert one.events[-1] == SynthesisFailed(2, ErrorKind.TIMEOUT, "the synthesis process does not answer")
    assert ms(await one.say(3, "Good morning.")) > 300
    assert engine.pid != hung
    await until_dead(hung)


async def test_readiness_sees_a_process_that_hangs(engine: EspeakSynthesizer) -> None:
    await (await speaker(engine)).say(1, "Good morning.")
    assert engine.pid is not None
    os.kill(engine.pid, signal.SIGSTOP)
    with pytest.raises(SynthesizerError, match="does not answer"):
        await engine.ready()


async def test_a_process_that_is_busy_or_idle_is_not_replaced(
    engine: EspeakSynthesizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child_process, "QUESTION_S", 0.1)
    one = await speaker(engine)
    pid = engine.pid
    one.stream.write(1, "This sentence is one of very many that say the same, over and over again. " * 150)
    await one.until(lambda _: ms(one.audio(1)) > 29_000)
    await asyncio.sleep(1)
    one.stream.cancel(1)
    await asyncio.sleep(1)
    assert engine.pid == pid


async def test_a_process_that_cannot_start_is_an_error(
    engine: EspeakSynthesizer, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(espeak_synthesizer, "PROGRAM", "app.providers.no_such_program")
    with pytest.raises(SynthesizerError) as failure:
        await speaker(engine)
    assert failure.value.kind is ErrorKind.UNAVAILABLE
    monkeypatch.undo()
    assert ms(await (await speaker(engine)).say(1, "Good morning.")) > 300
    capfd.readouterr()


async def test_without_the_extra_it_says_so(engine: EspeakSynthesizer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(espeak_synthesizer, "find_spec", lambda _name: None)
    with pytest.raises(SynthesizerError, match="local"):
        await speaker(engine)


async def test_a_rate_it_cannot_make_is_refused(engine: EspeakSynthesizer) -> None:
    with pytest.raises(SynthesizerError) as failure:
        await speaker(engine, rate_hz=11_025)
    assert failure.value.kind is ErrorKind.BAD_REQUEST


async def test_closing_leaves_no_process(engine: EspeakSynthesizer) -> None:
    one = await speaker(engine)
    one.stream.write(1, "This is being said. " * 50)
    await one.until(bool)
    pid = engine.pid
    assert pid is not None
    async with asyncio.timeout(1.0):
        await engine.close()
    assert not exists(pid)


async def test_a_signal_to_the_group_leaves_it_speaking(engine: EspeakSynthesizer) -> None:
    one = await speaker(engine)
    pid = engine.pid
    assert pid is not None
    os.kill(pid, signal.SIGTERM)
    os.kill(pid, signal.SIGINT)
    await one.say(1, "Good morning.")
    assert engine.pid == pid


async def test_it_ends_with_a_server_that_was_killed() -> None:
    program = (
        "import asyncio\n"
        "from actors.agent import Voice\n"
        "from app.providers.espeak.synthesizer import EspeakSynthesizer\n"
        "async def main():\n"
        "    engine = EspeakSynthesizer()\n"
        "    await engine.open(Voice(), 16000, lambda event: None)\n"
        "    print(engine.pid, flush=True)\n"
        "    await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    server = await asyncio.create_subprocess_exec(sys.executable, "-c", program, cwd=ROOT, stdout=subprocess.PIPE)
    assert server.stdout is not None
    pid = int(await server.stdout.readline())
    assert alive(pid)
    server.kill()
    await server.wait()
    await until_dead(pid)


def test_the_server_does_not_load_the_engine() -> None:
    program = (
        "import sys\n"
        "import app.providers.espeak.synthesizer\n"
        "engine = ('espeakng_loader', 'soxr', 'numpy', 'app.providers.espeak.engine')\n"
        "print([name for name in engine if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

"""What every speech recognizer does, whatever it makes of the sound."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable

import pytest

from actors.messages.transcript import FinalTranscript, InterimTranscript, NoSpeechRecognized
from actors.ports.stt import (
    Recognition,
    RecognitionEvent,
    RecognitionFailed,
    RecognitionOptions,
    RecognitionReady,
    SpeechRecognizer,
)
from app.dialogue.words import plain
from tests.kit.speech import BYTES_PER_MS, resampled, say, silence
from tests.service.contract.adapters import RECOGNIZERS, Recognizing

pytestmark = pytest.mark.skipif(shutil.which("flite") is None, reason="flite speaks the caller's part")

WITHIN_S = 30.0
LATE_S = 0.3
"""How long an event that must not come is waited for."""
FRAME_BYTES = 20 * BYTES_PER_MS
PHRASES = ("yes please", "no thank you", "what are your opening hours")


class Listener:
    """One stream and everything it reported."""

    def __init__(self) -> None:
        self.events: list[RecognitionEvent] = []
        self.stream: Recognition
        self.pushed_ms = 0.0
        self._changed = asyncio.Event()

    def report(self, event: RecognitionEvent) -> None:
        self.events.append(event)
        self._changed.set()

    async def until(self, wanted: Callable[[list[RecognitionEvent]], bool]) -> None:
        async with asyncio.timeout(WITHIN_S):
            while not wanted(self.events):
                self._changed.clear()
                await self._changed.wait()

    def push(self, pcm: bytes, frame_bytes: int = FRAME_BYTES) -> None:
        for at in range(0, len(pcm), frame_bytes):
            self.stream.push(pcm[at : at + frame_bytes])
        self.pushed_ms += len(pcm) / BYTES_PER_MS

    async def hear(self, pcm: bytes, frame_bytes: int = FRAME_BYTES) -> FinalTranscript | NoSpeechRecognized:
        """Push an utterance, finish it, and wait for what became of it."""
        before = len(self.outcomes)
        self.push(pcm, frame_bytes)
        self.stream.finish_utterance()
        await self.until(lambda _: len(self.outcomes) > before)
        return self.outcomes[-1]

    @property
    def outcomes(self) -> list[FinalTranscript | NoSpeechRecognized]:
        return [event for event in self.events if isinstance(event, FinalTranscript | NoSpeechRecognized)]


async def listening(engine: SpeechRecognizer, rate_hz: int = 16_000) -> Listener:
    listener = Listener()
    listener.stream = await engine.open(
        RecognitionOptions(session_id="session", rate_hz=rate_hz, phrases=PHRASES), listener.report
    )
    return listener


@pytest.fixture(params=RECOGNIZERS, ids=lambda case: case.name)
async def recognizer(request: pytest.FixtureRequest, weights_read_once: None) -> AsyncIterator[SpeechRecognizer]:
    case: Recognizing = request.param
    engine = case.create()
    yield engine
    await engine.close()


@pytest.fixture(params=RECOGNIZERS, ids=lambda case: case.name)
async def silent(request: pytest.FixtureRequest, weights_read_once: None) -> AsyncIterator[SpeechRecognizer]:
    """A recognizer that is going to be given silence."""
    case: Recognizing = request.param
    engine = case.create_for_silence()
    yield engine
    await engine.close()


def spoken(text: str = "yes please") -> bytes:
    return silence(300) + say(text) + silence(400)


async def test_speech_becomes_a_final(recognizer: SpeechRecognizer) -> None:
    listener = await listening(recognizer)
    outcome = await listener.hear(spoken())
    assert listener.events[0] == RecognitionReady()
    assert listener.events.count(RecognitionReady()) == 1
    assert isinstance(outcome, FinalTranscript)
    assert plain(outcome.text) == "yes please"
    assert 0 <= outcome.start_ms < outcome.end_ms <= listener.pushed_ms + 1
    assert 0 <= outcome.confidence <= 1
    assert listener.events[-1] == outcome


async def test_partials_come_before_their_final(recognizer: SpeechRecognizer) -> None:
    listener = await listening(recognizer)
    listener.push(spoken())
    await listener.until(lambda events: any(isinstance(event, InterimTranscript) for event in events))
    outcome = await listener.hear(b"")
    partials = [event for event in listener.events if isinstance(event, InterimTranscript)]
    assert partials
    assert all(partial.text and 0 <= partial.start_ms < partial.end_ms for partial in partials)
    assert listener.events.index(partials[-1]) < listener.events.index(outcome)


async def test_utterances_follow_each_other(recognizer: SpeechRecognizer) -> None:
    listener = await listening(recognizer)
    outcomes = [await listener.hear(spoken()) for _ in range(3)]
    finals = [outcome for outcome in outcomes if isinstance(outcome, FinalTranscript)]
    assert [plain(final.text) for final in finals] == ["yes please"] * 3
    assert len({final.start_ms for final in finals}) == 3
    for earlier, later in zip(finals, finals[1:], strict=False):  # noqa: RUF007 - three of them
        assert earlier.end_ms <= later.start_ms


async def test_silence_is_nothing(silent: SpeechRecognizer) -> None:
    listener = await listening(silent)
    outcome = await listener.hear(silence(1_000))
    assert isinstance(outcome, NoSpeechRecognized)
    assert outcome.end_ms <= listener.pushed_ms + 1
    assert not any(isinstance(event, FinalTranscript | RecognitionFailed) for event in listener.events)


@pytest.mark.parametrize("frame_bytes", [2 * 37, 100 * BYTES_PER_MS, 10_000 * BYTES_PER_MS])
async def test_audio_may_be_cut_anyhow(recognizer: SpeechRecognizer, frame_bytes: int) -> None:
    listener = await listening(recognizer)
    outcome = await listener.hear(spoken(), frame_bytes)
    assert isinstance(outcome, FinalTranscript)
    assert plain(outcome.text) == "yes please"


async def test_positions_are_milliseconds_at_any_rate(recognizer: SpeechRecognizer) -> None:
    listener = await listening(recognizer, rate_hz=24_000)
    pcm = resampled(spoken(), 16_000, 24_000)
    outcome = await listener.hear(pcm)
    assert isinstance(outcome, FinalTranscript)
    assert outcome.end_ms <= len(pcm) / 48 + 1


async def test_streams_do_not_hear_each_other(recognizer: SpeechRecognizer) -> None:
    listeners = [await listening(recognizer) for _ in range(3)]
    outcomes = await asyncio.gather(*(listener.hear(spoken()) for listener in listeners))
    assert all(isinstance(outcome, FinalTranscript) for outcome in outcomes)
    assert [len(listener.outcomes) for listener in listeners] == [1, 1, 1]


async def test_nothing_is_told_by_a_closed_stream(recognizer: SpeechRecognizer) -> None:
    closed, other = await listening(recognizer), await listening(recognizer)
    closed.push(spoken())
    closed.stream.finish_utterance()
    async with asyncio.timeout(30):
        await closed.stream.close()
    told = len(closed.events)
    closed.push(spoken())
    closed.stream.finish_utterance()
    async with asyncio.timeout(30):
        await closed.stream.close()
    assert isinstance(await other.hear(spoken()), FinalTranscript)
    await asyncio.sleep(LATE_S)
    assert len(closed.events) == told


async def test_an_engine_can_be_closed_twice(recognizer: SpeechRecognizer) -> None:
    await listening(recognizer)
    await recognizer.close()
    await recognizer.close()

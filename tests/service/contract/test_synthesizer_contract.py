"""What every speech synthesizer does, whoever makes the sound."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable

import pytest

from actors.agent import Voice
from actors.errors import SynthesizerError
from actors.ports.tts import (
    AudioSynthesized,
    PieceSynthesized,
    SpeechSynthesizer,
    Synthesis,
    SynthesisEvent,
    SynthesisFailed,
    SynthesisFinished,
    WordSynthesized,
)
from tests.service.contract.adapters import SYNTHESIZERS, Synthesizing

WITHIN_S = 20.0
LATE_S = 0.3
"""How long an event that must not come is waited for."""
SAME_MS = 10.0
"""The same words by the same voice take the same time, give or take this."""


class Listener:
    """One stream and everything it reported."""

    def __init__(self, rate_hz: int) -> None:
        self.rate_hz = rate_hz
        self.events: list[SynthesisEvent] = []
        self.stream: Synthesis
        self._changed = asyncio.Event()

    def report(self, event: SynthesisEvent) -> None:
        self.events.append(event)
        self._changed.set()

    async def until(self, wanted: Callable[[list[SynthesisEvent]], bool]) -> None:
        async with asyncio.timeout(WITHIN_S):
            while not wanted(self.events):
                self._changed.clear()
                await self._changed.wait()

    async def say(self, reply: int, *pieces: str) -> list[SynthesisEvent]:
        for piece in pieces:
            self.stream.write(reply, piece)
        self.stream.finish(reply)
        await self.until(lambda events: SynthesisFinished(reply) in events)
        return self.of(reply)

    def of(self, reply: int) -> list[SynthesisEvent]:
        return [event for event in self.events if event.reply == reply]

    def audio_ms(self, events: list[SynthesisEvent]) -> float:
        return len(audio(events)) / 2 * 1000 / self.rate_hz


@pytest.fixture(params=SYNTHESIZERS, ids=lambda case: case.name)
async def synthesizer(request: pytest.FixtureRequest, weights_read_once: None) -> AsyncIterator[SpeechSynthesizer]:
    case: Synthesizing = request.param
    engine = case.create()
    yield engine
    await engine.close()


async def listening(engine: SpeechSynthesizer, rate_hz: int = 16_000, voice: Voice | None = None) -> Listener:
    listener = Listener(rate_hz)
    listener.stream = await engine.open(voice or Voice(), rate_hz, listener.report)
    return listener


def audio(events: list[SynthesisEvent]) -> bytes:
    return b"".join(event.pcm for event in events if isinstance(event, AudioSynthesized))


def words(events: list[SynthesisEvent]) -> list[WordSynthesized]:
    return [event for event in events if isinstance(event, WordSynthesized)]


def pieces(events: list[SynthesisEvent]) -> list[PieceSynthesized]:
    return [event for event in events if isinstance(event, PieceSynthesized)]


async def test_a_reply_is_audio_and_ends_once(synthesizer: SpeechSynthesizer) -> None:
    listener = await listening(synthesizer)
    events = await listener.say(1, "Good morning, how can I help you?")
    assert 500 < listener.audio_ms(events) < 10_000
    assert all(event.pcm and len(event.pcm) % 2 == 0 for event in events if isinstance(event, AudioSynthesized))
    assert events[-1] == SynthesisFinished(1)
    assert events.count(SynthesisFinished(1)) == 1
    assert not any(isinstance(event, SynthesisFailed) for event in events)


async def test_a_piece_is_told_when_all_its_audio_was(synthesizer: SpeechSynthesizer) -> None:
    listener = await listening(synthesizer)
    texts = ("First this. ", "Then, a little later, ", "that.")
    events = await listener.say(1, *texts)
    ends = [event.text_end for event in pieces(events)]
    assert ends == sorted(ends)
    assert ends[-1] == sum(map(len, texts))
    for at, event in enumerate(events):
        if isinstance(event, PieceSynthesized):
            assert event.audio_ms == pytest.approx(listener.audio_ms(events[:at]), abs=1.0)


async def test_words_are_told_in_order_and_in_time(synthesizer: SpeechSynthesizer) -> None:
    listener = await listening(synthesizer)
    texts = ("We are open on weekdays, ", "from nine to five. ", "Would you like to come in?")
    text = "".join(texts)
    events = await listener.say(1, *texts)
    told = words(events)
    spoken = [text[word.text_start : word.text_end].strip(".,?") for word in told]
    assert spoken == text.replace(",", "").replace(".", "").replace("?", "").split()
    for word, following in itertools.pairwise(told):
        assert word.text_start < word.text_end <= following.text_start
        assert word.audio_ms <= following.audio_ms
    for at, event in enumerate(events):
        if isinstance(event, WordSynthesized):
            assert listener.audio_ms(events[:at]) - event.audio_ms <= 200
            assert event.audio_ms < listener.audio_ms(events)


@pytest.mark.parametrize("pause_s", [0.0, 0.15])
async def test_positions_count_characters_of_all_text(synthesizer: SpeechSynthesizer, pause_s: float) -> None:
    listener = await listening(synthesizer)
    texts = ("The café, 😀 ", "naïve 🇩🇪 as it 你好 is, ", "closes.")
    for text in texts:
        listener.stream.write(1, text)
        await asyncio.sleep(pause_s)
    events = await listener.say(1)
    whole = "".join(texts)
    found = {whole[word.text_start : word.text_end].strip(",.") for word in words(events)}
    assert {"The", "café", "naïve", "as", "it", "is", "closes"} <= found
    assert pieces(events)[-1].text_end == len(whole)


async def test_audio_comes_before_the_reply_is_finished(synthesizer: SpeechSynthesizer) -> None:
    listener = await listening(synthesizer)
    listener.stream.write(1, "One moment. ")
    await listener.until(lambda events: bool(pieces(events)))
    assert listener.audio_ms(listener.events) > 200
    assert SynthesisFinished(1) not in listener.events


@pytest.mark.parametrize("silent", ["", "   ", "\n", "...", "😀 🎉"])
async def test_a_piece_without_words_ends_like_any_other(synthesizer: SpeechSynthesizer, silent: str) -> None:
    listener = await listening(synthesizer)
    events = await listener.say(1, "Yes. ", silent, "No.")
    assert pieces(events)[-1].text_end == len("Yes. " + silent + "No.")
    assert events[-1] == SynthesisFinished(1)


@pytest.mark.parametrize("silent", ["🙂", "...", "***"])
async def test_a_reply_of_nothing_to_pronounce_ends_as_spoken(synthesizer: SpeechSynthesizer, silent: str) -> None:
    listener = await listening(synthesizer)
    events = await listener.say(1, silent)
    assert [event.text_end for event in pieces(events)][-1:] == [len(silent)]
    assert events[-1] == SynthesisFinished(1)


async def test_a_reply_without_text_ends(synthesizer: SpeechSynthesizer) -> None:
    listener = await listening(synthesizer)
    assert await listener.say(1) == [SynthesisFinished(1)]


async def test_replies_are_spoken_one_after_the_other(synthesizer: SpeechSynthesizer) -> None:
    listener = await listening(synthesizer)
    for reply in (1, 2, 3):
        listener.stream.write(reply, f"This is the reply number {reply}.")
        listener.stream.finish(reply)
    await listener.until(lambda events: SynthesisFinished(3) in events)
    numbers = [event.reply for event in listener.events]
    assert numbers == sorted(numbers)
    assert set(numbers) == {1, 2, 3}


@pytest.mark.parametrize("after_s", [0.0, 0.02, 0.2])
async def test_nothing_is_told_of_a_cancelled_reply(synthesizer: SpeechSynthesizer, after_s: float) -> None:
    listener = await listening(synthesizer)
    listener.stream.write(1, "This will not be heard to its end. " * 40)
    await asyncio.sleep(after_s)
    listener.stream.cancel(1)
    told = len(listener.events)
    listener.stream.write(1, "Nor will this.")
    listener.stream.finish(1)
    await asyncio.sleep(LATE_S)
    assert len(listener.events) == told


async def test_the_reply_after_a_cancelled_one_is_whole(synthesizer: SpeechSynthesizer) -> None:
    listener = await listening(synthesizer)
    alone = await listener.say(1, "What can I do for you?")
    listener.stream.write(2, "Let me tell you a very long story. " * 20)
    await asyncio.sleep(0.01)
    listener.stream.cancel(2)
    listener.stream.cancel(99)
    after = await listener.say(3, "What can I do for you?")
    assert listener.audio_ms(after) == pytest.approx(listener.audio_ms(alone), abs=SAME_MS)
    starts_ms = [word.audio_ms for word in words(alone)]
    assert [word.audio_ms for word in words(after)] == pytest.approx(starts_ms, abs=SAME_MS)


async def test_a_waiting_reply_can_be_cancelled(synthesizer: SpeechSynthesizer) -> None:
    listener = await listening(synthesizer)
    for reply in (1, 2, 3):
        listener.stream.write(reply, "Good morning.")
        listener.stream.finish(reply)
    listener.stream.cancel(2)
    await listener.until(lambda events: SynthesisFinished(3) in events)
    assert listener.of(2) == []
    first_ms, third_ms = (listener.audio_ms(listener.of(reply)) for reply in (1, 3))
    assert third_ms == pytest.approx(first_ms, abs=SAME_MS)


async def test_sessions_do_not_hear_each_other(synthesizer: SpeechSynthesizer) -> None:
    sentences = [f"This is said in this session, {'very ' * times}clearly." for times in range(4)]
    alone = await listening(synthesizer)
    expected_ms = [alone.audio_ms(await alone.say(number, sentence)) for number, sentence in enumerate(sentences)]
    listeners = [await listening(synthesizer) for _ in sentences]
    together = await asyncio.gather(
        *(listener.say(7, sentence) for listener, sentence in zip(listeners, sentences, strict=True))
    )
    assert [alone.audio_ms(events) for events in together] == pytest.approx(expected_ms, abs=SAME_MS)
    assert all(event.reply == 7 for listener in listeners for event in listener.events)


async def test_the_rate_is_the_one_asked_for(synthesizer: SpeechSynthesizer) -> None:
    durations_ms = []
    for rate_hz in (16_000, 24_000, 48_000):
        listener = await listening(synthesizer, rate_hz)
        durations_ms.append(listener.audio_ms(await listener.say(1, "The same words, at another rate.")))
    assert durations_ms == pytest.approx([durations_ms[0]] * 3, abs=5)


async def test_an_unknown_voice_is_the_default_one(synthesizer: SpeechSynthesizer) -> None:
    listener = await listening(synthesizer)
    stranger = await listening(synthesizer, voice=Voice(name="en-US-NobodyNeural", style="cheerful"))
    said_ms = listener.audio_ms(await listener.say(1, "Good morning."))
    assert stranger.audio_ms(await stranger.say(1, "Good morning.")) == pytest.approx(said_ms, abs=SAME_MS)


async def test_nothing_is_told_by_a_closed_stream(synthesizer: SpeechSynthesizer) -> None:
    closed, other = await listening(synthesizer), await listening(synthesizer)
    closed.stream.write(1, "This will not be heard. " * 20)
    async with asyncio.timeout(30):
        await closed.stream.close()
    told = len(closed.events)
    closed.stream.write(1, "Nor this.")
    closed.stream.finish(2)
    closed.stream.cancel(1)
    async with asyncio.timeout(30):
        await closed.stream.close()
    assert (await other.say(1, "But this."))[-1] == SynthesisFinished(1)
    await asyncio.sleep(LATE_S)
    assert len(closed.events) == told


async def test_a_closed_engine_is_closed(synthesizer: SpeechSynthesizer) -> None:
    await listening(synthesizer)
    await synthesizer.close()
    await synthesizer.close()
    try:
        await listening(synthesizer)
    except SynthesizerError as error:
        assert error.detail  # noqa: PT017 - an engine without anything to let go of may go on

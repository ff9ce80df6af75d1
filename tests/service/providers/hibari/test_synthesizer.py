"""The engine beside the contract of all: what it refuses, what it fails, and that it takes its turn."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from actors.agent import Pronunciation, Voice
from actors.errors import ErrorKind, SynthesizerError
from actors.ports.tts import AudioSynthesized, SynthesisEvent, SynthesisFailed, SynthesisFinished, WordSynthesized
from actors.session.synthesis.pronounced_synthesis import open_pronounced
from app.providers.hibari.replies import TEXT_MAX_CHARS
from app.providers.hibari.synthesizer import HibariSynthesizer

WITHIN_S = 20.0


@pytest.fixture
async def engine(weights_read_once: None) -> AsyncIterator[HibariSynthesizer]:
    engine = HibariSynthesizer()
    yield engine
    await engine.close()


async def until(events: list[SynthesisEvent], event: SynthesisEvent) -> None:
    async with asyncio.timeout(WITHIN_S):
        while event not in events:  # noqa: ASYNC110 - an engine's own threads tell it
            await asyncio.sleep(0.005)


async def test_a_voice_of_another_language_or_rate_is_refused(engine: HibariSynthesizer) -> None:
    with pytest.raises(SynthesizerError, match="English only"):
        await engine.open(Voice(language="de-DE"), 16_000, lambda _: None)
    with pytest.raises(SynthesizerError, match="11025 Hz"):
        await engine.open(Voice(), 11_025, lambda _: None)


async def test_what_is_lacking_is_named(engine: HibariSynthesizer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.providers.hibari.synthesizer.PACKAGES", ("no_such_package",))
    with pytest.raises(SynthesizerError, match="the extra `local` is not installed"):
        await engine.open(Voice(), 16_000, lambda _: None)


async def test_a_word_of_a_lexicon_sounds_as_it_is_said_and_is_told_as_written(engine: HibariSynthesizer) -> None:
    voice = Voice(lexicon=(Pronunciation(word="Siobhan", say="Shivonne"),))
    heard, events = [], list[SynthesisEvent]()
    for each, text in ((voice, "Ask Siobhan today."), (Voice(), "Ask Shivonne today.")):
        events = []
        stream = await open_pronounced(engine, each, 16_000, events.append)
        stream.write(1, text)
        stream.finish(1)
        await until(events, SynthesisFinished(1))
        words = [event for event in events if isinstance(event, WordSynthesized)]
        assert [text[word.text_start : word.text_end] for word in words] == [*text.rstrip(".").split()]
        heard.append([event.pcm for event in events if isinstance(event, AudioSynthesized)])
    assert heard[0] == heard[1]


async def test_too_much_text_fails_its_reply_and_the_next_is_spoken(engine: HibariSynthesizer) -> None:
    events: list[SynthesisEvent] = []
    stream = await engine.open(Voice(), 16_000, events.append)
    stream.write(1, "word " * (TEXT_MAX_CHARS // 5 + 1))
    stream.write(1, "More of it.")
    stream.finish(1)
    stream.write(2, "Yes.")
    stream.finish(2)
    await until(events, SynthesisFinished(2))
    assert [event for event in events if event.reply == 1] == [
        SynthesisFailed(1, ErrorKind.THROTTLED, "too much text waits to be spoken")
    ]


async def test_a_fault_of_the_model_fails_the_reply(engine: HibariSynthesizer, monkeypatch: pytest.MonkeyPatch) -> None:
    events: list[SynthesisEvent] = []
    stream = await engine.open(Voice(), 16_000, events.append)

    def fails(*_: object) -> None:
        raise MemoryError

    with monkeypatch.context() as patched:
        patched.setattr("app.providers.hibari.synthesizer.pcm_of", fails)
        stream.write(1, "This fails.")
        await until(events, SynthesisFailed(1, ErrorKind.INTERNAL, "hibari has failed: MemoryError"))
    stream.write(1, "Dropped.")
    stream.write(2, "Yes.")
    stream.finish(2)
    await until(events, SynthesisFinished(2))


async def test_a_short_reply_does_not_wait_for_long_ones(engine: HibariSynthesizer) -> None:
    others: list[SynthesisEvent] = []
    for _ in range(6):
        stream = await engine.open(Voice(), 16_000, others.append)
        stream.write(1, "This is a very long story that goes on and on. " * 200)
        stream.finish(1)
    events: list[SynthesisEvent] = []
    stream = await engine.open(Voice(), 16_000, events.append)
    async with asyncio.timeout(60):
        while len(others) < 6:  # noqa: ASYNC110 - an engine's own threads tell it
            await asyncio.sleep(0.005)
    stream.write(1, "Yes, of course.")
    stream.finish(1)
    await until(events, SynthesisFinished(1))
    assert SynthesisFinished(1) not in others
    assert any(isinstance(event, AudioSynthesized) for event in events)


async def test_it_has_one_voice_and_is_ready(engine: HibariSynthesizer) -> None:
    assert engine.voices() == {"en-US": ("heart",)}
    await engine.open(Voice(), 16_000, lambda _: None)
    assert await engine.ready() == ""

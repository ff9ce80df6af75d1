"""The synthesizer on the real SDK: the pool of its lines, and what becomes of a reply whatever the service does."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from actors.agent import Pronunciation, Voice
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
from actors.session.synthesis.pronounced_synthesis import open_pronounced
from app.providers.azure.resource import SpeechUse
from app.providers.azure.tts import pooled_synthesizer, synthesizer
from app.providers.azure.tts.ssml import DEFAULT_VOICE
from app.providers.azure.tts.synthesizer import AzureSynthesizer
from tests.cloud.speech.emulator import ALWAYS, Delivery, SpeechEmulator
from tests.kit.running_time import running_time
from tests.service.providers.azure.emulated import resource_of

RATE_HZ = 16_000
WITHIN_S = 60.0
SHORT_S = 0.4
LONG = "Let me tell you a very long story, which has no end at all. "


async def until(wanted: Callable[[], bool]) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not wanted():  # noqa: ASYNC110 - the emulator's notes grow without telling
            await asyncio.sleep(0.01)


class Listener:
    """A stream and what it reported."""

    def __init__(self) -> None:
        self.events: list[SynthesisEvent] = []
        self.stream: Synthesis
        self._changed = asyncio.Event()

    def report(self, event: SynthesisEvent) -> None:
        self.events.append(event)
        self._changed.set()

    async def until(self, wanted: Callable[[SynthesisEvent], bool]) -> SynthesisEvent:
        async with asyncio.timeout(WITHIN_S):
            while True:
                if found := [event for event in self.events if wanted(event)]:
                    return found[0]
                self._changed.clear()
                await self._changed.wait()

    async def say(self, reply: int, *pieces: str) -> SynthesisEvent:
        """How the reply ended."""
        for piece in pieces:
            self.stream.write(reply, piece)
        self.stream.finish(reply)
        return await self.until(
            lambda event: event.reply == reply and isinstance(event, SynthesisFinished | SynthesisFailed)
        )

    async def first_audio(self) -> None:
        await self.until(lambda event: isinstance(event, AudioSynthesized))

    def audio_ms(self, reply: int) -> float:
        pcm = [event.pcm for event in self.events if isinstance(event, AudioSynthesized) and event.reply == reply]
        assert all(len(part) % 2 == 0 for part in pcm)
        return sum(map(len, pcm)) * 500 / RATE_HZ


@pytest.fixture
async def speech() -> AsyncIterator[SpeechEmulator]:
    async with SpeechEmulator() as emulator:
        yield emulator


@pytest.fixture
async def engine(speech: SpeechEmulator) -> AsyncIterator[AzureSynthesizer]:
    engine = AzureSynthesizer(resource_of(speech))
    yield engine
    await engine.close()


@pytest.fixture
def soon_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """What failed is tried again sooner, so that the tests are shorter."""
    monkeypatch.setattr(synthesizer, "AGAIN_S", 0.05)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch, soon_again: None) -> None:
    """And silence is borne for less long."""
    monkeypatch.setattr(pooled_synthesizer, "SILENT_S", SHORT_S)


async def listening(engine: AzureSynthesizer, voice: Voice | None = None, rate_hz: int = RATE_HZ) -> Listener:
    listener = Listener()
    listener.stream = await engine.open(voice or Voice(), rate_hz, listener.report)
    return listener


# how it speaks


async def test_the_service_is_told_how_the_agent_sounds(speech: SpeechEmulator, engine: AzureSynthesizer) -> None:
    voice = Voice(name="en-US-JennyNeural", style="cheerful", rate=1.2, pitch=0.9)
    listener = await listening(engine, voice, 24_000)
    text = 'Tom & Jerry said: "5 < 6", <break time="9s"/> & no more.'
    await listener.say(1, text)
    asked = speech.syntheses[0]
    span = asked.spoken.spans[0]
    assert asked.text == text
    assert (span.manner.voice, span.manner.style) == ("en-US-JennyNeural", "cheerful")
    assert 'rate="+20%"' in asked.ssml
    assert 'pitch="-10%"' in asked.ssml
    assert asked.output_format == "raw-24khz-16bit-mono-pcm"


@pytest.mark.parametrize("text_streaming", [False, True])
async def test_words_of_a_lexicon_are_sent_as_said_and_told_as_written(
    speech: SpeechEmulator, text_streaming: bool
) -> None:
    engine = AzureSynthesizer(resource_of(speech), SpeechUse(text_streaming=text_streaming))
    voice = Voice(lexicon=(Pronunciation(word="Nguyen", say="win"),))
    listener = Listener()
    listener.stream = await open_pronounced(engine, voice, RATE_HZ, listener.report)
    text = "Nguyen will win."
    assert await listener.say(1, text) == SynthesisFinished(1)
    await engine.close()
    assert speech.syntheses[0].text == "win will win."
    words = [event for event in listener.events if isinstance(event, WordSynthesized)]
    assert [text[word.text_start : word.text_end] for word in words] == ["Nguyen", "will", "win"]
    assert [event.text_end for event in listener.events if isinstance(event, PieceSynthesized)] == [len(text)]


async def test_all_audio_that_was_sent_is_reported(speech: SpeechEmulator, engine: AzureSynthesizer) -> None:
    listener = await listening(engine)
    await listener.say(1, LONG * 3)
    heard = b"".join(event.pcm for event in listener.events if isinstance(event, AudioSynthesized))
    assert heard == bytes(speech.syntheses[0].audio)


async def test_a_line_is_connected_before_it_is_needed(speech: SpeechEmulator, engine: AzureSynthesizer) -> None:
    speech.faults.slow_connect("synthesis", 2.0)
    listener = await listening(engine)
    await until(lambda: engine.pool.connected(RATE_HZ) == 1)
    async with running_time() as took:
        listener.stream.write(1, "Hello.")
        await listener.first_audio()
        assert took.s < 1.9
    assert len(speech.connections) == 1


async def test_who_speaks_at_once_waits_for_the_connection_that_is_being_made(
    speech: SpeechEmulator, engine: AzureSynthesizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # All of it lasts as long as it does on a busy machine, too.
    monkeypatch.setattr(pooled_synthesizer, "CONNECTING_S", 5.0)
    speech.faults.slow_connect("synthesis", 2.4)
    listener = await listening(engine)
    await asyncio.sleep(1.2)
    async with running_time() as took:
        listener.stream.write(1, "Hello.")
        await listener.first_audio()
        assert took.s < 2.3
    assert len(speech.connections) == 1


async def test_a_line_serves_one_request_after_the_other(speech: SpeechEmulator, engine: AzureSynthesizer) -> None:
    listeners = [await listening(engine) for _ in range(3)]
    for listener in listeners:
        for reply in (1, 2):
            await listener.say(reply, "One. ", "Two. ")
    assert len(speech.syntheses) == 12
    assert len(speech.connections) <= 2


async def test_a_stop_keeps_the_connection(speech: SpeechEmulator, engine: AzureSynthesizer) -> None:
    """The test that notices when a version drops `SpeechSynthesis_KeepConnectionAfterStopping`."""
    speech.delivery = Delivery(speed=2.0)
    listener = await listening(engine)
    for reply in (1, 2, 3):
        listener.events.clear()
        listener.stream.write(reply, LONG)
        await listener.first_audio()
        listener.stream.cancel(reply)
        await until(lambda: engine.pool.idle(RATE_HZ) == 1)
    assert isinstance(await listener.say(4, "Well."), SynthesisFinished)
    assert len(speech.connections) == 1


async def test_audio_of_a_cancelled_reply_is_never_heard(speech: SpeechEmulator, engine: AzureSynthesizer) -> None:
    speech.delivery = Delivery(speed=4.0)
    listener = await listening(engine)
    for reply in range(1, 12, 2):
        listener.stream.write(reply, LONG * 3)
        await asyncio.sleep(0.01 * reply)
        listener.stream.cancel(reply)
        told = len(listener.events)
        assert isinstance(await listener.say(reply + 1, "No."), SynthesisFinished)
        assert {event.reply for event in listener.events[told:]} == {reply + 1}
    lengths_ms = [listener.audio_ms(reply) for reply in range(2, 13, 2)]
    assert lengths_ms == [lengths_ms[0]] * 6


async def test_the_pool_follows_the_sessions(speech: SpeechEmulator, engine: AzureSynthesizer) -> None:
    listeners = [await listening(engine) for _ in range(9)]
    await until(lambda: len(speech.open_connections("synthesis")) == engine.pool.wanted(RATE_HZ) == 4)
    for listener in listeners:
        await listener.stream.close()
    await until(lambda: len(speech.open_connections("synthesis")) == engine.pool.wanted(RATE_HZ) == 1)


async def test_as_many_lines_are_kept_as_were_needed_at_once(speech: SpeechEmulator, engine: AzureSynthesizer) -> None:
    speech.faults.slow_first_byte(0.5, ALWAYS)
    listeners = [await listening(engine) for _ in range(5)]
    await asyncio.gather(*(listener.say(1, LONG) for listener in listeners))
    await until(lambda: engine.pool.connected(RATE_HZ) == 5)
    made = len(speech.connections)
    await asyncio.gather(*(listener.say(2, LONG) for listener in listeners))
    assert len(speech.syntheses) == 10
    assert len(speech.connections) == made
    for listener in listeners[:3]:
        await listener.stream.close()
    await until(lambda: engine.pool.idle(RATE_HZ) == 2)


async def test_an_idle_line_that_is_closed_is_replaced(speech: SpeechEmulator, engine: AzureSynthesizer) -> None:
    listener = await listening(engine)
    await until(lambda: engine.pool.connected(RATE_HZ) == 1)
    speech.break_connections("synthesis")
    await until(lambda: engine.pool.idle(RATE_HZ) == 0)
    assert isinstance(await listener.say(1, "Hello."), SynthesisFinished)


async def test_a_voice_that_the_service_refuses_is_replaced_by_its_default(
    speech: SpeechEmulator, engine: AzureSynthesizer
) -> None:
    speech.faults.drop_synthesis(code=1007)
    listener = await listening(engine, Voice(name="en-US-NobodyNeural"))
    assert isinstance(await listener.say(1, "Hello."), SynthesisFinished)
    assert isinstance(await listener.say(2, "Hello."), SynthesisFinished)
    voices = [asked.spoken.spans[0].manner.voice for asked in speech.syntheses]
    assert voices == ["en-US-NobodyNeural", DEFAULT_VOICE, DEFAULT_VOICE]


async def test_voices_without_words_are_heard_without_delay(speech: SpeechEmulator, engine: AzureSynthesizer) -> None:
    speech.faults.no_words(ALWAYS)
    listener = await listening(engine)
    await listener.say(1, LONG, LONG)
    assert listener.audio_ms(1) == pytest.approx(sum(asked.audio_ms for asked in speech.syntheses))
    assert not any(isinstance(event, WordSynthesized) for event in listener.events)


async def test_audio_that_is_cut_in_the_middle_of_samples_is_whole(
    speech: SpeechEmulator, engine: AzureSynthesizer
) -> None:
    speech.faults.odd_chunks()
    listener = await listening(engine)
    await listener.say(1, LONG)
    assert listener.audio_ms(1) == pytest.approx(speech.syntheses[0].audio_ms)


async def test_a_request_without_audio_is_no_reply_for_ever(speech: SpeechEmulator, engine: AzureSynthesizer) -> None:
    speech.faults.no_audio()
    listener = await listening(engine)
    assert await listener.say(1, "Hello.") is not None
    assert isinstance(await listener.say(2, "Hello."), SynthesisFinished)


async def test_text_is_sent_as_it_is_written_where_asked(speech: SpeechEmulator) -> None:
    engine = AzureSynthesizer(resource_of(speech), SpeechUse(text_streaming=True))
    listener = await listening(engine, Voice(name="en-US-JennyNeural"))
    listener.stream.write(1, "One moment. ")
    await listener.first_audio()
    assert isinstance(await listener.say(1, "Here ", "it is."), SynthesisFinished)
    asked = speech.syntheses[0]
    assert asked.streaming
    assert [text for _, text in asked.pieces] == ["One moment. ", "Here ", "it is."]
    assert len(speech.syntheses) == 1
    ends = [event.text_end for event in listener.events if isinstance(event, PieceSynthesized)]
    assert ends == [12, 17, 23]
    await engine.close()


async def test_a_pause_of_the_writer_is_no_failure(speech: SpeechEmulator, monkeypatch: pytest.MonkeyPatch) -> None:
    # Long enough for the audio that is owed on a busy machine, and shorter than the writer's pause.
    monkeypatch.setattr(pooled_synthesizer, "SILENT_S", 1.0)
    engine = AzureSynthesizer(resource_of(speech), SpeechUse(text_streaming=True))
    listener = await listening(engine)
    listener.stream.write(1, "One moment. ")
    await listener.first_audio()
    await asyncio.sleep(2.5)
    assert isinstance(await listener.say(1, "Here it is."), SynthesisFinished)
    await engine.close()


# what becomes of it when the service fails, as in the table of facts


@pytest.mark.parametrize("status", [401, 403])
async def test_wrong_credentials_are_said_at_once(
    speech: SpeechEmulator, engine: AzureSynthesizer, status: int
) -> None:
    speech.faults.refuse("synthesis", status, ALWAYS)
    failed = await (await listening(engine)).say(1, "Hello.")
    assert isinstance(failed, SynthesisFailed)
    assert failed.kind is ErrorKind.AUTHENTICATION
    assert "AZURE_SPEECH_KEY" in failed.detail


async def test_a_wrong_key_is_no_secret_in_the_failure(speech: SpeechEmulator) -> None:
    engine = AzureSynthesizer(resource_of(speech, key="hunter2-hunter2"))
    failed = await (await listening(engine)).say(1, "Hello.")
    assert isinstance(failed, SynthesisFailed)
    assert failed.kind is ErrorKind.AUTHENTICATION
    assert "hunter2" not in failed.detail
    with pytest.raises(SynthesizerError, match="check AZURE_SPEECH_KEY"):
        await engine.ready()
    await engine.close()


@pytest.mark.usefixtures("soon_again")
@pytest.mark.parametrize(
    ("status", "kind"), [(429, ErrorKind.THROTTLED), (500, ErrorKind.UNAVAILABLE), (503, ErrorKind.UNAVAILABLE)]
)
async def test_a_refusal_that_passes_is_not_noticed_and_one_that_stays_is_a_failure(
    speech: SpeechEmulator, engine: AzureSynthesizer, status: int, kind: ErrorKind
) -> None:
    listener = await listening(engine)
    await until(lambda: engine.pool.connected(RATE_HZ) == 1)
    speech.break_connections("synthesis")
    await until(lambda: engine.pool.idle(RATE_HZ) == 0)
    speech.faults.refuse("synthesis", status)
    assert isinstance(await listener.say(1, "Hello."), SynthesisFinished)
    speech.faults.refuse("synthesis", status, ALWAYS)
    speech.break_connections("synthesis")
    await until(lambda: engine.pool.idle(RATE_HZ) == 0)
    failed = await listener.say(2, "Hello.")
    assert isinstance(failed, SynthesisFailed)
    assert failed.kind is kind


@pytest.mark.usefixtures("soon_again")
async def test_a_dead_host_is_a_failure(
    speech: SpeechEmulator, engine: AzureSynthesizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The refusal is what is told, however long a busy machine takes to see it.
    monkeypatch.setattr(pooled_synthesizer, "SILENT_S", 90.0)
    await speech.stop_listening()
    listener = await listening(engine)
    failed = await listener.say(1, "Hello.")
    assert isinstance(failed, SynthesisFailed)
    assert failed.kind is ErrorKind.UNAVAILABLE
    await speech.listen()
    assert isinstance(await listener.say(2, "Hello."), SynthesisFinished)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("fault", ["hang", "mute", "stall", "late"])
async def test_a_service_that_falls_silent_is_a_failure(
    speech: SpeechEmulator, engine: AzureSynthesizer, fault: str
) -> None:
    match fault:
        case "hang":
            speech.faults.hang("synthesis", ALWAYS)
        case "mute":
            speech.faults.mute_synthesis()
        case "stall":
            speech.faults.stall_synthesis(500)
        case _:
            speech.faults.slow_first_byte(3 * SHORT_S)
    listener = await listening(engine)
    failed = await listener.say(1, LONG)
    assert isinstance(failed, SynthesisFailed)
    assert failed.kind is ErrorKind.TIMEOUT
    assert (listener.audio_ms(1) > 0) is (fault == "stall")
    speech.faults.clear()
    assert isinstance(await listener.say(2, "Hello."), SynthesisFinished)


@pytest.mark.parametrize(
    ("code", "kind"),
    [(1011, ErrorKind.UNAVAILABLE), (None, ErrorKind.UNAVAILABLE), (4429, ErrorKind.THROTTLED)],
)
async def test_a_reply_that_breaks_off_keeps_what_was_heard(
    speech: SpeechEmulator, engine: AzureSynthesizer, code: int | None, kind: ErrorKind
) -> None:
    speech.delivery = Delivery(speed=20.0)
    speech.faults.drop_synthesis(1_000, code)
    listener = await listening(engine)
    failed = await listener.say(1, LONG)
    assert isinstance(failed, SynthesisFailed)
    assert failed.kind is kind
    assert listener.audio_ms(1) > 300
    assert isinstance(await listener.say(2, "Hello."), SynthesisFinished)


async def test_a_closed_engine_opens_nothing(engine: AzureSynthesizer) -> None:
    await engine.close()
    with pytest.raises(SynthesizerError, match="closed"):
        await listening(engine)


async def test_other_rates_are_refused(engine: AzureSynthesizer) -> None:
    with pytest.raises(SynthesizerError, match="8000 Hz"):
        await listening(engine, rate_hz=8_000)


def test_the_voices_it_tells_of_are_the_services() -> None:
    from app.providers.azure.tts.ssml import VOICE_NAME

    voices = synthesizer.AzureSynthesizer.voices(None)  # type: ignore[arg-type]
    assert voices
    assert all(VOICE_NAME.fullmatch(name) for names in voices.values() for name in names)

"""The recognizer on the real SDK: how it listens, and what becomes of a stream whatever the service does."""

import array
import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from itertools import pairwise
from typing import Any, TypeVar

import pytest

from actors.errors import ErrorKind, RecognizerError
from actors.messages.transcript import FinalTranscript, InterimTranscript, NoSpeechRecognized
from actors.ports.stt import Recognition, RecognitionEvent, RecognitionFailed, RecognitionOptions, RecognitionReady
from app.providers.azure.resource import SpeechResource, SpeechUse
from app.providers.azure.stt import recognizer, signs_of_life, utterances
from app.providers.azure.stt.recognizer import AzureRecognizer
from app.providers.azure.stt.results import PhraseDetails, TimedWord, phrase_details
from config.secret import Secret
from tests.cloud.speech.emulator import ALWAYS, Scripted, SpeechEmulator, Utterance
from tests.kit.clients.spoken_caller import VOICE_LEVEL
from tests.kit.running_time import running_time
from tests.kit.speech import white_noise
from tests.service.providers.azure.emulated import resource_of

E = TypeVar("E")

RATE_HZ = 16_000
BLOCK = 640
SHORT_S = 0.4
WITHIN_S = 60.0


def loud(ms: int) -> bytes:
    return array.array("h", [5_000, -5_000] * (ms * RATE_HZ // 2_000)).tobytes()


def silence(ms: int) -> bytes:
    return bytes(ms * RATE_HZ // 500)


SPOKEN = silence(200) + loud(800) + silence(600)


async def until(wanted: Callable[[], bool]) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not wanted():  # noqa: ASYNC110 - the emulator's notes grow without telling
            await asyncio.sleep(0.02)


class Listener:
    """A stream and what it reported."""

    def __init__(self) -> None:
        self.events: list[RecognitionEvent] = []
        self.stream: Recognition
        self._changed = asyncio.Event()

    def report(self, event: RecognitionEvent) -> None:
        self.events.append(event)
        self._changed.set()

    async def until(self, wanted: Callable[[RecognitionEvent], bool], count: int = 1) -> RecognitionEvent:
        async with asyncio.timeout(WITHIN_S):
            while True:
                found = [event for event in self.events if wanted(event)]
                if len(found) >= count:
                    return found[count - 1]
                self._changed.clear()
                await self._changed.wait()

    def of(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    async def push(self, pcm: bytes, speed: float = 10.0) -> None:
        for at in range(0, len(pcm), BLOCK):
            self.stream.push(pcm[at : at + BLOCK])
            await asyncio.sleep(0.02 / speed)

    async def say(self, speed: float = 10.0) -> RecognitionEvent:
        """Push an utterance and finish it; what became of it."""
        before = len(self.outcomes)
        await self.push(SPOKEN, speed)
        self.stream.finish_utterance()
        return await self.until(_outcome, before + 1)

    @property
    def outcomes(self) -> list[RecognitionEvent]:
        return [event for event in self.events if _outcome(event)]

    async def say_and_stay(self) -> RecognitionEvent:
        """As `say`; then the line stays open, as lines do: the SDK takes up a lost turn only when more audio comes."""
        saying = asyncio.create_task(self.say())
        while not saying.done():
            await self.push(silence(100), speed=2.0)
        return await saying

    async def failure(self) -> RecognitionFailed:
        failed = await self.until(lambda event: isinstance(event, RecognitionFailed))
        assert isinstance(failed, RecognitionFailed)
        return failed


def _outcome(event: RecognitionEvent) -> bool:
    return isinstance(event, FinalTranscript | NoSpeechRecognized | RecognitionFailed)


@pytest.fixture
async def speech() -> AsyncIterator[SpeechEmulator]:
    async with SpeechEmulator(recognition=Scripted("One.", "Two.", "Three.")) as emulator:
        yield emulator


@pytest.fixture
async def engine(speech: SpeechEmulator) -> AsyncIterator[AzureRecognizer]:
    engine = AzureRecognizer(resource_of(speech))
    yield engine
    await engine.close()


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The service is waited for as long as a busy machine may take to emulate it, in tests of other things."""
    monkeypatch.setattr(signs_of_life, "CONNECT_S", 15.0)
    monkeypatch.setattr(utterances, "ANSWER_S", 10.0)
    monkeypatch.setattr(utterances, "FINAL_S", 12.0)


@pytest.fixture
def impatient(patient: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits are shorter, so that the tests are."""
    monkeypatch.setattr(signs_of_life, "CONNECT_S", SHORT_S)
    monkeypatch.setattr(utterances, "ANSWER_S", SHORT_S)
    monkeypatch.setattr(utterances, "FINAL_S", SHORT_S)


async def listening(engine: AzureRecognizer, options: RecognitionOptions | None = None) -> Listener:
    listener = Listener()
    listener.stream = await engine.open(options or RecognitionOptions(session_id="session"), listener.report)
    return listener


# how it listens


async def test_what_was_asked_for_is_what_the_service_is_told(speech: SpeechEmulator) -> None:
    engine = AzureRecognizer(resource_of(speech), SpeechUse(segmentation_ms=300))
    options = RecognitionOptions(
        session_id="session", rate_hz=24_000, languages=("de-DE",), phrases=("guten tag", "auf wiedersehen")
    )
    listener = await listening(engine, options)
    await listener.push(loud(200))
    await until(lambda: len(speech.recognitions) > 0)
    asked = speech.recognitions[0]
    await until(lambda: len(asked.blocks) > 3)
    assert (asked.rate_hz, asked.languages, asked.segmentation_ms) == (24_000, ("de-DE",), 300)
    assert set(asked.phrases) == {"guten tag", "auf wiedersehen"}
    assert not asked.diarization
    await engine.close()


async def test_several_languages_are_told_apart(speech: SpeechEmulator, engine: AzureRecognizer) -> None:
    speech.recognition = Scripted(Utterance("Hallo.", language="de-DE"))
    listener = await listening(engine, RecognitionOptions(session_id="session", languages=("en-US", "de-DE")))
    final = await listener.say()
    assert isinstance(final, FinalTranscript)
    assert (final.text, final.language) == ("Hallo.", "de-DE")
    assert speech.recognitions[0].detects_language
    assert set(speech.recognitions[0].languages) == {"en-US", "de-DE"}


@pytest.mark.parametrize("undocumented", [True, False])
async def test_each_word_has_its_place(speech: SpeechEmulator, undocumented: bool) -> None:
    speech.recognition = Scripted(Utterance("Hello there."))
    engine = AzureRecognizer(resource_of(speech), SpeechUse(undocumented=undocumented))
    final = await (await listening(engine)).say()
    assert isinstance(final, FinalTranscript)
    first, second = final.words
    assert (first.text, second.text) == ("hello", "there")
    assert first.start_ms == pytest.approx(final.start_ms, abs=2)
    assert first.end_ms == pytest.approx(second.start_ms, abs=1)
    assert second.end_ms == pytest.approx(final.end_ms, abs=2)
    await engine.close()


async def test_speakers_are_named_where_asked(speech: SpeechEmulator) -> None:
    speech.recognition = Scripted(Utterance("Hello.", speaker="Guest-1"), Utterance("Hi.", speaker="Guest-2"))
    engine = AzureRecognizer(resource_of(speech), SpeechUse(diarization=True))
    listener = await listening(engine)
    finals = [await listener.say(), await listener.say()]
    assert [final.text for final in finals if isinstance(final, FinalTranscript)] == ["Guest-1: Hello.", "Guest-2: Hi."]
    assert speech.recognitions[0].diarization
    await engine.close()


@pytest.mark.parametrize(("undocumented", "bytes_most"), [(True, 640), (False, 3_200)])
async def test_audio_goes_out_in_small_blocks(speech: SpeechEmulator, undocumented: bool, bytes_most: int) -> None:
    """The test that notices when a version of the SDK drops `SPEECH-BytesPerFrame`."""
    engine = AzureRecognizer(resource_of(speech), SpeechUse(undocumented=undocumented))
    listener = await listening(engine)
    await listener.push(loud(1_000), speed=1.0)
    turn = await speech.recognitions.until(lambda _: True)
    sizes = [block.size_bytes for block in turn.blocks[2:]]
    assert max(sizes) == bytes_most
    await engine.close()


@pytest.mark.parametrize("undocumented", [True, False])
async def test_the_end_of_an_utterance_is_shown_at_once(speech: SpeechEmulator, undocumented: bool) -> None:
    """The test that notices when a version of the SDK drops `SPEECH-AudioThrottleAsPercentageOfRealTime`."""
    speech.recognition = Scripted("One.", "Two.")
    engine = AzureRecognizer(resource_of(speech), SpeechUse(segmentation_ms=2_000, undocumented=undocumented))
    listener = await listening(engine)
    # What comes in the first five seconds is never held back.
    await listener.push(silence(6_000) + loud(500))
    turn = await speech.recognitions.until(lambda _: True)
    await until(lambda: turn.audio_ms >= 6_400)
    async with running_time() as took:
        listener.stream.finish_utterance()
        await listener.until(lambda event: isinstance(event, FinalTranscript))
        assert took.s < 0.5 if undocumented else took.wall_s > 0.5
    await engine.close()


async def test_a_stop_does_not_wait_ten_seconds_for_a_service_that_is_gone(
    speech: SpeechEmulator, engine: AzureRecognizer
) -> None:
    """The test that notices when a version of the SDK drops `SPEECH-StopRecognitionTimeoutInSeconds`."""
    speech.faults.mute_recognition(ALWAYS)
    listener = await listening(engine)
    await listener.push(loud(300))
    await until(lambda: len(speech.recognitions) > 0 and len(speech.recognitions[0].blocks) > 3)
    async with running_time() as took:
        await listener.stream.close()
        assert took.s < 1.0
        await engine.close()
        assert took.wall_s > 0.5
        assert took.s < 3.0


@pytest.mark.parametrize("is_busy", [False, True])
async def test_the_sdk_looks_for_messages_as_often_as_it_is_told(
    speech: SpeechEmulator, monkeypatch: pytest.MonkeyPatch, is_busy: bool
) -> None:
    """The test that notices when a version of the SDK drops one of the two intervals."""
    from app.providers.azure import sdk_config

    seldom_ms = 400
    if is_busy:
        monkeypatch.setattr(recognizer, "BUSY_STREAMS", 0)
        monkeypatch.setattr(sdk_config, "BUSY_POLL_MS", seldom_ms)
    else:
        monkeypatch.setitem(sdk_config.UNDOCUMENTED, "SPEECH-USPPollingInterval", str(seldom_ms))
    engine = AzureRecognizer(resource_of(speech))
    listener = Listener()
    told_at: list[float] = []

    def report(event: RecognitionEvent) -> None:
        told_at.append(time.monotonic())
        listener.report(event)

    speech.recognition = Scripted(Utterance("A b c d e.", tuple(f"part {number}" for number in range(30))))
    listener.stream = await engine.open(RecognitionOptions(session_id="session"), report)
    await listener.push(silence(200) + loud(3_000), speed=1.0)
    told = [at for at, event in zip(told_at, listener.events, strict=True) if isinstance(event, InterimTranscript)]
    # They come every 200 ms, and are told two by two.
    waits_ms = [(after - before) * 1000 for before, after in pairwise(told)]
    assert len(told) > 8
    assert sum(wait_ms < 50 for wait_ms in waits_ms) > len(told) / 4
    await engine.close()


async def test_beside_many_streams_messages_are_looked_for_less_often(
    engine: AzureRecognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.providers.azure.sdk_config import speech_config as config
    from app.providers.azure.stt import sdk_recognizer

    asked: list[bool] = []

    def noted(resource: SpeechResource, use: SpeechUse, token: str | None, rate_hz: int) -> object:
        asked.append(use.is_busy)
        return config(resource, use, token, rate_hz)

    monkeypatch.setattr(sdk_recognizer, "speech_config", noted)
    monkeypatch.setattr(recognizer, "BUSY_STREAMS", 2)
    streams = [await listening(engine) for _ in range(3)]
    await streams[0].stream.close()
    await streams[1].stream.close()
    await listening(engine)
    assert asked == [False, False, True, False]


async def test_light_events_say_what_the_sdks_own_say(speech: SpeechEmulator) -> None:
    """The test that notices when a version of the SDK changes what `light_events.py` reads."""
    from app.providers.azure.stt import light_events

    assert light_events.available
    heard: list[list[RecognitionEvent]] = []
    for undocumented in (True, False):
        speech.recognition = Scripted(Utterance("Grüße, 你好 😀 " + "and on and on " * 100))
        engine = AzureRecognizer(resource_of(speech), SpeechUse(undocumented=undocumented))
        listener = await listening(engine)
        final = await listener.say()
        assert isinstance(final, FinalTranscript)
        assert final.text.startswith("Grüße, 你好 😀 and")
        heard.append([event for event in listener.events if not isinstance(event, InterimTranscript)])
        await engine.close()
    assert heard[0] == heard[1]


@pytest.mark.parametrize("undocumented", [True, False])
async def test_a_final_says_how_sure_the_service_is(speech: SpeechEmulator, undocumented: bool) -> None:
    speech.recognition = Scripted(Utterance("One.", confidence=0.37), Utterance("Two.", confidence=0.81))
    engine = AzureRecognizer(resource_of(speech), SpeechUse(undocumented=undocumented))
    listener = await listening(engine)
    finals = [await listener.say(), await listener.say()]
    assert [final.confidence for final in finals if isinstance(final, FinalTranscript)] == [0.37, 0.81]
    await engine.close()


@pytest.mark.parametrize(
    ("phrase", "sure"),
    [
        ('{"NBest": [{"Confidence": 0.4, "Display": "One."}, {"Confidence": 0.9}]}', 0.4),
        ('{"NBest": [{"Confidence": 1.2}]}', 1.0),
        ('{"NBest": [{"Display": "One."}]}', 1.0),
        ('{"NBest": []}', 1.0),
        ('{"DisplayText": "One."}', 1.0),
        ('{"NBest": [{"Confidence": "high"}]}', 1.0),
        ("", 1.0),
        (b"\xff", 1.0),
    ],
)
def test_a_service_that_does_not_say_is_taken_for_sure(phrase: str | bytes, sure: float) -> None:
    assert phrase_details(phrase) == PhraseDetails(sure, "")


def test_the_language_that_the_service_has_found_out_is_told() -> None:
    phrase = '{"PrimaryLanguage": {"Language": "de-DE", "Confidence": "High"}, "NBest": [{"Confidence": 0.4}]}'
    assert phrase_details(phrase) == PhraseDetails(0.4, "de-DE")


def test_the_words_of_the_first_reading_are_told() -> None:
    word = '{"Word": "one", "Offset": 100, "Duration": 50}'
    phrase = f'{{"NBest": [{{"Confidence": 0.4, "Words": [{word}]}}, {{"Words": []}}]}}'
    assert phrase_details(phrase) == PhraseDetails(0.4, "", (TimedWord("one", 100, 50),))


async def test_without_light_events_the_sdks_own_are_used(
    speech: SpeechEmulator, engine: AzureRecognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.providers.azure.stt import light_events

    monkeypatch.setattr(light_events, "available", False)
    final = await (await listening(engine)).say()
    assert isinstance(final, FinalTranscript)


async def test_a_final_before_the_end_of_the_utterance_costs_no_wait(
    speech: SpeechEmulator, engine: AzureRecognizer
) -> None:
    listener = await listening(engine)
    await listener.push(SPOKEN + silence(400), speed=4.0)
    # The SDK tells of it in its own time.
    stream: Any = listener.stream
    await until(lambda: len(stream._utterances._held) > 0)
    assert listener.outcomes == []
    listener.stream.finish_utterance()
    assert [type(event) for event in listener.outcomes] == [FinalTranscript]


async def test_a_recognizer_that_has_heard_much_is_replaced_in_silence(speech: SpeechEmulator) -> None:
    engine = AzureRecognizer(resource_of(speech), renew_ms=1_000)
    listener = await listening(engine)
    first = await listener.say()
    await until(lambda: len(speech.open_connections("recognition")) == 1 and len(speech.connections) == 2)
    second = await listener.say()
    assert isinstance(first, FinalTranscript)
    assert isinstance(second, FinalTranscript)
    assert (first.text, second.text) == ("One.", "Two.")
    assert second.start_ms == pytest.approx(first.start_ms + 1_600, abs=40)
    assert listener.of(RecognitionReady) == [RecognitionReady()]
    await engine.close()


async def test_frames_may_be_cut_in_the_middle_of_a_sample(engine: AzureRecognizer) -> None:
    listener = await listening(engine)
    for at in range(0, len(SPOKEN), 641):
        listener.stream.push(SPOKEN[at : at + 641])
    listener.stream.finish_utterance()
    assert isinstance(await listener.until(_outcome), FinalTranscript)


async def test_nothing_that_is_said_is_logged(
    speech: SpeechEmulator, engine: AzureRecognizer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    speech.faults.drop_at_final(1007)
    listener = await listening(engine)
    await listener.say()
    assert "One" not in caplog.text
    assert speech.key not in caplog.text


# what becomes of it when the service fails, as in the table of facts


@pytest.mark.parametrize("status", [401, 403])
async def test_wrong_credentials_are_said_at_once(speech: SpeechEmulator, engine: AzureRecognizer, status: int) -> None:
    speech.faults.refuse("recognition", status)
    failed = await (await listening(engine)).failure()
    assert failed.kind is ErrorKind.AUTHENTICATION
    assert "AZURE_SPEECH_KEY" in failed.detail


async def test_a_wrong_key_is_no_secret_in_the_failure(speech: SpeechEmulator) -> None:
    engine = AzureRecognizer(resource_of(speech, key="hunter2-hunter2"))
    failed = await (await listening(engine)).failure()
    assert failed.kind is ErrorKind.AUTHENTICATION
    assert "hunter2" not in failed.detail
    with pytest.raises(RecognizerError, match="check AZURE_SPEECH_KEY"):
        await engine.ready()
    await engine.close()


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_refusal_that_passes_costs_no_word(
    speech: SpeechEmulator, engine: AzureRecognizer, status: int
) -> None:
    speech.faults.refuse("recognition", status, times=1)
    final = await (await listening(engine)).say(speed=3.0)
    assert isinstance(final, FinalTranscript)
    assert final.text == "One."
    assert final.start_ms == pytest.approx(200, abs=40)


async def test_a_service_that_stays_unavailable_is_a_failure(speech: SpeechEmulator, engine: AzureRecognizer) -> None:
    speech.faults.refuse("recognition", 503, times=ALWAYS)
    assert (await (await listening(engine)).failure()).kind is ErrorKind.UNAVAILABLE


async def test_a_dead_host_is_a_failure(speech: SpeechEmulator, engine: AzureRecognizer) -> None:
    await speech.stop_listening()
    assert (await (await listening(engine)).failure()).kind is ErrorKind.UNAVAILABLE
    with pytest.raises(RecognizerError, match="cannot be reached"):
        await engine.ready()


@pytest.mark.usefixtures("impatient")
async def test_an_upgrade_that_is_never_answered_is_a_failure(speech: SpeechEmulator, engine: AzureRecognizer) -> None:
    speech.faults.hang("recognition", ALWAYS)
    failed = await (await listening(engine)).failure()
    assert failed.kind is ErrorKind.TIMEOUT
    assert "no connection" in failed.detail


@pytest.mark.parametrize("code", [1000, 1011, None])
async def test_a_connection_lost_in_mid_utterance_costs_no_word(
    speech: SpeechEmulator, engine: AzureRecognizer, code: int | None
) -> None:
    speech.faults.drop_at_partial(code)
    listener = await listening(engine)
    final = await listener.say(speed=2.0)
    assert isinstance(final, FinalTranscript)
    assert final.text == "One."
    assert final.start_ms == pytest.approx(200, abs=40)
    assert len(speech.faults.befallen) == 1
    second = await listener.say(speed=2.0)
    assert isinstance(second, FinalTranscript)
    assert second.text == "Two."
    assert [event for event in listener.events if isinstance(event, RecognitionReady)] == [RecognitionReady()]


async def test_a_connection_that_is_lost_again_and_again_is_a_failure(
    speech: SpeechEmulator, engine: AzureRecognizer
) -> None:
    speech.faults.drop_recognition(times=ALWAYS)
    failed = await (await listening(engine)).say_and_stay()
    assert isinstance(failed, RecognitionFailed)
    assert failed.kind is ErrorKind.UNAVAILABLE


@pytest.mark.parametrize(("code", "kind"), [(1007, ErrorKind.BAD_REQUEST), (4429, ErrorKind.THROTTLED)])
async def test_a_close_that_is_meant_is_a_failure(
    speech: SpeechEmulator, engine: AzureRecognizer, code: int, kind: ErrorKind
) -> None:
    speech.faults.drop_at_partial(code, ALWAYS)
    failed = await (await listening(engine)).say(speed=2.0)
    assert isinstance(failed, RecognitionFailed)
    assert failed.kind is kind


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("Error", ErrorKind.UNAVAILABLE),
        ("TooManyRequests", ErrorKind.THROTTLED),
        ("Forbidden", ErrorKind.AUTHENTICATION),
    ],
)
async def test_a_phrase_that_is_an_error_is_a_failure_in_the_end(
    speech: SpeechEmulator, engine: AzureRecognizer, status: str, kind: ErrorKind
) -> None:
    speech.recognition = Scripted(Utterance("One.", ()))
    speech.faults.error_phrase(status, ALWAYS)
    failed = await (await listening(engine)).say_and_stay()
    assert isinstance(failed, RecognitionFailed)
    assert failed.kind is kind


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("fault", ["mute", "stall", "lost final"])
async def test_a_service_that_falls_silent_is_a_failure(
    speech: SpeechEmulator, engine: AzureRecognizer, fault: str
) -> None:
    match fault:
        case "mute":
            speech.faults.mute_recognition(ALWAYS)
        case "stall":
            speech.faults.stall_recognition(700, ALWAYS)
        case _:
            speech.faults.lose_final()
    listener = await listening(engine)
    failed = await listener.say(speed=3.0)
    assert isinstance(failed, RecognitionFailed)
    assert failed.kind is ErrorKind.TIMEOUT
    speech.faults.clear()
    assert isinstance(await (await listening(engine)).say(), FinalTranscript)


async def test_speech_without_end_and_without_an_answer_is_a_failure(
    speech: SpeechEmulator, engine: AzureRecognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signs_of_life, "SPEECH_MS", 1_000.0)
    speech.faults.mute_recognition(ALWAYS)
    # The service is given its time from the last sign of life on, which is that it is connected.
    began = asyncio.get_running_loop().time()
    listener = await listening(engine)
    await listener.push(silence(200) + loud(1_400))
    failed = await listener.failure()
    assert "speech without any answer" in failed.detail
    # Audio that is heard again comes all at once: the service is given the time of it all the same.
    assert asyncio.get_running_loop().time() - began >= 1.0


async def test_steady_noise_is_not_taken_for_a_stall(speech: SpeechEmulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """20 dB below a voice, the service takes it for the beginning of speech, and says nothing more."""
    monkeypatch.setattr(signs_of_life, "SPEECH_MS", 1_500.0)
    speech.recognition = Scripted(Utterance("One.", ()), Utterance("Two.", ()))
    engine = AzureRecognizer(resource_of(speech), renew_ms=5_000)
    listener = await listening(engine)
    room = white_noise(10_000, VOICE_LEVEL / 10, seed=0)
    await listener.push(room[: 2 * BLOCK * 50], speed=2.0)
    await speech.messages.until(lambda message: message.sent and message.path == "speech.startDetected")
    await listener.push(room[: 6 * BLOCK * 50], speed=2.0)
    assert listener.of(RecognitionFailed) == []
    assert len(speech.connections) == 2, "in noise as in silence, a recognizer that has heard much is replaced"
    assert isinstance(await listener.say(), FinalTranscript)
    await engine.close()


async def test_words_in_noise_without_end_are_brought_to_one(
    speech: SpeechEmulator, engine: AzureRecognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody else has heard them, and in the noise the service sees no end of them."""
    monkeypatch.setattr(utterances, "UNENDED_S", SHORT_S)
    monkeypatch.setattr(utterances, "HELD_S", SHORT_S)
    listener = await listening(engine)
    await listener.push(white_noise(4_000, VOICE_LEVEL / 10, seed=0), speed=2.0)
    final = await listener.until(_outcome)
    assert isinstance(final, FinalTranscript)
    assert final.text == "One."


@pytest.mark.usefixtures("impatient")
async def test_what_the_service_never_takes_for_speech_is_noise_in_the_end(
    speech: SpeechEmulator, engine: AzureRecognizer
) -> None:
    speech.faults.mute_recognition(ALWAYS)
    kinds = [type(await (await listening(engine)).say()) for _ in range(3)]
    assert kinds == [RecognitionFailed, RecognitionFailed, NoSpeechRecognized]


@pytest.mark.parametrize("fault", ["duplicate_final", "empty_final", "backward_partial", "lose_partial"])
async def test_repetitions_and_gaps_are_not_passed_on(
    speech: SpeechEmulator, engine: AzureRecognizer, fault: str
) -> None:
    getattr(speech.faults, fault)(2)
    listener = await listening(engine)
    finals = [await listener.say(), await listener.say()]
    assert [final.text for final in finals if isinstance(final, FinalTranscript)] == ["One.", "Two."]
    assert len(listener.outcomes) == 2


async def test_an_error_after_each_partial_is_a_failure_in_the_end(
    speech: SpeechEmulator, engine: AzureRecognizer
) -> None:
    """The SDK itself would go on for ever: to it each partial is progress."""
    speech.faults.error_phrase("Error", ALWAYS)
    failed = await (await listening(engine)).say_and_stay()
    assert isinstance(failed, RecognitionFailed)
    assert failed.kind in (ErrorKind.UNAVAILABLE, ErrorKind.TIMEOUT)


@pytest.mark.parametrize("status", ["NoMatch", "InitialSilenceTimeout"])
async def test_no_match_is_nothing(speech: SpeechEmulator, engine: AzureRecognizer, status: str) -> None:
    speech.recognition = Scripted(Utterance("", (), status=status), "Two.")
    listener = await listening(engine)
    assert isinstance(await listener.say(), NoSpeechRecognized)
    assert isinstance(await listener.say(), FinalTranscript)


async def test_a_service_that_ends_its_turns_is_understood_all_the_same() -> None:
    async with SpeechEmulator(recognition=Scripted("One.", "Two."), turn_per_utterance=True) as speech:
        engine = AzureRecognizer(resource_of(speech))
        listener = await listening(engine)
        finals = [await listener.say(speed=4.0), await listener.say(speed=4.0)]
        assert [final.text for final in finals if isinstance(final, FinalTranscript)] == ["One.", "Two."]
        starts_ms = [final.start_ms for final in finals if isinstance(final, FinalTranscript)]
        assert starts_ms == [pytest.approx(200, abs=60), pytest.approx(1_800, abs=60)]
        await engine.close()


async def test_a_closed_engine_opens_nothing(engine: AzureRecognizer) -> None:
    await engine.close()
    with pytest.raises(RecognizerError, match="closed"):
        await listening(engine)


async def test_readiness_says_who_answers(speech: SpeechEmulator, engine: AzureRecognizer) -> None:
    assert speech.endpoint in await engine.ready()
    asked = len(speech.connections)
    await engine.ready()
    assert len(speech.connections) == asked


async def test_a_port_that_nobody_listens_at_is_a_failure() -> None:
    engine = AzureRecognizer(SpeechResource(endpoint="ws://127.0.0.1:9", key=Secret("k")))
    assert (await (await listening(engine)).failure()).kind is ErrorKind.UNAVAILABLE
    await engine.close()

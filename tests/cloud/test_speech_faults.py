"""Each fault of the emulator, as the real SDK shows it to an application."""

import asyncio
import itertools
from collections.abc import AsyncIterator

import pytest

from tests.cloud.acs.pcm import silence, tone
from tests.cloud.speech.emulator import Delivery, Scripted, SpeechEmulator
from tests.cloud.speech.native import NativeRecognizer, NativeSynthesizer, canceled_by

RATE_HZ = 16_000
HELLO = silence(200, RATE_HZ) + tone(700, RATE_HZ) + silence(600, RATE_HZ)
TEXT = "This takes one second or two to say."
SOON_S = 0.3
"""Long enough for what would happen at once, were it to happen."""
IMPATIENT = {
    "SpeechSynthesis_FrameTimeoutInterval": "250",
    "SpeechSynthesis_RtfTimeoutThreshold": "0.1",
    "SpeechSynthesis_FirstChunkTimeoutMs": "250",
    "SpeechSynthesis_MaxRetryTimes": "0",
}


@pytest.fixture
async def speech() -> AsyncIterator[SpeechEmulator]:
    async with SpeechEmulator(recognition=Scripted("One two.", "Three.")) as emulator:
        yield emulator


async def nothing(caller: NativeRecognizer, kind: str) -> bool:
    """Whether an event of that kind does not come soon."""
    try:
        await caller.until(kind, timeout_s=SOON_S)
    except TimeoutError:
        return True
    return False


@pytest.mark.parametrize(
    ("status", "times", "code"),
    [
        (401, 1, "AuthenticationFailure"),
        (403, 1, "AuthenticationFailure"),
        (429, 5, "TooManyRequests"),
        (503, 5, "ServiceUnavailable"),
    ],
)
async def test_a_refused_connection(speech: SpeechEmulator, status: int, times: int, code: str) -> None:
    speech.faults.refuse("recognition", status, times)
    async with NativeRecognizer(speech) as caller:
        caller.push(HELLO)
        assert (await caller.until("canceled")).text == code
    assert [c.status for c in speech.connections] == [status] * times


async def test_a_throttled_connection_is_tried_again(speech: SpeechEmulator) -> None:
    speech.faults.refuse("recognition", 429, times=2, retry_after_s=1)
    async with NativeRecognizer(speech) as caller:
        caller.push(HELLO)
        await caller.until("final", "One two.")
    assert [c.status for c in speech.connections] == [429, 429, 101]


async def test_a_connection_that_is_never_answered(speech: SpeechEmulator) -> None:
    speech.faults.hang("recognition")
    async with NativeRecognizer(speech) as caller:
        caller.push(HELLO)
        await speech.faults.befallen.until(lambda f: f.name == "hang")
        assert await nothing(caller, "connected")
        assert speech.connections[0].status == 0


async def test_a_connection_that_breaks_or_is_slow(speech: SpeechEmulator) -> None:
    speech.faults.reset("recognition")
    speech.faults.slow_connect("recognition", 0.2)
    async with NativeRecognizer(speech) as caller:
        caller.push(HELLO)
        await caller.until("final", "One two.")
    first, second = speech.connections
    assert not first.opened_at_s
    assert second.opened_at_s is not None
    assert second.opened_at_s - second.asked_at_s >= 0.2


async def test_a_host_that_is_dead_for_a_while(speech: SpeechEmulator) -> None:
    await speech.stop_listening()
    # Where the SDK gets no turn for so long, 3 s by default, it names that, and not the connection that was refused.
    async with NativeSynthesizer(speech, properties={"SpeechSynthesis_FrameTimeoutInterval": "60000"}) as voice:
        assert canceled_by(await voice.speak(TEXT)) == "ConnectionFailure"
        await speech.listen()
        assert not canceled_by(await voice.speak(TEXT))


async def test_a_turn_without_any_answer(speech: SpeechEmulator) -> None:
    speech.faults.mute_recognition()
    async with NativeRecognizer(speech) as caller:
        caller.push(HELLO)
        turn = await speech.recognitions.until(lambda _: True)
        await caller.until("connected")
        assert await nothing(caller, "started")
    assert turn.audio_ms > 700
    assert not speech.messages.where(lambda m: m.sent)


async def test_a_turn_that_stalls_while_somebody_speaks(speech: SpeechEmulator) -> None:
    speech.faults.stall_recognition(at_ms=500)
    async with NativeRecognizer(speech) as caller:
        caller.push(HELLO)
        await caller.until("partial")
        assert await nothing(caller, "final")
        assert len(speech.open_connections()) == 1


@pytest.mark.parametrize("code", [None, 1000, 1011])
async def test_a_connection_lost_in_mid_utterance_is_made_good(speech: SpeechEmulator, code: int | None) -> None:
    speech.faults.drop_at_partial(code)
    async with NativeRecognizer(speech) as caller:
        caller.push(HELLO)
        final = await caller.until("final", "One two.")
    assert final.offset_ms == 200
    starts = speech.messages.where(lambda m: m.path == "speech.startDetected")
    assert [(m.connection, m.body) for m in starts] == [(0, starts[0].body), (1, starts[0].body)]
    assert not caller.of("canceled")
    assert speech.connections[0].close_code == (code or 1006)


@pytest.mark.parametrize(("code", "name"), [(1007, "BadRequest"), (4429, "TooManyRequests")])
async def test_a_connection_closed_for_good(speech: SpeechEmulator, code: int, name: str) -> None:
    speech.faults.drop_recognition(at_ms=300, code=code)
    async with NativeRecognizer(speech) as caller:
        # The SDK connects once more if a close meets audio that it is sending.
        caller.push(HELLO[: 2 * RATE_HZ * 400 // 1000])
        assert (await caller.until("canceled")).text == name
        await caller.until("ended")
    assert len(speech.connections) == 1


async def test_a_final_that_is_lost_with_the_connection_comes_on_the_next(speech: SpeechEmulator) -> None:
    speech.faults.drop_at_final()
    async with NativeRecognizer(speech) as caller:
        caller.push(HELLO)
        await caller.until("final", "One two.")
    assert [event.text for event in caller.of("partial")] == ["one", "one two"] * 2


async def test_a_final_that_never_comes(speech: SpeechEmulator) -> None:
    speech.faults.lose_final()
    async with NativeRecognizer(speech) as caller:
        caller.push(HELLO + HELLO)
        await caller.until("final", "Three.")
    assert len(caller.of("final")) == 1
    assert len(caller.of("started")) == 2


async def test_a_final_that_is_late(speech: SpeechEmulator) -> None:
    speech.faults.delay_final(0.2)
    async with NativeRecognizer(speech) as caller:
        caller.push(HELLO + HELLO)
        await caller.until("final", "One two.")
    assert [event.text for event in caller.of("final")] == ["Three.", "One two."]


async def test_finals_that_are_empty_or_come_twice(speech: SpeechEmulator) -> None:
    speech.faults.empty_final()
    speech.faults.duplicate_final()
    async with NativeRecognizer(speech) as caller:
        caller.push(HELLO)
        await caller.until("final", "One two.", count=2)
    assert [event.text for event in caller.of("final")] == ["", "One two.", "One two."]


async def test_partials_that_go_backwards_or_are_missing(speech: SpeechEmulator) -> None:
    speech.faults.backward_partial()
    async with NativeRecognizer(speech) as caller:
        caller.push(HELLO)
        await caller.until("final", "One two.")
        assert [event.text for event in caller.of("partial")] == ["one", "one two", "one"]
        speech.faults.lose_partial()
        caller.push(HELLO)
        await caller.until("final", "Three.")
    assert len(caller.of("partial")) == 3


@pytest.mark.parametrize("status", ["NoMatch", "InitialSilenceTimeout"])
async def test_a_phrase_of_nothing(speech: SpeechEmulator, status: str) -> None:
    speech.faults.error_phrase(status)
    async with NativeRecognizer(speech) as caller:
        caller.push(HELLO)
        assert (await caller.until("final")).text == ""


async def test_a_phrase_that_says_error_is_tried_again(speech: SpeechEmulator) -> None:
    speech.faults.error_phrase("TooManyRequests")
    async with NativeRecognizer(speech) as caller:
        caller.push(HELLO)
        await caller.until("final", "One two.")
    assert len(speech.connections) == 2


@pytest.mark.parametrize("status", ["Error", "TooManyRequests", "Forbidden"])
async def test_phrases_that_say_nothing_but_error(speech: SpeechEmulator, status: str) -> None:
    speech.faults.error_phrase(status, times=5)
    async with NativeRecognizer(speech) as caller:
        caller.push(HELLO)
        canceled = await caller.until("canceled")
    assert canceled.text == ("ServiceError" if status == "Error" else status)


async def test_a_fault_on_one_connection_only(speech: SpeechEmulator) -> None:
    speech.faults.lose_final(on=1)
    for text, number in (("One two.", 0), ("Three.", 1)):
        async with NativeRecognizer(speech) as caller:
            caller.push(HELLO)
            if number == 0:
                await caller.until("final", text)
            else:
                await speech.faults.befallen.until(lambda f: f.connection == 1)
    assert [u.text for u in speech.recognition.left] == ["Three."]  # type: ignore[attr-defined]


async def test_breaking_what_is_open(speech: SpeechEmulator) -> None:
    async with NativeRecognizer(speech) as caller:
        caller.push(HELLO)
        await caller.until("final", "One two.")
        assert speech.break_connections("synthesis") == 0
        assert speech.break_connections("recognition", 1011) == 1
        caller.push(HELLO)
        await caller.until("final", "Three.")
    assert len(speech.connections) == 2


async def test_what_is_cleared_befalls_nobody(speech: SpeechEmulator) -> None:
    speech.faults.refuse(None, 401)
    speech.faults.clear()
    async with NativeSynthesizer(speech) as voice:
        assert not canceled_by(await voice.speak("Hi."))


@pytest.mark.parametrize(
    ("status", "times", "code"),
    [(401, 1, "AuthenticationFailure"), (403, 1, "AuthenticationFailure"), (429, 2, "TooManyRequests")],
)
async def test_a_refused_voice(speech: SpeechEmulator, status: int, times: int, code: str) -> None:
    speech.faults.refuse("synthesis", status, times)
    async with NativeSynthesizer(speech) as voice:
        assert canceled_by(await voice.speak(TEXT)) == code
        assert not canceled_by(await voice.speak("Hi."))
    assert [c.status for c in speech.connections] == [status] * times + [101]


async def test_a_voice_that_does_not_answer(speech: SpeechEmulator) -> None:
    speech.faults.mute_synthesis()
    async with NativeSynthesizer(speech, properties=IMPATIENT) as voice:
        assert canceled_by(await voice.speak(TEXT)) == "ServiceTimeout"
        assert not canceled_by(await voice.speak("Hi."))
    assert speech.syntheses[0].outcome == "stalled"


async def test_a_voice_that_begins_late(speech: SpeechEmulator) -> None:
    speech.faults.slow_first_byte(0.3)
    async with NativeSynthesizer(speech) as voice:
        assert not canceled_by(await voice.speak(TEXT))
    request = speech.syntheses[0]
    assert request.blocks[0].at_s - request.asked_at_s >= 0.3


async def test_a_voice_that_stops_in_mid_audio(speech: SpeechEmulator) -> None:
    speech.faults.stall_synthesis(at_ms=500)
    async with NativeSynthesizer(speech, properties=IMPATIENT) as voice:
        result = await voice.speak(TEXT)
    assert canceled_by(result) == "ServiceTimeout"
    assert speech.syntheses[0].audio_ms == pytest.approx(500, abs=100)


async def test_a_voice_that_pauses(speech: SpeechEmulator) -> None:
    speech.faults.pause_synthesis(at_ms=500, delay_s=0.3)
    async with NativeSynthesizer(speech) as voice:
        assert not canceled_by(await voice.speak(TEXT))
    times = [block.at_s for block in speech.syntheses[0].blocks]
    assert max(later - sooner for sooner, later in itertools.pairwise(times)) >= 0.3


@pytest.mark.parametrize(
    ("code", "name"),
    [(None, "ConnectionFailure"), (1011, "ServiceError"), (1007, "BadRequest"), (4429, "TooManyRequests")],
)
async def test_a_voice_that_is_lost_in_mid_audio(speech: SpeechEmulator, code: int | None, name: str) -> None:
    speech.delivery = Delivery(speed=8)
    speech.faults.drop_synthesis(at_ms=500, code=code)
    async with NativeSynthesizer(speech) as voice:
        assert canceled_by(await voice.speak(TEXT)) == name
        assert not canceled_by(await voice.speak("Hi."))
    assert [request.outcome for request in speech.syntheses] == ["broken", "completed"]


async def test_a_voice_without_audio_or_words(speech: SpeechEmulator) -> None:
    speech.faults.no_words()
    async with NativeSynthesizer(speech) as voice:
        assert (await voice.speak("Hi.")).audio_data
        speech.faults.no_audio()
        result = await voice.speak("Hi.")
        await asyncio.wait_for(voice.until("ended"), 60)
    assert not result.audio_data
    assert not voice.of("word")
    assert speech.syntheses[1].audio_ms == 0


async def test_audio_cut_in_the_middle_of_samples(speech: SpeechEmulator) -> None:
    speech.faults.odd_chunks()
    async with NativeSynthesizer(speech) as voice:
        result = await voice.speak(TEXT)
    request = speech.syntheses[0]
    assert request.blocks[0].size_bytes % 2 == 1
    assert result.audio_data == bytes(request.audio)

"""The real native SDK on the emulator: speech recognized and made, and who is let in."""

import asyncio
import re
import signal
import sys

import pytest

from tests.cloud.acs.pcm import level_dbfs, silence, tone
from tests.cloud.entra import EntraEmulator
from tests.cloud.speech.emulator import (
    Delivery,
    Embedded,
    LatencyEcho,
    Scripted,
    Span,
    SpeechEmulator,
    Utterance,
    Voiced,
)
from tests.cloud.speech.native import NativeRecognizer, NativeSynthesizer, canceled_by

RATE_HZ = 16_000
AUDIENCE = "https://cognitiveservices.azure.com"
PAUSE = silence(600, RATE_HZ)
HELLO = silence(200, RATE_HZ) + tone(700, RATE_HZ) + PAUSE
SHORT = {"Speech_SegmentationSilenceTimeoutMs": "400"}
KEPT = {"SpeechSynthesis_KeepConnectionAfterStopping": "true"}


async def all_closed(speech: SpeechEmulator) -> None:
    """Wait until the SDK has closed its connections, which it does behind its own back."""
    async with asyncio.timeout(30):
        while speech.open_connections():  # noqa: ASYNC110  the emulator tells nobody
            await asyncio.sleep(0.01)


async def test_a_scripted_dialogue_is_recognized() -> None:
    async with SpeechEmulator(recognition=Scripted("Hello there.", "I am Ann.")) as speech:
        async with NativeRecognizer(speech, phrases=["Ann"], properties=SHORT) as caller:
            caller.push(HELLO + HELLO)
            second = await caller.until("final", "I am Ann.")
            caller.finish()
            await caller.until("ended")
        assert [event.text for event in caller.of("partial")] == ["hello", "hello there", "i", "i am", "i am ann"]
        assert [event.text for event in caller.of("final")] == ["Hello there.", "I am Ann."]
        assert (second.offset_ms, second.duration_ms) == (1700, 700)
        assert [event.offset_ms for event in caller.of("started")] == [200, 1700]
        turn = speech.recognitions[0]
        assert (turn.phrases, turn.languages, turn.segmentation_ms) == (("Ann",), ("en-US",), 400)
        # The SDK may add silence of its own when the stream is closed.
        assert bytes(turn.audio).startswith(HELLO + HELLO)
        assert turn.ended
        assert sum(block.size_bytes for block in turn.blocks) == len(turn.audio)
        await all_closed(speech)
        assert [event.text for event in caller.of("canceled")] == ["EndOfStream"]


async def test_the_service_may_end_each_turn_itself() -> None:
    async with SpeechEmulator(recognition=Scripted("One.", "Two."), turn_per_utterance=True) as speech:
        async with NativeRecognizer(speech) as caller:
            caller.push(HELLO + HELLO)
            first = await caller.until("final", "One.")
            second = await caller.until("final", "Two.")
        assert (first.offset_ms, second.offset_ms) == (200, 1700)
        assert len(speech.recognitions) >= 2
        assert len(speech.connections) == 1
        assert speech.recognitions[1].context["continuation"]


async def test_languages_are_told_apart() -> None:
    script = Scripted(Utterance("Guten Tag.", language="de-DE"), Utterance("Hello.", language="en-US"))
    async with SpeechEmulator(recognition=script) as speech:
        async with NativeRecognizer(speech, languages=["en-US", "de-DE"], detailed=True) as caller:
            caller.push(HELLO + HELLO)
            await caller.until("final", "Hello.")
        assert [event.language for event in caller.of("final")] == ["de-DE", "en-US"]
        assert speech.recognitions[0].languages == ("en-US", "de-DE")
        phrases = [m.body for m in speech.messages if m.path == "speech.phrase" and "NBest" in m.body]
        assert len(phrases) == 2


async def test_speakers_are_told_apart() -> None:
    script = Scripted(Utterance("Hello.", speaker="Guest-1"), Utterance("Goodbye.", speaker="Guest-2"))
    async with SpeechEmulator(recognition=script) as speech:
        async with NativeRecognizer(speech, diarization=True) as caller:
            caller.push(HELLO + HELLO)
            await caller.until("final", "Goodbye.")
        assert [event.speaker for event in caller.of("final")] == ["Guest-1", "Guest-2"]
        assert speech.recognitions[0].diarization


async def test_an_echo_comes_soon_after_speech_ended() -> None:
    async with SpeechEmulator(recognition=LatencyEcho(final_after_ms=100), keep_audio=False) as speech:
        async with NativeRecognizer(speech) as caller:
            caller.push(tone(500, RATE_HZ) + silence(160, RATE_HZ) + tone(300, RATE_HZ) + silence(160, RATE_HZ))
            await caller.until("final", "Number 2.")
        assert [event.text for event in caller.of("final")] == ["Number 1.", "Number 2."]
        assert speech.recognitions[0].audio == b""
        assert speech.recognitions[0].audio_ms >= 1100
        assert not speech.messages.where(lambda m: m.path == "audio")


async def test_an_engine_of_the_tests_own_is_asked() -> None:
    heard: list[float] = []

    def decode(pcm: bytes, rate_hz: int) -> str:
        heard.append(len(pcm) / 2 / rate_hz)
        return f"A level of {level_dbfs(pcm):.0f}."

    async with SpeechEmulator(recognition=Embedded(decode)) as speech:
        async with NativeRecognizer(speech, rate_hz=8_000) as caller:
            caller.push(silence(500, 8_000) + tone(500, 8_000, level_dbfs=-20) + silence(600, 8_000))
            final = await caller.until("final")
        assert re.fullmatch(r"A level of -2\d\.", final.text)
        assert heard == [pytest.approx(0.9, abs=0.05)]
        assert final.offset_ms == 500


@pytest.mark.parametrize("rate_hz", [16_000, 24_000, 48_000])
async def test_text_is_spoken(rate_hz: int) -> None:
    async with SpeechEmulator() as speech:
        async with NativeSynthesizer(speech, rate_hz=rate_hz) as voice:
            result = await voice.speak("Hello, <b> & you.")
            await voice.until("word", ".")
        request = speech.syntheses[0]
        assert (request.text, request.spoken.voice, request.outcome) == (
            "Hello, <b> & you.",
            "en-US-AvaNeural",
            "completed",
        )
        assert request.output_format == f"raw-{rate_hz // 1000}khz-16bit-mono-pcm"
        assert result.audio_data == bytes(request.audio)
        assert len(result.audio_data) == pytest.approx(request.audio_ms * rate_hz / 500, abs=2)
        told = sorted((word.offset_ms, word.text) for word in voice.of("word"))
        assert told == sorted((word.start_ms, word.text) for word in request.words)


async def test_how_it_is_to_be_said_is_noted() -> None:
    document = (
        "<speak version='1.0' xml:lang='en-GB' xmlns='http://www.w3.org/2001/10/synthesis' "
        "xmlns:mstts='http://www.w3.org/2001/mstts'><voice name='en-GB-SoniaNeural'><mstts:express-as style='calm'>"
        "<prosody rate='-10%' pitch='+5%'>Hello.</prosody></mstts:express-as></voice></speak>"
    )
    async with SpeechEmulator() as speech, NativeSynthesizer(speech) as voice:
        await voice.speak_ssml(document)
        request = speech.syntheses[0]
        assert request.ssml == document
        manner = request.spoken.manner
        assert (manner.voice, manner.style, manner.rate, manner.pitch) == ("en-GB-SoniaNeural", "calm", "-10%", "+5%")


async def test_ssml_that_is_wrong_is_refused() -> None:
    async with SpeechEmulator() as speech, NativeSynthesizer(speech) as voice:
        result = await voice.speak_ssml("<speak>")
        assert canceled_by(result) == "BadRequest"
        assert speech.syntheses[0].outcome == "refused"
        assert speech.connections[0].close_code == 1007


async def test_text_is_spoken_as_it_comes() -> None:
    async with SpeechEmulator() as speech:
        async with NativeSynthesizer(speech, streaming=True) as voice:
            result = await voice.speak_pieces("Hel", "lo. How are", " you")
        request = speech.syntheses[0]
        assert request.streaming
        assert [text for _, text in request.pieces] == ["Hel", "lo. How are", " you"]
        assert [word.text for word in request.words] == ["Hello", ".", "How", "are", "you"]
        assert result.audio_data == bytes(request.audio)


async def test_the_endpoint_for_whole_texts_takes_no_pieces() -> None:
    async with SpeechEmulator() as speech, NativeSynthesizer(speech) as voice:
        assert canceled_by(await voice.speak_pieces("Hello.")) == "BadRequest"


async def test_audio_comes_at_the_pace_that_is_set() -> None:
    async with SpeechEmulator(delivery=Delivery(first_byte_ms=50, speed=4, chunk_ms=40)) as speech:
        async with NativeSynthesizer(speech) as voice:
            await voice.speak("one two three four five six")
        request = speech.syntheses[0]
        sent_ms = 0.0
        for block in request.blocks:
            # Counted from when it was asked for, since the first may be late, and then the others are not.
            assert block.at_s - request.asked_at_s >= 0.05 + sent_ms / 4000 * 0.95
            sent_ms += block.size_bytes / 32
        assert sent_ms == request.audio_ms
        assert {block.size_bytes for block in request.blocks[:-1]} >= {1280}


async def test_a_stop_keeps_the_connection_if_asked_to() -> None:
    async with SpeechEmulator(delivery=Delivery(speed=1)) as speech:
        async with NativeSynthesizer(speech, properties=KEPT) as voice:
            speaking = asyncio.create_task(
                voice.speak("This is a rather long text, which nobody will hear to its end.")
            )
            await voice.until("audio")
            await voice.stop()
            assert canceled_by(await speaking) == "CancelledByUser"
            assert speech.syntheses[0].outcome == ""
            speech.delivery = Delivery()
            result = await voice.speak("Hi.")
        assert result.audio_data == bytes(speech.syntheses[1].audio)
        assert len(speech.connections) == 1


async def test_a_stop_closes_the_connection_otherwise() -> None:
    async with SpeechEmulator(delivery=Delivery(speed=1)) as speech, NativeSynthesizer(speech) as voice:
        speaking = asyncio.create_task(voice.speak("This is a rather long text, which nobody will hear to its end."))
        await voice.until("audio")
        await voice.stop()
        await speaking
        await voice.speak("Hi.")
        assert [request.outcome for request in speech.syntheses] == ["abandoned", "completed"]
        assert len(speech.connections) == 2


async def test_a_voice_of_the_tests_own_is_used() -> None:
    def voice_of(span: Span, rate_hz: int) -> Voiced:
        return Voiced(span.text.encode("utf-16-le") * 100)

    async with SpeechEmulator(voice=voice_of) as speech, NativeSynthesizer(speech) as voice:
        assert (await voice.speak("Hi")).audio_data == "Hi".encode("utf-16-le") * 100


@pytest.mark.parametrize("form", ["aad#{id}#{token}", "{token}"])
async def test_a_token_is_taken(form: str) -> None:
    async with EntraEmulator() as entra, SpeechEmulator(entra=entra, recognition=Scripted("Hello.")) as speech:
        bearer = form.format(id=speech.resource_id, token=entra.tokens.issue(aud=AUDIENCE))
        async with NativeRecognizer(speech, bearer=bearer) as caller:
            caller.push(HELLO)
            await caller.until("final", "Hello.")
        async with NativeSynthesizer(speech, bearer=bearer) as voice:
            assert not canceled_by(await voice.speak("Hello."))
        assert [connection.bearer for connection in speech.connections] == [bearer, bearer]


async def test_what_proves_nothing_is_refused() -> None:
    async with EntraEmulator() as entra, SpeechEmulator(entra=entra) as speech:
        good = entra.tokens.issue(aud=AUDIENCE)
        wrong = [
            f"aad#/another/resource#{good}",
            entra.tokens.issue(aud=AUDIENCE, ttl_s=-10),
            entra.tokens.issue(),
            "nonsense",
        ]
        for bearer in (None, *wrong):
            async with NativeSynthesizer(speech, key="another-key", bearer=bearer) as voice:
                assert canceled_by(await voice.speak("Hello.")) == "AuthenticationFailure"
        async with NativeRecognizer(speech, key="another-key") as caller:
            caller.push(HELLO)
            assert (await caller.until("canceled")).text == "AuthenticationFailure"
        assert {connection.status for connection in speech.connections} == {401}
        assert not speech.messages


async def test_a_token_that_expires_is_replaced_on_the_live_recognizer() -> None:
    async with EntraEmulator() as entra, SpeechEmulator(entra=entra, recognition=Scripted("One.", "Two.")) as speech:
        async with NativeRecognizer(speech, bearer=entra.tokens.issue(aud=AUDIENCE)) as caller:
            caller.push(HELLO)
            await caller.until("final", "One.")
            caller.authorize(entra.tokens.issue(aud=AUDIENCE))
            assert speech.expire_tokens() == 1
            caller.push(HELLO)
            await caller.until("final", "Two.")
        assert [c.status for c in speech.connections] == [101, 101]
        assert not caller.of("canceled")


async def test_a_token_that_expires_and_is_not_replaced_ends_recognition() -> None:
    async with (
        EntraEmulator() as entra,
        SpeechEmulator(entra=entra, recognition=Scripted("One.", "Two.")) as speech,
        NativeRecognizer(speech, bearer=entra.tokens.issue(aud=AUDIENCE)) as caller,
    ):
        caller.push(HELLO)
        await caller.until("final", "One.")
        speech.expire_tokens()
        caller.push(HELLO)
        assert (await caller.until("canceled")).text == "AuthenticationFailure"


async def test_nothing_is_left_when_it_ends_under_its_clients() -> None:
    async with SpeechEmulator(recognition=Scripted("Hello."), delivery=Delivery(speed=1)) as speech:
        async with NativeRecognizer(speech) as caller, NativeSynthesizer(speech) as voice:
            caller.push(HELLO)
            await caller.until("final")
            speaking = asyncio.create_task(voice.speak("This text is far too long to be heard to its end today."))
            await voice.until("audio")
            await speech.__aexit__()
            assert canceled_by(await speaking)
            await speech.connections.until(lambda c: not c.open)
        await all_closed(speech)
        assert [task for task in asyncio.all_tasks() if task is not asyncio.current_task()] == []
        await speech.__aenter__()


async def test_it_runs_alone_and_says_how_to_be_used() -> None:
    alone = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.cloud.speech.emulator", stdout=asyncio.subprocess.PIPE
    )
    try:
        assert alone.stdout is not None
        line = (await asyncio.wait_for(alone.stdout.readline(), 60)).decode()
        found = re.fullmatch(r"AZURE_SPEECH_ENDPOINT=ws://127\.0\.0\.1:\d+ AZURE_SPEECH_KEY=\S+\n", line)
        assert found, line
    finally:
        alone.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(alone.wait(), 60) == 0

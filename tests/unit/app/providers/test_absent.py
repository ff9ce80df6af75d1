"""A server without speech engines: callers type and read, and no reply is waited for in vain."""

from actors.agent import Voice
from actors.messages.transcript import NoSpeechRecognized
from actors.ports.stt import RecognitionEvent, RecognitionOptions, RecognitionReady
from actors.ports.tts import PieceSynthesized, SynthesisEvent, SynthesisFinished
from app.providers.absent import recognizer, synthesizer


async def test_the_recognizer_says_that_it_understood_nothing_and_until_where() -> None:
    told: list[RecognitionEvent] = []
    stream = await recognizer().open(RecognitionOptions(session_id="s"), told.append)
    stream.push(bytes(32_000))
    stream.finish_utterance()
    assert told == [RecognitionReady(), NoSpeechRecognized(1_000)]
    await stream.close()
    stream.finish_utterance()
    assert len(told) == 2


async def test_the_synthesizer_says_everything_at_once_and_without_a_sound() -> None:
    told: list[SynthesisEvent] = []
    stream = await synthesizer().open(Voice(), 16_000, told.append)
    stream.write(1, "Hello ")
    stream.write(1, "there.")
    stream.finish(1)
    assert told == [PieceSynthesized(1, 6, 0.0), PieceSynthesized(1, 12, 0.0), SynthesisFinished(1)]
    stream.write(2, "No.")
    stream.cancel(2)
    stream.write(2, "Yes.")
    assert told[-1] == PieceSynthesized(2, 4, 0.0)
    await stream.close()
    stream.write(3, "Nobody hears.")
    assert len(told) == 5

"""A voice without a sound takes as long as a spoken one."""

from actors.agent import Voice
from actors.ports.tts import AudioSynthesized, PieceSynthesized, SynthesisEvent, SynthesisFinished, WordSynthesized
from app.evals.silent_voice import MS_PER_CHAR, SilentVoice


async def test_its_silence_is_as_long_as_the_speech_would_be() -> None:
    events: list[SynthesisEvent] = []
    engine = SilentVoice()
    stream = await engine.open(Voice(), 16_000, events.append)
    stream.write(1, "Hello ")
    stream.write(1, "there.")
    stream.finish(1)
    audio = b"".join(event.pcm for event in events if isinstance(event, AudioSynthesized))
    assert len(audio) / 32 == 12 * MS_PER_CHAR
    assert not any(audio)
    words = [(event.text_start, event.audio_ms) for event in events if isinstance(event, WordSynthesized)]
    assert words == [(0, 0), (6, 6 * MS_PER_CHAR)]
    assert [event.text_end for event in events if isinstance(event, PieceSynthesized)] == [6, 12]
    assert isinstance(events[-1], SynthesisFinished)
    await stream.close()
    stream.write(2, "Too late.")
    assert isinstance(events[-1], SynthesisFinished)
    stream.cancel(2)
    await engine.close()

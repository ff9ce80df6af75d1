"""A server without speech engines: callers type and read, and no reply is waited for in vain."""

import asyncio

from actors.agent import Voice
from actors.conversation import UtteranceKind
from actors.messages.caller import TextEntered
from actors.messages.output import ReplyHeard
from actors.messages.transcript import NoSpeechRecognized
from actors.ports.stt import RecognitionEvent, RecognitionOptions, RecognitionReady
from actors.ports.tts import AudioSynthesized, PieceSynthesized, SynthesisEvent, SynthesisFinished
from actors.runtime.clock import run_virtual
from app.providers.absent import recognizer, synthesizer
from tests.kit.session_kit import answers, heard, stage


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
    silence = AudioSynthesized(1, bytes(640))
    pieces = [PieceSynthesized(1, 6, 20.0), PieceSynthesized(1, 12, 40.0)]
    assert told == [silence, pieces[0], silence, pieces[1], SynthesisFinished(1)]
    stream.write(2, "No.")
    stream.cancel(2)
    stream.write(2, "Yes.")
    assert told[-1] == PieceSynthesized(2, 4, 20.0)
    await stream.close()
    stream.write(3, "Nobody hears.")
    assert len(told) == 9


def test_a_typed_conversation_without_speech_engines_is_one_of_replies_alone() -> None:
    """A reply of which the engine makes no audio would have failed, and two of them would end the session."""

    async def main() -> None:
        model = answers("We open at nine. On Sundays at ten.")
        async with stage(model=model, recognizer=recognizer(), synthesizer=synthesizer()) as on:
            for number in range(4):
                await asyncio.sleep(1)
                on.entry.deliver(TextEntered(f"question {number}"))
            await asyncio.sleep(1)
            assert heard(on.ear, UtteranceKind.GREETING) == ["Hello there."]
            assert heard(on.ear) == ["We open at nine. On Sundays at ten."] * 4
            assert len(on.ear.of(ReplyHeard)) == 5
            assert (on.ear.ended, list(on.entry.restarts)) == (None, [])

    run_virtual(main())

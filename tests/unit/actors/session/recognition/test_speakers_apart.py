"""A session that only listens, to one voice or to several: every word once, at its place, whatever fails."""

import asyncio
from collections.abc import Mapping, Sequence
from random import Random

import msgspec
import pytest

from actors.conversation import ChatMessage, SpokenWord
from actors.messages.transcript import FinalTranscript
from actors.rules.speakers import CALLER, MOST_AT_ONCE, OTHERS, SPEAKERS
from actors.runtime.clock import run_virtual
from actors.runtime.restart_budget import RestartPolicy
from actors.session.addresses import recognizer_name
from actors.session.modes.transcription import TRANSCRIPTION
from app.telephony.acs.speaker_audio import SpeakerAudio
from tests.kit.fakes import FakeStore
from tests.kit.repeating import times
from tests.kit.session_kit import RATE_HZ, Stage, stage
from tests.kit.spelt_speech import FRAME_MS, WORD_MS, WORDS, SpeltRecognizer, Utterance, frame_of

Script = Mapping[str, Sequence[Utterance]]
"""By the speaker's label; empty for a session in which all voices are one stream."""

TWO: Script = {
    CALLER: [Utterance(1_000, ("bam", "den", "fip")), Utterance(6_000, ("gor",))],
    "speaker 2": [Utterance(1_200, ("lat", "kes")), Utterance(3_500, ("dim", "bot"))],
}
"""The second speaker begins while the first one speaks."""


class Poison(msgspec.Struct, frozen=True):
    """Handling it fails."""


async def talk(on: Stage, script: Script, until_ms: int) -> None:
    """The audio of everybody in the script, in frames of 20 ms at the pace of a telephone network."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    for at_ms in range(0, until_ms, FRAME_MS):
        for speaker, said in script.items():
            pcm = frame_of(said, at_ms)
            if speaker:
                on.entry.push_audio_of(speaker, pcm)
            else:
                on.entry.push_audio(pcm)
        await asyncio.sleep(max(0.0, began + (at_ms + FRAME_MS) / 1000 - loop.time()))


def recorded(on: Stage) -> Sequence[ChatMessage]:
    """The transcript as it is stored."""
    store = on.engines.store
    assert isinstance(store, FakeStore)
    return store.saved[-1].messages


def words_of(messages: Sequence[ChatMessage] | Sequence[FinalTranscript], speaker: str) -> list[SpokenWord]:
    """What one speaker said, word by word."""
    return [word for message in messages if message.speaker == speaker for word in message.words]


def expected(script: Script, speaker: str) -> list[SpokenWord]:
    """What the script has one speaker say, word by word."""
    return [
        SpokenWord(word, said.start_ms + WORD_MS * number, said.start_ms + WORD_MS * (number + 1))
        for said in script[speaker]
        for number, word in enumerate(said.words)
    ]


def assert_as_in_the_script(on: Stage, script: Script) -> None:
    for speaker in script:
        assert words_of(recorded(on), speaker) == expected(script, speaker)
        assert words_of(on.ear.of(FinalTranscript), speaker) == expected(script, speaker)


def test_words_of_two_who_speak_at_once_are_told_apart_at_their_places() -> None:
    async def main() -> None:
        async with stage(mode=TRANSCRIPTION, recognizer=SpeltRecognizer(), caller=False) as on:
            await talk(on, TWO, 9_000)
            assert_as_in_the_script(on, TWO)
            first = recorded(on)[0]
            assert (first.start_ms, first.end_ms, first.language) == (1_000, 1_600, "en-US")
            children = {state.name for state in on.session.tree()[1:]}
            assert children == {"transcriber", recognizer_name(CALLER), recognizer_name("speaker 2")}
            assert all(child.restarts == 0 for child in on.session.tree()[1:])

    run_virtual(main())


def test_without_any_audio_no_recognizer_is_started() -> None:
    async def main() -> None:
        engine = SpeltRecognizer()
        async with stage(mode=TRANSCRIPTION, recognizer=engine, caller=False) as on:
            await asyncio.sleep(1)
            assert [state.name for state in on.session.tree()[1:]] == ["transcriber"]
            assert engine.opened == 0

    run_virtual(main())


def test_who_is_not_streamed_for_a_while_goes_on_where_the_others_are() -> None:
    async def main() -> None:
        async with stage(mode=TRANSCRIPTION, recognizer=SpeltRecognizer(), caller=False) as on:
            late: Script = {CALLER: [Utterance(0, ("bam",))], OTHERS: []}
            await talk(on, late, 2_000)
            await talk(on, {OTHERS: []}, 30_000)
            await talk(on, {CALLER: [Utterance(1_000, ("den", "fip"))], OTHERS: []}, 4_000)
            words = words_of(recorded(on), CALLER)
            assert [word.text for word in words] == ["bam", "den", "fip"]
            # To a frame: who sends first in each 20 ms is not known.
            assert [word.start_ms for word in words] == pytest.approx([0, 33_000, 33_200], abs=FRAME_MS)

    run_virtual(main())


def listeners(on: Stage) -> set[str]:
    """The recognizers that run."""
    return {state.name for state in on.session.tree()[1:]} - {"transcriber"}


def test_who_leaves_is_listened_to_no_longer_keeps_their_words_and_may_come_back() -> None:
    async def main() -> None:
        engine = SpeltRecognizer()
        async with stage(mode=TRANSCRIPTION, recognizer=engine, caller=False) as on:
            # They leave in the midst of what they say.
            both: Script = {CALLER: [], "speaker 2": [Utterance(1_000, ("lat", "kes", "dim", "bot"))]}
            await talk(on, both, 1_600)
            assert listeners(on) == {recognizer_name(CALLER), recognizer_name("speaker 2")}
            await talk(on, {CALLER: []}, 8_000)
            assert [word.text for word in words_of(recorded(on), "speaker 2")] == ["lat", "kes", "dim"]
            await talk(on, {CALLER: []}, 6_000)
            assert listeners(on) == {recognizer_name(CALLER)}
            opened = engine.opened
            again: Script = {CALLER: [], "speaker 2": [Utterance(500, ("fip", "gor"))]}
            await talk(on, again, 3_000)
            assert listeners(on) == {recognizer_name(CALLER), recognizer_name("speaker 2")}
            assert engine.opened == opened + 1
            words = words_of(recorded(on), "speaker 2")
            assert [word.text for word in words] == ["lat", "kes", "dim", "fip", "gor"]
            assert words[3].start_ms == pytest.approx(1_600 + 14_000 + 500, abs=FRAME_MS)
            assert all(child.restarts == 0 for child in on.session.tree()[1:])

    run_virtual(main())


def test_a_call_that_people_join_and_leave_has_so_many_recognizers_and_no_more() -> None:
    async def main() -> None:
        engine = SpeltRecognizer()
        async with stage(mode=TRANSCRIPTION, recognizer=engine, caller=False) as on:
            audio, loop = SpeakerAudio("+15550100", RATE_HZ), asyncio.get_running_loop()

            async def meet(guests: Sequence[int], seconds: int) -> int:
                """Guests who each say the word of their number; how many recognizers there were at most."""
                most, began = 0, loop.time()
                for at_ms in range(0, seconds * 1_000, FRAME_MS):
                    audio.push(on.entry, "4:+15550100", frame_of([], at_ms))
                    for number in guests:
                        said = [Utterance(1_000 + 600 * guests.index(number), (WORDS[number],))]
                        audio.push(on.entry, f"8:acs:{number}", frame_of(said, at_ms))
                    await asyncio.sleep(max(0.0, began + (at_ms + FRAME_MS) / 1000 - loop.time()))
                    most = max(most, len(listeners(on)))
                return most

            assert await meet((1, 2, 3), 8) == MOST_AT_ONCE
            assert await meet((1, 2, 3, 4), 8) == MOST_AT_ONCE + 1, "the others are heard as one"
            assert await meet((4, 5), 16) == MOST_AT_ONCE + 1
            await meet((4, 5), 8)
            assert len(listeners(on)) == 3, "who has left is listened to no longer, nor are the others"
            said = {speaker: [word.text for word in words_of(recorded(on), speaker)] for speaker in SPEAKERS}
            assert said["speaker 2"] == [WORDS[1]] * 2
            assert said["speaker 3"] == [WORDS[2]] * 2
            assert said[OTHERS] == [WORDS[4], WORDS[4], WORDS[5]]
            assert (said["speaker 5"], said["speaker 6"]) == ([WORDS[4]], [WORDS[5]])

    run_virtual(main())


def at_random(random: Random, speakers: Sequence[str], until_ms: int) -> Script:
    script: dict[str, list[Utterance]] = {}
    for speaker in speakers:
        said, at_ms = [], random.randrange(0, 2_000, FRAME_MS)
        while at_ms < until_ms:
            said.append(Utterance(at_ms, tuple(random.sample(WORDS, random.randint(1, 6)))))
            at_ms = said[-1].end_ms + random.randrange(700, 3_000, FRAME_MS)
        script[speaker] = said
    return script


@pytest.mark.parametrize("speakers", [("",), (CALLER, "speaker 2", OTHERS)], ids=["one stream", "told apart"])
@pytest.mark.parametrize("seed", range(times(12)))
def test_no_word_is_lost_and_none_is_told_twice_when_children_fail_at_random(
    seed: int, speakers: tuple[str, ...]
) -> None:
    random = Random(seed)
    script = at_random(random, speakers, 30_000)
    victims = ["transcriber", *(recognizer_name(speaker) for speaker in speakers)]

    async def kill(on: Stage) -> None:
        session_at = random.randrange(2, 8)
        for number in range(8):
            await asyncio.sleep(random.uniform(1.5, 4.5))
            victim = "session" if number == session_at else random.choice(victims)
            on.entry.addresses[victim].tell(Poison())

    async def main() -> None:
        engine = SpeltRecognizer(random.choice([0.05, 0.3, 0.9]))
        patient = RestartPolicy(max_restarts=10)
        async with stage(mode=TRANSCRIPTION, recognizer=engine, caller=False, restarts=patient) as on:
            killer = asyncio.ensure_future(kill(on))
            await talk(on, script, 45_000)
            await killer
            assert_as_in_the_script(on, script)
            assert on.entry.rebuilt == 1

    run_virtual(main())

"""A session that only listens, to one voice or to several: every word once, at its place, whatever fails."""

import asyncio
from collections.abc import Mapping, Sequence
from random import Random

import msgspec
import pytest

from actors.conversation import ChatMessage, SpokenWord
from actors.messages.transcript import FinalTranscript
from actors.rules.speakers import CALLER, OTHERS
from actors.runtime.clock import run_virtual
from actors.runtime.restart_budget import RestartPolicy
from actors.session.addresses import recognizer_name
from actors.session.modes.transcription import TRANSCRIPTION
from tests.kit.fakes import FakeStore
from tests.kit.repeating import times
from tests.kit.session_kit import Stage, stage
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

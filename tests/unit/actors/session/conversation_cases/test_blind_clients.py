"""Conversations with clients that cannot hold what they were sent: nothing is said into the caller's voice or lost."""

import asyncio
from unittest import mock

import msgspec
import pytest

from actors.conversation import UtteranceKind
from actors.messages.caller import BLIND, PACED, HoldEnded, HoldStarted, Lead
from actors.messages.output import AudioDiscarded, AudioFrame, ReplyHeard
from actors.messages.transcript import SpeechContinued
from actors.runtime.clock import run_virtual
from actors.session.synthesis.synthesizer import Synthesizer
from tests.kit.fakes import MS_PER_CHAR, FakeRecognizer
from tests.kit.faults import Fault, Faults, Plan
from tests.kit.listener import positions_played
from tests.kit.session_kit import LONG, QUIET, Stage, answers, heard, stage
from tests.unit.actors.session.conversation_cases.case_kit import calling, enter, given, slow_tool


def sent_between(on: Stage, begin: float, end: float) -> int:
    """How many frames were sent in that time."""
    return sum(begin <= at <= end for at in on.ear.times(AudioFrame))


@pytest.mark.parametrize("moment_s", [0.3, 0.6, 1.2])
@pytest.mark.parametrize("gap_s", [0.02, 0.3])
def test_a_client_that_comes_back_while_the_caller_speaks_is_not_sent_the_rest_before_they_are_done(
    moment_s: float, gap_s: float
) -> None:
    async def main() -> None:
        now = asyncio.get_running_loop().time
        async with stage(agent=QUIET, model=answers(LONG), lead=BLIND) as on:
            await enter(on, "when")
            await on.ear.until_count(AudioFrame, 50)
            talk = asyncio.ensure_future(on.talk(3_500))
            await asyncio.sleep(moment_s)
            on.detach()
            await asyncio.sleep(gap_s)
            on.attach("connection-2")
            back_at = now()
            await talk
            assert sent_between(on, back_at + 0.45, now()) == 0
            await on.ear.until_count(ReplyHeard, 1)
            assert heard(on.ear) == [LONG]
            positions = positions_played(on.ear, on.ear.of(AudioFrame)[0].reply)
            assert set(positions) == set(range(0, len(LONG) * MS_PER_CHAR, 20))

    run_virtual(main())


@pytest.mark.parametrize("lead", [PACED, BLIND], ids=["paced", "blind"])
@pytest.mark.parametrize("noise_ms", [240, 500, 1_500])
def test_an_answer_does_not_begin_in_the_midst_of_a_noise(lead: Lead, noise_ms: int) -> None:
    async def main() -> None:
        now = asyncio.get_running_loop().time
        async with stage(agent=QUIET, model=answers(LONG, 1.0), lead=lead) as on:
            await enter(on, "when")
            await asyncio.sleep(0.9)
            began_at = now()
            await on.talk(noise_ms)
            assert sent_between(on, began_at, now()) == 0
            await on.ear.until_count(ReplyHeard, 1)
            assert heard(on.ear) == [LONG]
            positions = positions_played(on.ear, on.ear.of(AudioFrame)[0].reply)
            assert positions == list(range(0, len(LONG) * MS_PER_CHAR, 20))

    run_virtual(main())


@pytest.mark.parametrize("noise_ms", [120, 300])
def test_an_answer_that_has_begun_in_the_very_moment_in_which_it_was_to_be_paused_is_taken_back(noise_ms: int) -> None:
    genuine, told = Synthesizer._started, list[int]()

    def started(self: Synthesizer, reply: int) -> None:
        if not told:
            # Turn-taking hears of the caller's voice before it hears that the answer has begun.
            self._listener.tell(SpeechContinued(voiced_ms=100, silence_ms=0))
            told.append(reply)
        genuine(self, reply)

    async def main() -> None:
        now = asyncio.get_running_loop().time
        async with stage(agent=QUIET, model=answers(LONG), lead=BLIND) as on:
            asking = asyncio.ensure_future(enter(on, "when"))
            await asyncio.sleep(0.22)
            await on.talk(noise_ms)
            assert on.ear.times(AudioDiscarded)[0] == on.ear.times(AudioFrame)[0]
            assert sent_between(on, on.ear.times(AudioFrame)[0] + 0.01, now()) == 0
            await on.ear.until_count(ReplyHeard, 1)
            assert heard(on.ear) == [LONG]
            await asking

    with mock.patch.object(Synthesizer, "_started", started):
        run_virtual(main())


@pytest.mark.parametrize("lead", [PACED, BLIND], ids=["paced", "blind"])
@pytest.mark.parametrize("answer", ["At nine we open, and we close at six.", "At nine."])
@pytest.mark.parametrize(("at_s", "delay_s"), [(3.3, 1.2), (3.8, 0.1), (3.8, 0.6)])
@pytest.mark.parametrize("text", ["okay", "hello hello", "thank you very much"])
def test_impatience_behind_words_and_a_tool_costs_no_answer(
    lead: Lead, answer: str, at_s: float, delay_s: float, text: str
) -> None:
    async def main() -> None:
        late = FakeRecognizer([text], delay_s=delay_s)
        model = calling("Let me check that for you.", answer)
        tools = {"work": slow_tool(4)}
        async with stage(agent=QUIET, model=model, tools=tools, lead=lead, recognizer=late) as on:
            await enter(on, "when")
            await asyncio.sleep(at_s)
            await on.talk(400)
            await on.ear.until_count(ReplyHeard, 1)
            await asyncio.sleep(3)
            assert heard(on.ear) == [f"Let me check that for you. {answer}"]
            assert given(on) == ["when"]

    run_virtual(main())


@pytest.mark.parametrize("lead", [PACED, BLIND], ids=["paced", "blind"])
@pytest.mark.parametrize("hold_s", [3.0, 20.0])
def test_who_is_put_on_hold_before_they_were_understood_hears_the_answer_when_they_are_back(
    lead: Lead, hold_s: float
) -> None:
    async def main() -> None:
        now = asyncio.get_running_loop().time
        async with stage(agent=QUIET, utterances=["your hours"], model=answers(LONG), lead=lead) as on:
            await on.talk(800)
            await asyncio.sleep(0.1)
            began_at = now()
            on.entry.deliver(HoldStarted())
            await asyncio.sleep(hold_s)
            assert sent_between(on, began_at, now()) == 0
            on.entry.deliver(HoldEnded())
            await on.ear.until_count(ReplyHeard, 1)
            assert heard(on.ear) == [LONG]
            positions = positions_played(on.ear, on.ear.of(AudioFrame)[0].reply)
            assert positions == list(range(0, len(LONG) * MS_PER_CHAR, 20))

    run_virtual(main())


class Poison(msgspec.Struct, frozen=True):
    """A message that no actor knows: handling it kills."""


@pytest.mark.parametrize("lead", [PACED, BLIND], ids=["paced", "blind"])
@pytest.mark.parametrize("victim", ["orchestrator", "synthesizer"])
@pytest.mark.parametrize(("noise_ms", "moment_s"), [(280, 0.5), (1_800, 0.5), (1_800, 0.9)])
def test_what_fails_while_the_reply_is_paused_neither_ends_the_pause_nor_has_it_last_for_ever(
    lead: Lead, victim: str, noise_ms: int, moment_s: float
) -> None:
    async def main() -> None:
        now = asyncio.get_running_loop().time
        async with stage(agent=QUIET, model=answers(LONG), lead=lead) as on:
            await enter(on, "when")
            await on.ear.until_count(AudioFrame, 50)
            talk = asyncio.ensure_future(on.talk(noise_ms))
            await asyncio.sleep(moment_s)
            on.session._children[victim].tell(Poison())
            failed_at = now()
            await talk
            assert sent_between(on, failed_at + 0.1, now()) == 0
            await on.ear.until_count(ReplyHeard, 1)
            assert heard(on.ear) == [LONG]

    run_virtual(main())


@pytest.mark.parametrize("when", ["reply", "thinking"])
@pytest.mark.parametrize("victim", ["orchestrator", "synthesizer"])
def test_what_fails_while_the_caller_is_on_hold_costs_them_nothing(victim: str, when: str) -> None:
    async def main() -> None:
        now = asyncio.get_running_loop().time
        async with stage(agent=QUIET, model=answers(LONG, 1.5 if when == "thinking" else 0.1)) as on:
            await enter(on, "when")
            await asyncio.sleep(1.0)
            on.entry.deliver(HoldStarted())
            await asyncio.sleep(0.3)
            on.session._children[victim].tell(Poison())
            failed_at = now()
            await asyncio.sleep(15)
            assert sent_between(on, failed_at, now()) == 0
            on.entry.deliver(HoldEnded())
            await on.ear.until_count(ReplyHeard, 1)
            assert heard(on.ear) == [LONG]

    run_virtual(main())


def test_a_phrase_that_is_never_made_does_not_keep_back_those_behind_it() -> None:
    async def main() -> None:
        faults = Faults(Plan("recognizer.finish_utterance", Fault.STALL), Plan("synthesizer.write", Fault.STALL))
        async with stage(agent=QUIET, faults=faults) as on:
            await on.talk(600)
            await asyncio.sleep(3)
            await on.talk(300)
            await on.ear.until_count(ReplyHeard, 2, 30)
            assert heard(on.ear, UtteranceKind.APOLOGY) == [QUIET.phrases.say_again]

    run_virtual(main())

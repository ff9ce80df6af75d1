"""A model judges each clause before it is heard: whole sessions on virtual time."""

import asyncio
from collections.abc import Callable, Sequence
from itertools import pairwise

import msgspec
import pytest

from actors.agent import Agent, Guardrail, GuardrailModel, OnFailure
from actors.conversation import Ending, Role, UtteranceKind
from actors.errors import ErrorKind, ModelError
from actors.messages.caller import InterruptRequested, TextEntered
from actors.messages.output import AudioFrame, ReplyHeard
from actors.ports.llm import ModelEvent, ModelRequest, ReplyGenerated, TextGenerated, ToolCalled
from actors.runtime.clock import run_virtual
from actors.session.sessions import SessionEntry
from actors.tools import tool
from tests.kit.fake_realtime import FakeRealtime
from tests.kit.fakes import FakeModel, FakeSynthesizer
from tests.kit.session_kit import QUIET, Ear, Stage, heard, stage
from tests.unit.actors.session.realtime.realtime_kit import messages, speaking

RAIL = Guardrail(name="money", topic="Advice on what to do with money.", say="I may not advise you on that.")
AGENT: Agent = msgspec.structs.replace(QUIET, guardrails=(RAIL,))
TWO = ("That is a good question. ", "You should buy gold now. ", "It is cheap.")
Verdict = Callable[[str], Sequence[ModelEvent | float]]


def verdict(after_s: float = 0.3, answer: str = "0") -> Verdict:
    """Judges gold to be forbidden, and gives `answer` about all else, after so long."""

    def judge(clause: str) -> Sequence[ModelEvent | float]:
        return [after_s, TextGenerated("1" if "gold" in clause else answer), ReplyGenerated(60, 1)]

    return judge


class Judged(FakeModel):
    """Says the tokens to everything, and judges what it is asked about."""

    def __init__(self, tokens: Sequence[str], judge: Verdict, *, calls: Sequence[ToolCalled] = ()) -> None:
        super().__init__(self._script)
        self._tokens, self._judge, self._calls = tokens, judge, list(calls)
        self.clauses: list[str] = []

    def _script(self, request: ModelRequest) -> Sequence[ModelEvent | float]:
        if not request.is_aside:
            calls, self._calls = self._calls, []
            return [*map(TextGenerated, self._tokens), *calls, ReplyGenerated()]
        asked = msgspec.json.decode(request.messages[-1].text)
        self.clauses.append(asked["clause"].strip())
        return self._judge(asked["clause"])


class Broken(Judged):
    """A model that fails when it is asked to judge."""

    def _script(self, request: ModelRequest) -> Sequence[ModelEvent | float]:
        if request.is_aside:
            raise ModelError(ErrorKind.UNAVAILABLE, "fake")
        return super()._script(request)


def guarded(on_failure: OnFailure = OnFailure.OPEN, within_ms: int = 1_000) -> Agent:
    guard = GuardrailModel(on_failure=on_failure, within_ms=within_ms)
    return msgspec.structs.replace(AGENT, guardrail_model=guard)


async def _answered(on: Stage) -> None:
    """Ask something, and wait for everything that is said to it."""
    on.entry.deliver(TextEntered("what shall I do"))
    await on.ear.until_count(ReplyHeard, 1)
    await asyncio.sleep(8)


def said(model: FakeModel, agent: Agent = AGENT) -> tuple[list[str], list[str]]:
    """What is heard of the replies, and of the phrases that stand in for them."""

    async def main() -> tuple[list[str], list[str]]:
        async with stage(agent=agent, model=model) as on:
            await _answered(on)
            return heard(on.ear), heard(on.ear, UtteranceKind.APOLOGY)

    return run_virtual(main())


def first_audio_s(agent: Agent, model: FakeModel, synthesis_s: float) -> float:
    """From the caller's words to the first sound of the reply."""

    async def main() -> float:
        async with stage(agent=agent, model=model, synthesizer=FakeSynthesizer(delay_s=synthesis_s)) as on:
            asked_at = asyncio.get_running_loop().time()
            on.entry.deliver(TextEntered("what shall I do"))
            await on.ear.until_count(AudioFrame, 1)
            return on.ear.times(AudioFrame)[0] - asked_at

    return run_virtual(main())


def test_what_may_be_said_is_heard() -> None:
    model = Judged(("It is nine. ", "Or is it ten?"), verdict())
    assert said(model) == (["It is nine. Or is it ten?"], [])
    assert model.clauses == ["It is nine.", "Or is it ten?"]


def test_nothing_is_heard_of_a_clause_that_may_not_be_and_what_was_said_before_is_heard_out() -> None:
    assert said(Judged(TWO, verdict())) == (["That is a good question."], [RAIL.say])


def test_a_reply_that_begins_with_such_a_clause_is_not_heard_at_all() -> None:
    assert said(Judged(TWO[1:], verdict())) == ([], [RAIL.say])


def test_the_clause_is_made_while_it_is_judged() -> None:
    reply = ("It is nine.",)
    unguarded = first_audio_s(QUIET, Judged(reply, verdict()), synthesis_s=0.5)
    assert first_audio_s(AGENT, Judged(reply, verdict(0.4)), synthesis_s=0.5) == pytest.approx(unguarded, abs=0.03)
    assert first_audio_s(AGENT, Judged(reply, verdict(0.9)), synthesis_s=0.5) == pytest.approx(0.9, abs=0.05)


def test_no_pause_is_heard_between_sentences_of_which_the_verdict_comes_while_the_first_is_heard() -> None:
    async def gaps() -> list[float]:
        async with stage(agent=AGENT, model=Judged(("It is nine o'clock. ", "Or it is ten."), verdict(0.4))) as on:
            await _answered(on)
            at = on.ear.times(AudioFrame)
            return [after - before for before, after in pairwise(at)]

    assert max(run_virtual(gaps())) < 0.05


@pytest.mark.parametrize(
    "judge", [verdict(5.0), verdict(0.2, "I think it is fine"), verdict(0.2, "7"), verdict(0.2, "")]
)
def test_without_a_verdict_the_clause_is_heard_or_not_as_the_file_says(judge: Verdict) -> None:
    reply = ("It is nine.",)
    assert said(Judged(reply, judge), guarded(OnFailure.OPEN)) == (["It is nine."], [])
    assert said(Judged(reply, judge), guarded(OnFailure.CLOSED)) == ([], [AGENT.phrases.no_answer])


def test_a_model_that_fails_has_given_no_verdict() -> None:
    assert said(Broken(("It is nine.",), verdict()), guarded()) == (["It is nine."], [])
    assert said(Broken(("It is nine.",), verdict()), guarded(OnFailure.CLOSED)) == ([], [AGENT.phrases.no_answer])


def test_a_late_verdict_holds_the_clause_no_longer_than_it_may() -> None:
    model = Judged(("It is nine.",), verdict(5.0))
    assert first_audio_s(guarded(within_ms=700), model, synthesis_s=0.05) == pytest.approx(0.7, abs=0.05)


def test_what_the_verdicts_cost_counts() -> None:
    async def spent() -> int:
        async with stage(agent=AGENT, model=Judged(("It is nine. ", "Or is it ten?"), verdict())) as on:
            await _answered(on)
            return on.entry.checkpoint.spent_tokens

    assert run_virtual(spent()) >= 2 * 61


def test_who_interrupts_while_a_clause_is_held_hears_nothing_of_it() -> None:
    model = Judged(("It is nine.",), verdict(0.9))

    async def main() -> list[str]:
        async with stage(agent=AGENT, model=model) as on:
            on.entry.deliver(TextEntered("what shall I do"))
            await asyncio.sleep(0.5)
            on.entry.deliver(InterruptRequested())
            await asyncio.sleep(3)
            assert on.ear.of(AudioFrame) == []
            on.entry.deliver(TextEntered("and now"))
            await on.ear.until_count(ReplyHeard, 1)
            return heard(on.ear)

    assert run_virtual(main()) == ["It is nine."]


def test_the_judge_is_asked_by_way_of_the_sessions_own_model_which_may_be_metered() -> None:
    async def main() -> tuple[list[str], list[str]]:
        usual, own = Judged((), verdict()), Judged(("It is nine.",), verdict())

        def has_its_own(entry: SessionEntry) -> None:
            entry.change_plan(model=own)

        async with stage(agent=AGENT, model=usual, tap=has_its_own) as on:
            await _answered(on)
            assert heard(on.ear) == ["It is nine."]
        return usual.clauses, own.clauses

    assert run_virtual(main()) == ([], ["It is nine."])


@tool
async def look_up() -> str:
    """Look it up."""
    return "ten"


def test_words_before_a_tool_are_judged_and_those_behind_it_too() -> None:
    model = Judged(("Let me see. ",), verdict(), calls=[ToolCalled(call_id="1", name="look_up", arguments="{}")])

    async def main() -> list[str]:
        async with stage(agent=AGENT, model=model, tools={"look_up": look_up}) as on:
            await _answered(on)
            return heard(on.ear)

    assert run_virtual(main()) == ["Let me see. Let me see."]
    assert len(model.clauses) == 2


@pytest.mark.parametrize("name", ["synthesizer", "orchestrator"])
def test_an_actor_that_fails_while_a_clause_is_held_costs_no_answer_and_lets_nothing_through(name: str) -> None:
    async def main(tokens: Sequence[str]) -> Ear:
        async with stage(agent=AGENT, model=Judged(tokens, verdict(0.6))) as on:
            on.entry.deliver(TextEntered("what shall I do"))
            await asyncio.sleep(0.3)
            on.actor(name).actor_ref.tell(_Bad())
            await asyncio.sleep(12)
            return on.ear

    assert "".join(heard(run_virtual(main(("It is nine.",))))) == "It is nine."
    ear = run_virtual(main(TWO[1:]))
    assert heard(ear) == []
    assert RAIL.say in heard(ear, UtteranceKind.APOLOGY)
    assert ear.ended in (None, Ending.NORMAL)


def spoken_by_the_model(text: str, judge: Verdict, agent: Agent, *, word_times: bool = True) -> tuple[Ear, list[str]]:
    """What is heard of a reply that a speech-to-speech model speaks, and what the conversation has of it."""

    async def main() -> tuple[Ear, list[str]]:
        realtime = FakeRealtime(text, word_times=word_times)
        async with speaking(realtime, agent=agent, model=Judged((), judge)) as on:
            await on.talk(700)
            await asyncio.sleep(14)
            return on.ear, [text for role, text in messages(on) if role is Role.ASSISTANT]

    return run_virtual(main())


@pytest.mark.parametrize("word_times", [True, False])
def test_what_a_model_speaks_by_itself_is_heard_once_it_is_judged(word_times: bool) -> None:
    text = "It is nine o'clock. Or it is ten, as you like."
    ear, _ = spoken_by_the_model(text, verdict(0.8), AGENT, word_times=word_times)
    assert "".join(heard(ear)).strip() == text
    unjudged, _ = spoken_by_the_model(text, verdict(), QUIET, word_times=word_times)
    held_s = ear.times(AudioFrame)[0] - unjudged.times(AudioFrame)[0]
    assert held_s == pytest.approx(0.8, abs=0.1), "until the verdict on its first clause, and no longer"
    at = [at for at, frame in ear.shown if isinstance(frame, AudioFrame) and frame.kind is UtteranceKind.REPLY]
    assert max(after - before for before, after in pairwise(at)) < 0.05, (
        "the verdict on the second comes while the first is heard"
    )


def test_nothing_is_heard_of_what_a_model_speaks_that_may_not_be() -> None:
    ear, _ = spoken_by_the_model("You should buy gold now.", verdict(0.8), AGENT)
    assert heard(ear) == []
    assert heard(ear, UtteranceKind.APOLOGY) == [RAIL.say]


def test_the_sound_of_a_clause_waits_for_a_slow_verdict() -> None:
    agent = guarded(within_ms=9_000)
    ear, told = spoken_by_the_model("That is a good question. You should buy gold now.", verdict(4.0), agent)
    assert "gold" not in "".join(heard(ear))
    assert heard(ear, UtteranceKind.APOLOGY) == [RAIL.say]
    assert "gold" not in "".join(told)


@pytest.mark.parametrize(("on_failure", "is_heard"), [(OnFailure.OPEN, True), (OnFailure.CLOSED, False)])
def test_what_a_model_speaks_is_heard_without_a_verdict_as_the_file_says(on_failure: OnFailure, is_heard: bool) -> None:
    ear, _ = spoken_by_the_model("It is nine o'clock.", verdict(5.0), guarded(on_failure))
    assert heard(ear) == (["It is nine o'clock."] if is_heard else [])
    assert heard(ear, UtteranceKind.APOLOGY) == ([] if is_heard else [AGENT.phrases.no_answer])


class _Bad:
    """Nothing that an actor knows."""

"""The short form of `make faults`: each kind of fault once, and proof that the invariants can be violated."""

import asyncio
from copy import copy
from functools import cache

import msgspec
import pytest

from actors.agent import GuardrailAction
from actors.conversation import ChatMessage, Role, UtteranceKind
from actors.messages.output import AgentTookOver, AudioDiscarded, AudioFrame, ReplyText
from actors.runtime.clock import run_virtual
from actors.session.modes.media import MEDIA
from actors.session.modes.voice_live import VOICE_LIVE
from tests.fault_campaign.campaign_agents import CAMPAIGN_AGENT, OTHER_AGENT
from tests.fault_campaign.conversation import converse
from tests.fault_campaign.evidence import TALK_S, Evidence
from tests.fault_campaign.faulty_engines import HAND_OFF
from tests.fault_campaign.guardrails import SAY, Guards
from tests.fault_campaign.invariants import judge
from tests.fault_campaign.kinds import KINDS, drawn
from tests.fault_campaign.leaks import leaks_of
from tests.fault_campaign.report import run
from tests.fault_campaign.scenario import Ask, Disturbance, How, When
from tests.kit.session_kit import stage


def _is_plain(seed: int) -> bool:
    scenario = drawn(seed)
    return scenario.kinds == ["nothing at all"] and any(ask.how is not How.KEYS for ask in scenario.asks)


PLAIN = next(seed for seed in range(0, 100 * len(KINDS), len(KINDS)) if _is_plain(seed))
"""The seed of a conversation in which nothing goes wrong, and something is said."""
PARTS = 9


@pytest.mark.parametrize("part", range(PARTS))
def test_each_kind_of_fault_leaves_the_caller_answered_and_nothing_behind(part: int) -> None:
    violated = [
        (one.seed, one.kinds, one.verdict.violations)
        for one in map(run, range(part, len(KINDS), PARTS))
        if one.verdict.violations
    ]
    assert violated == []


@cache
def _talked(seed: int) -> Evidence:
    """What became of the conversation of a seed, which is the same each time."""
    return converse(drawn(seed))


def _copied(evidence: Evidence) -> Evidence:
    """The same for a test to change: what it puts in or takes out, no other test sees."""
    return Evidence(**{name: copy(getattr(evidence, name)) for name in evidence.__struct_fields__})


@pytest.fixture
def evidence() -> Evidence:
    return _copied(_talked(PLAIN))


def test_what_a_test_changes_of_a_conversation_no_other_test_sees() -> None:
    changed, first = _copied(_talked(PLAIN)), msgspec.structs.asdict(_copied(_talked(PLAIN)))
    changed.scenario.guards = Guards(word=7)
    changed.shown.clear()
    changed.asked.clear()
    assert msgspec.structs.asdict(_talked(PLAIN)) == first


def test_a_conversation_in_which_nothing_goes_wrong_is_clean(evidence: Evidence) -> None:
    verdict = judge(evidence)
    assert verdict.violations == []
    assert verdict.answered + verdict.apologised >= len(evidence.asked) - 1


def test_the_same_seed_has_the_same_conversation() -> None:
    first, second = (converse(drawn(7)) for _ in range(2))
    assert first.shown == second.shown


@pytest.mark.parametrize("at_s", [0.3, 0.55, 0.75])
@pytest.mark.parametrize("what", [Disturbance.NOISE, Disturbance.LONG_NOISE, Disturbance.AUDIO_STOPS])
def test_an_answer_is_owed_to_what_the_caller_has_said(what: Disturbance, at_s: float) -> None:
    """Beside noise that is all; where their audio stops in the middle of it, what was said by then."""
    scenario = drawn(PLAIN)
    ask = Ask(how=How.VOICE, when=When.IN_QUIET, text="what about this q0", pause_s=1.0)
    scenario.asks, scenario.disturbances = [ask], []
    begins = next(asked.at for asked in converse(scenario).asked) - TALK_S
    scenario.disturbances = [(begins - 0.2 if what is not Disturbance.AUDIO_STOPS else begins - 0.5 + at_s, what)]
    evidence = converse(scenario)
    (asked,) = evidence.asked
    is_cut = what is Disturbance.AUDIO_STOPS
    assert ask.text.startswith(asked.ask.text)
    assert (asked.ask.text != ask.text) is is_cut
    assert judge(evidence).violations == []


class TestAViolationIsFound:
    def test_when_nothing_is_said_to_what_was_asked(self, evidence: Evidence) -> None:
        asked = evidence.asked[0]
        evidence.shown = [(at, m) for at, m in evidence.shown if not isinstance(m, AudioFrame) or at <= asked.at]
        evidence.played = [(at, m) for at, m in evidence.played or () if at <= asked.at]
        assert any("unanswered" in violation for violation in judge(evidence).violations)

    def test_when_something_is_remembered_that_was_not_heard(self, evidence: Evidence) -> None:
        evidence.messages = (
            *evidence.messages,
            ChatMessage(role=Role.ASSISTANT, text="r99w0 r99w1", turn=9, kind=UtteranceKind.REPLY),
        )
        assert any("never sent" in violation for violation in judge(evidence).violations)

    def test_when_what_was_heard_is_forgotten(self, evidence: Evidence) -> None:
        evidence.messages = tuple(m for m in evidence.messages if m.role is not Role.ASSISTANT)
        assert any("has not what was heard" in violation for violation in judge(evidence).violations)

    def test_when_what_was_heard_was_never_shown(self, evidence: Evidence) -> None:
        evidence.shown = [(at, m) for at, m in evidence.shown if not isinstance(m, ReplyText)]
        assert any("never shown" in violation for violation in judge(evidence).violations)

    def test_when_a_tool_runs_again(self, evidence: Evidence) -> None:
        evidence.tool_runs = ["s1", "s1"]
        assert any("tool ran twice" in violation for violation in judge(evidence).violations)

    def test_when_a_reply_sounds_after_its_clear(self, evidence: Evidence) -> None:
        at, audio = next((at, m) for at, m in evidence.shown if isinstance(m, AudioFrame))
        evidence.shown = [(at, audio), (at, AudioDiscarded(0, "barge-in")), (at, audio), *evidence.shown]
        assert any("after its clear" in violation for violation in judge(evidence).violations)

    def test_when_the_session_stays(self, evidence: Evidence) -> None:
        evidence.ended_at = None
        assert any("still there" in violation for violation in judge(evidence).violations)

    def test_when_what_was_said_once_is_remembered_twice(self, evidence: Evidence) -> None:
        said = next(a.ask for a in evidence.asked if a.ask.how is not How.KEYS)
        evidence.messages = (*evidence.messages, ChatMessage(role=Role.USER, text=said.text, turn=9))
        assert any("in the history twice" in violation for violation in judge(evidence).violations)

    @pytest.mark.parametrize("guards", [Guards(word=7, action=GuardrailAction.STOP), Guards(word=7)])
    def test_when_what_is_forbidden_is_heard_and_remembered(self, evidence: Evidence, guards: Guards) -> None:
        evidence.scenario.guards = guards
        found = " ".join(judge(evidence).violations)
        assert "forbidden, and heard" in found
        assert "forbidden, and remembered" in found

    def test_when_a_client_has_not_played_what_is_remembered(self) -> None:
        evidence = converse(drawn(list(KINDS).index("client with marks: nothing at all")))
        assert judge(evidence).violations == []
        assert evidence.played
        del evidence.played[: len(evidence.played) // 2]
        assert any("what was not heard" in violation for violation in judge(evidence).violations)


@pytest.mark.parametrize("mode", [MEDIA, VOICE_LIVE])
@pytest.mark.parametrize("action", [*GuardrailAction, None])
def test_a_guardrail_is_broken_by_each_answer_and_something_else_is_heard(
    mode: str, action: GuardrailAction | None
) -> None:
    """Else nothing would be shown by what is not heard."""
    scenario = drawn(PLAIN)
    scenario.asks = [Ask(how=How.TYPED, when=When.IN_QUIET, text="what about this q0")]
    scenario.mode, scenario.guards = mode, Guards(word=7, action=action)
    evidence = converse(scenario)
    assert judge(evidence).violations == []
    texts = [m.text for m in evidence.messages if m.role is Role.ASSISTANT]
    refusal = CAMPAIGN_AGENT.phrases.refused
    assert any(SAY in text or (mode == VOICE_LIVE and text == refusal) for text in texts), texts


def test_a_timer_and_a_task_that_stay_are_found() -> None:
    async def main() -> list[str]:
        async with stage() as on:
            await asyncio.sleep(1)
        loop = asyncio.get_running_loop()
        timer = loop.call_later(1_000, print)
        task = loop.create_task(asyncio.Event().wait(), name="waits")
        leaks = await leaks_of(on, ())
        timer.cancel()
        task.cancel()
        return leaks

    leaks = run_virtual(main())
    assert [leak.partition(":")[0].partition(" <")[0] for leak in leaks] == ["task waits", "timer"]


class TestAViolationOfAHandoffIsFound:
    @pytest.fixture
    def handed_off(self) -> Evidence:
        kind = "another agent takes over"
        first = list(KINDS).index(kind)
        seed = next(seed for seed in range(first, 100 * len(KINDS), len(KINDS)) if drawn(seed).kinds == [kind])
        evidence = _copied(_talked(seed))
        assert judge(evidence).violations == []
        assert any(isinstance(m, AgentTookOver) for _, m in evidence.shown)
        return evidence

    def test_when_nobody_has_wished_for_it(self, handed_off: Evidence) -> None:
        handed_off.asked = [asked for asked in handed_off.asked if HAND_OFF not in asked.ask.text]
        assert any("unasked" in violation for violation in judge(handed_off).violations)

    def test_when_the_session_stays_with_the_first_agent(self, handed_off: Evidence) -> None:
        handed_off.shown = [(at, m) for at, m in handed_off.shown if not isinstance(m, AgentTookOver)]
        handed_off.agent = OTHER_AGENT.name
        assert any("the caller was shown" in violation for violation in judge(handed_off).violations)

    def test_when_an_agent_takes_over_twice(self, handed_off: Evidence) -> None:
        at, told = next((at, m) for at, m in handed_off.shown if isinstance(m, AgentTookOver))
        handed_off.shown = [(at, told), *handed_off.shown]
        assert any(f"takes over from {told.from_agent} where" in v for v in judge(handed_off).violations)


class TestAViolationOfATranscriptIsFound:
    @pytest.fixture
    def transcribed(self) -> Evidence:
        kind = "transcription: it is resumed"
        seeds = range(list(KINDS).index(kind), 100 * len(KINDS), len(KINDS))
        scenarios = ((seed, drawn(seed)) for seed in seeds)
        evidence = _copied(_talked(next(seed for seed, s in scenarios if s.kinds == [kind] and len(s.asks) > 1)))
        assert judge(evidence).violations == []
        assert len(evidence.messages) > 1
        return evidence

    def test_when_words_are_lost(self, transcribed: Evidence) -> None:
        transcribed.messages = transcribed.messages[:-1]
        assert any("not in the transcript" in violation for violation in judge(transcribed).violations)

    def test_when_words_are_there_twice(self, transcribed: Evidence) -> None:
        transcribed.messages = (*transcribed.messages, transcribed.messages[-1])
        assert any("in the transcript twice" in violation for violation in judge(transcribed).violations)

    def test_when_words_were_never_said(self, transcribed: Evidence) -> None:
        message = msgspec.structs.replace(transcribed.messages[0], text="nonsense")
        transcribed.messages = (message, *transcribed.messages[1:])
        assert any("never said" in violation for violation in judge(transcribed).violations)

"""The short form of `make faults`: each kind of fault once, and proof that the invariants can be violated."""

import msgspec
import pytest

from actors.conversation import ChatMessage, Role, UtteranceKind
from actors.messages.output import AudioDiscarded, AudioFrame
from tests.fault_campaign.conversation import Evidence, converse
from tests.fault_campaign.invariants import judge
from tests.fault_campaign.kinds import KINDS, drawn
from tests.fault_campaign.report import run

PLAIN = 0
"""The seed of a conversation whose first kind of fault is none."""
PARTS = 4


@pytest.mark.parametrize("part", range(PARTS))
def test_each_kind_of_fault_leaves_the_caller_answered_and_nothing_behind(part: int) -> None:
    violated = [
        (one.seed, one.kinds, one.verdict.violations)
        for one in map(run, range(part, len(KINDS), PARTS))
        if one.verdict.violations
    ]
    assert violated == []


@pytest.fixture
def evidence() -> Evidence:
    return converse(msgspec.structs.replace(drawn(PLAIN), crashes=[], disturbances=[]))


def test_a_conversation_in_which_nothing_goes_wrong_is_clean(evidence: Evidence) -> None:
    verdict = judge(evidence)
    assert verdict.violations == []
    assert verdict.answered + verdict.apologised >= len(evidence.asked) - 1


def test_the_same_seed_has_the_same_conversation() -> None:
    first, second = (converse(drawn(7)) for _ in range(2))
    assert first.shown == second.shown


class TestAViolationIsFound:
    def test_when_nothing_is_said_to_what_was_asked(self, evidence: Evidence) -> None:
        asked = evidence.asked[0]
        evidence.shown = [(at, m) for at, m in evidence.shown if not isinstance(m, AudioFrame) or at <= asked.at]
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

"""What a model is asked about a clause, and what its answer means."""

import json

import pytest

from actors.agent import Agent, Guardrail
from actors.rules import guardrail_verdicts as verdicts
from actors.rules.guardrail_verdicts import Verdict

CARD = Guardrail(name="card", pattern="card")
MONEY = Guardrail(name="money", topic="Advice on money.")
OTHERS = Guardrail(name="others", topic="What other companies cost.")
RAILS = (MONEY, CARD, OTHERS)


def test_topics_are_numbered_in_their_order_and_patterns_are_none() -> None:
    told = verdicts.instructions(RAILS)
    assert "1. Advice on money.\n2. What other companies cost." in told
    assert "card" not in told
    assert verdicts.judged(RAILS) == (0, 2)


def test_an_agent_without_topics_needs_no_judge() -> None:
    assert not verdicts.has_topics(Agent(name="a", label="A", guardrails=(CARD,)))
    assert verdicts.has_topics(Agent(name="a", label="A", guardrails=RAILS))


def test_a_question_has_what_was_asked_and_said_and_is_bounded() -> None:
    asked = json.loads(verdicts.question('may I say "no"?' + "x" * 9_000, "y" * 9_000, "Yes, Müller."))
    assert asked["clause"] == "Yes, Müller."
    assert len(asked["caller"]) == verdicts.MAX_ASKED_CHARS
    assert 0 < len(asked["agent_so_far"]) <= 200


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ("0", Verdict()),
        (" 0.\n", Verdict()),
        ("1", Verdict(0)),
        ("**2**", Verdict(2)),
        ("<think>It is about 2 or 1 things.</think>0", Verdict()),
        ("3", None),
        ("", None),
        ("none", None),
        ("1 or 2", None),
        ("No. 1 is broken", None),
        ("-", None),
    ],
)
def test_an_answer_is_a_number_of_a_topic_or_no_verdict(answer: str, found: Verdict | None) -> None:
    assert verdicts.verdict(RAILS, answer) == found

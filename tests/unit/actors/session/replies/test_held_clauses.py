"""Clauses are held until they are judged, and come out in their order."""

from typing import Any

from actors.agent import Limits, OnFailure
from actors.session.checkpoint import Checkpoint
from actors.session.engine_events import ClauseJudged
from actors.session.replies.held_clauses import UNDECIDED, HeldClauses
from actors.session.replies.spending import Spending


class Model:
    """Notes what it is asked, and knows what it was."""

    def __init__(self) -> None:
        self.asked: dict[int, tuple[int, str, str, str]] = {}
        self.cancelled = 0

    def ask(self, number: int, turn: int, asked: str, said: str, clause: str) -> None:
        self.asked[number] = turn, asked, said, clause

    def take_verdict(self, number: int) -> bool:
        return self.asked.pop(number, None) is not None

    def cancel(self) -> int:
        self.asked.clear()
        self.cancelled += 1
        return 5


class Holding:
    """Held clauses of turn 3, with what they have cost."""

    def __init__(self, on_failure: OnFailure = OnFailure.OPEN) -> None:
        self.checkpoint, self.model = Checkpoint(), Model()
        judge: Any = self.model
        spending = Spending(Limits(), self.checkpoint)
        self.clauses = HeldClauses(judge, on_failure, spending, lambda: (3, "what now"))


def allowed(number: int) -> ClauseJudged:
    return ClauseJudged(number, is_decided=True, tokens=7)


def test_a_clause_is_asked_about_with_what_comes_before_it() -> None:
    holding = Holding()
    holding.clauses.hold("Well. ", "It is nine.")
    assert holding.model.asked == {1: (3, "what now", "Well. ", "It is nine.")}
    assert (len(holding.clauses), holding.clauses.text, holding.clauses.first) == (1, "It is nine.", "It is nine.")


def test_clauses_come_out_in_their_order_whichever_is_judged_first() -> None:
    holding = Holding()
    holding.clauses.hold("", "One. ")
    holding.clauses.hold("One. ", "Two.")
    assert holding.clauses.take_verdict(allowed(2))
    assert holding.clauses.take() is None
    assert holding.clauses.take_verdict(ClauseJudged(1, is_decided=True, broken=4, tokens=7))
    assert [holding.clauses.take(), holding.clauses.take(), holding.clauses.take()] == [
        ("One. ", 4),
        ("Two.", None),
        None,
    ]
    assert holding.checkpoint.spent_tokens == 14


def test_what_a_guardrail_says_is_not_judged_and_waits_for_what_is() -> None:
    holding = Holding()
    holding.clauses.hold("", "One. ")
    holding.clauses.hold("One. ", "I may not say.", is_trusted=True)
    assert list(holding.model.asked) == [1]
    assert holding.clauses.take() is None
    holding.clauses.take_verdict(allowed(1))
    assert [holding.clauses.take(), holding.clauses.take()] == [("One. ", None), ("I may not say.", None)]


def test_without_a_verdict_the_file_decides() -> None:
    undecided = ClauseJudged(1, is_decided=False)
    for on_failure, broken in ((OnFailure.OPEN, None), (OnFailure.CLOSED, UNDECIDED)):
        holding = Holding(on_failure)
        holding.clauses.hold("", "One.")
        assert holding.clauses.take_verdict(undecided)
        assert holding.clauses.take() == ("One.", broken)


def test_a_verdict_that_nobody_waits_for_costs_and_does_nothing() -> None:
    holding = Holding()
    holding.clauses.hold("", "One.")
    holding.clauses.forget()
    assert (len(holding.clauses), holding.clauses.first, holding.model.cancelled) == (0, "", 1)
    assert not holding.clauses.take_verdict(allowed(1))
    assert holding.checkpoint.spent_tokens == 5 + 7

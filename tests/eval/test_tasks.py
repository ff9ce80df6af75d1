"""Seeded callers who speak: what is measured, and one call of it."""

from actors.conversation import ExpectedAnswer
from app.dialogue.model import ScriptModel
from tests.eval.callers import Caller, Goal, ToolRun
from tests.eval.tasks import Outcome, asked_by, call, table


async def test_a_caller_who_speaks_over_a_telephone_is_served() -> None:
    outcome = await call(ScriptModel(), 2, "telephone")
    assert outcome.reached, outcome.lines
    assert not outcome.wrong_acts


def test_what_was_not_called_for_is_a_wrong_act() -> None:
    caller = Caller(0)
    assert caller.goal is Goal.BOOK
    right = {"day": caller.day.isoformat(), "reason": caller.reason, "time": "09:00", "name": "Anna"}
    booked = {"status": "booked"}
    assert not caller.is_wrong_act(ToolRun("book_appointment", right, booked))
    assert caller.is_wrong_act(ToolRun("book_appointment", right | {"day": "2026-01-01"}, booked))
    assert not caller.is_wrong_act(ToolRun("book_appointment", right | {"day": "2026-01-01"}, {"status": "taken"}))
    assert caller.is_wrong_act(ToolRun("cancel_appointment", {"day": right["day"]}, {"status": "cancelled"}))
    assert not caller.is_wrong_act(ToolRun("free_times", right, {"status": "free"}))


def test_what_is_asked_is_what_the_session_takes_it_for() -> None:
    assert asked_by("Hello.", {}).expected is ExpectedAnswer.ANYTHING
    assert asked_by("What is your phone number?", {}).expected is ExpectedAnswer.NUMBER
    asking = {"question": "slot", "asked": "name", "task": "book"}
    assert asked_by("And your name, please?", asking).expected is ExpectedAnswer.NAME


def test_the_table_has_a_line_for_each_condition() -> None:
    outcome = Outcome(
        1, "hibari:1.0", reached=True, wrong_acts=("a",), cut_off=1, lines=("agent: hello", "caller: hi [Hi.]") * 2
    )
    line = " ".join(table({"clean": [outcome]}).splitlines()[1].split())
    assert line == "clean 1 100% 1 2 1"

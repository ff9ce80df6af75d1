"""The customers of the demonstration's internet provider: who is known, what they owe, and whose technician comes."""

from datetime import UTC, datetime
from typing import Any

import pytest

from actors.session_context import SessionContext
from actors.tools import ToolContext
from app.tools import broadband, load_tools
from app.tools.broadband import PROVIDER

FRIDAY = datetime(2026, 6, 5, 9, 0, tzinfo=UTC).timestamp()
TOOLS = load_tools()
ADA, BEN, NOBODY = "+15550100", "+15550101", "+15550199"


@pytest.fixture(autouse=True)
def _nothing_booked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broadband, "LINE_TEST_S", 0.0)
    PROVIDER.forget_visits()


async def run(name: str, arguments: str = "{}", caller: str = ADA) -> dict[str, Any]:
    context = ToolContext(session_id="s", now=FRIDAY, about=SessionContext(caller=caller))
    outcome = await TOOLS[name].run(arguments, context)
    assert not outcome.failed, outcome.result
    result: dict[str, Any] = outcome.result
    return result


async def test_a_customer_is_known_by_the_number_that_they_call_from_or_name() -> None:
    ada = await run("find_customer")
    assert (ada["status"], ada["name"], ada["due"], ada["unpaid"]) == ("in_debt", "Ada Moreno", "39.90 dollars", "May")
    ben = await run("find_customer", '{"number": "10533"}')
    assert (ben["status"], ben["name"], ben["unpaid"]) == ("found", "Ben Okafor", "")
    assert (await run("find_customer", '{"number": "10690"}'))["unpaid"] == "April and May"


@pytest.mark.parametrize("name", ["find_customer", "measure_line"])
async def test_nobody_is_told_about_an_account_that_is_not_theirs(name: str) -> None:
    assert (await run(name, caller=NOBODY))["status"] == "unknown"
    assert (await run(name, caller=""))["status"] == "unknown"
    assert "digit by digit" in (await run(name, '{"number": "99999"}'))["advice"]


async def test_a_number_is_five_digits_and_nothing_else_reaches_the_database() -> None:
    for number in ("1", "1' OR '1'='1", "abcde"):
        outcome = await TOOLS["find_customer"].run(f'{{"number": "{number}"}}', ToolContext(session_id="s"))
        assert "wrong arguments for find_customer" in outcome.text


async def test_a_line_is_fine_or_has_a_fault() -> None:
    assert (await run("measure_line"))["status"] == "fine"
    ben = await run("measure_line", caller=BEN)
    assert (ben["status"], ben["measured"]) == ("faulty", "11 megabits")
    assert "signal is weak" in ben["fault"]


async def test_a_technician_comes_once_to_each_and_to_one_at_a_time() -> None:
    times = await run("technician_times")
    assert times["first"] == "Monday from 8 to 10"
    monday = f'{{"day": "{times["day"]}", "slot": "8 to 10"}}'
    assert (await run("book_technician", monday))["status"] == "booked"
    assert (await run("book_technician", monday))["status"] == "booked"
    assert (await run("book_technician", monday, BEN))["status"] == "taken"
    assert (await run("technician_times"))["first"] == "Monday from 10 to 12"
    later = monday.replace("8 to 10", "14 to 16")
    assert (await run("book_technician", later))["status"] == "booked"
    assert (await run("book_technician", monday, BEN))["status"] == "booked"


@pytest.mark.parametrize(
    "when",
    ['{"day": "2026-06-05", "slot": "8 to 10"}', '{"day": "2026-06-08", "slot": "noon"}', '{"day": "", "slot": ""}'],
)
async def test_a_time_that_was_not_offered_is_none(when: str) -> None:
    assert (await run("book_technician", when))["status"] == "no_such_time"


async def test_a_week_without_a_free_time_is_told() -> None:
    for _ in range(15):
        times = await run("technician_times")
        assert PROVIDER.book(times["day"], times["slot"], f"other {times['first']}")
    assert await run("technician_times") == {"status": "none"}

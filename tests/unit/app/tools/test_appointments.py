"""The demonstration calendar of a clinic: what is free, and what callers book, move and cancel."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from actors.tools import ToolContext
from app.tools import load_tools
from app.tools.appointments import CALENDAR

TODAY = date(2026, 6, 3)  # a Wednesday
NOW = datetime(2026, 6, 3, 9, 0, tzinfo=UTC).timestamp()
TOOLS = load_tools()


@pytest.fixture(autouse=True)
def _fresh_calendar() -> None:
    CALENDAR.clear()


async def run(name: str, arguments: str, session_id: str = "s") -> dict[str, Any]:
    outcome = await TOOLS[name].run(arguments, ToolContext(session_id=session_id, now=NOW))
    assert not outcome.failed, outcome.result
    result: dict[str, Any] = outcome.result
    return result


async def free(day: str, **more: str) -> dict[str, Any]:
    extra = "".join(f',"{key}":"{value}"' for key, value in more.items())
    return await run("free_times", f'{{"day":"{day}"{extra}}}')


async def test_a_day_has_some_free_times_always_the_same() -> None:
    first = await free("2026-06-05")
    assert first["status"] == "free"
    assert 1 <= len(first["offers"]) <= 3
    assert set(first["offers"]) <= set(first["times"])
    assert first == await free("2026-06-05")
    assert first["times"] != (await free("2026-06-08"))["times"]


async def test_a_part_of_the_day_and_a_time_asked_for() -> None:
    times = (await free("2026-06-05"))["times"]
    mornings = (await free("2026-06-05", part_of_day="morning"))["offers"]
    assert all(moment < "12:00" for moment in mornings)
    assert await free("2026-06-05", near=times[-1]) == {"status": "free_then", "times": times, "offers": [times[-1]]}
    assert "09:00" not in times
    near = await free("2026-06-05", near="09:00")
    assert (near["status"], near["times"], near["offers"][0]) == ("not_then", times, "08:30")


async def test_weekends_and_the_past_have_none() -> None:
    assert (await free("2026-06-06"))["status"] == "closed"
    assert (await free("2026-06-02"))["status"] == "past"


async def test_today_has_only_what_is_still_to_come() -> None:
    assert all(moment > "09:00" for moment in (await free("2026-06-03")).get("times", []))


async def test_a_full_day_names_the_next() -> None:
    for moment in CALENDAR.free(date(2026, 6, 5)):
        CALENDAR.take(date(2026, 6, 5), moment, "other")
    assert await free("2026-06-05") == {"status": "full", "next_day": "2026-06-08"}


async def test_booking_takes_the_time_and_may_be_repeated() -> None:
    moment = (await free("2026-06-05"))["times"][0]
    arguments = f'{{"day":"2026-06-05","time":"{moment}","reason":"filling","name":"Anna"}}'
    assert await run("book_appointment", arguments) == {"status": "booked"}
    assert await run("book_appointment", arguments) == {"status": "booked"}
    assert await run("book_appointment", arguments, "another") == {"status": "taken"}
    assert moment not in (await free("2026-06-05"))["times"]
    assert await run("find_appointment", '{"day":"2026-06-05"}') == {"status": "found", "at": moment}


async def test_what_is_no_time_of_the_clinic_cannot_be_booked() -> None:
    for day, moment in (("2026-06-06", "10:00"), ("2026-06-05", "12:15")):
        arguments = f'{{"day":"{day}","time":"{moment}","reason":"pain"}}'
        assert await run("book_appointment", arguments) == {"status": "taken"}


async def test_moving_frees_the_old_time() -> None:
    old = (await run("find_appointment", '{"day":"2026-06-05"}'))["at"]
    new = (await free("2026-06-09"))["times"][0]
    moved = await run("move_appointment", f'{{"old_day":"2026-06-05","day":"2026-06-09","time":"{new}"}}')
    assert moved == {"status": "moved"}
    assert old in (await free("2026-06-05"))["times"]
    assert await run("find_appointment", '{"day":"2026-06-09"}') == {"status": "found", "at": new}
    again = await run("move_appointment", f'{{"old_day":"2026-06-05","day":"2026-06-09","time":"{new}"}}', "another")
    assert again == {"status": "taken"}


async def test_cancelling_frees_the_time() -> None:
    old = (await run("find_appointment", '{"day":"2026-06-05"}'))["at"]
    assert await run("cancel_appointment", '{"day":"2026-06-05"}') == {"status": "cancelled"}
    assert old in (await free("2026-06-05"))["times"]
    assert await run("cancel_appointment", '{"day":"2026-06-06"}') == {"status": "none"}
    assert await run("find_appointment", '{"day":"2026-06-06"}') == {"status": "none"}


def test_the_calendar_does_not_grow_for_ever() -> None:
    for ahead in range(3_000):
        CALENDAR.give_back(TODAY + timedelta(days=ahead), datetime.min.time())
    assert len(CALENDAR._changes) == 1_000

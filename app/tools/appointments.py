"""A clinic's calendar for demonstration: which times are taken follows from a hash of the date, the same everywhere.

What callers book, move and cancel is kept in the memory of the worker, for a while; whoever asks about an appointment
that was not made here finds the one that the hash gives them.
"""

import hashlib
from collections import OrderedDict
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, Literal

from actors.tools import OnInterruption, ToolContext, tool

_TIMES = tuple(time(hour, minute) for hour in (*range(8, 12), *range(13, 18)) for minute in (0, 30))
_NOON = time(12)
_OFFERS = 3
_MOST_KEPT = 1_000
_DAYS_AHEAD = 60


class Reason(StrEnum):
    """What a patient's visit to the clinic is for."""

    CHECK_UP = "check_up"
    CLEANING = "cleaning"
    FILLING = "filling"
    PAIN = "pain"


class Calendar:
    """Appointments by day and time; the oldest entries are forgotten."""

    def __init__(self) -> None:
        self._changes: OrderedDict[tuple[date, time], str] = OrderedDict()
        """By date and time: the id of the session that has booked it, or an empty text if it was freed."""

    def free(self, day: date) -> list[time]:
        """The free times of a day, earliest first."""
        return [moment for moment in _TIMES if day.weekday() < 5 and not self._holder(day, moment)]

    def take(self, day: date, moment: time, session_id: str) -> bool:
        """Whether the time was free, or this session's already, and is this session's now."""
        known = day.weekday() < 5 and moment in _TIMES
        if not known or self._holder(day, moment) not in ("", session_id):
            return False
        self._change(day, moment, session_id)
        return True

    def give_back(self, day: date, moment: time) -> None:
        """Free a time of a day that a session had taken."""
        self._change(day, moment, "")

    def find(self, day: date, session_id: str) -> time | None:
        """The caller's appointment on a day: the one of this session, else one of those that are taken."""
        taken = [moment for moment in _TIMES if day.weekday() < 5 and self._holder(day, moment)]
        own = [moment for moment in taken if self._holder(day, moment) == session_id]
        if own:
            return own[0]
        others = [moment for moment in taken if (day, moment) not in self._changes]
        return others[_hash(f"{day} caller") % len(others)] if others else None

    def clear(self) -> None:
        """Forget what callers booked, moved and cancelled."""
        self._changes.clear()

    def _holder(self, day: date, moment: time) -> str:
        if (day, moment) in self._changes:
            return self._changes[day, moment]
        return "somebody" if _hash(f"{day} {moment}") % 100 < 55 else ""

    def _change(self, day: date, moment: time, holder: str) -> None:
        self._changes[day, moment] = holder
        self._changes.move_to_end((day, moment))
        if len(self._changes) > _MOST_KEPT:
            self._changes.popitem(last=False)


CALENDAR = Calendar()


@tool(timeout_s=5)
async def free_times(
    day: date,
    context: ToolContext,
    part_of_day: Literal["any", "morning", "afternoon"] = "any",
    near: time | None = None,
) -> dict[str, Any]:
    """Look up the free appointment times of a day.

    Args:
        day: The day to look at.
        part_of_day: The part of the day that suits the caller.
        near: A time that the caller asked for; offers near it come first.
    """
    now = datetime.fromtimestamp(context.now, UTC)
    if day < now.date():
        return {"status": "past"}
    if day.weekday() > 4:
        return {"status": "closed", "next_day": _next_free(day)}
    free = [moment for moment in CALENDAR.free(day) if day > now.date() or moment > now.time()]
    suiting = [moment for moment in free if part_of_day == "any" or (moment < _NOON) == (part_of_day == "morning")]
    if near in suiting:
        return {"status": "free_then", "times": _said(free), "offers": _said([near])}
    if not suiting:
        return {"status": "full", "next_day": _next_free(day)}
    status = "not_then" if near else "free"
    return {"status": status, "times": _said(free), "offers": _said(_offers(suiting, near))}


@tool(timeout_s=5, on_interruption=OnInterruption.FINISH)
async def book_appointment(
    day: date, time: time, reason: Reason, context: ToolContext, name: str = ""
) -> dict[str, Any]:
    """Book an appointment that the caller has agreed to.

    Args:
        day: The day.
        time: The time, one that free_times gave.
        reason: What the visit is for.
        name: The caller's first name.
    """
    booked = CALENDAR.take(day, time, context.session_id)
    return {"status": "booked" if booked else "taken"}


@tool(timeout_s=5)
async def find_appointment(day: date, context: ToolContext) -> dict[str, Any]:
    """Find the caller's appointment on a day.

    Args:
        day: The day on which the caller says it is.
    """
    found = CALENDAR.find(day, context.session_id)
    return {"status": "found", "at": f"{found:%H:%M}"} if found else {"status": "none"}


@tool(timeout_s=5, on_interruption=OnInterruption.FINISH)
async def move_appointment(old_day: date, day: date, time: time, context: ToolContext) -> dict[str, Any]:
    """Move the caller's appointment to another day or time that the caller has agreed to.

    Args:
        old_day: The day on which it is now.
        day: The new day.
        time: The new time, one that free_times gave.
    """
    found = CALENDAR.find(old_day, context.session_id)
    if not CALENDAR.take(day, time, context.session_id):
        return {"status": "taken"}
    if found and (old_day, found) != (day, time):
        CALENDAR.give_back(old_day, found)
    return {"status": "moved"}


@tool(timeout_s=5, on_interruption=OnInterruption.FINISH)
async def cancel_appointment(day: date, context: ToolContext) -> dict[str, Any]:
    """Cancel the caller's appointment on a day, once the caller has agreed.

    Args:
        day: The day on which it is.
    """
    found = CALENDAR.find(day, context.session_id)
    if not found:
        return {"status": "none"}
    CALENDAR.give_back(day, found)
    return {"status": "cancelled"}


def _offers(free: list[time], near: time | None) -> list[time]:
    """Three times: the nearest to the one asked for, else spread over what is free."""
    if near:
        return sorted(sorted(free, key=lambda moment: abs(_minutes(moment) - _minutes(near)))[:_OFFERS])
    step = max(1, len(free) // _OFFERS)
    return free[::step][:_OFFERS]


def _next_free(day: date) -> str:
    days = (day + timedelta(days=ahead) for ahead in range(1, _DAYS_AHEAD))
    return next((later.isoformat() for later in days if CALENDAR.free(later)), "")


def _minutes(moment: time) -> int:
    return moment.hour * 60 + moment.minute


def _said(times: list[time]) -> list[str]:
    return [f"{moment:%H:%M}" for moment in times]


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")

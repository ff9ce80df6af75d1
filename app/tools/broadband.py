"""The customers of a small internet provider, for the demonstration team in `config/team`: a database that is SQLite.

It is made in the memory of each worker, with the same customers everywhere. What callers book is in it until the
worker ends. A caller is known by the number that they call from; who calls from another one has to name their customer
number.
"""

import asyncio
import sqlite3
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Annotated, Any

from msgspec import Meta

from actors.tools import OnInterruption, ToolContext, tool

CustomerNumber = Annotated[str, Meta(pattern=r"^[0-9]{5}\Z")]

LINE_TEST_S = 6.0
"""Seconds that the simulated measurement of a line takes."""
LINE_TESTS = 6
"""Parts of the measurement; after each of them its progress is reported."""
_SLOTS = ("8 to 10", "10 to 12", "14 to 16")
_DAYS_AHEAD = 5
_MOST_VISITS = 10_000
_SCHEMA = """
CREATE TABLE customer (
    number TEXT PRIMARY KEY, name TEXT NOT NULL, phone TEXT NOT NULL, plan TEXT NOT NULL, ordered_mbit INTEGER NOT NULL,
    measured_mbit INTEGER NOT NULL, fault TEXT NOT NULL
);
CREATE TABLE bill (
    customer TEXT NOT NULL REFERENCES customer (number), month TEXT NOT NULL, cents INTEGER NOT NULL,
    paid INTEGER NOT NULL
);
CREATE TABLE visit (day TEXT NOT NULL, slot TEXT NOT NULL, customer TEXT NOT NULL, UNIQUE (day, slot));
"""
_CUSTOMERS = (
    ("10417", "Ada Moreno", "+15550100", "Fibre 250", 250, 243, ""),
    ("10533", "Ben Okafor", "+15550101", "Cable 100", 100, 11, "the signal is weak between the street and the house"),
    ("10690", "Carla Weiss", "+15550102", "Cable 50", 50, 0, "there is an outage in the street until this evening"),
)
_BILLS = (
    ("10417", "April", 3_990, 1),
    ("10417", "May", 3_990, 0),
    ("10533", "May", 2_990, 1),
    ("10690", "April", 2_490, 0),
    ("10690", "May", 2_490, 0),
)


class Provider:
    """The database. Tools that are plain functions use it on threads of theirs, one at a time."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._database = sqlite3.connect(":memory:", check_same_thread=False)
        self._database.row_factory = sqlite3.Row
        self._database.executescript(_SCHEMA)
        self._database.executemany("INSERT INTO customer VALUES (?, ?, ?, ?, ?, ?, ?)", _CUSTOMERS)
        self._database.executemany("INSERT INTO bill VALUES (?, ?, ?, ?)", _BILLS)

    def customer(self, number: str, phone: str) -> sqlite3.Row | None:
        """The customer of a number, or who calls from `phone`; None for nobody."""
        column, value = ("number", number) if number else ("phone", phone)
        found = self._rows(f"SELECT * FROM customer WHERE {column} = ?", value)
        return found[0] if found else None

    def unpaid(self, number: str) -> list[sqlite3.Row]:
        """The bills that a customer has not paid, the oldest first."""
        return self._rows("SELECT month, cents FROM bill WHERE customer = ? AND NOT paid ORDER BY rowid", number)

    def taken(self, days: list[str]) -> set[tuple[str, str]]:
        """The visits that are booked on some days, as day and slot."""
        marks = ", ".join("?" * len(days))
        rows = self._rows(f"SELECT day, slot FROM visit WHERE day IN ({marks})", *days)
        return {(row["day"], row["slot"]) for row in rows}

    def book(self, day: str, slot: str, customer: str) -> bool:
        """Book a visit, in place of the customer's former one; False if another customer has that slot."""
        with self._lock, self._database:
            self._database.execute("DELETE FROM visit WHERE customer = ?", (customer,))
            self._database.execute(
                "INSERT OR IGNORE INTO visit SELECT ?, ?, ? WHERE (SELECT count(*) FROM visit) < ?",
                (day, slot, customer, _MOST_VISITS),
            )
            found = self._database.execute(
                "SELECT 1 FROM visit WHERE day = ? AND slot = ? AND customer = ?", (day, slot, customer)
            )
            return found.fetchone() is not None

    def forget_visits(self) -> None:
        """Have no visit booked, as at the beginning."""
        with self._lock, self._database:
            self._database.execute("DELETE FROM visit")

    def _rows(self, statement: str, *values: str) -> list[sqlite3.Row]:
        with self._lock:
            return self._database.execute(statement, values).fetchall()


PROVIDER = Provider()


@tool(timeout_s=5)
def find_customer(context: ToolContext, number: CustomerNumber | None = None) -> dict[str, Any]:
    """Look the caller up: their name, plan, and what they have not paid.

    Args:
        number: Their customer number, five digits; leave it out to look for the number that they call from.
    """
    customer = PROVIDER.customer(number or "", context.about.caller)
    if customer is None:
        return _nobody(number)
    unpaid = PROVIDER.unpaid(customer["number"])
    due = sum(bill["cents"] for bill in unpaid) / 100
    return {
        "status": "in_debt" if unpaid else "found",
        "number": customer["number"],
        "name": customer["name"],
        "plan": customer["plan"],
        "due": f"{due:.2f} dollars",
        "unpaid": " and ".join(bill["month"] for bill in unpaid),
    }


@tool(timeout_s=15)
async def measure_line(context: ToolContext, number: CustomerNumber | None = None) -> dict[str, Any]:
    """Measure the customer's line. It takes several seconds: tell them before.

    Args:
        number: Their customer number, five digits; leave it out to look for the number that they call from.
    """
    customer = await asyncio.to_thread(PROVIDER.customer, number or "", context.about.caller)
    if customer is None:
        return _nobody(number)
    for part in range(1, LINE_TESTS + 1):
        await asyncio.sleep(LINE_TEST_S / LINE_TESTS)
        context.progress(100 * part / LINE_TESTS)
    fault = customer["fault"]
    return {
        "status": "faulty" if fault else "fine",
        "ordered": f"{customer['ordered_mbit']} megabits",
        "measured": f"{customer['measured_mbit']} megabits",
        "fault": fault,
    }


@tool(timeout_s=5)
def technician_times(context: ToolContext) -> dict[str, Any]:
    """The next times at which a technician can come, at most three."""
    days = _days(context.now)
    taken = PROVIDER.taken(days)
    free = [(day, slot) for day in days for slot in _SLOTS if (day, slot) not in taken]
    if not free:
        return {"status": "none"}
    times = [{"day": day, "slot": slot, "weekday": _weekday(day)} for day, slot in free[:3]]
    return {"status": "free", "times": times, "first": f"{times[0]['weekday']} from {times[0]['slot']}", **times[0]}


@tool(timeout_s=5, on_interruption=OnInterruption.FINISH)
def book_technician(day: str, slot: str, context: ToolContext, number: CustomerNumber | None = None) -> dict[str, Any]:
    """Have a technician come, once the caller has said yes to the day and the time.

    Args:
        day: As technician_times names it, such as 2026-06-03.
        slot: As technician_times names it, such as 8 to 10.
        number: Their customer number, five digits; leave it out to look for the number that they call from.
    """
    customer = PROVIDER.customer(number or "", context.about.caller)
    if customer is None:
        return _nobody(number)
    if day not in _days(context.now) or slot not in _SLOTS:
        return {"status": "no_such_time", "advice": "call technician_times, and offer what it names"}
    booked = PROVIDER.book(day, slot, customer["number"])
    return {"status": "booked" if booked else "taken", "weekday": _weekday(day), "slot": slot}


def _nobody(number: str | None) -> dict[str, Any]:
    advice = "ask for it again, digit by digit" if number else "ask for their customer number, five digits"
    return {"status": "unknown", "advice": advice}


def _days(now: float) -> list[str]:
    """The next working days, from tomorrow on."""
    today = datetime.fromtimestamp(now, UTC).date()
    ahead = (today + timedelta(days=number) for number in range(1, 2 * _DAYS_AHEAD))
    return [day.isoformat() for day in ahead if day.weekday() < 5][:_DAYS_AHEAD]


def _weekday(day: str) -> str:
    return f"{datetime.fromisoformat(day):%A}"

"""What was wrong with a worker, and when, as far as it concerns a session."""

import asyncio
import math

from actors.runtime.clock import run_virtual
from app.console.timeline import TimelineEvent
from app.console.troubles import BREAKER, STUCK, Trouble
from app.console.worker_history import LOOK_S, MOST_EVENTS, WorkerHistory

BREAKS = Trouble(BREAKER, "language_model azure: circuit breaker open", "language_model azure")


def late(ms: int) -> Trouble:
    return Trouble(STUCK, f"its event loop is {ms} ms late: it takes no more sessions", "loop")


class Worker:
    """Whose troubles a test says, at a time that it says."""

    def __init__(self) -> None:
        self.at = 100.0
        self.wrong: list[Trouble] = []
        self.history = WorkerHistory(lambda: self.wrong, lambda: self.at)

    def look(self, at: float, *wrong: Trouble) -> None:
        self.at, self.wrong = at, list(wrong)
        self.history.look()

    def told(self, begin: float = 0.0, end: float = math.inf) -> list[tuple[float, str, bool]]:
        return [(event.at, event.text, event.failed) for event in self.history.between(begin, end)]


def test_a_trouble_is_told_when_it_begins_and_when_it_is_over_and_not_in_between() -> None:
    worker = Worker()
    for at, wrong in ((101.0, [late(400)]), (102.0, [late(900), BREAKS]), (103.0, [BREAKS]), (104.0, [])):
        worker.look(at, *wrong)
    assert worker.told() == [
        (101.0, late(400).text, True),
        (102.0, BREAKS.text, True),
        (103.0, late(400).text, False),
        (104.0, BREAKS.text, False),
    ]


def test_a_session_is_told_what_was_wrong_when_it_began_and_nothing_of_what_was_before_and_after() -> None:
    worker = Worker()
    for at, wrong in ((101.0, [late(400)]), (102.0, [BREAKS]), (110.0, []), (120.0, [late(100)])):
        worker.look(at, *wrong)
    assert worker.told(105.0, 115.0) == [(105.0, BREAKS.text, True), (110.0, BREAKS.text, False)]
    assert worker.told(111.0, 115.0) == []
    assert worker.told(111.0) == [(120.0, late(100).text, True)]


def test_it_looks_once_a_second_until_it_is_stopped_and_keeps_a_bounded_number() -> None:
    async def main() -> int:
        looks = 0

        def present() -> list[Trouble]:
            nonlocal looks
            looks += 1
            return [late(looks)] if looks % 2 else []

        history = WorkerHistory(present, lambda: 1.0)
        history.start()
        await asyncio.sleep(LOOK_S * (MOST_EVENTS + 20.5))
        history.stop()
        await asyncio.sleep(LOOK_S * 10)
        assert len(history.between(0.0, math.inf)) == MOST_EVENTS
        return looks

    assert run_virtual(main()) == MOST_EVENTS + 20


def test_it_is_an_event_of_the_timeline() -> None:
    worker = Worker()
    worker.look(101.23456, BREAKS)
    (event,) = worker.history.between(0.0, math.inf)
    assert event == TimelineEvent(101.235, "worker", name=BREAKS.about, text=BREAKS.text, failed=True)

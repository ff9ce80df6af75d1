"""What was wrong with this worker, and when: beside what happens in a session, it says what the session met with."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

from app.console.timeline import TimelineEvent
from app.console.troubles import Trouble

LOOK_S = 1.0
MOST_EVENTS = 500
"""The most events that are kept; of more the oldest are dropped."""


class WorkerHistory:
    """Looks at the worker once a second, from `start` until `stop`. Belongs to the loop's thread.

    Args:
        present: what is wrong with the worker at present.
        wall: the time in seconds since 1970.
    """

    def __init__(self, present: Callable[[], Sequence[Trouble]], wall: Callable[[], float]) -> None:
        self._present = present
        self._wall = wall
        self._events: deque[TimelineEvent] = deque(maxlen=MOST_EVENTS)
        self._known: dict[str, str] = {}
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Look at the worker from now on."""
        self._timer = asyncio.get_running_loop().call_later(LOOK_S, self._look_again)

    def stop(self) -> None:
        """Look at the worker no more."""
        if self._timer is not None:
            self._timer.cancel()

    def look(self) -> None:
        """Note what has gone wrong since the last look, and what is well again."""
        present = {trouble.about: trouble.text for trouble in self._present()}
        for about, text in self._known.items():
            if about not in present:
                self._note(about, text, failed=False)
        for about, text in present.items():
            if about not in self._known:
                self._note(about, text, failed=True)
        # What was said of it first stays: a lateness is another one at each look.
        self._known = {about: self._known.get(about, text) for about, text in present.items()}

    def between(self, begin: float, end: float) -> list[TimelineEvent]:
        """What went wrong or well again from `begin` to `end`, in seconds since 1970, and what was wrong at `begin`."""
        wrong: dict[str, TimelineEvent] = {}
        found = []
        for event in self._events:
            if event.at > end:
                break
            if event.at >= begin:
                found.append(event)
            elif event.failed:
                wrong[event.name] = TimelineEvent(
                    round(begin, 3), "worker", name=event.name, text=event.text, failed=True
                )
            else:
                wrong.pop(event.name, None)
        return [*wrong.values(), *found]

    def _look_again(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(LOOK_S, self._look_again)
        self.look()

    def _note(self, about: str, text: str, *, failed: bool) -> None:
        self._events.append(TimelineEvent(round(self._wall(), 3), "worker", name=about, text=text, failed=failed))

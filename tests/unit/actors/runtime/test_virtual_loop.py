"""A `VirtualLoop` calls what asyncio's own loop calls, in the same order, and asyncio has the private parts it uses."""

import asyncio
import os
import platform
import random
import selectors
import threading
from asyncio import selector_events
from collections import deque
from collections.abc import Callable
from typing import Any

import pytest

from actors.runtime.clock import VirtualLoop

ASYNCIO = f"asyncio of Python {platform.python_version()}"
LOOP, SELECTOR_LOOP = asyncio.BaseEventLoop, selector_events.BaseSelectorEventLoop
USED = (
    (LOOP, "run_forever", "_run_once _stopping"),
    (LOOP, "stop", "_stopping"),
    (LOOP, "_run_once", "_ready _scheduled _stopping _selector _process_events _clock_resolution _cancelled _run"),
    (LOOP, "call_soon", "_call_soon"),
    (LOOP, "call_soon_threadsafe", "_call_soon _write_to_self"),
    (LOOP, "_call_soon", "_ready append"),
    (LOOP, "_add_callback", "_ready append"),
    (SELECTOR_LOOP, "_process_events", "_add_callback"),
    (LOOP, "call_later", "call_at"),
    (LOOP, "call_at", "TimerHandle _scheduled"),
    (asyncio.TimerHandle, "cancel", "_timer_handle_cancelled"),
)
"""Methods of asyncio, and the names by which they reach what a `VirtualLoop` overrides or uses."""

FIELDS = {
    *("_callback", "_args", "_cancelled", "_loop", "_source_traceback", "_repr", "__weakref__", "_context"),
    *("_scheduled", "_when"),
}
"""Of a timer, all of which a `VirtualLoop` sets by itself."""
EVENTS_MAX = 400
"""How many things happen by one schedule."""
GRID_S = 1 / 1024
"""Exact in floating point: timers are due at the very same time, or that far apart."""
DELAYS_S = (-1.0, 0.0, 0.0, GRID_S, GRID_S, 2 * GRID_S, 5 * GRID_S, 16 * GRID_S, 1.0)
APART_S = 1e-13
"""asyncio leaves open which of two timers goes first that are due at once. The loop to compare with has the older due
before the other by so much, which its clock does not tell apart, for all timers of a schedule together.
"""


class JumpingSelector(selectors.DefaultSelector):
    """Moves the time of its loop on where it would wait."""

    loop: "JumpingLoop"

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        found = super().select(0)
        if not found and timeout != 0:
            assert timeout is not None, "a real loop would hang here"
            self.loop.advance(timeout)
        return found


class JumpingLoop(asyncio.SelectorEventLoop):
    """asyncio's own loop with its own timers and its own `_run_once`; its clock alone is another."""

    def __init__(self) -> None:
        self._time_s = 0.0
        self._timers_set = 0
        selector = JumpingSelector()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        return self._time_s

    def advance(self, seconds: float) -> None:
        self._time_s = round((self._time_s + seconds) / GRID_S) * GRID_S

    def call_at(self, when: float, *args: Any, **context: Any) -> asyncio.TimerHandle:  # type: ignore[override]
        self._timers_set += 1
        return super().call_at(when + self._timers_set * APART_S, *args, **context)


class Schedule:
    """What happens on a loop by one seed: each event is written down and brings about others at random."""

    def __init__(self, loop: asyncio.AbstractEventLoop, seed: int) -> None:
        self._loop = loop
        self._random = random.Random(seed)
        self._handles: list[asyncio.Handle] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._begun = 0
        self._read, self._write = os.pipe()
        self.log: list[tuple[str, float]] = []
        self._steps: tuple[Callable[[], None], ...] = (
            *(self._soon, self._later, self._later, self._at, self._cancel, self._cancel, self._threadsafe),
            *(self._from_a_thread, self._task, self._cancel_task, self._await, self._write_to_pipe, self._stop),
        )

    def run(self) -> list[tuple[str, float]]:
        """Go on until enough has happened.

        Returns:
            What happened, and when.
        """
        self._loop.add_reader(self._read, self._readable)
        self._loop.set_exception_handler(lambda _, context: self._note(f"wrong: {context}"))
        try:
            # Whoever stops the loop has it go on here: what was left is called then.
            while self._begun < EVENTS_MAX:
                self._loop.call_soon(self._happens, self._label("begun"))
                self._loop.call_later(1.0, self._happens, self._label("later"))
                self._loop.call_later(30.0, self._loop.stop)
                self._loop.run_forever()
                self._note("stopped")
            self._loop.run_until_complete(self._rest())
        finally:
            self._loop.remove_reader(self._read)
            os.close(self._read)
            os.close(self._write)
            self._loop.close()
        return self.log

    async def _rest(self) -> None:
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _label(self, kind: str) -> str:
        self._begun += 1
        return f"{self._begun} {kind}"

    def _note(self, what: str) -> None:
        self.log.append((what, self._loop.time()))

    def _happens(self, label: str) -> None:
        self._note(label)
        for step in self._random.choices(self._steps, k=self._random.choice((0, 1, 2, 3))):
            if self._begun < EVENTS_MAX:
                step()

    def _delay_s(self) -> float:
        return self._random.choice(DELAYS_S)

    def _soon(self) -> None:
        self._handles.append(self._loop.call_soon(self._happens, self._label("soon")))

    def _later(self) -> None:
        self._handles.append(self._loop.call_later(self._delay_s(), self._happens, self._label("later")))

    def _at(self) -> None:
        """At a time for which others are set from other times."""
        when = (self._loop.time() * 64 // 1 + self._random.randrange(3)) / 64
        self._handles.append(self._loop.call_at(when, self._happens, self._label("at")))

    def _cancel(self) -> None:
        """One that was called already, too, or twice."""
        if self._handles:
            number = self._random.randrange(len(self._handles))
            self._handles[number].cancel()
            self._note(f"handle {number} cancelled")

    def _threadsafe(self) -> None:
        self._handles.append(self._loop.call_soon_threadsafe(self._happens, self._label("threadsafe")))

    def _from_a_thread(self) -> None:
        label = self._label("from a thread")
        thread = threading.Thread(target=self._loop.call_soon_threadsafe, args=(self._happens, label))
        thread.start()
        thread.join()

    def _task(self) -> None:
        async def sleeps(label: str, delays_s: list[float]) -> None:
            for delay_s in delays_s:
                await asyncio.sleep(delay_s)
                self._happens(label)

        delays_s = self._random.choices(DELAYS_S, k=3)
        self._tasks.append(self._loop.create_task(sleeps(self._label("sleeps"), delays_s)))

    def _cancel_task(self) -> None:
        if self._tasks:
            number = self._random.randrange(len(self._tasks))
            self._note(f"task {number} cancelled: {self._tasks[number].cancel()}")

    def _await(self) -> None:
        """A future, with a limit of time that is often up at the moment when it is settled."""
        future = self._loop.create_future()

        async def waits(label: str, limit_s: float) -> None:
            try:
                async with asyncio.timeout(limit_s):
                    await future
            except TimeoutError:
                label += " too long"
            self._happens(label)

        self._tasks.append(self._loop.create_task(waits(self._label("waits"), self._delay_s())))

        def settle() -> None:
            if not future.done():
                future.set_result(None)

        self._loop.call_later(self._delay_s(), settle)

    def _write_to_pipe(self) -> None:
        os.write(self._write, b"x")

    def _readable(self) -> None:
        os.read(self._read, 1)
        self._happens(self._label("readable"))

    def _stop(self) -> None:
        self._note("stops")
        self._loop.stop()


@pytest.mark.parametrize("seed", range(12))
def test_what_is_called_and_in_which_order_is_as_on_a_loop_of_asyncio(seed: int) -> None:
    expected = Schedule(JumpingLoop(), seed).run()
    assert len(expected) > EVENTS_MAX
    assert not [what for what, _ in expected if what.startswith("wrong")]
    assert Schedule(VirtualLoop(), seed).run() == expected


@pytest.mark.parametrize("made", [JumpingLoop, VirtualLoop])
def test_a_loop_that_is_stopped_before_it_runs_turns_once_and_waits_for_no_timer(
    made: type[JumpingLoop] | type[VirtualLoop],
) -> None:
    loop, called = made(), list[str]()
    try:
        loop.call_later(5.0, called.append, "timer")
        loop.stop()
        loop.run_forever()
        assert (loop.time(), called) == (0.0, [])
        loop.call_soon(called.append, "soon")
        loop.stop()
        loop.run_forever()
        assert (loop.time(), called) == (0.0, ["soon"])
    finally:
        loop.close()


def test_many_cancelled_timers_change_no_order() -> None:
    """Most are cancelled, by others that are due between them: both loops drop them all at once now and then."""

    def run(loop: asyncio.AbstractEventLoop) -> list[tuple[int, float]]:
        chance, called, timers = random.Random(5), list[tuple[int, float]](), list[asyncio.TimerHandle]()

        def fires(number: int) -> None:
            called.append((number, loop.time()))
            for timer in chance.sample(timers, 15):
                timer.cancel()

        try:
            timers += [loop.call_at(chance.randrange(200) / 64, fires, number) for number in range(1_000)]
            loop.call_at(4.0, loop.stop)
            loop.run_forever()
        finally:
            loop.close()
        return called

    expected = run(JumpingLoop())
    assert 50 < len(expected) < 500
    assert run(VirtualLoop()) == expected


@pytest.mark.parametrize(("owner", "method", "names"), USED, ids=[method for _, method, _ in USED])
def test_asyncio_reaches_by_the_same_names_what_is_overridden(owner: type, method: str, names: str) -> None:
    code = getattr(getattr(owner, method, None), "__code__", None)
    assert code is not None, (
        f"{ASYNCIO} has no {owner.__name__}.{method}: see how it turns, then actors/runtime/clock.py"
    )
    missing = set(names.split()) - set(code.co_names)
    assert missing == set(), (
        f"in {ASYNCIO} {owner.__name__}.{method} does without these: see how it turns, then actors/runtime/clock.py"
    )


def test_asyncio_makes_a_loop_with_the_parts_of_which_a_turn_makes_use() -> None:
    loop: Any = asyncio.SelectorEventLoop()
    try:
        assert isinstance(getattr(loop, "_ready", None), deque), f"{ASYNCIO} has another queue"
        assert getattr(loop, "_stopping", None) is False, f"{ASYNCIO} is stopped in another way"
        assert 0 < getattr(loop, "_clock_resolution", 0) < GRID_S, f"{ASYNCIO} compares times in another way"
        descriptors = getattr(loop, "_selector", selectors.DefaultSelector()).get_map()
        assert len(descriptors) == 1, f"{ASYNCIO} wakes its loop in another way: it was by one descriptor"
        fields = {*asyncio.Handle.__slots__, *asyncio.TimerHandle.__slots__}
        assert fields == FIELDS, f"{ASYNCIO} makes a timer of other fields than actors/runtime/clock.py"
        timer = loop.call_later(60, print)
        assert (timer._scheduled, timer._cancelled) == (True, False), f"{ASYNCIO} has other timers"
    finally:
        loop.close()

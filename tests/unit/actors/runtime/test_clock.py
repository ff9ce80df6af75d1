"""Real and virtual time."""

import asyncio
import os
import threading
import time
import weakref
from typing import Any

import pytest

from actors.runtime.clock import VIRTUAL_EPOCH_S, LoopClock, NothingLeftError, VirtualLoop, run_virtual
from actors.runtime.loop_actor import LoopActor


class Recorder(LoopActor):
    """Keeps what it was told, and when."""

    def __init__(self, log: list[Any]) -> None:
        super().__init__()
        self.log = log

    def on_receive(self, message: Any) -> None:
        self.log.append((asyncio.get_running_loop().time(), message))


def test_half_an_hour_of_nothing_takes_no_time() -> None:
    async def half_an_hour() -> float:
        await asyncio.sleep(1800)
        return asyncio.get_running_loop().time()

    began = time.perf_counter()
    assert run_virtual(half_an_hour()) == pytest.approx(1800)
    assert time.perf_counter() - began < 60, "it is half an hour if it takes any time"


def test_timers_tell_in_the_order_of_their_times_unless_cancelled() -> None:
    async def main() -> list[Any]:
        log: list[Any] = []
        ref = Recorder.start(log)
        clock = LoopClock()
        clock.call_later(3, ref, "third")
        clock.call_later(1, ref, "first")
        clock.call_later(2, ref, "cancelled").cancel()
        await asyncio.sleep(4)
        ref.stop(block=False)
        clock.call_later(1, ref, "for a dead actor")
        await asyncio.sleep(2)
        return log

    assert run_virtual(main()) == [(pytest.approx(1), "first"), (pytest.approx(3), "third")]


def test_of_timers_that_are_due_at_once_the_older_goes_first_and_one_cancels_the_other() -> None:
    async def main() -> list[int]:
        loop, fired = asyncio.get_running_loop(), list[int]()
        timers = [loop.call_at(5.0, fired.append, number) for number in range(40)]
        loop.call_at(5.0, timers[7].cancel)
        loop.call_at(4.0, timers[8].cancel)
        await asyncio.sleep(5)
        return fired

    assert run_virtual(main()) == [number for number in range(40) if number != 8]


def test_cancelled_timers_are_not_kept_until_they_would_be_due() -> None:
    async def main() -> None:
        loop, cancelled = asyncio.get_running_loop(), []
        before_them = loop.call_later(3_600, lambda: None)
        for _ in range(1_000):
            timer = loop.call_later(7_200, lambda: None)
            cancelled.append(weakref.ref(timer))
            timer.cancel()
            await asyncio.sleep(0.01)
        assert sum(timer() is not None for timer in cancelled) < 100
        before_them.cancel()

    run_virtual(main())


def test_wall_time_on_a_virtual_loop_is_the_same_in_every_run() -> None:
    async def main() -> tuple[float, float]:
        clock = LoopClock()
        await asyncio.sleep(10)
        return clock.now(), clock.wall()

    now, wall = run_virtual(main())
    assert now == pytest.approx(10)
    assert wall == pytest.approx(VIRTUAL_EPOCH_S + 10)


async def test_wall_time_on_a_real_loop_is_real() -> None:
    clock = LoopClock()
    assert abs(clock.wall() - time.time()) < 5
    assert abs(clock.now() - asyncio.get_running_loop().time()) < 5


def test_time_does_not_jump_while_a_thread_works() -> None:
    async def main() -> float:
        loop = asyncio.get_running_loop()
        timer = asyncio.create_task(asyncio.sleep(1000))
        await asyncio.to_thread(time.sleep, 0.05)
        at = loop.time()
        assert not timer.done()
        await timer
        return at

    assert run_virtual(main()) == 0


def test_a_failed_thread_lets_time_go_on() -> None:
    async def main() -> int:
        with pytest.raises(ZeroDivisionError):
            await asyncio.to_thread(lambda: 1 / 0)
        await asyncio.sleep(1000)
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        return loop.work_outstanding

    assert run_virtual(main()) == 0


def test_time_does_not_jump_while_registered_work_is_outstanding() -> None:
    async def main() -> list[float]:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        times: list[float] = []
        loop.call_later(5, lambda: times.append(loop.time()))
        with loop.outstanding():
            for _ in range(3):
                await asyncio.sleep(0)
            real = time.perf_counter()
            waited = loop.run_in_executor(None, time.sleep, 0.01)
            await waited
            assert time.perf_counter() - real >= 0.01
            times.append(loop.time())
        await asyncio.sleep(6)
        return times

    assert run_virtual(main()) == [0, pytest.approx(5)]


def test_a_hang_is_an_error_that_names_who_waits() -> None:
    async def main() -> None:
        asyncio.current_task().set_name("the waiter")  # type: ignore[union-attr]
        await asyncio.get_running_loop().create_future()

    with pytest.raises(NothingLeftError, match="the waiter"):
        run_virtual(main())


def test_two_runs_of_the_same_timers_are_the_same() -> None:
    async def main() -> list[Any]:
        log: list[Any] = []

        async def tick(name: str, every_s: float) -> None:
            for _ in range(50):
                await asyncio.sleep(every_s)
                log.append((name, asyncio.get_running_loop().time()))

        await asyncio.gather(tick("a", 0.02), tick("b", 0.03), tick("c", 0.06))
        return log

    assert run_virtual(main()) == run_virtual(main())


def test_a_descriptor_is_looked_at_though_something_is_always_ready() -> None:
    async def main() -> int:
        read, write = os.pipe()
        seen: list[bytes] = []
        asyncio.get_running_loop().add_reader(read, lambda: seen.append(os.read(read, 1)))
        os.write(write, b"x")
        turns = 0
        while not seen and turns < 10:
            turns += 1
            await asyncio.sleep(0)
        asyncio.get_running_loop().remove_reader(read)
        os.close(read)
        os.close(write)
        return turns

    assert run_virtual(main()) < 10


def test_a_result_is_not_written_out() -> None:
    written: list[str] = []

    class Long:
        def __repr__(self) -> str:
            written.append("all of it")
            return ""

    async def main() -> Long:
        return Long()

    assert isinstance(run_virtual(main()), Long)
    assert written == []


def test_what_a_thread_wants_called_is_called_before_time_jumps_and_time_jumps_on_after_it() -> None:
    async def main() -> list[float]:
        loop, called = asyncio.get_running_loop(), list[float]()
        for _ in range(3):
            thread = threading.Thread(
                target=loop.call_soon_threadsafe, args=(lambda: called.append(asyncio.get_running_loop().time()),)
            )
            thread.start()
            thread.join()
            await asyncio.sleep(10)
        return called

    assert run_virtual(main()) == [0.0, 10.0, 20.0]

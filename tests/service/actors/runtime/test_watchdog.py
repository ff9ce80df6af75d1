"""The loop's lag, and the stack behind a stall."""

import asyncio
import logging
import sys
import threading
import time

import pytest

from actors.runtime.clock import run_virtual
from actors.runtime.watchdog import Lag, LoopWatchdog, is_idle, places


async def test_a_stall_is_counted_and_the_stack_behind_it_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    watchdog = LoopWatchdog()
    watchdog.start()

    def the_culprit() -> None:
        time.sleep(0.3)

    with caplog.at_level(logging.WARNING, logger="earshot.loop"):
        await asyncio.sleep(0.12)
        the_culprit()
        await asyncio.sleep(0.12)
    watchdog.stop()
    culprits = [record.getMessage() for record in caplog.records if "the_culprit" in record.getMessage()]
    assert len(culprits) == 1
    lag = watchdog.lag
    assert lag.stalls >= 1
    assert lag.max_ms >= 200
    assert lag.last_ms <= lag.max_ms
    assert 0 <= lag.p50_ms <= lag.p99_ms <= lag.max_ms


@pytest.mark.parametrize("busy", [True, False])
def test_a_loop_that_only_waits_is_told_from_one_that_is_held_up(busy: bool) -> None:
    loop = asyncio.new_event_loop()
    release = threading.Event()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    if busy:
        loop.call_soon_threadsafe(release.wait)
    assert thread.ident is not None
    for _ in range(200):
        frame = sys._current_frames()[thread.ident]
        if is_idle(frame) is not busy:
            break
        time.sleep(0.01)
    assert is_idle(frame) is not busy
    assert ("Event.wait" in places(frame)) is busy
    release.set()
    loop.call_soon_threadsafe(loop.stop)
    thread.join(timeout=30)
    loop.close()


async def test_a_turning_loop_is_not_accused(caplog: pytest.LogCaptureFixture) -> None:
    watchdog = LoopWatchdog(stall_s=1.0)
    watchdog.start()
    assert watchdog.lag == Lag(last_ms=0, recent_ms=0, p50_ms=0, p99_ms=0, max_ms=0, stalls=0)
    await asyncio.sleep(0.2)
    watchdog.stop()
    assert watchdog.lag.stalls == 0
    assert watchdog.lag.p50_ms < 1000
    assert not caplog.records


async def test_a_stopped_watchdog_leaves_neither_thread_nor_timer() -> None:
    # Other tests of this process may have watchdogs of their own.
    others = set(threading.enumerate())
    watchdog = LoopWatchdog(heartbeat_s=0.01, stall_s=0.01)
    watchdog.start()
    await asyncio.sleep(0.03)
    (own,) = [thread for thread in threading.enumerate() if thread not in others and thread.name == "loop-watchdog"]
    watchdog.stop()
    beats = len(watchdog._lags_ms)
    await asyncio.to_thread(own.join, 5)
    assert not own.is_alive()
    assert len(watchdog._lags_ms) == beats
    watchdog.stop()


def stand_still(seconds: float) -> None:
    """Hold the loop up."""
    time.sleep(seconds)


async def test_a_stall_right_after_the_start_is_no_congestion() -> None:
    watchdog = LoopWatchdog(heartbeat_s=0.001)
    watchdog.start()
    stand_still(0.05)
    # With the first beat, before a machine that has no time for the loop makes it late as well.
    async with asyncio.timeout(30):
        while watchdog.lag.max_ms < 40:  # noqa: ASYNC110  nobody is told
            await asyncio.sleep(0)
    assert watchdog.lag.recent_ms < watchdog.lag.max_ms / 2
    watchdog.stop()


async def test_a_loop_that_is_late_again_and_again_is_congested() -> None:
    watchdog = LoopWatchdog(heartbeat_s=0.001)
    watchdog.start()
    for _ in range(100):
        stand_still(0.003)
        await asyncio.sleep(0.001)
    watchdog.stop()
    assert watchdog.lag.recent_ms >= 1


def test_nothing_is_late_on_virtual_time() -> None:
    async def main() -> Lag:
        watchdog = LoopWatchdog()
        watchdog.start()
        await asyncio.sleep(0.1)
        stand_still(0.1)
        await asyncio.sleep(0.1)
        watchdog.stop()
        return watchdog.lag

    assert run_virtual(main()) == Lag(last_ms=0, recent_ms=0, p50_ms=0, p99_ms=0, max_ms=0, stalls=0)


class StoppedClock:
    """A clock that goes only while somebody stands still: however little time the machine gives, nobody is late."""

    def __init__(self) -> None:
        self.now_s = 1_000.0

    def __call__(self) -> float:
        return self.now_s

    def stand_still(self, seconds: float, caplog: pytest.LogCaptureFixture) -> None:
        """Hold the loop up, by this clock, until the watchdog has said something of it."""
        said, ends_s = len(caplog.records), time.monotonic() + PATIENCE_S
        self.now_s += seconds
        while len(caplog.records) == said and time.monotonic() < ends_s:
            time.sleep(0.001)


PATIENCE_S = 60.0


async def beat(watchdog: LoopWatchdog) -> None:
    """Wait for the heartbeat that is due, and for the next."""
    beats = len(watchdog._lags_ms)
    async with asyncio.timeout(PATIENCE_S):
        while len(watchdog._lags_ms) < beats + 2:  # noqa: ASYNC110  nobody is told
            await asyncio.sleep(0.005)


async def test_what_holds_up_a_start_is_neither_a_warning_nor_counted(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, serves = StoppedClock(), False
    monkeypatch.setattr("actors.runtime.watchdog.monotonic", clock)
    watchdog = LoopWatchdog(serving=lambda: serves)
    watchdog.start()
    with caplog.at_level(logging.DEBUG, logger="earshot.loop"):
        await beat(watchdog)
        clock.stand_still(0.2, caplog)
        # Ready, and before the loop turns again: the stall had begun while nobody was served.
        serves = True
        await beat(watchdog)
        assert ([record.levelname for record in caplog.records], watchdog.stalls) == (["DEBUG"], 0)
        clock.stand_still(0.2, caplog)
        await beat(watchdog)
    watchdog.stop()
    assert watchdog.stalls == 1
    assert [record.levelname for record in caplog.records] == ["DEBUG", "WARNING"]
    assert "stand_still" in caplog.text

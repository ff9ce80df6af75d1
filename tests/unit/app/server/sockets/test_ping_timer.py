"""A client that answers no pings any more is dropped, and one that is silent may be pinged, on virtual time."""

import asyncio
import logging

import pytest

from actors.runtime.clock import run_virtual
from app.server.sockets.ping_timer import PingTimer
from app.server.sockets.ping_watch import SILENT_INTERVALS, PingWatch

INTERVAL_S = 5.0
GONE_S = (SILENT_INTERVALS + 1) * INTERVAL_S


class Client:
    """A client, and what the timer has done to it. `answers`: it answers each ping at once."""

    def __init__(self, *, answers: bool, pinged: bool) -> None:
        self.watch = PingWatch()
        self.watch.heard = self.watch.answers = True
        self.is_held = False
        self.pings = 0
        self.dropped_at: list[float] = []
        self._answers = answers
        self.timer = PingTimer(
            self.watch, INTERVAL_S, is_held=lambda: self.is_held, drop=self._drop, ping=self._ping if pinged else None
        )

    def _drop(self) -> None:
        self.dropped_at.append(asyncio.get_running_loop().time())

    def _ping(self) -> None:
        self.pings += 1
        self.watch.heard = self._answers


def test_a_client_that_has_answered_and_falls_silent_is_dropped_once(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        client, began = Client(answers=False, pinged=False), asyncio.get_running_loop().time()
        await asyncio.sleep(10 * GONE_S)
        assert client.dropped_at == [pytest.approx(began + GONE_S)]

    with caplog.at_level(logging.INFO):
        run_virtual(main())
    assert f"a client has sent nothing for {GONE_S:g} s, nor answered a ping: dropped" in caplog.messages


def test_a_client_that_answers_is_pinged_for_each_interval_in_which_nothing_came() -> None:
    async def main() -> None:
        client = Client(answers=True, pinged=True)
        await asyncio.sleep(10 * INTERVAL_S + 1)
        # The answer to one ping is what came in the next interval.
        assert (client.pings, client.dropped_at) == (5, [])
        client.timer.stop()

    run_virtual(main())


def test_one_that_is_not_read_is_neither_pinged_nor_dropped() -> None:
    async def main() -> None:
        client = Client(answers=False, pinged=True)
        client.is_held = True
        await asyncio.sleep(10 * GONE_S)
        assert (client.pings, client.dropped_at) == (0, [])
        client.timer.stop()

    run_virtual(main())


def test_after_a_stop_nothing_is_looked_at_any_more() -> None:
    async def main() -> None:
        client = Client(answers=False, pinged=True)
        client.timer.stop()
        await asyncio.sleep(10 * GONE_S)
        assert (client.pings, client.dropped_at) == (0, [])

    run_virtual(main())

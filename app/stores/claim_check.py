"""Asks the store whether a worker's sessions are still its own after its event loop stood still.

While its loop does not turn (SIGSTOP, a frozen container, a machine that sleeps), another worker may go on with its
sessions, and the notice of that waits in a socket behind audio that is due to be sent. So this worker looks at a clock
before each message of a session and on a timer, and asks the store only if the loop has not turned for a while.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from opentelemetry import metrics

from actors.errors import StoreError

log = logging.getLogger(__name__)

FROZEN_S = 0.5
"""Seconds for which the loop must have stood still before the worker's sessions may be lost; a client takes longer to
reconnect elsewhere."""
LOOK_S = 0.1
LEASE_S = 3.0
"""Seconds of standing still after which other workers take the worker for dead and take over its telephone calls."""
ASK_S = 1.0
"""Seconds for which the store is asked. If it does not answer, conversations go on: other workers cannot have read it
either."""
ASK_PAST_LEASE_S = 10.0
"""Seconds for which the store is asked if the lease has ended meanwhile: other workers may have its calls, and speak in
them."""
AGAIN_S = 0.05

_asked = metrics.get_meter("earshot").create_counter(
    "earshot.claims.checks", description="Checks of a worker's claims after its loop stood still, by their outcome"
)


_BOOT_TIME: int = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
_clock_time_s = time.clock_gettime


def boot_time_s() -> float:
    """Seconds of a clock that goes on while the machine sleeps, where there is one."""
    return _clock_time_s(_BOOT_TIME)


class ClaimCheck:
    """Looks from `start` until `stop`. Belongs to the loop's thread.

    Args:
        ask: asks the store about the claims of all live sessions, and leaves those that are lost. More is asked `also`.
        now: a clock that goes on while the process does not.
    """

    def __init__(self, ask: Callable[[], Awaitable[None]], now: Callable[[], float] = boot_time_s) -> None:
        self._asks = [ask]
        self._now = now
        self._seen_s = now()
        self._past_lease = False
        self._freezes = 0
        self._asking: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._waiting: dict[Callable[[], None], None] = {}

    def also(self, ask: Callable[[], Awaitable[None]]) -> None:
        """Ask this too, after what is asked already."""
        self._asks.append(ask)

    def start(self) -> None:
        """Begin to look at the clock. Call it on the event loop whose turns are watched."""
        self._seen_s = self._now()
        self._look_again()

    def stop(self) -> None:
        """Stop looking at the clock, and cancel a question to the store that is under way.

        What `wait_if_shut` has had wait for its answer is called all the same, on one of the loop's next turns.
        """
        if self._timer is not None:
            self._timer.cancel()
        if self._asking is not None:
            self._asking.cancel()

    def wait_if_shut(self, go_on: Callable[[], None]) -> bool:
        """Return whether sessions' messages must wait for the store; if so, call `go_on` once when it has answered."""
        # As `_look` does, which this is for each message: a further call takes as long as all of it.
        now_s = self._now()
        if self._asking is None and now_s - self._seen_s < FROZEN_S:
            self._seen_s = now_s
            return False
        self._look()
        if self._asking is None:
            return False
        self._waiting[go_on] = None
        return True

    def _look_again(self) -> None:
        self._look()
        self._timer = asyncio.get_running_loop().call_later(LOOK_S, self._look_again)

    def _look(self) -> None:
        now_s = self._now()
        stood_s, self._seen_s = now_s - self._seen_s, now_s
        if stood_s >= FROZEN_S:
            self._freezes += 1
            self._past_lease = self._past_lease or stood_s >= LEASE_S
            if self._asking is None:
                self._asking = asyncio.get_running_loop().create_task(self._check(), name="claims.check")
                self._asking.add_done_callback(self._go_on)

    async def _check(self) -> None:
        """Ask the store, and ask again if the loop has stood still meanwhile: the answer may be from before that."""
        answered_for = 0
        while answered_for != self._freezes:
            answered_for = self._freezes
            await self._answer()
            self._look()

    async def _answer(self) -> None:
        try:
            async with asyncio.timeout(ASK_PAST_LEASE_S if self._past_lease else ASK_S):
                while True:
                    try:
                        for ask in self._asks:
                            await ask()
                        break
                    except StoreError:
                        # The connection may also be from before the loop stood still.
                        await asyncio.sleep(AGAIN_S)
        except TimeoutError:
            _asked.add(1, {"outcome": "unknown"})
            log.warning("this worker stood still, and its claims cannot be checked: its conversations go on")
        else:
            _asked.add(1, {"outcome": "known"})

    def _go_on(self, asked: asyncio.Task[None]) -> None:
        self._asking, self._past_lease = None, False
        if not asked.cancelled() and (fault := asked.exception()) is not None:
            log.error(
                "this worker stood still, and the check whether its sessions are still its own failed", exc_info=fault
            )
        waiting, self._waiting = self._waiting, {}
        for go_on in waiting:
            try:
                go_on()
            except Exception as error:
                # A fault of one socket must not keep the others waiting.
                log.exception("what waited for the check of this worker's claims has failed: %s", type(error).__name__)

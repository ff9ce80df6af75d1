"""Sees to it that a call that is up has a media socket: without one nobody hears anything."""

import asyncio
import itertools
import logging
import math
from collections.abc import Awaitable, Callable
from contextlib import suppress
from enum import Enum, auto
from typing import NamedTuple

from actors.ports.clock import Clock
from app.server.sockets.socket_writer import NORMAL
from app.telephony.call import Call, Direction
from app.telephony.call_control import CallControl
from app.telephony.errors import CallControlError, Trouble
from app.telephony.media.media_connection import MediaConnection
from app.telephony.network_state import CONNECTED, DISCONNECTED, INACTIVE, transferred
from protocol.calls import CallState

log = logging.getLogger(__name__)

DUE_S = 6.0
"""Seconds after which a media socket is requested for a connected call that has none."""
OWN_RECONNECT_S = 1.0
"""Seconds within which the telephone network opens a lost media socket again by itself, if it does so at all."""
LOOK_AGAIN_S = (3.0, 3.0, 5.0, 5.0, 10.0)
"""Seconds before each further look at a call that rings, or that no event has come of; the last one repeatedly."""
STREAM_AGAIN_S = (0.0, 0.1, 0.4, 1.0, 2.0, 4.0, 8.0)
"""Seconds before each order to stream again: a call that comes back from a transfer takes it after about a second."""
ESTABLISHED_S = 1.0
"""Seconds after which a call whose transfer has failed is connected again."""
STOP_AGAIN_S = 1.9
"""Seconds after the first order to close a socket that seems dead, before another one, and twice as long after each
further one: a socket that the network takes long to open would be closed as soon as it is there, again and again. At
first it is short: one that was opened meanwhile may lead to the worker from which the call was taken."""
HOLD_LOOK_S = 0.3
"""Seconds before each look whether a caller is back from hold."""
STOPPED_LOOKS_S = (1.0, 2.0, 4.0)
"""Seconds before each look whether the network has stopped to stream to a media socket that is open, until it says."""
MOST_PATIENCE_S = 4.0
"""The longest wait in seconds that the network may ask for, since the caller hears nothing meanwhile."""


class _Asked(Enum):
    """What came of asking for a media socket."""

    SETTLED = auto()
    """It has come, or the call is over."""
    IN_VAIN = auto()
    HELD = auto()
    """It was refused while the caller was on hold, who is back."""
    ANOTHER_OPEN = auto()
    """To the network another socket of the call is open."""


class _Watch(NamedTuple):
    """Over one call; asks for a socket from `asks_at` on, in seconds of the loop's clock."""

    task: asyncio.Task[None]
    asks_at: float


class MediaWatch:
    """Waits for the media sockets of one worker's calls, and asks the network for those that do not come.

    Args:
        control: the telephone network.
        clock: times of what is noted of a call.
        let_go: ends a call that nobody hears.
        gone: notes that the network knows a call no more.
        connected: notes that the network has a call connected.
        is_in_doubt: whether another worker may have taken any call, as from a worker that is cut off from the others: a
            socket that the network has open may be that one's.
        leave: leaves a call to that worker.
    """

    def __init__(
        self,
        control: CallControl,
        clock: Clock,
        let_go: Callable[[Call], Awaitable[None]],
        gone: Callable[[Call], None],
        connected: Callable[[Call], None],
        is_in_doubt: Callable[[], bool],
        leave: Callable[[Call], None],
    ) -> None:
        self._control = control
        self._clock = clock
        self._let_go = let_go
        self._gone = gone
        self._connected = connected
        self._is_in_doubt = is_in_doubt
        self._leave = leave
        self._watches: dict[Call, _Watch] = {}
        self._refused: dict[Call, asyncio.Event] = {}
        """For each call that has requested a media socket: set when the network could not open it."""
        self._doubted: set[Call] = set()
        """Calls of which the network is being asked whether it streams to their media socket."""

    def due(self, call: Call) -> None:
        """Wait for the media socket of a call that is up, or whose answer was taken."""
        self._see_to(call, DUE_S)

    def lost(self, call: Call, *, at_once: bool = False) -> None:
        """Ask for the media socket of a call that is up, which is gone or could not be opened: after the network's own
        try, or `at_once`.
        """
        self._see_to(call, 0.0 if at_once else OWN_RECONNECT_S, is_dead=at_once)

    def refused(self, call: Call) -> None:
        """Note that the network could not open the media socket of a call, since the worker that it came to was busy or
        ends. It does not try again by itself, so that whoever waits for the socket need not wait any longer.
        """
        refused = self._refused.get(call)
        if refused is not None:
            refused.set()
        else:
            self.lost(call)

    def stopped(self, call: Call) -> None:
        """Note that the network says that it streams a call no more, or has failed to, although its socket is open.

        Whoever has ordered that: the caller hears nothing. What the network tells may be past, so it is asked.
        """
        if call.connection is not None and call not in self._doubted:
            self._doubted.add(call)
            call.run(self._close_if_stopped(call, call.connection))

    async def _close_if_stopped(self, call: Call, connection: MediaConnection) -> None:
        """Close a media socket to which the network does not stream: a lost socket is asked for again."""
        try:
            for look_s in STOPPED_LOOKS_S:
                await asyncio.sleep(look_s)
                await call.transfer_settled()
                if call.connection is not connection:
                    return
                try:
                    found = await self._control.properties(call.call_id)
                except CallControlError as error:
                    log.warning("whether a call is streamed is not known: %s", error, extra={"call": call.call_id})
                    continue
                if (found.transcription if call.transcribed_in else found.media_streaming) == INACTIVE:
                    log.warning("a media socket is closed: nothing is streamed to it", extra={"call": call.call_id})
                    connection.close(NORMAL, "the stream has stopped")
                return
        finally:
            self._doubted.discard(call)

    def opened(self, call: Call) -> None:
        """Stop waiting for the media socket of `call`: it is open."""
        watch = self._watches.pop(call, None)
        if watch is not None:
            watch.task.cancel()

    def _see_to(self, call: Call, wait_s: float, *, is_dead: bool = False) -> None:
        """Have one task ask for the media socket of a call in `wait_s` seconds, unless one asks sooner already.

        The loss of one socket is reported in more than one way.
        """
        asks_at = asyncio.get_running_loop().time() + wait_s
        watch = self._watches.get(call)
        if watch is not None and watch.asks_at <= asks_at:
            return
        self.opened(call)
        task = call.run(self._watch(call, wait_s, is_dead=is_dead))
        if task is not None:
            self._watches[call] = _Watch(task, asks_at)
            task.add_done_callback(lambda done: self._ended(call, done))

    def _ended(self, call: Call, task: asyncio.Task[None]) -> None:
        watch = self._watches.get(call)
        if watch is not None and watch.task is task:
            del self._watches[call]

    async def _watch(self, call: Call, wait_s: float, *, is_dead: bool) -> None:
        """Wait until the call is connected, and ask for its media socket.

        `is_dead`: a socket that the network still has open leads to a worker that no longer has the call.
        """
        await asyncio.sleep(wait_s)
        if not call.up:
            await self._until_connected(call)
        refused = self._refused[call] = asyncio.Event()
        try:
            asked = _Asked.HELD
            while asked is _Asked.HELD:
                asked = await self._ask_for_socket(call, refused, is_dead=is_dead)
            if asked is not _Asked.SETTLED:
                await self._give_up(call, has_other=asked is _Asked.ANOTHER_OPEN)
        finally:
            if self._refused.get(call) is refused:
                del self._refused[call]

    async def _ask_for_socket(self, call: Call, refused: asyncio.Event, *, is_dead: bool) -> _Asked:
        """Ask for the media socket of a call several times; returns what came of it."""
        has_other = False
        for attempt, delay_s in enumerate(STREAM_AGAIN_S):
            await asyncio.sleep(delay_s)
            # While a transfer rings the call takes no such order; one that fails leaves the caller to us again.
            await call.transfer_settled()
            if call.connection is not None:
                return _Asked.SETTLED
            refused.clear()
            error = await self._stream_again(call, again=is_dead or attempt > 1)
            if call.over.is_set():
                return _Asked.SETTLED
            if error is not None and call.state is CallState.ON_HOLD:
                # Whoever is on hold hears nothing anyway, and the network may stream again once they are back.
                await _until_back(call)
                return _Asked.HELD
            has_other = error is not None and error.trouble is Trouble.CONFLICT
            patience_s = 2 * OWN_RECONNECT_S if error is None else min(error.retry_after_s or 0.0, MOST_PATIENCE_S)
            with suppress(TimeoutError):
                async with asyncio.timeout(patience_s):
                    await refused.wait()
        if call.connection is not None:
            return _Asked.SETTLED
        return _Asked.ANOTHER_OPEN if has_other else _Asked.IN_VAIN

    async def _give_up(self, call: Call, *, has_other: bool) -> None:
        """End a call to which no media socket comes, or leave it to the worker that may have its socket."""
        if has_other and self._is_in_doubt():
            log.warning(
                "a call is left to the worker to which its media socket leads: this one is cut off from the others",
                extra={"call": call.call_id},
            )
            self._leave(call)
            return
        call.note("NoMediaSocket", self._clock.wall())
        heard = "its callbacks do" if call.told_of else "nor did a callback: is BASE_URL right, and reachable"
        log.warning("a call is hung up: no media socket reached us, %s", heard, extra={"call": call.call_id})
        await self._let_go(call)

    async def _until_connected(self, call: Call) -> None:
        """Ask the network repeatedly for the state of a call of which no event came, until it is connected or over."""
        task = asyncio.current_task()
        assert task is not None
        # Whatever is heard of the call meanwhile takes the place of this watch.
        self._watches[call] = _Watch(task, math.inf)
        for look in itertools.count():
            try:
                found = await self._control.properties(call.call_id)
            except CallControlError as error:
                log.warning(
                    "the state of an answered call cannot be looked up: %s", error, extra={"call": call.call_id}
                )
                if error.trouble is Trouble.NOT_FOUND:
                    self._gone(call)
                    return
            else:
                if found.state == DISCONNECTED:
                    self._gone(call)
                    return
                if found.state == CONNECTED:
                    log.warning(
                        "a call is connected, but neither a callback nor a media socket has come",
                        extra={"call": call.call_id},
                    )
                    self._watches[call] = _Watch(task, 0.0)
                    self._connected(call)
                    return
            if call.direction is Direction.INBOUND:
                # A call that was answered is connected at once: others are not kept out for the sake of one that is
                # not.
                call.holds_place = False
            await _until_told(call, LOOK_AGAIN_S[min(look, len(LOOK_AGAIN_S) - 1)])

    async def _stream_again(self, call: Call, *, again: bool) -> CallControlError | None:
        """Ask for a media socket; returns the error with which the network refuses, None if it opens one.

        `again`: an order before did not bring one, nor did the network by itself, or its socket is known to be dead.
        """
        error = await self._start_streaming(call)
        is_dead = error is not None and error.trouble is Trouble.CONFLICT and again and not self._is_in_doubt()
        if is_dead and not _was_stopped_lately(call) and await self._stop_streaming(call):
            # To the network a socket was still open whose other end is dead.
            error = await self._start_streaming(call)
        if error is not None:
            call.note("StartMediaStreamingRefused", self._clock.wall(), status=error.status, code=error.code)
            log.warning("a media socket could not be requested: %s", error, extra={"call": call.call_id})
            is_gone = error.trouble is Trouble.NOT_FOUND
            if is_gone or await transferred(self._control, call.call_id) == DISCONNECTED:
                self._gone(call)
        return error

    async def _start_streaming(self, call: Call) -> CallControlError | None:
        """Order a media socket; returns the error if the network does not take the order, else None."""
        try:
            if call.transcribed_in:
                await self._control.start_transcription(call.call_id, call.transcribed_in)
            else:
                await self._control.start_media_streaming(call.call_id)
        except CallControlError as error:
            return error
        call.note("StartMediaStreaming", self._clock.wall())
        return None

    async def _stop_streaming(self, call: Call) -> bool:
        """Have the network close the socket that it has open; returns whether another one may be asked for."""
        if call.connection is not None:
            return False
        try:
            if call.transcribed_in:
                await self._control.stop_transcription(call.call_id)
            else:
                await self._control.stop_media_streaming(call.call_id)
            call.stream_stops += 1
            call.stream_stopped_at = asyncio.get_running_loop().time()
            call.note("StopMediaStreaming", self._clock.wall())
        except CallControlError as error:
            log.warning("a dead media socket could not be closed: %s", error, extra={"call": call.call_id})
            # It may have been closed in between.
            return error.trouble is Trouble.CONFLICT and call.connection is None
        return call.connection is None


def _was_stopped_lately(call: Call) -> bool:
    wait_s = STOP_AGAIN_S * 2.0 ** (call.stream_stops - 1)
    return asyncio.get_running_loop().time() < call.stream_stopped_at + wait_s


async def _until_back(call: Call) -> None:
    """Wait while the caller is on hold; how long that may last is for their session to say."""
    while True:
        await asyncio.sleep(HOLD_LOOK_S)
        if call.state is not CallState.ON_HOLD or call.connection is not None:
            return


async def _until_told(call: Call, within_s: float) -> None:
    """Wait until the call is to be looked at again: sooner if a transfer of it comes to nothing meanwhile."""
    transfer = call.orders.transferring
    if transfer is None:
        await asyncio.sleep(within_s)
        return
    done, _ = await asyncio.wait([transfer], timeout=within_s)
    if done:
        await asyncio.sleep(ESTABLISHED_S)

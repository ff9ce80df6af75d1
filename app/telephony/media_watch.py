"""Sees to it that a call that is up has a media socket: without one nobody hears anything."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from actors.ports import Clock
from app.adapters.acs.port import CallAutomationError, CallControl, Trouble
from app.telephony.call import Call

log = logging.getLogger(__name__)

DUE_S = 6.0
"""A call that is up without a media socket for so long asks for one."""
OWN_RECONNECT_S = 1.0
"""ACS opens a lost media socket again by itself within this time, or not at all."""
STREAM_AGAIN_S = (0.0, 2.0, 4.0, 8.0)
"""Waits before each order to stream again."""


class MediaWatch:
    """Of one worker. `hang_up` ends a call for everyone, `gone` notes that the network knows it no more."""

    def __init__(
        self,
        control: CallControl,
        clock: Clock,
        hang_up: Callable[[Call], Awaitable[None]],
        gone: Callable[[Call], None],
    ) -> None:
        self._control = control
        self._clock = clock
        self._hang_up = hang_up
        self._gone = gone
        self._watched: set[Call] = set()

    def connected(self, call: Call) -> None:
        """A call is up: its media socket is due."""
        self._see_to(call, DUE_S)

    def lost(self, call: Call) -> None:
        """The media socket of a call that is up is gone, or could not be opened."""
        self._see_to(call, OWN_RECONNECT_S)

    def _see_to(self, call: Call, wait_s: float) -> None:
        """Once at a time: a lost socket is told of in more than one way."""
        if call not in self._watched:
            self._watched.add(call)
            call.run(self._watch(call, wait_s))

    async def _watch(self, call: Call, wait_s: float) -> None:
        try:
            await asyncio.sleep(wait_s)
            for delay_s in STREAM_AGAIN_S:
                await asyncio.sleep(delay_s)
                if call.connection is not None:
                    return
                await self._stream_again(call)
                await asyncio.sleep(2 * OWN_RECONNECT_S)
        finally:
            self._watched.discard(call)
        if call.connection is None:
            log.warning("a call has no media socket and is hung up")
            await self._hang_up(call)

    async def _stream_again(self, call: Call) -> None:
        try:
            await self._control.start_media_streaming(call.call_id)
            call.note("StartMediaStreaming", self._clock.wall())
        except CallAutomationError as error:
            call.note("StartMediaStreamingRefused", self._clock.wall(), status=error.status)
            if error.trouble is Trouble.NOT_FOUND:
                self._gone(call)

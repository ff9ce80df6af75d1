"""Ends calls: hangs up where nobody talks with the caller any more, and notes what is over."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress

from actors.conversation import Ending
from actors.messages.caller import EndSession, InputMessage
from actors.ports.clock import Clock
from actors.runtime.background_tasks import BackgroundTasks
from app.server.sockets.socket_writer import NORMAL
from app.telephony.call import Call, Custody
from app.telephony.call_control import CallControl
from app.telephony.hang_up import HangUp, hang_up
from app.telephony.network_state import is_over, transferred
from protocol.calls import CallState

log = logging.getLogger(__name__)

GONE_S = 5.0
"""Seconds after the order to hang up from which the call counts as over, even if the network does not report it."""
CLOSING_S = 0.5
"""Seconds after the end of a call after which its media socket is closed, if the network has not done so."""


class CallEndings:
    """Ends the calls of one worker. Belongs to the loop's thread.

    Args:
        control: the telephone network; None if none is configured.
        clock: times of calls.
        background: runs what nobody waits for.
        tell_session: tells the session that a call has now, if it has one.
    """

    def __init__(
        self,
        control: CallControl | None,
        clock: Clock,
        background: BackgroundTasks,
        tell_session: Callable[[Call, InputMessage], None],
    ) -> None:
        self._control = control
        self._clock = clock
        self._background = background
        self._tell_session = tell_session

    def hang_up_again(self, call: Call) -> None:
        """A call that counts as over has shown that it is up: end it, unless that is ordered or somebody has it."""
        control = self._control
        if control is None or not call.call_id or call.hang_up_order.is_repeated or call.custody is not Custody.HERE:
            return
        call.hang_up_order.is_repeated = True

        async def order() -> None:
            # What the network tells of a call that is over can come late.
            if await is_over(control, call.call_id):
                return
            log.warning(
                "a call that was given up is connected nevertheless: it is hung up", extra={"call": call.call_id}
            )
            # One that the network does not take is given anew when the call shows itself once more.
            call.hang_up_order.is_repeated = await hang_up(control, call.call_id) is not HangUp.NOT_TAKEN

        self._background.run(order())

    async def hang_up_after_transfer(self, call: Call) -> None:
        """Nobody talks with the caller any more: hang up, but not while they are being put through to somebody."""
        await call.transfer_settled()
        if call.up and call.connection is None and self._control is not None:
            # A transfer takes the media socket away, and nothing else may have told of it.
            await transferred(self._control, call.call_id)
        self.hang_up(call)

    def hang_up(self, call: Call) -> None:
        """Hang up for everyone, in the background; harmless when that is under way, or the call is over."""
        order = call.hang_up_order
        if order.task is None and not call.over.is_set():
            order.task = asyncio.get_running_loop().create_task(self._hang_up(call), name="call.hang_up")

    async def _hang_up(self, call: Call) -> None:
        self.end_session(call)
        if call.call_id and self._control is not None:
            done = await self._order_hang_up(call, self._control)
            if done is HangUp.NOT_TAKEN:
                # It stays in the call log as it is, and can be ordered again; it keeps no other call out.
                call.hang_up_order.task, call.holds_place = None, False
                return
            if done is HangUp.ORDERED:
                with suppress(TimeoutError):
                    await asyncio.wait_for(call.over.wait(), GONE_S)
        self.ended(call, CallState.DISCONNECTED)

    async def _order_hang_up(self, call: Call, control: CallControl) -> HangUp:
        if call.custody is Custody.TRANSFERRED and not call.orders.has_left_others:
            return HangUp.ORDERED
        leaves = call.custody in (Custody.JOINED, Custody.TRANSFERRED)
        return await hang_up(control, call.call_id, call.hang_up_order.note_refusal, leaves=leaves)

    def end_session(self, call: Call, ending: Ending = Ending.NORMAL) -> None:
        """End the session that the call has now at once, without a goodbye."""
        self._tell_session(call, EndSession(ending, politely=False))

    def ended(self, call: Call, state: CallState) -> None:
        """Note that a call is over; one that never was connected has failed."""
        if not call.change_state(state if call.progress.was_connected else CallState.FAILED, self._clock.wall()):
            return
        log.info("a call is over", extra={"call": call.call_id, "state": call.state.value})
        call.orders.end()
        self.end_session(call)
        call.cancel()
        if call.connection is not None:
            # After the last that its session says.
            asyncio.get_running_loop().call_later(CLOSING_S, call.connection.close, NORMAL, "the call is over")

    def gone(self, call: Call) -> None:
        """Note that the network knows a call no more."""
        self.ended(call, CallState.DISCONNECTED)

    def end_overtime(self, call: Call) -> None:
        """Hang up a call that lasts too long: sessions keep their own time, one that only transcribes does not."""
        call.note("Overtime", self._clock.wall())
        self.hang_up(call)

"""What tools and operators may order of a call that is up: transfer it, press keys, hold it, record it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from actors.ports.call_controls import CallError, CallTrouble
from app.telephony.call import Call
from app.telephony.call_control import CallControl
from app.telephony.continuity.call_checkpoints import OpenOrder
from app.telephony.errors import CallControlError, Trouble
from app.telephony.hold import look_again, look_at_participants
from app.telephony.network_state import TRANSFER_S, TRANSFERRING, state_of
from app.telephony.order_book import Order, OrderKind, OrderState
from app.telephony.orders import failure_of
from app.telephony.switchboard import Switchboard
from protocol.calls import CallState
from protocol.phone_numbers import is_e164

log = logging.getLogger(__name__)

T = TypeVar("T")

EVENT_S = 3.0
"""Seconds within which the network reports the outcome of an order other than a transfer; an order without a report
counts as carried out then."""
KEY_S = 0.4
"""Seconds for sending one key, including the pause after it."""
LAST_WORD_S = 5.0
"""Seconds for which a transfer waits until the agent has finished what it is saying."""
LOOKED_S = 0.05


class CallOrders:
    """Gives orders to the telephone network about one call.

    Every method but `go_on` raises `CallError`. See `actors.ports.call_controls.CallControls`.
    """

    def __init__(self, switchboard: Switchboard, call: Call) -> None:
        self._switchboard = switchboard
        self._call = call

    async def transfer(self, target: str) -> None:
        """Put the caller through; returns when the other side has accepted."""
        # Shielded, since it is the network's business what comes of it.
        await asyncio.shield(await self.begin_transfer(target))

    async def begin_transfer(self, target: str) -> "asyncio.Future[None]":
        """Order the transfer; returns once the network has taken the order.

        The future that is returned has its result when the other side has accepted, and raises `CallError` if the
        transfer has failed. `target`: a number in E.164, or the network's own id of a user or application.
        """
        call, control = self._call, self._require_connected()
        if call.orders.transferring is not None:
            raise CallError(CallTrouble.NOT_CONNECTED, "the call is being transferred already")
        self._require_number_for(target)
        # Of several people on a call the network has to be told whom to put through.
        order, settled = self._begin(OrderKind.TRANSFER, call.caller if call.participants.are_several else "")
        await self._send(order, lambda: self._put_through(control, order, target))
        call.run(self._give_up_transfer(order, settled))
        return settled

    async def _put_through(self, control: CallControl, order: Order, target: str) -> None:
        """Order a transfer. Where the network's answer does not come, the order counts as taken if the network says
        that the call is being transferred.
        """
        call, whom = self._call, order.subject
        await self._said()
        try:
            await control.transfer(call.call_id, target, whom, source=call.own_number, operation_context=order.id)
        except CallControlError as error:
            if error.trouble is not Trouble.UNAVAILABLE or await state_of(control, call.call_id) not in TRANSFERRING:
                raise

    def go_on(self, given: OpenOrder) -> None:
        """Take over an order that another worker has given, and wait in the background for what comes of it."""
        order, settled = self._call.orders.restore(given)
        if order.kind is OrderKind.TRANSFER:
            self._call.run(self._give_up_transfer(order, settled))
        else:
            self._call.run(self._until_settled(order, settled))

    async def _until_settled(self, order: Order, settled: "asyncio.Future[None]") -> None:
        """Wait for what comes of an order of another worker; of a hold whose event went there the network is asked."""
        updates = self._call.participants.updates
        await self._until_told(order, settled, EVENT_S)
        if order.state is OrderState.OVERDUE and order.kind in (OrderKind.HOLD, OrderKind.UNHOLD):
            await self._look(updates)

    async def _look_unless_told(self, order: Order, updates: int) -> None:
        """Ask whether the caller is on hold, unless an event tells what came of an order that may have been taken."""
        await asyncio.sleep(EVENT_S)
        if order.state is OrderState.IN_DOUBT:
            await self._look(updates)

    async def _look(self, updates: int) -> None:
        """Ask whether the caller is on hold, and go on asking in the background if the network does not answer."""
        call = self._call
        if not await look_at_participants(self._switchboard, call, since_updates=updates):
            call.run(look_again(self._switchboard, call, since_updates=updates))

    async def _give_up_transfer(self, order: Order, settled: "asyncio.Future[None]") -> None:
        await asyncio.wait([settled], timeout=TRANSFER_S)
        if order.open:
            self._call.orders.settle(order, OrderState.OVERDUE, "no answer")

    async def _said(self) -> None:
        """Wait until the audio that was sent has been heard, for `LAST_WORD_S` seconds at most."""
        for _ in range(int(LAST_WORD_S / LOOKED_S)):
            if self._call.connection is None or not self._call.connection.sounding:
                return
            await asyncio.sleep(LOOKED_S)

    async def send_keys(self, keys: str) -> None:
        """Have the other side hear the tones of these keys (DTMF); returns when they were sent."""
        call, control = self._call, self._require_connected()
        self._require_caller()
        order, settled = self._begin(OrderKind.SEND_KEYS)
        await self._send(order, lambda: control.send_dtmf(call.call_id, call.caller, keys, order.id))
        await self._told(order, settled, EVENT_S + KEY_S * len(keys))

    async def hold(self) -> None:
        """Put the caller on hold; returns when the network has done it."""
        await self._hold(OrderKind.HOLD, self._require_connected())

    async def unhold(self) -> None:
        """Take the caller off hold; returns when the network has done it."""
        await self._hold(OrderKind.UNHOLD, self._require_connected(CallState.ON_HOLD))

    async def _hold(self, kind: OrderKind, control: CallControl) -> None:
        call = self._call
        self._require_caller()
        updates = call.participants.updates
        order, settled = self._begin(kind, call.caller)
        holds = kind is OrderKind.HOLD
        try:
            await self._send(
                order,
                lambda: (
                    control.hold(call.call_id, call.caller, order.id)
                    if holds
                    else control.unhold(call.call_id, call.caller, order.id)
                ),
            )
        except CallError:
            if order.state is OrderState.IN_DOUBT:
                call.run(self._look_unless_told(order, updates))
            raise
        await self._told(order, settled)
        if order.state is OrderState.OVERDUE:
            await self._look(updates)
            if call.participants.knows_caller and call.participants.is_caller_on_hold is not holds:
                raise CallError(CallTrouble.REFUSED, failure_of(order))

    async def start_recording(self) -> str:
        """Record the call; returns the id of the recording once it runs.

        A recording that runs already is kept, and one that is paused goes on.
        """
        call, control = self._call, self._require_connected()
        async with call.orders.recording_lock:
            known = call.orders.recording
            if known and (not call.orders.is_recording_paused or await self._resumed(known, control)):
                return known
            url = self._switchboard.carrier.addresses.callback(call.secret)
            order, settled = self._begin(OrderKind.START_RECORDING)
            recording_id = await self._send(
                order, lambda: control.start_recording(call.call_id, call.server_call_id, url), about=True
            )
            await self._told(order, settled)
            self._require_recording()
            return recording_id

    async def _resumed(self, recording_id: str, control: CallControl) -> bool:
        """Have a recording go on that somebody else has paused; returns False if it was stopped instead."""
        order, settled = self._begin(OrderKind.START_RECORDING, recording_id)
        try:
            await self._send(order, lambda: control.resume_recording(recording_id))
        except CallError as error:
            if error.trouble is not CallTrouble.GONE:
                raise
            self._call.orders.note_stopped(recording_id)
            return False
        await self._told(order, settled)
        self._require_recording()
        return True

    async def stop_recording(self) -> None:
        """Stop the recording; returns when the network has taken the order. Does nothing where nothing is recorded."""
        call, control = self._call, self._switchboard.control
        async with call.orders.recording_lock:
            recording_id = call.orders.recording
            if not recording_id:
                return
            order, _ = self._begin(OrderKind.STOP_RECORDING, recording_id)
            try:
                await self._send(order, lambda: control.stop_recording(recording_id))
            except CallError as error:
                if error.trouble is not CallTrouble.GONE:
                    raise
                call.orders.note_stopped(recording_id)

    def _require_connected(self, state: CallState = CallState.CONNECTED) -> CallControl:
        """Return the telephone network to order from; raises `CallError` if the call is not in that state."""
        if self._call.state is not state:
            wanted = "on hold" if state is CallState.ON_HOLD else "connected"
            raise CallError(CallTrouble.NOT_CONNECTED, f"the call is not {wanted}")
        network = self._switchboard.network
        if network is None:
            raise CallError(CallTrouble.NOT_CONFIGURED, "there is no telephone network")
        return network

    def _require_number_for(self, target: str) -> None:
        """Raise `CallError` if `target` is a telephone and no number is known to call it from, ours or the caller's."""
        if is_e164(target) and not (self._call.own_number or is_e164(self._call.caller)):
            variable = self._switchboard.carrier.source_number_variable
            raise CallError(CallTrouble.NOT_CONFIGURED, f"there is no number to call a telephone from: set {variable}")

    def _require_caller(self) -> None:
        """Raise `CallError` if the caller, whom the order has to name, is not known."""
        if not self._call.caller:
            raise CallError(CallTrouble.REFUSED, "the telephone network has not said who the caller is")

    def _require_recording(self) -> None:
        """Raise `CallError` if the recording that was just started has been stopped or paused meanwhile."""
        if not self._call.orders.recording or self._call.orders.is_recording_paused:
            raise CallError(CallTrouble.REFUSED, "the call is not being recorded: the recording has ended already")

    # one order, from its giving to its event

    def _begin(self, kind: OrderKind, subject: str = "") -> "tuple[Order, asyncio.Future[None]]":
        """Enter an order into the call's orders; returns it with the future of its outcome."""
        return self._call.orders.give(kind, self._switchboard.order_id(), subject)

    async def _send(self, order: Order, give: Callable[[], Awaitable[T]], *, about: bool = False) -> T:
        """Give an order to the network, and return what the network answers.

        `about`: the answer is the id of what the order is about, as of a recording.
        """
        call = self._call
        try:
            given = await give()
        except CallControlError as error:
            log.warning("an order in a call was not taken: %s", error, extra={"call": call.call_id})
            doubtful = error.trouble is Trouble.UNAVAILABLE and order.kind is not OrderKind.TRANSFER
            call.orders.settle(order, OrderState.IN_DOUBT if doubtful else OrderState.REFUSED, error.detail)
            raise not_carried_out(error) from None
        except BaseException:
            call.orders.settle(order, OrderState.IN_DOUBT)
            raise
        if about:
            order.subject = order.subject or str(given)
        call.orders.settle(order, OrderState.TAKEN)
        return given

    async def _told(self, order: Order, settled: "asyncio.Future[None]", within_s: float | None = None) -> None:
        """Wait until the network says what came of an order that it has taken; raises `CallError` if it failed."""
        await self._until_told(order, settled, EVENT_S if within_s is None else within_s)
        if order.state is not OrderState.OVERDUE:
            await settled

    async def _until_told(self, order: Order, settled: "asyncio.Future[None]", within_s: float) -> None:
        """Wait until it is told what came of an order, and ignore whether that is a success or a failure."""
        done, _ = await asyncio.wait([settled], timeout=within_s)
        if not done and self._call.orders.settle(order, OrderState.OVERDUE):
            log.warning(
                "no event has reported the outcome of an order in a call: %s",
                order.kind,
                extra={"call": self._call.call_id},
            )


def not_carried_out(error: CallControlError) -> CallError:
    """Return the error for the sender of an order that the network has not taken."""
    trouble, text = _MEANING[error.trouble]
    return CallError(trouble, text, cause=error.detail, retry_after_s=error.retry_after_s)


_NO_ORDER = (CallTrouble.UNAVAILABLE, "the telephone network took no order")
_MEANING = {
    Trouble.NOT_FOUND: (CallTrouble.GONE, "the call is not in a state for that"),
    Trouble.CONFLICT: (CallTrouble.NOT_CONNECTED, "the call is not in a state for that"),
    Trouble.REJECTED: (CallTrouble.REFUSED, "the telephone network refused"),
    Trouble.UNAUTHORIZED: (CallTrouble.UNAUTHORIZED, "the telephone network does not let us do that"),
    Trouble.UNAVAILABLE: _NO_ORDER,
    Trouble.THROTTLED: _NO_ORDER,
}

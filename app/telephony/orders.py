"""The orders of a call, and who waits for what comes of them."""

import asyncio
from collections.abc import Callable

from actors.ports.call_controls import CallError, CallTrouble
from app.telephony.continuity.call_checkpoints import OpenOrder
from app.telephony.order_book import Order, OrderBook, OrderKind, OrderState

MOST_TOLD = 16
"""Orders without an outcome that another worker is told of; of more, the newest."""

_FAILED = {
    OrderKind.TRANSFER: "the other side did not take the call",
    OrderKind.JOIN: "the other side could not be put on the line",
    OrderKind.SEND_KEYS: "the keys were not sent",
    OrderKind.HOLD: "the caller was not put on hold",
    OrderKind.UNHOLD: "the caller is still on hold",
    OrderKind.START_RECORDING: "the call is not being recorded",
    OrderKind.STOP_RECORDING: "the recording was not stopped",
}


def failure_of(order: Order) -> str:
    """What was not done because `order` failed, and why if that is known: a clause without numbers and keys."""
    text = _FAILED[order.kind]
    return f"{text}: {order.reason}" if order.reason else text


class Orders:
    """The orders that were given to the telephone network in one call. Belongs to the loop's thread."""

    def __init__(self) -> None:
        self._book = OrderBook()
        self._waiting: dict[Order, asyncio.Future[None]] = {}
        self.on_change: Callable[[], None] = lambda: None
        """Told of each order that is given, and of each new state of one."""
        self.recording_lock = asyncio.Lock()
        """Held while a recording is started or stopped, so that one order is through before the next is given."""

    @property
    def recording(self) -> str:
        """The id of the recording that runs or is paused, as far as anybody knows; empty if there is none."""
        return self._book.recording

    @property
    def is_recording_paused(self) -> bool:
        """Whether somebody else has paused the recording, or has stopped it: events do not say which."""
        return self._book.is_paused

    @property
    def transferring(self) -> "asyncio.Future[None] | None":
        """What comes of the transfer that is under way; None if none is."""
        order = self._book.open(OrderKind.TRANSFER)
        return self._waiting.get(order) if order is not None else None

    def give(self, kind: OrderKind, order_id: str, subject: str = "") -> "tuple[Order, asyncio.Future[None]]":
        """Enter an order that is being sent; returns it with the future of its outcome."""
        order = self._book.give(kind, order_id, subject)
        outcome = self._waiting[order] = asyncio.get_running_loop().create_future()
        self.on_change()
        return order, outcome

    def restore(self, given: OpenOrder) -> "tuple[Order, asyncio.Future[None]]":
        """Enter an order that another worker has given; returns it with the future of its outcome."""
        kind, state = OrderKind(given.kind), OrderState(given.state)
        order = self._book.restore(given.id, kind, given.subject, state)
        outcome: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if order.open:
            self._waiting[order] = outcome
        else:
            outcome.set_result(None)
        return order, outcome

    @property
    def has_left_others(self) -> bool:
        """Whether one of several people on the call was put through: the others are still on it."""
        return self._book.has_left_others

    @property
    def is_sending(self) -> bool:
        """Whether the network is just being given an order, and has not answered whether it takes it."""
        return any(order.state is OrderState.SENT for order in self._book.all_open)

    @property
    def unsettled(self) -> tuple[OpenOrder, ...]:
        """What another worker has to know of the orders whose outcome is still to come."""
        return tuple(
            OpenOrder(each.id, each.kind.value, each.state.value, each.subject)
            for each in self._book.unsettled[-MOST_TOLD:]
        )

    def settle(self, order: Order, state: OrderState, reason: str = "") -> bool:
        """Put an order into that state, unless it is further already; returns whether its state has changed."""
        if not self._book.becomes(order, state, reason):
            return False
        self._tell(order)
        self.on_change()
        return True

    def told(
        self, kind: OrderKind, state: OrderState, *, order_id: str = "", subject: str = "", reason: str = ""
    ) -> Order | None:
        """Settle the order of which an event says how it ended; returns it, None if the event changes nothing."""
        order = self._book.told(kind, state, order_id=order_id, subject=subject, reason=reason)
        if order is not None:
            self._tell(order)
            self.on_change()
        return order

    def note_stopped(self, recording_id: str) -> None:
        """Note that the network knows no such recording: it does not run, whoever stopped it."""
        self._book.end_recording(recording_id)

    def restore_recording(self, recording_id: str, *, paused: bool) -> None:
        """Take over the recording of a call that another worker had."""
        self._book.told(OrderKind.START_RECORDING, OrderState.SUCCEEDED, subject=recording_id)
        if paused:
            self._book.pause(recording_id)

    def end(self) -> None:
        """Note that the call is over: nothing more comes of any order."""
        for order in self._book.all_open:
            if self._book.becomes(order, OrderState.FAILED, "the call is over"):
                self._tell(order, CallTrouble.NOT_CONNECTED)

    def _tell(self, order: Order, trouble: CallTrouble = CallTrouble.REFUSED) -> None:
        if order.open:
            return
        outcome = self._waiting.pop(order, None)
        if outcome is None or outcome.done():
            return
        if order.state is OrderState.SUCCEEDED:
            outcome.set_result(None)
            return
        outcome.set_exception(CallError(trouble, failure_of(order)))
        # A request by REST does not wait for the outcome. Without this, asyncio would log an exception never retrieved.
        outcome.exception()

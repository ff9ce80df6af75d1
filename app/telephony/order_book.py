"""The orders given in a call, and what came of each. Pure: no clock, no network.

The telephone network takes an order at once or refuses it; what comes of a taken one is told as an event, which may be
late, repeated, overtake the answer to the order, or never come. Every kind of order goes the same way:

    SENT ──> TAKEN ──> SUCCEEDED | FAILED        its answer came, then its event
    SENT ──> IN_DOUBT ──> SUCCEEDED | FAILED     no answer that can be used: it may have been carried out
    SENT ──> REFUSED
    SENT ──> TAKEN ──> OVERDUE                   no event while it was waited for; one that comes yet still counts

An order's event is found by the operation context that the order was given under, else by what both are about: a
recording's id, a participant. So the events of one order never touch another one, however late they are.

The network calls a recording `inactive` whether it was stopped or paused. Without an order of ours it counts as paused
by somebody else: it is there still, goes on when they like, and an order to stop it is needed to end it.
"""

from enum import StrEnum

import msgspec

MOST_ORDERS = 128
"""The most orders that are remembered of a call; of more, the oldest is forgotten."""


class OrderKind(StrEnum):
    """What is ordered of the network: a transfer, keys, hold, a recording."""

    TRANSFER = "transfer"
    JOIN = "join"
    SEND_KEYS = "send_keys"
    HOLD = "hold"
    UNHOLD = "unhold"
    START_RECORDING = "start_recording"
    STOP_RECORDING = "stop_recording"


class OrderState(StrEnum):
    """How far an order has come, from sent to confirmed or failed."""

    SENT = "sent"
    TAKEN = "taken"
    IN_DOUBT = "in_doubt"
    REFUSED = "refused"
    OVERDUE = "overdue"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


S = OrderState
_NEXT = {
    S.SENT: (S.TAKEN, S.IN_DOUBT, S.REFUSED, S.SUCCEEDED, S.FAILED),
    S.TAKEN: (S.OVERDUE, S.SUCCEEDED, S.FAILED),
    S.IN_DOUBT: (S.SUCCEEDED, S.FAILED),
    S.OVERDUE: (S.SUCCEEDED, S.FAILED),
}
"""The states that may follow each state; a report of any other comes too late and changes nothing."""
_OPEN = (S.SENT, S.TAKEN)
_UNSETTLED = (S.SENT, S.TAKEN, S.IN_DOUBT, S.OVERDUE)
"""States of an order whose outcome an event may still report."""
_NOT_WAITED_FOR = (S.IN_DOUBT, S.OVERDUE)
"""States of an order whose outcome is not known although its giver has been answered."""
_RUNNING = (S.TAKEN, S.OVERDUE, S.SUCCEEDED)
"""States of an order that was or will be carried out, as far as is known."""


class Order(msgspec.Struct, kw_only=True, eq=False):
    """One order. `id`: its operation context; `subject`: the recording or participant it is about, if that is known."""

    id: str
    kind: OrderKind
    subject: str = ""
    state: OrderState = OrderState.SENT
    reason: str = ""
    """Why the order was refused or has failed; it contains no telephone number."""
    is_late: bool = False
    """Whether the outcome came when nobody waited for it any more, so that its giver may believe something else."""
    is_restored: bool = False
    """Whether another worker gave the order, so that nobody waits for its outcome here."""

    @property
    def open(self) -> bool:
        """Whether an answer or an event is still owed and waited for."""
        return self.state in _OPEN


class OrderBook:
    """The orders of one call and what the network has said of each."""

    __slots__ = ("_orders", "_paused")

    def __init__(self) -> None:
        self._orders: list[Order] = []
        self._paused = ""

    def give(self, kind: OrderKind, order_id: str, subject: str = "") -> Order:
        """Enter an order that is being sent now, under the operation context `order_id`; returns it."""
        order = Order(id=order_id, kind=kind, subject=subject)
        self._orders.append(order)
        del self._orders[:-MOST_ORDERS]
        return order

    def restore(self, order_id: str, kind: OrderKind, subject: str, state: OrderState) -> Order:
        """Enter an order that another worker has given; one that was still being sent may have been carried out."""
        order = self.give(kind, order_id, subject)
        order.is_restored, order.state = True, S.IN_DOUBT if state is S.SENT else state
        return order

    def move(self, order: Order, state: OrderState, reason: str = "") -> bool:
        """Move an order to `state`; returns False, and changes nothing, if that cannot follow its present state."""
        if state not in _NEXT.get(order.state, ()):
            return False
        order.is_late = order.is_restored or order.state in _NOT_WAITED_FOR
        order.state, order.reason = state, reason
        return True

    def told(
        self, kind: OrderKind, state: OrderState, *, order_id: str = "", subject: str = "", reason: str = ""
    ) -> Order | None:
        """Find the order of that kind of which an event says how it ended, and put it into `state`.

        Returns the order, None if the event changes nothing.
        """
        if subject and state is S.SUCCEEDED:
            self._note_pause(kind, subject)
        order = self._of_event(kind, order_id, subject)
        if order is None or not self.move(order, state, reason):
            return None
        order.subject = order.subject or subject
        return order

    def open(self, kind: OrderKind) -> Order | None:
        """The latest order of that kind of which something is still owed."""
        return next((order for order in reversed(self._orders) if order.kind is kind and order.open), None)

    @property
    def all_open(self) -> list[Order]:
        """Every order of which something is still owed."""
        return [order for order in self._orders if order.open]

    @property
    def is_paused(self) -> bool:
        """Whether the recording was paused by somebody else, and has not gone on."""
        return self._paused != "" and self._paused == self.recording

    def pause(self, recording_id: str) -> None:
        """Note that somebody else has paused a recording, or has stopped it."""
        self._paused = recording_id

    def end_recording(self, recording_id: str) -> None:
        """Note that a recording is over, whoever stopped it."""
        self.give(OrderKind.STOP_RECORDING, "", recording_id).state = S.SUCCEEDED

    @property
    def has_left_others(self) -> bool:
        """Whether one of several people on the call was put through: the others are still on it."""
        return any(
            order.kind is OrderKind.TRANSFER and order.subject and order.state is S.SUCCEEDED for order in self._orders
        )

    @property
    def unsettled(self) -> list[Order]:
        """Every order of which an event may still say what came."""
        return [order for order in self._orders if order.state in _UNSETTLED]

    @property
    def recording(self) -> str:
        """The id of the recording that runs or is paused, as far as anybody knows; empty if there is none."""
        for order in reversed(self._orders):
            runs = order.kind is OrderKind.START_RECORDING and order.subject and order.state in _RUNNING
            if runs and not self._stopped(order.subject):
                return order.subject
        return ""

    def _stopped(self, recording_id: str) -> bool:
        return any(
            order.kind is OrderKind.STOP_RECORDING and order.subject == recording_id and order.state in _RUNNING
            for order in self._orders
        )

    def _of_event(self, kind: OrderKind, order_id: str, subject: str) -> Order | None:
        orders = [order for order in reversed(self._orders) if order.kind is kind]
        if order_id:
            known = next((order for order in orders if order.id == order_id), None)
            if known is not None:
                return known
        if subject:
            about = [o for o in orders if o.subject == subject and o.state is not OrderState.REFUSED]
            # Of two orders for the same, both are told of.
            about.sort(key=lambda order: order.state not in _UNSETTLED)
            # The event may overtake the answer that says what the order is about.
            nameless = [order for order in orders if order.state in _UNSETTLED and not order.subject]
            return next(iter(about or nameless), None) or self._of_somebody_else(kind, subject)
        return None if order_id else next((order for order in orders if order.state in _UNSETTLED), None)

    def _of_somebody_else(self, kind: OrderKind, subject: str) -> Order | None:
        """Enter a recording that was not ordered here, or whose order is forgotten; None for any other kind."""
        return self.give(kind, "", subject) if kind is OrderKind.START_RECORDING else None

    def _note_pause(self, kind: OrderKind, subject: str) -> None:
        if kind is OrderKind.START_RECORDING and subject == self._paused:
            self._paused = ""
        elif kind is OrderKind.STOP_RECORDING and self._of_event(kind, "", subject) is None:
            self.pause(subject)

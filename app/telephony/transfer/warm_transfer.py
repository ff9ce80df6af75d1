"""Puts a caller through to somebody who was asked before: a consult call, a briefing, and both on one line.

    the caller's call    waits, and hears the agent's `connecting` phrases
    the consult call     rings ── is answered ── is briefed ── yes ──> the person is moved to the caller's call,
                           │          │              │                 and the agent leaves it with its last words
                           └ nobody ──┴ a machine ───┴ no, or nothing in time ──> the agent goes on with the caller

Whatever happens, the consult call ends, and the order ends with it: the caller hangs up, the network refuses, the tool
is given up, or this worker is told to end. Of a worker that is killed nothing goes on: no other worker takes a consult
call over, but hangs it up.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Any

from opentelemetry import metrics

from actors.agent import Agent
from actors.conversation import Ending
from actors.messages.caller import EndSession
from actors.ports.call_controls import CallError, CallTrouble
from app.telephony.call import Call, Custody
from app.telephony.call_control import CallControl
from app.telephony.call_orders import CallOrders, not_carried_out
from app.telephony.errors import CallControlError, NoCapacityError, NotConfiguredError
from app.telephony.new_calls import NewCalls
from app.telephony.order_book import Order, OrderKind, OrderState
from app.telephony.switchboard import Switchboard
from app.telephony.transfer.consult import DECIDES_S, Consult, Decision
from protocol.calls import CallState

log = logging.getLogger(__name__)

RINGS_S = 30.0
"""Seconds of ringing after which the person is taken to be absent; their mailbox would answer next."""
LOOK_S = 2.0
"""Seconds without an event after which the network is asked whether the person is on the caller's call."""
JOINS_S = 10.0
"""Seconds within which the network says after that whether the person was moved to the caller's call."""
GOODBYE_S = 15.0
"""Seconds for telling a person that they are no longer needed, before the consultation call is hung up."""

_consults = metrics.get_meter("earshot").create_counter(
    "earshot.call.consults", unit="{call}", description="People who were asked to take a caller, by what came of it"
)


class Outcome(StrEnum):
    """What came of asking somebody to take a caller."""

    JOINED = "joined"
    DECLINED = "declined"
    UNDECIDED = "undecided"
    NO_ANSWER = "no_answer"
    CALLER_GONE = "caller_gone"
    FAILED = "failed"


_REASONS = {
    Outcome.DECLINED: "the person has declined to take the call",
    Outcome.UNDECIDED: "the person has not said that they take the call",
    Outcome.NO_ANSWER: "nobody has answered, or the line is busy",
    Outcome.CALLER_GONE: "the caller is not on the line any more",
}
_OF_DECISION = {
    Decision.TAKEN: Outcome.JOINED,
    Decision.DECLINED: Outcome.DECLINED,
    Decision.UNDECIDED: Outcome.UNDECIDED,
}


class WarmTransfer(CallOrders):
    """The orders of one call, a transfer with a briefing among them. `agent` tells who talks with the caller now."""

    def __init__(self, switchboard: Switchboard, call: Call, new_calls: NewCalls, agent: Callable[[], Agent]) -> None:
        super().__init__(switchboard, call)
        self._new_calls = new_calls
        self._agent = agent

    async def put_through(self, target: str, briefing: str) -> None:
        """Call `target`, brief them, and move them to the caller's call if they agree; returns once they are on it.

        Raises:
            CallError: nobody has taken the call, and the agent still has the caller; says why.
        """
        call = self._call
        self._require_connected()
        if call.is_consulting or call.custody is not Custody.HERE:
            raise CallError(CallTrouble.NOT_CONNECTED, "somebody is being asked already")
        call.is_consulting, outcome = True, Outcome.FAILED
        try:
            outcome = await self._consult(target, briefing)
        finally:
            call.is_consulting = False
            _consults.add(1, {"outcome": outcome.value})
            log.info("a person was asked to take over a caller: %s", outcome.value, extra={"call": call.call_id})
        if outcome is not Outcome.JOINED:
            raise CallError(CallTrouble.REFUSED, _REASONS[outcome])

    async def _consult(self, target: str, briefing: str) -> Outcome:
        consult = Consult(self._agent(), briefing)
        other = await self._ring(target, consult)
        try:
            outcome = await self._asked(other, consult)
            if outcome is Outcome.JOINED:
                await self._join(other)
        except BaseException:
            self._release(other, Outcome.FAILED, consult)
            raise
        self._release(other, outcome, consult)
        return outcome

    async def _ring(self, target: str, consult: Consult) -> Call:
        try:
            return await self._new_calls.consult(target, self._call, consult)
        except NoCapacityError:
            raise CallError(CallTrouble.UNAVAILABLE, "no line is free to call them") from None
        except NotConfiguredError as error:
            raise CallError(CallTrouble.NOT_CONFIGURED, str(error)) from None
        except CallControlError as error:
            raise not_carried_out(error) from None

    async def _asked(self, other: Call, consult: Consult) -> Outcome:
        """Wait until the person decides, either call ends or the time is over; returns what came of asking them."""
        ends = [asyncio.ensure_future(each.over.wait()) for each in (self._call, other)]
        try:
            for patience_s in (RINGS_S, DECIDES_S):
                awaited: list[asyncio.Future[Any]] = [consult.decision, *ends]
                await asyncio.wait(awaited, timeout=patience_s, return_when=asyncio.FIRST_COMPLETED)
                if self._call.over.is_set():
                    return Outcome.CALLER_GONE
                if consult.decision.done():
                    return _OF_DECISION[consult.decision.result()]
                if other.progress.connected_at is None:
                    return Outcome.NO_ANSWER
                if other.over.is_set():
                    return Outcome.UNDECIDED
            return Outcome.UNDECIDED
        finally:
            for end in ends:
                end.cancel()

    async def _join(self, other: Call) -> None:
        """Move the person to the caller's call, which is theirs from then on."""
        call = self._call
        if call.state is CallState.ON_HOLD:
            # The person would wait for somebody whom nobody else brings back.
            await self.unhold()
        control = self._require_connected()
        await self._said()
        order, settled = self._begin(OrderKind.JOIN)
        try:
            await self._send(order, lambda: control.join(call.call_id, other.call_id, other.caller, order.id))
            await self._settled(order, settled, lambda: self._is_on_the_line(control, other))
        except CallError:
            # No answer, or an event that does not come: who is on the line shows what was done.
            if not await self._is_on_the_line(control, other):
                raise
        call.hand_to(Custody.JOINED)
        self._switchboard.call_changed(call)

    async def _settled(
        self, order: Order, settled: "asyncio.Future[None]", is_on_the_line: Callable[[], Awaitable[bool]]
    ) -> None:
        """Wait until the person is on the caller's call: an event says so, or who is on the call."""
        done, _ = await asyncio.wait([settled], timeout=LOOK_S)
        if not done and await is_on_the_line():
            self._call.orders.settle(order, OrderState.SUCCEEDED)
        done, _ = await asyncio.wait([settled], timeout=JOINS_S)
        if not done and self._call.orders.settle(order, OrderState.OVERDUE, "no answer"):
            raise CallError(CallTrouble.UNAVAILABLE, "the telephone network does not say whether they were connected")
        await settled

    async def _is_on_the_line(self, control: CallControl, other: Call) -> bool:
        try:
            present = await control.participants(self._call.call_id)
        except CallControlError:
            return False
        return any(other.caller in (one.raw_id, one.phone_number) for one in present)

    def _release(self, other: Call, outcome: Outcome, consult: Consult) -> None:
        """End the consult call. A person who has answered, and has not declined, is told that it is over."""
        board = self._switchboard
        if outcome is Outcome.JOINED or other.progress.connected_at is None:
            board.hang_up(other)
            return
        says_goodbye = consult.decision.done() and outcome in (Outcome.DECLINED, Outcome.UNDECIDED)
        if not says_goodbye:
            board.tell_session(other, EndSession(Ending.NORMAL, politely=True))
        other.run(self._hang_up_later(other))

    async def _hang_up_later(self, other: Call) -> None:
        await asyncio.sleep(GOODBYE_S)
        self._switchboard.hang_up(other)

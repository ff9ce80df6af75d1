"""What goes wrong, by switch: with requests, with events, with tokens."""

import msgspec

from tests.cloud.acs.events import FAILED, Result
from tests.cloud.tokens import Forgery

ALWAYS = 1_000_000


class RequestFault(msgspec.Struct):
    """Befalls the next `times` requests of an operation (any, if None), on one call (any, if None).

    `status` refuses, by the service's `code` for that, or by a `gateway` that knows no calls; with `after` the
    operation is carried out first, and only its answer lost. `reset` breaks the connection, `silent` answers as if all
    were well and then does nothing: no event, no socket; `fails` does nothing either, and then sends the event that
    says it failed.
    """

    operation: str | None = None
    call: str | None = None
    times: int = 1
    status: int | None = None
    code: str = ""
    gateway: bool = False
    retry_after_s: float | None = None
    delay_s: float = 0.0
    reset: bool = False
    after: bool = False
    silent: bool = False
    fails: Result | None = None


class EventFault(msgspec.Struct):
    """Befalls the next `times` events of a type (any, if None): sent `copies` times, `delay_s` later."""

    event: str | None = None
    times: int = 1
    copies: int = 1
    delay_s: float = 0.0


class Faults:
    """The switches of one emulator."""

    def __init__(self) -> None:
        self._requests: list[RequestFault] = []
        self._events: list[EventFault] = []
        self._swapped: dict[str, str] = {}
        self.callback_token: Forgery | None = None
        """What is sent instead of a valid token with events; `socket_token` with sockets."""
        self.socket_token: Forgery | None = None
        self.keys_down = False
        """The keys that tokens are checked with cannot be had."""
        self.socket_call: str | None = None
        """The call connection id that sockets are said to belong to."""

    def refuse(
        self,
        operation: str | None,
        status: int,
        times: int = 1,
        *,
        code: str = "",
        retry_after_s: float | None = None,
        call: str | None = None,
    ) -> None:
        """Answer with an error status, and do nothing."""
        self._requests.append(RequestFault(operation, call, times, status, code, retry_after_s=retry_after_s))

    def misroute(self, operation: str | None, times: int = 1) -> None:
        """Answer as the service's gateway does when it routes a request to nowhere: 404, without a code."""
        self._requests.append(RequestFault(operation, None, times, 404, gateway=True))

    def lose_answer(self, operation: str | None, status: int | None = None, times: int = 1) -> None:
        """Do what is asked, but answer with an error status, or (None) break the connection."""
        self._requests.append(RequestFault(operation, None, times, status, reset=status is None, after=True))

    def delay(self, operation: str | None, delay_s: float, times: int = ALWAYS) -> None:
        """Answer later."""
        self._requests.append(RequestFault(operation, None, times, delay_s=delay_s))

    def reset(self, operation: str | None, times: int = 1) -> None:
        """Break the connection instead of answering."""
        self._requests.append(RequestFault(operation, None, times, reset=True))

    def silence(self, operation: str | None, times: int = 1) -> None:
        """Answer well, then do nothing."""
        self._requests.append(RequestFault(operation, None, times, silent=True))

    def fail(self, operation: str, result: Result = FAILED, times: int = 1) -> None:
        """Answer well, then send the event that says why it failed."""
        self._requests.append(RequestFault(operation, None, times, fails=result))

    def duplicate(self, event: str | None, copies: int = 2, times: int = ALWAYS) -> None:
        """Deliver each event so many times."""
        self._events.append(EventFault(event, times, copies))

    def hold_back(self, event: str | None, delay_s: float, times: int = ALWAYS) -> None:
        """Deliver events later, so that others overtake them."""
        self._events.append(EventFault(event, times, delay_s=delay_s))

    def drop(self, event: str | None, times: int = ALWAYS) -> None:
        """Deliver no event of that type."""
        self._events.append(EventFault(event, times, copies=0))

    def swap(self, first: str, second: str) -> None:
        """Deliver `second`, which comes after `first`, before it."""
        self._swapped[first] = second

    def swapped(self, event: str) -> str | None:
        """The type that has to go before `event`."""
        return self._swapped.get(event)

    def request(self, operation: str, call: str | None) -> RequestFault:
        """What befalls this request: every delay that is due, and the first of all else."""
        due = [f for f in self._requests if f.times > 0 and f.operation in (None, operation) and f.call in (None, call)]
        delays = [fault for fault in due if fault.delay_s]
        others = [fault for fault in due if not fault.delay_s][:1]
        for fault in delays + others:
            fault.times -= 1
        return msgspec.structs.replace(next(iter(others), RequestFault()), delay_s=sum(f.delay_s for f in delays))

    def event(self, event: str) -> EventFault:
        """What befalls this event."""
        for fault in self._events:
            if fault.times > 0 and fault.event in (None, event):
                fault.times -= 1
                return fault
        return EventFault()

    def clear(self) -> None:
        """Nothing goes wrong from here on."""
        self._requests.clear()
        self._events.clear()
        self._swapped.clear()
        self.callback_token = self.socket_token = self.socket_call = None

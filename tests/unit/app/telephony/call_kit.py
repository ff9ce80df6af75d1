"""A call and a telephone network that takes orders as a test has it, on virtual time."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from actors.runtime.clock import run_virtual
from app.telephony.call import Call, Direction
from app.telephony.call_control import CallProperties, OnTheCall
from app.telephony.errors import CallControlError
from protocol.calls import CallState
from tests.kit.session_kit import AGENT

CALLER = "+12065550100"


class Network:
    """Notes each order; the next ones of a kind are answered by what `failures` has for it."""

    def __init__(self) -> None:
        self.orders: list[tuple[Any, ...]] = []
        self.failures: dict[str, list[CallControlError | None]] = {}
        self.state = "connected"
        self.streaming = "active"
        self.present: tuple[OnTheCall, ...] = ()

    def named(self, name: str) -> list[tuple[Any, ...]]:
        """The orders of one kind."""
        return [order for order in self.orders if order[0] == name]

    def __getattr__(self, name: str) -> Callable[..., Coroutine[Any, Any, Any]]:
        if name.startswith("_"):
            raise AttributeError(name)

        async def order(*arguments: Any, **named: Any) -> Any:
            self.orders.append((name, *arguments, *named.values()))
            failures = self.failures.get(name, [])
            if failures and (failure := failures.pop(0)) is not None:
                raise failure
            if name == "properties":
                return CallProperties(arguments[0], "server-1", "c", self.state, self.streaming, self.streaming)
            return self.present if name == "participants" else f"{name}-id"

        return order


def new_call(state: CallState = CallState.CONNECTED) -> Call:
    """A call with a person, in this state."""
    call = Call(
        secret="secret",
        session_id="s",
        direction=Direction.INBOUND,
        agent=AGENT,
        mode="media",
        caller=CALLER,
        created_at=0.0,
    )
    call.identify("call-1")
    call.server_call_id = "server-1"
    call.own_number = "+12065550199"
    call.progress.state = state
    return call


def on_virtual_time(act: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run what a test does, and cancel what it leaves."""

    async def main() -> None:
        await act()
        own = asyncio.current_task()
        left = [task for task in asyncio.all_tasks() if task is not own]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    run_virtual(main())

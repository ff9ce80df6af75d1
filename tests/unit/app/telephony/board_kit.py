"""A switchboard with one call, and what it orders of the network and tells the call's session."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast
from unittest.mock import Mock

from actors.runtime.background_tasks import BackgroundTasks
from actors.runtime.clock import LoopClock
from app.telephony.call import Admission, Call
from app.telephony.call_log import CallLog
from app.telephony.switchboard import Switchboard
from protocol.calls import CallState
from tests.kit.session_kit import AGENT
from tests.unit.app.telephony.call_kit import Network, new_call


class Board:
    """A switchboard with one call, whose session is live, and a network that notes its orders."""

    def __init__(self, state: CallState = CallState.CONNECTED, *, has_network: bool = True) -> None:
        self.network = Network()
        self.told: list[Any] = []
        """What the call's session was told."""
        self.left: list[str] = []
        """The ids of sessions that were left to another worker."""
        self.live: dict[str, Any] = {"s": SimpleNamespace(deliver=self.told.append)}
        outputs = Mock()
        outputs.get.return_value = None
        self.board = Switchboard(
            carrier=cast(Any, SimpleNamespace(control=self.network if has_network else None, network_variables="A_B")),
            agents={AGENT.name: AGENT},
            clock=LoopClock(),
            random=Mock(**{"token.side_effect": lambda prefix: prefix + "1"}),
            background=BackgroundTasks(),
            sessions=cast(Any, SimpleNamespace(live=self.live)),
            outputs=outputs,
            leave_session=self.left.append,
            log=CallLog(),
        )
        self.call: Call = new_call(state)
        self.call.admission = Admission.ADMITTED
        self.board.log.add(self.call)

    def loses_session(self) -> None:
        """The call's session is over."""
        del self.live["s"]
        self.board.session_over("s")

    @property
    def orders(self) -> list[str]:
        return [order[0] for order in self.network.orders]


def connection() -> Mock:
    """A media socket of a call."""
    return Mock(closed=asyncio.Event())

"""A media socket that is attached to the session of its call, and leaves it as it should go on."""

import base64
import json
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest

from actors.messages.caller import ConnectionAttached, ConnectionDetached, HoldStarted, Transport
from app.server.sockets.socket_writer import SocketWriter
from app.telephony.acs.media_stream import LEAD_MS, MediaParts, MediaStream
from app.telephony.call import Admission, Call
from app.telephony.network_state import TRANSFER_S
from app.telephony.order_book import OrderKind
from config.settings import Settings
from protocol.calls import CallState
from tests.kit.session_kit import AGENT
from tests.kit.socket_kit import Peer, Receiving, told
from tests.unit.app.telephony.call_kit import new_call

GONE = {"type": "websocket.disconnect"}
FRAME = told(
    json.dumps({"kind": "AudioData", "audioData": {"data": base64.b64encode(bytes(640)).decode(), "silent": False}})
)


class Session:
    """A session of the call, and what it was told and has heard."""

    def __init__(self) -> None:
        self.told: list[Any] = []
        self.heard: list[bytes] = []
        self.addresses = SimpleNamespace(is_crowded=False)
        self.tells_speakers_apart = False
        self.plan = SimpleNamespace(agent=AGENT)
        self.deliver = self.told.append
        self.push_audio = self.heard.append


class Worker:
    """The sessions and the switchboard of a worker with one call."""

    def __init__(self, state: CallState = CallState.CONNECTED) -> None:
        self.call: Call = new_call(state)
        self.call.admission = Admission.ADMITTED
        self.first, self.second = Session(), Session()
        self.attached: list[ConnectionAttached] = []
        self.is_present = True
        """The media socket is still the call's when it is gone."""
        self.switchboard = Mock()
        self.switchboard.disconnect.side_effect = lambda call, connection: self.is_present
        self.parts = MediaParts(
            settings=Settings.read({"ACS_PARTICIPANTS": "all"}),
            clock=Mock(now=lambda: 0.0),
            sessions=Mock(
                new_connection_id=lambda: "connection-1",
                live=lambda call: self.first,
                attach=self._attach,
                open=lambda call, connection, attached: self.second,
            ),
            gate=None,
            switchboard=self.switchboard,
        )

    def _attach(self, call: Call, connection: Any, attached: ConnectionAttached) -> Session:
        self.attached.append(attached)
        return self.first

    def stream(self) -> MediaStream:
        return MediaStream(self.parts, self.call, SocketWriter(Peer().send), trusted=True)

    async def carries(self, *events: Any) -> None:
        """Open a media socket, on which this comes in before it is gone."""
        await self.stream().run(Receiving(*events, GONE), None)


async def test_what_comes_in_is_heard_by_the_session_of_the_call_until_the_socket_is_gone() -> None:
    worker = Worker()
    await worker.carries(FRAME, FRAME)
    assert worker.first.heard == [bytes(640)] * 2
    (attached,) = worker.attached
    assert (attached.connection_id, attached.lead.transport, attached.lead.lead_ms) == (
        "connection-1",
        Transport.PACED,
        LEAD_MS,
    )
    assert worker.first.told == [ConnectionDetached("connection-1", 0.0)]


async def test_a_session_of_a_caller_on_hold_is_told_so_at_once() -> None:
    worker = Worker(CallState.ON_HOLD)
    worker.stream()
    assert worker.first.told == [HoldStarted()]


async def test_the_next_session_of_the_call_goes_on_on_the_same_socket() -> None:
    worker = Worker()
    stream = worker.stream()
    _, _, open_session = worker.switchboard.connect.call_args.args
    open_session()
    await stream.run(Receiving(FRAME, GONE), None)
    assert (worker.first.heard, worker.second.heard) == ([], [bytes(640)])


@pytest.mark.parametrize("is_transferring", [False, True])
async def test_a_session_waits_longer_for_another_socket_while_its_caller_is_put_through(is_transferring: bool) -> None:
    worker = Worker()
    if is_transferring:
        worker.call.orders.give(OrderKind.TRANSFER, "order-1")
    await worker.carries()
    assert worker.first.told == [ConnectionDetached("connection-1", 2 * TRANSFER_S if is_transferring else 0.0)]


async def test_the_session_of_a_caller_on_hold_waits_for_another_socket_as_long_as_they_may_be_on_hold() -> None:
    worker = Worker(CallState.ON_HOLD)
    await worker.carries()
    assert worker.first.told == [HoldStarted(), ConnectionDetached("connection-1", AGENT.limits.max_hold_s)]


async def test_a_socket_that_another_one_has_replaced_takes_nothing_from_the_session() -> None:
    worker = Worker()
    worker.is_present = False
    await worker.carries()
    assert worker.first.told == []

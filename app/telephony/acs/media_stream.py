"""An open media socket of a call, attached to the session of the call."""

from typing import Protocol

import msgspec
from starlette.types import Receive

from actors.messages.caller import ConnectionAttached, ConnectionDetached, HoldStarted, Lead, Transport
from actors.ports.clock import Clock
from actors.runtime.log_context import SessionIds, work_for
from actors.session.live_session import LiveSession
from app.server.sockets.fast_path import FastPath
from app.server.sockets.gated_output import Gate
from app.server.sockets.socket_reader import SocketReader
from app.server.sockets.socket_writer import SocketWriter
from app.telephony.acs.call_connection import CallConnection
from app.telephony.acs.media_input import MediaInput
from app.telephony.call import Call
from app.telephony.media.media_connection import MediaConnection
from app.telephony.network_state import TRANSFER_S
from app.telephony.switchboard import Switchboard
from config.settings import Settings
from protocol.acs.media import OutboundCase
from protocol.calls import CallState

LEAD_MS = 60
"""Milliseconds by which audio is sent ahead. ACS reports nothing about playback, so that what was sent cannot be taken
back; but it must never run out."""


class MediaSessions(Protocol):
    """The sessions of calls, as far as their media sockets need them."""

    def new_connection_id(self) -> str:
        """An id for a media socket that is opened now."""
        ...

    def live(self, call: Call) -> LiveSession | None:
        """The session that the call has now; None if it has none yet, or no more."""
        ...

    def attach(self, call: Call, connection: MediaConnection, attached: ConnectionAttached) -> LiveSession:
        """The session that the call has now, speaking to this media socket from now on; opened if there is none."""
        ...

    def open(self, call: Call, connection: MediaConnection, attached: ConnectionAttached) -> LiveSession:
        """Open the next session of the call on this media socket."""
        ...


class MediaParts(msgspec.Struct, frozen=True, kw_only=True):
    """What the media sockets of one worker are made with."""

    settings: Settings
    clock: Clock
    sessions: MediaSessions
    gate: Gate | None
    """Holds back what sessions say while it is not known whether they are still this worker's; None if that is never
    asked."""
    switchboard: Switchboard


class MediaStream:
    """A media socket attached to the session of its call.

    `trusted`: the telephone network is at the other end.
    """

    __slots__ = ("_attached", "_call", "_connection", "_id", "_input", "_sessions", "_switchboard", "_writer")

    def __init__(self, parts: MediaParts, call: Call, writer: SocketWriter, *, trusted: bool) -> None:
        settings, clock = parts.settings, parts.clock
        rate_hz = settings.telephony.sample_rate
        self._sessions = parts.sessions
        self._switchboard = parts.switchboard
        self._call = call
        work_for(SessionIds(call.session_id, call.call_id))
        self._id = parts.sessions.new_connection_id()
        self._attached = ConnectionAttached(
            connection_id=self._id,
            lead=Lead(Transport.PACED, LEAD_MS),
            rate_hz=rate_hz,
            frame_ms=settings.acs.frame_ms,
        )
        self._writer = writer
        self._connection = CallConnection(writer, clock, rate_hz, OutboundCase(settings.acs.outbound_case), parts.gate)
        self._input = MediaInput(settings.telephony, clock, parts.switchboard, call, self._connection, trusted=trusted)
        parts.switchboard.connect(call, self._connection, self._open_session)
        self._input.session = parts.sessions.attach(call, self._connection, self._attached)
        if call.state is CallState.ON_HOLD:
            self._input.session.deliver(HoldStarted())

    def _open_session(self) -> None:
        """Go on with the call's next session on this socket."""
        self._input.session = self._sessions.open(self._call, self._connection, self._attached)

    async def run(self, receive: Receive, fast_path: FastPath | None) -> None:
        """Carry the call's audio both ways until either side closes the socket."""
        try:
            # The network is trusted: what it sends at once after a fault of the line is read slowly, and not punished.
            reader = SocketReader(self._writer, self._input.take, crowded=self._is_crowded)
            await reader.run(receive, fast_path)
        finally:
            self._leave()

    def _is_crowded(self) -> bool:
        return self._input.session.addresses.is_crowded

    def _leave(self) -> None:
        self._connection.abandon()
        if self._switchboard.disconnect(self._call, self._connection):
            entry = self._sessions.live(self._call)
            if entry is not None:
                entry.deliver(ConnectionDetached(self._id, self._kept_s(entry)))

    def _kept_s(self, entry: LiveSession) -> float:
        """Seconds for which the session waits at least for another socket."""
        if self._call.orders.transferring is not None:
            # A transfer that rings takes the socket away, and may yet leave the caller to this session.
            return 2 * TRANSFER_S
        # Who is on hold need not be streamed to, and comes back within the agent's own limit.
        return entry.plan.agent.limits.max_hold_s if self._call.state is CallState.ON_HOLD else 0.0

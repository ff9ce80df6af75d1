"""The media socket of a call: a thin ASGI shell between ACS and the call's session."""

from collections.abc import Callable
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from app.auth.acs import AcsAccess
from app.auth.refusals import HandshakeDeniedError, deny
from app.auth.socket_auth import SESSION_ID_FORM, usable_session_id
from app.server.sockets.fast_path import fast_path_of
from app.server.sockets.socket_writer import NORMAL, SocketWriter
from app.telephony.acs.media_stream import MediaParts, MediaStream
from app.telephony.call import Call
from app.telephony.errors import NoCapacityError
from protocol.calls import CallState

LOOK_S = 1.5
"""Seconds of an interval. The network sends fifty frames a second: a socket that was silent for one interval is pinged,
and after three it is dropped, so that the caller's audio is requested anew within seconds."""


class MediaSocket:
    """ASGI endpoint of `/api/v1/media/stream` and `/api/v1/media/stream/{call_secret}`.

    `adopt` takes a call that only its socket tells of, by the ids of the call and of its session; it raises
    NoCapacityError if there is no room.
    """

    def __init__(self, parts: MediaParts, acs_access: AcsAccess, adopt: Callable[[str, str], Call]) -> None:
        self._parts = parts
        self._acs_access = acs_access
        self._adopt = adopt
        self._switchboard = parts.switchboard
        self.open = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection, from its handshake to its end."""
        await receive()
        try:
            call, is_adopted = await self._admit(scope)
        except HandshakeDeniedError as denied:
            await deny(scope, send, denied)
            return
        # A client that shows the network's token, or knows an address that only the network was given, is the network.
        trusted = self._acs_access.on or bool(_secret(scope))
        try:
            fast_path = fast_path_of(scope)
            await send({"type": "websocket.accept"})
        except OSError:
            if is_adopted:
                # The network is gone, and no event will tell of that: the call gives its place back.
                self._switchboard.ended(call, CallState.FAILED)
            raise
        if call.over.is_set():
            await send({"type": "websocket.close", "code": NORMAL, "reason": "the call is over"})
            return
        self.open += 1
        if fast_path is not None:
            fast_path.watch(LOOK_S, pings=True)
        try:
            stream = MediaStream(self._parts, call, SocketWriter(send, fast_path), trusted=trusted)
            await stream.run(receive, fast_path)
        finally:
            self.open -= 1

    async def _admit(self, scope: Scope) -> tuple[Call, bool]:
        """The call whose socket this is, and whether nothing but this socket tells of it.

        Raises:
            HandshakeDeniedError: nobody has shown that it is one; before it is accepted.
        """
        headers = Headers(scope=scope)
        query = {key: values[-1] for key, values in parse_qs(scope["query_string"].decode("latin-1")).items()}
        secret = _secret(scope)
        call_id = headers.get("x-ms-call-connection-id", "").strip() or query.get("call_connection_id", "")
        calls = self._switchboard.log
        call = known = calls.of_secret(secret) if secret else calls.of_id(call_id)
        if call is None and not secret:
            session_id = query.get("session_id", "") or headers.get("x-session-id", "")
            call = self._unannounced(call_id, session_id)
        if call is None:
            if self._acs_access.on:
                self._switchboard.nobody_has(call_id)
            raise HandshakeDeniedError(404, "there is no such call")
        if (call_id or self._acs_access.on) and not call.shows_as(call_id):
            if self._acs_access.on and calls.of_id(call_id) is None:
                self._switchboard.nobody_has(call_id)
            wrong = "this is another call's address" if call_id else "missing"
            raise HandshakeDeniedError(403, f"x-ms-call-connection-id: {wrong}")
        if call.progress.is_over:
            if self._acs_access.on and not call.is_end_told:
                # A call that was taken for over is up: its caller hears nothing, and it is hung up again.
                self._switchboard.connected(call)
            raise HandshakeDeniedError(410, "the call is over")
        return call, known is None

    def _unannounced(self, call_id: str, session_id: str) -> Call | None:
        """A call that only its socket tells of, as those of load clients.

        Raises:
            HandshakeDeniedError: not by that name, or not now.
        """
        if not (call_id or session_id):
            return None
        if not usable_session_id(session_id) or not usable_session_id(call_id):
            raise HandshakeDeniedError(400, f"session_id, call_connection_id: {SESSION_ID_FORM}")
        try:
            return self._adopt(call_id, session_id)
        except NoCapacityError as busy:
            raise HandshakeDeniedError(503, str(busy)) from None


def _secret(scope: Scope) -> str:
    """The per-call secret in the path of the handshake, empty if it has none."""
    return str(scope.get("path_params", {}).get("call_secret", ""))

"""The media socket of a call: a thin ASGI shell between ACS and the call's session."""

from http import HTTPStatus
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from app.acs_access import AccessRefused
from app.admission import SESSION_ID_FORM, usable_session_id
from app.origins import may_connect
from app.service import Service
from app.socket_writer import NORMAL, REFUSED, SocketWriter, shortcut_of
from app.telephony.call import OVER, Call
from app.telephony.errors import Busy
from app.telephony.media_stream import MediaStream
from app.telephony.switchboard import Switchboard
from protocol.problems import CONTENT_TYPE, problem


class Denied(Exception):
    """The handshake is answered with an HTTP status."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class MediaSocket:
    """ASGI endpoint of `/api/v1/media/stream` and `/api/v1/media/stream/{call_secret}`."""

    def __init__(self, service: Service, switchboard: Switchboard) -> None:
        self._service = service
        self._switchboard = switchboard
        self.open = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection, from its handshake to its end."""
        await receive()
        try:
            call = await self._admit(scope)
        except Denied as denied:
            await _deny(scope, send, denied)
            return
        # Who shows the network's token, or knows an address that only the network was given, is the network.
        trusted = self._service.acs_access.on or bool(_secret(scope))
        shortcut = shortcut_of(scope)
        await send({"type": "websocket.accept"})
        if call.over.is_set():
            await send({"type": "websocket.close", "code": NORMAL, "reason": "the call is over"})
            return
        self.open += 1
        try:
            writer = SocketWriter(send, shortcut)
            await MediaStream(self._service, self._switchboard, call, writer, trusted=trusted).run(receive, shortcut)
        finally:
            self.open -= 1

    async def _admit(self, scope: Scope) -> Call:
        """The call whose socket this is.

        Raises:
            Denied: nobody has shown that it is one; before it is accepted.
        """
        headers = Headers(scope=scope)
        settings = self._service.settings
        if not may_connect(headers, settings.allowed_origins, settings.base_url):
            raise Denied(403, "this origin may not open a media socket")
        query = {key: values[-1] for key, values in parse_qs(scope["query_string"].decode("latin-1")).items()}
        secret = _secret(scope)
        try:
            await self._service.acs_access.require_media(headers)
        except AccessRefused as refused:
            raise Denied(refused.status, refused.reason) from None
        call_id = headers.get("x-ms-call-connection-id", "") or query.get("call_connection_id", "")
        if not secret and self._service.acs_access.on:
            raise Denied(403, "only the address that ACS was given for this call is open")
        calls = self._switchboard.log
        call = calls.of_secret(secret) if secret else calls.of_id(call_id)
        if call is None and not secret:
            session_id = query.get("session_id", "") or headers.get("x-session-id", "")
            call = self._unannounced(scope, headers, call_id, session_id)
        if call is None:
            raise Denied(404, "there is no such call")
        if (call_id or self._service.acs_access.on) and not call.identify(call_id):
            raise Denied(403, "x-ms-call-connection-id: this is another call's address")
        if call.state in OVER:
            raise Denied(410, "the call is over")
        return call

    def _unannounced(self, scope: Scope, headers: Headers, call_id: str, session_id: str) -> Call | None:
        """A call that only its socket tells of, as those of load clients.

        Raises:
            Denied: not from here, not by that name, or not now.
        """
        if not (call_id or session_id):
            return None
        client = scope.get("client") or ("", 0)
        if not self._service.acs_access.admits_unannounced(client[0], headers):
            raise Denied(403, "calls that nobody announced are taken from this machine only")
        if not usable_session_id(session_id) or not usable_session_id(call_id):
            raise Denied(400, f"session_id, call_connection_id: {SESSION_ID_FORM}")
        try:
            return self._switchboard.adopt(call_id, session_id)
        except Busy as busy:
            raise Denied(503, str(busy)) from None


def _secret(scope: Scope) -> str:
    """The per-call secret in the path of the handshake, empty if it has none."""
    return str(scope.get("path_params", {}).get("call_secret", ""))


async def _deny(scope: Scope, send: Send, denied: Denied) -> None:
    """Answer the handshake with a status, where the server can; a plain refusal (403) where it cannot."""
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": REFUSED, "reason": denied.reason})
        return
    body = problem(HTTPStatus(denied.status), denied.reason, scope["path"]).encode()
    headers = [(b"content-type", CONTENT_TYPE.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "websocket.http.response.start", "status": denied.status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": body})

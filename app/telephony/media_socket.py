"""The media socket of a call: a thin ASGI shell between ACS and the call's session."""

import logging
from http import HTTPStatus
from typing import Any, assert_never
from urllib.parse import parse_qs

import msgspec
from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from actors.messages import Attached, Detached, FinalHeard
from actors.playout import Lead, Transport
from actors.session_plan import Mode
from app.acs_access import AccessRefused
from app.admission import SESSION_ID_FORM, usable_session_id
from app.origins import may_connect
from app.service import Service
from app.socket_writer import NORMAL, REFUSED, Message, Shortcut, SocketWriter, shortcut_of, take_until_closed
from app.telephony.access_code import TOOLS as ACCESS_TOOLS
from app.telephony.access_code import AccessCodeModel, gatekeeper
from app.telephony.call import OVER, Call
from app.telephony.call_connection import CallConnection
from app.telephony.line import TelephoneLine
from app.telephony.resampling import Resampling, to_16_khz
from app.telephony.switchboard import Busy, Switchboard
from app.telephony.tones import Way
from protocol.acs_media import (
    AudioFrame,
    AudioMetadata,
    DtmfTone,
    MediaProtocolError,
    OutboundCase,
    TranscriptionMetadata,
    TranscriptionText,
    Unknown,
    decode,
    require_supported,
)
from protocol.problems import CONTENT_TYPE, problem

log = logging.getLogger(__name__)

MAX_WRONG = 100
"""A socket on which so many messages could not be understood is closed: whoever that is, it is not ACS."""
LEAD_MS = 60
"""ACS tells nothing of playback, so what is sent ahead cannot be taken back; it must never run dry either."""


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
        shortcut = shortcut_of(scope)
        await send({"type": "websocket.accept"})
        if call.over.is_set():
            await send({"type": "websocket.close", "code": NORMAL, "reason": "the call is over"})
            return
        self.open += 1
        try:
            writer = SocketWriter(send, shortcut)
            await _MediaStream(self._service, self._switchboard, call, writer).run(receive, shortcut)
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
        secret = scope.get("path_params", {}).get("call_secret", "")
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


async def _deny(scope: Scope, send: Send, denied: Denied) -> None:
    """Answer the handshake with a status, where the server can; a plain refusal (403) where it cannot."""
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": REFUSED, "reason": denied.reason})
        return
    body = problem(HTTPStatus(denied.status), denied.reason, scope["path"]).encode()
    headers = [(b"content-type", CONTENT_TYPE.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "websocket.http.response.start", "status": denied.status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": body})


class _MediaStream:
    """A media socket attached to the session of its call."""

    def __init__(self, service: Service, switchboard: Switchboard, call: Call, writer: SocketWriter) -> None:
        settings = service.settings
        self._service = service
        self._switchboard = switchboard
        self._call = call
        self._id = service.random.token("conn_")
        self._rate_hz = settings.acs_sample_rate
        self._attached = Attached(
            self._id, Lead(Transport.PACED, LEAD_MS), settings.acs_sample_rate, settings.acs_frame_ms
        )
        self._resampling: Resampling | None = to_16_khz(self._rate_hz)
        self._connection = CallConnection(
            writer, service.clock, settings.acs_sample_rate, OutboundCase(settings.acs_outbound_case)
        )
        self._speaker = ""
        self._wrong = 0
        self._lines = self._attach()

    # the session

    def _attach(self) -> Any:
        call, switchboard = self._call, self._switchboard
        switchboard.connect(call, self._connection, self._open_session)
        entry = self._service.sessions.live.get(switchboard.session_of(call))
        if entry is None:
            return self._open_session()
        entry.lines.output = self._output
        entry.lines.take(self._attached)
        return entry.lines

    @property
    def _output(self) -> Any:
        """Where the session speaks to: with observers, but for the one that hears the access code."""
        if not self._call.admitted:
            return self._connection
        observers = self._service.observers_of(self._call.session_id)
        observers.connection = self._connection
        return observers

    def _open_session(self) -> Any:
        """The session that asks for the access code, or the call's own."""
        service, call = self._service, self._call
        if call.admitted:
            plan = service.plan(
                call.session_id,
                call.mode,
                call.agent,
                service.random.token("resume_"),
                call_id=call.call_id,
                call=TelephoneLine(self._switchboard, call, service.settings.handoff_phone_number),
            )
        else:
            code = service.settings.call_access_code
            assert code is not None
            agent = gatekeeper(call.agent)
            plan = service.plan(
                self._switchboard.session_of(call),
                Mode.MEDIA,
                agent,
                service.random.token("resume_"),
                call_id=call.call_id,
                model=AccessCodeModel(code, agent, self._accept),
                stored=False,
            )
            plan = msgspec.structs.replace(plan, tools=ACCESS_TOOLS)
        self._lines = service.sessions.open(plan, self._output, self._attached).lines
        return self._lines

    def _accept(self) -> None:
        self._call.code_given = True

    # the socket

    async def run(self, receive: Receive, shortcut: Shortcut | None) -> None:
        """Until either side closes."""
        try:
            await take_until_closed(receive, self._connection.closed, self._take, shortcut)
        finally:
            self._leave()

    def _leave(self) -> None:
        self._connection.abandon()
        if self._switchboard.disconnect(self._call, self._connection):
            entry = self._service.sessions.live.get(self._switchboard.session_of(self._call))
            if entry is not None:
                entry.lines.take(Detached(self._id))

    def _take(self, message: Message) -> None:
        if isinstance(message, bytes):
            self._switchboard.ignored_messages += 1
            return
        try:
            decoded = decode(message)
            match decoded:
                case AudioFrame():
                    self._audio(decoded)
                case AudioMetadata():
                    self._agreed(decoded)
                case DtmfTone(digit):
                    self._switchboard.pressed(self._call, Way.SOCKET, digit)
                case TranscriptionText(text=said, final=True):
                    self._transcribed(decoded, said)
                case TranscriptionText() | TranscriptionMetadata():
                    return
                case Unknown():
                    self._switchboard.ignored_messages += 1
                case _:
                    assert_never(decoded)
        except MediaProtocolError as error:
            self._misunderstood(error)

    def _audio(self, frame: AudioFrame) -> None:
        """The caller's audio; of several speakers, the first who is named."""
        if frame.participant:
            self._speaker = self._speaker or frame.participant
            if frame.participant != self._speaker:
                return
        pcm = bytes(len(frame.pcm)) if frame.silent else frame.pcm
        if self._resampling is not None:
            pcm = self._resampling.push(pcm)
        if pcm:
            self._lines.push_audio(pcm)

    def _agreed(self, metadata: AudioMetadata) -> None:
        require_supported(metadata)
        if metadata.sample_rate != self._rate_hz:
            self._rate_hz = metadata.sample_rate
            self._resampling = to_16_khz(metadata.sample_rate)

    def _transcribed(self, said: TranscriptionText, text: str) -> None:
        """What ACS understood; only of use to a session that transcribes."""
        if self._call.mode is Mode.TRANSCRIPTION and text.strip():
            begins_ms = said.offset / 10_000
            self._lines.session.tell(
                FinalHeard(text, begins_ms, begins_ms + said.duration / 10_000, said.confidence or 1.0)
            )

    def _misunderstood(self, error: MediaProtocolError) -> None:
        self._wrong += 1
        if self._wrong == 1:
            log.warning("a media socket says what cannot be understood: %s", error)
        if self._wrong >= MAX_WRONG:
            self._connection.close(REFUSED, f"too much that cannot be understood, lately {error}"[:120])

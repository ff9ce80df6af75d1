"""The conversation's WebSocket: a thin ASGI shell between a browser and its session."""

import asyncio
from collections.abc import Mapping
from typing import Any, assert_never
from urllib.parse import parse_qs

from starlette.types import Receive, Scope, Send

from actors.agent import Agent
from actors.conversation import SessionRecord
from actors.errors import StoreError
from actors.messages import Attached, Detached, InterruptRequested, PlayoutMarked, TextTyped
from actors.playout import BLIND, Lead, Transport
from actors.session_plan import Mode
from actors.sessions import SessionEntry
from app.browser_output import BrowserWords
from app.connection import OVERLOADED, REFUSED, RESTARTING, TOO_BIG, Connection
from app.service import Service
from protocol.browser import (
    MAX_AUDIO_BYTES,
    OUTPUT_RATE_HZ,
    OUTPUT_RATES_HZ,
    Ignored,
    Interrupt,
    Ping,
    PlayoutMark,
    Pong,
    ProtocolError,
    Typed,
    decode,
    encode,
    timestamp,
)

SESSION_ID_CHARS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:-")
MAX_SESSION_ID = 128


class Refused(Exception):
    """The socket is closed before any session exists."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Asked:
    """What the query of a browser's socket asks for.

    Raises:
        Refused: a value cannot be used; names it.
    """

    def __init__(self, service: Service, query: Mapping[str, str]) -> None:
        self.session_id = query.get("session_id", "")
        if len(self.session_id) > MAX_SESSION_ID or not set(self.session_id) <= SESSION_ID_CHARS:
            raise Refused(REFUSED, f"session_id: at most {MAX_SESSION_ID} letters, digits and . _ : -")
        self.resume_token = query.get("resume_token", "")
        self.mode = _mode(query.get("streaming_mode") or service.settings.acs_streaming_mode)
        self.agent = _agent(service, query.get("agent") or service.default_agent)
        self.binary = _choice(query, "encoding", ("json", "binary")) == "binary"
        self.marks = _choice(query, "marks", ("0", "1")) == "1"
        self.rate_hz = int(_choice(query, "sample_rate", (str(OUTPUT_RATE_HZ), *map(str, OUTPUT_RATES_HZ))))


def _choice(query: Mapping[str, str], name: str, allowed: tuple[str, ...]) -> str:
    value = query.get(name) or allowed[0]
    if value not in allowed:
        raise Refused(REFUSED, f"{name}: one of {', '.join(dict.fromkeys(allowed))}")
    return value


def _mode(text: str) -> Mode:
    try:
        return Mode(text.lower())
    except ValueError:
        raise Refused(REFUSED, f"streaming_mode: one of {', '.join(Mode)}") from None


def _agent(service: Service, name: str) -> Agent:
    agent = service.agents.get(name)
    if agent is None:
        raise Refused(REFUSED, f"agent: one of {', '.join(sorted(service.agents))}")
    return agent


class ConversationSocket:
    """ASGI endpoint of `/api/v1/realtime/conversation`."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection, from its handshake to its end."""
        await receive()
        await send({"type": "websocket.accept"})
        try:
            query = {key: values[-1] for key, values in parse_qs(scope["query_string"].decode("latin-1")).items()}
            asked = Asked(self._service, query)
            record = await self._admit(asked, scope)
        except Refused as refused:
            await send({"type": "websocket.close", "code": refused.code, "reason": refused.reason})
            return
        await _Conversation(self._service, asked, record, send).run(receive)

    async def _admit(self, asked: Asked, scope: Scope) -> SessionRecord | None:
        """The record to go on from, if there is one.

        Raises:
            Refused: draining, full, a foreign origin, or a resume token that is not the session's.
        """
        service = self._service
        if not service.lifecycle.admits():
            raise Refused(RESTARTING, "the server is restarting")
        if not _origin_allowed(scope, service.settings.allowed_origins):
            raise Refused(REFUSED, "this origin may not open a conversation")
        live = service.sessions.live.get(asked.session_id) if asked.session_id else None
        record = None if live or not asked.session_id else await self._stored(asked.session_id)
        token = live.plan.resume_token if live else record.resume_token if record else ""
        if asked.resume_token and token and asked.resume_token != token:
            raise Refused(REFUSED, "the resume token is not this session's")
        if live is None and service.capacity_left == 0:
            raise Refused(OVERLOADED, "no capacity left, try again soon")
        return record if record is not None and record.resumable else None

    async def _stored(self, session_id: str) -> SessionRecord | None:
        try:
            return await self._service.engines.store.load(session_id)
        except StoreError:
            return None


def _origin_allowed(scope: Scope, allowed: tuple[str, ...]) -> bool:
    """Pages of this very server, of the allowed origins, and clients that are no browsers."""
    headers = dict(scope["headers"])
    origin = headers.get(b"origin", b"").decode("latin-1")
    if not origin or "*" in allowed or origin in allowed:
        return True
    return bool(origin.partition("://")[2] == headers.get(b"host", b"").decode("latin-1"))


class _Conversation:
    """A browser attached to a session."""

    def __init__(self, service: Service, asked: Asked, record: SessionRecord | None, send: Send) -> None:
        self._service = service
        self._asked = asked
        self._id = service.random.token("conn_")
        self._session_id = asked.session_id or service.random.token("session_")
        self._words = BrowserWords(self._session_id, asked.agent.label, service.clock)
        self._connection = Connection(
            send, self._words, service.lifecycle, binary=asked.binary, marks=asked.marks, rate_hz=asked.rate_hz
        )
        self._observers = service.observers_of(self._session_id)
        self._entry = self._attach(record)

    def _attach(self, record: SessionRecord | None) -> SessionEntry:
        """Take the session over, restore it from its record, or start it."""
        service, asked = self._service, self._asked
        former, self._observers.connection = self._observers.connection, self._connection
        if former is not None:
            former.close(REFUSED, "another connection took this session over")
        attached = Attached(self._id, _lead(asked), asked.rate_hz)
        entry = service.sessions.live.get(self._session_id)
        if entry is not None:
            self._announce(entry.plan.resume_token)
            entry.lines.output = self._observers
            entry.lines.take(attached)
            return entry
        token = record.resume_token if record else service.random.token("resume_")
        plan = service.plan(self._session_id, asked.mode, asked.agent, token)
        self._announce(token)
        if record is not None:
            return service.sessions.restore(plan, self._observers, attached, record)
        return service.sessions.open(plan, self._observers, attached)

    def _announce(self, resume_token: str) -> None:
        envelope = self._words.envelope(
            "event",
            "System",
            event_type="session",
            session_id=self._session_id,
            resume_token=resume_token,
            sample_rate=self._asked.rate_hz,
            encoding="binary" if self._asked.binary else "json",
            agent=self._asked.agent.name,
            label=self._asked.agent.label,
        )
        self._connection.text(encode(envelope))

    async def run(self, receive: Receive) -> None:
        """Until either side closes."""
        closed = asyncio.ensure_future(self._connection.closed.wait())
        try:
            while True:
                received = asyncio.ensure_future(receive())
                done, _ = await asyncio.wait((received, closed), return_when=asyncio.FIRST_COMPLETED)
                if received not in done:
                    received.cancel()
                    return
                message = received.result()
                if message["type"] == "websocket.disconnect":
                    return
                self._take(message)
        finally:
            closed.cancel()
            self._leave()

    def _leave(self) -> None:
        self._connection.abandon()
        if self._observers.connection is self._connection:
            self._observers.connection = None
            self._entry.lines.take(Detached(self._id))
        self._service.forget_observers(self._session_id)

    def _take(self, message: Mapping[str, Any]) -> None:
        if self._observers.connection is not self._connection:
            return
        pcm = message.get("bytes")
        if pcm is not None:
            self._audio(pcm)
            return
        try:
            self._order(message.get("text") or "")
        except ProtocolError as error:
            self._connection.text(encode(self._words.envelope("error", "System", error_message=str(error))))

    def _audio(self, pcm: bytes) -> None:
        if len(pcm) > MAX_AUDIO_BYTES:
            self._connection.close(TOO_BIG, f"at most {MAX_AUDIO_BYTES} bytes of audio in a message")
        elif usable := len(pcm) & ~1:
            self._entry.lines.push_audio(pcm if usable == len(pcm) else pcm[:usable])

    def _order(self, text: str) -> None:
        lines = self._entry.lines
        message = decode(text)
        match message:
            case Typed(text):
                lines.take(TextTyped(text))
            case Interrupt():
                lines.take(InterruptRequested())
            case Ping():
                self._connection.text(encode(Pong(timestamp(self._service.clock.wall()))))
            case PlayoutMark(turn, audio_ms, state):
                lines.take(PlayoutMarked(turn, audio_ms, state))
            case Ignored():
                return
            case _:
                assert_never(message)


def _lead(asked: Asked) -> Lead:
    """A client with marks has a network's delay more: its marks come back over it, and a pause takes effect at once."""
    return Lead(Transport.MARKED, 400) if asked.marks else BLIND

"""The conversation's WebSocket: a thin ASGI shell between a browser and its session."""

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import assert_never
from urllib.parse import parse_qs

from starlette.types import Receive, Scope, Send

from actors.agent import Agent
from actors.conversation import Ending, SessionRecord
from actors.messages.caller import (
    BLIND,
    ConnectionAttached,
    ConnectionDetached,
    EndSession,
    InterruptRequested,
    Lead,
    PlaybackMarked,
    TextEntered,
    Transport,
)
from actors.runtime.log_context import SessionIds, work_for
from actors.session.checkpoint import Checkpoint
from actors.session.live_session import LiveSession
from actors.session.sessions import SessionEntry
from app.auth.guard import admitted
from app.auth.socket_auth import SocketRefusedError, require_granted_agent, require_resume_token, require_session_id
from app.browser.connection import Connection
from app.browser.wire_output import BrowserWords
from app.limits.client_limits import Client, Hold, Rate
from app.limits.clients import TooManyError
from app.limits.metered_model import MeteredModel
from app.limits.metered_realtime import MeteredRealtimeModel
from app.modes import usable_mode
from app.server.fast_path import FastPath, Message, fast_path_of
from app.server.message_rate import MessageRate
from app.server.socket_reader import SocketReader
from app.server.socket_writer import OVERLOADED, REFUSED, RESTARTING, TOO_BIG, SocketWriter
from app.services import Services
from protocol.browser import (
    MAX_AUDIO_BYTES,
    OUTPUT_RATE_HZ,
    OUTPUT_RATES_HZ,
    HangUp,
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
from protocol.browser_payloads import ErrorText, SessionOpened


class Asked:
    """What the query of a browser's socket asks for.

    Raises:
        SocketRefusedError: a value cannot be used; names it.
    """

    def __init__(self, service: Services, query: Mapping[str, str]) -> None:
        self.session_id = query.get("session_id", "")
        require_session_id(self.session_id)
        self.resume_token = query.get("resume_token", "")
        self.client: Client = ()
        self.mode = _mode(service, query.get("streaming_mode") or service.settings.agents.streaming_mode)
        self.agent_named = bool(query.get("agent"))
        self.agent = _agent(service, query.get("agent") or service.default_agent)
        self.binary = _choice(query, "encoding", ("json", "binary")) == "binary"
        self.marks = _choice(query, "marks", ("0", "1")) == "1"
        self.rate_hz = int(_choice(query, "sample_rate", (str(OUTPUT_RATE_HZ), *map(str, OUTPUT_RATES_HZ))))


def _choice(query: Mapping[str, str], name: str, allowed: tuple[str, ...]) -> str:
    value = query.get(name) or allowed[0]
    if value not in allowed:
        raise SocketRefusedError(REFUSED, f"{name}: one of {', '.join(dict.fromkeys(allowed))}")
    return value


def _mode(service: Services, text: str) -> str:
    try:
        return usable_mode(text, speech_to_speech=service.engines.realtime is not None)
    except ValueError as error:
        raise SocketRefusedError(REFUSED, f"streaming_mode: {error}") from None


def _agent(service: Services, name: str) -> Agent:
    agent = service.agents.get(name)
    if agent is None:
        raise SocketRefusedError(REFUSED, f"agent: one of {', '.join(sorted(service.agents))}")
    return agent


class ConversationSocket:
    """ASGI endpoint of `/api/v1/realtime/conversation`."""

    def __init__(self, service: Services) -> None:
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection, from its handshake to its end."""
        await receive()
        fast_path = fast_path_of(scope)
        await send({"type": "websocket.accept"})
        try:
            query = {key: values[-1] for key, values in parse_qs(scope["query_string"].decode("latin-1")).items()}
            asked = Asked(self._service, query)
            record = await self._admit(asked, scope)
            checkpoint = await self._checkpoint(asked, record)
        except SocketRefusedError as refused:
            await send({"type": "websocket.close", "code": refused.code, "reason": refused.reason})
            return
        except TooManyError as error:
            await send({"type": "websocket.close", "code": OVERLOADED, "reason": error.reason})
            return
        conversation = _Conversation(self._service, asked, SocketWriter(send, fast_path), record, checkpoint)
        await conversation.run(receive, fast_path)

    async def _admit(self, asked: Asked, scope: Scope) -> SessionRecord | None:
        """The record to go on from, if there is one.

        Raises:
            SocketRefusedError: draining, full, a token for another agent, or not the session's resume token.
        """
        service = self._service
        # A conversation that may still finish may also lose its line and come back.
        if not service.lifecycle.admits() and asked.session_id not in service.sessions.live:
            raise SocketRefusedError(RESTARTING, "the server is restarting")
        asked.client = service.clients.of(scope, admitted(scope).subject)
        grant = admitted(scope).grant
        if grant is not None:
            require_granted_agent(grant, asked.agent.name if asked.agent_named else "")
            asked.session_id = asked.session_id or grant.session_id
            asked.agent = _agent(service, grant.agent or asked.agent.name)
        record = await require_resume_token(
            service.known_sessions, asked.session_id, asked.resume_token, demanded=grant is not None
        )
        if asked.session_id not in service.sessions.live:
            service.clients.require_room(asked.client, Hold.SESSIONS)
            if service.capacity_left == 0:
                raise SocketRefusedError(OVERLOADED, "no capacity left, try again soon")
        return record if record is not None and record.resumable else None

    async def _checkpoint(self, asked: Asked, record: SessionRecord | None) -> Checkpoint | None:
        """What a session that was live at another worker goes on from, if it is to go on in the same way."""
        checkpoints = self._service.checkpoints
        if checkpoints is None or record is None or (record.mode, record.agent) != (asked.mode, asked.agent.name):
            return None
        checkpoint = await checkpoints.load(record)
        if checkpoint is not None:
            checkpoint.caller_audio_lost(greets_idle=False)
        return checkpoint


class _Conversation:
    """One browser's connection to one session. `record` and `checkpoint` are what it goes on from, if there are any."""

    def __init__(
        self,
        service: Services,
        asked: Asked,
        writer: SocketWriter,
        record: SessionRecord | None,
        checkpoint: Checkpoint | None,
    ) -> None:
        self._service = service
        self._record = record
        self._checkpoint = checkpoint
        self._writer = writer
        self._asked = asked
        self._id = service.random.token("conn_")
        self._session_id = asked.session_id or service.random.token("session_")
        work_for(SessionIds(self._session_id))
        self._words = BrowserWords(self._session_id, asked.agent.label, service.clock)
        self._connection = Connection(
            writer,
            self._words,
            service.lifecycle,
            binary=asked.binary,
            marks=asked.marks,
            rate_hz=asked.rate_hz,
            gate=service.claim_check,
        )
        self._output = service.output_of(self._session_id)

    def _attach(self) -> SessionEntry:
        """Take the session over, restore it from its checkpoint or record, or start it."""
        service, asked, record = self._service, self._asked, self._record
        former, self._output.connection = self._output.connection, self._connection
        if former is not None:
            former.close(REFUSED, "another connection took this session over")
        attached = ConnectionAttached(
            connection_id=self._id, lead=_lead(asked), rate_hz=asked.rate_hz, cancels_echo=True
        )
        entry = service.sessions.live.get(self._session_id)
        if entry is not None:
            self._announce(entry.plan.resume_token, resumed=True)
            entry.connection.output = self._output
            entry.deliver(attached)
            return entry
        token = record.resume_token if record else service.random.token("resume_")
        model = MeteredModel(service.engines.model, service.clients, asked.client)
        realtime = service.engines.realtime
        if realtime is not None:
            realtime = MeteredRealtimeModel(realtime, service.clients, asked.client)
        plan = service.plan(self._session_id, asked.mode, asked.agent, token, model=model, realtime=realtime)
        service.clients.session_began(asked.client, self._session_id)
        self._announce(token, resumed=record is not None)
        if record is not None and self._checkpoint is None:
            return service.sessions.restore(plan, self._output, attached, record)
        return service.sessions.open(plan, self._output, attached, self._checkpoint)

    def _announce(self, resume_token: str, *, resumed: bool) -> None:
        opened = SessionOpened(
            session_id=self._session_id,
            resume_token=resume_token,
            resumed=resumed,
            sample_rate=self._asked.rate_hz,
            encoding="binary" if self._asked.binary else "json",
            agent=self._asked.agent.name,
            label=self._asked.agent.label,
        )
        self._connection.text(encode(self._words.envelope("event", "System", opened)))

    async def run(self, receive: Receive, fast_path: FastPath | None) -> None:
        """Attach the browser to its session and read its messages until either side closes."""
        entry = None
        try:
            entry = self._attach()
            rate = MessageRate(self._service.settings.limits.client_messages_per_s, asyncio.get_running_loop().time)
            addresses = entry.addresses
            take = partial(self._take, entry)
            reader = SocketReader(self._writer, take, crowded=lambda: addresses.is_crowded, rate=rate)
            await reader.run(receive, fast_path)
        finally:
            self._leave(entry)

    def _leave(self, entry: SessionEntry | None) -> None:
        self._connection.abandon()
        if self._output.connection is self._connection:
            self._output.connection = None
            if entry is not None:
                entry.deliver(ConnectionDetached(self._id))
        self._service.forget_output(self._session_id)

    def _take(self, session: LiveSession, message: Message) -> None:
        if self._output.connection is not self._connection:
            return
        if isinstance(message, bytes):
            self._audio(session, message)
            return
        try:
            self._order(session, message)
        except ProtocolError as error:
            self._connection.text(encode(self._words.envelope("error", "System", ErrorText(str(error)))))

    def _audio(self, session: LiveSession, pcm: bytes) -> None:
        if len(pcm) > MAX_AUDIO_BYTES:
            self._connection.close(TOO_BIG, f"at most {MAX_AUDIO_BYTES} bytes of audio in a message")
        elif usable := len(pcm) & ~1:
            session.push_audio(pcm if usable == len(pcm) else pcm[:usable])

    def _type(self, session: LiveSession, text: str) -> None:
        try:
            self._service.clients.require(self._asked.client, Rate.TEXTS)
        except TooManyError as error:
            raise ProtocolError(error.reason) from None
        session.deliver(TextEntered(text))

    def _order(self, session: LiveSession, text: str) -> None:
        message = decode(text)
        match message:
            case Typed(text):
                self._type(session, text)
            case Interrupt():
                session.deliver(InterruptRequested())
            case HangUp():
                session.deliver(EndSession(Ending.NORMAL, politely=False))
            case Ping():
                self._connection.text(encode(Pong(timestamp(self._service.clock.wall()))))
            case PlayoutMark(turn, audio_ms, state):
                session.deliver(PlaybackMarked(turn, audio_ms, state))
            case Ignored():
                return
            case _:
                assert_never(message)


def _lead(asked: Asked) -> Lead:
    """A client with marks has a network's delay more: its marks come back over it, and a pause takes effect at once."""
    return Lead(Transport.MARKED, 400) if asked.marks else BLIND

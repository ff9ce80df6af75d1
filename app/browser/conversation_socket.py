"""The conversation's WebSocket: a thin ASGI shell between a browser and its session."""

import asyncio
from functools import partial
from typing import assert_never

import msgspec
from starlette.types import Receive, Scope, Send

from actors.agent import Agent
from actors.conversation import Ending
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
from actors.ports.clock import Clock, Random
from actors.ports.llm import LanguageModel
from actors.ports.realtime import RealtimeModel
from actors.runtime.log_context import SessionIds, work_for
from actors.session.live_session import LiveSession
from actors.session.sessions import SessionEntry
from actors.session.sessions_keeper import SessionsKeeper
from app.auth.socket_auth import SocketRefusedError, close_message
from app.browser.admission import Asked, ConversationAdmission, Former
from app.browser.connection import Connection
from app.browser.session_outputs import SessionOutputs
from app.browser.wire_output import BrowserWords
from app.limits.client_limits import Rate
from app.limits.clients import Clients, TooManyError
from app.limits.metered_model import MeteredModel
from app.limits.metered_realtime import MeteredRealtimeModel
from app.server.lifecycle import Lifecycle
from app.server.sockets.fast_path import FastPath, Message, fast_path_of
from app.server.sockets.message_rate import MessageRate
from app.server.sockets.socket_reader import SocketReader
from app.server.sockets.socket_writer import REFUSED, TOO_BIG, SocketWriter
from app.sessions.session_plans import SessionPlans
from app.stores.claim_check import ClaimCheck
from protocol.browser import (
    MAX_AUDIO_BYTES,
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
from protocol.browser_payloads import ErrorText, ServerDraining, SessionOpened


class ConversationParts(msgspec.Struct, frozen=True, kw_only=True):
    """What the conversations of one worker need. `claim_check` is None if no store is shared."""

    lifecycle: Lifecycle
    clock: Clock
    random: Random
    clients: Clients
    model: LanguageModel
    realtime: RealtimeModel | None
    """The speech-to-speech model; None if there is none."""
    plans: SessionPlans
    sessions: SessionsKeeper
    outputs: SessionOutputs
    claim_check: ClaimCheck | None
    messages_per_s: float
    """The most messages that a client may send in a second."""


class ConversationSocket:
    """ASGI endpoint of `/api/v1/realtime/conversation`."""

    def __init__(self, admission: ConversationAdmission, parts: ConversationParts) -> None:
        self._admission = admission
        self._parts = parts
        self._open: set[_Conversation] = set()
        parts.lifecycle.on_drain(self._say_that_it_drains)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection, from its handshake to its end."""
        await receive()
        fast_path = fast_path_of(scope)
        await send({"type": "websocket.accept"})
        try:
            asked, former = await self._admission.admit(scope)
        except (SocketRefusedError, TooManyError) as refused:
            await send(close_message(refused))
            return
        conversation = _Conversation(self._parts, asked, former, SocketWriter(send, fast_path))
        self._open.add(conversation)
        try:
            await conversation.run(receive, fast_path)
        finally:
            self._open.discard(conversation)

    async def _say_that_it_drains(self, _deadline: float) -> None:
        for conversation in self._open:
            conversation.say_that_it_drains()


class _Conversation:
    """One browser's connection to one session. `former` is the conversation that it resumes."""

    def __init__(self, parts: ConversationParts, asked: Asked, former: Former, writer: SocketWriter) -> None:
        self._former = former
        self._parts = parts
        self._writer = writer
        self._asked = asked
        self._id = parts.random.token("conn_")
        self._session_id = asked.session_id or parts.random.token("session_")
        work_for(SessionIds(self._session_id))
        self._words = BrowserWords(self._session_id, asked.agent.label, parts.clock)
        self._connection = Connection(
            writer,
            self._words,
            parts.lifecycle,
            binary=asked.binary,
            marks=asked.marks,
            rate_hz=asked.rate_hz,
            gate=parts.claim_check,
        )
        self._output = parts.outputs.of(self._session_id)

    def _attach(self) -> SessionEntry:
        """Take the session over, restore it from its checkpoint or record, or start it."""
        parts, asked, record = self._parts, self._asked, self._former.record
        former, self._output.connection = self._output.connection, self._connection
        if former is not None:
            former.close(REFUSED, "another connection took this session over")
        attached = ConnectionAttached(
            connection_id=self._id, lead=_lead(asked), rate_hz=asked.rate_hz, cancels_echo=True
        )
        entry = parts.sessions.live.get(self._session_id)
        if entry is not None:
            self._announce(entry.plan.resume_token, entry.plan.agent, resumed=True)
            entry.connection.output = self._output
            entry.deliver(attached)
            return entry
        token = record.resume_token if record else parts.random.token("resume_")
        model = MeteredModel(parts.model, parts.clients, asked.client)
        realtime = parts.realtime
        if realtime is not None:
            realtime = MeteredRealtimeModel(realtime, parts.clients, asked.client)
        # A conversation that goes on keeps what it was begun with, whatever token it comes back with.
        given = record.given if record is not None else asked.given
        plan = parts.plans.plan(
            self._session_id, asked.mode, asked.agent, token, model=model, realtime=realtime, given=given
        )
        parts.clients.session_began(asked.client, self._session_id)
        has_it = plan.as_agent(record.agent).agent if record is not None else plan.agent
        self._announce(token, has_it, resumed=record is not None)
        if record is not None and self._former.checkpoint is None:
            return parts.sessions.restore(plan, self._output, attached, record)
        return parts.sessions.open(plan, self._output, attached, self._former.checkpoint)

    def _announce(self, resume_token: str, agent: Agent, *, resumed: bool) -> None:
        self._words.set_label(agent.label)
        opened = SessionOpened(
            session_id=self._session_id,
            resume_token=resume_token,
            resumed=resumed,
            sample_rate=self._asked.rate_hz,
            encoding="binary" if self._asked.binary else "json",
            agent=agent.name,
            label=agent.label,
        )
        self._connection.text(encode(self._words.envelope("event", "System", opened)))
        if not self._parts.lifecycle.admits():
            # The client has lost its connection since the drain began, and was not told of it.
            self.say_that_it_drains()

    def say_that_it_drains(self) -> None:
        """Tell the client that the server is about to end."""
        self._connection.text(encode(self._words.envelope("event", "System", ServerDraining())))

    async def run(self, receive: Receive, fast_path: FastPath | None) -> None:
        """Attach the browser to its session and read its messages until either side closes."""
        entry = None
        try:
            entry = self._attach()
            rate = MessageRate(self._parts.messages_per_s, asyncio.get_running_loop().time)
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
        self._parts.outputs.forget_unused(self._session_id)

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
            self._parts.clients.require(self._asked.client, Rate.TEXTS)
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
                self._connection.text(encode(Pong(timestamp(self._parts.clock.wall()))))
            case PlayoutMark(turn, audio_ms, state):
                session.deliver(PlaybackMarked(turn, audio_ms, state))
            case Ignored():
                return
            case _:
                assert_never(message)


def _lead(asked: Asked) -> Lead:
    """How many ms audio is sent ahead of its playback: more to a client with marks, which reports playback and can
    pause."""
    return Lead(Transport.MARKED, 400) if asked.marks else BLIND

"""Answers and places calls, follows what the network says of them, and sees each one to its end."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Literal
from urllib.parse import urlsplit

from actors.agent import Agent
from actors.call_line import CallError, CallTrouble
from actors.messages import EndSession, KeyPressed
from actors.session_plan import Mode
from actors.turn_events import Ending
from app.adapters.acs.port import CallAutomationError, CallControl, MediaOptions, Trouble
from app.service import Service
from app.socket_writer import NORMAL
from app.telephony.access_code import gatekeeper
from app.telephony.call import Call, Direction
from app.telephony.call_connection import CallConnection
from app.telephony.call_log import CallLog
from app.telephony.media_watch import MediaWatch
from app.telephony.tones import Way
from protocol.acs_events import (
    AcsEvent,
    AnswerFailed,
    CallConnected,
    CallDisconnected,
    CallTransferAccepted,
    CallTransferFailed,
    ConnectFailed,
    ContinuousDtmfRecognitionToneReceived,
    CreateCallFailed,
    MediaStreamingFailed,
    ParticipantsUpdated,
    RecognizeCompleted,
    RecordingStateChanged,
)
from protocol.calls import CallState, InitiateCall
from protocol.event_grid import IncomingCall

log = logging.getLogger(__name__)

RINGING_S = 120.0
"""A placed call that nobody answers is given up."""
GONE_S = 10.0
"""A call that was hung up is over after this, even if the network does not say so."""
ANSWERED_KEPT = 10_000
"""Announcements of calls that are remembered: they may be repeated."""


class NotConfigured(Exception):
    """There is no telephone network, or not all that is needed of it; the text names the variable."""


class Busy(Exception):
    """No capacity for another call."""


class Switchboard:
    """Of one worker; belongs to the loop's thread. `control` is None without a telephone network."""

    def __init__(self, service: Service, control: CallControl | None) -> None:
        self._service = service
        self._control = control
        self.log = CallLog()
        self.unknown_events = 0
        self.ignored_messages = 0
        self._answering: dict[str, asyncio.Task[Call | None]] = {}
        self._media: MediaWatch | None = None
        service.on_session_over(self._session_over)

    @property
    def network(self) -> CallControl | None:
        """The telephone network, if there is one."""
        return self._control

    def start(self) -> None:
        """Get ready for the first call, beside the work."""
        if self._control is not None:
            self._media = MediaWatch(self._control, self._service.clock, self.hang_up, self._gone)
            self._service.background.run(self._control.open())

    @property
    def control(self) -> CallControl:
        """The telephone network.

        Raises:
            NotConfigured: there is none.
        """
        if self._control is None:
            raise NotConfigured("no telephone network is configured: set ACS_CONNECTION_STRING or ACS_ENDPOINT")
        return self._control

    async def close(self) -> None:
        """Let go of the network; calls that are up stay up for whoever takes them over."""
        tasks = [task for call in self.log.live for task in call.cancel()]
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._control is not None:
            await self._control.close()

    # calls begin

    async def answer(self, incoming: IncomingCall) -> Call | None:
        """Answer a call, once however often it is announced; None if the network did not let us.

        Raises:
            NotConfigured, Busy.
            CallAutomationError: the network does not answer; the announcement should come again.
        """
        control = self.control
        key = incoming.correlation_id or incoming.event_id or incoming.context
        task = self._answering.get(key)
        if task is None:
            self._require_capacity()
            task = asyncio.get_running_loop().create_task(self._answer(control, incoming), name="call.answer")
            self._answering[key] = task
            task.add_done_callback(lambda done: self._answered(key, done))
        return await asyncio.shield(task)

    def _answered(self, key: str, task: asyncio.Task[Call | None]) -> None:
        """What was answered is remembered for as long as the announcement may be repeated."""
        if task.cancelled() or task.exception() is not None:
            self._answering.pop(key, None)
            return
        while len(self._answering) > ANSWERED_KEPT:
            del self._answering[next(iter(self._answering))]

    async def _answer(self, control: CallControl, incoming: IncomingCall) -> Call | None:
        service = self._service
        caller = incoming.caller.phone_number or incoming.caller.raw_id
        call = self._begin(
            Direction.INBOUND,
            service.agents[service.default_agent],
            Mode(service.settings.acs_streaming_mode),
            caller,
            correlation_id=incoming.correlation_id,
        )
        call.server_call_id = incoming.server_call_id
        call.note("IncomingCall", service.clock.wall())
        try:
            call_id = await control.answer(incoming.context, self.callback_url(call), self._media_options(call))
        except CallAutomationError as error:
            self._fail(call, "AnswerCallRefused", error)
            if error.retryable:
                raise
            return None
        call.identify(call_id)
        return call

    async def place(self, asked: InitiateCall, agent: Agent, mode: Mode) -> Call:
        """Call somebody.

        Raises:
            NotConfigured, Busy, CallAutomationError.
        """
        control, settings = self.control, self._service.settings
        source = asked.caller_id or settings.acs_source_phone_number
        if not source:
            raise NotConfigured("no number to call from: set ACS_SOURCE_PHONE_NUMBER, or send caller_id")
        self._require_capacity()
        call = self._begin(
            Direction.OUTBOUND, agent, mode, asked.target_number, context=asked.context, wanted=asked.browser_session_id
        )
        try:
            call_id = await control.create(
                asked.target_number, source, self.callback_url(call), self._media_options(call)
            )
        except CallAutomationError as error:
            self._fail(call, "CreateCallRefused", error)
            raise
        call.identify(call_id)
        call.note("CreateCall", self._service.clock.wall())
        call.run(self._give_up_ringing(call))
        return call

    def _begin(
        self,
        direction: Direction,
        agent: Agent,
        mode: Mode,
        caller: str,
        *,
        correlation_id: str = "",
        context: dict[str, Any] | None = None,
        wanted: str | None = None,
    ) -> Call:
        service = self._service
        taken = wanted is None or wanted in service.sessions.live or self.log.of_session(wanted) is not None
        session_id = service.random.token("session_") if taken or wanted is None else wanted
        call = Call(
            secret=service.random.token(),
            session_id=session_id,
            direction=direction,
            agent=agent,
            mode=mode,
            caller=caller,
            created_at=service.clock.wall(),
            correlation_id=correlation_id,
            context=context,
        )
        call.admitted = direction is Direction.OUTBOUND or service.settings.call_access_code is None
        self.log.add(call)
        # The first words are made while it rings.
        service.phrases.at(agent, service.settings.acs_sample_rate)
        if not call.admitted:
            service.phrases.at(gatekeeper(agent), service.settings.acs_sample_rate)
        return call

    def adopt(self, call_id: str, session_id: str) -> Call | None:
        """A media socket of a call that nobody announced, as load clients open: it is taken as connected."""
        service = self._service
        if not (call_id or session_id) or service.capacity_left == 0:
            return None
        agent, mode = service.agents[service.default_agent], Mode(service.settings.acs_streaming_mode)
        call = self._begin(Direction.INBOUND, agent, mode, "", wanted=session_id or None)
        call.identify(call_id or call.session_id)
        call.became(CallState.CONNECTED, service.clock.wall())
        return call

    def _require_capacity(self) -> None:
        if self._service.capacity_left - self._waiting <= 0:
            raise Busy("no capacity left for another call")

    @property
    def _waiting(self) -> int:
        """Calls whose session is still to come."""
        live = self._service.sessions.live
        return sum(1 for call in self.log.live if self.session_of(call) not in live)

    def callback_url(self, call: Call) -> str:
        """Where ACS tells what happens to `call`."""
        return f"{self._base_url}/api/v1/calls/callbacks/{call.secret}"

    def media_url(self, call: Call) -> str:
        """Where ACS streams the audio of `call`."""
        return f"ws{self._base_url.removeprefix('http')}/api/v1/media/stream/{call.secret}"

    def _media_options(self, call: Call) -> MediaOptions:
        settings = self._service.settings
        rate_hz: Literal[16_000, 24_000] = 24_000 if settings.acs_sample_rate == 24_000 else 16_000
        return MediaOptions(self.media_url(call), rate_hz, mixed=settings.acs_mixed_audio)

    @property
    def _base_url(self) -> str:
        base_url = self._service.settings.base_url
        if not urlsplit(base_url).scheme:
            raise NotConfigured("ACS does not know how to reach this server: set BASE_URL")
        return base_url.rstrip("/")

    # what the network says

    def took(self, call: Call, event: AcsEvent) -> None:
        """One event of a call; repeated and late ones do no harm."""
        at = self._service.clock.wall()
        if event.server_call_id and not call.server_call_id:
            call.server_call_id = event.server_call_id
        self._note(call, event, at)
        match event:
            case CallConnected():
                if call.became(CallState.CONNECTED, at):
                    self._watch(call, MediaWatch.connected)
            case ParticipantsUpdated():
                call.joined(event)
                self._held(call, at)
            case CallDisconnected():
                self._over(call, CallState.DISCONNECTED)
            case CreateCallFailed() | AnswerFailed() | ConnectFailed():
                self._over(call, CallState.FAILED)
            case CallTransferAccepted():
                self._transferred(call, None)
            case CallTransferFailed():
                self._transferred(call, CallError(CallTrouble.REFUSED, "the other side did not take the call"))
            case MediaStreamingFailed():
                self._watch(call, MediaWatch.lost)
            case ContinuousDtmfRecognitionToneReceived():
                self.pressed(call, Way.EVENT, event.digit)
            case RecognizeCompleted():
                for digit in event.digits:
                    self.pressed(call, Way.EVENT, digit)
            case RecordingStateChanged(recording_id=recording_id, state=state):
                call.recording_id = recording_id if state.lower() == "active" else ""
            case _:
                return

    def _transferred(self, call: Call, error: CallError | None) -> None:
        accepted, call.transferring = call.transferring, None
        if accepted is not None and not accepted.done():
            if error is None:
                accepted.set_result(None)
            else:
                accepted.set_exception(error)
                # Whoever asked by REST does not wait for it.
                accepted.exception()
        if error is None:
            call.transferred = True
            self._end_session(call, Ending.HUMAN_HANDOFF)

    def _note(self, call: Call, event: AcsEvent, at: float) -> None:
        result = event.result
        details = {"code": result.code, "sub_code": result.sub_code} if result is not None else {}
        if not isinstance(event, ContinuousDtmfRecognitionToneReceived | RecognizeCompleted):
            call.note(type(event).__name__, at, **details)

    def _held(self, call: Call, at: float) -> None:
        """The person is on hold, or no longer."""
        states = {participant.status for participant in call.participants.values() if participant.role == "person"}
        if call.state is CallState.CONNECTED and states == {"on_hold"}:
            call.became(CallState.ON_HOLD, at)
        elif call.state is CallState.ON_HOLD and "on_hold" not in states:
            call.became(CallState.CONNECTED, at)

    def pressed(self, call: Call, way: Way, digit: str) -> None:
        """A key, by whichever way it came first."""
        if not call.tones.pressed(way, digit, self._service.clock.now()):
            return
        entry = self._service.sessions.live.get(self.session_of(call))
        if entry is not None:
            entry.lines.take(KeyPressed(digit))

    def session_of(self, call: Call) -> str:
        """The id of the session that the call has now: the one that asks for the access code, then its own."""
        return call.session_id if call.admitted else f"{call.session_id}.access"

    # the media socket

    def connect(self, call: Call, connection: CallConnection, open_session: Callable[[], object]) -> None:
        """A media socket of the call; a former one is closed."""
        former, call.connection, call.open_session = call.connection, connection, open_session
        if former is not None:
            former.close(NORMAL, "another media socket took this call over")

    def disconnect(self, call: Call, connection: CallConnection) -> bool:
        """A media socket is gone; whether it was the call's present one. A call that is up gets another one."""
        if call.connection is not connection:
            return False
        call.connection = call.open_session = None
        observers = self._service.observers.get(call.session_id)
        if observers is not None and observers.connection is connection:
            observers.connection = None
            self._service.forget_observers(call.session_id)
        self._watch(call, MediaWatch.lost)
        return True

    def _watch(self, call: Call, begin: Callable[[MediaWatch, Call], None]) -> None:
        """Without a network there is nobody to ask for a socket: its session waits, and ends."""
        if self._media is not None and call.up:
            begin(self._media, call)

    # calls end

    def _session_over(self, session_id: str) -> None:
        """A session ended: its call goes on with the next one, or is over."""
        call = next((call for call in self.log.live if self.session_of(call) == session_id), None)
        if call is None:
            return
        if not call.admitted and call.code_given:
            call.admitted = True
            if call.open_session is not None:
                call.open_session()
            return
        call.run(self.hang_up(call))

    async def hang_up(self, call: Call) -> None:
        """Hang up for everyone; harmless when the call is over."""
        if call.over.is_set():
            return
        self._end_session(call)
        if call.call_id and self._control is not None:
            try:
                if not call.transferred:
                    await self._control.hang_up(call.call_id)
                async with asyncio.timeout(GONE_S):
                    await call.over.wait()
            except CallAutomationError as error:
                if error.trouble is not Trouble.NOT_FOUND:
                    log.warning("a call could not be hung up: %s", error)
            except TimeoutError:
                pass
        self._over(call, CallState.DISCONNECTED)

    def _end_session(self, call: Call, ending: Ending = Ending.NORMAL) -> None:
        entry = self._service.sessions.live.get(self.session_of(call))
        if entry is not None:
            entry.lines.take(EndSession(ending, politely=False))

    def _over(self, call: Call, state: CallState) -> None:
        if state is CallState.DISCONNECTED and call.connected_at is None and call.direction is Direction.OUTBOUND:
            state = CallState.FAILED
        if not call.became(state, self._service.clock.wall()):
            return
        if call.transferring is not None and not call.transferring.done():
            call.transferring.set_exception(CallError(CallTrouble.NOT_CONNECTED, "the call is over"))
            call.transferring.exception()
        self._end_session(call)
        call.cancel()

    def _gone(self, call: Call) -> None:
        self._over(call, CallState.DISCONNECTED)

    def _fail(self, call: Call, kind: str, error: CallAutomationError) -> None:
        call.note(kind, self._service.clock.wall(), status=error.status, trouble=error.trouble.value)
        self._over(call, CallState.FAILED)

    async def _give_up_ringing(self, call: Call) -> None:
        await asyncio.sleep(RINGING_S)
        if call.connected_at is None:
            call.note("NotAnswered", self._service.clock.wall())
            await self.hang_up(call)

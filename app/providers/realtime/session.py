"""One session of a Realtime service: the port's operations out, the port's events in."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from aiohttp import ClientWebSocketResponse, WSMessage
from opentelemetry import metrics

from actors.conversation import ChatMessage
from actors.ports import realtime as port
from actors.ports import realtime_events as reported
from actors.ports.realtime_events import Operation
from app.providers.realtime.appended_audio import AppendedAudio
from app.providers.realtime.audio_ahead import AudioAhead
from app.providers.realtime.connection import RealtimeConnection
from app.providers.realtime.event_reader import REQUEST, EventReader, described
from app.providers.realtime.history import history_items, message_items
from app.providers.realtime.resampling import SAMPLE_BYTES
from app.providers.realtime.resource import RealtimeResource
from app.providers.realtime.session_options import changed_settings, session_settings
from protocol.realtime import commands, events
from protocol.realtime.codec import Codec, RealtimeProtocolError
from protocol.realtime.failure_kinds import FailureKind

log = logging.getLogger(__name__)

_failures = metrics.get_meter("earshot").create_counter(
    "earshot.realtime.failures", description="Failures of speech-to-speech sessions, by kind and operation"
)

HOLD_S = 0.1
"""Seconds between reads from the service while the audio of a response is well ahead of its playback."""
READY_TIMEOUT_S = 5.0
TOLD_AHEAD_S = 300.0
"""Seconds before the end of a session at which the end is announced; for a shorter session, its last quarter."""
MAX_UNREADABLE = 20
"""The most messages in a row that cannot be understood; with more the service is taken for an unknown one."""
GOES_ON = (FailureKind.HARMLESS, FailureKind.REFUSED, FailureKind.RATE_LIMITED)


class LiveRealtimeSession:
    """A `RealtimeSession` on one WebSocket. Belongs to the loop on which it was made.

    `first_words`: what the service has said on it already.
    """

    def __init__(
        self,
        socket: ClientWebSocketResponse,
        resource: RealtimeResource,
        options: port.RealtimeOptions,
        report: Callable[[reported.RealtimeEvent], None],
        first_words: Sequence[WSMessage] = (),
    ) -> None:
        self._resource = resource
        self._report: Callable[[reported.RealtimeEvent], None] | None = report
        self._codec = Codec(resource.dialect)
        service_hz = resource.service_hz(options.rate_hz)
        speaks_hz = options.speaks_hz or options.rate_hz
        self._reader = EventReader(resource.label, speaks_hz, service_hz, options.silence_ms)
        self._appended = AppendedAudio(options.rate_hz, service_hz)
        self._sent = 0
        self._requests = 0
        self._unreadable = 0
        self._ready = False
        self._timers: list[asyncio.TimerHandle] = []
        self._ahead = AudioAhead(service_hz * SAMPLE_BYTES)
        self._gathered: list[reported.ResponseAudio] = []
        """Audio of one item that was read at once, and is reported in one piece."""
        self._loop = asyncio.get_running_loop()
        self._connection = RealtimeConnection(socket, self._on_message, self._on_closed, first_words)
        self._start(options)

    # operations

    def append(self, pcm: bytes) -> None:
        """Resample what the caller says, and send it in pieces (`AppendedAudio`)."""
        if due := self._appended.push(pcm):
            self._connection.send(self._codec.encode(commands.AppendAudio(due)))

    def commit(self) -> None:
        """Send what is left of the caller's turn, and end the turn: see `RealtimeSession.commit`."""
        self._flush()
        self._reader.committed(*self._appended.end_turn())
        self._send(commands.CommitAudio(), Operation.COMMIT)

    def clear(self) -> None:
        """Make the service forget what was appended since the last commit, though it counts that in its positions."""
        self._flush()
        self._appended.end_turn()
        self._send(commands.ClearAudio(), Operation.CLEAR)

    def add(self, message: ChatMessage) -> None:
        """Send a message as the items of the conversation that stand for it, in order."""
        for item in message_items(message):
            self._send(commands.CreateItem(item), Operation.ADD)

    def respond(self, request: port.ResponseRequest) -> int:
        """Ask for a response under a number of its own, which comes back with what becomes of it."""
        self._requests += 1
        number = self._requests
        command = commands.CreateResponse(
            instructions=request.instructions,
            text=request.text,
            tools=request.tools,
            metadata={REQUEST: str(number)},
        )
        self._reader.requested(number)
        self._send(command, Operation.RESPOND, number)
        return number

    def cancel(self, response_id: str) -> None:
        """Stop the making of a response. Harmless if it is finished already."""
        self._send(commands.CancelResponse(response_id), Operation.CANCEL)

    def truncate(self, item_id: str, heard_ms: float) -> None:
        """Make the model forget what was not heard; beyond what has come of the item, the service would refuse it."""
        received_ms = self._reader.received_ms(item_id)
        kept_ms = int(heard_ms if received_ms is None else min(heard_ms, received_ms))
        if kept_ms <= 0:
            self.delete(item_id)
        else:
            self._send(commands.TruncateItem(item_id, kept_ms), Operation.TRUNCATE)

    def delete(self, item_id: str) -> None:
        """Make the model forget an item, and its words with it."""
        self._send(commands.DeleteItem(item_id), Operation.DELETE)

    def update(self, changes: port.SessionChanges) -> None:
        """Send the settings that change; those that stay are not sent again."""
        self._send(commands.UpdateSession(changed_settings(changes)), Operation.UPDATE)

    async def close(self) -> None:
        """End the session and its connection. Nothing is reported after the call."""
        self._end()
        await self._connection.close()

    # to the service

    def _start(self, options: port.RealtimeOptions) -> None:
        self._send(commands.UpdateSession(session_settings(options, self._resource)), Operation.OPEN)
        for item in history_items(options.history):
            self._send(commands.CreateItem(item), Operation.ADD)
        self._later(READY_TIMEOUT_S, self._end_unready)

    def _flush(self) -> None:
        if due := self._appended.flush():
            self._connection.send(self._codec.encode(commands.AppendAudio(due)))

    def _send(self, command: commands.Command, operation: Operation, number: int = 0) -> None:
        """Send with an id that says what it was, so that an error names its cause."""
        self._sent += 1
        try:
            message = self._codec.encode(command, f"{operation.value}_{number or self._sent}")
        except ValueError as error:
            # Told later, as a refusal of the service would be: nobody expects an event in the midst of an order.
            detail = f"{self._resource.label}: {error}"
            asyncio.get_running_loop().call_soon(self._failed, FailureKind.REFUSED, operation, detail, number)
            return
        self._connection.send(message)

    # from the service

    def _on_message(self, message: bytes | str) -> None:
        try:
            event = self._codec.decode(message)
        except RealtimeProtocolError as error:
            self._not_understood(error)
            return
        self._unreadable = 0
        if type(event) is events.AudioDelta:
            self._audio_came(event)
            return
        if self._gathered and not self._may_overtake(event):
            self._tell_gathered()
        match event:
            case events.ServiceFailed(failure=failure, event_id=event_id):
                self._service_failed(failure, event_id)
            case events.SessionUpdated(expires_at=expires_at) if not self._ready:
                self._become_ready(expires_at)
            case events.SessionCreated(expires_at=expires_at):
                self._expires_at = expires_at
            case _:
                if type(event) is events.ResponseCreated:
                    self._ahead.begin()
                for told in self._reader.read(event):
                    self._tell(told)

    def _audio_came(self, event: events.AudioDelta) -> None:
        """Tell of audio at once; of what is not to be heard soon, together with what comes right behind it."""
        is_ahead = self._ahead.add(len(event.pcm), self._loop.time())
        audio = self._reader.audio(event)
        if audio is not None:
            if self._gathered and not self._is_of_gathered(event):
                self._tell_gathered()
            if is_ahead and not self._gathered:
                self._loop.call_soon(self._tell_gathered)
            self._gathered.append(audio)
        if is_ahead:
            self._connection.hold(HOLD_S)
        else:
            self._tell_gathered()

    def _may_overtake(self, event: events.Event) -> bool:
        """Whether an event may be told before the audio that was gathered: words run ahead of their audio anyway."""
        return isinstance(event, events.TranscriptDelta | events.WordTime) and self._is_of_gathered(event)

    def _is_of_gathered(self, event: events.AudioDelta | events.TranscriptDelta | events.WordTime) -> bool:
        first = self._gathered[0]
        return event.item_id == first.item_id and event.response_id == first.response_id

    def _tell_gathered(self) -> None:
        gathered, self._gathered = self._gathered, []
        if len(gathered) > 1:
            pcm = b"".join(audio.pcm for audio in gathered)
            self._tell(reported.ResponseAudio(gathered[0].response_id, gathered[0].item_id, pcm))
        elif gathered:
            self._tell(gathered[0])

    _expires_at: float | None = None

    def _become_ready(self, expires_at: float | None) -> None:
        self._ready = True
        self._cancel_timers()
        expires_at = expires_at or self._expires_at
        if expires_at is None:
            self._tell(reported.RealtimeReady())
            return
        lives_s = max(0.0, expires_at - time.time())
        left_s = told_ahead_s(lives_s)
        self._later(lives_s - left_s, lambda: self._tell(reported.RealtimeExpiring(left_s)))
        self._tell(reported.RealtimeReady(lives_s))

    def _end_unready(self) -> None:
        self._connection.end(FailureKind.TRANSIENT, f"did not take the session's settings in {READY_TIMEOUT_S:.0f} s")

    def _not_understood(self, error: RealtimeProtocolError) -> None:
        self._unreadable += 1
        if self._unreadable > MAX_UNREADABLE:
            self._connection.end(FailureKind.FATAL, "sends messages that cannot be understood")
        else:
            self._failed(FailureKind.REFUSED, Operation.UNKNOWN, f"{self._resource.label}: {error}")

    def _service_failed(self, failure: events.Failure, event_id: str) -> None:
        operation, number = _cause(event_id)
        detail = described(self._resource.label, failure)
        if failure.kind not in GOES_ON or (failure.kind is FailureKind.REFUSED and operation is Operation.OPEN):
            kind = FailureKind.FATAL if failure.kind is FailureKind.REFUSED else failure.kind
            self._connection.end(kind, detail.removeprefix(f"{self._resource.label}: "))
            return
        if operation is Operation.COMMIT:
            self._reader.commit_failed()
        self._failed(failure.kind, operation, detail, number if operation is Operation.RESPOND else 0)

    def _failed(self, kind: FailureKind, operation: Operation, detail: str, request: int = 0) -> None:
        self._count(kind, operation, detail)
        if request:
            self._reader.request_failed(request)
        self._tell(reported.RealtimeFailed(kind=kind, operation=operation, detail=detail, request=request))

    def _on_closed(self, kind: FailureKind, detail: str) -> None:
        detail = f"{self._resource.label}: {detail}"
        self._tell_gathered()
        report = self._report
        self._count(kind, Operation.UNKNOWN, detail)
        self._end()
        if report is not None:
            report(reported.RealtimeClosed(kind, detail))

    def _count(self, kind: FailureKind, operation: Operation, detail: str) -> None:
        _failures.add(1, {"kind": kind.value, "operation": operation.value})
        level = logging.DEBUG if kind is FailureKind.HARMLESS else logging.WARNING
        log.log(level, "speech to speech failed (%s, %s): %s", kind.value, operation.value, detail)

    # the end

    def _tell(self, event: reported.RealtimeEvent) -> None:
        if self._report is not None:
            self._report(event)

    def _later(self, delay_s: float, act: Callable[[], None]) -> None:
        self._timers.append(asyncio.get_running_loop().call_later(delay_s, act))

    def _cancel_timers(self) -> None:
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()

    def _end(self) -> None:
        self._report = None
        self._gathered = []
        self._cancel_timers()


def told_ahead_s(lives_s: float) -> float:
    """How long before the end of a session of that length it is told."""
    return min(TOLD_AHEAD_S, lives_s / 4)


def _cause(event_id: str) -> tuple[Operation, int]:
    """Which operation an error speaks of, and its number."""
    name, _, number = event_id.partition("_")
    with suppress(ValueError):
        return Operation(name), int(number)
    return Operation.UNKNOWN, 0

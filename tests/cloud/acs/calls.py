"""One call: who is in it, what state it is in, and its 20 ms beat."""

import asyncio
import random
import uuid
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal

import aiohttp
import msgspec

from tests.cloud.acs.behaviour import Behaviour
from tests.cloud.acs.caller import Caller
from tests.cloud.acs.events import ANSWERED_ELSEWHERE, OK, Result, cloud_event, opaque
from tests.cloud.acs.identifiers import CommunicationUser, Identifier, PhoneNumber
from tests.cloud.acs.media import MediaStream
from tests.cloud.acs.pcm import FRAME_MS
from tests.cloud.acs.recognition import Recognition
from tests.cloud.acs.requests import TONES, MediaOptions, TranscriptionOptions, WithCallback
from tests.cloud.acs.transcription import TranscriptionStream
from tests.cloud.background import Background

if TYPE_CHECKING:
    from tests.cloud.acs.switchboard import Switchboard

State = Literal["connecting", "connected", "transferring", "transferAccepted", "disconnecting", "disconnected"]
FRAME_S = FRAME_MS / 1000


class Participant(msgspec.Struct):
    """Somebody in the call; the application itself has no telephone to its ear."""

    identifier: Identifier
    caller: Caller | None = None
    is_muted: bool = False
    is_on_hold: bool = False

    def wire(self) -> dict[str, Any]:
        """As JSON."""
        return {"identifier": self.identifier.wire(), "isMuted": self.is_muted, "isOnHold": self.is_on_hold}


class CallPlan(msgspec.Struct, kw_only=True):
    """What a call is made from."""

    source: Identifier
    targets: list[Identifier]
    callback_uri: str
    application: Identifier
    operation_context: str | None = None
    media: MediaOptions | None = None
    transcription: TranscriptionOptions | None = None
    correlation_id: str = ""
    server_call_id: str = ""
    source_caller_id: PhoneNumber | None = None
    source_display_name: str | None = None
    answered_by: CommunicationUser | None = None
    answered_for: PhoneNumber | None = None


class Call:
    """A call connection of the application's."""

    def __init__(self, switchboard: "Switchboard", plan: CallPlan) -> None:
        self.plan = plan
        self.connection_id = str(uuid.uuid4())
        self.correlation_id = plan.correlation_id or str(uuid.uuid4())
        self.server_call_id = plan.server_call_id or opaque(f"https://conv.invalid/{uuid.uuid4()}")
        self.state: State = "connecting"
        self.result: Result | None = None
        self.participants: dict[str, Participant] = {}
        self.media = MediaStream(self, plan.media) if plan.media else None
        self.transcription = TranscriptionStream(self, plan.transcription) if plan.transcription else None
        self.rate_hz = plan.media.rate_hz if plan.media else 16_000
        self.recognition: Recognition | None = None
        self.is_others = False
        """The application has left it to those who are there."""
        self.ringing: dict[Caller, asyncio.Task[None] | None] = {}
        self.tones_from: dict[str, WithCallback] = {}
        self.tones_sent: list[str] = []
        self.max_late_ms = 0.0
        self._switchboard = switchboard
        self._sequence = 0
        self._tone_sequence = 0
        self._beat: asyncio.TimerHandle | None = None

    @property
    def behaviour(self) -> Behaviour:
        """Of the service."""
        return self._switchboard.behaviour

    @property
    def background(self) -> Background:
        """Of the service."""
        return self._switchboard.background

    @property
    def session(self) -> aiohttp.ClientSession:
        """Of the service."""
        return self._switchboard.session

    @property
    def ended(self) -> bool:
        """True once it is over."""
        return self.state == "disconnected"

    @property
    def order(self) -> WithCallback:
        """Stands for the request that made the call, where events answer to that."""
        return WithCallback(operation_context=self.plan.operation_context)

    def callers(self) -> list[Caller]:
        """Everybody with a telephone."""
        return [p.caller for p in self.participants.values() if p.caller is not None]

    def listeners(self) -> Iterable[Caller]:
        """Everybody who hears what is played now."""
        return [p.caller for p in self.participants.values() if p.caller is not None and not p.is_on_hold]

    def connect(self, callers: Iterable[Caller]) -> None:
        """Everybody is there: from here on there is sound."""
        self.state = "connected"
        self.participants[self.plan.application.raw] = Participant(self.plan.application)
        for caller in callers:
            self.ringing.pop(caller, None)
            self._seat(caller)
        self._stop_ringing(ANSWERED_ELSEWHERE)
        self.emit("CallConnected", {}, OK, self.order)
        self.emit_participants()
        self._beat_from(self._now(), 0)
        if self.media is not None and self.media.options.start_media_streaming:
            self.media.start(self.order)
        if self.transcription is not None and self.transcription.options.start_transcription:
            self.transcription.start(self.order)

    def add(self, caller: Caller) -> None:
        """Somebody more takes part."""
        self._seat(caller)
        self.emit_participants()

    def remove(self, raw_id: str, result: Result) -> Participant:
        """Somebody is put out of the call."""
        participant = self.participants.pop(raw_id)
        if participant.caller is not None:
            participant.caller.over(result)
        self.emit_participants()
        return participant

    def leave_to_others(self, result: Result, *, tell: bool = True) -> None:
        """The application leaves: for it the call is over, and those who are there talk on among themselves."""
        self.is_others = True
        self.participants.pop(self.plan.application.raw, None)
        self._over(result, tell=tell)

    def left(self, caller: Caller, result: Result) -> None:
        """Somebody hung up; the call ends with the last, or where nobody but another one would be left."""
        if self.is_others and caller.raw_id in self.participants:
            for each in self.callers():
                each.over(result)
            self.participants.clear()
        if self.ended:
            return
        if len(self.callers()) > 1:
            self.remove(caller.raw_id, result)
        else:
            self.end(result)

    def end(self, result: Result, *, tell: bool = True) -> None:
        """The call is over for everybody."""
        if self.ended:
            return
        for caller in self.callers():
            caller.over(result)
        self._over(result, tell=tell)

    def _over(self, result: Result, *, tell: bool) -> None:
        self.state = "disconnected"
        self.result = result
        if self._beat is not None:
            self._beat.cancel()
        self._stop_ringing(result)
        if self.recognition is not None:
            self.recognition.close()
        if tell:
            self.emit("CallDisconnected", {}, result, self.order)
        self.background.start(self.close_sockets())

    async def close_sockets(self) -> None:
        """Hang up on the application's sockets."""
        for stream in (self.media, self.transcription):
            if stream is not None:
                await stream.close()

    def pressed(self, caller: Caller, key: str) -> None:
        """A caller pressed a key: whoever listens for that is told."""
        tone = TONES[key.upper()]
        if self.media is not None:
            self.media.send_dtmf(caller.raw_id, key)
        if (order := self.tones_from.get(caller.raw_id)) is not None:
            self._tone_sequence += 1
            about = {"sequenceId": self._tone_sequence, "tone": tone}
            self.emit("ContinuousDtmfRecognitionToneReceived", about, OK, order)
        if self.recognition is not None:
            self.recognition.heard_tone(caller.raw_id, tone)

    def emit(self, event: str, about: dict[str, Any], result: Result | None, order: WithCallback | None = None) -> None:
        """Send an event; `order` says the context, and where to if not to the call's own address."""
        common = {
            "operationContext": order.operation_context if order else None,
            "resultInformation": result.wire() if result else None,
            "callConnectionId": self.connection_id,
            "serverCallId": self.server_call_id,
            "correlationId": self.correlation_id,
        }
        subject = f"calling/callConnections/{self.connection_id}"
        url = (order.operation_callback_uri if order else None) or self.plan.callback_uri
        self._switchboard.callbacks.emit(cloud_event(event, {**about, **common}, subject), url, self.connection_id)

    def emit_participants(self) -> None:
        """Tell who is in the call; the numbers skip, as the service's do."""
        self._sequence += 1 + self._sequence % 2
        people = [participant.wire() for participant in self.participants.values()]
        self.emit("ParticipantsUpdated", {"sequenceNumber": self._sequence, "participants": people}, None)

    def socket_headers(self) -> dict[str, str]:
        """What the service says of itself when it opens a socket."""
        token = self._switchboard.socket_token()
        headers = {
            "x-ms-call-connection-id": self._switchboard.faults.socket_call or self.connection_id,
            "x-ms-call-correlation-id": self.correlation_id,
        }
        return {**headers, "Authorization": f"Bearer {token}"} if token else headers

    def properties(self) -> dict[str, Any]:
        """CallConnectionProperties."""
        plan = self.plan
        found: dict[str, Any] = {
            "callConnectionId": self.connection_id,
            "serverCallId": self.server_call_id,
            "targets": plan.targets,
            "callConnectionState": self.state,
            "callbackUri": plan.callback_uri,
            "sourceCallerIdNumber": plan.source_caller_id,
            "sourceDisplayName": plan.source_display_name,
            "source": plan.source,
            "correlationId": self.correlation_id,
            "answeredBy": plan.answered_by,
            "answeredFor": plan.answered_for,
        }
        if self.media is not None:
            found["mediaStreamingSubscription"] = {
                "id": self.media.subscription_id,
                "state": "active" if self.media.connected else "inactive",
                "subscribedContentTypes": ["audio"],
            }
        if self.transcription is not None:
            found["transcriptionSubscription"] = {
                "id": self.transcription.subscription_id,
                "state": "active" if self.transcription.connected else "inactive",
                "subscribedResultTypes": ["final"],
                "locale": self.transcription.locale,
            }
        return {key: msgspec.to_builtins(value) for key, value in found.items() if value is not None}

    def _stop_ringing(self, result: Result) -> None:
        for caller, task in self.ringing.items():
            caller.over(result)
            if task is not None:
                task.cancel()
        self.ringing.clear()

    def _seat(self, caller: Caller) -> None:
        self.participants[caller.raw_id] = Participant(caller.identity, caller)
        caller.join(self, self._now())

    def _beat_from(self, began_s: float, number: int) -> None:
        """Frame `number` of a schedule that began at `began_s`: what runs late catches up."""
        try:
            self._one_beat(began_s, number)
        except Exception as defect:
            self.background.failures.append(defect)
            raise
        late_s = random.uniform(0, self.behaviour.jitter_ms / 1000)
        due_s = began_s + (number + 1) * FRAME_S + late_s
        self._beat = asyncio.get_running_loop().call_at(due_s, self._beat_from, began_s, number + 1)

    def _one_beat(self, began_s: float, number: int) -> None:
        now_s = self._now()
        due_s = began_s + number * FRAME_S
        self.max_late_ms = max(self.max_late_ms, (now_s - due_s) * 1000)
        spoken: list[tuple[str, bytes | None]] = []
        for participant in self.participants.values():
            if (caller := participant.caller) is not None:
                caller.ear.play_until(now_s)
                frame = caller.take(self.rate_hz, now_s, due_s)
                spoken.append((caller.raw_id, None if participant.is_muted or participant.is_on_hold else frame))
        if self.media is not None and self.media.connected:
            self.media.send_audio(spoken)
        if self.transcription is not None and self.behaviour.transcribes:
            self.transcription.listen(spoken)
        if self.recognition is not None:
            self.recognition.time_is(now_s)

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

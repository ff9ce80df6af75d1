"""Media streaming of one call: the service connects, sends what is said, and hands on what it is to play."""

import asyncio
import base64
import json
import uuid
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Literal

import msgspec

from tests.cloud.acs.call_socket import CallSocket
from tests.cloud.acs.events import DONE, INTERRUPTED, NO_SOCKET, Result, streaming_update
from tests.cloud.acs.outbound import Audio, ProtocolViolation, StopAudio, read_outbound
from tests.cloud.acs.pcm import frame_bytes, mix
from tests.cloud.acs.requests import MediaOptions, WithCallback
from tests.cloud.acs.sockets import ServiceSocket, SocketRefused
from tests.cloud.journal import Journal

if TYPE_CHECKING:
    from tests.cloud.acs.calls import Call

Silence = Literal["flagged", "empty", "zeros"]
"""What is sent while somebody says nothing: zeros with `silent` true, no sound at all with it, or just zeros."""
MAX_SPEAKERS = 4
"""An unmixed stream carries no more of them."""
REFUSALS = {
    400: "badRequest",
    401: "authenticationFailure",
    403: "forbidden",
    429: "tooManyRequests",
}


class Received(msgspec.Struct, frozen=True):
    """A message of the application's: when, which, and how many bytes of sound."""

    at_s: float
    kind: Literal["audio", "stop", "ignored", "violation"]
    bytes: int = 0
    reason: str = ""


class MediaStream(CallSocket):
    """The subscription. `received` is all the application sent, what it must not send included.

    `stalled`: while true the socket is open, but the service sends no audio.
    """

    def __init__(self, call: "Call", options: MediaOptions) -> None:
        super().__init__(call, options.transport_url)
        self.options = options
        self.subscription_id = str(uuid.uuid4())
        self.received: Journal[Received] = Journal()
        self.connections = 0
        self.close_code: int | None = None
        self.stalled = False
        self._reconnect_after_s: float | None = None

    @property
    def dropped(self) -> int:
        """Messages that the application did not read in time, on the open socket."""
        return self._socket.dropped if self._socket else 0

    @property
    def violations(self) -> list[Received]:
        """What the application must not have sent."""
        return self.received.where(lambda message: message.kind == "violation")

    def start(self, order: WithCallback, details: str = "subscriptionStarted") -> None:
        """Connect, in the background, and tell the application how it went."""
        if not self._call.behaviour.opens_sockets:
            return
        self._opening = self._wanted = True
        self._call.background.start(self._start(order, details))

    def drop(self, reconnect_after_s: float | None = None) -> None:
        """Lose the connection, and connect again after that time (None: not before it is asked for)."""
        self._reconnect_after_s = reconnect_after_s
        if self._socket is not None:
            self._socket.drop()

    def send_audio(self, spoken: list[tuple[str, bytes | None]]) -> None:
        """A frame of each speaker, by raw id, None if he says nothing. Mixed streams get one."""
        if self._socket is None or self.stalled or not spoken:
            return
        at = _timestamp()
        if self.options.audio_channel_type == "mixed":
            heard = [pcm for _, pcm in spoken if pcm is not None]
            name = spoken[0][0] if self._call.behaviour.names_in_mixed else None
            self._socket.send(self._audio_message(at, name, mix(heard) if heard else None))
        else:
            for raw_id, pcm in spoken[:MAX_SPEAKERS]:
                self._socket.send(self._audio_message(at, raw_id, pcm))

    def send_dtmf(self, raw_id: str, key: str) -> None:
        """A key was pressed, as it is on the keypad."""
        if self._socket is not None and self.options.enable_dtmf_tones:
            dtmf = {"data": key, "timestamp": _timestamp(), "participantRawID": raw_id}
            self._socket.send(json.dumps({"kind": "DtmfData", "dtmfData": dtmf}))

    def send_raw(self, text: str) -> None:
        """Any text at all."""
        if self._socket is not None:
            self._socket.send(text)

    def _audio_message(self, at: str, raw_id: str | None, pcm: bytes | None) -> str:
        manner: Silence = self._call.behaviour.silence
        silent = pcm is None and manner != "zeros"
        if pcm is None:
            pcm = b"" if manner == "empty" else bytes(frame_bytes(self.options.rate_hz))
        name = "" if raw_id is None else f'"participantRawID":{json.dumps(raw_id)},'
        sound = f'"data":"{base64.b64encode(pcm).decode()}","silent":{"true" if silent else "false"}'
        return f'{{"kind":"AudioData","audioData":{{"timestamp":"{at}",{name}{sound}}}}}'

    async def _start(self, order: WithCallback, details: str) -> None:
        await asyncio.sleep(self._call.behaviour.socket_delay_s)
        try:
            connection = await self._open()
        except SocketRefused as refusal:
            reason = REFUSALS.get(refusal.status or 0, "initialWebSocketConnectionFailed")
            self._report("Failed", reason, NO_SOCKET, order)
            return
        if connection is None:
            return
        self.connections += 1
        connection.send(self._metadata())
        self._report("Started", details, DONE, order)
        await self._serve(connection, order)

    async def _serve(self, connection: ServiceSocket, order: WithCallback) -> None:
        self.close_code = await connection.serve(partial(self._on_text, connection), self._on_binary)
        if self._socket is not connection:
            return
        self._socket = None
        again_s = self._reconnect_after_s
        self._reconnect_after_s = None
        if again_s is None:
            behaviour = self._call.behaviour
            again_s = behaviour.draw_reconnect() if behaviour.draw_reconnect else behaviour.reconnect_after_s
        if self.close_code == 1000:
            self._report("Stopped", "subscriptionStopped", DONE, order)
            return
        self._report("Failed", "streamConnectionInterrupted", INTERRUPTED, order)
        if again_s is not None:
            await asyncio.sleep(again_s)
            if not self._call.ended and not self.busy:
                self.start(order, "streamConnectionReestablished")

    def _on_text(self, connection: ServiceSocket, text: str) -> None:
        if self._socket is not connection:
            # Nothing of what comes on a socket that is not streamed to is heard.
            return
        at_s = asyncio.get_running_loop().time()
        try:
            message = read_outbound(text, lenient=self._call.behaviour.lenient)
        except ProtocolViolation as violation:
            self.received.append(Received(at_s, "violation", len(text), str(violation)))
            return
        match message:
            case Audio(pcm) if self.options.enable_bidirectional:
                self.received.append(Received(at_s, "audio", len(pcm)))
                for listener in self._call.listeners():
                    listener.ear.receive(pcm, at_s)
            case StopAudio() if self.options.enable_bidirectional:
                self.received.append(Received(at_s, "stop"))
                for listener in self._call.listeners():
                    listener.ear.stop(at_s)
            case _:
                self.received.append(Received(at_s, "ignored", reason="enableBidirectional is off"))

    def _on_binary(self, payload: bytes) -> None:
        at_s = asyncio.get_running_loop().time()
        self.received.append(Received(at_s, "violation", len(payload), "a binary message"))

    def _metadata(self) -> str:
        rate_hz = self.options.rate_hz
        about = {"subscriptionId": self.subscription_id, "encoding": "PCM", "sampleRate": rate_hz, "channels": 1}
        return json.dumps({"kind": "AudioMetadata", "audioMetadata": {**about, "length": frame_bytes(rate_hz)}})

    def _report(self, what: str, details: str, result: Result, order: WithCallback) -> None:
        update = streaming_update(f"mediaStreaming{what}", details)
        self._call.emit(f"MediaStreaming{what}", {"mediaStreamingUpdate": update}, result, order)


def _timestamp() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

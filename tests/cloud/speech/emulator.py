"""The emulator of Azure Speech: speech to text and text to speech, for the real native SDK on plain WebSockets.

    async with SpeechEmulator(recognition=Scripted("Hello.", "Goodbye.")) as speech:
        config = SpeechConfig(endpoint=speech.endpoint, subscription=speech.key)
        # ... the SDK recognizes each stretch of loud audio as the next utterance, and speaks in tones
        phrase = await speech.messages.until(lambda m: m.sent and m.path == "speech.phrase")

**Addresses.** `endpoint` is ws://127.0.0.1:PORT, for SpeechConfig(endpoint=...) or (host=...). All paths that the SDK
uses by itself are served; for text streams give `endpoint + "/tts/cognitiveservices/websocket/v2"`: v1 refuses them.
The SDK's calls that wait (`.get()`) must not run on the loop that the emulator runs on.

**Access.** `key` is taken; with `entra=EntraEmulator()` also its tokens, `Bearer JWT` or `Bearer aad#RESOURCE_ID#JWT`,
audience https://cognitiveservices.azure.com. All else is 401. `expire_tokens()` closes every connection that came with
a token (1008), and takes none of these tokens any more. `keys` is a set; add to it, or clear it.

**Recognition.** `recognition` is the engine; it may be replaced at any time, from the next turn on.
`Scripted(*texts or Utterance(...))`: an utterance for each stretch of speech (louder than -45 dBFS, ended by the
client's segmentation silence, by default 500 ms, of silent audio: keep sending), or at given places in the audio.
`LatencyEcho(final_after_ms=300, partial_every_ms=200)`: for benchmarks. `Embedded(decode)`: a real engine. Languages
and speakers are told if the client asked. `turn_per_utterance=True`: the service ends the turn after each utterance.
`recognitions` notes each turn: languages, phrases, diarization, segmentation_ms, audio, and its blocks with times.

**Synthesis.** `voice` is a callable (see `voices.Voice`), by default tones; `delivery = Delivery(first_byte_ms=0,
speed=0, chunk_ms=100)` says how audio comes. `syntheses` notes each request: ssml, spoken (voice, style, rate, pitch,
text), output format, words, audio, outcome. SSML that the service would refuse closes the connection with 1007.

**Notes.** `connections`, `messages` (every frame, either way), `recognitions`, `syntheses` are journals:
`await speech.messages.until(lambda m: ...)`. Times are `time.monotonic()`. With `keep_audio=False` (for load) audio and
its messages are not kept, only counted.

**Faults.** `faults` has a method for each: see `faults.Faults`. Besides, `await stop_listening()` refuses connections
as a dead host does, until `await listen()`; `break_connections(lane, code)` ends those that are open.

Alone, with tones and a latency echo, until interrupted: `python -m tests.cloud.speech.emulator [PORT]`
"""

import asyncio
import contextlib
import sys
import time
from collections.abc import Collection
from typing import Self

from aiohttp import web

from tests.cloud.background import Background
from tests.cloud.entra import EntraEmulator
from tests.cloud.journal import Journal
from tests.cloud.speech.access import RESOURCE_ID, Access
from tests.cloud.speech.energy import Segments
from tests.cloud.speech.engines import (
    Ear,
    Embedded,
    Heard,
    LatencyEcho,
    Partial,
    RecognitionEngine,
    Scripted,
    Utterance,
)
from tests.cloud.speech.faults import ALWAYS, Faults
from tests.cloud.speech.link import CLOSE_ANSWER_S, Link
from tests.cloud.speech.recognition import BAD_REQUEST, RecognitionSocket
from tests.cloud.speech.records import Block, Connection, Lane, Message, Recognition, Synthesis
from tests.cloud.speech.ssml import Manner, Span, Spoken, SsmlError
from tests.cloud.speech.synthesis import Delivery, SynthesisSocket
from tests.cloud.speech.voices import Voice, Voiced, Word, tone_voice
from tests.cloud.speech.wire import WireError
from tests.cloud.web_server import WebServer

__all__ = [
    "ALWAYS",
    "KEY",
    "RESOURCE_ID",
    "Block",
    "Connection",
    "Delivery",
    "Ear",
    "Embedded",
    "Faults",
    "Heard",
    "LatencyEcho",
    "Manner",
    "Message",
    "Partial",
    "Recognition",
    "RecognitionEngine",
    "Scripted",
    "Segments",
    "Span",
    "SpeechEmulator",
    "Spoken",
    "Synthesis",
    "Utterance",
    "Voice",
    "Voiced",
    "Word",
    "tone_voice",
]

KEY = "a-key-of-the-speech-emulator"
POLICY_VIOLATION = 1008
SEGMENT_BYTES = 1_400
"""As on any network. With the loopback's 64 KB the kernel would hold back what a recognizer sends, 40 ms at times,
until what it sent before is acknowledged: the SDK leaves that on."""
SHUTDOWN_S = 0.5
PATHS: dict[str, Lane] = {
    "/stt/speech/universal/v2": "recognition",
    "/speech/universal/v2": "recognition",
    "/speech/recognition/conversation/cognitiveservices/v1": "recognition",
    "/speech/recognition/interactive/cognitiveservices/v1": "recognition",
    "/speech/recognition/dictation/cognitiveservices/v1": "recognition",
    "/cognitiveservices/websocket/v1": "synthesis",
    "/cognitiveservices/websocket/v2": "synthesis",
    "/tts/cognitiveservices/websocket/v1": "synthesis",
    "/tts/cognitiveservices/websocket/v2": "synthesis",
}


class SpeechEmulator:
    """See the module. `entra`: whose tokens are taken besides the key."""

    def __init__(
        self,
        *,
        recognition: RecognitionEngine | None = None,
        voice: Voice = tone_voice,
        delivery: Delivery | None = None,
        key: str = KEY,
        entra: EntraEmulator | None = None,
        resource_id: str = RESOURCE_ID,
        turn_per_utterance: bool = False,
        keep_audio: bool = True,
        port: int = 0,
    ) -> None:
        self.recognition: RecognitionEngine = recognition or LatencyEcho()
        self.voice = voice
        self.delivery = delivery or Delivery()
        self.key = key
        self.turn_per_utterance = turn_per_utterance
        self.faults = Faults()
        self.connections: Journal[Connection] = Journal()
        self.messages: Journal[Message] = Journal()
        self.recognitions: Journal[Recognition] = Journal()
        self.syntheses: Journal[Synthesis] = Journal()
        self._access = Access({key}, entra.tokens if entra else None, resource_id)
        self._keep_audio = keep_audio
        self._port = port
        self._background = Background()
        self._links: set[Link] = set()
        self._service_tags: set[str] = set()

    async def __aenter__(self) -> Self:
        self._closing = asyncio.Event()
        app = web.Application()
        app.router.add_get("/{path:.*}", self._connect)
        self._server = WebServer(app, shutdown_s=SHUTDOWN_S)
        await self.listen()
        return self

    async def __aexit__(self, *failure: object) -> None:
        self._closing.set()
        await self.stop_listening()
        for link in list(self._links):
            link.abort()
        try:
            await self._background.close()
        finally:
            await self._server.close()

    @property
    def endpoint(self) -> str:
        """For the SDK."""
        return f"ws://{self._server.address}"

    @property
    def resource_id(self) -> str:
        """Of tokens that begin with `aad#`."""
        return self._access.resource_id

    @property
    def keys(self) -> set[str]:
        """What is taken as a key; may be changed."""
        return self._access.keys

    def open_connections(self, lane: Lane | None = None) -> list[Connection]:
        """Those that are."""
        return self.connections.where(lambda c: c.open and lane in (None, c.lane))

    def break_connections(self, lane: Lane | None = None, code: int | None = None) -> int:
        """Close all that are open with a code, or break them (None); how many they were."""
        links = [link for link in self._links if lane in (None, link.connection.lane)]
        for link in links:
            link.end(code, "switched off")
        return len(links)

    def expire_tokens(self, bearers: Collection[str | None] = ()) -> int:
        """Take tokens no more, and close the connections that came with them; how many those were.

        Args:
            bearers: as connections have them; by default all with which there was a connection so far.
        """
        used = bearers or [connection.bearer for connection in self.connections]
        ended = {bearer for bearer in used if bearer is not None}
        for bearer in ended:
            self._access.withdraw(bearer)
        links = [link for link in self._links if link.connection.bearer in ended]
        for link in links:
            link.end(POLICY_VIOLATION, "the token has expired")
        return len(links)

    async def stop_listening(self) -> None:
        """Refuse connections as a dead host does; those that are open stay."""
        await self._server.stop_listening()

    async def listen(self) -> None:
        """Take connections, at the same port as before."""
        await self._server.listen(self._port, segment_bytes=SEGMENT_BYTES)

    async def _connect(self, request: web.Request) -> web.StreamResponse:
        lane = PATHS.get(request.path)
        if lane is None:
            return web.Response(status=404, text=f"nothing is served at {request.path}")
        query, headers = dict(request.query), dict(request.headers)
        number = len(self.connections)
        connection = Connection(number, lane, request.path, query, headers, time.monotonic())
        self.connections.append(connection)
        if refused := await self._refusal(request, connection):
            connection.status = refused.status
            return refused
        socket = web.WebSocketResponse(
            protocols=("USP",), compress=False, max_msg_size=0, timeout=CLOSE_ANSWER_S, autoping=True
        )
        await socket.prepare(request)
        connection.status, connection.opened_at_s = 101, time.monotonic()
        await self._serve(Link(request, socket, connection, self.messages, notes_audio=self._keep_audio))
        return socket

    async def _refusal(self, request: web.Request, connection: Connection) -> web.Response | None:
        """The answer instead of an upgrade."""
        number, lane = connection.number, connection.lane
        if fault := self.faults.take("slow_connect", number, lane=lane):
            await self._wait(request, fault.delay_s)
        if self.faults.take("hang", number, lane=lane):
            await self._wait(request)
        if self.faults.take("reset", number, lane=lane) and request.transport is not None:
            request.transport.abort()
        if fault := self.faults.take("refuse", number, lane=lane):
            after = {} if fault.retry_after_s is None else {"Retry-After": f"{fault.retry_after_s:g}"}
            return web.Response(status=fault.status, headers=after)
        if request.transport is None or request.transport.is_closing():
            return web.Response(status=499)  # nobody reads it
        if not self._access.admits(connection):
            return web.Response(status=401, text="Access denied due to invalid subscription key or wrong token.")
        if request.headers.get("Upgrade", "").lower() != "websocket":
            return web.Response(status=426, text="this is a WebSocket's address")
        return None

    async def _wait(self, request: web.Request, delay_s: float = 3600.0) -> None:
        """For so long, or until the client or the test leaves."""
        until_s = time.monotonic() + delay_s
        while (left_s := until_s - time.monotonic()) > 0 and not self._closing.is_set():
            if request.transport is None or request.transport.is_closing():
                return
            try:
                await asyncio.wait_for(self._closing.wait(), min(0.05, left_s))
            except TimeoutError:
                continue

    async def _serve(self, link: Link) -> None:
        self._links.add(link)
        writing = self._background.start(link.write())
        lane = self._lane(link)
        try:
            while (frame := await link.receive()) is not None:
                lane.take(frame)
        except (WireError, SsmlError) as error:
            link.end(BAD_REQUEST, str(error))
        finally:
            lane.close()
            if link.ending:  # a close of ours takes until the client answers it, or it would see a broken connection
                await asyncio.wait([writing], timeout=CLOSE_ANSWER_S + 1.0)
            writing.cancel()
            link.closed()
            self._links.discard(link)

    def _lane(self, link: Link) -> RecognitionSocket | SynthesisSocket:
        if link.connection.lane == "recognition":
            return RecognitionSocket(
                link,
                lambda: self.recognition,
                self.faults,
                self._background,
                self._note_recognition,
                self._service_tags,
                keep_audio=self._keep_audio,
                turn_per_utterance=self.turn_per_utterance,
            )
        return SynthesisSocket(
            link,
            lambda: self.voice,
            lambda: self.delivery,
            self.faults,
            self._background,
            self._note_synthesis,
            keep_audio=self._keep_audio,
        )

    def _note_recognition(self, recognition: Recognition) -> None:
        recognition.number = len(self.recognitions)
        self.recognitions.append(recognition)

    def _note_synthesis(self, synthesis: Synthesis) -> None:
        synthesis.number = len(self.syntheses)
        self.syntheses.append(synthesis)


async def _alone(port: int) -> None:
    async with SpeechEmulator(port=port, keep_audio=False) as speech:
        print(f"AZURE_SPEECH_ENDPOINT={speech.endpoint} AZURE_SPEECH_KEY={speech.key}", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_alone(int(sys.argv[1]) if len(sys.argv) > 1 else 0))

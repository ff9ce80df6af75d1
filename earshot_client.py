"""Talk with an Earshot server from Python: one file, typed, for asyncio. It needs aiohttp and nothing else.

    import asyncio
    from earshot_client import Conversation, Heard

    async def main() -> None:
        async with Conversation("http://localhost:8000", agent="dentist") as call:
            await call.say("when are you open on saturday")
            async for event in call:
                if isinstance(event, Heard) and event.turn > 0:
                    print(event.text)
                    await call.hang_up()

    asyncio.run(main())

`send_audio` takes the user's voice, PCM16LE mono at 16 kHz, in pieces of any length. `Audio` events bring the agent's,
at `sample_rate` and ahead of time: play them in order, and drop what is not played yet at `Cleared`. A lost connection
is opened again with the same session, while events are read. Whoever reads none is disconnected by the server after a
while.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal, Self
from urllib.parse import urlsplit, urlunsplit

import aiohttp

API = "/api/v1"
OPEN_WITHIN_S = 10.0
RECONNECT_WITHIN_S = 30.0
FIRST_WAIT_S, LONGEST_WAIT_S = 0.25, 4.0
HEARTBEAT_S = 15.0
NORMAL, NO_CLOSE_FRAME = 1000, 1006
REFUSALS = (1008, 1009)
"""Close codes after which another attempt would end the same way."""


class EarshotError(Exception):
    """Base of what this module raises."""


class RefusedError(EarshotError):
    """The server refuses the conversation; `code` is the WebSocket's close code, the text its reason."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"{reason or 'refused'} ({code})")
        self.code = code
        self.reason = reason


class UnreachableError(EarshotError):
    """The server cannot be reached, or did not come back in time."""


@dataclass(frozen=True, slots=True)
class Opened:
    """The conversation is open. `resumed`: it goes on where it was."""

    session_id: str
    resume_token: str
    resumed: bool
    agent: str
    label: str


@dataclass(frozen=True, slots=True)
class Reconnecting:
    """The connection is lost; it is being opened again."""

    code: int
    reason: str


@dataclass(frozen=True, slots=True)
class Draining:
    """The server is about to restart: the conversation ends with a goodbye, or goes on after a `Reconnecting`."""

    message: str


@dataclass(frozen=True, slots=True)
class HandedOff:
    """Another agent has the conversation, from `turn` on."""

    turn: int
    agent: str
    label: str


@dataclass(frozen=True, slots=True)
class Partial:
    """What the user seems to be saying."""

    text: str


@dataclass(frozen=True, slots=True)
class Said:
    """What the user said, or typed. `confidence` from 0 to 1."""

    turn: int
    text: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Reply:
    """A piece of a reply as it is about to be heard. `kind`: reply, greeting, filler, prompt, apology or goodbye."""

    turn: int
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Heard:
    """What was heard of a reply that is over, in place of its pieces."""

    turn: int
    text: str
    interrupted: bool


@dataclass(frozen=True, slots=True)
class Audio:
    """The agent's voice: PCM16LE mono."""

    pcm: bytes


@dataclass(frozen=True, slots=True)
class Cleared:
    """The reply was dropped: drop its audio that is not played yet."""

    turn: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class Floor:
    """Who has the right to speak from now on: nobody, user or agent."""

    holder: str
    turn: int


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool begins to run (`phase` start), has done so many `percent` of its work (`progress`), or has ended (`end`);
    `result` or `error` then."""

    phase: Literal["start", "progress", "end"]
    call_id: str
    name: str
    arguments: Any = None
    result: Any = None
    error: str | None = None
    percent: int = 0


@dataclass(frozen=True, slots=True)
class Metrics:
    """The times of a turn in ms by name, such as `first_audio_ms`; None for what did not happen."""

    turn: int
    times: dict[str, float | None]
    interrupted: bool


@dataclass(frozen=True, slots=True)
class Problem:
    """The server says that something went wrong; the conversation goes on."""

    text: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The conversation is over: NORMAL, HUMAN_HANDOFF, IDLE_TIMEOUT, ERROR, or, of a call that a machine answered,
    VOICEMAIL or MESSAGE_LEFT. No event follows."""

    reason: str


Event = (
    Opened
    | Reconnecting
    | Draining
    | HandedOff
    | Partial
    | Said
    | Reply
    | Heard
    | Audio
    | Cleared
    | Floor
    | Tool
    | Metrics
    | Problem
    | Ended
)
Token = str | Callable[[], Awaitable[str]]


class Conversation:
    """One conversation with an agent. To be used with `async with`, then iterated over for its events.

    Args:
        server: its address, http or https.
        agent: by name; the server's default without one.
        mode: media, voice_live or transcription; the server's default without one.
        token: where the server demands one, of `POST /api/v1/realtime/token`, or what fetches one for each connection.
        sample_rate: of the agent's audio, in Hz: 16000, 24000 or 48000.
        session_id, resume_token: of a conversation to go on with.
    """

    def __init__(
        self,
        server: str = "http://localhost:8000",
        *,
        agent: str = "",
        mode: str = "",
        token: Token = "",
        sample_rate: int = 24_000,
        session_id: str = "",
        resume_token: str = "",
    ) -> None:
        parts = urlsplit(server)
        scheme = {"http": "ws", "https": "wss"}.get(parts.scheme)
        if scheme is None or not parts.netloc:
            raise ValueError(f"server: expected an http or https address, got {server!r}")
        self._url = urlunsplit((scheme, parts.netloc, parts.path.rstrip("/") + f"{API}/realtime/conversation", "", ""))
        self._asked = {"agent": agent, "streaming_mode": mode, "sample_rate": str(sample_rate), "encoding": "binary"}
        self._token = token
        self.session_id = session_id
        self.resume_token = resume_token
        self._opened: Opened | None = None
        self._ended = False

    async def __aenter__(self) -> Self:
        """Open it.

        Raises:
            RefusedError: the server does not take it.
            UnreachableError: it is not there.
        """
        self._http = aiohttp.ClientSession()
        try:
            await self._open()
        except BaseException:
            await self._http.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Hang up, if the conversation has not ended, and close the connection."""
        try:
            await self.hang_up()
            await self._socket.close()
        finally:
            await self._http.close()

    async def _open(self) -> None:
        token = self._token if isinstance(self._token, str) else await self._token()
        query = {**self._asked, "session_id": self.session_id, "resume_token": self.resume_token, "token": token}
        try:
            async with asyncio.timeout(OPEN_WITHIN_S):
                self._socket = await self._http.ws_connect(
                    self._url,
                    params={name: value for name, value in query.items() if value},
                    heartbeat=HEARTBEAT_S,
                )
                first = await self._socket.receive()
        except (aiohttp.ClientError, OSError) as error:
            raise UnreachableError(f"{self._url}: {error or type(error).__name__}") from error
        if first.type is not aiohttp.WSMsgType.TEXT:
            code, reason = self._closing(first)
            raise RefusedError(code, reason)
        payload = json.loads(first.data)["payload"]
        self.session_id, self.resume_token = payload["session_id"], payload["resume_token"]
        self._opened = Opened(
            self.session_id, self.resume_token, payload["resumed"], payload.get("agent", ""), payload.get("label", "")
        )

    def _closing(self, message: aiohttp.WSMessage) -> tuple[int, str]:
        code = message.data if message.type is aiohttp.WSMsgType.CLOSE else self._socket.close_code
        return code or NO_CLOSE_FRAME, str(message.extra or "")

    # what the user does

    async def say(self, text: str) -> bool:
        """Type instead of speaking; it takes the floor. Whether it was sent: not while reconnecting, nor at the end."""
        return await self._send({"type": "text", "text": text})

    async def send_audio(self, pcm: bytes) -> bool:
        """The user's voice, PCM16LE mono at 16 kHz, at most two seconds. Whether it was sent, as for `say`."""
        if self._socket.closed:
            return False
        try:
            await self._socket.send_bytes(pcm)
        except (ConnectionError, aiohttp.ClientError):
            return False
        return True

    async def interrupt(self) -> bool:
        """Silence the agent. Whether it was sent, as for `say`."""
        return await self._send({"type": "interrupt"})

    async def hang_up(self) -> bool:
        """End the conversation; the events up to `Ended` still come. Whether it was sent, as for `say`."""
        return not self._ended and await self._send({"type": "hang_up"})

    async def _send(self, message: dict[str, Any]) -> bool:
        if self._socket.closed:
            return False
        try:
            await self._socket.send_str(json.dumps(message))
        except (ConnectionError, aiohttp.ClientError):
            return False
        return True

    # what happens

    async def __aiter__(self) -> AsyncIterator[Event]:
        """The events, from `Opened` to `Ended`.

        Raises:
            RefusedError: the server closes the connection for what this client did, or does not take it back.
            UnreachableError: a lost connection could not be opened again within RECONNECT_WITHIN_S.
        """
        while not self._ended:
            if self._opened is not None:
                opened, self._opened = self._opened, None
                yield opened
            message = await self._socket.receive()
            if message.type is aiohttp.WSMsgType.BINARY:
                yield Audio(message.data)
            elif message.type is aiohttp.WSMsgType.TEXT:
                event = understood(json.loads(message.data))
                self._ended = isinstance(event, Ended)
                if event is not None:
                    yield event
            else:
                code, reason = self._closing(message)
                if code == NORMAL:
                    self._ended = True
                    yield Ended("NORMAL")
                elif code in REFUSALS:
                    raise RefusedError(code, reason)
                else:
                    yield Reconnecting(code, reason)
                    await self._reconnect()

    async def _reconnect(self) -> None:
        loop = asyncio.get_running_loop()
        ends_at, wait_s = loop.time() + RECONNECT_WITHIN_S, FIRST_WAIT_S
        while True:
            await asyncio.sleep(wait_s)
            try:
                await self._open()
            except RefusedError as refused:
                if refused.code in REFUSALS or loop.time() > ends_at:
                    raise
            except UnreachableError:
                if loop.time() > ends_at:
                    raise
            else:
                return
            wait_s = min(2 * wait_s, LONGEST_WAIT_S)


def understood(message: dict[str, Any]) -> Event | None:
    """A message of the server as an event; None for what this client has no use for, as from a newer server."""
    payload = message.get("payload") or {}
    match message.get("type"):
        case "event" if payload.get("event_type") == "stt_partial":
            return Partial(payload["message"])
        case "event" if payload.get("event_type") == "draining":
            return Draining(payload["message"])
        case "event" if payload.get("event_type") == "agent_changed":
            return HandedOff(payload["turn"], payload["agent"], payload["label"])
        case "event" if message.get("sender") == "User":
            return Said(payload["turn"], payload["message"], payload["confidence"])
        case "status":
            return Reply(payload["turn"], "greeting", payload["message"])
        case "assistant_streaming":
            return Reply(payload["turn"], payload["kind"], payload["content"])
        case "assistant_final":
            return Heard(message["turn"], message["content"], message["interrupted"])
        case "control" if message.get("action") == "tts_cancelled":
            return Cleared(message.get("turn"), message.get("reason", ""))
        case "floor":
            return Floor(message["floor"], message["turn"])
        case "tool_start":
            return Tool("start", message["callId"], message["tool"], arguments=message["args"])
        case "tool_progress":
            return Tool("progress", message["callId"], message["tool"], percent=message["pct"])
        case "tool_end":
            result, error = message["result"], message["error"]
            return Tool("end", message["callId"], message["tool"], result=result, error=error)
        case "turn_metrics":
            times = {name: value for name, value in message.items() if name.endswith("_ms")}
            return Metrics(message["turn"], times, message["interrupted"])
        case "error":
            return Problem(payload["error_message"])
        case "session_end":
            return Ended(message["reason"])
        case _:
            return None

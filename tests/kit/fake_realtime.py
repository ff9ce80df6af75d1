"""A speech-to-speech model for tests on virtual time: exact, scripted, and able to fail."""

import asyncio
import re
from array import array
from collections import deque
from collections.abc import Callable

import msgspec

from actors.conversation import ChatMessage
from actors.errors import ErrorKind, RealtimeError
from actors.messages.transcript import FinalTranscript
from actors.ports import realtime as port
from actors.ports import realtime_events as reported
from actors.ports.llm import ToolCalled
from actors.session.realtime.spoken_reply import GO_ON
from protocol.realtime.failure_kinds import FailureKind

CHUNK_MS = 100
SPEED = 5.0
"""Audio comes so many times faster than it plays."""
MS_PER_CHAR = 50
SOUND = "sound"
RAMP = array("h", range(1, 30_001))
"""What a reply sounds like, over and over: of each sample it can be told where in the reply it stood."""
RAMP_TWICE = RAMP + RAMP


Scripted = str | ToolCalled | reported.ResponseFinished
"""A text that is spoken, a call of a tool, or how the response fails before its first word."""


class FakeRealtime:
    """Answers each response with the next of `replies`; one who is to go on with a reply says the rest of it."""

    def __init__(self, *replies: Scripted, words: str = "", word_times: bool = False) -> None:
        self.replies: deque[Scripted] = deque(replies)
        self.word_times = word_times
        self.tells_ends = True
        """Whether it tells the end of a response; else its session makes no other one."""
        self.limit_s: float | None = None
        """Sessions end after this, which is told ahead."""
        self.saying = ""
        """What was said last, or is being said."""
        self.words = words
        """What each turn of the caller is understood as, late; empty: nothing tells."""
        self.sessions: list[FakeRealtimeSession] = []
        self.asides: list[FakeRealtimeSession] = []
        """The sessions that only write."""
        self.written: Callable[[], Scripted] = lambda: "They have talked."
        """What is answered in them."""
        self.refusals: deque[ErrorKind] = deque()
        """The next sessions are refused so."""

    @property
    def abilities(self) -> port.RealtimeAbilities:
        return port.RealtimeAbilities()

    async def open(
        self, options: port.RealtimeOptions, report: Callable[[reported.RealtimeEvent], None]
    ) -> "FakeRealtimeSession":
        await asyncio.sleep(0.05)
        if self.refusals:
            raise RealtimeError(self.refusals.popleft(), "fake")
        session = FakeRealtimeSession(self, options, report)
        (self.sessions if options.speaks else self.asides).append(session)
        report(reported.RealtimeReady(self.limit_s))
        if self.limit_s is not None:
            loop = asyncio.get_running_loop()
            loop.call_later(self.limit_s * 3 / 4, session.tell, reported.RealtimeExpiring(self.limit_s / 4))
            loop.call_later(self.limit_s, session.drop, FailureKind.EXPIRED)
        return session

    async def close(self) -> None:
        return


class FakeRealtimeSession:
    """One session, with what it was told."""

    def __init__(
        self, model: FakeRealtime, options: port.RealtimeOptions, report: Callable[[reported.RealtimeEvent], None]
    ) -> None:
        self.options = options
        self.turns: list[int] = []
        """The length of each turn of the caller in ms."""
        self.added: list[ChatMessage] = []
        self.told: list[str] = [message.role.value for message in options.history]
        """The roles of what it was told, in order; `SOUND` is a turn of the caller that it has heard."""
        self.asked: list[list[str]] = []
        """What it was told by the time of each response that is not the rest of another one."""
        self.truncated: dict[str, float] = {}
        self.cancelled: list[str] = []
        self.cleared = 0
        self.is_closed = False
        self._model = model
        self._report = report
        self._heard = bytearray()
        self._requests = 0
        self._running: asyncio.Task[None] | None = None

    def append(self, pcm: bytes) -> None:
        self._heard += pcm

    def commit(self) -> None:
        self.turns.append(len(self._heard) * 500 // self.options.rate_hz)
        self._heard.clear()
        self.told.append(SOUND)
        item_id = f"caller-{len(self.turns)}"
        self._tell(reported.CallerCommitted(item_id=item_id, start_ms=0, end_ms=0))
        if self._model.words:
            told = FinalTranscript(text=self._model.words, start_ms=0, end_ms=1)
            asyncio.get_running_loop().call_later(0.5, self._tell, reported.CallerTranscribed(item_id, told))

    def clear(self) -> None:
        self.cleared += 1
        self._heard.clear()

    def add(self, message: ChatMessage) -> None:
        self.added.append(message)
        self.told.append(message.role.value)

    def respond(self, request: port.ResponseRequest) -> int:
        self._requests += 1
        assert self._running is None, "a response runs already"
        if not request.instructions.endswith(GO_ON):
            self.asked.append(list(self.told))
        self._running = asyncio.ensure_future(self._speak(self._requests, request))
        return self._requests

    def _next(self, request: port.ResponseRequest) -> Scripted:
        model = self._model
        if not self.options.speaks:
            return model.written()
        if request.instructions.endswith(GO_ON):
            return model.saying.removeprefix(self.added[-1].text).lstrip()
        reply = model.replies.popleft() if model.replies else "I see."
        model.saying = reply if isinstance(reply, str) else ""
        return reply

    def _time_words(self, response_id: str, item_id: str, reply: str) -> None:
        for word in re.finditer(r"\S+", reply):
            begins_ms, lasts_ms = word.start() * MS_PER_CHAR, len(word[0]) * MS_PER_CHAR
            self._tell(
                reported.ResponseWord(
                    response_id=response_id, item_id=item_id, text=word[0], audio_ms=begins_ms, duration_ms=lasts_ms
                )
            )

    async def _speak(self, number: int, request: port.ResponseRequest) -> None:
        response_id, item_id = f"response-{number}", f"item-{number}"
        reply = self._next(request)
        await asyncio.sleep(0.1)
        self._tell(reported.ResponseStarted(response_id, number))
        if isinstance(reply, reported.ResponseFinished):
            self._running = None
            self._tell(msgspec.structs.replace(reply, response_id=response_id))
            return
        if isinstance(reply, ToolCalled):
            self._tell(reported.ResponseToolCalled(response_id, item_id, reply))
        else:
            self._tell(reported.ResponseTranscript(response_id, item_id, reply))
        if isinstance(reply, str) and self.options.speaks:
            if self._model.word_times:
                self._time_words(response_id, item_id, reply)
            late, rate_hz = 2, self.options.speaks_hz or self.options.rate_hz
            for begin_ms in range(0, len(reply) * MS_PER_CHAR, CHUNK_MS):
                late -= response_id in self.cancelled
                if late < 0:
                    break
                await asyncio.sleep(CHUNK_MS / SPEED / 1_000)
                first = begin_ms * rate_hz // 1_000 % len(RAMP)
                audio = RAMP_TWICE[first : first + rate_hz * CHUNK_MS // 1_000]
                self._tell(reported.ResponseAudio(response_id, item_id, audio.tobytes()))
            else:
                self._tell(reported.ResponseAudioFinished(response_id, item_id))
        if not self._model.tells_ends:
            await asyncio.Event().wait()
        self._running = None
        was_cancelled = response_id in self.cancelled
        status = reported.ResponseStatus.CANCELLED if was_cancelled else reported.ResponseStatus.COMPLETED
        self._tell(reported.ResponseFinished(response_id=response_id, status=status))

    def cancel(self, response_id: str) -> None:
        self.cancelled.append(response_id)

    def truncate(self, item_id: str, heard_ms: float) -> None:
        self.truncated[item_id] = heard_ms

    def delete(self, item_id: str) -> None:
        self.truncated[item_id] = 0.0

    def update(self, changes: port.SessionChanges) -> None:
        return

    def drop(self, kind: FailureKind = FailureKind.TRANSIENT) -> None:
        """The connection breaks."""
        self._tell(reported.RealtimeClosed(kind, "fake"))
        self._end()

    def stall(self) -> None:
        """Nothing more is told, and the connection stays."""
        self._report = lambda event: None

    def tell(self, event: reported.RealtimeEvent) -> None:
        """Report something of the test's own."""
        self._tell(event)

    def _tell(self, event: reported.RealtimeEvent) -> None:
        if not self.is_closed:
            self._report(event)

    def _end(self) -> None:
        self.is_closed = True
        if self._running is not None:
            self._running.cancel()

    async def close(self) -> None:
        self._end()

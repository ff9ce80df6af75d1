"""Plays a recording into a session whose engines only pass on what was noted."""

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import msgspec

from actors.errors import ModelError, RecognizerError, SynthesizerError
from actors.messages.caller import CallerAudio
from actors.ports.clock import Timer
from actors.ports.llm import ModelEvent, ModelRequest, ReplyGenerated
from actors.ports.recipient import Recipient
from actors.ports.vad import VoiceActivity
from actors.runtime.play_clock import PlayClock, Tick
from actors.session.live_session import LiveSession
from actors.session.plan import Engines
from actors.tools import AnyTool, ToolContext, ToolOutcome
from tests.kit.replay.recording import Delivery, Failed, Opened, Probability, Recording, Returned
from tests.kit.replay.tool_front import ToolFront


class Replay:
    """Plays a recording into a session, on a loop whose time starts where the session starts.

    Make the session with `engines()` and `tools()`, start it, and await `run`.
    """

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._started = asyncio.get_running_loop().time()
        self._at = 0.0
        self._counts: defaultdict[str, int] = defaultdict(int)
        self._targets: dict[tuple[str, int], Callable[[Any], None]] = {}
        self._early: defaultdict[tuple[str, int], deque[Any]] = defaultdict(deque)
        self._probabilities: defaultdict[int, deque[float]] = defaultdict(deque)
        for delivery in recording.deliveries:
            if isinstance(delivery.what, Probability):
                self._probabilities[delivery.index].append(delivery.what.value)

    def now(self) -> float:
        """Seconds: the time of the delivery in hand."""
        return self._started + self._at

    def wall(self) -> float:
        """Seconds since the epoch, as they were recorded."""
        return self._recording.wall_s + self._at

    def engines(self, engines: Engines) -> Engines:
        """Engines that pass on what was noted; the store and the background remain."""
        return msgspec.structs.replace(
            engines,
            recognizer=_ReplayedStreams(self, "recognizer", RecognizerError),
            synthesizer=_ReplayedStreams(self, "synthesizer", SynthesizerError),
            model=_ReplayedModel(self),
            voice_activity=lambda: _ReplayedActivity(self, engines.voice_activity()),
            clock=_ReplayedClock(self),
            play_clock=_ReplayedPlayClock(self),
        )

    def tools(self, tools: Mapping[str, AnyTool]) -> dict[str, AnyTool]:
        """Tools that return what was noted."""
        return {name: _ReplayedTool(self, tool) for name, tool in tools.items()}  # type: ignore[misc]  # a tool to its user

    async def run(self, session: LiveSession) -> None:
        """Deliver everything, each at its time."""
        loop = asyncio.get_running_loop()
        for delivery in self._recording.deliveries:
            if isinstance(delivery.what, Probability):
                continue
            await asyncio.sleep(max(0.0, self._started + delivery.at - loop.time()))
            self._at = delivery.at
            self._deliver(session, delivery)
            await settle()

    def _deliver(self, session: LiveSession, delivery: Delivery) -> None:
        what = delivery.what
        if isinstance(what, CallerAudio):
            session.push_audio(what.pcm)
        elif delivery.port == "input":
            session.deliver(what)  # type: ignore[arg-type]  # the port says that it is input
        elif (target := self._targets.get((delivery.port, delivery.index))) is not None:
            target(what)
        else:
            self._early[delivery.port, delivery.index].append(what)

    def register(self, port: str, target: Callable[[Any], None]) -> int:
        """The next user of `port` is `target`; what was delivered before it came is delivered now."""
        self._counts[port] += 1
        index = self._counts[port]
        self._targets[port, index] = target
        for what in self._early.pop((port, index), ()):
            target(what)
        return index

    def forget(self, port: str, index: int) -> None:
        """Deliver nothing more there."""
        self._targets[port, index] = lambda _: None

    def next_probabilities(self) -> "deque[float]":
        """Those of the next detector."""
        self._counts["voice_activity"] += 1
        return self._probabilities[self._counts["voice_activity"]]


async def settle() -> None:
    """Let everything that is ready run, and what becomes ready by it."""
    for _ in range(12):
        await asyncio.sleep(0)


class _ReplayedStreams:
    """A recognizer or a synthesizer: opens streams that say what was noted."""

    def __init__(self, replay: Replay, port: str, error: type[RecognizerError] | type[SynthesizerError]) -> None:
        self._replay, self._port, self._error = replay, port, error

    async def open(self, *asked: Any) -> Any:
        report = asked[-1]
        opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def target(what: Any) -> None:
            match what:
                case Opened():
                    opened.set_result(None)
                case Failed(kind, detail):
                    opened.set_exception(self._error(kind, detail))
                case _:
                    report(what)

        index = self._replay.register(self._port, target)
        await opened
        return _ReplayedStream(self._replay, self._port, index)

    async def close(self) -> None:
        return


class _ReplayedStream:
    """Takes everything and says nothing of its own."""

    def __init__(self, replay: Replay, port: str, index: int) -> None:
        self._replay, self._port, self._index = replay, port, index

    def push(self, pcm: bytes) -> None:
        return

    def finish_utterance(self) -> None:
        return

    def write(self, reply: int, text: str) -> None:
        return

    def finish(self, reply: int) -> None:
        return

    def cancel(self, reply: int) -> None:
        return

    async def close(self) -> None:
        self._replay.forget(self._port, self._index)


class _ReplayedModel:
    def __init__(self, replay: Replay) -> None:
        self._replay = replay

    async def reply(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
        events: asyncio.Queue[Any] = asyncio.Queue()
        self._replay.register("model", events.put_nowait)
        while True:
            event = await events.get()
            if isinstance(event, Failed):
                raise ModelError(event.kind, event.detail)
            yield event
            if isinstance(event, ReplyGenerated):
                return

    async def close(self) -> None:
        return


class _ReplayedActivity:
    def __init__(self, replay: Replay, detector: VoiceActivity) -> None:
        self.rate_hz, self.window_samples = detector.rate_hz, detector.window_samples
        self._probabilities = replay.next_probabilities()

    def probability(self, window: bytes) -> float:
        return self._probabilities.popleft()

    def reset(self) -> None:
        return


class _ReplayedTool(ToolFront):
    def __init__(self, replay: Replay, tool: AnyTool) -> None:
        super().__init__(tool)
        self._replay = replay

    async def run(self, arguments: str, context: ToolContext) -> ToolOutcome:
        returned: asyncio.Future[Returned] = asyncio.get_running_loop().create_future()
        self._replay.register("tool", returned.set_result)
        return (await returned).outcome


class _ReplayedTimer:
    def __init__(self, replay: Replay, index: int) -> None:
        self._replay, self._index = replay, index

    def cancel(self) -> None:
        self._replay.forget("timer", self._index)


class _ReplayedClock:
    def __init__(self, replay: Replay) -> None:
        self._replay = replay

    def now(self) -> float:
        return self._replay.now()

    def wall(self) -> float:
        return self._replay.wall()

    def call_later(self, delay_s: float, address: Recipient[Any], message: Any) -> Timer:
        return _ReplayedTimer(self._replay, self._replay.register("timer", lambda _: address.tell(message)))


class _ReplayedSeat:
    def __init__(self, replay: Replay, index: int) -> None:
        self._replay, self._index = replay, index

    def leave(self) -> None:
        self._replay.forget("tick", self._index)


class _ReplayedPlayClock(PlayClock):
    def __init__(self, replay: Replay) -> None:
        self._replay = replay

    def join(self, tick: Tick, first_at_ms: float | None = None) -> Any:
        return _ReplayedSeat(self._replay, self._replay.register("tick", lambda what: tick(what.at_ms)))

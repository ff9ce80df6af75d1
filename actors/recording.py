"""A session recorded at its ports, and replayed without any provider.

Everything that is not computed from messages enters a session through a port: the connection's input, the engines'
events, the outcomes of tools, timers and ticks that come due. A `Recorder` notes each in order of delivery, with its
time. A `Replay` delivers them in that order, each at its time, to a session whose engines only pass on what was noted;
so the same effects follow, whatever machine and loop it runs on.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import msgspec

from actors.agent import Voice
from actors.errors import ErrorKind, ModelError, RecognizerError, SynthesizerError
from actors.lines import SessionLines
from actors.messages import CallerAudio, InputMessage
from actors.play_clock import PlayClock, Tick
from actors.ports import (
    Address,
    Clock,
    LanguageModel,
    ModelEvent,
    ModelRequest,
    Recognition,
    RecognitionEvent,
    RecognitionOptions,
    ReplyGenerated,
    SpeechRecognizer,
    SpeechSynthesizer,
    Synthesis,
    SynthesisEvent,
    Timer,
    VoiceActivity,
)
from actors.session import Engines
from actors.tools import AnyTool, OnInterruption, ToolContext, ToolOutcome, ToolSchema


class Opened(msgspec.Struct, frozen=True, tag=True):
    """A stream was opened."""


class Failed(msgspec.Struct, frozen=True, tag=True):
    """A call to an engine failed."""

    kind: ErrorKind
    detail: str


class Fired(msgspec.Struct, frozen=True, tag=True):
    """A timer came due."""


class Ticked(msgspec.Struct, frozen=True, tag=True):
    """The play clock ticked."""

    at_ms: float


class Returned(msgspec.Struct, frozen=True, tag=True):
    """A tool came back."""

    outcome: ToolOutcome


class Probability(msgspec.Struct, frozen=True, tag=True):
    """What a detector said of its next window."""

    value: float


Delivered = (
    InputMessage
    | CallerAudio
    | RecognitionEvent
    | SynthesisEvent
    | ModelEvent
    | Opened
    | Failed
    | Fired
    | Ticked
    | Returned
    | Probability
)


class Delivery(msgspec.Struct, frozen=True):
    """What entered the session: when (seconds from its start), through which port, to which of its users."""

    at: float
    port: str
    index: int
    what: Delivered


class Recording(msgspec.Struct, frozen=True):
    """All that entered a session, in order."""

    wall_s: float
    deliveries: list[Delivery]

    def encode(self) -> bytes:
        """As a file."""
        return msgspec.msgpack.encode(self)

    @staticmethod
    def decode(data: bytes) -> "Recording":
        """From a file."""
        return msgspec.msgpack.decode(data, type=Recording)


# recording


class Recorder:
    """Notes what enters one session. Wrap the engines before it starts, its lines before anything is taken."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._started = clock.now()
        self._wall_s = clock.wall()
        self._deliveries: list[Delivery] = []
        self._counts: defaultdict[str, int] = defaultdict(int)

    @property
    def recording(self) -> Recording:
        """What has been noted."""
        return Recording(self._wall_s, list(self._deliveries))

    def note(self, port: str, index: int, what: Delivered) -> None:
        """One delivery, now."""
        self._deliveries.append(Delivery(self._clock.now() - self._started, port, index, what))

    def next(self, port: str) -> int:
        """The number of the next user of `port`."""
        self._counts[port] += 1
        return self._counts[port]

    def lines(self, lines: SessionLines) -> None:
        """Note the connection's input."""
        lines.tap = lambda message: self.note("input", 0, message)

    def engines(self, engines: Engines) -> Engines:
        """The same engines, noted."""
        return msgspec.structs.replace(
            engines,
            recognizer=_NotedRecognizer(self, engines.recognizer),
            synthesizer=_NotedSynthesizer(self, engines.synthesizer),
            model=_NotedModel(self, engines.model),
            voice_activity=lambda: _NotedActivity(self, engines.voice_activity()),
            clock=_NotedClock(self, engines.clock),
            play_clock=_NotedPlayClock(self, engines.play_clock),
        )

    def tools(self, tools: Mapping[str, AnyTool]) -> dict[str, AnyTool]:
        """The same tools, noted."""
        return {name: _NotedTool(self, tool) for name, tool in tools.items()}  # type: ignore[misc]  # a tool to its user


class _NotedRecognizer:
    def __init__(self, recorder: Recorder, engine: SpeechRecognizer) -> None:
        self._recorder, self._engine = recorder, engine

    async def open(self, options: RecognitionOptions, report: Callable[[RecognitionEvent], None]) -> Recognition:
        index = self._recorder.next("recognizer")

        def noted(event: RecognitionEvent) -> None:
            self._recorder.note("recognizer", index, event)
            report(event)

        try:
            stream = await self._engine.open(options, noted)
        except RecognizerError as error:
            self._recorder.note("recognizer", index, Failed(error.kind, error.detail))
            raise
        self._recorder.note("recognizer", index, Opened())
        return stream

    async def close(self) -> None:
        await self._engine.close()


class _NotedSynthesizer:
    def __init__(self, recorder: Recorder, engine: SpeechSynthesizer) -> None:
        self._recorder, self._engine = recorder, engine

    async def open(self, voice: Voice, rate_hz: int, report: Callable[[SynthesisEvent], None]) -> Synthesis:
        index = self._recorder.next("synthesizer")

        def noted(event: SynthesisEvent) -> None:
            self._recorder.note("synthesizer", index, event)
            report(event)

        try:
            stream = await self._engine.open(voice, rate_hz, noted)
        except SynthesizerError as error:
            self._recorder.note("synthesizer", index, Failed(error.kind, error.detail))
            raise
        self._recorder.note("synthesizer", index, Opened())
        return stream

    async def close(self) -> None:
        await self._engine.close()


class _NotedModel:
    def __init__(self, recorder: Recorder, engine: LanguageModel) -> None:
        self._recorder, self._engine = recorder, engine

    async def reply(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
        index = self._recorder.next("model")
        try:
            async for event in self._engine.reply(request):
                self._recorder.note("model", index, event)
                yield event
        except ModelError as error:
            self._recorder.note("model", index, Failed(error.kind, error.detail))
            raise

    async def close(self) -> None:
        await self._engine.close()


class _NotedActivity:
    def __init__(self, recorder: Recorder, detector: VoiceActivity) -> None:
        self._recorder, self._detector = recorder, detector
        self._index = recorder.next("voice_activity")
        self.rate_hz, self.window_samples = detector.rate_hz, detector.window_samples

    def probability(self, window: bytes) -> float:
        value = self._detector.probability(window)
        self._recorder.note("voice_activity", self._index, Probability(value))
        return value

    def reset(self) -> None:
        self._detector.reset()


class _NotedTool:
    """A tool as the orchestrator uses it."""

    def __init__(self, recorder: Recorder, tool: AnyTool) -> None:
        self._recorder, self._tool = recorder, tool
        self.name = tool.name
        self.schema: ToolSchema = tool.schema
        self.on_interruption: OnInterruption = tool.on_interruption

    async def run(self, arguments: str, context: ToolContext) -> ToolOutcome:
        index = self._recorder.next("tool")
        outcome = await self._tool.run(arguments, context)
        self._recorder.note("tool", index, Returned(outcome))
        return outcome


class _Noted:
    """An address that notes what is told to it."""

    def __init__(self, recorder: Recorder, index: int, address: Address[Any]) -> None:
        self._recorder, self._index, self._address = recorder, index, address

    def tell(self, message: object) -> None:
        self._recorder.note("timer", self._index, Fired())
        self._address.tell(message)


class _NotedClock:
    def __init__(self, recorder: Recorder, clock: Clock) -> None:
        self._recorder, self._clock = recorder, clock

    def now(self) -> float:
        return self._clock.now()

    def wall(self) -> float:
        return self._clock.wall()

    def call_later(self, delay_s: float, address: Address[Any], message: Any) -> Timer:
        noted = _Noted(self._recorder, self._recorder.next("timer"), address)
        return self._clock.call_later(delay_s, noted, message)


class _NotedPlayClock(PlayClock):
    def __init__(self, recorder: Recorder, play_clock: PlayClock) -> None:
        self._recorder, self._play_clock = recorder, play_clock

    def join(self, tick: Tick, first_at_ms: float | None = None) -> Any:
        index = self._recorder.next("tick")

        def noted(at_ms: float) -> None:
            self._recorder.note("tick", index, Ticked(at_ms))
            tick(at_ms)

        return self._play_clock.join(noted, first_at_ms)


# replaying


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

    async def run(self, lines: SessionLines) -> None:
        """Deliver everything, each at its time."""
        loop = asyncio.get_running_loop()
        for delivery in self._recording.deliveries:
            if isinstance(delivery.what, Probability):
                continue
            await asyncio.sleep(max(0.0, self._started + delivery.at - loop.time()))
            self._at = delivery.at
            self._deliver(lines, delivery)
            await settle()

    def _deliver(self, lines: SessionLines, delivery: Delivery) -> None:
        what = delivery.what
        if isinstance(what, CallerAudio):
            lines.push_audio(what.pcm)
        elif delivery.port == "input":
            lines.take(what)  # type: ignore[arg-type]  # the port says that it is input
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


class _ReplayedTool:
    def __init__(self, replay: Replay, tool: AnyTool) -> None:
        self._replay = replay
        self.name = tool.name
        self.schema: ToolSchema = tool.schema
        self.on_interruption: OnInterruption = tool.on_interruption

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

    def call_later(self, delay_s: float, address: Address[Any], message: Any) -> Timer:
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

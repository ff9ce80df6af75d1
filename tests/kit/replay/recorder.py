"""Notes everything that enters a session through its ports."""

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import msgspec

from actors.agent import Voice
from actors.errors import ModelError, RecognizerError, SynthesizerError
from actors.ports.clock import Clock, Timer
from actors.ports.llm import LanguageModel, ModelEvent, ModelRequest
from actors.ports.recipient import Recipient
from actors.ports.stt import Recognition, RecognitionEvent, RecognitionOptions, SpeechRecognizer
from actors.ports.tts import SpeechSynthesizer, Synthesis, SynthesisEvent
from actors.ports.vad import VoiceActivity
from actors.runtime.play_clock import PlayClock, Tick
from actors.session.live_session import LiveSession
from actors.session.plan import Engines
from actors.tools import AnyTool, ToolContext, ToolOutcome
from tests.kit.replay.recording import (
    Delivered,
    Delivery,
    Failed,
    Fired,
    Opened,
    Probability,
    Recording,
    Returned,
    Ticked,
)
from tests.kit.replay.tool_front import ToolFront


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

    def lines(self, session: LiveSession) -> None:
        """Note the connection's input."""
        session.tap = lambda message: self.note("input", 0, message)

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


class _NotedTool(ToolFront):
    """A tool as the orchestrator uses it."""

    def __init__(self, recorder: Recorder, tool: AnyTool) -> None:
        super().__init__(tool)
        self._recorder, self._tool = recorder, tool

    async def run(self, arguments: str, context: ToolContext) -> ToolOutcome:
        index = self._recorder.next("tool")
        outcome = await self._tool.run(arguments, context)
        self._recorder.note("tool", index, Returned(outcome))
        return outcome


class _Noted:
    """An address that notes what is told to it."""

    def __init__(self, recorder: Recorder, index: int, address: Recipient[Any]) -> None:
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

    def call_later(self, delay_s: float, address: Recipient[Any], message: Any) -> Timer:
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

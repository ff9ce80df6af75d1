"""A whole session on virtual time with exact engines: a caller who speaks and is silent, and an ear that records."""

import asyncio
from array import array
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import msgspec

from actors.agent import Agent, Limits
from actors.conversation import Ending, UtteranceKind
from actors.messages.caller import PACED, ConnectionAttached, ConnectionDetached, EndSession, Lead
from actors.messages.output import AudioDiscarded, AudioFrame, OutputMessage, ReplyHeard, SessionEnded
from actors.ports.llm import ModelEvent, ModelRequest, ReplyGenerated, TextGenerated
from actors.ports.tts import SpokenPhrase
from actors.runtime.background_tasks import BackgroundTasks
from actors.runtime.clock import LoopClock
from actors.runtime.play_clock import PlayClock
from actors.runtime.restart_budget import RestartPolicy
from actors.runtime.supervised_actor import actor_of
from actors.session.checkpoint import Checkpoint
from actors.session.modes.media import MEDIA
from actors.session.plan import Engines, SessionPlan, TeamMember
from actors.session.sessions import LookUp, SessionEntry, Sessions
from actors.session.supervisor import SessionSupervisor
from actors.tools import AnyTool
from actors.turn_taking_settings import BargeIn, Endpointing
from tests.kit.fakes import EnergyActivity, FakeModel, FakeRecognizer, FakeStore, FakeSynthesizer
from tests.kit.faults import Faults

M = TypeVar("M", bound=OutputMessage)

RATE_HZ = 16_000
FRAME = array("h", [15_000, -15_000] * 160).tobytes()
SILENCE = bytes(640)

AGENT = Agent(
    name="tester",
    label="Tester",
    greeting="Hello there.",
    limits=Limits(no_input_s=8, max_session_s=300, reconnect_s=10),
    endpointing=Endpointing(end_silence_ms=400),
    barge_in=BargeIn(),
)


QUIET = msgspec.structs.replace(AGENT, greeting="")
"""An agent that waits for the caller to begin."""
LONG = "We are open from eight until six on weekdays. On Saturdays we are open from nine until one. We rest on Sundays."
"""An answer that leaves time to interrupt it."""


def answers(text: str, after_s: float = 0.1) -> FakeModel:
    """A model that says `text` to everything."""

    def script(_: ModelRequest) -> list[ModelEvent | float]:
        return [after_s, TextGenerated(text), ReplyGenerated()]

    return FakeModel(script)


def plan_of(agent: Agent = AGENT, **own: Any) -> SessionPlan:
    """The plan of a session that needs none of its parts, but for its `own` ones."""
    given: dict[str, Any] = {
        "session_id": "s",
        "mode": "media",
        "tools": {},
        "phrases_expected": (),
        "kept": lambda rate_hz: {},
        "resume_token": "resume-token",
    }
    return SessionPlan(agent=agent, **{**given, **own})


class Ear:
    """The user's end of the connection: everything that was shown, with its time."""

    def __init__(self) -> None:
        self.shown: list[tuple[float, OutputMessage]] = []
        # By kind, because conditions are asked again after every frame.
        self._of_kind: defaultdict[type[Any], list[Any]] = defaultdict(list)
        self._changed = asyncio.Event()
        self._counts: defaultdict[type[Any], list[tuple[int, asyncio.Future[None]]]] = defaultdict(list)
        """Who waits for how many of a kind: a task that looked after each message would be most of the loop's turns."""

    def tell(self, message: OutputMessage) -> None:
        self.shown.append((asyncio.get_running_loop().time(), message))
        of_kind = self._of_kind[type(message)]
        of_kind.append(message)
        for count, reached in self._counts[type(message)]:
            if len(of_kind) >= count and not reached.done():
                reached.set_result(None)
        self._changed.set()

    def of(self, kind: type[M]) -> list[M]:
        """All messages of one kind."""
        return list(self._of_kind[kind])

    def times(self, kind: type[OutputMessage]) -> list[float]:
        """When messages of a kind came, in seconds."""
        return [at for at, message in self.shown if isinstance(message, kind)]

    async def until(self, condition: Callable[["Ear"], Any], timeout_s: float = 60.0) -> None:
        """Wait until `condition` holds of what was shown."""
        async with asyncio.timeout(timeout_s):
            while not condition(self):
                self._changed.clear()
                await self._changed.wait()

    async def until_count(self, kind: type[OutputMessage], count: int, timeout_s: float = 60.0) -> None:
        """Wait until `count` messages of a kind were shown."""
        if len(self._of_kind[kind]) < count:
            reached = asyncio.get_running_loop().create_future()
            self._counts[kind].append((count, reached))
            async with asyncio.timeout(timeout_s):
                await reached

    @property
    def ended(self) -> Ending | None:
        """How the session ended, if it has."""
        ends = self._of_kind[SessionEnded]
        return ends[0].reason if ends else None

    def samples(self, *replies: int) -> list[int]:
        """All samples of the replies as they were sent, without padding."""
        audio = [m.pcm for m in self.of(AudioFrame) if m.reply in replies]
        return [s for s in array("h", b"".join(audio)) if s]

    def audio_after_clear(self) -> int:
        """Frames that came after a clear and belong to a reply from before it."""
        begun: set[int] = set()
        cleared: set[int] = set()
        late = 0
        for _, message in self.shown:
            if isinstance(message, AudioFrame):
                late += message.reply in cleared
                begun.add(message.reply)
            elif isinstance(message, AudioDiscarded):
                cleared |= begun
        return late


def heard(ear: Ear, kind: UtteranceKind = UtteranceKind.REPLY) -> list[str]:
    """What was heard of one kind, in order."""
    return [message.text for message in ear.of(ReplyHeard) if message.kind is kind]


class Stage:
    """One session with its caller."""

    def __init__(self, engines: Engines, sessions: Sessions, entry: SessionEntry, ear: Ear, lead: Lead) -> None:
        self.engines = engines
        self.sessions = sessions
        self.entry = entry
        self.ear = ear
        self.lead = lead
        self.talking = False
        self.voice: Callable[[], bytes] = lambda: FRAME
        """Gives the next 20 ms of the caller's voice."""
        self._voiced_frames = 0
        self._talks = 0
        self._next_frame: asyncio.TimerHandle | None = None

    @property
    def session(self) -> SessionSupervisor:
        """The supervisor."""
        assert self.entry.session is not None
        return self.entry.session

    def actor(self, name: str) -> Any:
        """A child of the session."""
        return actor_of(self.session._children[name])

    def start_caller(self) -> None:
        """Caller audio in frames of 20 ms, silence or voice."""
        loop = asyncio.get_running_loop()
        self._next_frame = loop.call_at(loop.time(), self._push_frame, loop, loop.time())

    def _push_frame(self, loop: asyncio.AbstractEventLoop, due: float) -> None:
        """Push one, and set the timer of the next: a task that slept would have the loop turn twice for each."""
        self._next_frame = loop.call_at(due + 0.02, self._push_frame, loop, due + 0.02)
        self.entry.push_audio(self.voice() if self.talking else SILENCE)
        self._voiced_frames += self.talking

    async def talk(self, ms: int) -> None:
        """The user's voice for so long; longer on a machine that is too busy to send all of it by then.

        Of two that overlap the one that was begun later goes on to its end.
        """
        self.talking = True
        self._talks += 1
        talk = self._talks
        enough = self._voiced_frames + ms // 20 - 1
        await asyncio.sleep(ms / 1000)
        while self._next_frame is not None and self.talking and self._voiced_frames < enough:  # noqa: ASYNC110  nobody is told
            await asyncio.sleep(0.02)
        if talk == self._talks:
            self.talking = False

    def detach(self, connection_id: str = "connection-1") -> None:
        """The connection is lost."""
        self.entry.deliver(ConnectionDetached(connection_id))

    def attach(self, connection_id: str) -> None:
        """The user is back on another connection."""
        self.entry.connection.output = self.ear
        self.entry.deliver(ConnectionAttached(connection_id=connection_id, lead=self.lead, rate_hz=RATE_HZ))

    async def hang_up(self) -> None:
        """The caller's audio ends."""
        if self._next_frame is not None:
            self._next_frame.cancel()
            self._next_frame = None


@asynccontextmanager
async def stage(
    *,
    agent: Agent = AGENT,
    utterances: Sequence[str] = (),
    lead: Lead = PACED,
    model: FakeModel | None = None,
    tools: Mapping[str, AnyTool] | None = None,
    faults: Faults | None = None,
    mode: str = MEDIA,
    kept: Mapping[str, SpokenPhrase] | None = None,
    restarts: RestartPolicy | None = None,
    caller: bool = True,
    wrap: Callable[[Engines], Engines] = lambda engines: engines,
    wrap_tools: Callable[[Mapping[str, AnyTool]], Mapping[str, AnyTool]] = dict,
    tap: Callable[[SessionEntry], None] = lambda entry: None,
    look_up: LookUp | None = None,
    team: Mapping[str, TeamMember] | None = None,
    checkpoint: Checkpoint | None = None,
    **changes: Any,
) -> AsyncIterator[Stage]:
    """A running session whose caller is silent; afterwards nothing of it is left."""
    faults = faults or Faults()
    loop = asyncio.get_running_loop()
    background = BackgroundTasks()
    engines = Engines(
        recognizer=FakeRecognizer(utterances, faults=faults),
        synthesizer=FakeSynthesizer(faults=faults),
        model=model or FakeModel(faults=faults),
        voice_activity=lambda: EnergyActivity(faults),
        store=FakeStore(faults),
        play_clock=PlayClock(loop.time, loop.call_at),
        clock=LoopClock(),
        background=background,
        restarts=restarts or RestartPolicy(),
    )
    engines = wrap(msgspec.structs.replace(engines, **changes))
    ref = Sessions.start(engines)
    sessions = actor_of(ref)
    assert sessions is not None
    ear = Ear()
    plan = plan_of(
        agent,
        session_id="test-session",
        mode=mode,
        tools=wrap_tools(tools or {}),
        kept=lambda _: kept or {},
        look_up=look_up,
        team=team or {},
    )
    attached = ConnectionAttached(connection_id="connection-1", lead=lead, rate_hz=RATE_HZ)
    entry = sessions.open(plan, ear, attached, checkpoint)
    tap(entry)
    await asyncio.sleep(0)
    on_stage = Stage(engines, sessions, entry, ear, lead)
    if caller:
        on_stage.start_caller()
    try:
        yield on_stage
    finally:
        await on_stage.hang_up()
        entry.deliver(EndSession(Ending.NORMAL, politely=False))
        async with asyncio.timeout(30):
            await sessions.emptied()
        ref.stop(block=False)
        await asyncio.sleep(0.1)

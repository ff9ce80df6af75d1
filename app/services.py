"""What one worker serves with: engines, agents, sessions, admission. Built once, at start."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

import msgspec

from actors.agent import Agent
from actors.conversation import Ending, SessionRecord
from actors.messages.caller import EndSession
from actors.runtime.background_tasks import BackgroundTasks
from actors.runtime.clock import LoopClock
from actors.runtime.randomness import SystemRandom
from actors.runtime.session_trace import current_traceparent
from actors.runtime.watchdog import LoopWatchdog
from actors.session.plan import Engines, SessionPlan
from actors.session.sessions import Sessions
from actors.session.sessions_keeper import SessionsKeeper
from actors.session_context import SessionContext
from actors.tools import AnyTool
from app.agents.prompt_cache import PromptCache
from app.agents.session_hook import lookup_of
from app.auth.acs import AcsAccess
from app.auth.browser import BrowserAccess
from app.auth.exposure import Exposure
from app.browser.session_output import SessionOutput
from app.cluster.checkpoints import CheckpointKeeper
from app.console.timeline import Timelines
from app.dialogue.schema import caller_phrases, dialogue_of
from app.engines import TellsVoices, make_engines, prepare_model, prepare_recognizer
from app.known_sessions import KnownSessions
from app.limits.clients import Clients
from app.records.call_records import CallRecords, webhook_of
from app.server.garbage_collection import GarbageCollection
from app.server.lifecycle import Lifecycle, Phase
from app.server.socket_writer import REFUSED
from app.stores.claim_check import ClaimCheck
from app.stores.memory import MemoryStore
from app.stores.observed import ObservedStore
from app.stores.opening import SharedStore, open_store
from config.errors import SettingsError
from config.groups.server import DrainPolicy
from config.settings import Settings

log = logging.getLogger(__name__)

GOODBYE_S = 8.0
"""Kept of the grace for goodbyes: a reply that is being spoken ends in its sentence, and the goodbye is heard."""
CLOSE_S = 5.0
"""An engine that is not closed by then is not waited for."""
LAG_LIMIT_MS = 100.0
"""A worker whose event loop is this late, in milliseconds, admits no more sessions."""


class Services:
    """Holds what one worker serves with; routes and sockets are built from it."""

    def __init__(
        self, settings: Settings, lifecycle: Lifecycle, agents: Mapping[str, Agent], tools: Mapping[str, AnyTool]
    ) -> None:
        self.settings = settings
        self.lifecycle = lifecycle
        self.agents = dict(agents)
        self.tools = tools
        self.exposure = Exposure(settings)
        self.browser_access = BrowserAccess(settings, lifecycle.server_secret)
        self.acs_access = AcsAccess(settings)
        self.random = SystemRandom()
        self.clients = Clients(settings, self.exposure, lambda: self.clock.now())
        self.known_sessions = KnownSessions(
            lambda session_id: self.sessions.live.get(session_id),
            lambda session_id: self.engines.store.load(session_id),
        )
        self.hand_over: Callable[[float], Awaitable[None]] | None = None
        """Has other workers go on with the sessions of this one, until a time of the loop; None: nobody can."""
        self.outputs: dict[str, SessionOutput] = {}
        self.timelines = Timelines(time.time, self.tools, content=settings.logs.content)
        self.call_records = CallRecords(
            lambda session_id: self.sessions.live.get(session_id),
            self.timelines,
            lambda: self.clock,
            webhook_of(settings.records),
            content=settings.logs.content,
        )
        self._session_over: list[Callable[[str], None]] = [
            self.forget_output,
            self.clients.session_over,
            GarbageCollection().session_over,
            self.call_records.session_over,
        ]
        self._session_moved: list[Callable[[str], None]] = [self.call_records.session_moved]
        self._session_opened: list[Callable[[str], None]] = [self.call_records.session_opened]
        self._session_saved: list[Callable[[SessionRecord], None]] = []
        lifecycle.on_drain(self._drain)

    async def start(self) -> None:
        """Start engines and actors; what takes long is prepared in the background."""
        self.clock = LoopClock()
        # What holds up the start holds up nobody.
        self.watchdog = LoopWatchdog(serving=lambda: self.lifecycle.phase is not Phase.STARTING)
        self.watchdog.start()
        self.background = BackgroundTasks()
        self.acs_access.start()
        memory = MemoryStore(owner_of=self.clients.owner_of)
        self.store = open_store(self.settings, memory, self.clock, self.random, self.leave)
        self.claim_check: ClaimCheck | None = None
        self.checkpoints: CheckpointKeeper | None = None
        if isinstance(self.store, SharedStore):
            check = self.store.check_claims
            self.on_session_opened(self.store.session_opened)
            self.claim_check = ClaimCheck(lambda: check(tuple(self.sessions.live)))
            self.claim_check.start()
        store = ObservedStore(self.store, self._tell_saved)
        self.engines: Engines = make_engines(self.settings, self.clock, self.background, store)
        self.phrases = PromptCache(self.engines.synthesizer, self.background)
        self._keeper = SessionsKeeper(self.engines, self._tell_session_over, self._tell_session_opened)
        if isinstance(self.store, SharedStore):
            self.checkpoints = CheckpointKeeper(self.store, self.sessions.live, self.clock)
            self.on_session_over(self.checkpoints.session_over)
            self.checkpoints.start()
        self._caller_phrases = {
            name: caller_phrases(dialogue) if (dialogue := dialogue_of(agent)) is not None else ()
            for name, agent in self.agents.items()
        }
        try:
            await self._prepare()
        except BaseException:
            await self.stop()
            raise
        for name, phrases in self._caller_phrases.items():
            if name != self.default_agent:
                self.background.run(self._prepare_recognizer(phrases))

    async def _prepare(self) -> None:
        await asyncio.gather(
            self.phrases.prepare(list(self.agents.values())),
            # The first detector of a process brings its packages with it: not in a conversation, and not on the loop.
            asyncio.to_thread(self.engines.voice_activity),
            prepare_model(self.engines, self.agents.values(), self.lifecycle.report_degradation),
            self._prepare_recognizer(self._caller_phrases[self.default_agent]),
        )

    async def _prepare_recognizer(self, phrases: tuple[str, ...]) -> None:
        await prepare_recognizer(self.engines, phrases, self.lifecycle.report_degradation)

    async def stop(self) -> None:
        """End every session, then close the engines; what does not close within CLOSE_S is logged and left."""
        self.watchdog.stop()
        self.acs_access.stop()
        for entry in list(self.sessions.live.values()):
            entry.deliver(EndSession(Ending.NORMAL, politely=False))
        try:
            async with asyncio.timeout(2):
                await self.sessions.emptied()
        except TimeoutError:
            pass
        self._keeper.stop()
        await self.call_records.close()
        if self.claim_check is not None:
            self.claim_check.stop()
        if self.checkpoints is not None:
            self.checkpoints.stop()
        engines = self.engines
        closing = [
            asyncio.ensure_future(engine.close())
            for engine in (
                engines.recognizer,
                engines.transcriber,
                engines.synthesizer,
                engines.model,
                engines.realtime,
                engines.store,
            )
            if engine is not None
        ]
        _, open_still = await asyncio.wait(closing, timeout=CLOSE_S)
        for task in open_still:
            log.warning("an engine was not closed within %d s and is left to itself", CLOSE_S)
            task.cancel()
        for task in set(closing) - open_still:
            task.exception()

    def leave(self, session_id: str, code: int = REFUSED) -> None:
        """End a session of this worker that another one goes on with: it is not heard here any more, nor written of.

        Its connection is closed with `code`.
        """
        if isinstance(self.store, SharedStore):
            self.store.session_left(session_id)
        output, entry = self.outputs.get(session_id), self.sessions.live.get(session_id)
        if self.checkpoints is not None:
            self.checkpoints.left(session_id)
        for hear in self._session_moved:
            hear(session_id)
        if output is not None and output.connection is not None:
            output.connection.close(code, "another connection took this session over")
        if entry is not None:
            entry.deliver(EndSession(Ending.NORMAL, politely=False))

    def on_session_over(self, hear: Callable[[str], None]) -> None:
        """Have `hear` told the id of each session that has ended."""
        self._session_over.append(hear)

    def on_session_moved(self, hear: Callable[[str], None]) -> None:
        """Have `hear` told the id of each session that another worker has gone on with, before it ends here."""
        self._session_moved.append(hear)

    def on_session_opened(self, hear: Callable[[str], None]) -> None:
        """Have `hear` told the id of each session that begins."""
        self._session_opened.append(hear)

    def _tell_session_opened(self, session_id: str) -> None:
        for hear in self._session_opened:
            hear(session_id)

    def on_session_saved(self, hear: Callable[[SessionRecord], None]) -> None:
        """Have `hear` told each record of a session that is stored."""
        self._session_saved.append(hear)

    def _tell_saved(self, record: SessionRecord) -> None:
        for hear in self._session_saved:
            hear(record)

    def _tell_session_over(self, session_id: str) -> None:
        for hear in self._session_over:
            hear(session_id)

    @property
    def sessions(self) -> Sessions:
        """The actor that starts sessions, and knows those that are live."""
        return self._keeper.sessions

    @property
    def can_start_sessions(self) -> bool:
        """False when the actor that starts sessions has failed too often."""
        return not self._keeper.has_failed

    @property
    def default_agent(self) -> str:
        """The agent of a session that asks for none."""
        return self.settings.agents.default or min(self.agents)

    @property
    def capacity_left(self) -> int:
        """Sessions that may still be admitted: none when the loop is late, or sessions cannot be started any more."""
        if not self.lifecycle.admits() or self._keeper.has_failed or self.watchdog.lag.recent_ms > LAG_LIMIT_MS:
            return 0
        return max(0, self.settings.limits.max_concurrent_sessions - len(self.sessions.live))

    def plan(self, session_id: str, mode: str, agent: Agent, resume_token: str, **more: Any) -> SessionPlan:
        """What a session with `agent` is made of; `more` are further fields of the plan."""
        if self.settings.agents.recognized_language:
            agent = _speaking(agent, self.settings.agents.recognized_language)
        traceparent = more.pop("traceparent", "") or current_traceparent()
        about = msgspec.structs.replace(more.pop("about", SessionContext()), time_zone=self.settings.agents.time_zone)
        return SessionPlan(
            session_id=session_id,
            mode=mode,
            agent=agent,
            tools={name: self.tools[name] for name in agent.tools},
            phrases_expected=self._caller_phrases.get(agent.name, ()),
            kept=lambda rate_hz: self.phrases.at(agent, rate_hz),
            resume_token=resume_token,
            about=about,
            traceparent=traceparent,
            **{"look_up": lookup_of(agent), **more},
        )

    def voices(self) -> dict[str, tuple[str, ...]]:
        """The names of the voices of the synthesizer (TTS) by language; none if it cannot tell them."""
        synthesizer = self.engines.synthesizer
        return dict(synthesizer.voices()) if isinstance(synthesizer, TellsVoices) else {}

    def replace_agent(self, agent: Agent) -> None:
        """Have the sessions that start from now on use this one of its name; live ones keep theirs."""
        self.agents[agent.name] = agent
        self.phrases.replace(agent, self.agents.values())

    def output_of(self, session_id: str) -> SessionOutput:
        """The output of a session, made when it is first asked for."""
        known = self.outputs.get(session_id)
        if known is None:
            known = self.outputs[session_id] = SessionOutput(
                session_id, self.timelines.of(session_id), log_content=self.settings.logs.content
            )
        return known

    def forget_output(self, session_id: str) -> None:
        """Forget a session's output once the session is over and nobody is connected to it."""
        output = self.outputs.get(session_id)
        if output and output.connection is None and not output.dashboards and session_id not in self.sessions.live:
            del self.outputs[session_id]

    async def _drain(self, deadline: float) -> None:
        """Sessions end by themselves, or say goodbye; what is not over by the deadline is cut with its socket."""
        loop = asyncio.get_running_loop()
        if self.settings.server.drain_policy is DrainPolicy.FINISH:
            goodbye_s = min(GOODBYE_S, (deadline - loop.time()) / 2)
            with suppress(TimeoutError):
                async with asyncio.timeout_at(deadline - goodbye_s):
                    await self.sessions.emptied()
        if self.hand_over is not None and self.settings.server.drain_policy is not DrainPolicy.GOODBYE:
            await self.hand_over(deadline)
        self.lifecycle.end_sessions()
        for entry in list(self.sessions.live.values()):
            entry.deliver(EndSession(Ending.NORMAL, politely=True))
        try:
            async with asyncio.timeout_at(deadline):
                await self.sessions.emptied()
        except TimeoutError:
            log.info("conversations are cut: the grace is over", extra={"sessions": len(self.sessions.live)})


def require_default_agent(settings: Settings, agents: Mapping[str, Agent]) -> None:
    """DEFAULT_AGENT, if set, names one of the agents.

    Raises:
        SettingsError: it does not.
    """
    if settings.agents.default and settings.agents.default not in agents:
        known = ", ".join(sorted(agents))
        raise SettingsError(f"DEFAULT_AGENT is {settings.agents.default!r}; it must be one of {known}")


def _speaking(agent: Agent, languages: tuple[str, ...]) -> Agent:
    return msgspec.structs.replace(agent, languages=languages)

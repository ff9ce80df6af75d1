"""What one worker serves with: engines, agents, sessions, admission. All of it is made at once."""

import asyncio
import logging
from collections.abc import Mapping

from actors.agent import Agent
from actors.conversation import Ending
from actors.messages.caller import EndSession
from actors.runtime.background_tasks import BackgroundTasks
from actors.runtime.clock import LoopClock
from actors.runtime.containment import start_contained
from actors.runtime.described_errors import describe
from actors.runtime.failure_counters import Failure, report_failure
from actors.runtime.randomness import SystemRandom
from actors.runtime.watchdog import LoopWatchdog
from actors.session.sessions_keeper import SessionsKeeper
from actors.tools import AnyTool
from app.agents.kept_phrases import kept_phrases
from app.agents.recording_notice import all_with_notice
from app.agents.roster import AgentRoster
from app.auth.acs import AcsAccess
from app.auth.browser import BrowserAccess
from app.auth.exposure import Exposure
from app.browser.session_outputs import SessionOutputs
from app.cluster.checkpoints import CheckpointKeeper
from app.console.timeline import Timelines
from app.engines.making import make_engines
from app.engines.preparation import TellsVoices, prepare_model, prepare_recognizer, prepare_voice_activity
from app.limits.clients import Clients
from app.mcp.servers import McpServers
from app.records.call_records import CallRecords, webhook_of
from app.replay.recorder import KeptAudio, recorder_of
from app.server.garbage_collection import GarbageCollection
from app.server.lifecycle import Lifecycle, Phase
from app.server.sockets.socket_writer import REFUSED, RESTARTING
from app.sessions.draining import Draining
from app.sessions.known_sessions import KnownSessions
from app.sessions.session_capacity import SessionCapacity
from app.sessions.session_events import SessionEvents
from app.sessions.session_plans import SessionPlans
from app.stores.claim_check import ClaimCheck
from app.stores.memory import MemoryStore
from app.stores.observed import ObservedStore
from app.stores.opening import SharedStore, open_store
from config.settings import Settings

log = logging.getLogger(__name__)

CLOSE_S = 5.0
"""Seconds for which engines that are being closed are waited for."""


class Services:
    """Makes the parts of one worker, starts them and stops them. Make it on the event loop on which it is to serve.

    Only `app/assembly.py`, `app/routes.py` and `app/middleware.py` read it, and hand each part, route, socket and layer
    what it needs.

    Raises:
        SettingsError: an engine or the store cannot be used as it is configured; names the variable.
    """

    def __init__(
        self, settings: Settings, lifecycle: Lifecycle, agents: Mapping[str, Agent], tools: Mapping[str, AnyTool]
    ) -> None:
        self.settings = settings
        self.lifecycle = lifecycle
        self.clock = LoopClock()
        self.random = SystemRandom()
        self.background = BackgroundTasks()
        # What holds up the start holds up nobody.
        self.watchdog = LoopWatchdog(serving=lambda: lifecycle.phase is not Phase.STARTING)
        self.exposure = Exposure(settings)
        self.browser_access = BrowserAccess(settings, lifecycle.server_secret)
        self.acs_access = AcsAccess(settings)
        self.clients = Clients(settings, self.exposure, self.clock.now)
        heard = all_with_notice(agents) if settings.records.audio else agents
        self.agents = AgentRoster(heard, settings.agents.default)
        self.session_events = SessionEvents()
        self._make_engines(tools)
        self._make_sessions(tools)
        self._tell_of_sessions()
        lifecycle.on_drain(self.draining.drain)

    def _make_engines(self, tools: Mapping[str, AnyTool]) -> None:
        """The session store, the engines, and what sessions with them are made of."""
        settings = self.settings
        memory = MemoryStore(owner_of=self.clients.owner_of)
        self.store = open_store(settings, memory, self.clock, self.random, self.leave)
        observed = ObservedStore(self.store, self.session_events.saved.notify)
        self.engines = make_engines(settings, self.clock, self.background, observed)
        self.phrases = kept_phrases(settings, self.engines, self.background)
        self.plans = SessionPlans(settings.agents, self.agents, tools, self.phrases)
        self.mcp_servers = McpServers(tools)

    def _make_sessions(self, tools: Mapping[str, AnyTool]) -> None:
        """The sessions, and what keeps something of each."""
        settings, lifecycle = self.settings, self.lifecycle
        self.sessions = SessionsKeeper(self.engines, self.session_events.over.notify, self.session_events.opened.notify)
        handoffs = {each.tool for agent in self.agents.values() for each in agent.handoffs}
        names, content = {*tools, *handoffs}, settings.logs.content
        self.timelines = Timelines(self.clock.wall, names, self.sessions.live, content=content)
        self.outputs = SessionOutputs(self.sessions.live, self.timelines, log_content=settings.logs.content)
        self.recorder = recorder_of(
            settings.records, self.sessions.live.get, self.random.uniform, self.clock, content=settings.logs.content
        )
        self.call_records = CallRecords(
            self.sessions.live.get,
            self.timelines,
            self.clock,
            webhook_of(settings.records),
            self.store if isinstance(self.store, SharedStore) else None,
            audio_of=self.audio_of,
            content=settings.logs.content,
        )
        self.known_sessions = KnownSessions(
            self.sessions.live.get, lambda session_id: self.engines.store.load(session_id)
        )
        self.capacity = SessionCapacity(lifecycle, self.sessions, self.watchdog, settings.limits)
        self.draining = Draining(settings.server.drain_policy, lifecycle, self.sessions)
        self.claim_check: ClaimCheck | None = None
        self.checkpoints: CheckpointKeeper | None = None
        if isinstance(self.store, SharedStore):
            check = self.store.check_claims
            self.claim_check = ClaimCheck(lambda: check(tuple(self.sessions.live)))
            self.checkpoints = CheckpointKeeper(self.store, self.sessions.live, self.clock)

    def _tell_of_sessions(self) -> None:
        """Have those parts told of sessions that keep something of each."""
        events = self.session_events
        if self.recorder is not None:
            # Before the call records, which say whether there is audio.
            events.opened.add(self.recorder.session_opened)
            events.moved.add(self.recorder.session_moved)
            events.over.add(self.recorder.session_over)
        events.opened.add(self.timelines.session_opened)
        events.opened.add(self.call_records.session_opened)
        events.moved.add(self.timelines.session_moved)
        events.moved.add(self.outputs.session_moved)
        events.moved.add(self.call_records.session_moved)
        for hear in (
            self.outputs.forget_unused,
            self.clients.session_over,
            GarbageCollection().session_over,
            self.call_records.session_over,
        ):
            events.over.add(hear)
        if isinstance(self.store, SharedStore) and self.checkpoints is not None:
            events.opened.add(self.store.session_opened)
            events.over.add(self.checkpoints.session_over)
            events.moved.add(self.checkpoints.left)

    async def start(self) -> None:
        """Start what runs by itself; what takes long is prepared in the background."""
        self.watchdog.start()
        self.acs_access.start()
        if self.claim_check is not None:
            self.claim_check.start()
        if self.checkpoints is not None:
            self.checkpoints.start()
        try:
            await self._prepare()
        except BaseException:
            await self.stop()
            raise
        for name, phrases in self.plans.caller_phrases.items():
            if name != self.agents.default_name:
                self.background.run(self._prepare_recognizer(phrases))

    async def _prepare(self) -> None:
        await asyncio.gather(
            self.phrases.prepare(list(self.agents.values())),
            prepare_voice_activity(self.engines, self.lifecycle.report_degradation),
            prepare_model(self.engines, self.agents.values(), self.lifecycle.report_degradation),
            self._prepare_recognizer(self.plans.caller_phrases[self.agents.default_name]),
            self.mcp_servers.start(self.lifecycle),
        )

    async def _prepare_recognizer(self, phrases: tuple[str, ...]) -> None:
        await prepare_recognizer(self.engines, phrases, self.lifecycle.report_degradation)

    async def stop(self) -> None:
        """End every session, then close the engines; what does not close within CLOSE_S is logged and left."""
        self.watchdog.stop()
        self.acs_access.stop()
        await self._end_sessions()
        await self.mcp_servers.stop()
        await self.call_records.close()
        if self.recorder is not None:
            await self.recorder.close()
        if self.claim_check is not None:
            self.claim_check.stop()
        if self.checkpoints is not None:
            self.checkpoints.stop()
        await self._close_engines()

    async def _end_sessions(self) -> None:
        for entry in list(self.sessions.live.values()):
            entry.deliver(EndSession(Ending.NORMAL, politely=False))
        try:
            async with asyncio.timeout(2):
                await self.sessions.emptied()
        except TimeoutError:
            pass
        self.sessions.stop()

    async def _close_engines(self) -> None:
        engines = self.engines
        closing = [
            start_contained(asyncio.get_running_loop(), engine.close(), _not_closed, "close")
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

    def leave(self, session_id: str, code: int = REFUSED) -> None:
        """End a session of this worker that another one goes on with: it is not heard here any more, nor written of.

        Its connection is closed with `code`, and the reason that belongs to it.
        """
        if isinstance(self.store, SharedStore):
            self.store.session_left(session_id)
        output, entry = self.outputs.get(session_id), self.sessions.live.get(session_id)
        self.session_events.moved.notify(session_id)
        if output is not None and output.connection is not None:
            is_restart = code == RESTARTING
            reason = "the server is restarting" if is_restart else "another connection took this session over"
            output.connection.close(code, reason)
        if entry is not None:
            entry.deliver(EndSession(Ending.NORMAL, politely=False))

    def audio_of(self, session_id: str) -> KeptAudio | None:
        """The audio of a session that is over; None if none was recorded."""
        return self.recorder.audio_of(session_id) if self.recorder is not None else None

    def has_audio(self, session_id: str) -> bool:
        """Whether the audio of a session was recorded here, up to the end of the session."""
        kept = self.audio_of(session_id)
        return kept is not None and not kept.goes_on

    def voices(self) -> dict[str, tuple[str, ...]]:
        """The names of the voices of the synthesizer (TTS) by language; none if it cannot tell them."""
        synthesizer = self.engines.synthesizer
        return dict(synthesizer.voices()) if isinstance(synthesizer, TellsVoices) else {}

    def replace_agent(self, agent: Agent) -> None:
        """Have the sessions that start from now on use this agent of its name; live ones keep theirs."""
        self.agents.put(agent)
        self.phrases.replace(agent, self.agents.values())


def _not_closed(error: BaseException) -> None:
    report_failure(Failure.BACKGROUND, log, "an engine could not be closed: %s", describe(error), level=logging.WARNING)

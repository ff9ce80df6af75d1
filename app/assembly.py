"""Puts a worker's routes, sockets and telephony together from its services, handing to each the parts that it needs."""

import signal
import time
from functools import partial

from starlette.routing import BaseRoute, WebSocketRoute

from app.agents.agent_changes import AgentChanges, Changes
from app.api.readiness import Readiness
from app.api.routes.agents import AgentRoutes
from app.api.routes.approvals import ApprovalRoutes
from app.api.routes.calls import CallRoutes
from app.api.routes.health import HealthRoutes
from app.api.routes.logs import LogRoutes
from app.api.routes.media import MediaRoutes
from app.api.routes.sessions import SessionRoutes
from app.api.routes.tokens import TokenRoutes
from app.browser.admission import ConversationAdmission
from app.browser.conversation_socket import ConversationParts, ConversationSocket
from app.browser.dashboard_socket import DashboardSocket
from app.carrier import carrier_of, carrier_routes
from app.cluster.change_sharing import ChangeSharing
from app.cluster.cluster import Cluster
from app.cluster.dashboards import followed_sessions
from app.cluster.session_requests import HAS_AUDIO, HAS_TIMELINE, answer_who_has_sessions
from app.cluster.worker import ClusterWorker
from app.console.other_servers import OtherServers
from app.console.overview import Overview
from app.console.routes import ConsoleRoutes
from app.console.summary import Summaries
from app.console.worker_history import WorkerHistory
from app.engines.making import expect_session, forget_session
from app.server.log_changes import LevelChange, LogChanges
from app.services import Services
from app.sessions.modes import Modes
from app.telephony.call_control import CallControl
from app.telephony.call_log import CallLog
from app.telephony.call_sessions import CallSessions
from app.telephony.capacity import Capacity
from app.telephony.carrier import Carrier
from app.telephony.continuity.call_drain import CallDrain
from app.telephony.continuity.take_over import TakeOver
from app.telephony.inbound.access_code_check import AccessCodes
from app.telephony.inbound.answering import Answering
from app.telephony.new_calls import NewCalls
from app.telephony.switchboard import Switchboard


class Assembly:
    """One worker, whole: its services, its switchboard, and its part in the cluster, which is idle without Redis.

    `carrier`: by default the one that is configured.

    Raises:
        SettingsError: the telephone network cannot be used as it is configured.
    """

    def __init__(self, services: Services, carrier: Carrier | None = None) -> None:
        self.services = services
        self.switchboard = _switchboard(services, carrier or carrier_of(services.settings))
        self.new_calls = _new_calls(services, self.switchboard)
        take_over = _take_over(services, self.new_calls, self.switchboard)
        self.cluster = Cluster(_cluster_worker(services), self.new_calls, self.switchboard, take_over)
        self.keeps = {HAS_TIMELINE: services.timelines.has, HAS_AUDIO: services.has_audio}
        answer_who_has_sessions(self.cluster, services.known_sessions, self.keeps)
        self.followed_sessions = followed_sessions(
            self.cluster, services.outputs, services.sessions.live, services.agents, services.lifecycle, services.clock
        )
        self.summaries = _summaries(services)
        self.history = WorkerHistory(self.summaries.troubles, time.time)
        self.overview = self._overview()

    def _overview(self) -> Overview:
        services = self.services
        # The worker drains as at any other order to end, and the launcher starts another in its place.
        drain = partial(signal.raise_signal, signal.SIGTERM)
        others = OtherServers(
            self.cluster,
            services.lifecycle.server,
            own=self.summaries.present,
            own_gone=lambda: overview.own_gone(),
            is_live=lambda session_id: services.known_sessions.live(session_id) is not None,
            wall=time.time,
            drain=drain,
        )
        overview = Overview(self.summaries.present, services.lifecycle.worker_bus, time.time, drain, others)
        return overview

    async def start(self) -> None:
        """Start every part, those first that others need."""
        await self.services.start()
        self.switchboard.start()
        self.cluster.start()
        self.history.start()
        await self.cluster.join()

    async def stop(self) -> None:
        """Stop every part, in the other order."""
        self.history.stop()
        await self.cluster.stop()
        await self.switchboard.close()
        await self.services.stop()


def _switchboard(services: Services, carrier: Carrier) -> Switchboard:
    switchboard = Switchboard(
        carrier=carrier,
        agents=services.agents,
        clock=services.clock,
        random=services.random,
        background=services.background,
        sessions=services.sessions,
        outputs=services.outputs,
        leave_session=services.leave,
        log=CallLog(),
    )
    services.session_over.add(switchboard.session_over)
    services.session_moved.add(switchboard.session_moved)
    calls = CallDrain(
        switchboard.log,
        services.sessions.live,
        can_hand_over=lambda: services.draining.hand_over is not None,
        hang_up=switchboard.hang_up,
    )
    services.lifecycle.on_drain(calls.drain)
    return switchboard


def _new_calls(services: Services, switchboard: Switchboard) -> NewCalls:
    return NewCalls(
        settings=services.settings,
        clock=services.clock,
        random=services.random,
        agents=services.agents,
        phrases=services.phrases,
        sessions=services.sessions,
        capacity=Capacity(services.capacity, services.lifecycle, services.sessions.live, switchboard.log),
        switchboard=switchboard,
        expect=partial(expect_session, services.engines),
        forget=partial(forget_session, services.engines),
    )


def _take_over(services: Services, new_calls: NewCalls, switchboard: Switchboard) -> TakeOver:
    return TakeOver(
        worker_bus=services.lifecycle.worker_bus,
        clock=services.clock,
        background=services.background,
        agents=services.agents,
        session_saved=services.session_saved,
        checkpoints=services.checkpoints,
        new_calls=new_calls,
        switchboard=switchboard,
    )


def _cluster_worker(services: Services) -> ClusterWorker:
    return ClusterWorker(
        random=services.random,
        clock=services.clock,
        store=services.store,
        claim_check=services.claim_check,
        checkpoints=services.checkpoints,
        sessions=services.sessions,
        lifecycle=services.lifecycle,
        draining=services.draining,
        leave=services.leave,
    )


def api_routes(worker: Assembly) -> list[BaseRoute]:
    """The routes below the API's prefix, and its WebSockets."""
    services = worker.services
    modes = Modes(services.settings.agents.streaming_mode.value, speech_to_speech=services.engines.realtime is not None)
    dashboards = _dashboards(services)
    conversations = _conversations(services, modes)
    sessions = SessionRoutes(
        lifecycle=services.lifecycle,
        sessions=services.sessions,
        store=services.engines.store,
        outputs=services.outputs,
        agents=services.agents,
        call_records=services.call_records,
        modes=modes,
        relay=dashboards,
        cluster=worker.cluster,
    )
    tokens = TokenRoutes(
        services.browser_access,
        services.agents,
        services.agents.default_name,
        services.random,
        services.settings.agents.recognized_language,
    )
    changes = AgentChanges(services.agents, services.replace_agent, services.lifecycle.worker_bus)
    ChangeSharing(worker.cluster, "agents", changes, Changes)
    logs = LogChanges(services.lifecycle.worker_bus)
    ChangeSharing(worker.cluster, "log level", logs, LevelChange)
    agents = AgentRoutes(services.agents, services.agents.default_name, changes, services.voices)
    return [
        *_health(worker).routes(),
        *LogRoutes(services.settings.logs, logs).routes(),
        *_console(worker).routes(),
        *sessions.routes(),
        *ApprovalRoutes(services.sessions, content=services.settings.logs.content).routes(),
        *agents.routes(),
        *tokens.routes(),
        *_telephone(worker, modes),
        WebSocketRoute("/realtime/conversation", conversations),
        WebSocketRoute("/browser/conversation", conversations),
        WebSocketRoute("/realtime/dashboard/relay", dashboards),
        WebSocketRoute("/browser/dashboard/relay", dashboards),
    ]


def readiness_of(services: Services, network: CallControl | None) -> Readiness:
    """The checks of every component of a worker; `network` is its telephone network, if it has one."""
    return Readiness(
        lifecycle=services.lifecycle,
        watchdog=services.watchdog,
        max_loop_lag_s=services.settings.limits.max_loop_lag_s,
        engines=services.engines,
        store=services.store,
        sessions=services.sessions,
        agents=services.agents,
        browser_access=services.browser_access,
        acs_access=services.acs_access,
        network=network,
    )


def _health(worker: Assembly) -> HealthRoutes:
    services = worker.services
    return HealthRoutes(
        lifecycle=services.lifecycle,
        clock=services.clock,
        watchdog=services.watchdog,
        engines=services.engines,
        sessions=services.sessions,
        capacity=services.capacity,
        agents=services.agents,
        readiness=readiness_of(services, worker.switchboard.network),
        cluster=worker.cluster,
    )


def _summaries(services: Services) -> Summaries:
    return Summaries(
        lifecycle=services.lifecycle,
        engines=services.engines,
        sessions=services.sessions,
        watchdog=services.watchdog,
        limits=services.settings.limits,
        content=services.settings.logs.content,
    )


def _console(worker: Assembly) -> ConsoleRoutes:
    services = worker.services
    return ConsoleRoutes(
        worker.overview,
        services.timelines,
        services.known_sessions,
        worker.history,
        audio_of=services.audio_of,
        record_of=services.call_records.load,
        content=services.settings.logs.content,
    )


def _telephone(worker: Assembly, modes: Modes) -> list[BaseRoute]:
    """The routes of calls: the carrier's, and those of operators and of load clients."""
    services, switchboard = worker.services, worker.switchboard
    settings, clock = services.settings, services.clock
    call_sessions = CallSessions(
        settings=settings.telephony,
        random=services.random,
        plans=services.plans,
        sessions=services.sessions,
        outputs=services.outputs,
        access_codes=AccessCodes(services.lifecycle, clock, services.background, log_content=settings.logs.content),
        new_calls=worker.new_calls,
        switchboard=switchboard,
    )
    answering = Answering(settings, clock, services.agents, worker.new_calls, switchboard)
    worker.cluster.answer_by(answering.take_passed_on)
    carrier = carrier_routes(
        settings=settings,
        clock=clock,
        acs_access=services.acs_access,
        answering=answering,
        call_sessions=call_sessions,
        gate=services.claim_check,
        new_calls=worker.new_calls,
        switchboard=switchboard,
    )
    calls = CallRoutes(
        clients=services.clients,
        clock=clock,
        agents=services.agents,
        modes=modes,
        new_calls=worker.new_calls,
        switchboard=switchboard,
        cluster=worker.cluster,
        languages=settings.agents.recognized_language,
    )
    media = MediaRoutes(settings, clock, services.random, switchboard, unannounced=not services.acs_access.on)
    return [*carrier, *calls.routes(), *media.routes()]


def _conversations(services: Services, modes: Modes) -> ConversationSocket:
    admission = ConversationAdmission(
        lifecycle=services.lifecycle,
        capacity=services.capacity,
        clients=services.clients,
        agents=services.agents,
        modes=modes,
        sessions=services.sessions,
        known_sessions=services.known_sessions,
        checkpoints=services.checkpoints,
    )
    parts = ConversationParts(
        lifecycle=services.lifecycle,
        clock=services.clock,
        random=services.random,
        clients=services.clients,
        model=services.engines.model,
        realtime=services.engines.realtime,
        plans=services.plans,
        sessions=services.sessions,
        outputs=services.outputs,
        claim_check=services.claim_check,
        messages_per_s=services.settings.limits.client_messages_per_s,
    )
    return ConversationSocket(admission, parts)


def _dashboards(services: Services) -> DashboardSocket:
    return DashboardSocket(
        limits=services.settings.limits,
        lifecycle=services.lifecycle,
        clock=services.clock,
        clients=services.clients,
        sessions=services.sessions,
        outputs=services.outputs,
        agents=services.agents,
    )

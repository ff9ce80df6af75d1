"""The routes and sockets of a worker below the API's prefix, each handed the parts of the worker that it needs."""

from starlette.routing import BaseRoute, WebSocketRoute

from app.agents.agent_changes import AgentChanges, Changes
from app.api.routes.agents import AgentRoutes
from app.api.routes.approvals import ApprovalRoutes
from app.api.routes.calls import CallRoutes
from app.api.routes.health import HealthRoutes
from app.api.routes.logs import LogRoutes
from app.api.routes.media import MediaRoutes
from app.api.routes.sessions import SessionRoutes
from app.api.routes.tokens import TokenRoutes
from app.assembly import Assembly, readiness_of
from app.browser.admission import ConversationAdmission
from app.browser.conversation_socket import ConversationParts, ConversationSocket
from app.browser.dashboard_socket import DashboardSocket
from app.carrier import carrier_routes
from app.cluster.change_sharing import ChangeSharing
from app.cluster.wrong_codes import WrongCodeSharing
from app.console.routes import ConsoleRoutes
from app.server.log_changes import LevelChange, LogChanges
from app.services import Services
from app.sessions.modes import Modes
from app.telephony.call_sessions import CallSessions
from app.telephony.inbound.access_code_check import AccessCodes
from app.telephony.inbound.answering import Answering


def api_routes(worker: Assembly) -> list[BaseRoute]:
    """The routes below the API's prefix, and its WebSockets."""
    services = worker.services
    modes = Modes(services.settings.agents.streaming_mode.value, speech_to_speech=services.engines.realtime is not None)
    dashboards = _dashboards(services)
    conversations = _conversations(services, modes)
    return [
        *_health(worker).routes(),
        *_logs(worker).routes(),
        *_console(worker).routes(),
        *_sessions(worker, modes, dashboards).routes(),
        *ApprovalRoutes(services.sessions, content=services.settings.logs.content).routes(),
        *_agents(worker).routes(),
        *_tokens(services).routes(),
        *_telephone(worker, modes),
        WebSocketRoute("/realtime/conversation", conversations),
        WebSocketRoute("/browser/conversation", conversations),
        WebSocketRoute("/realtime/dashboard/relay", dashboards),
        WebSocketRoute("/browser/dashboard/relay", dashboards),
    ]


def _logs(worker: Assembly) -> LogRoutes:
    """The routes of the log, whose level is changed for all workers."""
    changes = LogChanges(worker.services.lifecycle.worker_bus)
    ChangeSharing(worker.cluster, "log level", changes, LevelChange)
    return LogRoutes(worker.services.settings.logs, changes)


def _sessions(worker: Assembly, modes: Modes, dashboards: DashboardSocket) -> SessionRoutes:
    services = worker.services
    return SessionRoutes(
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


def _agents(worker: Assembly) -> AgentRoutes:
    """The routes of the agents, which are changed for all workers."""
    services = worker.services
    changes = AgentChanges(services.agents, services.replace_agent, services.lifecycle.worker_bus)
    ChangeSharing(worker.cluster, "agents", changes, Changes)
    return AgentRoutes(services.agents, services.agents.default_name, changes, services.voices)


def _tokens(services: Services) -> TokenRoutes:
    return TokenRoutes(
        services.browser_access,
        services.agents,
        services.agents.default_name,
        services.random,
        services.settings.agents.recognized_language,
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
    access_codes = AccessCodes(services.lifecycle, clock, services.background, log_content=settings.logs.content)
    WrongCodeSharing(worker.cluster, access_codes, services.lifecycle.server)
    call_sessions = CallSessions(
        settings=settings.telephony,
        random=services.random,
        plans=services.plans,
        sessions=services.sessions,
        outputs=services.outputs,
        access_codes=access_codes,
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

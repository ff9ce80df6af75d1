"""Choose the carrier of a worker from its settings: the one module that knows which there are."""

from starlette.routing import BaseRoute, WebSocketRoute

from actors.ports.clock import Clock
from actors.session.modes.registry import mode_named
from app.auth.acs import AcsAccess
from app.server.sockets.gated_output import Gate
from app.stores.redis_address import redis_address
from app.telephony.acs.call_automation import CallAutomation
from app.telephony.acs.callback_routes import CallbackRoutes
from app.telephony.acs.media_addresses import MediaAddresses
from app.telephony.acs.media_socket import MediaSocket
from app.telephony.acs.media_stream import MediaParts, MediaSessions
from app.telephony.acs.resource import acs_resource
from app.telephony.call import Call
from app.telephony.call_sessions import CallSessions
from app.telephony.carrier import Carrier
from app.telephony.errors import NoCapacityError
from app.telephony.inbound.answering import Answering
from app.telephony.new_calls import NewCalls
from app.telephony.switchboard import Switchboard
from config.errors import SettingsError
from config.settings import Settings


def carrier_of(settings: Settings) -> Carrier:
    """Azure Communication Services, which takes orders if it is configured.

    Raises:
        SettingsError: it cannot be used as it is configured; names the variable.
    """
    resource = acs_resource(settings)
    if resource is not None and settings.server.web_concurrency > 1 and not redis_address(settings):
        # Its callbacks and media sockets come to any worker, and only one has the call.
        raise SettingsError(
            "WEB_CONCURRENCY must be 1 where ACS is configured and Redis is not (REDIS_URL): the workers share no calls"
        )
    return Carrier(
        control=CallAutomation(resource) if resource is not None else None,
        addresses=MediaAddresses(settings),
        transcribes=bool(settings.acs.cognitive_services_endpoint),
        default_mode=mode_named(settings.agents.streaming_mode).name,
        source_number=settings.telephony.source_phone_number,
        rate_hz=settings.telephony.sample_rate,
        network_variables="ACS_CONNECTION_STRING or ACS_ENDPOINT",
        source_number_variable="ACS_SOURCE_PHONE_NUMBER",
    )


def carrier_routes(
    *,
    settings: Settings,
    clock: Clock,
    acs_access: AcsAccess,
    answering: Answering,
    call_sessions: CallSessions,
    gate: Gate | None,
    new_calls: NewCalls,
    switchboard: Switchboard,
) -> list[BaseRoute]:
    """The routes by which the carrier reaches this server: its callbacks, and the media sockets of calls.

    `gate` holds back what sessions say while it is not known whether they are still this worker's.
    """
    parts = MediaParts(settings=settings, clock=clock, sessions=call_sessions, gate=gate, switchboard=switchboard)
    media = MediaSocket(parts, acs_access, new_calls.adopt)
    return [
        *CallbackRoutes(acs_access, clock, answering, switchboard).routes(),
        WebSocketRoute("/media/stream", media),
        WebSocketRoute("/media/stream/{call_secret}", media),
    ]


def media_route(settings: Settings, clock: Clock, sessions: MediaSessions, switchboard: Switchboard) -> BaseRoute:
    """The route of media sockets alone, of calls that the switchboard knows: no network, and nobody else, calls."""
    parts = MediaParts(settings=settings, clock=clock, sessions=sessions, gate=None, switchboard=switchboard)

    def adopt(call_id: str, session_id: str) -> Call:
        raise NoCapacityError("this line has its call")

    return WebSocketRoute("/media/stream/{call_secret}", MediaSocket(parts, AcsAccess(settings), adopt))

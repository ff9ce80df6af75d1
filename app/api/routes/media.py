"""Routes about the media socket: its status, and media sessions for clients that prepare one."""

from collections import OrderedDict
from http import HTTPStatus
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from actors.ports.clock import Clock, Random
from app.api.problems import ProblemError
from app.api.requests import asked_of
from app.api.responses import json_response
from app.auth.socket_auth import SESSION_ID_FORM, usable_session_id
from app.telephony.switchboard import Switchboard
from config.settings import Settings
from protocol.browser import timestamp
from protocol.calls import MediaConfiguration, MediaSession, MediaSessionRequest, MediaStatus
from protocol.problems import FieldError

KEPT = 1_000
PATH = "/api/v1/media/stream"


class MediaRoutes:
    """Serves `/media/status` and `/media/sessions`; the media socket itself is `app/telephony/acs/media_socket.py`.

    `unannounced`: whether media sessions may be prepared for calls that are not known here.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        random: Random,
        switchboard: Switchboard,
        *,
        unannounced: bool,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._random = random
        self._unannounced = unannounced
        self._switchboard = switchboard
        self._sessions: OrderedDict[str, tuple[MediaSession, str]] = OrderedDict()

    def routes(self) -> list[Route]:
        """Return the routes below `/media` besides the media socket."""
        return [
            Route("/media/status", self.status),
            Route("/media/sessions", self.prepare, methods=["POST"]),
            Route("/media/sessions/{session_id}", self.one),
        ]

    async def status(self, _: Request) -> Response:
        """Answer the streaming mode and counts of calls, in the fields that clients of the existing backend read."""
        board = self._switchboard
        return json_response(
            MediaStatus(
                streaming_mode=self._settings.agents.streaming_mode.value,
                calls=len(board.log.live),
                unknown_events=board.counts.unknown_events,
                ignored_messages=board.counts.ignored_messages,
                defective_messages=board.counts.defective_messages,
            )
        )

    async def prepare(self, request: Request) -> Response:
        """Prepare a media session for a call: that of the call if it is known, else a new one."""
        asked = await asked_of(request, MediaSessionRequest)
        call = self._switchboard.log.of_id(asked.call_connection_id)
        if call is None and not self._unannounced:
            raise ProblemError(HTTPStatus.NOT_FOUND, "there is no call of that id, and none is taken unannounced")
        if call is None and not usable_session_id(asked.call_connection_id):
            # The media socket would be refused for such an id.
            error = FieldError("call_connection_id", SESSION_ID_FORM, "pattern")
            raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, f"{error.field}: {error.message}", (error,))
        session_id = call.session_id if call is not None else self._random.token("session_")
        if call is not None:
            path = f"{PATH}/{call.secret}"
        else:
            path = f"{PATH}?{urlencode({'call_connection_id': asked.call_connection_id, 'session_id': session_id})}"
        configuration = MediaConfiguration(
            sample_rate=asked.sample_rate,
            channels=asked.channels,
            audio_format=asked.audio_format,
            chunk_size=asked.chunk_size,
            enable_transcription=asked.enable_transcription,
            enable_vad=asked.enable_vad,
        )
        base = self._settings.server.base_url or f"{request.url.scheme}://{request.url.netloc}"
        prepared = MediaSession(
            session_id=session_id,
            websocket_url=f"ws{base.removeprefix('http')}{path}",
            status="created",
            created_at=self._now(),
            configuration=configuration,
        )
        self._sessions[session_id] = (prepared, asked.call_connection_id)
        while len(self._sessions) > KEPT:
            self._sessions.popitem(last=False)
        return json_response(prepared)

    async def one(self, request: Request) -> Response:
        """Return a media session by its id, or 404."""
        prepared = self._sessions.get(request.path_params["session_id"])
        if prepared is None:
            raise ProblemError(HTTPStatus.NOT_FOUND, "there is no media session of that id")
        session, call_id = prepared
        call = self._switchboard.log.of_id(call_id)
        connected = call is not None and call.connection is not None
        over = call is not None and call.over.is_set()
        status = "ended" if over else "active" if connected else session.status
        return json_response(
            MediaSession(
                session_id=session.session_id,
                websocket_url=session.websocket_url,
                status=status,
                created_at=session.created_at,
                configuration=session.configuration,
            )
        )

    def _now(self) -> str:
        return timestamp(self._clock.wall())

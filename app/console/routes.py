"""What the console asks and orders besides its overview: a session's timeline and audio, and a worker that drains."""

import asyncio
import math
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute

from actors.errors import StoreError
from app.api.problems import ProblemError
from app.api.responses import json_response
from app.cluster.worker_requests import WorkerSilentError
from app.console.overview import Draining, Overview
from app.console.socket import ConsoleSocket
from app.console.timeline import TimelineEvent, TimelineReport, Timelines
from app.console.worker_history import WorkerHistory
from app.replay.recorder import KeptAudio
from app.server.processes.worker_bus import WorkerBusError
from app.sessions.known_sessions import KnownSessions
from protocol.call_record import CallRecord

AUDIO_TYPE = "audio/wav"


class ConsoleRoutes:
    """Serves `/console`, `/sessions/{session_id}/timeline` and `.../audio`, and `/workers/{worker}/drain`.

    Args:
        overview: of all workers.
        timelines: of the sessions of this worker.
        sessions: those that are live here.
        history: what was wrong with this worker.
        audio_of: the audio of a session of this worker that is over; None if none was recorded.
        record_of: the record of a session that is over, of whichever worker; None if there is none. May raise a
            StoreError.
        content: whether timelines hold what people say.
    """

    def __init__(
        self,
        overview: Overview,
        timelines: Timelines,
        sessions: KnownSessions,
        history: WorkerHistory,
        *,
        audio_of: Callable[[str], KeptAudio | None],
        record_of: Callable[[str], Awaitable[CallRecord | None]],
        content: bool,
    ) -> None:
        self._overview = overview
        self._timelines = timelines
        self._sessions = sessions
        self._history = history
        self._audio_of = audio_of
        self._record_of = record_of
        self._content = content

    def routes(self) -> list[BaseRoute]:
        """The routes of the console, below the API's prefix."""
        return [
            WebSocketRoute("/console", ConsoleSocket(self._overview)),
            Route("/sessions/{session_id}/timeline", self.timeline),
            Route("/sessions/{session_id}/audio", self.audio),
            Route("/workers/{worker}/drain", self.drain, methods=["POST"]),
        ]

    async def timeline(self, request: Request) -> Response:
        """Answer what happened in a session of this worker, live or lately over, in the order of time."""
        session_id = request.path_params["session_id"]
        timeline = self._timelines.known(session_id)
        if timeline is None:
            raise ProblemError(HTTPStatus.NOT_FOUND, "this worker knows no timeline of a session of that id")
        entry = self._sessions.live(session_id)
        restarts = [
            TimelineEvent(round(each.at, 3), "restart", name=each.actor, text=each.error)
            for each in (entry.restarts if entry is not None else ())
        ]
        happened = sorted([*timeline.events, *restarts], key=lambda event: event.at)
        ended = math.inf if entry is not None or not happened else happened[-1].at
        of_worker = self._history.between(happened[0].at, ended) if happened else []
        events = sorted([*happened, *of_worker], key=lambda event: event.at)
        kept = self._audio_of(session_id)
        audio_at = round(kept.at, 3) if kept is not None else None
        return json_response(TimelineReport(session_id, entry is not None, self._content, events, audio_at))

    async def audio(self, request: Request) -> Response:
        """Answer the audio of a session of this worker that is over: the caller left, the agent right."""
        session_id = request.path_params["session_id"]
        kept = self._audio_of(session_id)
        if kept is None or not await asyncio.to_thread(kept.path.is_file):
            raise ProblemError(HTTPStatus.NOT_FOUND, await self._where_audio_is(session_id))
        return FileResponse(kept.path, media_type=AUDIO_TYPE, headers={"Cache-Control": "no-store"})

    async def _where_audio_is(self, session_id: str) -> str:
        """Why there is no audio of a session to be had, in one line."""
        try:
            record = await self._record_of(session_id)
        except StoreError:
            record = None
        if record is None or not record.audio:
            return "no worker has audio of a session of that id that is over"
        return f"no worker has the audio any more: unless it was removed, it lies in RECORD_DIRECTORY of {record.host}"

    async def drain(self, request: Request) -> Response:
        """Have a worker end its sessions by themselves, or with a goodbye; another is started in its place."""
        named = request.path_params["worker"]
        number = int(named) if named.isascii() and named.isdecimal() else -1
        try:
            await self._overview.drain(number, request.query_params.get("server", ""))
        except LookupError:
            raise ProblemError(HTTPStatus.NOT_FOUND, "there is no worker of that number") from None
        except (WorkerBusError, WorkerSilentError) as error:
            raise ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, str(error), headers={"Retry-After": "5"}) from None
        return json_response(Draining(worker=int(named)))

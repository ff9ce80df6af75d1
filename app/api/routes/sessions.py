"""Live and recent sessions, and the state of the realtime endpoints."""

import logging
from collections.abc import Mapping
from http import HTTPStatus

import msgspec
from msgspec import UNSET
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from actors.agent import Agent
from actors.conversation import Ending, SessionRecord
from actors.errors import StoreError
from actors.messages.caller import EndSession
from actors.ports.store import SessionStore
from actors.runtime.failure_counters import Failure, report_failure
from actors.session.sessions_keeper import SessionsKeeper
from app.api.content_negotiation import preferred
from app.api.problems import ProblemError
from app.api.responses import json_response
from app.api.transcripts import TRANSCRIPT_TYPES, transcript_response
from app.auth.acs import same_secret
from app.auth.guard import admitted
from app.browser.dashboard_socket import DashboardSocket
from app.browser.session_outputs import SessionOutputs
from app.cluster.cluster import Cluster
from app.cluster.session_requests import HAS_SESSION
from app.records.call_records import CallRecords
from app.server.lifecycle import Lifecycle
from app.sessions.modes import Modes
from protocol.browser import timestamp
from protocol.sessions import RealtimeConnections, RealtimeStatus, SessionEnding, SessionList, SessionSummary

log = logging.getLogger(__name__)

SESSIONS = "sessions"
"""The request by which workers ask each other for their live and recent sessions."""


class _Listed(msgspec.Struct, frozen=True):
    """One session of a list, with what decides who may see it and in which place."""

    summary: SessionSummary
    created_at: float
    updated_at: float
    is_live: bool


class SessionRoutes:
    """Serves `/sessions`, live and stored ones, and `/realtime/status`."""

    def __init__(
        self,
        *,
        lifecycle: Lifecycle,
        sessions: SessionsKeeper,
        store: SessionStore,
        outputs: SessionOutputs,
        agents: Mapping[str, Agent],
        call_records: CallRecords,
        modes: Modes,
        relay: DashboardSocket,
        cluster: Cluster,
    ) -> None:
        self._lifecycle = lifecycle
        self._sessions = sessions
        self._store = store
        self._outputs = outputs
        self._agents = agents
        self._call_records = call_records
        self._modes = modes
        self._relay = relay
        self._cluster = cluster
        cluster.on(SESSIONS, self._told)

    def routes(self) -> list[Route]:
        """Return the routes below `/sessions`, and `/realtime/status`."""
        return [
            Route("/realtime/status", self.status),
            Route("/sessions", self.all),
            Route("/sessions/{session_id}", self.one),
            Route("/sessions/{session_id}", self.end, methods=["DELETE"]),
            Route("/sessions/{session_id}/transcript", self.transcript),
            Route("/sessions/{session_id}/record", self.call_record),
        ]

    async def status(self, request: Request) -> Response:
        """Answer the realtime endpoints and how many are connected, as clients of the existing backend read it."""
        conversations = self._outputs.connected
        dashboards = self._relay.open
        connections = RealtimeConnections(
            dashboard_clients=dashboards,
            conversation_sessions=conversations,
            total_connections=dashboards + conversations,
        )
        return json_response(
            RealtimeStatus(
                status="available" if self._lifecycle.admits() else "draining",
                active_connections=connections,
                streaming_modes=self._modes.usable,
                default_mode=self._modes.default,
                browser_auth=admitted(request.scope).browser_auth.value,
            )
        )

    async def all(self, request: Request) -> Response:
        """List the live sessions of all workers, then recent ones; for a browser with a token, only its own."""
        grant = admitted(request.scope).grant
        own, missing = await self._listed()
        others, absent = await self._of_others()
        found: dict[str, _Listed] = {}
        # The worker that has a session live knows more of it than the store, or the worker that had it before.
        for each in sorted((*own, *others), key=lambda each: (not each.is_live, -each.updated_at)):
            if grant is None or grant.shows(each.summary.session_id, each.created_at):
                found.setdefault(each.summary.session_id, each)
        return json_response(
            SessionList(
                sessions=tuple(each.summary for each in found.values()),
                live=sum(each.is_live for each in found.values()),
                total=len(found),
                missing="; ".join(filter(None, (missing, absent))) or UNSET,
            )
        )

    async def _listed(self) -> tuple[list[_Listed], str]:
        """Return the sessions that this worker knows, and in words which are missing; empty if none is."""
        live = [entry.session.record() for entry in self._sessions.live.values() if entry.session]
        stored, missing = await self._recent()
        listed = [_listed(each, is_live=True) for each in live]
        return listed + [_listed(each, is_live=False) for each in stored], missing

    async def _told(self, _: bytes) -> bytes:
        return msgspec.json.encode((await self._listed())[0])

    async def _of_others(self) -> tuple[list[_Listed], str]:
        """Return the sessions that all other workers know, and in words which are missing; empty if none is."""
        try:
            answers, silent = await self._cluster.gather(SESSIONS, b"")
        except StoreError as error:
            _store_failed("workers", error)
            return [], "the sessions of other workers: it cannot be found out which there are"
        told = [each for answer in answers for each in msgspec.json.decode(answer, type=list[_Listed])]
        return told, f"the sessions of workers that do not answer: {silent}" if silent else ""

    async def one(self, request: Request) -> Response:
        """Return one session without its conversation.

        A token that was issued after the session had begun does not prove that it is the bearer's own; the session's
        resume token does.
        """
        grant = admitted(request.scope).grant
        record = await self._record(request)
        if grant is not None and not grant.shows(record.session_id, record.created_at):
            offered = request.query_params.get("resume_token", "")
            if not same_secret(offered, record.resume_token):
                raise ProblemError(HTTPStatus.FORBIDDEN, "the token is not the one that began this session")
        return json_response(_summary(record))

    async def end(self, request: Request) -> Response:
        """End a session politely: the agent says goodbye first."""
        entry = self._sessions.live.get(request.path_params["session_id"])
        if entry is None:
            raise ProblemError(HTTPStatus.NOT_FOUND, "there is no live session of that id")
        entry.deliver(EndSession(Ending.NORMAL, politely=True))
        return json_response(SessionEnding(entry.plan.session_id))

    async def transcript(self, request: Request) -> Response:
        """Return the transcript of what was said and heard, as JSON, WebVTT or plain text, whichever `Accept`
        prefers."""
        media_type = preferred(request.headers.get("accept", ""), TRANSCRIPT_TYPES)
        if media_type is None:
            raise ProblemError(HTTPStatus.NOT_ACCEPTABLE, f"Accept: a transcript is {', '.join(TRANSCRIPT_TYPES)}")
        record = await self._record(request)
        entry = self._sessions.live.get(record.session_id)
        if entry is not None and not entry.plan.stored:
            # In such a session somebody keys in an access code, or is asked whether they take a caller.
            raise ProblemError(HTTPStatus.NOT_FOUND, "what is said in this session is neither kept nor shown")
        response = transcript_response(record, self._label_of, media_type)
        response.headers["vary"] = "Accept"
        return response

    def _label_of(self, name: str) -> str:
        agent = self._agents.get(name)
        return agent.label if agent is not None else name

    async def call_record(self, request: Request) -> Response:
        """Return the record of a session that is over: its outcome, times, tools and usage."""
        session_id = request.path_params["session_id"]
        try:
            record = await self._call_records.load(session_id)
        except StoreError as error:
            raise _unanswered("load", error) from None
        if record is not None:
            return json_response(record)
        if self._sessions.live.get(session_id) is not None or await self._is_live_elsewhere(session_id):
            raise ProblemError(HTTPStatus.CONFLICT, "the session is not over: there is no record of it yet")
        raise ProblemError(HTTPStatus.NOT_FOUND, "there is no record of a session of that id")

    async def _is_live_elsewhere(self, session_id: str) -> bool:
        """Whether a worker of another server has the session live; False also if that cannot be found out."""
        if not self._cluster.is_running:
            return False
        try:
            return bool((await self._cluster.first_with(HAS_SESSION, session_id.encode()))[0])
        except StoreError as error:
            _store_failed("workers", error)
            return False

    async def _record(self, request: Request) -> SessionRecord:
        session_id = request.path_params["session_id"]
        entry = self._sessions.live.get(session_id)
        if entry is not None and entry.session is not None:
            return entry.session.record()
        try:
            record = await self._store.load(session_id)
        except StoreError as error:
            raise _unanswered("load", error) from None
        if record is None:
            raise ProblemError(HTTPStatus.NOT_FOUND, "there is no session of that id")
        return record

    async def _recent(self) -> tuple[list[SessionRecord], str]:
        """Return the recent sessions, and if there are none to show, why; else an empty text."""
        try:
            return await self._store.recent(), ""
        except StoreError as error:
            _store_failed("recent", error)
            return [], "the recent sessions: the session store does not answer"


def _store_failed(operation: str, error: StoreError) -> None:
    report_failure(Failure.STORE, log, "the session store does not answer a request: %s", error, operation=operation)


def _unanswered(operation: str, error: StoreError) -> ProblemError:
    """Return the problem for a request that needs the store, which does not answer."""
    _store_failed(operation, error)
    return ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, "the session store does not answer")


def _listed(record: SessionRecord, *, is_live: bool) -> _Listed:
    return _Listed(_summary(record), record.created_at, record.updated_at, is_live)


def _summary(record: SessionRecord) -> SessionSummary:
    return SessionSummary(
        session_id=record.session_id,
        call_id=record.call_id or None,
        mode=record.mode,
        agent=record.agent,
        state=record.state,
        turn=record.turn,
        created_at=timestamp(record.created_at),
        updated_at=timestamp(record.updated_at),
        ended_reason=record.ended_reason or None,
    )

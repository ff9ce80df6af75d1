"""Routes for operators and load balancers: liveness, readiness, and the state of every actor."""

import asyncio
import os
import time
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from actors.errors import StoreError
from actors.messages.lifecycle import RestartChild
from actors.ports.clock import Clock
from actors.runtime.watchdog import LoopWatchdog
from actors.session.plan import Engines
from actors.session.sessions import SessionEntry
from actors.session.sessions_keeper import SessionsKeeper
from app.api.actor_reports import ActorsReport, Capacity, RecentMessage, SessionActors, SessionActorsInDetail
from app.api.problems import ProblemError
from app.api.readiness import Readiness
from app.api.responses import json_response
from app.cluster.cluster import Cluster
from app.engines.provider_states import provider_states
from app.server.lifecycle import Lifecycle
from app.sessions.session_capacity import SessionCapacity
from app.version import product_version
from protocol.health import Alive, Health, Restarting, SessionMetrics

ACTORS = "actors"
"""The request by which workers ask each other for their sessions and the actors of those."""


class HealthRoutes:
    """Serves `/health`, the routes below it, and `/readiness`."""

    def __init__(
        self,
        *,
        lifecycle: Lifecycle,
        clock: Clock,
        watchdog: LoopWatchdog,
        engines: Engines,
        sessions: SessionsKeeper,
        capacity: SessionCapacity,
        agents: Iterable[str],
        readiness: Readiness,
        cluster: Cluster,
    ) -> None:
        self._lifecycle = lifecycle
        self._clock = clock
        self._watchdog = watchdog
        self._engines = engines
        self._sessions = sessions
        self._capacity = capacity
        self._agents = agents
        self._readiness = readiness
        self._cluster = cluster
        cluster.on(ACTORS, self._told)

    def routes(self) -> list[Route]:
        """Return the routes of liveness, readiness and the state of every actor."""
        return [
            Route("/health", self.health),
            Route("/health/live", self.live),
            Route("/health/readiness", self.readiness),
            Route("/readiness", self.readiness),
            Route("/health/actors", self.actors),
            Route("/health/actors/{session_id}", self.session_actors),
            Route("/health/actors/{session_id}/{actor}/restart", self.restart, methods=["POST"]),
        ]

    async def health(self, _: Request) -> Response:
        """Answer liveness and counts of sessions, in the fields that clients of the existing backend read."""
        sessions = self._sessions
        active = len(sessions.live)
        metrics = SessionMetrics(
            connected=active, disconnected=sessions.ended, active=active, total_connected=sessions.started
        )
        return json_response(
            Health(
                version=product_version(),
                timestamp=time.time(),
                message="Earshot is answering",
                details={"phase": self._lifecycle.phase.value, "agents": sorted(self._agents)},
                active_sessions=active,
                session_metrics=metrics,
            )
        )

    async def live(self, _: Request) -> Response:
        """Answer that the worker's event loop runs."""
        return json_response(Alive())

    async def readiness(self, _: Request) -> Response:
        """Return whether the worker accepts new sessions, and the state of each component."""
        report = await self._readiness.report()
        status = HTTPStatus.SERVICE_UNAVAILABLE if report.status == "not_ready" else HTTPStatus.OK
        return json_response(report, status)

    async def actors(self, request: Request) -> Response:
        """Return every session of this worker with its actors; with `scope=cluster`, of all workers."""
        scope = request.query_params.get("scope", "worker")
        if scope == "cluster":
            return await self._actors_of_all()
        if scope != "worker":
            raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "scope: worker or cluster")
        return json_response(self._described())

    async def _actors_of_all(self) -> Response:
        """Return the sessions and actors of all known workers, and how many workers do not answer.

        With Redis these are the workers of all machines, without it those of this server.
        """
        try:
            answers, missing = await self._cluster.gather(ACTORS, b"")
        except StoreError as error:
            raise ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, f"scope cluster: {error.detail}") from None
        others = [msgspec.json.decode(answer, type=ActorsReport) for answer in answers]
        report = msgspec.structs.replace(self._described(), scope="cluster", others=others, missing=missing)
        return json_response(report)

    async def _told(self, _: bytes) -> bytes:
        return msgspec.json.encode(self._described())

    def _described(self) -> ActorsReport:
        """Return the report of this worker: its sessions and their actors, its providers, its loop and its capacity."""
        live = self._sessions.live
        return ActorsReport(
            worker=os.getpid(),
            sessions=[SessionActors(**self._describe(entry)) for entry in live.values()],
            process=self._sessions.state(),
            providers=provider_states(self._engines),
            loop_lag=self._watchdog.lag,
            capacity=Capacity(sessions=len(live), max_sessions=self._capacity.most, left=self._capacity.left),
        )

    async def session_actors(self, request: Request) -> Response:
        """Return one session with its actors and the messages that they handled last."""
        entry = self._entry(request)
        session = entry.session
        # The zero of the loop's clock is arbitrary.
        epoch = self._clock.wall() - self._clock.now()
        recent = [
            RecentMessage(at=round(epoch + seen.at, 3), sender=seen.sender, receiver=seen.receiver, type=seen.type)
            for seen in (session.recent_of_tree() if session else ())
        ]
        return json_response(SessionActorsInDetail(**self._describe(entry), recent_messages=recent))

    async def restart(self, request: Request) -> Response:
        """Restart one actor of a live session."""
        entry = self._entry(request)
        name = request.path_params["actor"]
        names = [state.name for state in entry.session.tree()[1:]] if entry.session else []
        if name not in names:
            raise ProblemError(
                HTTPStatus.NOT_FOUND, f"the session has no actor of that name; it has {', '.join(names)}"
            )
        entry.addresses.supervisor.tell(RestartChild(name))
        await asyncio.sleep(0)
        return json_response(Restarting(session_id=entry.plan.session_id, actor=name))

    def _entry(self, request: Request) -> SessionEntry:
        entry = self._sessions.live.get(request.path_params["session_id"])
        if entry is None:
            raise ProblemError(HTTPStatus.NOT_FOUND, "there is no live session of that id on this worker")
        return entry

    def _describe(self, entry: SessionEntry) -> dict[str, Any]:
        session = entry.session
        turn = entry.checkpoint.turn
        return {
            "session_id": entry.plan.session_id,
            "mode": entry.plan.mode,
            "agent": entry.plan.agent.name,
            "handoffs": [each.to_agent for each in entry.checkpoint.handoffs],
            "state": session.stage.value if session else "starting",
            "doing": turn.agent.value if turn else "",
            "turn": entry.checkpoint.turn_number,
            "age_s": round(self._clock.now() - entry.checkpoint.started_at, 3),
            "rebuilt": entry.rebuilt,
            "audio_bytes": entry.tracks.kept_bytes,
            "actors": session.tree() if session else [],
        }

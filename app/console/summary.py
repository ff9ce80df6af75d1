"""The summary of one worker: itself, its providers, and its sessions, the worst first."""

import os
import socket
import time

from actors.runtime.watchdog import LoopWatchdog
from actors.session.plan import Engines
from actors.session.sessions import SessionEntry
from actors.session.sessions_keeper import SessionsKeeper
from app.console.troubles import (
    MOST_CHARS,
    ConsoleApproval,
    ConsoleSession,
    Trouble,
    WorkerSummary,
    troubles_of_session,
    troubles_of_worker,
    weight_of,
)
from app.engines.provider_states import provider_states
from app.server.lifecycle import Lifecycle
from config.groups.limits import Limits

MOST_SHOWN = 40
"""The most sessions of one worker that are shown, those in trouble first: a notice between workers holds no more."""
MOST_APPROVALS = 10
"""The most tool calls waiting for approval that are shown, those that have waited longest first."""


class Summaries:
    """Sums up one worker.

    Args:
        lifecycle: the phase of the worker, and what it does less well.
        engines: the engines with their circuit breakers.
        sessions: the live sessions, and whether more can be started.
        watchdog: how late the event loop is.
        limits: how many sessions the worker takes, and how late its loop may be.
        content: whether the arguments of tools are shown.
    """

    def __init__(
        self,
        *,
        lifecycle: Lifecycle,
        engines: Engines,
        sessions: SessionsKeeper,
        watchdog: LoopWatchdog,
        limits: Limits,
        content: bool,
    ) -> None:
        self._lifecycle = lifecycle
        self._engines = engines
        self._sessions = sessions
        self._watchdog = watchdog
        self._max_sessions = limits.max_concurrent_sessions
        self._content = content
        self._host = socket.gethostname()
        self._max_lag_ms = 1_000 * limits.max_loop_lag_s

    def present(self) -> WorkerSummary:
        """What this worker is like at present."""
        sessions, troubles = self._sessions.live, self.troubles()
        now = self._engines.clock.now()
        described = [describe(entry, now) for entry in tuple(sessions.values())]
        worst = sorted(described, key=lambda each: (-each.weight, -each.age_s))[:MOST_SHOWN]
        return WorkerSummary(
            worker=os.getpid(),
            server=self._lifecycle.server,
            host=self._host,
            at=round(time.time(), 3),
            phase=self._lifecycle.phase.value,
            sessions=len(sessions),
            max_sessions=self._max_sessions,
            lag_ms=round(self._watchdog.lag.recent_ms, 1),
            weight=max(weight_of(troubles), worst[0].weight if worst else 0),
            troubles=tuple(trouble.text for trouble in troubles),
            trouble_weights=tuple(trouble.weight for trouble in troubles),
            worst=tuple(worst),
            approvals=self._approvals(),
            content=self._content,
        )

    def troubles(self) -> list[Trouble]:
        """What is wrong with this worker itself at present, the worst first."""
        return troubles_of_worker(
            phase=self._lifecycle.phase.value,
            lag_ms=self._watchdog.lag.recent_ms,
            max_lag_ms=self._max_lag_ms,
            sessions=len(self._sessions.live),
            max_sessions=self._max_sessions,
            starts_sessions=not self._sessions.has_failed,
            breakers=self._breakers(),
            degradations=self._lifecycle.degradations,
        )

    def _approvals(self) -> tuple[ConsoleApproval, ...]:
        """The calls of tools that wait for an operator."""
        waiting = [
            ConsoleApproval(
                session_id=entry.plan.session_id,
                approval_id=each.approval_id,
                agent=entry.plan.agent.name,
                tool=each.tool,
                arguments=_cut(each.arguments) if self._content else "",
                asked_at=each.asked_at,
                expires_at=each.expires_at,
            )
            for entry in tuple(self._sessions.live.values())
            for each in entry.tool_runs.approvals.pending()
        ]
        return tuple(sorted(waiting, key=lambda each: each.asked_at)[:MOST_APPROVALS])

    def _breakers(self) -> dict[str, str]:
        """The state of each circuit breaker that is not closed."""
        return {
            f"{setting} {state.name}": state.breaker.value
            for setting, states in provider_states(self._engines).items()
            for state in states
            if state.breaker.value != "closed"
        }


def _cut(text: str) -> str:
    return text if len(text) <= MOST_CHARS else f"{text[:MOST_CHARS]}..."


def describe(entry: SessionEntry, now: float) -> ConsoleSession:
    """One session in the list; `now` by the clock of the session."""
    session, checkpoint = entry.session, entry.checkpoint
    state = session.stage.value if session is not None else "starting"
    last_errors = {restart.actor: restart.error for restart in entry.restarts}
    actors = session.tree() if session is not None else []
    age_s = now - checkpoint.started_at
    troubles = troubles_of_session(actors, state=state, age_s=age_s, rebuilt=entry.rebuilt, last_errors=last_errors)
    return ConsoleSession(
        session_id=entry.plan.session_id,
        channel=entry.plan.about.channel.value,
        mode=entry.plan.mode,
        agent=entry.plan.agent.name,
        state=state,
        turn=checkpoint.turn_number,
        age_s=round(age_s, 1),
        weight=weight_of(troubles),
        troubles=tuple(trouble.text for trouble in troubles),
    )

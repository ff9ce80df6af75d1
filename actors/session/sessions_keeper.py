"""The keeper of `Sessions`: starts that actor, and starts it again when it ends though nobody has asked it to."""

import asyncio
from collections.abc import Callable

from pykka import ActorRef

from actors.runtime.failure_counters import Failure, count_failure
from actors.runtime.restart_budget import Escalate, Restart, RestartBudget
from actors.runtime.supervised_actor import ChildExited, actor_of, logger
from actors.session.measurements import actor_restarted
from actors.session.plan import Engines
from actors.session.sessions import Sessions


class SessionsKeeper:
    """Keeps one `Sessions` running in this process. Live sessions outlive its restart. Belongs to the loop's thread.

    Args:
        engines: what sessions are made with.
        on_ended: called with the id of each session that has ended.
        on_opened: called with the id of each session that begins.
    """

    def __init__(
        self,
        engines: Engines,
        on_ended: Callable[[str], None] = lambda session_id: None,
        on_opened: Callable[[str], None] = lambda session_id: None,
    ) -> None:
        self._engines = engines
        self._on_ended = on_ended
        self._on_opened = on_opened
        self._budget = RestartBudget(engines.restarts)
        self._is_stopped = False
        self.has_failed = False
        """`Sessions` has failed too often: no session can be started in this process any more."""
        self._ref, self.sessions = self._start(None)

    def _start(self, former: Sessions | None) -> tuple[ActorRef[Sessions], Sessions]:
        ref = Sessions.start(self._engines, self._on_ended, self._on_opened, parent=self, former=former)
        sessions = actor_of(ref)
        assert sessions is not None
        return ref, sessions

    def tell(self, message: ChildExited) -> None:
        """Start `Sessions` again, which has ended, unless it was stopped or fails too often."""
        if self._is_stopped or message.actor_urn != self._ref.actor_urn:
            return
        match self._budget.decide(self._engines.clock.now()):
            case Restart(delay_s):
                logger.error("the actor that starts sessions is started again: %s", message.error or "it ended")
                actor_restarted("sessions", message.error)
                asyncio.get_running_loop().call_later(delay_s, self._restart)
            case Escalate():
                self.has_failed = True
                logger.critical("the actor that starts sessions has failed too often: this worker takes no more")
                count_failure(Failure.GIVEN_UP, actor="sessions")

    def _restart(self) -> None:
        if not self._is_stopped:
            self._ref, self.sessions = self._start(self.sessions)

    def stop(self) -> None:
        """Stop the actor that starts sessions, and do not start it again."""
        self._is_stopped = True
        self._ref.stop(block=False)

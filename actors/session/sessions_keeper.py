"""The keeper of `Sessions`: starts that actor, and starts it again when it ends though nobody has asked it to."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from pykka import ActorRef

from actors.conversation import SessionRecord
from actors.messages.caller import ConnectionAttached
from actors.messages.output import OutputMessage
from actors.ports.recipient import Recipient
from actors.runtime.actor_state import ActorState
from actors.runtime.exits import ChildExited
from actors.runtime.failure_counters import Failure, report_failure
from actors.runtime.restart_budget import Escalate, Restart, RestartBudget
from actors.runtime.supervised_actor import actor_of, logger
from actors.session.checkpoint import Checkpoint
from actors.session.measurements import actor_restarted
from actors.session.plan import Engines, SessionPlan
from actors.session.sessions import SessionEntry, Sessions


class SessionsKeeper:
    """Keeps one `Sessions` running in this process. Live sessions outlive its restart. Belongs to the loop's thread.

    Whoever opens sessions, or looks at live ones, holds the keeper: the actor itself may be replaced.

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
        """Whether `Sessions` has failed so often that no session can be started in this process any more."""
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
                report_failure(
                    Failure.GIVEN_UP,
                    logger,
                    "the actor that starts sessions has failed too often: this worker takes no more",
                    actor="sessions",
                )

    def _restart(self) -> None:
        if not self._is_stopped:
            self._ref, self.sessions = self._start(self.sessions)

    def stop(self) -> None:
        """Stop the actor that starts sessions, and do not start it again."""
        self._is_stopped = True
        self._ref.stop(block=False)

    @property
    def live(self) -> Mapping[str, SessionEntry]:
        """The live sessions by id; the same mapping as long as this process lives."""
        return self.sessions.live

    @property
    def started(self) -> int:
        """How many sessions have begun in this process."""
        return self.sessions.started

    @property
    def ended(self) -> int:
        """How many sessions have ended in this process."""
        return self.sessions.ended

    def state(self) -> ActorState:
        """A snapshot of the actor that starts sessions."""
        return self.sessions.state()

    def open(
        self,
        plan: SessionPlan,
        output: Recipient[OutputMessage],
        attached: ConnectionAttached,
        checkpoint: Checkpoint | None = None,
    ) -> SessionEntry:
        """Start a session for a connection: see `Sessions.open`."""
        return self.sessions.open(plan, output, attached, checkpoint)

    def restore(
        self,
        plan: SessionPlan,
        output: Recipient[OutputMessage],
        attached: ConnectionAttached,
        record: SessionRecord,
        *,
        greets: bool = False,
    ) -> SessionEntry:
        """Go on from the record of a former session: see `Sessions.restore`."""
        return self.sessions.restore(plan, output, attached, record, greets=greets)

    def emptied(self) -> Awaitable[None]:
        """Completes when every session of this process has ended."""
        return self.sessions.emptied()

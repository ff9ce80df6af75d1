"""The children of a session: which there are, how each is started, and how often it may be started again."""

from collections.abc import Callable, Iterable
from typing import Any

import msgspec
from pykka import ActorRef

from actors.runtime.exits import ChildExited, order_stop_now
from actors.runtime.failure_counters import Failure, report_failure
from actors.runtime.restart_budget import Escalate, Restart, RestartBudget, RestartPolicy
from actors.runtime.session_trace import Trace
from actors.runtime.supervised_actor import SupervisedActor, actor_of, logger
from actors.session.live_session import ActorRestarted, LiveSession
from actors.session.measurements import actor_restarted
from actors.session.plan import Engines, SessionPlan

NO_CHILD: frozenset[str] = frozenset()
"""No child, in all sessions: a set of its own takes 216 bytes, and hardly a child is ever replaced."""


class ChildContext(msgspec.Struct, frozen=True, kw_only=True):
    """What the factory of a `ChildSpec` makes its actor from."""

    session: LiveSession
    engines: Engines
    trace: Trace


class ChildSpec(msgspec.Struct, frozen=True, kw_only=True):
    """One child of a mode. The supervisor knows nothing of it but this."""

    name: str
    """The name of the actor and of its address."""
    factory: Callable[[ChildContext], ActorRef[Any]]
    """Starts the actor."""
    speaks: bool = False
    """Whether the session needs this child in order to speak."""
    receives: tuple[type, ...] = ()
    """The classes of messages from outside the session's children that it is told: caller audio, what the connection
    tells, and the supervisor's own `SessionFailed`. A message that no child of the mode receives is dropped."""
    needed: Callable[[LiveSession], bool] = lambda session: True
    """Whether it is started with the session; if not, it is started when a `RestartChild` orders it."""
    follows_agent: Callable[[SessionPlan, SessionPlan], bool] = lambda former, plan: False
    """Whether it is restarted when another agent takes the conversation over; called with the plans before and after.
    It has to be if what it is made from differs between them."""
    follows_language: Callable[[SessionPlan, SessionPlan], bool] = lambda former, plan: False
    """Whether it is restarted when its agent changes the language; called with the plans before and after."""
    follows_connection: bool = False
    """Whether it is restarted when a connection with another sample rate replaces the former one, because the audio
    that it makes has the rate of the connection."""
    restart: RestartPolicy | None = None
    """How often it may be restarted; None for the setting of the process."""


class Children:
    """Starts the children of one supervisor and replaces those that end, within their budgets.

    Args:
        specs: the children, in the order in which they are started.
        context: what they are made from.
        now: the time in seconds, for the budgets.
        restart_later: called with a delay in seconds and a name, calls `restart_unless_running` with the name then.
    """

    def __init__(
        self,
        specs: Iterable[ChildSpec],
        context: ChildContext,
        *,
        now: Callable[[], float],
        restart_later: Callable[[float, str], None],
    ) -> None:
        self._specs = {spec.name: spec for spec in specs}
        self._context = context
        self._budgets: dict[str, RestartBudget] = {}
        """Of the children that have ended: hardly any ever does before its session."""
        self._now = now
        self._restart_later = restart_later
        self._refs: dict[str, ActorRef[Any]] = {}
        self._restarts: dict[str, int] = {}
        """How often each child was started again; a child that never was is not in it."""
        self._replaced: frozenset[str] = NO_CHILD
        """The names of children that were ordered to stop and are started again once they have stopped."""
        self._renewed: frozenset[str] = NO_CHILD
        """Those of `_replaced` whose agent, language or connection has changed: their restart does not count as a
        failure."""
        self._released: frozenset[str] = NO_CHILD
        """The names of children that were ordered to stop because they are not needed at present."""
        self._stopping = False

    def __contains__(self, name: str) -> bool:
        return name in self._specs

    def __getitem__(self, name: str) -> ActorRef[Any]:
        return self._refs[name]

    def receivers(self, kind: type) -> list[str]:
        """The names of the children that are told messages of this class."""
        return [name for name, spec in self._specs.items() if kind in spec.receives]

    def can_speak_without(self, name: str) -> bool:
        """Whether the session can still say something when this child is gone for good."""
        return not self._specs[name].speaks

    @property
    def all_gone(self) -> bool:
        """Whether every child has ended, and none is being stopped any more."""
        return not self._refs

    def actors(self) -> list[SupervisedActor]:
        """The actors of those children that are running, for snapshots on the loop's thread only."""
        return [child for ref in self._refs.values() if (child := actor_of(ref)) is not None]

    def start(self) -> None:
        """Start every child that is needed from the beginning, in the order in which they were given."""
        for name, spec in self._specs.items():
            if spec.needed(self._context.session):
                self._start(name)

    def restart(self, name: str) -> None:
        """Start a child. One that still runs is stopped, and started once it has ended: two would both write the
        conversation.
        """
        if name not in self._specs or self._stopping:
            return
        if (former := self._refs.get(name)) is not None:
            self._replaced |= {name}
            order_stop_now(former)
            return
        self._start(name)

    def renew(self, name: str) -> None:
        """Start a running child anew, since what it is made from has changed; a failed one is started again anyway."""
        if name in self._refs and not self._stopping:
            self._renewed |= {name}
            self.restart(name)

    def follow_agent(self, former: SessionPlan, plan: SessionPlan) -> None:
        """Start anew the children that are made differently for the agent that has taken the conversation over."""
        for name, spec in self._specs.items():
            if spec.follows_agent(former, plan):
                self.renew(name)

    def follow_language(self, former: SessionPlan, plan: SessionPlan) -> None:
        """Start anew the children that are made differently for the language in which the agent goes on."""
        for name, spec in self._specs.items():
            if spec.follows_language(former, plan):
                self.renew(name)

    def follow_connection(self) -> None:
        """Start anew the children whose output has the sample rate of the connection, which has changed."""
        for name, spec in self._specs.items():
            if spec.follows_connection:
                self.renew(name)

    def restart_unless_running(self, name: str) -> None:
        """Start a child whose pause before its restart is over, unless somebody else has started it meanwhile, or it
        is not needed any more. One that was released, and is being stopped, is started as soon as it has ended."""
        if name in self._released:
            self._released -= {name}
            self.renew(name)
        elif name not in self._refs and name in self._specs and self._specs[name].needed(self._context.session):
            self.restart(name)

    def release(self, name: str) -> None:
        """Stop a child that is not needed for now; `restart_unless_running` starts it again."""
        if (ref := self._refs.get(name)) is not None and not self._stopping:
            self._released |= {name}
            order_stop_now(ref)

    def stop(self) -> None:
        """Order all children to stop at once; none is started again."""
        self._stopping = True
        for ref in self._refs.values():
            order_stop_now(ref)

    def take_exit(self, message: ChildExited) -> str:
        """Start again a child that has ended. Returns its name if it has failed too often for that, else nothing."""
        name = message.name
        ref = self._refs.get(name)
        if ref is None or ref.actor_urn != message.actor_urn:
            return ""
        del self._refs[name]
        if self._stopping:
            return ""
        is_released = name in self._released
        self._released -= {name}
        if name in self._replaced:
            self._replaced -= {name}
            if name in self._renewed:
                self._renewed -= {name}
            else:
                self._note_restart(name, "it was ordered to")
            self.restart(name)
            return ""
        if is_released:
            return ""
        # A child that ended without an error is missed as much as one that failed.
        match self._budget(name).decide(self._now()):
            case Restart(delay_s):
                logger.warning("%s is started again: %s", name, message.error or "it ended")
                actor_restarted(name, message.error)
                self._note_restart(name, message.error or "it ended")
                if delay_s == 0:
                    self.restart(name)
                else:
                    self._restart_later(delay_s, name)
                return ""
            case Escalate():
                report_failure(
                    Failure.GIVEN_UP, logger, "%s failed too often: %s", name, message.error or "it ended", actor=name
                )
                return name

    def _note_restart(self, name: str, error: str) -> None:
        context = self._context
        context.session.restarted(ActorRestarted(context.engines.clock.wall(), name, error))
        self._restarts[name] = self._restarts.get(name, 0) + 1

    def _budget(self, name: str) -> RestartBudget:
        if name not in self._budgets:
            self._budgets[name] = RestartBudget(self._specs[name].restart or self._context.engines.restarts)
        return self._budgets[name]

    def _start(self, name: str) -> None:
        spec = self._specs[name]
        ref = self._refs[name] = spec.factory(self._context)
        child = actor_of(ref)
        assert child is not None
        child.restarts = self._restarts.get(name, 0)
        child.reachable_at(self._context.session.addresses[name])

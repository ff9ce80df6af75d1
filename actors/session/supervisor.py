"""The session: supervisor of one conversation. It starts the children, restarts them, and ends with them."""

from enum import StrEnum
from typing import Any, assert_never

from actors.conversation import Ending, HandoffMade, SessionRecord
from actors.messages.caller import ConnectionAttached, ConnectionDetached, EndSession
from actors.messages.lifecycle import (
    AgentReplaced,
    CallerCutOff,
    CallerIsBack,
    LanguageChanged,
    ReconnectExpired,
    ReleaseChild,
    RestartChild,
    SessionFailed,
    SessionOver,
    TurnRecorded,
)
from actors.messages.output import AgentTookOver
from actors.ports.clock import Timer
from actors.ports.recipient import Recipient
from actors.runtime.actor_state import ActorState, MessageSeen
from actors.runtime.exits import ChildExited, order_stop, tell_quietly
from actors.runtime.session_trace import Trace
from actors.runtime.supervised_actor import SupervisedActor, logger
from actors.session import measurements
from actors.session.children import ChildContext, Children
from actors.session.last_words import LAST_WORDS_S, LastWords, kept_apology
from actors.session.live_session import LiveSession
from actors.session.modes.registry import mode_named
from actors.session.plan import Engines, SessionPlan
from actors.session.record_saving import RecordSaver, conclude, record_of

SessionMessage = (
    ChildExited
    | ConnectionAttached
    | ConnectionDetached
    | EndSession
    | SessionOver
    | AgentReplaced
    | LanguageChanged
    | ReleaseChild
    | RestartChild
    | ReconnectExpired
    | TurnRecorded
    | SessionFailed
)

CHILDREN_END_S = 0.5
"""Seconds for which children that were ordered to stop are waited for."""


class SessionState(StrEnum):
    """Whether a session is connected, waits for its connection, or ends: as operators see it."""

    CONNECTED = "connected"
    WAITING = "waiting"  # for its connection to come back
    ENDING = "ending"


class SessionSupervisor(SupervisedActor):
    """Supervises the children of one session; which there are, its mode says.

    Args:
        session: what of the session outlives this actor.
        engines: what the children are made with.
        saver: keeps the record of the session.
        parent: told when this actor has ended.
    """

    def __init__(
        self, *, session: LiveSession, engines: Engines, saver: RecordSaver, parent: Recipient[ChildExited]
    ) -> None:
        trace = Trace(engines.clock.now, engines.clock.wall, session.usage)
        super().__init__(f"session {session.plan.session_id}", parent, trace)
        self.session = session
        self.engines = engines
        self.stage = SessionState.CONNECTED
        self._checkpoint = session.checkpoint
        self._mode = mode_named(session.plan.mode)
        self._life: Timer | None = None
        self._children = Children(
            self._mode.children,
            ChildContext(session=session, engines=engines, trace=self.trace),
            now=engines.clock.now,
            restart_later=self._restart_later,
        )
        self._saver = saver
        self._last_words: LastWords | None = None

    @property
    def plan(self) -> SessionPlan:
        """What the session is, with the agent that has it now."""
        return self.session.plan

    @property
    def ending(self) -> Ending | None:
        """How the session ended; None while it goes on."""
        return self._checkpoint.ending

    # life

    def on_start(self) -> None:
        """Start the children; audio that has come in the meantime waits in the ring."""
        self.reachable_at(self.session.addresses.supervisor)
        measurements.session_opened(self.plan.mode)
        plan = self.plan
        self.trace.session_started(plan.session_id, plan.mode, plan.agent.name, plan.traceparent, plan.call_id)
        self._announce_handoffs()
        self._children.start()
        if (lost := self._checkpoint.lost) is not None:
            self.stage = SessionState.WAITING
            self.call_later(max(0.0, lost.until - self.engines.clock.now()), ReconnectExpired(lost.connection_id))
        self._bound_life()
        self._save()

    def _bound_life(self) -> None:
        """See that the session ends, should its children not end it when it has lasted as long as its agent lets it."""
        if self._life is not None:
            self._life.cancel()
        over_at = self._checkpoint.started_at + self.plan.agent.limits.max_session_s
        left_s = max(0.0, over_at - self.engines.clock.now())
        self._life = self.call_later(left_s + LAST_WORDS_S, SessionOver(Ending.NORMAL))

    def on_end(self) -> None:
        """Stop the children, whatever has ended the session."""
        if self._last_words is not None:
            self._last_words.stop()
        self._children.stop()
        ending = self.ending or Ending.ERROR
        lasted_s = self.engines.clock.now() - self._checkpoint.started_at
        measurements.session_closed(self.plan.mode, ending.value, lasted_s)
        self.trace.session_ended(ending)

    def on_receive(self, message: SessionMessage) -> None:
        """Handle the end of a child, the coming and going of connections, and the end of the session."""
        match message:
            case ChildExited():
                self._child_exited(message)
            case RestartChild(name, unless_running):
                if unless_running:
                    self._children.restart_unless_running(name)
                else:
                    self._children.restart(name)
            case ReleaseChild(name):
                self._children.release(name)
            case ConnectionAttached():
                self._attach(message)
            case ConnectionDetached(connection_id, keep_s):
                self._detach(connection_id, keep_s)
            case ReconnectExpired(connection_id):
                lost = self._checkpoint.lost
                if lost is not None and lost.connection_id == connection_id:
                    self._checkpoint.nobody_came_back()
                    self._over(Ending.NORMAL)
            case EndSession(reason, politely):
                self._end(message, reason, politely)
            case SessionOver(ending):
                self._over(ending)
            case TurnRecorded():
                self._save()
            case SessionFailed():
                self._escalate()
            case LanguageChanged(former):
                logger.info("the conversation goes on in %s", self._checkpoint.language)
                measurements.language_changed(self._checkpoint.language)
                present = self.plan
                self._children.follow_language(present.as_agent(present.agent.name, former), present)
            case AgentReplaced(made):
                self._agent_replaced(made)
            case _:
                assert_never(message)

    # children

    def _restart_later(self, delay_s: float, name: str) -> None:
        self.call_later(delay_s, RestartChild(name, unless_running=True))

    def _tell_receivers(self, message: Any) -> bool:
        """Tell `message` to the children that receive its class; False if there are none in this mode."""
        names = self._children.receivers(type(message))
        for name in names:
            self.session.addresses[name].tell(message)
        return bool(names)

    def _child_exited(self, message: ChildExited) -> None:
        given_up = self._children.take_exit(message)
        if self.ending is not None and self._children.all_gone:
            self._finish()
        elif given_up:
            self._escalate(given_up)

    def _escalate(self, failed: str = "") -> None:
        """Never silence: the session apologises, itself if it can, and ends. `failed` names a child that is no more."""
        if self._last_words is not None or self.ending is not None:
            return
        self.call_later(LAST_WORDS_S, SessionOver(Ending.ERROR))
        phrase = kept_apology(self.plan, self.session.connection) if self._mode.speaks else None
        if phrase is not None:
            self.stage = SessionState.ENDING
            self._last_words = LastWords(
                phrase,
                session=self.session,
                engines=self.engines,
                on_heard=self._last_words_heard,
            )
            self._children.stop()
        elif not (failed and self._children.can_speak_without(failed) and self._tell_receivers(SessionFailed())):
            # Where it is not kept as sound, those who can still speak say it.
            self._over(Ending.ERROR)

    def _last_words_heard(self) -> None:
        tell_quietly(self.actor_ref, SessionOver(Ending.ERROR))

    # the agent

    def _agent_replaced(self, made: HandoffMade) -> None:
        """Start the agent that has the conversation now, with what it has of its own."""
        self._announce_handoffs()
        if self.ending is not None:
            return
        self._bound_life()
        plan = self.plan
        self._children.follow_agent(plan.as_agent(made.from_agent, self._checkpoint.language), plan)
        self._save()

    def _announce_handoffs(self) -> None:
        """Tell of each handoff once, also of one that this actor's predecessor failed at."""
        session, plan = self.session, self.plan
        for made in self._checkpoint.handoffs[session.handoffs_announced :]:
            session.handoffs_announced += 1
            logger.info("the conversation is handed off from the agent %s to %s", made.from_agent, made.to_agent)
            measurements.handed_off(made.from_agent, made.to_agent)
            self.trace.agent_changed(made.from_agent, made.to_agent)
            agent = plan.as_agent(made.to_agent).agent
            session.connection.show(
                AgentTookOver(agent=agent.name, label=agent.label, from_agent=made.from_agent, turn=made.turn)
            )

    # the connection

    def _attach(self, message: ConnectionAttached) -> None:
        """Another connection: what was not heard yet is played on it."""
        connection = self.session.connection
        former, was_lost = connection.attached, self._checkpoint.lost is not None
        connection.attach(message)
        self._checkpoint.connection_attached()
        if self.stage is SessionState.WAITING:
            self.stage = SessionState.CONNECTED
            measurements.reconnected(self.plan.mode)
        if self.ending is not None:
            return
        if was_lost:
            self._tell_receivers(CallerIsBack())
        if former is None:
            return
        if (former.rate_hz, former.frame_ms) == (message.rate_hz, message.frame_ms):
            self._tell_receivers(message)
        else:
            self._children.follow_connection()

    def _detach(self, connection_id: str, keep_s: float) -> None:
        connection = self.session.connection
        attached = connection.attached
        if attached is None or attached.connection_id != connection_id or self.stage is SessionState.WAITING:
            return
        if connection.output_id != connection_id:
            # Another one has come in its place, of which this actor is told next: it must not be cut off.
            return
        connection.output = None
        if self.ending is not None or self._last_words is not None:
            self._over(Ending.ERROR)
            return
        self.stage = SessionState.WAITING
        self._tell_receivers(ConnectionDetached(connection_id))
        self._tell_receivers(CallerCutOff())
        reconnect_s = max(keep_s, self.plan.agent.limits.reconnect_s)
        checkpoint = self._checkpoint
        if not self.plan.call_id and checkpoint.user_at is None and not checkpoint.inputs:
            # Nothing is lost with it, and a client that opens and drops connections must not keep others out.
            reconnect_s = 0.0
        self._checkpoint.connection_lost(connection_id, self.engines.clock.now() + reconnect_s)
        self.call_later(reconnect_s, ReconnectExpired(connection_id))

    # the end

    def _end(self, message: EndSession, reason: Ending, politely: bool) -> None:
        if self.ending is not None or (politely and self._last_words is not None):
            return
        if politely and self.stage is SessionState.CONNECTED and self._tell_receivers(message):
            self.stage = SessionState.ENDING
            self.call_later(LAST_WORDS_S, SessionOver(reason))
        else:
            self._over(reason)

    def _over(self, ending: Ending) -> None:
        """End: the children first, which leave what was heard until now; then the record; then this actor."""
        if self.ending is not None:
            self._finish()
            return
        self._checkpoint.ended(ending)
        self.stage = SessionState.ENDING
        self._children.stop()
        if self._children.all_gone:
            self._finish()
        else:
            self.call_later(CHILDREN_END_S, SessionOver(ending))

    def _finish(self) -> None:
        if self.ending is not None and conclude(self.session, self.ending, self.engines.clock):
            self._save()
            order_stop(self.actor_ref)

    # what others see

    def record(self) -> SessionRecord:
        """The session as the store keeps it, with what was said until now."""
        return record_of(self.session, self.stage, self.engines.clock)

    def tree(self) -> list[ActorState]:
        """This actor and its children, for operators."""
        return [self.state(), *(child.state() for child in self._children.actors())]

    def recent_of_tree(self) -> list[MessageSeen]:
        """The messages last handled by this actor and its children, the newest first, without content."""
        seen = self.recent_messages()
        for child in self._children.actors():
            seen += child.recent_messages()
        return sorted(seen, key=lambda message: message.at, reverse=True)

    def _save(self) -> None:
        if self.plan.stored:
            self._saver.save(self.record())

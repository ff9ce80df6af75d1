"""The session: supervisor of one conversation. It starts the children, restarts them, and ends with them."""

from enum import StrEnum
from typing import Any, assert_never

import msgspec
from pykka import ActorRef

from actors.conversation import ChatMessage, Ending, Role, SessionRecord
from actors.messages.caller import ConnectionAttached, ConnectionDetached, EndSession
from actors.messages.lifecycle import (
    IdleChecked,
    ReconnectExpired,
    RestartChild,
    SessionFailed,
    SessionOver,
    TurnRecorded,
)
from actors.messages.transcript import (
    FinalTranscript,
    InterimTranscript,
    NoiseStopped,
    NoSpeechRecognized,
    SpeechContinued,
    SpeechStarted,
    SpeechStopped,
)
from actors.ports.clock import Timer
from actors.ports.recipient import Recipient
from actors.ports.stt import RecognitionOptions
from actors.runtime.address import Address
from actors.runtime.supervised_actor import (
    ActorState,
    ChildExited,
    MessageSeen,
    SupervisedActor,
    order_stop,
    tell_quietly,
)
from actors.runtime.telemetry import Trace
from actors.session.checkpoint import LostConnection
from actors.session.children import Children, ChildSpec
from actors.session.last_words import LAST_WORDS_S, LastWords, kept_apology
from actors.session.orchestrator import Orchestrator
from actors.session.plan import Engines, Mode, SessionPlan
from actors.session.recognizer import Recognizer
from actors.session.record_saving import RecordSaver, conclude, record_of
from actors.session.shared import SessionLines
from actors.session.synthesizer import Synthesizer

SessionMessage = (
    ChildExited
    | ConnectionAttached
    | ConnectionDetached
    | EndSession
    | SessionOver
    | RestartChild
    | ReconnectExpired
    | IdleChecked
    | TurnRecorded
    | SessionFailed
    | InterimTranscript
    | FinalTranscript
    | NoSpeechRecognized
    | NoiseStopped
    | SpeechStarted
    | SpeechContinued
    | SpeechStopped
)

CHILDREN_END_S = 0.5
"""Children that were ordered to stop and have not by then are not waited for."""


class SessionState(StrEnum):
    """Where a session is in its life."""

    CONNECTED = "connected"
    WAITING = "waiting"  # for its connection to come back
    ENDING = "ending"


class SessionSupervisor(SupervisedActor):
    """Supervises the recognizer, the orchestrator and the synthesizer of one conversation."""

    def __init__(
        self,
        *,
        plan: SessionPlan,
        engines: Engines,
        lines: SessionLines,
        saver: RecordSaver,
        parent: Recipient[ChildExited],
        created_at: float,
        started_at: float,
    ) -> None:
        super().__init__(f"session {plan.session_id}", parent, Trace())
        self.plan = plan
        self.engines = engines
        self.lines = lines
        self.created_at = created_at
        self.started_at = started_at
        self.stage = SessionState.CONNECTED
        self._children = Children(
            self._specs(), engines.restarts, now=engines.clock.now, restart_later=self._restart_later
        )
        self._timers: list[Timer] = []
        self._saver = saver
        self._last_words: LastWords | None = None

    @property
    def ending(self) -> Ending | None:
        """How the session ended, if it has."""
        return self.lines.checkpoint.ending

    # life

    def on_start(self) -> None:
        """Start the children; audio that has come in the meantime waits in the ring."""
        self.reachable_at(self.lines.session)
        self.trace.session_started(self.plan.session_id, self.plan.mode, self.plan.agent.name)
        self._children.start()
        if self.plan.mode is not Mode.MEDIA:
            self.lines.orchestrator.close()
            self.lines.synthesizer.close()
        if (lost := self.lines.checkpoint.lost) is not None:
            self.stage = SessionState.WAITING
            self._later(max(0.0, lost.until - self.engines.clock.now()), ReconnectExpired(lost.connection_id))
        self._bound_life()
        self._save()

    def _bound_life(self) -> None:
        """See that the session ends, whatever its parts do.

        In a conversation the turn rules say goodbye when it has lasted long enough, and when nobody answers.
        """
        left_s = max(0.0, self.plan.agent.limits.max_session_s - (self.engines.clock.now() - self.started_at))
        if self.plan.mode is Mode.MEDIA:
            self._later(left_s + LAST_WORDS_S, SessionOver(Ending.NORMAL))
        else:
            self._later(left_s, SessionOver(Ending.NORMAL))
            self._check_idle()

    def _check_idle(self) -> None:
        """End a session that nobody has spoken in for long, and look again when it may be time."""
        user_at = self.lines.checkpoint.user_at
        silent_s = self.engines.clock.now() - (self.started_at if user_at is None else user_at)
        idle_s = self.plan.agent.limits.idle_s
        if silent_s < idle_s:
            self._later(idle_s - silent_s, IdleChecked())
        elif self.ending is None:
            self._over(Ending.IDLE_TIMEOUT)

    def on_end(self) -> None:
        """The children end with their session, whatever ended it."""
        for timer in self._timers:
            timer.cancel()
        if self._last_words is not None:
            self._last_words.stop()
        self._children.stop()
        self.trace.session_ended(self.ending or Ending.ERROR)

    def on_receive(self, message: SessionMessage) -> None:
        """One message."""
        match message:
            case ChildExited():
                self._child_exited(message)
            case RestartChild(name, unless_running):
                if unless_running:
                    self._children.restart_unless_running(name)
                else:
                    self._children.restart(name)
            case ConnectionAttached():
                self._attach(message)
            case ConnectionDetached(connection_id, keep_s):
                self._detach(connection_id, keep_s)
            case ReconnectExpired(connection_id):
                lost = self.lines.checkpoint.lost
                if lost is not None and lost.connection_id == connection_id:
                    self.lines.checkpoint.abandoned = True
                    self._over(Ending.NORMAL)
            case IdleChecked():
                self._check_idle()
            case EndSession(reason, politely):
                self._end(message, reason, politely)
            case SessionOver(ending):
                self._over(ending)
            case TurnRecorded():
                self._save()
            case SessionFailed():
                self._escalate()
            case InterimTranscript():
                self.lines.show(message)
            case FinalTranscript():
                self._transcribed(message)
            case SpeechStarted() | SpeechContinued() | SpeechStopped() | NoiseStopped() | NoSpeechRecognized():
                return
            case _:
                assert_never(message)

    def _transcribed(self, final: FinalTranscript) -> None:
        """Words of a session that only listens."""
        checkpoint, at = self.lines.checkpoint, self.engines.clock.wall()
        turn = len(checkpoint.transcript) + 1
        said = ChatMessage(role=Role.USER, text=final.text, turn=turn, at=at, confidence=final.confidence)
        checkpoint.transcript = (*checkpoint.transcript, said)
        self.lines.show(msgspec.structs.replace(final, turn=turn))
        self._save()

    # children

    def _specs(self) -> list[ChildSpec]:
        """The children of a session of this mode."""
        lines = self.lines
        specs = [ChildSpec("recognizer", self._make_recognizer, lines.recognizer)]
        if self.plan.mode is Mode.MEDIA:
            specs.append(ChildSpec("synthesizer", self._make_synthesizer, lines.synthesizer))
            specs.append(ChildSpec("orchestrator", self._make_orchestrator, lines.orchestrator))
        return specs

    def _restart_later(self, delay_s: float, name: str) -> None:
        self._later(delay_s, RestartChild(name, unless_running=True))

    def _make_recognizer(self) -> ActorRef[Any]:
        listener: Address[Any] = self.lines.orchestrator if self.plan.mode is Mode.MEDIA else self.lines.session
        return Recognizer.start(
            lines=self.lines,
            listener=listener,
            engine=self.engines.recognizer,
            options=RecognitionOptions(
                session_id=self.plan.session_id,
                rate_hz=self.plan.rate_hz,
                languages=self.plan.agent.languages,
                phrases=self.plan.phrases_expected,
            ),
            detector=self.engines.voice_activity(),
            endpointing=self.plan.agent.endpointing,
            clock=self.engines.clock,
            trace=self.trace,
        )

    def _make_synthesizer(self) -> ActorRef[Any]:
        assert self.lines.attached is not None
        return Synthesizer.start(
            lines=self.lines,
            engine=self.engines.synthesizer,
            voice=self.plan.agent.voice,
            kept=self.plan.kept(self.lines.attached.rate_hz),
            play_clock=self.engines.play_clock,
            clock=self.engines.clock,
            trace=self.trace,
        )

    def _make_orchestrator(self) -> ActorRef[Any]:
        left_s = self.plan.agent.limits.max_session_s - (self.engines.clock.now() - self.started_at)
        return Orchestrator.start(
            lines=self.lines,
            agent=self.plan.agent,
            model=self.plan.model or self.engines.model,
            tools=dict(self.plan.tools),
            clock=self.engines.clock,
            trace=self.trace,
            session_left_s=left_s,
            call=self.plan.call,
            about=self.plan.about,
        )

    def _child_exited(self, message: ChildExited) -> None:
        given_up = self._children.exited(message)
        if self.ending is not None and self._children.all_gone:
            self._finish()
        elif given_up:
            self._escalate(given_up)

    def _escalate(self, failed: str = "") -> None:
        """Never silence: the session apologises, itself if it can, and ends. `failed` names a child that is no more."""
        if self._last_words is not None or self.ending is not None:
            return
        self._later(LAST_WORDS_S, SessionOver(Ending.ERROR))
        phrase = kept_apology(self.plan, self.lines) if self.plan.mode is Mode.MEDIA else None
        if phrase is not None:
            self.stage = SessionState.ENDING
            self._last_words = LastWords(
                phrase,
                plan=self.plan,
                lines=self.lines,
                engines=self.engines,
                on_heard=self._last_words_heard,
            )
            self._children.stop()
        elif failed == "recognizer" and self.plan.mode is Mode.MEDIA:
            # It is not kept as sound; those who can still speak say it.
            self.lines.orchestrator.tell(SessionFailed())
        else:
            self._over(Ending.ERROR)

    def _last_words_heard(self) -> None:
        tell_quietly(self.actor_ref, SessionOver(Ending.ERROR))

    # the connection

    def _attach(self, message: ConnectionAttached) -> None:
        """Another connection: what was not heard yet is played on it."""
        former, self.lines.attached = self.lines.attached, message
        self.lines.checkpoint.lost = None
        if self.stage is SessionState.WAITING:
            self.stage = SessionState.CONNECTED
        if "synthesizer" not in self._children or former is None or self.ending is not None:
            return
        if (former.rate_hz, former.frame_ms) == (message.rate_hz, message.frame_ms):
            self.lines.synthesizer.tell(message)
        else:
            self._children.restart("synthesizer")

    def _detach(self, connection_id: str, keep_s: float) -> None:
        attached = self.lines.attached
        if attached is None or attached.connection_id != connection_id or self.stage is SessionState.WAITING:
            return
        self.lines.output = None
        if self.ending is not None or self._last_words is not None:
            self._over(Ending.ERROR)
            return
        self.stage = SessionState.WAITING
        self.lines.synthesizer.tell(ConnectionDetached(connection_id))
        reconnect_s = max(keep_s, self.plan.agent.limits.reconnect_s)
        if not self.plan.call_id and self.lines.checkpoint.user_at is None:
            # Nothing is lost with it, and whoever opens and drops connections must not keep others out.
            reconnect_s = 0.0
        self.lines.checkpoint.lost = LostConnection(connection_id, self.engines.clock.now() + reconnect_s)
        self._later(reconnect_s, ReconnectExpired(connection_id))

    # the end

    def _end(self, message: EndSession, reason: Ending, politely: bool) -> None:
        if self.ending is not None or (politely and self._last_words is not None):
            return
        if politely and self.stage is SessionState.CONNECTED and "orchestrator" in self._children:
            self.stage = SessionState.ENDING
            self.lines.orchestrator.tell(message)
            self._later(LAST_WORDS_S, SessionOver(reason))
        else:
            self._over(reason)

    def _over(self, ending: Ending) -> None:
        """End: the children first, which leave what was heard until now; then the record; then this actor."""
        if self.ending is not None:
            self._finish()
            return
        self.lines.checkpoint.ending = ending
        self.stage = SessionState.ENDING
        self._children.stop()
        if self._children.all_gone:
            self._finish()
        else:
            self._later(CHILDREN_END_S, SessionOver(ending))

    def _finish(self) -> None:
        if self.ending is not None and conclude(self.plan, self.lines, self.ending, self.engines.clock):
            self._save()
            order_stop(self.actor_ref)

    def _later(self, delay_s: float, message: SessionMessage) -> None:
        self._timers.append(self.engines.clock.call_later(delay_s, self.actor_ref, message))

    # what others see

    def record(self) -> SessionRecord:
        """The session as it is stored."""
        return record_of(self.plan, self.lines, self.stage, self.created_at, self.engines.clock)

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

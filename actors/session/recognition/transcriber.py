"""The transcriber: shows and records what is said in a session that only listens, and ends it when it is time."""

from actors.agent import Limits
from actors.messages.caller import HoldEnded, HoldStarted
from actors.messages.lifecycle import SessionOver, TranscriptionWaited, TurnRecorded
from actors.messages.transcript import EndUtterance, FinalTranscript, InterimTranscript, ReopenRecognition
from actors.ports.clock import Clock
from actors.rules.transcription import (
    HeardEvent,
    Transcription,
    TranscriptionEffect,
    TranscriptionSnapshot,
    as_message,
)
from actors.runtime.session_trace import Trace
from actors.runtime.supervised_actor import SupervisedActor
from actors.session.addresses import Addresses, recognizer_name
from actors.session.checkpoint import Checkpoint
from actors.session.connection import SessionConnection
from actors.session.due_timer import DueTimer

TranscriberMessage = HeardEvent | HoldStarted | HoldEnded | TranscriptionWaited


class Transcriber(SupervisedActor):
    """Carries out the rules of transcription (`rules/transcription.py`) for one session.

    Args:
        addresses: the recognizer gets orders there, the supervisor is told of new text and of the end.
        checkpoint: what was said is kept there; a successor goes on from it.
        connection: transcripts are shown on it.
        limits: how long the session may last, and be silent.
        clock: times and the timer.
        trace: the telemetry of the session.
    """

    def __init__(
        self,
        *,
        addresses: Addresses,
        checkpoint: Checkpoint,
        connection: SessionConnection,
        limits: Limits,
        clock: Clock,
        trace: Trace,
    ) -> None:
        super().__init__("transcriber", addresses.supervisor, trace)
        self._addresses = addresses
        self._checkpoint = checkpoint
        self._connection = connection
        self._clock = clock
        self._rules = Transcription(limits, (checkpoint.transcription or TranscriptionSnapshot()).copied())
        self._timer = DueTimer(clock, self.actor_ref, TranscriptionWaited())

    def on_start(self) -> None:
        """Go on from the checkpoint, and wait for what is owed."""
        started_at, user_at = self._checkpoint.started_at, self._checkpoint.user_at
        self._rules.resume(self._clock.now(), started_at, started_at if user_at is None else user_at)
        self._carry_out([])

    def on_end(self) -> None:
        """Cancel the timer that looks whether anybody still speaks."""
        self._timer.cancel()

    def on_receive(self, message: TranscriberMessage) -> None:
        """Tell the rules what was heard or has not come, and carry out what they order."""
        at = self._clock.now()
        match message:
            case TranscriptionWaited():
                is_due = self._timer.take_fired(self._rules.due())
                self._carry_out(self._rules.waited(at) if is_due else [])
            case HoldStarted():
                self._rules.hold_started(at)
                self._carry_out([])
            case HoldEnded():
                self._rules.hold_ended(at)
                self._carry_out([])
            case _:
                self._carry_out(self._rules.handle(message, at))

    def _carry_out(self, effects: list[TranscriptionEffect]) -> None:
        for effect in effects:
            match effect:
                case InterimTranscript():
                    self._connection.show(effect)
                case FinalTranscript():
                    self._record(effect)
                case EndUtterance() | ReopenRecognition():
                    self._tell_recognizer(effect)
                case SessionOver():
                    self._addresses.supervisor.tell(effect)
        self._checkpoint.transcription_changed(self._rules.state)
        self._timer.watch(self._rules.due())

    def _tell_recognizer(self, order: EndUtterance | ReopenRecognition) -> None:
        self._addresses[recognizer_name(order.speaker)].tell(order)

    def _record(self, final: FinalTranscript) -> None:
        self._checkpoint.user_active(self._clock.now())
        self._checkpoint.transcribed(as_message(final, self._clock.wall()), self._rules.state)
        self._connection.show(final)
        self._addresses.supervisor.tell(TurnRecorded(final.turn))

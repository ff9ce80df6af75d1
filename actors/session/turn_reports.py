"""What turn-taking reports of a conversation is shown, logged and counted; nothing of it is an order."""

from collections.abc import Callable

from actors.agent import Agent
from actors.messages.model import ReplyFailed, ReplyWritten
from actors.messages.output import FloorChanged, TurnMeasured
from actors.messages.playback import PlaybackFailed
from actors.rules.turn_taking.effects import ReportBackchannel, ReportMachine, TurnReport
from actors.rules.turn_taking.event_rules import TurnEvent
from actors.runtime.failure_counters import Failure, report_failure
from actors.runtime.session_trace import Trace
from actors.runtime.supervised_actor import logger
from actors.session import measurements
from actors.session.connection import SessionConnection


class TurnReports:
    """Passes on the reports of one session's turn-taking.

    Args:
        connection: shown who holds the floor, and the times of each turn.
        trace: the telemetry of the session.
        agent: asked for the agent that has the conversation.
    """

    __slots__ = ("_agent", "_connection", "_trace")

    def __init__(self, connection: SessionConnection, trace: Trace, agent: Callable[[], Agent]) -> None:
        self._connection = connection
        self._trace = trace
        self._agent = agent

    def report(self, report: TurnReport) -> None:
        """Show, log or count `report`."""
        match report:
            case FloorChanged():
                self._connection.show(report)
            case TurnMeasured():
                self._turn_measured(report)
            case ReportMachine(signs):
                action = self._agent().voicemail.value
                logger.info("an answering machine has taken the call (%s): %s", ", ".join(signs), action)
                measurements.machine_answered(action)
            case ReportBackchannel():
                measurements.backchannel_heard()
            case _:
                cause = "turn-taking was told %s, which cannot happen: %s"
                report_failure(Failure.UNEXPECTED, logger, cause, report.event, report.state, event=report.event)

    def _turn_measured(self, measured: TurnMeasured) -> None:
        measurements.turn_measured(measured)
        self._trace.turn_ended(
            first_audio_ms=measured.first_audio_ms, decision_to_silence_ms=measured.decision_to_silence_ms
        )
        self._connection.show(measured)


def reply_failed(event: TurnEvent) -> None:
    """Log and count a reply that has failed, with what of turn-taking's events was the end of it."""
    match event:
        case ReplyFailed(cause=cause):
            party = "model"
        case ReplyWritten():
            party, cause = "model", "the language model said nothing that can be spoken"
        case PlaybackFailed(kind=kind):
            party, cause = "synthesizer", f"it could not be spoken: {kind}"
        case _:
            party, cause = "model or synthesizer", "nothing of it was heard in time"
    report_failure(Failure.REPLY, logger, "a reply failed: %s", cause, owed_by=party)

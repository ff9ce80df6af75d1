"""What turn-taking reports reaches the connection, the log and the counters; what ended a reply is in its log line."""

import logging
from unittest.mock import Mock

import msgspec
import pytest

from actors.agent import Agent, VoicemailAction
from actors.conversation import Floor, PositionPrecision
from actors.errors import ErrorKind
from actors.messages.lifecycle import Timer, TimerFired
from actors.messages.model import ReplyFailed, ReplyWritten
from actors.messages.output import FloorChanged, TurnMeasured
from actors.messages.playback import PlaybackFailed, PlaybackPosition
from actors.rules.turn_taking.effects import ReportBackchannel, ReportMachine, ReportUnexpected, TurnReport
from actors.rules.turn_taking.event_rules import TurnEvent
from actors.session import measurements
from actors.session.turn_reports import TurnReports, reply_failed
from tests.kit.session_kit import AGENT

MEASURED = TurnMeasured(
    turn=3,
    first_audio_ms=400.0,
    onset_to_pause_ms=None,
    onset_to_decision_ms=None,
    decision_to_silence_ms=20.0,
    heard_ms=900.0,
    interrupted=True,
)
POSITION = PlaybackPosition(reply=1, text_end=0, heard_ms=0.0, precision=PositionPrecision.EXACT)


def reported(report: TurnReport, agent: Agent = AGENT) -> tuple[Mock, Mock]:
    """The connection and the trace of a session whose turn-taking has given `report`."""
    connection, trace = Mock(), Mock()
    TurnReports(connection, trace, lambda: agent).report(report)
    return connection, trace


def test_who_has_the_floor_is_shown() -> None:
    connection, _ = reported(FloorChanged(Floor.AGENT, 1))
    connection.show.assert_called_once_with(FloorChanged(Floor.AGENT, 1))


def test_the_times_of_a_turn_are_shown_and_traced() -> None:
    connection, trace = reported(MEASURED)
    connection.show.assert_called_once_with(MEASURED)
    trace.turn_ended.assert_called_once_with(first_audio_ms=400.0, decision_to_silence_ms=20.0)


def test_a_sign_of_listening_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    counter = Mock()
    monkeypatch.setattr(measurements, "_backchannels", counter)
    reported(ReportBackchannel())
    counter.add.assert_called_once_with(1)


def test_an_answering_machine_is_logged_by_its_signs_with_what_the_agent_does(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    counter = Mock()
    monkeypatch.setattr(measurements, "_machines", counter)
    hangs_up = msgspec.structs.replace(AGENT, voicemail=VoicemailAction.HANG_UP)
    with caplog.at_level(logging.INFO):
        reported(ReportMachine(("tone", "phrase")), hangs_up)
    assert "an answering machine has taken the call (tone, phrase): hang_up" in caplog.messages
    counter.add.assert_called_once_with(1, {"action": "hang_up"})


def test_an_event_that_cannot_happen_is_logged_with_its_state(caplog: pytest.LogCaptureFixture) -> None:
    reported(ReportUnexpected("ReplyWritten", "nobody speaks"))
    assert "turn-taking was told ReplyWritten, which cannot happen: nobody speaks" in caplog.messages


@pytest.mark.parametrize(
    ("event", "cause"),
    [
        (ReplyFailed(turn=1, has_text=False, cause="the model is gone"), "the model is gone"),
        (ReplyWritten(turn=1, has_text=False), "the language model said nothing that can be spoken"),
        (PlaybackFailed(1, ErrorKind.UNAVAILABLE, POSITION), "it could not be spoken: unavailable"),
        (TimerFired(Timer.AUDIO, 1), "nothing of it was heard in time"),
    ],
)
def test_a_reply_that_failed_is_logged_with_what_was_the_end_of_it(
    event: TurnEvent, cause: str, caplog: pytest.LogCaptureFixture
) -> None:
    reply_failed(event)
    assert f"a reply failed: {cause}" in caplog.messages

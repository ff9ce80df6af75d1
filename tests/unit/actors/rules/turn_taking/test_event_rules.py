"""The table of what turn-taking is told: each message has one rule, and what cannot come is known as such."""

from typing import get_args

import msgspec
import pytest

from actors.conversation import PositionPrecision
from actors.errors import ErrorKind
from actors.messages.caller import KeyPressed, TextEntered
from actors.messages.lifecycle import TimerFired
from actors.messages.model import HandedOff, ReplyFailed, ReplyGoesOn, ReplyWritten, ToolsFinished, ToolsStarted
from actors.messages.playback import (
    PlaybackCaughtUp,
    PlaybackFailed,
    PlaybackFinished,
    PlaybackPosition,
    PlaybackStarted,
)
from actors.messages.transcript import FinalTranscript, SpeechContinued, SpeechStarted, SpeechStopped
from actors.rules.turn_taking.event_rules import LEAVING_RULES, RULES, TurnEvent, is_unexpected
from actors.rules.turn_taking.state import CallerActivity, TurnSnapshot

STOPPED = SpeechStopped(start_ms=100.0, end_ms=900.0, voiced_ms=700.0, silence_ms=600.0)
SILENT = TurnSnapshot(turn_number=2, last_reply=5)
TALKING = msgspec.structs.replace(SILENT, caller=CallerActivity.TALKING)


def test_each_message_but_that_of_a_timer_has_a_rule() -> None:
    assert set(RULES) == set(get_args(TurnEvent)) - {TimerFired}


def test_while_the_last_words_are_said_only_what_is_heard_of_them_counts_and_the_callers_words_are_kept() -> None:
    playback = {kind for kind in RULES if kind.__module__ == "actors.messages.playback"}
    assert set(LEAVING_RULES) - playback == {FinalTranscript, TextEntered, KeyPressed}
    assert {kind: RULES[kind] for kind in playback}.items() <= LEAVING_RULES.items()


def at(reply: int) -> PlaybackPosition:
    return PlaybackPosition(reply=reply, text_end=1, heard_ms=20.0, precision=PositionPrecision.EXACT)


@pytest.mark.parametrize(
    "message",
    [
        SpeechContinued(100.0, 20.0),
        STOPPED,
        KeyPressed("x"),
        ReplyWritten(turn=3, has_text=True),
        ReplyFailed(turn=3, has_text=False, cause="it broke"),
        ToolsStarted(3),
        ToolsFinished(3),
        ReplyGoesOn(3),
        HandedOff(3, False),
        PlaybackStarted(6),
        PlaybackCaughtUp(6),
        PlaybackFinished(reply=6, text_end=3, heard_ms=60.0, precision=PositionPrecision.EXACT),
        PlaybackFailed(reply=6, kind=ErrorKind.TIMEOUT, cut=at(6)),
    ],
)
def test_what_cannot_come_while_the_caller_is_silent_in_the_second_turn(message: TurnEvent) -> None:
    assert is_unexpected(message, SILENT)


@pytest.mark.parametrize(
    "message",
    [
        SpeechStarted(100.0),
        SpeechContinued(100.0, 0.0),
        TextEntered("hello"),
        KeyPressed("#"),
        ReplyWritten(turn=2, has_text=True),
        ToolsFinished(1),
        ReplyGoesOn(2),
        PlaybackStarted(5),
        PlaybackFinished(reply=1, text_end=3, heard_ms=60.0, precision=PositionPrecision.EXACT),
    ],
)
def test_what_may_come_then(message: TurnEvent) -> None:
    assert not is_unexpected(message, SILENT)


@pytest.mark.parametrize("message", [SpeechContinued(100.0, 20.0), STOPPED])
def test_an_utterance_goes_on_and_ends_while_the_caller_talks(message: TurnEvent) -> None:
    assert not is_unexpected(message, TALKING)


def test_silence_goes_on_after_sound_that_was_no_utterance() -> None:
    heard = msgspec.structs.replace(SILENT, audio_at=7.0)
    assert not is_unexpected(SpeechContinued(0.0, 20.0), heard)

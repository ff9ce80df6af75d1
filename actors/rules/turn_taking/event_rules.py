"""What turn-taking is told: each message with the rule that is followed when it comes, and when it cannot come."""

from collections.abc import Callable, Mapping
from typing import Any

from actors.conversation import KEYS
from actors.messages.caller import (
    EndSession,
    HoldEnded,
    HoldStarted,
    InputLost,
    InterruptRequested,
    KeyPressed,
    TextEntered,
)
from actors.messages.lifecycle import CallerCutOff, CallerIsBack, SessionFailed, TimerFired
from actors.messages.model import (
    EndingDecided,
    HandedOff,
    KeysExpected,
    ReplyFailed,
    ReplyGoesOn,
    ReplyWritten,
    SessionSpent,
    ToolsFinished,
    ToolsStarted,
)
from actors.messages.playback import (
    PlaybackCaughtUp,
    PlaybackFailed,
    PlaybackFinished,
    PlaybackStarted,
    PlaybackStopped,
    PlaybackYielded,
)
from actors.messages.transcript import (
    EndOfTurnLikely,
    FinalTranscript,
    InterimTranscript,
    NoiseStopped,
    NoSpeechRecognized,
    SpeechContinued,
    SpeechStarted,
    SpeechStopped,
    ToneEnded,
)
from actors.rules.turn_taking import (
    answering,
    endings,
    handing_off,
    interruption,
    keys,
    playback_reports,
    preemption,
    screening,
    silence,
    transcripts,
)
from actors.rules.turn_taking.core import TurnCore
from actors.rules.turn_taking.state import CallerActivity, TurnSnapshot

TurnEvent = (
    SpeechStarted
    | SpeechContinued
    | SpeechStopped
    | NoiseStopped
    | InterimTranscript
    | EndOfTurnLikely
    | FinalTranscript
    | NoSpeechRecognized
    | ToneEnded
    | TextEntered
    | KeyPressed
    | InputLost
    | InterruptRequested
    | HoldStarted
    | HoldEnded
    | CallerCutOff
    | CallerIsBack
    | ReplyWritten
    | ReplyFailed
    | ToolsStarted
    | ToolsFinished
    | ReplyGoesOn
    | HandedOff
    | KeysExpected
    | EndingDecided
    | PlaybackStarted
    | PlaybackCaughtUp
    | PlaybackFinished
    | PlaybackStopped
    | PlaybackYielded
    | PlaybackFailed
    | EndSession
    | SessionSpent
    | SessionFailed
    | TimerFired
)
"""The messages that turn-taking is told."""

Rule = Callable[[TurnCore, Any, float], None]

_PLAYBACK: Mapping[type, Rule] = {
    PlaybackStarted: playback_reports.playback_started,
    PlaybackCaughtUp: playback_reports.playback_caught_up,
    PlaybackFinished: playback_reports.playback_finished,
    PlaybackStopped: playback_reports.playback_stopped,
    PlaybackYielded: playback_reports.playback_yielded,
    PlaybackFailed: playback_reports.playback_failed,
}

RULES: Mapping[type, Rule] = {
    SpeechStarted: transcripts.speech_started,
    SpeechContinued: transcripts.speech_continued,
    SpeechStopped: transcripts.speech_stopped,
    NoiseStopped: transcripts.noise_stopped,
    InterimTranscript: transcripts.interim_transcript,
    EndOfTurnLikely: preemption.end_of_turn_likely,
    FinalTranscript: transcripts.final_transcript,
    NoSpeechRecognized: transcripts.no_speech_recognized,
    ToneEnded: screening.tone_ended,
    TextEntered: transcripts.text_entered,
    KeyPressed: keys.key_pressed,
    InputLost: keys.input_lost,
    KeysExpected: keys.keys_expected,
    InterruptRequested: interruption.interrupt_requested,
    HoldStarted: silence.hold_started,
    HoldEnded: silence.hold_ended,
    CallerCutOff: silence.caller_cut_off,
    CallerIsBack: silence.caller_is_back,
    ReplyWritten: answering.reply_written,
    ReplyFailed: answering.reply_failed,
    ToolsStarted: answering.tools_started,
    ToolsFinished: answering.tools_finished,
    ReplyGoesOn: answering.reply_goes_on,
    HandedOff: handing_off.handed_off,
    EndingDecided: answering.ending_decided,
    EndSession: endings.end_session,
    SessionSpent: endings.session_spent,
    SessionFailed: endings.session_failed,
    **_PLAYBACK,
}
"""The rule for each class of message, while the session goes on."""

LEAVING_RULES: Mapping[type, Rule] = {
    **_PLAYBACK,
    FinalTranscript: transcripts.final_too_late,
    TextEntered: transcripts.text_too_late,
    KeyPressed: keys.key_too_late,
}
"""The rule for each class of message that counts while the last words are said; all others are ignored then."""


def _continues_nothing(message: SpeechContinued, state: TurnSnapshot) -> bool:
    return message.silence_ms > 0 and state.caller is CallerActivity.SILENT and not state.audio_at


def _is_of_later_turn(message: Any, state: TurnSnapshot) -> bool:
    return bool(message.turn > state.turn_number)


def _is_of_later_reply(message: Any, state: TurnSnapshot) -> bool:
    return bool(message.reply > state.last_reply)


_IMPOSSIBLE: Mapping[type, Callable[[Any, TurnSnapshot], bool]] = {
    SpeechContinued: _continues_nothing,
    SpeechStopped: lambda _message, state: state.caller is CallerActivity.SILENT,
    KeyPressed: lambda message, _state: message.key not in KEYS,
    ReplyWritten: _is_of_later_turn,
    ReplyFailed: _is_of_later_turn,
    ToolsStarted: _is_of_later_turn,
    ToolsFinished: _is_of_later_turn,
    ReplyGoesOn: _is_of_later_turn,
    HandedOff: _is_of_later_turn,
    PlaybackStarted: _is_of_later_reply,
    PlaybackCaughtUp: _is_of_later_reply,
    PlaybackFinished: _is_of_later_reply,
    PlaybackFailed: _is_of_later_reply,
}
"""Of each message that cannot come in every state: whether it cannot come in this one."""


def is_unexpected(message: TurnEvent, state: TurnSnapshot) -> bool:
    """Whether a message cannot come in this state: whoever tells it is at fault, and no rule is followed."""
    is_impossible = _IMPOSSIBLE.get(type(message))
    return is_impossible is not None and is_impossible(message, state)

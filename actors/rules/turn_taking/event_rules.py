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


def is_unexpected(message: TurnEvent, state: TurnSnapshot) -> bool:
    """Whether a message cannot come in this state: whoever tells it is at fault, and no rule is followed."""
    match message:
        case SpeechContinued(silence_ms=silence_ms):
            return silence_ms > 0 and state.caller is CallerActivity.SILENT and not state.audio_at
        case SpeechStopped():
            return state.caller is CallerActivity.SILENT
        case KeyPressed(key=key):
            return key not in KEYS
        case (
            ReplyWritten(turn=turn)
            | ReplyFailed(turn=turn)
            | ToolsStarted(turn=turn)
            | ToolsFinished(turn)
            | ReplyGoesOn(turn)
            | HandedOff(turn)
        ):
            return turn > state.turn_number
        case (
            PlaybackStarted(reply)
            | PlaybackCaughtUp(reply)
            | PlaybackFinished(reply=reply)
            | PlaybackFailed(reply=reply)
        ):
            return reply > state.last_reply
        case _:
            return False

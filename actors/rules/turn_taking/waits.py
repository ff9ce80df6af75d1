"""The table of waits: what turn-taking waits for, who owes it, by which clock, and what is done when it does not come.

Each row says from the state alone whether something is owed and by when. So a timer is never set or cancelled by a
rule: after each event the machine arms what the table asks for. A wait without a row is a defect; so is a row whose
answer leaves what was awaited still owed, and the random tests look for both. What others owe to others is not here:
the model's first token (`session/replies/generation.py`), a tool's result (the tool's own time-out), audio for text
that was written (`session/synthesis/synthesizer.py`), the end of playback (the play clock), a lost connection
(`session/supervisor.py`).
"""

from collections.abc import Callable

import msgspec

from actors.conversation import Ending
from actors.messages.lifecycle import Timer
from actors.rules.turn_taking import (
    answering,
    endings,
    keys,
    playback_reports,
    preemption,
    screening,
    silence,
    transcripts,
)
from actors.rules.turn_taking.core import THINKING, TurnCore
from actors.rules.turn_taking.state import AgentActivity, CallerActivity, Course, Interruption, Preemption

AUDIO_WAIT_S = 1.0
"""Seconds without a frame in mid-utterance after which the transport counts as stopped."""
TRANSCRIPT_WAIT_S = 3.0
"""Seconds within which the final transcript is due. Azure answers within two at the 99th percentile."""
END_WAIT_S = 5.0
"""Seconds within which a turn whose end was likely has to end: a little more than an agent's longest silence."""
UNHEARD_HOLD_S = 1.5
"""Seconds for which a reply of which nothing was heard is held while the words of an utterance that is over are
owed."""
STOPPED_WAIT_S = 0.5
"""Seconds for the report of what was heard; the synthesizer is in the same process and reports at once."""
GOODBYE_WAIT_S = 15.0
"""Seconds for the goodbye to be heard: longer than any sentence that says it."""
MESSAGE_WAIT_S = 90.0
"""Seconds for the message on an answering machine to be heard: longer than any message."""
CLOSING_SILENCE_S = 1.0
"""Seconds of silence for which a session that is to end waits for more of its last reply to be heard."""
FILLER_GROWTH = 2.0
"""By how many first waits each filler waits longer than the one before it: 1, 3 and 5 first waits."""
FILLER_OWED = 1 / 3
"""The share of a first wait that model and synthesizer have from the end of the turn, however late that was found."""

# Looked at after each event: an attribute of an enumeration takes longer.
_IDLE, _TOOL = AgentActivity.IDLE, AgentActivity.TOOL
_SILENT, _TALKING, _AWAITED = CallerActivity.SILENT, CallerActivity.TALKING, CallerActivity.AWAITED
_NONE, _HELD = Interruption.NONE, Interruption.HELD
_HELD_OR_YIELDED = (Interruption.HELD, Interruption.YIELDED)
_CLOSING, _BEGUN = Course.CLOSING, Preemption.BEGUN


class Wait(msgspec.Struct, frozen=True, kw_only=True):
    """One row. `due` tells by when what is awaited has to come, in seconds of the session's clock; None: not owed."""

    timer: Timer
    awaited: str
    owed_by: str
    clock: str
    otherwise: str
    due: Callable[[TurnCore], float | None]
    missing: Callable[[TurnCore, float], None]


def _audio(turn: TurnCore) -> float | None:
    s = turn.state
    return s.audio_at + AUDIO_WAIT_S if s.caller is _TALKING else None


def _transcript(turn: TurnCore) -> float | None:
    s = turn.state
    if s.caller is not _AWAITED:
        return None
    # Where nobody transcribes, the recognizer owes no more than the end of the utterance, for which it was asked.
    return s.awaited_at + (TRANSCRIPT_WAIT_S if turn.transcribes else STOPPED_WAIT_S)


def _confirmation(turn: TurnCore) -> float | None:
    s = turn.state
    if s.interruption is not _HELD or s.on_hold_since is not None:
        return None
    if turn.is_sounding or s.caller is _SILENT:
        policy = turn.policy or turn.agent.barge_in.speaking
        return s.voice_at + policy.resume_ms / 1000
    # Nothing was being heard: to hold on costs the caller nothing, and to begin and be cut off would.
    return s.awaited_at + UNHEARD_HOLD_S if s.caller is _AWAITED else None


def _preemption(turn: TurnCore) -> float | None:
    s = turn.state
    return s.preempted_at + END_WAIT_S if s.preemption is _BEGUN else None


def _filler(turn: TurnCore) -> float | None:
    s = turn.state
    if s.on_hold_since is not None or s.is_cut_off:
        return None
    if s.caller is _TALKING or s.interruption in _HELD_OR_YIELDED:
        return None
    if turn.is_screening:
        return None
    reply = turn.reply_of(s.turn_number)
    if s.stop_ordered_at is not None or turn.is_sounding or any(u.reply != reply for u in s.utterances):
        return None
    waits_for_words = s.caller is _AWAITED and not s.utterances and s.agent is _IDLE
    if not waits_for_words and s.agent not in THINKING:
        return None
    spoke_at = s.spoke_at if s.spoke_at is not None else s.thinking_at
    wait_s = turn.agent.limits.filler_after_ms / 1000
    due_at = max(spoke_at, s.silent_at) + wait_s * (1 + FILLER_GROWTH * s.fillers)
    # The silence that showed the caller to be done is owed by nobody: what was begun in it may be there at once.
    return max(due_at, s.awaited_at + wait_s * FILLER_OWED)


def _reply(turn: TurnCore) -> float | None:
    s = turn.state
    if s.agent is _TOOL or s.interruption is not _NONE or s.is_cut_off:
        return None
    reply = turn.reply_of(s.turn_number)
    is_sent = any(utterance.started for utterance in s.utterances if utterance.reply == reply)
    if not reply or is_sent or (s.is_audible and s.agent not in THINKING):
        return None
    agent = turn.agent
    # What follows the tools is another answer of the model's, which may be busy, or slow to begin.
    goes_on = s.is_audible and not s.is_asked_on
    return s.thinking_at + (agent.model.next_token_s if goes_on else agent.limits.max_turn_s)


def _stopped(turn: TurnCore) -> float | None:
    ordered_at = turn.state.stop_ordered_at
    return ordered_at + STOPPED_WAIT_S if ordered_at is not None else None


def _keys(turn: TurnCore) -> float | None:
    s = turn.state
    if not s.keys or s.caller is not _SILENT:
        # Words that are being said belong to the keys before them: both are one input.
        return None
    return s.key_at + keys.pattern_of(turn).wait_s


def _no_input(turn: TurnCore) -> float | None:
    quiet_at, limits = turn.state.quiet_at, turn.agent.limits
    if quiet_at is None:
        return None
    return quiet_at + (limits.asked_to_wait_s if turn.state.asked_to_wait else limits.no_input_s)


def _hold(turn: TurnCore) -> float | None:
    since = turn.state.on_hold_since
    return since + turn.agent.limits.max_hold_s if since is not None else None


def _session(turn: TurnCore) -> float | None:
    s = turn.state
    return s.started_at + turn.agent.limits.max_session_s if s.course is not _CLOSING else None


def _closing(turn: TurnCore) -> float | None:
    s = turn.state
    if s.course is not _CLOSING:
        return None
    at_last = s.closing_at + s.closing_wait_s
    if turn.is_sounding or s.stop_ordered_at is not None or s.caller is not _SILENT:
        return at_last
    # A filler was the end of it: of the reply that it bridged nothing may ever come.
    return min(at_last, max(s.closing_at, s.silent_at) + CLOSING_SILENCE_S)


def _goodbye(turn: TurnCore) -> float | None:
    s = turn.state
    return s.leaving_at + (MESSAGE_WAIT_S if s.ending is Ending.MESSAGE_LEFT else GOODBYE_WAIT_S)


WAITS = (
    Wait(
        timer=Timer.AUDIO,
        awaited="the caller's next audio, in mid-utterance",
        owed_by="the transport",
        clock="wall",
        otherwise="the utterance is over",
        due=_audio,
        missing=transcripts.audio_missing,
    ),
    Wait(
        timer=Timer.TRANSCRIPT,
        awaited="the final transcript of an utterance that is over",
        owed_by="the recognizer",
        clock="wall",
        otherwise="the interim transcript stands; else it is recognised once more; else the caller is asked again",
        due=_transcript,
        missing=transcripts.transcript_missing,
    ),
    Wait(
        timer=Timer.CONFIRMATION,
        awaited="words after voice has paused the agent",
        owed_by="the caller",
        clock="wall, from the last voice",
        otherwise="playback goes on where it paused",
        due=_confirmation,
        missing=silence.confirmation_missing,
    ),
    Wait(
        timer=Timer.PREEMPTION,
        awaited="the final transcript of words to which a reply was begun",
        owed_by="the caller, then the recognizer",
        clock="wall, from when it was begun",
        otherwise="the reply is thrown away unheard",
        due=_preemption,
        missing=preemption.end_missing,
    ),
    Wait(
        timer=Timer.FILLER,
        awaited="anything to be heard by a caller who has spoken",
        owed_by="the recognizer, the model, a tool or the synthesizer",
        clock="wall, from the end of speech or of our last sound",
        otherwise="a filler; each further one waits longer",
        due=_filler,
        missing=silence.filler_due,
    ),
    Wait(
        timer=Timer.REPLY,
        awaited="the beginning of the reply, or how it goes on once all that was written was heard",
        owed_by="the model, then the synthesizer",
        clock="wall, the time of tools and of what is heard apart",
        otherwise="the caller is asked to say it again; the second time in a row the session apologises and ends",
        due=_reply,
        missing=answering.reply_missing,
    ),
    Wait(
        timer=Timer.STOPPED,
        awaited="the report of what was heard of a reply that was stopped",
        owed_by="the synthesizer",
        clock="wall",
        otherwise="nothing more is taken for heard",
        due=_stopped,
        missing=playback_reports.stop_unreported,
    ),
    Wait(
        timer=Timer.KEYS,
        awaited="the next key of an input",
        owed_by="the caller",
        clock="wall, while the caller is silent",
        otherwise="the keys are complete, and take the floor",
        due=_keys,
        missing=keys.keys_complete,
    ),
    Wait(
        timer=Timer.NO_INPUT,
        awaited="anything at all, while nobody holds the floor",
        owed_by="the caller",
        clock="wall",
        otherwise="a prompt; after the last one a goodbye",
        due=_no_input,
        missing=silence.input_missing,
    ),
    Wait(
        timer=Timer.HOLD,
        awaited="the caller's return from hold",
        owed_by="the caller",
        clock="wall",
        otherwise="a goodbye",
        due=_hold,
        missing=silence.hold_too_long,
    ),
    Wait(
        timer=Timer.SESSION,
        awaited="the end of the session",
        owed_by="both",
        clock="wall, from the start",
        otherwise="it ends with the sentence in hand",
        due=_session,
        missing=endings.session_too_long,
    ),
    Wait(
        timer=Timer.CLOSING,
        awaited="the end of the sentence in hand, when the session is to end",
        owed_by="playback, or the caller who speaks",
        clock="wall",
        otherwise="a goodbye at once",
        due=_closing,
        missing=endings.close,
    ),
    Wait(
        timer=Timer.ANSWERED,
        awaited="the first words of whoever has answered our call, or the tone of a machine",
        owed_by="the person, or the machine",
        clock="wall, from the last voice",
        otherwise="the agent greets; a machine is left the message, or hung up on if it never falls silent",
        due=screening.due,
        missing=screening.nothing_more_heard,
    ),
)
"""Every wait of a session that is not leaving."""

GOODBYE = Wait(
    timer=Timer.GOODBYE,
    awaited="the end of the last words",
    owed_by="playback",
    clock="wall",
    otherwise="the session ends without them",
    due=_goodbye,
    missing=endings.last_words_unheard,
)
"""The one wait of a session that is leaving."""

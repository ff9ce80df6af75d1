"""What the synthesizer reports: what begins to be heard, what was heard, and what could not be spoken."""

from actors.conversation import Ending, UtteranceKind
from actors.messages.playback import (
    PlaybackCaughtUp,
    PlaybackFailed,
    PlaybackFinished,
    PlaybackStarted,
    PlaybackStopped,
    PlaybackYielded,
)
from actors.rules.turn_taking import answering
from actors.rules.turn_taking.core import THINKING, TurnCore
from actors.rules.turn_taking.effects import SPOKEN
from actors.rules.turn_taking.state import AgentActivity, CallerActivity, Interruption, Utterance

TAIL_S = 1.0
"""Seconds before the end of a reply, or before the question that ends it, in which a backchannel is an answer."""


def playback_started(turn: TurnCore, message: PlaybackStarted, at: float) -> None:
    """An utterance begins to be heard, or goes on."""
    s = turn.state
    utterance = next((u for u in s.utterances if u.reply == message.reply), None)
    if utterance is None:
        return
    turn.change_utterance(message.reply, started=True)
    if utterance.kind is UtteranceKind.APOLOGY:
        s.has_lost_input = False
    if utterance.kind is UtteranceKind.REPLY and utterance.turn == s.turn_number:
        s.is_audible = True
        turn.timings.heard_from = at
        if turn.timings.first_audio_at is None:
            turn.timings.first_audio_at = at
            if s.caller is CallerActivity.AWAITED:
                # Of what was said to an agent that thought nothing need be understood: there is an answer.
                s.voiced_ms = 0.0


def playback_caught_up(turn: TurnCore, message: PlaybackCaughtUp, at: float) -> None:
    """All that was written of the reply in hand was heard: from now on its next words are waited for."""
    s = turn.state
    if s.agent in THINKING and message.reply == turn.reply_of(s.turn_number):
        turn.change_utterance(message.reply, started=False)
        s.silent_at = s.thinking_at = at


def playback_finished(turn: TurnCore, message: PlaybackFinished, at: float) -> None:
    """An utterance was heard to its end: whatever waited for that is done now."""
    s = turn.state
    turn.timings.heard_ms += message.heard_ms
    utterance = turn.drop(message.reply)
    if utterance is None:
        return
    s.silent_at = at
    if utterance.kind in (UtteranceKind.REPLY, UtteranceKind.GREETING, UtteranceKind.APOLOGY):
        s.has_asked = utterance.question_s > 0
    elif utterance.kind is UtteranceKind.PROMPT:
        s.has_asked = True
    if utterance.kind is UtteranceKind.REPLY and utterance.turn != s.failed_turn:
        # A reply that was only written does not count: where none is ever spoken, apologies would have no end.
        s.failures = 0
    _judge_tail(turn, at, utterance)
    answering.settle(turn, at)


def _judge_tail(turn: TurnCore, at: float, ended: Utterance) -> None:
    """A backchannel that came long before the end was no answer to it, nor is mere voice where nothing was asked."""
    s = turn.state
    asks_nothing = s.tail_text == SPOKEN and not ended.question_s
    if asks_nothing or (s.tail_text and at - s.tail_at > TAIL_S + ended.question_s):
        s.tail_text = ""


def playback_failed(turn: TurnCore, message: PlaybackFailed, at: float) -> None:
    """The synthesizer could not speak an utterance, or not to its end."""
    s = turn.state
    turn.timings.heard_ms += message.cut.heard_ms
    utterance = next((u for u in s.utterances if u.reply == message.reply), None)
    if utterance is None:
        return
    s.silent_at = at
    is_reply_in_hand = utterance.kind is UtteranceKind.REPLY and utterance.turn == s.turn_number
    if is_reply_in_hand and s.agent is not AgentActivity.LEAVING:
        answering.reply_broken(turn, at, message.reply)
    else:
        turn.drop(message.reply)
        if utterance.kind is UtteranceKind.VOICEMAIL:
            s.ending = Ending.VOICEMAIL
        answering.settle(turn, at)


def playback_yielded(turn: TurnCore, _message: PlaybackYielded, at: float) -> None:
    """The agent has fallen silent for lasting voice."""
    if turn.state.interruption in (Interruption.YIELDED, Interruption.DECIDED):
        turn.timings.silenced_at = at


def playback_stopped(turn: TurnCore, message: PlaybackStopped, at: float) -> None:
    """Playback is silent as ordered, and it is known how much of each reply was heard."""
    _stopped(turn, at, sum(cut.heard_ms for cut in message.cut))


def stop_unreported(turn: TurnCore, at: float) -> None:
    """The synthesizer has not reported in time how much was heard: go on as if it had been nothing."""
    _stopped(turn, at, 0.0)


def _stopped(turn: TurnCore, at: float, heard_ms: float) -> None:
    s = turn.state
    if s.stop_ordered_at is None:
        return
    s.stop_ordered_at = None
    s.silent_at = at
    turn.timings.heard_ms += heard_ms
    turn.show_turn(at)
    if s.waiting_text and s.agent is not AgentActivity.LEAVING:
        answering.start_reply(turn, at)
    else:
        answering.settle(turn, at)

"""Going on from a former state of turn-taking: after a restart, a reconnect, a handoff, or in another process."""

from actors.conversation import UtteranceKind
from actors.messages.playback import StopReason
from actors.rules.phrases import INTRODUCTION
from actors.rules.turn_taking import answering, screening
from actors.rules.turn_taking.core import THINKING, TurnCore
from actors.rules.turn_taking.effects import StartReply
from actors.rules.turn_taking.state import AgentActivity, Opening, Preemption


def resume(turn: TurnCore, at: float, session_left_s: float, *, has_text: bool, owes_answer: bool) -> None:
    """Begin all waits anew, and have what was not answered or not heard answered and said again.

    Args:
        turn: turn-taking, with the former state; its times may be of another clock.
        at: now, in seconds of the session's clock.
        session_left_s: seconds until the longest session is over.
        has_text: text of the turn's reply was written, which is not to be heard twice.
        owes_answer: what was written, and may have been heard, only bridged the time of tools.
    """
    s = turn.state
    s.started_at = at + session_left_s - turn.agent.limits.max_session_s
    s.leaving_at = s.audio_at = s.voice_at = s.awaited_at = s.silent_at = s.thinking_at = at
    s.key_at = s.tail_at = at
    s.stop_ordered_at = at if s.stop_ordered_at is not None else None
    s.on_hold_since = at if s.on_hold_since is not None else None
    s.spoke_at, s.quiet_at, s.false_at = at, None, ()
    # A reply that was begun in a pause has ended with the stream of the model that made it.
    s.preemption, s.preempted_text = Preemption.NONE, ""
    screening.go_on(turn, at)
    opening, s.opening = s.opening, Opening.NONE
    if opening is Opening.INTRODUCTION and turn.agent.introduction:
        # Words that came while the conversation changed hands are answered behind the introduction.
        if not has_text:
            turn.drop(turn.reply_of(s.turn_number))
        turn.say(UtteranceKind.GREETING, INTRODUCTION)
    if s.agent in THINKING:
        _resume_reply(turn, at, has_text=has_text, owes_answer=owes_answer)
    if opening is Opening.GREETING:
        turn.say(UtteranceKind.GREETING)
    answering.settle(turn, at)


def _resume_reply(turn: TurnCore, at: float, *, has_text: bool, owes_answer: bool) -> None:
    s = turn.state
    if has_text and not s.is_audible:
        # Written in part and not heard: it is asked for once more, and what was written is dropped.
        was_introduced = any(u.started and u.kind is UtteranceKind.GREETING for u in s.utterances)
        turn.silence(at, StopReason.SUPERSEDED)
        if s.asked:
            s.agent, s.waiting_text, s.asked_again = AgentActivity.IDLE, s.asked, True
            return
        # The first reply of an agent that has taken the conversation over answers no words of its own turn.
        if turn.agent.introduction and not was_introduced:
            turn.say(UtteranceKind.GREETING, INTRODUCTION)
    elif s.is_audible and not owes_answer:
        # What was written of it is heard to its end; nobody writes on.
        s.agent = AgentActivity.IDLE
        return
    s.agent, s.thinking_at = AgentActivity.THINKING, at
    reply = turn.reply_of(s.turn_number) or turn.next_reply(UtteranceKind.REPLY)
    turn.do(StartReply(turn=s.turn_number, reply=reply, text=s.asked, continues=True))

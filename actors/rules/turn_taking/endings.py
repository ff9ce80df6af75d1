"""How a session ends: last words, what a tool or an operator wants, and the longest session."""

from actors.conversation import Ending, UtteranceKind
from actors.messages.caller import EndSession
from actors.messages.lifecycle import SessionFailed
from actors.messages.model import SessionSpent
from actors.messages.playback import EndAtSentence, StopReason
from actors.rules.turn_taking.core import THINKING, TurnCore
from actors.rules.turn_taking.state import AgentActivity, CallerActivity, Course
from actors.rules.utterances import joined_utterance


def last_words(turn: TurnCore, at: float, kind: UtteranceKind, ending: Ending) -> None:
    """Silence everything, say an utterance of `kind` that voice cannot interrupt, and end for the reason `ending`."""
    s = turn.state
    turn.silence(at, StopReason.SUPERSEDED)
    turn.cancel_thinking()
    leave_unanswered(turn, joined_utterance(s.waiting_text, " ".join(s.keys)))
    s.waiting_text = s.tail_text = s.keys = ""
    s.ending, s.leaving_at = ending, at
    turn.agent_becomes(AgentActivity.LEAVING)
    turn.say(kind)


def leave_unanswered(turn: TurnCore, text: str) -> None:
    """Note words of the caller that are not answered, since the session ends: what was said is in its record."""
    turn.state.unanswered = joined_utterance(turn.state.unanswered, text)


ORDERED_WAIT_S = 4.0
"""Seconds for which the end of a sentence is waited for when the session is ordered to end. A server that ends leaves
its sessions 8 s, in which the goodbye is to be heard too."""
CLOSING_WAIT_S = 10.0
"""Seconds for which the end of a sentence is waited for when the session has reached its longest duration."""


def end_session(turn: TurnCore, message: EndSession, at: float) -> None:
    """An operator, the client or the server orders the session to end: say goodbye first."""
    if message.reason is Ending.NORMAL:
        _close_with_sentence(turn, at, ORDERED_WAIT_S)
    else:
        last_words(turn, at, UtteranceKind.GOODBYE, message.reason)


def session_failed(turn: TurnCore, _message: SessionFailed, at: float) -> None:
    """A part of the session cannot be mended: apologise and end."""
    last_words(turn, at, UtteranceKind.APOLOGY, Ending.ERROR)


def take_back_goodbye(turn: TurnCore) -> None:
    """The caller goes on talking: the session does not end after all, unless it has been handed to somebody else."""
    if turn.state.ending is not Ending.HUMAN_HANDOFF:
        turn.state.ending = None


def session_too_long(turn: TurnCore, at: float) -> None:
    """The longest session is over: end at once where nobody speaks, else with the sentence in hand."""
    _close_with_sentence(turn, at, CLOSING_WAIT_S)


def _close_with_sentence(turn: TurnCore, at: float, within_s: float) -> None:
    """End at once where nobody speaks, else with the sentence in hand, for which `within_s` are waited."""
    s = turn.state
    turn.course_becomes(Course.CLOSING)
    s.closing_at, s.closing_wait_s = at, within_s
    if s.agent in THINKING and not turn.is_sounding:
        close(turn, at)
    elif turn.is_busy:
        turn.cancel_thinking()
        turn.do(EndAtSentence(s.turn_number))
    elif s.caller is CallerActivity.SILENT:
        close(turn, at)


def session_spent(turn: TurnCore, _message: SessionSpent, at: float) -> None:
    """The session has used up what it may cost: the reply in hand is heard, then it ends."""
    s = turn.state
    if s.course is Course.OPEN:
        turn.course_becomes(Course.SPENT)
    if not turn.is_busy and s.stop_ordered_at is None and s.caller is CallerActivity.SILENT:
        close(turn, at)


def close(turn: TurnCore, at: float) -> None:
    """End a session that has lasted, or has cost, as much as it may: say goodbye first."""
    last_words(turn, at, UtteranceKind.GOODBYE, Ending.NORMAL)


def last_words_unheard(turn: TurnCore, _at: float) -> None:
    """The last words were not heard to their end in time: end without them."""
    ending = turn.state.ending or Ending.NORMAL
    turn.end(Ending.VOICEMAIL if ending is Ending.MESSAGE_LEFT else ending)

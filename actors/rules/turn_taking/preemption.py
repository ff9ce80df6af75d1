"""Pre-emptive generation: a reply is begun when the caller is probably done, before the words are final.

The caller then need not wait for the model after the final words. The reply is used if the final words are those that
it answers, else it is thrown away unheard: until then nothing of it is spoken or recorded, and no tool is run.
"""

from actors.messages.transcript import EndOfTurnLikely, SpeechContinued
from actors.rules.backchannel import words_of
from actors.rules.turn_taking.core import TurnCore
from actors.rules.turn_taking.effects import BeginPreemptiveReply, DiscardCause, DiscardPreemptiveReply
from actors.rules.turn_taking.state import CallerActivity, Preemption
from actors.rules.utterances import bounded_utterance, joined_utterance, repeated_utterance

# Looked at with each window of audio or each event: an attribute of an enumeration takes longer.
_BEGUN = Preemption.BEGUN

WENT_ON_MS = 150.0
"""Milliseconds of voice after a pause that show that the caller goes on; shorter voice is a breath, or the end of a
word."""


def end_of_turn_likely(turn: TurnCore, message: EndOfTurnLikely, at: float) -> None:
    """The caller is probably done: begin the reply, if it is their turn and it was not begun too often."""
    s, settings = turn.state, turn.agent.preemptive_generation
    text = bounded_utterance(message.text)
    if s.preemption is _BEGUN:
        if _are_same(text, s.preempted_text):
            return
        discard(turn, DiscardCause.OTHER_WORDS)
    if not settings.enabled or s.preemptions >= settings.max_per_turn:
        return
    if not words_of(text) or not _may_be_answered(turn):
        return
    turn.preemption_becomes(_BEGUN)
    s.preempted_text, s.preempted_at, s.resumed_ms = text, at, None
    s.preemptions += 1
    asked, continues = to_be_answered(turn, text)
    turn.do(BeginPreemptiveReply(turn=s.turn_number + 1, text=asked, continues=continues))


def to_be_answered(turn: TurnCore, text: str) -> tuple[str, bool]:
    """All words that a reply to `text` answers, and whether those of the turn before are among them.

    Words of a turn that was not answered audibly are asked again together with the new ones.
    """
    s = turn.state
    if not s.asked or s.is_audible:
        return text, False
    return (repeated_utterance if s.asked_again else joined_utterance)(s.asked, text), True


def voice_goes_on(turn: TurnCore, message: SpeechContinued) -> None:
    """Voice after the pause in which the reply was begun: if it lasts, the caller was not done."""
    s = turn.state
    if s.preemption is not _BEGUN:
        return
    if s.resumed_ms is None or message.voiced_ms < s.resumed_ms:
        s.resumed_ms = message.voiced_ms
    if message.voiced_ms - s.resumed_ms >= WENT_ON_MS:
        discard(turn, DiscardCause.WENT_ON)


def words_so_far(turn: TurnCore, text: str) -> None:
    """The caller seems to have said `text` so far: other words than those that the reply answers end it."""
    s = turn.state
    if s.preemption is _BEGUN and not _are_same(text, s.preempted_text):
        discard(turn, DiscardCause.OTHER_WORDS)


def take(turn: TurnCore, text: str) -> bool:
    """Whether the reply to `text`, which is asked for now, was begun already. One to other words is thrown away."""
    s = turn.state
    s.preemptions = 0
    if s.preemption is Preemption.NONE:
        return False
    if not _are_same(text, s.preempted_text):
        discard(turn, DiscardCause.OTHER_WORDS)
        return False
    _forget(turn)
    return True


def review(turn: TurnCore) -> None:
    """After any event: a reply to words that are not the caller's next turn any more is thrown away."""
    if turn.state.preemption is _BEGUN and not _may_be_answered(turn):
        discard(turn, DiscardCause.OVERTAKEN)


def end_missing(turn: TurnCore, _at: float) -> None:
    """Throw the reply away, since the turn does not end: the caller will have said more than the reply answers."""
    discard(turn, DiscardCause.NOT_ENDED)


def discard(turn: TurnCore, cause: DiscardCause) -> None:
    """Throw the reply that was begun away."""
    _forget(turn)
    turn.do(DiscardPreemptiveReply(cause))


def _forget(turn: TurnCore) -> None:
    turn.preemption_becomes(Preemption.NONE)
    turn.state.preempted_text, turn.state.resumed_ms = "", None


def _may_be_answered(turn: TurnCore) -> bool:
    """Whether the words of the utterance in hand, once they are final, are answered at once and by themselves."""
    s = turn.state
    is_caller_next = turn.transcribes and turn.only_bridges and s.caller is not CallerActivity.SILENT
    is_ending = turn.is_closing or s.ending is not None or s.on_hold_since is not None
    return is_caller_next and not is_ending and not s.keys and not s.waiting_text


def _are_same(text: str, other: str) -> bool:
    return words_of(text) == words_of(other)

"""Voice without words: where a model hears the caller itself, an utterance is answered as it was spoken.

The words may be told later, or never, and nothing waits for them. Voice that lasted has taken the floor already; an
utterance too short for that, said into what the agent says, is a sign of listening and is dropped, unless what the
agent says turns out to end with a question, to which it was the answer. Where a recognizer
listens beside the model, the words of what was dropped still count: they come as a final transcript of their own.
"""

from actors.conversation import UtteranceKind
from actors.messages.transcript import SpeechStopped
from actors.rules.turn_taking import answering, interruption, keys, screening
from actors.rules.turn_taking.core import TurnCore
from actors.rules.turn_taking.effects import SPOKEN, CommitSpeech, DiscardSpeech
from actors.rules.turn_taking.state import CallerActivity, OwedFinal
from actors.rules.utterances import joined_utterance

ANSWER_MS = 250.0
"""Milliseconds of voice that may answer a question: a name or a "no" is as short. A cough is shorter."""
LATER_END_MS = 250.0
"""Milliseconds by which a recognizer's end of an utterance may lie behind that of voice activity detection."""


def utterance_over(turn: TurnCore, message: SpeechStopped, at: float) -> bool:
    """The caller has spoken: that is answered now, or after what goes on, or it was a sign of listening.

    Returns whether it is answered as it was spoken: else words of it that are known count by themselves.
    """
    s = turn.state
    s.spoke_at, s.fillers = at - message.silence_ms / 1000, 0
    if _is_meant(turn) or _was_before_the_reply(turn, message):
        s.settled_ms = max(s.settled_ms, message.end_ms + message.silence_ms + LATER_END_MS)
        answer_speech(turn, at)
        return True
    if turn.is_busy and message.voiced_ms >= ANSWER_MS:
        s.tail_text, s.tail_at = SPOKEN, at
        _forget(turn, at, DiscardSpeech(may_be_recalled=True))
    else:
        _forget(turn, at, DiscardSpeech())
    return False


def answer_speech(turn: TurnCore, at: float) -> None:
    """Make what was spoken the caller's turn. Whoever may be a machine is answered by nothing but the greeting."""
    s = turn.state
    turn.caller_becomes(CallerActivity.SILENT)
    s.interim = ""
    turn.final_becomes(OwedFinal.NONE)
    if turn.is_screening:
        turn.do(CommitSpeech(is_answered=False))
        return
    screening.speech_answered(turn)
    turn.do(CommitSpeech())
    if s.keys:
        interruption.take_floor(turn, at)
        answering.answer(turn, at, keys.joined_with_keys(turn, SPOKEN))
    elif turn.is_busy and turn.policy is None:
        s.waiting_text = joined_utterance(s.waiting_text, SPOKEN)
    else:
        interruption.take_floor(turn, at)
        answering.answer(turn, at, SPOKEN)


def noise_stopped(turn: TurnCore, at: float) -> None:
    """What had begun was too short to be an utterance."""
    if turn.state.caller is not CallerActivity.SILENT:
        _forget(turn, at, DiscardSpeech())


def _is_meant(turn: TurnCore) -> bool:
    """Whether an utterance is more than a sign of listening, since the agent says nothing that is to be listened to."""
    if turn.is_closing:
        return False
    utterances = turn.state.utterances
    asks_for_a_sign = bool(utterances) and utterances[0].kind is UtteranceKind.PROMPT
    return not turn.is_busy or turn.only_bridges or turn.policy is None or asks_for_a_sign or bool(turn.state.keys)


def _was_before_the_reply(turn: TurnCore, message: SpeechStopped) -> bool:
    """Whether an utterance that would have taken the floor ended before anything of the reply was heard.

    The reply is to something else, such as what was typed or keyed right behind it, and has begun in the silence by
    which it is known that the utterance is over.
    """
    policy = turn.policy
    if policy is None or turn.is_closing:
        return False
    return message.voiced_ms >= policy.confirm_ms and interruption.was_said_to_thinking(turn)


def _forget(turn: TurnCore, at: float, order: DiscardSpeech) -> None:
    s = turn.state
    turn.caller_becomes(CallerActivity.SILENT)
    s.interim = ""
    turn.final_becomes(OwedFinal.NONE)
    turn.do(order)
    interruption.not_confirmed(turn, at)
    answering.settle(turn, at)

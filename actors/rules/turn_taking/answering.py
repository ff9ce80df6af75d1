"""The agent's turn: the model is asked, replies are written or fail, tools run, and what follows when all is heard."""

from actors.conversation import Ending, UtteranceKind
from actors.messages.model import (
    EndingDecided,
    ReplyFailed,
    ReplyGoesOn,
    ReplyTrouble,
    ReplyWritten,
    ToolsFinished,
    ToolsStarted,
)
from actors.messages.playback import StopReason
from actors.rules.backchannel import asks_to_wait, meaningful_words
from actors.rules.phrases import BUSY, NO_ANSWER, REFUSED, SAY_AGAIN
from actors.rules.turn_taking import endings, preemption
from actors.rules.turn_taking.core import THINKING, TurnCore
from actors.rules.turn_taking.effects import SPOKEN, RecallSpeech, StartReply
from actors.rules.turn_taking.state import AgentActivity, CallerActivity, Interruption, ToolWait
from actors.rules.utterances import joined_utterance

MAX_FAILED_REPLIES = 2
"""The number of failed replies in a row after which the session ends."""
APOLOGIES = {
    ReplyTrouble.NO_ANSWER: NO_ANSWER,
    ReplyTrouble.BUSY: BUSY,
    ReplyTrouble.REFUSED: REFUSED,
    ReplyTrouble.FORBIDDEN: REFUSED,
}
"""The apology for words that were understood but have no reply, by the trouble with the reply."""


def answer(turn: TurnCore, at: float, text: str) -> None:
    """Answer `text`, as soon as it is known what was heard of the former reply.

    A session that is to end answers nothing more: what is entered cuts short what is being said, as words do.
    """
    s = turn.state
    if turn.is_closing:
        endings.leave_unanswered(turn, text)
        settle(turn, at)
        return
    s.prompts = 0
    s.asked_to_wait = asks_to_wait(text, turn.words.waiting, turn.words.backchannels)
    s.waiting_text = joined_utterance(s.waiting_text, text)
    if s.stop_ordered_at is None:
        start_reply(turn, at)


def start_reply(turn: TurnCore, at: float) -> None:
    """Ask the model. Words of a turn that was not answered audibly are asked again together with the new ones."""
    s = turn.state
    text, s.waiting_text = s.waiting_text, ""
    # A filler may have been held by voice whose words are answered now.
    turn.release()
    turn.show_turn(None)
    s.turn_number += 1
    is_preempted = preemption.take(turn, text)
    s.asked, continues = preemption.to_be_answered(turn, text)
    s.is_audible = s.is_asked_on = s.asked_again = s.has_asked = False
    # A caller who goes on before they have heard the apology is asked when their new words are answered.
    s.owed_apology = SAY_AGAIN if s.has_lost_input else 0
    s.pause_factor, s.tail_text = 1, ""
    endings.take_back_goodbye(turn)
    if s.key_pattern is not None and not says_nothing(turn, text):
        # The keys that were asked for did not come; those that may come now answer something else.
        s.key_pattern = None
    turn.agent_becomes(AgentActivity.THINKING)
    s.thinking_at = at
    turn.timings.asked_at = s.spoke_at if s.spoke_at is not None else at
    turn.do(
        StartReply(
            turn=s.turn_number,
            reply=turn.next_reply(UtteranceKind.REPLY),
            text=s.asked,
            continues=continues,
            is_preempted=is_preempted,
        )
    )


def says_nothing(turn: TurnCore, text: str) -> bool:
    """Whether `text` only assents, thanks, calls or asks to wait: what the agent has asked for may still come."""
    words = turn.words
    return not meaningful_words(text, words.backchannels, words.courtesies, words.attention, words.waiting)


def reply_written(turn: TurnCore, message: ReplyWritten, at: float) -> None:
    """The model has finished; a reply without any text has failed."""
    s = turn.state
    if message.turn != s.turn_number or s.agent not in THINKING:
        return
    if not message.has_text:
        _failed(turn, at, has_text=False)
        return
    turn.agent_becomes(AgentActivity.IDLE)
    turn.change_utterance(turn.reply_of(s.turn_number), question_s=message.question_s)
    settle(turn, at)


def reply_failed(turn: TurnCore, message: ReplyFailed, at: float) -> None:
    """The model has failed: what it said is heard, and then an apology; two failures in a row end the session.

    What must not be said is silenced at once.
    """
    if message.turn != turn.state.turn_number or turn.state.agent not in THINKING:
        return
    is_forbidden = message.trouble is ReplyTrouble.FORBIDDEN
    if is_forbidden:
        turn.silence(at, StopReason.SUPERSEDED)
    has_text = message.has_text and not is_forbidden
    _failed(turn, at, has_text=has_text, trouble=message.trouble, apology=message.apology)


def _failed(
    turn: TurnCore, at: float, *, has_text: bool, trouble: ReplyTrouble = ReplyTrouble.NO_ANSWER, apology: int = 0
) -> None:
    s, apology = turn.state, apology or APOLOGIES[trouble]
    if s.ending is not None or turn.is_closing:
        _last_act_failed(turn, at, has_text=has_text)
        return
    s.failed_turn = s.turn_number
    if trouble in (ReplyTrouble.REFUSED, ReplyTrouble.FORBIDDEN):
        # Nothing is broken, and what the caller says next is asked without these words.
        s.asked = ""
    else:
        s.failures += 1
    if s.failures >= MAX_FAILED_REPLIES:
        endings.last_words(turn, at, UtteranceKind.APOLOGY, Ending.ERROR)
        return
    turn.cancel_thinking()
    if not has_text:
        turn.drop(turn.reply_of(s.turn_number))
        if s.caller is CallerActivity.SILENT:
            apologise(turn, apology)
            return
    # A caller who was told half of something waits for the rest, and one who speaks is not spoken over.
    s.owed_apology = apology
    settle(turn, at)


def _last_act_failed(turn: TurnCore, at: float, *, has_text: bool) -> None:
    """The reply that was to be the session's last one fails, or is silent: nothing is asked of a caller who leaves.

    A caller who was put through is gone; any other hears a goodbye, unless the model has said one.
    """
    s = turn.state
    turn.cancel_thinking()
    if not has_text:
        turn.drop(turn.reply_of(s.turn_number))
    if s.ending is None or s.ending is Ending.HUMAN_HANDOFF or has_text or s.is_audible:
        settle(turn, at)
    else:
        endings.last_words(turn, at, UtteranceKind.GOODBYE, s.ending)


def apologise(turn: TurnCore, apology: int) -> None:
    """Say that there is no answer; or ask the caller to repeat what was not understood.

    What the caller says then goes with the words that were not answered, unless those are not wanted any more.
    """
    turn.state.owed_apology = 0
    turn.state.asked_again = True
    turn.release()
    turn.say(UtteranceKind.APOLOGY, apology)


def tools_started(turn: TurnCore, message: ToolsStarted, _at: float) -> None:
    """Tools run: how long they may take is their own affair."""
    if message.turn == turn.state.turn_number and turn.state.agent is AgentActivity.THINKING:
        turn.agent_becomes(AgentActivity.TOOL)
        # Nobody is called before it is approved, even by a tool that calls somebody.
        waits = ToolWait.CONNECTION if message.connects else ToolWait.RESULT
        turn.state.tool_wait = ToolWait.APPROVAL if message.awaits_approval else waits


def tools_finished(turn: TurnCore, message: ToolsFinished, at: float) -> None:
    """The tools are back: the model goes on."""
    if message.turn == turn.state.turn_number and turn.state.agent is AgentActivity.TOOL:
        turn.agent_becomes(AgentActivity.THINKING)
        turn.state.thinking_at, turn.state.is_asked_on = at, True


def reply_goes_on(turn: TurnCore, message: ReplyGoesOn, at: float) -> None:
    """The model goes on behind its tools: from now on its next words are waited for as within a reply."""
    s = turn.state
    if message.turn == s.turn_number and s.is_asked_on:
        s.thinking_at, s.is_asked_on = at, False


def reply_missing(turn: TurnCore, at: float) -> None:
    """The reply has not begun or gone on to be heard in time, whoever is to blame."""
    turn.silence(at, StopReason.SUPERSEDED)
    _failed(turn, at, has_text=False)


def reply_broken(turn: TurnCore, at: float, reply: int) -> None:
    """The turn's reply cannot be spoken (further): an apology makes up for what is missing of it."""
    turn.drop(reply)
    _failed(turn, at, has_text=False)


def ending_decided(turn: TurnCore, message: EndingDecided, at: float) -> None:
    """A tool wants the session to end after the reply in hand. The caller's next words undo all but a hand-over."""
    turn.state.ending = message.ending
    settle(turn, at)


def settle(turn: TurnCore, at: float) -> None:
    """Decide what follows when anything has ended: the end of the session, an answer or apology, or listening."""
    s = turn.state
    if s.utterances or s.agent in THINKING:
        return
    if s.stop_ordered_at is not None and s.agent is not AgentActivity.LEAVING:
        return
    if s.ending is not None and _ends(turn, s.ending):
        return
    turn.release()
    turn.show_turn(None)
    if turn.is_closing:
        if s.caller is CallerActivity.SILENT:
            endings.close(turn, at)
        return
    tail = _pop_tail(turn)
    if s.waiting_text or tail:
        answer(turn, at, tail)
    elif s.owed_apology and s.caller is CallerActivity.SILENT:
        apologise(turn, s.owed_apology)
    elif s.interruption is Interruption.DECIDED and s.caller is CallerActivity.SILENT:
        turn.interruption_becomes(Interruption.NONE)


def _pop_tail(turn: TurnCore) -> str:
    """Take what was said into the end of an utterance, as an answer to it; mere voice only if the caller is silent."""
    s = turn.state
    tail, s.tail_text = s.tail_text, ""
    if tail != SPOKEN:
        return tail
    if s.caller is not CallerActivity.SILENT:
        return ""
    turn.do(RecallSpeech())
    return tail


def _ends(turn: TurnCore, ending: Ending) -> bool:
    """End a session whose last words were heard, unless the caller has more to say; False if words wait for an answer.

    Words into a goodbye that were too few to take the floor are answered now. A caller who speaks is waited for: what
    they say may take the goodbye back. A caller who was put through to somebody is not waited for.
    """
    s = turn.state
    if ending is not Ending.HUMAN_HANDOFF and s.waiting_text:
        return False
    is_settled = s.agent is AgentActivity.LEAVING or ending is Ending.HUMAN_HANDOFF
    if is_settled or s.caller is CallerActivity.SILENT:
        turn.end(ending)
    return True

"""What of a turn goes on in another process, where the caller's recent audio is not: it is lost with the former one."""

from collections.abc import Iterable, Sequence

import msgspec

from actors.conversation import ChatMessage, Role, UtteranceKind
from actors.messages.caller import KeyPressed, TextEntered
from actors.rules.phrases import SAY_AGAIN
from actors.rules.turn_taking.core import THINKING
from actors.rules.turn_taking.effects import SPOKEN
from actors.rules.turn_taking.state import (
    AgentActivity,
    CallerActivity,
    Interruption,
    Opening,
    OwedFinal,
    ScreeningStage,
    TurnSnapshot,
)
from actors.rules.utterances import joined_utterance, repeated_utterance


def is_speaking(state: TurnSnapshot) -> bool:
    """Whether the caller is in the middle of something: what is not transcribed yet would be lost by a move."""
    return state.caller is not CallerActivity.SILENT or state.final is not OwedFinal.NONE


def only_listens(state: TurnSnapshot) -> bool:
    """Whether the agent has called somebody, and hears out who or what has answered before it says anything."""
    return state.screening is not None and state.screening.stage is not ScreeningStage.GREETED


def is_busy(state: TurnSnapshot) -> bool:
    """Whether a move had better wait: the caller speaks, or presses keys, of which nobody hears in between; or what
    they said is known to none but the model of this process, which answers it: its sound cannot be moved, its words can
    as soon as it has told all of them."""
    is_unanswered = state.agent is AgentActivity.THINKING or (state.agent in THINKING and not state.is_audible)
    only_heard = SPOKEN in state.waiting_text or (is_unanswered and SPOKEN in state.asked)
    return is_speaking(state) or bool(state.keys) or only_heard


def unanswered_words(state: TurnSnapshot, unread: Iterable[TextEntered | KeyPressed] = ()) -> tuple[str, bool]:
    """What the caller has said, typed and pressed, as far as it was understood, that nothing has been made of yet.

    And whether it takes the place of the words that the turn in hand was to answer.

    Those are recorded already. Where they are asked once more they wait beside what came since, and who was asked to
    say them again has said them, or other words for the same.

    Args:
        state: as it was kept last.
        unread: what was typed and pressed since, and waits for somebody to read it.
    """
    said = joined_utterance(state.unanswered, state.waiting_text)
    said = joined_utterance(said, " ".join(state.keys))
    said = joined_utterance(said, state.interim if is_speaking(state) else "")
    for entered in unread:
        if entered.number > state.settled_input:
            said = joined_utterance(said, entered.text if isinstance(entered, TextEntered) else entered.key)
    if not said or not state.asked or not state.asked_again:
        return _known(said), False
    whole = repeated_utterance(state.asked, said)
    is_more = whole.startswith(state.asked)
    return _known(whole.removeprefix(state.asked)), not is_more


def unanswerable_reply(state: TurnSnapshot, messages: Sequence[ChatMessage]) -> int:
    """The number of a reply of which nothing was heard, to speech whose words nobody knows; 0 if there is none.

    The model that has heard the speech is gone, unless it has called tools, which tell what was wanted.

    Args:
        state: as it was kept last.
        messages: the conversation, in which the words may have become known after they were answered.
    """
    if state.agent not in THINKING or state.is_audible or SPOKEN not in _recorded(state, messages):
        return 0
    if any(message.tool_requests for message in messages if message.turn == state.turn_number):
        return 0
    kinds = UtteranceKind.REPLY
    return next((u.reply for u in state.utterances if u.turn == state.turn_number and u.kind is kinds), 0)


def moved(
    state: TurnSnapshot, *, has_reply: bool, greets_idle: bool, messages: Sequence[ChatMessage] = ()
) -> TurnSnapshot:
    """The state of turn-taking that another process goes on from.

    Words that were known when the caller had ended them are answered; for any others the caller is asked to say them
    again, since no final transcript of them comes, and no model has heard them.

    Args:
        state: as it was kept last.
        has_reply: a reply is still to be heard, or the rest of one.
        greets_idle: the caller was cut off, and is greeted if there is nothing else to be said to them.
        messages: the conversation.
    """
    if only_listens(state):
        return _listening(state)
    was_speaking = is_speaking(state) or SPOKEN in state.waiting_text
    state = msgspec.structs.replace(state, asked=_recorded(state, messages))
    if unanswerable := unanswerable_reply(state, messages):
        was_speaking = True
        others = tuple(utterance for utterance in state.utterances if utterance.reply != unanswerable)
        state = msgspec.structs.replace(state, agent=AgentActivity.IDLE, asked="", utterances=others)
    waiting = _known(state.waiting_text)
    if state.interim and state.caller is CallerActivity.AWAITED:
        waiting, was_speaking = f"{waiting} {state.interim}".strip(), False
    is_idle = state.agent is AgentActivity.IDLE and not has_reply and not waiting
    greets = state.opening is Opening.GREETING or (greets_idle and is_idle)
    # Whoever is on hold goes on being: what they are to hear waits for them.
    held = state.interruption in (Interruption.HELD, Interruption.YIELDED) and state.on_hold_since is None
    return msgspec.structs.replace(
        state,
        caller=CallerActivity.SILENT,
        interruption=Interruption.NONE if held else state.interruption,
        waiting_text=waiting,
        interim="",
        overheard="",
        final=OwedFinal.NONE,
        opening=Opening.GREETING if greets else state.opening,
        owed_apology=state.owed_apology or (SAY_AGAIN if was_speaking and not greets else 0),
        # Keys in hand take the floor by themselves, before the caller was asked, and are not what they said.
        has_lost_input=state.has_lost_input or (was_speaking and bool(state.keys) and not greets),
    )


def _listening(state: TurnSnapshot) -> TurnSnapshot:
    """The state from which another process listens on: neither a machine nor a person who was not spoken to is greeted
    for having been cut off, or asked to say it again.
    """
    assert state.screening is not None
    words = joined_utterance(state.screening.words, _known(state.interim))
    return msgspec.structs.replace(
        state,
        caller=CallerActivity.SILENT,
        screening=msgspec.structs.replace(state.screening, words=words),
        waiting_text="",
        interim="",
        overheard="",
        final=OwedFinal.NONE,
        opening=Opening.NONE,
        owed_apology=0,
    )


def _recorded(state: TurnSnapshot, messages: Sequence[ChatMessage]) -> str:
    """What the reply in hand answers, with such words as have become known since it was asked for."""
    if SPOKEN not in state.asked:
        return state.asked
    said = (m.text for m in reversed(messages) if m.role is Role.USER and m.turn == state.turn_number)
    return next(said, state.asked)


def _known(text: str) -> str:
    return " ".join(text.replace(SPOKEN, " ").split())

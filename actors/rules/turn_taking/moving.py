"""What of a turn goes on in another process, where the caller's recent audio is not: it is lost with the former one."""

import msgspec

from actors.rules.phrases import SAY_AGAIN
from actors.rules.turn_taking.effects import SPOKEN
from actors.rules.turn_taking.state import AgentActivity, CallerActivity, Interruption, TurnSnapshot
from actors.rules.utterances import joined_utterance


def is_speaking(state: TurnSnapshot) -> bool:
    """Whether the caller is in the middle of something: what is not transcribed yet would be lost by a move."""
    return state.caller is not CallerActivity.SILENT or state.final_owed


def is_busy(state: TurnSnapshot) -> bool:
    """Whether a move had better wait for the caller: they speak, or press keys, of which nobody hears in between."""
    return is_speaking(state) or bool(state.keys)


def unanswered_words(state: TurnSnapshot) -> str:
    """What the caller has said, as far as it was understood, that nothing has been made of yet."""
    known = joined_utterance(state.waiting_text, state.interim if is_speaking(state) else "")
    return " ".join(known.replace(SPOKEN, " ").split())


def moved(state: TurnSnapshot, *, has_reply: bool, greets_idle: bool) -> TurnSnapshot:
    """The state of turn-taking that another process goes on from.

    Words that were known when the caller had ended them are answered; for any others the caller is asked to say them
    again, since no final transcript of them comes.

    Args:
        state: as it was kept last.
        has_reply: a reply is still to be heard, or the rest of one.
        greets_idle: the caller was cut off, and is greeted if there is nothing else to be said to them.
    """
    was_speaking = is_speaking(state)
    waiting = state.waiting_text
    if state.interim and state.caller is CallerActivity.AWAITED:
        waiting, was_speaking = f"{waiting} {state.interim}".strip(), False
    is_idle = state.agent is AgentActivity.IDLE and not has_reply and not waiting
    greets = state.greets or (greets_idle and is_idle)
    held = state.interruption in (Interruption.HELD, Interruption.YIELDED)
    return msgspec.structs.replace(
        state,
        caller=CallerActivity.SILENT,
        interruption=Interruption.NONE if held else state.interruption,
        waiting_text=waiting,
        interim="",
        final_owed=False,
        presumed_over=False,
        reopened=False,
        greets=greets,
        owed_apology=state.owed_apology or (SAY_AGAIN if was_speaking and not greets else 0),
    )

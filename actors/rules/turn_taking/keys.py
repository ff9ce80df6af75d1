"""Telephone keys (DTMF): each takes the floor, and several are one input."""

from actors.conversation import KeyPattern
from actors.messages.caller import InputLost, KeyPressed
from actors.messages.model import KeysExpected
from actors.rules.phrases import SAY_AGAIN
from actors.rules.turn_taking import answering, endings, interruption
from actors.rules.turn_taking.core import TurnCore


def pattern_of(turn: TurnCore) -> KeyPattern:
    """When the keys that are being pressed are complete."""
    return turn.state.key_pattern or turn.agent.keys


def settle_input(turn: TurnCore, number: int) -> bool:
    """Mark the typed text or key of this number as dealt with; returns False if it was before, and is to be ignored.

    A successor is told once more what its orchestrator died on, which may have been done and kept by then.
    """
    if number and number <= turn.state.settled_input:
        return False
    turn.state.settled_input = max(number, turn.state.settled_input)
    return True


def input_lost(turn: TurnCore, message: InputLost, at: float) -> None:
    """Ask the caller to repeat a typed text or a key that could not be dealt with.

    The keys before a lost one are dropped: with one missing in the middle they would be another number.
    """
    s = turn.state
    if not settle_input(turn, message.number):
        return
    s.keys, s.key_pattern = "", None
    s.owed_apology, s.has_lost_input = SAY_AGAIN, True
    answering.settle(turn, at)


def keys_expected(turn: TurnCore, message: KeysExpected, _at: float) -> None:
    """A tool has said when the caller's next keys are complete."""
    turn.state.key_pattern = message.pattern


def key_pressed(turn: TurnCore, message: KeyPressed, at: float) -> None:
    """One more key of an input, or the end of it."""
    s = turn.state
    if not settle_input(turn, message.number):
        return
    interruption.take_floor(turn, at)
    # A machine presses no keys.
    s.screening = None
    s.spoke_at = s.key_at = at
    s.fillers = 0
    pattern = pattern_of(turn)
    is_end = bool(s.keys) and message.key == pattern.terminator
    if not is_end:
        s.keys += message.key
    if is_end or pattern.is_complete(s.keys):
        keys_complete(turn, at)


def key_too_late(turn: TurnCore, message: KeyPressed, _at: float) -> None:
    """A key that is pressed into the last words takes no floor; the session's record has it."""
    if settle_input(turn, message.number):
        endings.leave_unanswered(turn, message.key)


def keys_complete(turn: TurnCore, at: float) -> None:
    """No further key came, or none is needed: the keys are the caller's words, and they take the floor."""
    s = turn.state
    keys, s.keys, s.key_pattern = s.keys, "", None
    interruption.take_floor(turn, at)
    # Until now the next key was awaited, of which the caller knew: they are not kept waiting for longer than from here.
    s.silent_at = max(s.silent_at, at)
    answering.answer(turn, at, " ".join(keys))


def joined_with_keys(turn: TurnCore, text: str) -> str:
    """The keys that were pressed so far and the words that follow them, as one input; it completes the keys."""
    s = turn.state
    if not s.keys:
        return text
    keys, s.keys, s.key_pattern = s.keys, "", None
    return f"{' '.join(keys)} {text}"

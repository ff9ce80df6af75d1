"""What is chosen of what was read out: `the second one`, `the last`, or a yes to the only one."""

from typing import Any

from app.dialogue.answers import polarity
from app.dialogue.hearing import Utterance
from app.dialogue.schema import AskStep, Dialogue, Step
from app.dialogue.spoken_numbers import ordinal_choice
from app.dialogue.state import State

_ASKING = frozenset(("what", "when", "how", "why", "was", "is"))
"""Words with which a question begins: `what was the first one again` takes none."""
_SHORT = 8
_FEW = 2
"""How many other words may stand around `the second one`, and how many of them may have a meaning of their own."""


def offer_chosen(step: Step, state: State, said: Utterance, dialogue: Dialogue) -> Any:
    """The value that is chosen of those that the open question of `step` has offered; None if none is."""
    offered = state.kept.get(step.offered or "") if isinstance(step, AskStep) else None
    if not isinstance(offered, list) or not offered or len(said.words) > _SHORT or said.telling > _FEW:
        return None
    if said.words[:1] and said.words[0] in _ASKING:
        return None
    chosen = ordinal_choice(said.words, len(offered))
    if chosen is None and len(offered) == 1 and polarity(said.words, dialogue):
        chosen = 0
    return None if chosen is None else offered[chosen]

"""How likely a caller is done, by what they said and how the recognizer heard it: pure.

A sentence that is complete by its words goes on as often as not: "I'd like a table, for four people". Who goes on keeps
their voice up, which a recognizer writes as a comma, or stops in the middle of a phrase, of whose end it is not sure.
A long sentence is more often all of it than a short one. Each of these adds to the log odds, by a logistic regression
over the pauses and ends of the synthetic callers on whom the rules are tuned: `tests/eval/end_weights.py` finds them.
"""

import math

from actors.conversation import ExpectedAnswer
from actors.rules.end_of_turn.completeness import Completeness

BY_COMPLETENESS: dict[Completeness, float] = {
    Completeness.UNFINISHED: -0.71,
    Completeness.UNCERTAIN: 0.28,
    Completeness.OPENING: 1.36,
    Completeness.BRIEF: 1.2,
    Completeness.CLIPPED: 0.69,
    Completeness.UNKNOWN: 1.19,
    Completeness.LIKELY: 0.92,
    Completeness.COMPLETE: 0.0,
    Completeness.EXPECTED: 1.29,
    Completeness.ANSWERED: 0.8,
}
BY_EXPECTED: dict[ExpectedAnswer, float] = {
    ExpectedAnswer.ANYTHING: 0.0,
    ExpectedAnswer.YES_NO: 1.08,
    ExpectedAnswer.SHORT: 0.65,
    ExpectedAnswer.NAME: 1.16,
    ExpectedAnswer.NUMBER: 0.1,
    ExpectedAnswer.SPELLING: -0.57,
}
"""What the kind of answer that was asked for adds to the log odds: fewer people go on after an answer to a specific
question than after saying why they call; people who spell do go on."""
ANSWERS = frozenset((Completeness.EXPECTED, Completeness.ANSWERED))
"""Kinds of answers that are as likely complete when they are short as when they are long."""
BY_WORD, LONG, MIDDLING = 0.27, 14, 7
"""What each word beyond `MIDDLING` adds to the log odds that the caller is done (fewer words subtract it); words beyond
`LONG` count for nothing."""
CERTAIN = 1e-6
"""Likelihoods of the recognizer are kept this far from 0 and from 1, whose log odds are infinite."""


def likelihood(found: Completeness, expected: ExpectedAnswer, over: float, words: int) -> float:
    """How likely the caller is done, from 0 to 1.

    Args:
        found: how complete the words are.
        expected: what the agent has asked for.
        over: how likely the utterance is over by the recognizer, from 0 to 1.
        words: how many there are.
    """
    over = min(max(over, CERTAIN), 1 - CERTAIN)
    longer = 0 if found in ANSWERS else min(words, LONG) - MIDDLING
    odds = math.log(over / (1 - over)) + BY_COMPLETENESS[found] + BY_EXPECTED[expected] + BY_WORD * longer
    return 1 / (1 + math.exp(-odds))

"""How likely a caller is done, by what they said and how the recognizer heard it: pure.

A sentence that is complete by its words goes on as often as not: "I'd like a table, for four people". Who goes on keeps
their voice up, which a recognizer writes as a comma, or stops in the middle of a phrase, of whose end it is not sure.
A long sentence is more often all of it than a short one. Each of these adds to the log odds, by a logistic regression
over the pauses and ends of the synthetic callers on whom the rules are tuned: `tests/eval/end_weights.py` finds them.
"""

import math

from actors.rules.end_of_turn.completeness import Completeness

BY_COMPLETENESS: dict[Completeness, float] = {
    Completeness.UNFINISHED: -0.08,
    Completeness.UNCERTAIN: 0.42,
    Completeness.UNKNOWN: 1.93,
    Completeness.LIKELY: 0.56,
    Completeness.COMPLETE: 0.0,
    Completeness.EXPECTED: 2.22,
    Completeness.ANSWERED: 0.91,
}
ANSWERS = frozenset((Completeness.EXPECTED, Completeness.ANSWERED))
"""Answers of these kinds are as likely complete when they are short as when they are long."""
BY_WORD, LONG, MIDDLING = 0.35, 14, 7
"""What each word adds to the log odds beyond `MIDDLING` words; words beyond `LONG` add nothing."""
CERTAIN = 1e-6
"""Likelihoods of the recognizer are kept this far from 0 and from 1, whose log odds are infinite."""


def likelihood(found: Completeness, over: float, words: int) -> float:
    """How likely the caller is done, from 0 to 1.

    Args:
        found: how complete the words are.
        over: how likely the utterance is over by the recognizer, from 0 to 1.
        words: how many there are.
    """
    over = min(max(over, CERTAIN), 1 - CERTAIN)
    longer = 0 if found in ANSWERS else min(words, LONG) - MIDDLING
    odds = math.log(over / (1 - over)) + BY_COMPLETENESS[found] + BY_WORD * longer
    return 1 / (1 + math.exp(-odds))

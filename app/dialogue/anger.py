"""What callers say who are angry, at a machine that does not understand them or at anything else. English, pure.

Such a sentence asks for nothing; a rude word beside a wish changes nothing in the wish.
"""

from collections.abc import Sequence

from app.dialogue.matching import reduce, says_nothing

_RUDE = frozenset(
    reduce(
        str.split(
            "stupid dumb idiot idiots moron useless terrible awful horrible suck sucks hate ridiculous bullshit "
            "nonsense crap fuck fucking fucked shit damn damned goddamn hell asshole ass bastard bitch annoying "
            "frustrating deaf kidding angry furious pathetic garbage trash rubbish joke hopeless incompetent worst wtf "
            "screw piss"
        )
    )
)
_HARMLESS = frozenset(
    reduce(
        str.split(
            "machine robot computer bot thing service system ever listen listening again always never nothing waste "
            "wasting time serious seriously absolute absolutely totally complete completely understand anything off "
            "kiss everything shut wrong so such getting driving crazy mad nerves patience losing fed people god jesus "
            "christ sake"
        )
    )
)
"""Words that stand around those and say nothing of a subject either."""
_PHRASES = (
    "shut up",
    "fed up",
    "my nerves",
    "losing my patience",
    "my time",
    "me crazy",
    "me mad",
    "not listening",
    "are serious",
)
_SWEARING = frozenset(str.split("damn damned goddamn freaking fucking fuckin effing"))
_ADDRESSED = (
    ("you", "idiot"),
    ("you", "moron"),
    ("you", "stupid", "machine"),
    ("for", "fuck's", "sake"),
    ("for", "god's", "sake"),
)
_LEAST = 3
"""The fewest words that are left of a sentence from which swearing is taken."""


def is_angry(words: Sequence[str]) -> bool:
    """Whether a sentence is only angry: `you are useless`, `this is ridiculous`; `my tooth is killing me` is not."""
    reduced = reduce(words)
    telling = [word for word in reduced if not says_nothing(word)]
    is_rude = any(word in _RUDE for word in telling) or any(
        f" {phrase} " in f" {' '.join(words)} " for phrase in _PHRASES
    )
    return is_rude and all(word in _RUDE or word in _HARMLESS for word in telling)


def without_swearing(words: Sequence[str]) -> list[str]:
    """`can i get a damn appointment` as `can i get a appointment`, if enough is left."""
    left = [word for word in words if word not in _SWEARING]
    for phrase in _ADDRESSED:
        if tuple(left[-len(phrase) :]) == phrase:
            left = left[: -len(phrase)]
    return left if len(left) >= _LEAST else list(words)

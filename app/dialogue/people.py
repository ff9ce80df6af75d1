"""People whom a caller speaks of: relatives, for whom something is wanted, and persons called by a title. Pure."""

from collections.abc import Collection, Sequence

from app.dialogue.matching import FUNCTION_WORDS
from app.dialogue.spoken_numbers import NUMBER_WORDS

SOMEONE = "someone"
"""The placeholder `{someone}` in the examples of an intent: a person who is named."""

TITLES = frozenset(str.split("doctor dr mr mister mrs ms miss nurse professor"))
RELATIVES = frozenset(
    str.split(
        "daughter son child kid baby girl boy toddler wife husband spouse partner fiance fiancee girlfriend boyfriend "
        "mother father mom mum dad parents sister brother grandmother grandfather grandma grandpa granny granddaughter "
        "grandson grandchild niece nephew aunt uncle cousin friend neighbor roommate stepson stepdaughter "
        "mother-in-law father-in-law children kids twins"
    )
)
_OWNERS = frozenset(("my", "our"))
_QUALITIES = frozenset(str.split("little old older oldest elder young younger youngest dear other teenage own"))
_BETWEEN_MOST = 2
"""How many words may stand between `my` and the relative, as in `my two little girls`."""


def read_relative(words: Sequence[str]) -> str:
    """For whom something is wanted: `my little girl` is `girl`; empty if nobody is named.

    The first one is meant: of `my son and my wife`, one after the other.
    """
    for at, word in enumerate(words):
        if word not in _OWNERS:
            continue
        for after in range(at + 1, min(at + 2 + _BETWEEN_MOST, len(words))):
            if words[after].removesuffix("'s") in RELATIVES:
                return words[after].removesuffix("'s")
            if words[after] not in _QUALITIES and words[after] not in NUMBER_WORDS:
                break
    return ""


def read_person(words: Sequence[str], at: int, known: Collection[str]) -> int:
    """How many words at this place call a person by title and name, such as `doctor patel`; 0 if they do not.

    `known` are words that are no names: `doctor appointment` calls nobody.
    """
    if words[at] not in TITLES or at + 1 >= len(words):
        return 0
    name = words[at + 1].removesuffix("'s")
    is_name = name.isalpha() and len(name) > 1 and name not in FUNCTION_WORDS and name not in NUMBER_WORDS
    return 2 if is_name and name not in known and name not in TITLES else 0


_LEADS = (
    ("what", "about"),
    ("how", "about"),
    ("the", "same"),
    ("same",),
    ("and",),
    ("also",),
    ("another", "one"),
    ("one", "more"),
    ("one",),
)
_ENDS = (("too",), ("as", "well"), ("also",), ("likewise",))
FOLLOW_UP_WORDS = frozenset(word for phrase in (*_LEADS, *_ENDS) for word in phrase)
_ALIKE = frozenset(str.split("same too also likewise well"))


def wants_the_same(words: Sequence[str]) -> bool:
    """Whether a sentence that goes on wants what was wanted before, and not only something like it."""
    return not _ALIKE.isdisjoint(words)


def is_follow_up(words: Sequence[str]) -> bool:
    """Whether a sentence, by its beginning or its end, goes on with what was spoken of: `and my wife at three`."""
    said = tuple(word for word in words if word != "please")
    return any(said[: len(lead)] == lead for lead in _LEADS) or any(said[-len(end) :] == end for end in _ENDS)

"""How alike two texts sound: over a telephone, recognizers write words that sound like the ones that were said. Pure.

A word is read by the commonest rules of English spelling as a row of sounds, coarsely: six vowels, and one consonant
for each that people tell apart. Two rows are as far apart as it takes to make one of the other, where sounds that a
line of 8 kHz hardly tells apart cost little.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate

MAX_SOUNDS = 32
"""The most sounds of a text that are compared, from its beginning."""

_RULES = (
    ("o'clock", "OklOk"), ("eighth", "EtT"), ("eight", "Et"), ("ache", "Ek"), ("one", "wAn"), ("two", "tU"),
    ("you", "yU"), ("ough", "O"), ("augh", "O"), ("eigh", "E"),
    ("tion", "SAn"), ("sion", "SAn"), ("dge", "J"), ("tch", "C"), ("igh", "Y"), ("sch", "sk"), ("ing", "IN"),
    ("ph", "f"), ("gh", "g"), ("ck", "k"), ("sh", "S"), ("ch", "C"), ("th", "T"), ("wh", "w"), ("kn", "n"),
    ("wr", "r"), ("qu", "kw"), ("ng", "N"), ("ce", "s"), ("ci", "sI"), ("cy", "sI"), ("ge", "J"), ("gi", "JI"),
    ("ee", "I"), ("ea", "I"), ("ie", "I"), ("ei", "E"), ("ey", "I"), ("ai", "E"), ("ay", "E"), ("oo", "U"),
    ("ou", "O"), ("ow", "O"), ("oa", "O"), ("oi", "OI"), ("oy", "OI"), ("au", "O"), ("aw", "O"), ("ew", "U"),
    ("ue", "U"), ("ui", "U"), ("a", "A"), ("e", "E"), ("i", "I"), ("o", "O"), ("u", "A"), ("y", "I"), ("c", "k"),
    ("x", "ks"), ("j", "J"),
)  # fmt: skip
"""Letters and the sounds that they are read as; at each place the first that fits counts."""
_RULE = re.compile("|".join(re.escape(letters) for letters, _ in _RULES) + "|[a-z]")
_SOUNDS_OF = dict(_RULES)
_LONG_VOWEL = re.compile(r"([aiou])([bcdfgklmnprstvz])e(?=s?$)")
"""Matches the long vowel of `fine` and `time`, after which the last letter is silent."""
_LONG = {"a": "ai", "i": "igh", "o": "oa", "u": "oo"}

_VOWELS = frozenset("AEIOUY")
# Sounds that are made at the same place or in the same way, and those of them that a telephone line hardly tells apart.
_GROUPS = ("pbtdkg", "fvTszSCJ", "mnN", "lrwy", "tdT", "vbw", "kgh", "tCJS")
_CLOSE = ("pb", "td", "kg", "fv", "sz", "mn", "nN", "CJ", "SC", "fT", "sT", "vT", "pt", "tk", "sS")
_NEAR_PAIRS = {
    **{pair: 0.5 for group in _GROUPS for pair in ((a, b) for a in group for b in group if a != b)},
    **{(pair[at], pair[1 - at]): 0.25 for pair in _CLOSE for at in (0, 1)},
    **{(a, b): 0.3 for a in _VOWELS for b in _VOWELS if a != b},
}
_NEAR: dict[str, dict[str, float]] = {
    one: {other: cost for (first, other), cost in _NEAR_PAIRS.items() if first == one} for one, _ in _NEAR_PAIRS
}
"""The cost of taking one sound for another, by both of them; 1 for pairs that are not listed."""
_LEFT_OUT = {**dict.fromkeys(_VOWELS, 0.4), "h": 0.3, "r": 0.4, "w": 0.5, "y": 0.4, "l": 0.6, "t": 0.6, "d": 0.6}
_USUAL_LEFT_OUT = 0.75
"""The cost of adding or leaving out a sound that is not in `_LEFT_OUT`."""


@lru_cache(maxsize=4096)
def sounds_of_word(word: str) -> str:
    """The sounds of a word, one letter each: `tomorrow` is `tOmOrO`."""
    spelt = _LONG_VOWEL.sub(lambda found: _LONG[found[1]] + found[2], word.lower())
    read = "".join(_SOUNDS_OF.get(found[0], found[0]) for found in _RULE.finditer(spelt))
    return re.sub(r"(.)\1", r"\1", read)


def sounds_of(words: Sequence[str]) -> str:
    """The sounds of some words in a row."""
    return "".join(map(sounds_of_word, words))[:MAX_SOUNDS]


def alike(first: str, second: str) -> float:
    """How alike two rows of sounds are: 1 if they are the same, 0 if they have nothing in common."""
    if not (first and second):
        return 0.0
    costs = [_LEFT_OUT.get(sound, _USUAL_LEFT_OUT) for sound in second]
    row = [0.0, *accumulate(costs)]
    for sound in first:
        near, left_out = _NEAR.get(sound, {}), _LEFT_OUT.get(sound, _USUAL_LEFT_OUT)
        # What it takes up to the sound before in `second`: without this sound of `first`, and with it.
        without, least = row[0], row[0] + left_out
        last, row = row, [least]
        for at, other in enumerate(second):
            changed = without if sound == other else without + near.get(other, 1.0)
            without = last[at + 1]
            # Comparisons, for `min` takes several times as long.
            least += costs[at]
            if changed < least:
                least = changed
            if without + left_out < least:
                least = without + left_out
            row.append(least)
    return 1.0 - min(1.0, row[-1] / max(len(first), len(second)))

"""Which intent a sentence is of, learnt from the examples.

Words are reduced (contractions, endings, synonyms); a sentence is its words, its pairs of neighbours and its pairs of
next but one, weighted by how few examples have them. A multinomial logistic regression is fitted to the examples when
the matcher is built, in about half a second and always the same way. Each time it sees an example, some of the words
are left out that say nothing of a subject, as speakers and recognizers leave them out, so that it does not learn them
by heart. Words that no example knows shorten everything else, so that a sentence on another subject that shares a word
with an intent is not taken for it; and examples of what is none of our business compete like an intent.
"""

import math
import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import pairwise

import msgspec

_FUNCTION = """
a an the i you he she it we they me him her us them my your his its our their mine this that these those there here
is are was were be been being am do does did done have has had having will would shall should can could may might
must to of in on at by for from with about into and or but if then so as than too very just really please um uh er
ah oh well like okay ok yes yeah hi hello hey some any all one ones get got let go going come thing things want need
know think guess suppose kind sort bit little maybe perhaps possible possibly actually now also up out again sorry
thanks thank what who which when where how why not no
"""
FUNCTION_WORDS = frozenset(_FUNCTION.split())
"""English words that tell nothing about a subject: if one is unknown, that is no sign of another subject."""

_CONTRACTIONS = (
    (re.compile(r"\bcan't\b"), "can not"),
    (re.compile(r"\bwon't\b"), "will not"),
    (re.compile(r"n't\b"), " not"),
    (re.compile(r"'(?:d|ll|m|re|ve|s)\b"), ""),
)
_UNKNOWN_SQUARED = 20.0
"""What a word that is in no example adds to the squared length of a sentence: as much as a word that is in ten
examples."""
_LEFT_OUT = 0.3
"""The share of the words that tell nothing which is left out of an example in training."""
_EPOCHS, _AVERAGED = 15, 6
"""How often training goes through all examples, and over how many of the last times the weights are averaged."""
_STEP = 4.0
_NEGLIGIBLE = 0.02
"""An error of less changes nothing."""
_FITS = 8
"""How many fits are kept for others of the same examples: agents with one dialogue, or read from their files again."""
_ALIKE = 0.84


class Match(msgspec.Struct, frozen=True):
    """An intent, and how likely (0 to 1) it is meant."""

    intent: str
    score: float


@lru_cache(maxsize=4096)
def stem(word: str) -> str:
    """A word without its ending, crudely: `booked`, `booking` and `bookings` are `book`."""
    for ending in ("ings", "ing", "ed", "ies", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            word = word.removesuffix(ending)
            if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "ls":
                word = word[:-1]
            break
    return word.removesuffix("e") if len(word) > 3 else word


def reduce(words: Sequence[str]) -> list[str]:
    """Contractions undone, endings taken off; placeholders (`{day}`) stay."""
    text = " ".join(words)
    for pattern, full in _CONTRACTIONS:
        text = pattern.sub(full, text)
    return [word if word.startswith("{") else stem(word) for word in text.split()]


_FUNCTION_STEMS = frozenset(stem(word) for word in FUNCTION_WORDS)
CONTRACTED = frozenset(stem(word) for word in ("am", "are", "had", "has", "have", "is", "will", "would"))
"""Words that a contraction stands for, reduced; they are left out of a sentence."""


class Synonyms:
    """Replaces words and phrases by the word that they count as."""

    def __init__(self, synonyms: Mapping[str, Iterable[str]]) -> None:
        self._by_first: dict[str, list[tuple[list[str], str]]] = defaultdict(list)
        for word, phrases in synonyms.items():
            target = stem(word)
            for phrase in phrases:
                reduced = reduce(phrase.lower().split())
                self._by_first[reduced[0]].append((reduced, target))
        for phrases_of in self._by_first.values():
            phrases_of.sort(key=lambda entry: -len(entry[0]))

    def apply(self, words: list[str]) -> list[str]:
        """`words`, reduced, with the longest phrase replaced at each place, and the article that goes with it."""
        out: list[str] = []
        at = 0
        while at < len(words):
            for phrase, target in self._by_first.get(words[at], ()):
                if words[at : at + len(phrase)] == phrase:
                    if out[-1:] in (["a"], ["an"]):
                        out[-1] = "an" if target[0] in "aeiou" else "a"
                    out.append(target)
                    at += len(phrase)
                    break
            else:
                out.append(words[at])
                at += 1
        return out


Weights = Sequence[float]
"""A weight for each class, in the order of the intents. Whoever has them may share them, and changes none."""
Rows = Sequence[tuple[Weights, float]]
"""The features of a sentence, each by its weights, and how much of the sentence it is."""


class Matcher:
    """Ranks intents for sentences. Immutable once built; building takes about half a second for 600 examples.

    `examples`: by intent, sentences as lists of words, slots as `{name}`.
    """

    def __init__(self, examples: Mapping[str, Iterable[Sequence[str]]], synonyms: Synonyms) -> None:
        self._synonyms = synonyms
        self._intents = list(examples)
        prepared = [(intent, self._reduced(words)) for intent, several in examples.items() for words in several]
        self._rarity = _rarity(words for _, words in prepared)
        self._words = frozenset(feature for feature in self._rarity if " " not in feature)
        self._by_letter: dict[str, list[tuple[str, dict[str, int]]]] = defaultdict(list)
        for word in sorted(self._words):
            self._by_letter[word[0]].append((word, Counter(word)))
        self._bias, self._weights = _fit(tuple(self._intents), tuple((i, tuple(words)) for i, words in prepared))

    def rank(self, words: Sequence[str]) -> list[Match]:
        """All intents, the likeliest first; none for a sentence of which no word is known."""
        reduced = self._reduced(words)
        known = {word: self._known(word) for word in dict.fromkeys(reduced)}
        features = _vector([known[word] for word in reduced], self._rarity)
        if not features:
            return []
        shares = _shares(_sums([(self._weights[feature], value) for feature, value in features], self._bias))
        matches = (Match(intent, share) for intent, share in zip(self._intents, shares, strict=True))
        return sorted(matches, key=lambda match: (-match.score, match.intent))

    def knows(self, word: str) -> bool:
        """Whether some example has this word, reduced, or one that is spelt nearly like it."""
        return self._known(word) in self._words

    def has_stranger(self, words: Sequence[str]) -> bool:
        """Whether one of the words says something of a subject, and no example has it."""
        return any(not says_nothing(word) and not self.knows(word) for word in self._reduced(words))

    def _reduced(self, words: Sequence[str]) -> list[str]:
        return self._synonyms.apply(reduce(words))

    def _known(self, word: str) -> str:
        """The word of the examples that is spelt nearly like `word`, or `word`."""
        if word in self._words or len(word) < 5:
            return word
        rated = [(SequenceMatcher(None, word, known).ratio(), known) for known in self._perhaps_alike(word)]
        best = max(rated, default=(0.0, word))
        return best[1] if best[0] >= _ALIKE else word

    def _perhaps_alike(self, word: str) -> Iterator[str]:
        """The words of the examples that have enough letters of `word` to be alike, in whatever order.

        Comparing two words costs twenty times as much, and a sentence may consist of words that nobody knows.
        """
        letters = Counter(word)
        for known, known_letters in self._by_letter.get(word[0], ()):
            if abs(len(known) - len(word)) < 3:
                shared = sum(min(count, known_letters.get(letter, 0)) for letter, count in letters.items())
                if 2 * shared >= _ALIKE * (len(known) + len(word)):
                    yield known


def _rarity(sentences: Iterable[Sequence[str]]) -> dict[str, float]:
    """By feature of some sentence, how few of them have it."""
    spread = Counter[str]()
    count = 0
    for words in sentences:
        spread.update(set(_features(words)))
        count += 1
    return {feature: math.log(1 + count / having) for feature, having in spread.items()}


def _vector(words: Sequence[str], rarities: Mapping[str, float]) -> list[tuple[str, float]]:
    """The known features of a sentence, together at most one long."""
    known = {feature: rarities[feature] for feature in _features(words) if feature in rarities}
    strangers = sum(word not in rarities and not says_nothing(word) for word in set(words))
    length = math.sqrt(sum(rarity * rarity for rarity in known.values()) + _UNKNOWN_SQUARED * strangers)
    return [(feature, rarity / length) for feature, rarity in known.items()]


@lru_cache(maxsize=_FITS)
def _fit(
    intents: tuple[str, ...], prepared: tuple[tuple[str, tuple[str, ...]], ...]
) -> tuple[Weights, Mapping[str, Weights]]:
    """Stochastic gradient descent; an intent of few examples learns more from each.

    Returns:
        The bias and, by feature, the weights of all intents, which are kept for whoever comes with the same examples.
    """
    rarities = _rarity(words for _, words in prepared)
    bias = [0.0] * len(intents)
    weights = {feature: [0.0] * len(intents) for feature in rarities}
    sizes = Counter(intent for intent, _ in prepared)
    even = len(prepared) / max(1, len(sizes))
    lessons = [
        (
            [(word, _may_be_left_out(word)) for word in words],
            words,
            intents.index(intent),
            math.sqrt(even / sizes[intent]),
        )
        for intent, words in prepared
    ]
    mean = {feature: [0.0] * len(intents) for feature in rarities}
    # What is left of an example after words are left out is often what was left of it, or of another, before.
    rows: dict[tuple[str, ...], list[tuple[list[float], float]]] = {}
    dice = random.Random(0)  # the order of lessons and what is left out of them, the same every time
    chance = dice.random
    for epoch in range(_EPOCHS):
        dice.shuffle(lessons)
        for marked, words, right, importance in lessons:
            kept = tuple([word for word, optional in marked if not (optional and chance() < _LEFT_OUT)]) or words
            features = rows.get(kept)
            if features is None:
                features = rows[kept] = [(weights[feature], value) for feature, value in _vector(kept, rarities)]
            step = _STEP * importance / (1 + epoch / 5)
            errors = _shares(_sums(features, bias))
            errors[right] -= 1
            for index, error in enumerate(errors):
                if -_NEGLIGIBLE < error < _NEGLIGIBLE:
                    continue
                bias[index] -= step * error / 20
                change = step * error
                for row, value in features:
                    row[index] -= change * value
        if epoch >= _EPOCHS - _AVERAGED:
            for feature, row in weights.items():
                mean[feature] = [sum_ + weight / _AVERAGED for sum_, weight in zip(mean[feature], row, strict=True)]
    return bias, mean


def _sums(features: Rows, bias: Weights) -> Weights:
    """What speaks for each intent: its bias and its weights for the features."""
    sums = bias
    for row, value in features:
        sums = [sum_ + value * weight for sum_, weight in zip(sums, row)]  # noqa: B905  all are as long as the intents
    return sums


def _may_be_left_out(word: str) -> bool:
    return says_nothing(word) and not word.startswith("{")


def says_nothing(word: str) -> bool:
    """Whether a reduced word tells nothing of a subject: a function word, or a placeholder."""
    return word in _FUNCTION_STEMS or word.startswith("{")


def _features(words: Sequence[str]) -> Iterator[str]:
    """Words, neighbours (the ends of the sentence count) and next but one."""
    yield from words
    yield from (f"{first} {second}" for first, second in pairwise(("<", *words, ">")))
    yield from (f"{first} * {third}" for first, third in zip(words, words[2:], strict=False))


def _shares(sums: Weights) -> list[float]:
    highest = max(sums)
    powers = [math.exp(value - highest) for value in sums]
    total = sum(powers)
    return [power / total for power in powers]

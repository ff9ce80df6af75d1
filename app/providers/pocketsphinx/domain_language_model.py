"""A trigram language model for one agent: the sentences it expects, mixed with general English.

Mixing is what lets paraphrases through and keeps speech about other things from being forced onto the agent's
sentences. The domain is smoothed after Witten and Bell; its counts are square roots, since a sentence with a slot
stands in the list once for every value. General English is whatever `English` says: a word's probability with and
without a word before it. Written in the ARPA format, probabilities in log10.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Protocol, TextIO

BEGIN = "<s>"
END = "</s>"

DOMAIN_SHARE = 0.6
"""Of the agent's sentences, where the words before are known from them."""
DOMAIN_WORD_SHARE = 0.3
"""The same for a word by itself."""
END_SHARE = 0.06
"""Of the end of a sentence among words."""
GENERAL_WORDS = 5_000
GENERAL_PAIR_WORDS = 400
"""The most frequent words whose pairs are looked up."""
PAIR_GAIN = 3.0
PAIR_LEAST = 1e-4
"""A pair of general English is kept when its second word is this much likelier after the first, and this likely."""
MASS_MOST = 0.98
"""What is kept of every context for words not seen in it."""

Probabilities = dict[str, float]
Context = tuple[str, ...]


class English(Protocol):
    """What is known of general English: how frequent and how likely words are."""

    def frequent(self, count: int) -> Sequence[str]:
        """The most frequent words, most frequent first; all can be pronounced."""
        ...

    def probability(self, word: str, before: str | None = None) -> float:
        """How likely `word` is, by itself or after `before`; 0 when it is not known."""
        ...


def words_of(phrases: Iterable[str]) -> set[str]:
    """All words of the agent's sentences."""
    return {word for phrase in phrases for word in phrase.split()}


def write_language_model(phrases: Iterable[str], english: English, arpa: TextIO) -> set[str]:
    """Write the model of `phrases`, lower case, to `arpa`; returns its vocabulary."""
    model = _Model(_Domain(phrases), english)
    model.write(arpa)
    return set(model.singles) - {END}


class _Domain:
    """Counts of the agent's sentences, and their probabilities by Witten and Bell."""

    def __init__(self, phrases: Iterable[str]) -> None:
        counts: Counter[Context] = Counter()
        for phrase in phrases:
            words = (BEGIN, *phrase.split(), END)
            for size in (1, 2, 3):
                counts.update(words[at : at + size] for at in range(len(words) - size + 1))
        del counts[(BEGIN,)]
        self.followers: dict[Context, Probabilities] = defaultdict(dict)
        for ngram, count in counts.items():
            self.followers[ngram[:-1]][ngram[-1]] = math.sqrt(count)
        self._totals = {context: sum(weights.values()) for context, weights in self.followers.items()}

    def probability(self, word: str, context: Context) -> float:
        weights = self.followers.get(context)
        if not context:
            return weights.get(word, 0.0) / self._totals[()] if weights else 0.0
        lower = self.probability(word, context[1:])
        if not weights:
            return lower
        kinds = len(weights)
        return (weights.get(word, 0.0) + kinds * lower) / (self._totals[context] + kinds)


class _Model:
    def __init__(self, domain: _Domain, english: English) -> None:
        self._domain = domain
        self._english = english
        frequent = english.frequent(GENERAL_WORDS)
        known = set(domain.followers[()]) - {END}
        self.singles = self._single_words(known | set(frequent))
        self.pairs: dict[str, Probabilities] = defaultdict(dict)
        self._domain_pairs()
        self._general_pairs(frequent[:GENERAL_PAIR_WORDS], known)
        self.pair_backoff = {first: _backoff(words, self.singles.__getitem__) for first, words in self.pairs.items()}
        self.triples = self._domain_triples()
        self.triple_backoff = {
            context: _backoff(words, partial(self._pair, context[1])) for context, words in self.triples.items()
        }

    def _single_words(self, words: set[str]) -> Probabilities:
        general = {word: max(1e-7, self._english.probability(word)) for word in words}
        total = sum(general.values())
        general = {word: value * (1 - END_SHARE) / total for word, value in general.items()}
        general[END] = END_SHARE
        return {
            word: DOMAIN_WORD_SHARE * self._domain.probability(word, ()) + (1 - DOMAIN_WORD_SHARE) * value
            for word, value in general.items()
        }

    def _general(self, word: str, before: str) -> float:
        if word == END:
            return self.singles[END]
        return self._english.probability(word, before)

    def _domain_pairs(self) -> None:
        for context, words in self._domain.followers.items():
            if len(context) == 1:
                self.pairs[context[0]] = {word: self._mixed_pair(word, context[0]) for word in words}

    def _general_pairs(self, frequent: Sequence[str], known: set[str]) -> None:
        seconds = (set(frequent) | known) - {END}
        for first in {BEGIN, *frequent, *known}:
            pairs = self.pairs[first]
            in_domain = (first,) in self._domain.followers
            for second in seconds - pairs.keys():
                general = self._english.probability(second, first)
                if general > PAIR_LEAST and general > PAIR_GAIN * self.singles[second]:
                    pairs[second] = self._mixed_pair(second, first) if in_domain else general

    def _mixed_pair(self, word: str, before: str) -> float:
        domain = self._domain.probability(word, (before,))
        return DOMAIN_SHARE * domain + (1 - DOMAIN_SHARE) * self._general(word, before)

    def _domain_triples(self) -> dict[tuple[str, str], Probabilities]:
        triples = {}
        for context, words in self._domain.followers.items():
            if len(context) == 2:
                triples[context[0], context[1]] = {
                    word: DOMAIN_SHARE * self._domain.probability(word, context)
                    + (1 - DOMAIN_SHARE) * self._pair(context[1], word)
                    for word in words
                }
        return triples

    def _pair(self, first: str, word: str) -> float:
        explicit = self.pairs[first].get(word) if first in self.pairs else None
        return explicit if explicit is not None else self.pair_backoff.get(first, 1.0) * self.singles[word]

    def write(self, arpa: TextIO) -> None:
        pairs = sum(map(len, self.pairs.values()))
        triples = sum(map(len, self.triples.values()))
        arpa.write(f"\\data\\\nngram 1={len(self.singles) + 1}\nngram 2={pairs}\nngram 3={triples}\n\n\\1-grams:\n")
        arpa.write(f"-99 {BEGIN} {_log(self.pair_backoff[BEGIN])}\n")
        for word, value in sorted(self.singles.items()):
            arpa.write(f"{_log(value)} {word} {_log(self.pair_backoff.get(word, 1.0))}\n")
        arpa.write("\n\\2-grams:\n")
        for first, words in sorted(self.pairs.items()):
            for word, value in sorted(words.items()):
                arpa.write(f"{_log(value)} {first} {word} {_log(self.triple_backoff.get((first, word), 1.0))}\n")
        arpa.write("\n\\3-grams:\n")
        for (first, second), words in sorted(self.triples.items()):
            arpa.writelines(f"{_log(value)} {first} {second} {word}\n" for word, value in sorted(words.items()))
        arpa.write("\n\\end\\\n")


def _backoff(words: Probabilities, lower: Callable[[str], float]) -> float:
    """The weight of the shorter context; scales `words` down, in place, when they leave nothing for it."""
    mass = sum(words.values())
    if mass > MASS_MOST:
        for word in words:
            words[word] *= MASS_MOST / mass
        mass = MASS_MOST
    return (1 - mass) / max(1e-6, 1 - sum(lower(word) for word in words))


def _log(value: float) -> str:
    return f"{math.log10(value):.4f}"

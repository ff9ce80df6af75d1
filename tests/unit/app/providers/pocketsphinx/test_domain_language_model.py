"""The mixed language model is one: probabilities add up, the domain is likelier, other words are possible."""

import io
import math
from collections.abc import Sequence

import pytest

from app.providers.pocketsphinx.domain_language_model import words_of, write_language_model

PHRASES = ["book a visit", "book a visit on monday", "cancel my visit", "yes", "yes please"]


class SmallEnglish:
    """Five words, the last one always after `the`."""

    words = ("the", "a", "my", "please", "weather")

    def frequent(self, count: int) -> Sequence[str]:
        return self.words[:count]

    def probability(self, word: str, before: str | None = None) -> float:
        if word not in self.words:
            return 0.0
        return 0.8 if (before, word) == ("the", "weather") else 0.05


class Arpa:
    """A reader of what was written."""

    def __init__(self, text: str) -> None:
        self.entries: dict[tuple[str, ...], tuple[float, float]] = {}
        for line in text.splitlines():
            fields = line.split()
            if len(fields) >= 2 and fields[0][0] in "-0" and fields[0][-1].isdigit():
                has_backoff = len(fields) > 2 and fields[-1].lstrip("-").replace(".", "").isdigit()
                words = tuple(fields[1:-1] if has_backoff else fields[1:])
                self.entries[words] = (10 ** float(fields[0]), 10 ** float(fields[-1]) if has_backoff else 1.0)

    def probability(self, word: str, *before: str) -> float:
        if (*before, word) in self.entries:
            return self.entries[(*before, word)][0]
        return self.entries.get(before, (0.0, 1.0))[1] * self.probability(word, *before[1:])


@pytest.fixture(scope="module")
def arpa() -> Arpa:
    file = io.StringIO()
    write_language_model(PHRASES, SmallEnglish(), file)
    return Arpa(file.getvalue())


@pytest.mark.parametrize("before", [(), ("the",), ("book",), ("<s>",), ("book", "a"), ("a", "visit"), ("<s>", "yes")])
def test_probabilities_add_up_to_one(arpa: Arpa, before: tuple[str, ...]) -> None:
    words = [entry[0] for entry in arpa.entries if len(entry) == 1 and entry[0] != "<s>"]
    assert sum(arpa.probability(word, *before) for word in words) == pytest.approx(1.0, abs=0.02)


def test_the_agents_sentences_are_likelier_than_the_same_words_in_disorder(arpa: Arpa) -> None:
    def log_probability(sentence: str) -> float:
        words = ["<s>", "<s>", *sentence.split(), "</s>"]
        triples = zip(words, words[1:], words[2:], strict=False)
        return sum(
            math.log(arpa.probability(word, *([before] if before == last == "<s>" else [last, before])))
            for last, before, word in triples
        )

    assert log_probability("book a visit on monday") > log_probability("monday a book visit on") + 5


def test_general_english_has_its_pairs(arpa: Arpa) -> None:
    assert arpa.probability("weather", "the") > 5 * arpa.probability("weather", "my")


def test_a_paraphrase_is_possible(arpa: Arpa) -> None:
    assert arpa.probability("the", "cancel") > 1e-4


def test_the_vocabulary_is_both(arpa: Arpa) -> None:
    assert write_language_model(PHRASES, SmallEnglish(), io.StringIO()) == words_of(PHRASES) | set(SmallEnglish.words)


def test_no_sentences_leave_general_english() -> None:
    assert write_language_model([], SmallEnglish(), io.StringIO()) == set(SmallEnglish.words)

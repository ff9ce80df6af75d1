"""Sentences that callers say, none of them in the agent's file, and what they mean."""

import random
from pathlib import Path
from typing import Any

import msgspec
import yaml

FOLDER = Path(__file__).parent
AT = 1_780_477_200.0
"""Wednesday, the third of June 2026, nine in the morning, in UTC: when all the sentences are said."""

_DROPPED = 0.12
_MISHEARD = 0.08
_SOUNDS_LIKE = {
    "a": "the", "the": "a", "to": "too", "for": "four", "i": "a", "i'd": "i", "i'm": "i", "is": "it", "are": "or",
    "and": "in", "in": "and", "of": "a", "you": "your", "your": "you", "it": "is", "can": "could", "could": "can",
    "my": "by", "do": "to", "at": "it", "that": "the", "what's": "what", "it's": "is", "we": "he", "on": "an",
}  # fmt: skip


class Sentence(msgspec.Struct, frozen=True):
    """A sentence, the intent it has (empty: none of the agent's) and the slot values that must be understood."""

    say: str
    intent: str = ""
    slots: dict[str, Any] = {}


class Answer(msgspec.Struct, frozen=True):
    """What is said when `slot` was asked for, and the values that it gives."""

    slot: str
    say: str
    slots: dict[str, Any]


class Corpus(msgspec.Struct, frozen=True):
    """One file of sentences."""

    ours: tuple[Sentence, ...]
    unrelated: tuple[Sentence, ...]
    answers: tuple[Answer, ...]


def read_corpus(name: str) -> Corpus:
    """`held_out` or `tuning`."""
    raw = yaml.safe_load((FOLDER / f"{name}.yaml").read_text())
    ours = [
        Sentence(said, intent) if isinstance(said, str) else Sentence(said["say"], intent, said["slots"])
        for intent, several in raw["intents"].items()
        for said in several
    ]
    unrelated = [Sentence(said) for said in raw["unrelated"]]
    return Corpus(tuple(ours), tuple(unrelated), msgspec.convert(raw["answers"], tuple[Answer, ...]))


def misheard(text: str, seed: int) -> str:
    """The sentence as a recognizer may have it: function words are lost or mistaken, more or less one in five."""
    chance = random.Random(f"{seed} {text}")
    words = []
    for word in text.split():
        draw = chance.random()
        if word in _SOUNDS_LIKE and draw < _DROPPED:
            continue
        words.append(_SOUNDS_LIKE[word] if word in _SOUNDS_LIKE and draw < _DROPPED + _MISHEARD else word)
    return " ".join(words) or text

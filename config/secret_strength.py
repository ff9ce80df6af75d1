"""Whether a secret could be found by trying what people think of first. A lower bound, not a measure of entropy."""

import re

FEWEST_CHARACTERS = 8
"""Characters that a secret must have left when repetitions, sequences, common words, and the digits and years beside
words are each reduced to one character."""
FEWEST_DISTINCT = 6

SEQUENCES = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
    "qwertyuiop",
    "qwertzuiop",
    "asdfghjkl",
    "zxcvbnm",
    "yxcvbnm",
)
SHORTEST_SEQUENCE = 3

COMMON_WORDS = (
    "administrator",
    "development",
    "production",
    "supersecret",
    "operator",
    "password",
    "passwort",
    "passwd",
    "changeme",
    "changeit",
    "letmein",
    "iloveyou",
    "sunshine",
    "princess",
    "football",
    "baseball",
    "superman",
    "welcome",
    "dragon",
    "monkey",
    "master",
    "shadow",
    "default",
    "earshot",
    "example",
    "staging",
    "webhook",
    "service",
    "signing",
    "testing",
    "access",
    "bearer",
    "random",
    "secret",
    "server",
    "record",
    "string",
    "strong",
    "hunter",
    "admin",
    "azure",
    "event",
    "agent",
    "local",
    "login",
    "hello",
    "guest",
    "super",
    "token",
    "value",
    "voice",
    "call",
    "demo",
    "grid",
    "hook",
    "long",
    "pass",
    "prod",
    "root",
    "test",
    "user",
    "very",
    "dev",
    "key",
)
"""Words that make a secret guessable, among them those that an example, a deployment or the variable's name
suggests."""
_LEET = str.maketrans("@4310$5!7", "aaeiossit")

_ORDERS = tuple(order for row in SEQUENCES for order in (row, row[::-1]))
_NEIGHBOURS = frozenset(order[at : at + 2] for order in _ORDERS for at in range(len(order) - 1))
_WORDS = re.compile("|".join(sorted(COMMON_WORDS, key=len, reverse=True)))
_BESIDE_WORDS = re.compile(r"^[0-9]{1,4}(?![0-9])|(?<![0-9])[0-9]{1,4}$|(?<![0-9])(?:19|20)[0-9]{2}(?![0-9])")
"""Matches digits at either end, and years: with them people turn a word into a password."""
_REPEATED_BLOCK = re.compile(r"(.+?)\1+")
_WHOLE_IS_REPEATED = re.compile(r"(.{1,64}?)\1+.{0,63}")
LONGEST_BLOCK = 12
"""The longest block, in characters, whose repetition makes a secret guessable; of a longer one the block itself is
judged."""


def is_guessable(secret: str) -> bool:
    """Whether the secret is made of few characters, of one block again and again, of sequences, or of common words,
    with a few digits or without.
    """
    text = secret.lower()
    if len(set(text)) < FEWEST_DISTINCT:
        return True
    whole = _WHOLE_IS_REPEATED.fullmatch(text)
    if whole is not None and text == (whole[1] * len(text))[: len(text)]:
        text = whole[1]
        if len(text) <= LONGEST_BLOCK:
            return True
    plain = _BESIDE_WORDS.sub("#", text)
    # A digit may stand for a letter, also at either end.
    return min(map(_left, (plain, plain.translate(_LEET), text.translate(_LEET)))) < FEWEST_CHARACTERS


def _left(text: str) -> int:
    """How many characters are left of a text when what is predictable in it is counted as one character each."""
    reduced = _WORDS.sub("*", _without_sequences(text))
    return len(_REPEATED_BLOCK.sub(r"\1", reduced))


def _without_sequences(text: str) -> str:
    kept: list[str] = []
    at = 0
    while at < len(text):
        length = 1
        if text[at : at + 2] in _NEIGHBOURS:
            length = max(_sequence_at(text, at, order) for order in _ORDERS)
        kept.append("#" if length >= SHORTEST_SEQUENCE else text[at])
        at += length if length >= SHORTEST_SEQUENCE else 1
    return "".join(kept)


def _sequence_at(text: str, at: int, order: str) -> int:
    """How many characters of `text` from `at` on stand next to each other in `order`."""
    start = order.find(text[at])
    if start < 0:
        return 1
    length = 0
    while at + length < len(text) and start + length < len(order) and text[at + length] == order[start + length]:
        length += 1
    return max(1, length)

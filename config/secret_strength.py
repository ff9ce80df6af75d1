"""Whether a secret could be found by trying what people think of first. A lower bound, not a measure of entropy."""

import re

FEWEST_CHARACTERS = 8
"""Characters that a secret must have left when repetitions, sequences, common words, and the digits and years beside
words are each reduced to one character."""
FEWEST_DISTINCT = 6
FEWEST_IN_TURN = 5
"""Characters that must be left of both halves of a secret together, its characters at even and at odd places."""

SEQUENCES = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
    "qwertyuiop",
    "qwertzuiop",
    "asdfghjkl",
    "zxcvbnm",
    "yxcvbnm",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik",
    "qazwsxedcrfvtgbyhnujm",
)
SHORTEST_SEQUENCE = 3

COMMON_WORDS = (
    "correcthorsebatterystaple",
    "administrator",
    "development",
    "supersecret",
    "placeholder",
    "production",
    "changethis",
    "loremipsum",
    "replaceme",
    "operator",
    "password",
    "passwort",
    "changeme",
    "changeit",
    "iloveyou",
    "sunshine",
    "princess",
    "football",
    "baseball",
    "superman",
    "deadbeef",
    "cafebabe",
    "february",
    "letmein",
    "welcome",
    "default",
    "earshot",
    "example",
    "staging",
    "webhook",
    "service",
    "signing",
    "testing",
    "replace",
    "openssl",
    "trustno",
    "company",
    "january",
    "tuesday",
    "passwd",
    "dragon",
    "monkey",
    "master",
    "shadow",
    "access",
    "bearer",
    "random",
    "secret",
    "server",
    "record",
    "string",
    "strong",
    "hunter",
    "insert",
    "sample",
    "please",
    "change",
    "monday",
    "summer",
    "winter",
    "autumn",
    "foobar",
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
    "dummy",
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
    "fake",
    "your",
    "here",
    "this",
    "real",
    "rand",
    "dev",
    "key",
    "hex",
    "foo",
    "bar",
    "baz",
    "qux",
    "not",
)
"""Words that make a secret guessable, among them those that an example, a deployment or the variable's name
suggests."""
_LEET = str.maketrans("@4310$5!7", "aaeiossit")

_ORDERS = tuple(order for row in SEQUENCES for order in (row, row[::-1]))
_NEIGHBOURS = frozenset(order[at : at + 2] for order in _ORDERS for at in range(len(order) - 1))
_WORDS = re.compile("|".join(sorted(COMMON_WORDS, key=len, reverse=True)))
_BESIDE_WORDS = re.compile(r"^[0-9]{1,4}(?![0-9])|(?<![0-9])[0-9]{1,4}$|(?<![0-9])(?:19|20)[0-9]{2}(?![0-9])")
"""Matches digits at either end, and years: with them people turn a word into a password."""
_NOT_FILLED_IN = re.compile(r"\$\(.*\)|\$\{.*\}|\{\{.*\}\}|<[\w -]+>|\[[\w -]+\]|%\w+%")
"""Matches what stands for a secret that is to be filled in, by a shell or by whoever copies an example."""
_REPEATED_BLOCK = re.compile(r"(.+?)\1+")
_WHOLE_IS_REPEATED = re.compile(r"(.{1,64}?)\1+.{0,63}")
LONGEST_BLOCK = 12
"""The longest block, in characters, whose repetition makes a secret guessable; of a longer one the block itself is
judged."""


def is_guessable(secret: str) -> bool:
    """Whether the secret is made of few characters, of one block again and again, of sequences, or of common words,
    with a few digits or without, or is what an example has in the place of one.
    """
    text = secret.lower()
    if len(set(text)) < FEWEST_DISTINCT:
        return True
    whole = _WHOLE_IS_REPEATED.fullmatch(text)
    if whole is not None and text == (whole[1] * len(text))[: len(text)]:
        text = whole[1]
        if len(text) <= LONGEST_BLOCK:
            return True
    if _NOT_FILLED_IN.fullmatch(text) is not None:
        return True
    plain = _BESIDE_WORDS.sub("#", text)
    # A digit may stand for a letter, also at either end.
    left = min(map(_left, (plain, plain.translate(_LEET), text.translate(_LEET))))
    # Two sequences, a character of each in turn: `1q2w3e4r`, `a1b2c3d4`, `00112233`.
    in_turn = _left(text[::2]) + _left(text[1::2])
    return left < FEWEST_CHARACTERS or in_turn < FEWEST_IN_TURN


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

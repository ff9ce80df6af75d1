"""The keys of a telephone (DTMF), as callbacks and the media socket name them."""

DIGITS = {
    **dict(
        zip(("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"), "0123456789", strict=True)
    ),
    **dict(zip("abcd", "ABCD", strict=True)),
    "pound": "#",
    "asterisk": "*",
}
"""The key of a telephone, by the name that ACS callbacks give it."""

OTHER_NAMES = {"star": "*", "hash": "#"}
"""The key of a telephone, by the other names that clients give two of the keys."""


def digit(tone: str) -> str:
    """The key of a tone that is given as a word ("five", "pound") or as the key itself.

    Raises:
        ValueError: it is none.
    """
    name = tone.lower()
    key = DIGITS.get(name) or OTHER_NAMES.get(name, tone.upper())
    if key not in DIGITS.values():
        raise ValueError("tone: not a DTMF tone")
    return key

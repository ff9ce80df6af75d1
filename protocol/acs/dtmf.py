"""The keys of a telephone (DTMF), as callbacks and the media socket name them."""

DIGITS = {
    **dict(
        zip(("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"), "0123456789", strict=True)
    ),
    **dict(zip("abcd", "ABCD", strict=True)),
    "pound": "#",
    "asterisk": "*",
}
"""What callbacks call the keys, to what stands on them."""

OTHER_NAMES = {"star": "*", "hash": "#"}
"""What others call two of the keys."""


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

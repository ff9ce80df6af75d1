"""Leaves out of a text what could say who somebody is or what they own: numbers, mail addresses, spoken digits. Pure.

Rather too much than too little: any row of five digits goes, dates and times stay.
"""

import re
from collections.abc import Iterable, Sequence

CARD, PHONE, NUMBER, MAIL, DIGITS, OWN = "[card]", "[phone]", "[number]", "[mail]", "[digits]", "[redacted]"

FEWEST_DIGITS = 5
FEWEST_OF_A_PHONE = 7
SPOKEN_IN_A_ROW = 4
"""The fewest spoken digits in a row that are redacted as a number."""

_DIGIT_WORDS = {
    # English, up to ninety: "twenty three forty five".
    *("zero", "oh", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty", "thirty", "forty"),
    *("fifty", "sixty", "seventy", "eighty", "ninety", "hundred", "double", "triple"),
    # German, Spanish, French.
    *("null", "eins", "zwei", "zwo", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun"),
    *("cero", "uno", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve"),
    *("zéro", "un", "deux", "trois", "quatre", "cinq", "sept", "huit", "neuf"),
}
_WORD = rf"(?:{'|'.join(sorted(_DIGIT_WORDS, key=len, reverse=True))}|\d)"
_SPOKEN = re.compile(rf"\b{_WORD}(?:[\s,.-]+(?:and\s+)?{_WORD}){{{SPOKEN_IN_A_ROW - 1},}}\b", re.IGNORECASE)
_MAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")
_SPOKEN_MAIL = re.compile(
    r"\b[\w+-]{1,64}(?:\s+(?:dot|punkt|point|punto)\s+[\w-]{1,63}){0,4}\s+(?:at|arroba|arobase)\s+[\w-]{1,63}"
    r"(?:\s+(?:dot|punkt|point|punto)\s+[\w-]{1,63}){1,4}\b",
    re.IGNORECASE,
)
_DATE = re.compile(r"\d{4}-\d{1,2}-\d{1,2}|\d{1,2}[./]\d{1,2}[./](?:\d{4}|\d{2})")
_DIGITS = re.compile(r"\+?\(?\d(?:[\s().\-/]{0,3}\d){4,30}")


def redacted(text: str, patterns: Iterable[re.Pattern[str]] = ()) -> str:
    """`text` with a word in brackets in place of each number, mail address, and match of one of `patterns`."""
    for pattern in patterns:
        text = pattern.sub(OWN, text)
    text = _MAIL.sub(MAIL, text)
    text = _SPOKEN_MAIL.sub(MAIL, text)
    text = _DIGITS.sub(_named, text)
    return _SPOKEN.sub(DIGITS, text)


def compiled(patterns: Sequence[str]) -> tuple[re.Pattern[str], ...]:
    """Patterns as an agent's file has them.

    Raises:
        ValueError: one is no regular expression, or matches nothing at all in every place; says which, and why.
    """
    found = []
    for pattern in patterns:
        try:
            found.append(re.compile(pattern))
        except re.error as error:
            raise ValueError(f"{pattern!r} is no regular expression: {error}") from None
        if found[-1].search("") is not None:
            raise ValueError(f"{pattern!r} finds something in every text")
    return tuple(found)


def _named(match: re.Match[str]) -> str:
    said = match[0]
    if _DATE.fullmatch(said):
        return said
    digits = [int(character) for character in said if character.isdigit()]
    if 13 <= len(digits) <= 19 and _is_card(digits):
        return CARD
    return PHONE if said.startswith("+") or len(digits) >= FEWEST_OF_A_PHONE else NUMBER


def _is_card(digits: Sequence[int]) -> bool:
    """Whether the last digit is the check digit of a card's number (Luhn)."""
    doubled = [digit * 2 - 9 * (digit > 4) if index % 2 else digit for index, digit in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0

"""The words of what a caller said, as a dialogue reads them. Recognizers, and people who type, write figures. Pure."""

import re

from app.dialogue.spoken_numbers import say_number, say_ordinal

_GLUED = re.compile(r"(?<=\d)(?=[ap]\.?m\b)|(?<=\d):(?=\d)|(?<=\d)h(?=[0-5]\d\b)")
_HOURS = re.compile(r"(?:(?<=\bat )|(?<=\bby )|(?<=\baround )|^)([01]?\d|2[0-3]) ?h\b(?! ?\d)")
"""Matches an hour in the European notation, "at 9h"; "in 2h" is a duration and does not match."""
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_ORDINAL = re.compile(r"(\d{1,2})(?:st|nd|rd|th)")
_ZERO_BEFORE = re.compile(r"0[1-9]")
_LAST_ORDINAL = 39


def plain(text: str) -> str:
    """Lower case words with single spaces: letters, digits and apostrophes."""
    return " ".join(re.findall(r"[^\W_]+(?:'[^\W_]+)*", text.lower().replace("\u2019", "'")))


def written_words(text: str) -> list[str]:
    """The words of a sentence with figures as they are written; `10:30pm` are three."""
    text = _HOURS.sub(r"\1 o'clock", _THOUSANDS.sub("", _GLUED.sub(" ", text.lower())))
    return plain(text.replace("a.m.", "a m").replace("p.m.", "p m")).split()


def words_of(text: str) -> list[str]:
    """The words of `text`, figures as they are said where people say them alike: `10:30pm` is `ten thirty pm`.

    Numbers of three and more digits stay: `930` is a time, a price or a room.
    """
    return [said for word in written_words(text) for said in _said(word)]


def _said(word: str) -> list[str]:
    if (ordinal := _ORDINAL.fullmatch(word)) and 0 < int(ordinal[1]) <= _LAST_ORDINAL:
        return say_ordinal(int(ordinal[1])).split()
    if not (word.isascii() and word.isdecimal() and len(word) <= 2) or word == "00":
        return [word]
    if _ZERO_BEFORE.fullmatch(word):
        return ["oh", say_number(int(word))]
    return say_number(int(word)).split()

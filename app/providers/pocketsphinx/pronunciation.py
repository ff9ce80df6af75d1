"""How English words sound, in the 39 phones of the CMU dictionary: looked up, or else guessed from the spelling."""

from collections.abc import Mapping
from pathlib import Path

Pronunciations = dict[str, list[str]]

LETTERS: Mapping[str, str] = {
    "tion": "SH AH N", "sion": "ZH AH N", "ough": "AO", "eigh": "EY", "augh": "AO", "tch": "CH", "igh": "AY",
    "sch": "SH", "que": "K", "gue": "G", "dge": "JH", "air": "EH R", "ear": "IH R", "eer": "IH R", "oor": "AO R",
    "our": "AW R", "ch": "CH", "sh": "SH", "th": "TH", "ph": "F", "wh": "W", "gh": "G", "ck": "K", "ng": "NG",
    "qu": "K W", "kn": "N", "wr": "R", "ps": "S", "ee": "IY", "ea": "IY", "ie": "IY", "ei": "EY", "ai": "EY",
    "ay": "EY", "oa": "OW", "oe": "OW", "oo": "UW", "ou": "AW", "ow": "OW", "oi": "OY", "oy": "OY", "au": "AO",
    "aw": "AO", "eu": "Y UW", "ew": "UW", "ue": "UW", "ui": "UW", "ar": "AA R", "er": "ER", "ir": "ER", "or": "AO R",
    "ur": "ER", "bb": "B", "cc": "K", "dd": "D", "ff": "F", "gg": "G", "ll": "L", "mm": "M", "nn": "N", "pp": "P",
    "rr": "R", "ss": "S", "tt": "T", "zz": "Z", "a": "AE", "b": "B", "c": "K", "d": "D", "e": "EH", "f": "F",
    "g": "G", "h": "HH", "i": "IH", "j": "JH", "k": "K", "l": "L", "m": "M", "n": "N", "o": "AA", "p": "P", "q": "K",
    "r": "R", "s": "S", "t": "T", "u": "AH", "v": "V", "w": "W", "x": "K S", "y": "IY", "z": "Z",
}  # fmt: skip
"""Spellings and their usual sounds, the longest that fits first."""

SOFT = {"ce": "S", "ci": "S", "cy": "S", "ge": "JH", "gi": "JH", "gy": "JH"}
LONG = {"a": "EY", "e": "IY", "i": "AY", "o": "OW", "u": "UW"}
VOWELS = "aeiouy"
LONGEST_SPELLING = 4


def read_dictionary(path: Path) -> Pronunciations:
    """A dictionary in the format of CMU's: `word P H O N E S`, further pronunciations as `word(2)`."""
    pronunciations: Pronunciations = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        word, _, phones = line.partition(" ")
        pronunciations.setdefault(word.partition("(")[0], []).append(phones.strip())
    return pronunciations


def guess(word: str) -> str:
    """A pronunciation of a word that no dictionary has, from its spelling; empty when it has no letters."""
    letters = "".join(letter for letter in word.lower() if "a" <= letter <= "z")
    phones: list[str] = []
    at = 0
    while at < len(letters):
        spelling, sound = _next_sound(letters, at)
        phones.append(sound)
        at += len(spelling)
    return " ".join(filter(None, phones))


def _next_sound(letters: str, at: int) -> tuple[str, str]:
    rest = letters[at:]
    if rest[:2] in SOFT:
        return rest[0], SOFT[rest[:2]]
    if rest == "e" and at > 1:
        return rest, ""
    # A vowel before one consonant and a last e says its name: "lane", "Pryce".
    if rest[0] in LONG and len(rest) == 3 and rest[2] == "e" and rest[1] not in VOWELS:
        return rest[0], LONG[rest[0]]
    for size in range(min(LONGEST_SPELLING, len(rest)), 0, -1):
        if rest[:size] in LETTERS:
            return rest[:size], LETTERS[rest[:size]]
    raise AssertionError("every single letter has a sound")


def write_dictionary(words: set[str], known: Pronunciations, path: Path) -> None:
    """Write the pronunciations of `words`, looked up in `known` or guessed, in the format that was read."""
    with path.open("w", encoding="utf-8") as file:
        for word in sorted(words):
            for number, phones in enumerate(known.get(word) or [guess(word)], start=1):
                file.write(f"{word if number == 1 else f'{word}({number})'} {phones}\n")

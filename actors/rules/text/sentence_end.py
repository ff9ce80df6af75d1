"""Ends of sentences that are certain before the next token is there, in every language that agents speak. Pure.

After a question mark, or a full stop behind a long word in small letters, a sentence could only go on in a web address
("booking" "." "com"), in dots ("well" "." ".") or with a closing quotation mark. Models' tokenizers keep a stop and
the letters or dots behind it together, so a token that ends with the stop ends the sentence; and where a quotation, a
bracket or an emphasis is open, the end is left to what follows.

Where a tokenizer does not keep them together, the wrong end is heard: the voice falls in the middle of the address and
pauses for a fifth of a second. The words are the right ones nevertheless, and what is shown is to the character.
"""

# ruff: noqa: RUF001 - punctuation of several scripts is what this file is about

import re

from actors.rules.text.abbreviations import ABBREVIATED_ENDINGS, ABBREVIATIONS, SHORT_WORDS, TITLES

LEAST_LETTERS = 4
"""Words with fewer letters that are not in `SHORT_WORDS` may be abbreviations that are not listed."""
LOOK_BACK_CHARS = 60
"""Characters before a full stop in which the word that it ends is looked for; no word is longer."""

_BEFORE_WORD = r"(?:\A|(?<=[\s\"'“„‘«(\[{*_¿¡—–]))"
_END = re.compile(
    rf"{_BEFORE_WORD}(?P<word>[^\W\d_]+(?:['’\-][^\W\d_]+)*)(?:(?P<stop>\.)|[\u00a0\u202f ]?(?P<mark>[?!؟]))\Z"
    r"|(?P<wide>[^\W\d_][。！？｡]|[^\s\d।]।)\Z"
)
_STOPS = tuple(".?!؟。！？｡।")
_PARTS = re.compile(r"['’\-]")
_MARKS = re.compile(r"\*+|_+|[\"“”„«»()\[\]{}「」『』（）《》]|(?<!\w)['‘](?=\w)|(?P<end>(?<=[\w.?!,])['’](?!\w))")
_CLOSES = {
    ")": "(", "]": "[", "}": "{", "」": "「", "』": "『", "）": "（", "》": "《", "”": "“„\"", "“": "„", "«": "»",
    "»": "«", "’": "'‘", "'": "'‘",
}  # fmt: skip
_OPENS = "\"“„«»([{「『（《'‘*_"


def ends_surely(text: str) -> bool:
    """Whether a sentence ends with the last character of `text`, whatever comes behind it.

    `text` is what there is of the sentence, with nothing open in it.
    """
    if not text.endswith(_STOPS):  # nearly every token
        return False
    found = _END.search(text, max(0, len(text) - LOOK_BACK_CHARS))
    if found is None:
        return False
    if found["stop"] is None:
        return True
    word = _PARTS.split(found["word"])[-1]
    if word in SHORT_WORDS:
        return True
    is_abbreviation = word in TITLES or word in ABBREVIATIONS or word.endswith(ABBREVIATED_ENDINGS)
    return len(word) >= LEAST_LETTERS and word.islower() and not is_abbreviation


def open_marks(before: str, text: str) -> str:
    """The quotation marks, brackets and emphases that are open behind `text`; those of `before` are open in front.

    A new line closes all: a mark that is never closed is a smiley or a foot.
    """
    marks = [*("" if "\n" in text else before)]
    for match in _MARKS.finditer(text, text.rfind("\n") + 1):
        mark = match[0][0]
        opener = _CLOSES.get(mark, mark)
        if marks and marks[-1] in opener and not (mark == "“" and marks[-1] != "„"):
            marks.pop()
        elif mark in _OPENS and not match["end"] and not _is_in_word(text, match):
            marks.append(mark)
    return "".join(marks)


def _is_in_word(text: str, match: re.Match[str]) -> bool:
    """Whether a sign of emphasis is none: a bullet, a factor, or a part of a name such as `free_times`."""
    if match[0][0] not in "*_":
        return False
    before, after = text[match.start() - 1 : match.start()], text[match.end() : match.end() + 1]
    return not after.strip() or before.isalnum()

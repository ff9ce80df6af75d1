"""A piece of a model's text as it is spoken: no markup, no stage directions, no emoji, no paths of addresses. Pure.

Models are told to write for the ear, and often do not. What is no part of the reply at all was taken out before
(`unspoken_parts.py`).
"""

# ruff: noqa: RUF001 - punctuation of several scripts and signs of arithmetic are meant

import re
import unicodedata

from actors.rules.text.formulas import readable
from actors.rules.text.stage_directions import without_stage_directions

_CITATION = re.compile(
    r"\u3010[^\u3010\u3011]{0,60}\u2020[^\u3010\u3011]{0,60}\u3011|\[\^\w{1,20}\]:?"
    r"|(?<=[\w.,;!?)])(?:\[\d{1,3}\])+|(?:\[\d{1,3}\]){2,}|^[ \t]*\[[^\[\]\n]{1,40}\]:\s+\S+$",
    re.MULTILINE,
)
_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()\s]*(?:\s[^()]*)?\)")
_REFERENCE = re.compile(r"!?\[([^\[\]\n]{1,200})\]\[(?!\d{1,3}\]\[)[\w -]{0,40}\]")
"""Matches a link whose address stands elsewhere: `[our site][1]`."""
_ADDRESS = re.compile(
    r"<?(?:(?:https?|ftp)://(?:www\.)?|\bwww\.)([^\s/<>()]+)(?:/[^\s<>]*?)?>?(?=[.,;:!?)]*(?:\s|$))", re.IGNORECASE
)
_MAIL = re.compile(r"\bmailto:(?=\S+@)", re.IGNORECASE)
_PATH = re.compile(
    r"(?<![\w@./-])((?:[a-z0-9][a-z0-9-]+\.){1,4}[a-z]{2,10})/[^\s<>]*?(?=[.,;:!?)]*(?:\s|$))", re.IGNORECASE
)
"""Matches a URL without its scheme: "example.com/a"."""
_RULE = re.compile(
    r"^[ \t]{0,12}(?:[-*_=][ \t]{0,12}){3,}$|^[ \t]{0,12}\|?(?:[ \t]{0,12}:?-+:?[ \t]{0,12}\|)+[ \t:-]*$", re.MULTILINE
)
_LINE_START = re.compile(r"^[ \t]*(?:>[ \t]?|#{1,6}[ \t]+|:[ \t]+|[-*+•‣◦▪][ \t]+(?:\[[ xX]\][ \t]+)?)+", re.MULTILINE)
_CELL = re.compile(r"[ \t]*\|[ \t]*")
_TABLE_ROW = re.compile(r"^[ \t]*\|(.*?)\|?[ \t]*$", re.MULTILINE)
_TAB = re.compile(r"(?<=\S)\t+(?=\S)")
_STAR_KEY = r"(?:(?<=\b[Dd]ial )|(?<=\b[Pp]ress ))\*(?:\d{2,3}(?![\w*])|[,.;])"
_EMPHASIS = re.compile(rf"(?!{_STAR_KEY})\*+(?=\S)|(?<=\S)\*+|~~|`+|(?<![^\W_])_+(?=\S)|(?<=\S)_+(?![^\W_])")
_SPANS = re.compile(r"(?<!\S)(==|\+\+|\^)(?=\S)([^=+^\n]{1,80}?)(?<=\S)\1|(?<=\w)([~^])(\w{1,8})\3")
"""Matches text that dialects of Markdown highlight, insert, raise or lower."""
_EMOTICON = re.compile(
    r"(?<!\S)(?:[:;=][-^o']?[()DPpOo|/\\\]\[*]{1,3}|[:;]-?3|[8xX][-^][()DPpOo]|[xX]D{1,3}|<3+(?=[.,!?]*\s*\Z|[.,!?])|\^[_.]?\^"
    r"|:[a-z][a-z0-9_+-]{1,30}:|¯\\?_\(ツ\)_/¯)(?=[.,!?]*(?:\s|$))"
)
"""Matches an emoticon. Eyes that are a digit or a letter need a nose: 83 is a number, 8D a seat, XP and XO are spelt
out. A heart only counts at the end of a sentence: elsewhere "<3 days" is a number."""
_FACTOR = re.compile(r"(?<=\d)\*(?=\d)")
_BLANKS = re.compile(r"[ \t]{2,}")
_BLANK_BEFORE_MARK = re.compile(r"[ \t]+(?=[.,;:!?](?:\s|$))")
_STYLED = re.compile("[\U0001d400-\U0001d7ff\uff10-\uff19\uff21-\uff3a\uff41-\uff5a]+")
"""Matches letters and digits that Unicode has in bold, in italics or in full width, which voices do not know."""
_PLAIN = re.compile(r"[ !',.0-9?A-Za-z\u00c0-\u024f\u2019]*")
"""Matches a text from which nothing but `_NO_WORDS` has to be removed."""
_NO_WORDS = ("www.", "xd")
_JOINERS = {0x200D, 0x20E3, 0xFFFD, *range(0xFE00, 0xFE10), *range(0x1F3FB, 0x1F400), *range(0xE0020, 0xE0080)}
_FIRST_SYMBOL = 0x2190
"""The first code point of symbols that are not pronounced; those below are, such as ° and ™."""


def speakable(piece: str) -> str:
    """A piece of a reply as it is said; empty if nothing is left to be said.

    White space around it stays, so that pieces can follow each other.
    """
    if _PLAIN.fullmatch(piece) and not any(word in piece.lower() for word in _NO_WORDS):  # nearly every piece
        return piece
    text = _LINK.sub(r"\1", _REFERENCE.sub(_referred, _CITATION.sub("", piece)))
    text = _PATH.sub(r"\1", _MAIL.sub("", _ADDRESS.sub(r"\1", text)))
    text = _RULE.sub("", text)
    text = _LINE_START.sub("", text)
    text = without_stage_directions(readable(_SPANS.sub(_span, text)))
    if "|" in text:
        text = _TABLE_ROW.sub(lambda row: f"{_CELL.sub(', ', row[1].strip())}.", text)
    text = _TAB.sub(", ", _EMOTICON.sub("", text))
    text = _EMPHASIS.sub("", _FACTOR.sub("×", text))
    if not text.isascii():
        text = "".join(character for character in _STYLED.sub(_plain, text) if not _is_symbol(character))
    if text == piece:
        return piece
    return _BLANK_BEFORE_MARK.sub("", _BLANKS.sub(" ", text)) if any(map(str.isalnum, text)) else ""


def _referred(found: re.Match[str]) -> str:
    """The words of a link; a number in brackets is none."""
    return found[0] if found[1].isdigit() else found[1]


def _plain(found: re.Match[str]) -> str:
    return unicodedata.normalize("NFKC", found[0])


def _span(found: re.Match[str]) -> str:
    if found[2]:
        return found[2]
    return f"^{found[4]}" if found[3] == "^" else f" {found[4]}"


def _is_symbol(character: str) -> bool:
    code = ord(character)
    return code in _JOINERS or (code >= _FIRST_SYMBOL and unicodedata.category(character) == "So")

"""What of a model's text is spoken: no markup, no thinking, no calls of tools written as text, no emoji. Pure.

Characters that are written as HTML has them, `&amp;` or `&#39;`, are those characters.

Models are told to write for the ear, and often do not. `UnspokenParts` takes out of the stream what is no part of the
reply, however it is cut into tokens; `speakable` takes the markup out of a piece that is about to be spoken.
"""

import html
import re
import unicodedata

_HIDDEN = re.compile(
    r"<(?P<name>think|thinking|thoughts?|reasoning|reflection|analysis|scratchpad|inner_monologue"
    r"|tool_(?:calls?|use|code|responses?|results?)|function_(?:calls?|results?)|functions?|invoke|tool)"
    r"\b[^<>]{0,80}>",
    re.IGNORECASE,
)
_CHANNEL = re.compile(r"<\|channel\|>\s*(?P<name>\w+)(?:[^<]|<(?!\|message\|>)){0,120}<\|message\|>")
"""A model that speaks in channels says what is to be heard in the one that is called final."""
_CHANNEL_BEGUN = re.compile(r"<\|channel\|>(?:[^<]|<(?!\|message\|>)){0,140}")
_CHANNEL_ENDS = ("<|end|>", "<|call|>", "<|return|>", "<|start|>")
_TURN_BEGUN = re.compile(r"<\|start\|>\s*[a-z]{0,12}", re.IGNORECASE)
_TURN = re.compile(r"<\|start\|>\s*[a-z]{0,12}(?=<)", re.IGNORECASE)
_FENCE = "```"
_PARTS = (
    (_FENCE, _FENCE),
    ("\u25c1think\u25b7", "\u25c1/think\u25b7"),
    # Calls of tools, with which the reply ends.
    ("[TOOL_CALLS]", "\0"),
)
"""What is left out, by what it begins and ends with, apart from what is in tags."""
_TAG = re.compile(r"<(/?[a-z][a-z0-9_:-]{0,30}(\s[^<>]{0,200})?/?|/?\|[^<>|]{0,60}\|)>", re.IGNORECASE)
_TAG_BEGUN = re.compile(
    r"</?(?:\|[^<>|]{0,60}\|?|[a-z][a-z0-9_:=.-]{0,60}(?:\s+[a-z_:-]{1,30}(?:=[^<>]{0,200})?){0,4}\s*/?)?",
    re.IGNORECASE,
)
_JSON_BEGUN = re.compile(r'\{\s*"')
_START = re.compile("[<{`&\u25c1]|\\[(?=T|$)")
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,31});", re.IGNORECASE)
"""A character as HTML writes it; only where its end is written too, since "R&copy" is none."""
_ENTITY_BEGUN = re.compile(r"&(?:#(?:[0-9]{0,7}|x[0-9a-f]{0,6})|[a-z][a-z0-9]{0,31})?", re.IGNORECASE)

_CITATION = re.compile(r"\u3010[^\u3010\u3011]{0,60}\u2020[^\u3010\u3011]{0,60}\u3011|\[\^\w{1,20}\]")
_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()\s]*(?:\s[^()]*)?\)")
_ADDRESS = re.compile(
    r"<?(?:https?://(?:www\.)?|\bwww\.)([^\s/<>()]+)(?:/[^\s<>]*?)?>?(?=[.,;:!?)]*(?:\s|$))", re.IGNORECASE
)
_RULE = re.compile(r"^[ \t]*(?:[-*_=][ \t]*){3,}$|^[ \t]*\|?(?:[ \t]*:?-+:?[ \t]*\|)+[ \t:-]*$", re.MULTILINE)
_LINE_START = re.compile(r"^[ \t]*(?:>[ \t]?|#{1,6}[ \t]+|[-*+•‣◦▪][ \t]+(?:\[[ xX]\][ \t]+)?)+", re.MULTILINE)
_CELL = re.compile(r"[ \t]*\|[ \t]*")
_TABLE_ROW = re.compile(r"^[ \t]*\|(.*?)\|?[ \t]*$", re.MULTILINE)
_EMPHASIS = re.compile(r"\*+(?=\S)|(?<=\S)\*+|~~|`+|(?<![^\W_])_+(?=\S)|(?<=\S)_+(?![^\W_])")
_BLANKS = re.compile(r"[ \t]{2,}")
_BLANK_BEFORE_MARK = re.compile(r"[ \t]+(?=[.,;:!?](?:\s|$))")
_JOINERS = {0x200D, 0x20E3, 0xFFFD, *range(0xFE00, 0xFE10), *range(0x1F3FB, 0x1F400), *range(0xE0020, 0xE0080)}
_FIRST_SYMBOL = 0x2190
"""Below are signs that are pronounced, such as ° and ™."""


class UnspokenParts:
    """Takes thinking, calls of tools in the text, code and tags out of one reply as it comes in."""

    def __init__(self) -> None:
        self._held = ""
        self._until: tuple[str, ...] = ()
        """What may end the part that is left out; empty outside of one."""
        self._depth = 0
        """Open braces of the JSON that is left out."""

    def push(self, text: str) -> str:
        """What can be spoken of the text up to here; what may be the beginning of an unspoken part is held."""
        self._held += text
        spoken: list[str] = []
        while self._held and self._step(spoken):
            pass
        return "".join(spoken)

    def finish(self) -> str:
        """What is left at the end of the reply: the beginning of a part that never came is text after all."""
        held, self._held = self._held, ""
        is_hidden = self._until or self._depth or held.startswith(_FENCE) or _JSON_BEGUN.match(held)
        is_tag = len(held) > 1 and _TAG_BEGUN.fullmatch(held) and (" " not in held or "=" in held)
        self._until, self._depth = (), 0
        return "" if is_hidden or is_tag else held

    def _step(self, spoken: list[str]) -> bool:
        """Deal with the beginning of what is held; False if more text is needed."""
        if self._depth:
            return self._skip_json()
        if self._until:
            return self._skip_part()
        found = _START.search(self._held)
        start = found.start() if found else len(self._held)
        spoken.append(self._held[:start])
        self._held = self._held[start:]
        return bool(self._held) and self._at_start(spoken)

    def _at_start(self, spoken: list[str]) -> bool:
        """What is held begins like something unspoken: whether it can be told what it is."""
        held = self._held
        match held[0]:
            case "<":
                is_known, is_open = self._at_tag()
            case "&":
                is_known, is_open = self._at_entity(spoken)
            case "{":
                is_known, is_open = _JSON_BEGUN.match(held) is not None, not held[1:].strip()
                if is_known:
                    self._depth, self._held = 1, held[1:]
            case _:
                is_known = any(held.startswith(begins) and self._hide(len(begins), ends) for begins, ends in _PARTS)
                is_open = any(begins.startswith(held) for begins, _ in _PARTS)
        if is_known:
            return True
        if not is_open:
            spoken.append(held[0])
            self._held = held[1:]
        return not is_open

    def _at_entity(self, spoken: list[str]) -> tuple[bool, bool]:
        """Whether what is held begins with a character as HTML writes it, and whether it still may."""
        if entity := _ENTITY.match(self._held):
            spoken.append(_character(entity[0]))
            return self._drop(entity.end()), False
        return False, _ENTITY_BEGUN.fullmatch(self._held) is not None

    def _at_tag(self) -> tuple[bool, bool]:
        """Whether what is held begins with a tag or a part in tags, and whether it still may."""
        held = self._held
        if hidden := _HIDDEN.match(held):
            return self._hide(hidden.end(), f"</{hidden['name'].lower()}>"), False
        if channel := _CHANNEL.match(held):
            is_heard = channel["name"] == "final"
            return self._drop(channel.end()) if is_heard else self._hide(channel.end(), *_CHANNEL_ENDS), False
        if turn := _TURN.match(held):
            return self._drop(turn.end()), False
        if _CHANNEL_BEGUN.fullmatch(held) or _TURN_BEGUN.fullmatch(held):
            return False, True
        if tag := _TAG.match(held):
            return self._drop(tag.end()), False
        return False, _TAG_BEGUN.fullmatch(held) is not None

    def _drop(self, end: int) -> bool:
        """Leave out what is held up to `end`."""
        self._held = self._held[end:]
        return True

    def _hide(self, begins: int, *until: str) -> bool:
        """Leave out what is held from `begins` on, up to the first of `until`."""
        self._held, self._until = self._held[begins:], until
        return True

    def _skip_part(self) -> bool:
        lower = self._held.lower()
        ends = [(end, mark) for mark in self._until if (end := lower.find(mark)) >= 0]
        if not ends:
            longest = max(map(len, self._until))
            self._held = self._held[-(longest - 1) :] if longest > 1 else ""
            return False
        end, mark = min(ends)
        # The beginning of another turn is read for itself.
        self._held, self._until = self._held[end + len(mark) * (mark != "<|start|>") :], ()
        return True

    def _skip_json(self) -> bool:
        for at, character in enumerate(self._held):
            self._depth += (character == "{") - (character == "}")
            if not self._depth:
                self._held = self._held[at + 1 :]
                return True
        self._held = ""
        return False


def speakable(piece: str) -> str:
    """A piece of a reply without markup, addresses' paths and emoji; empty if nothing is left to be said.

    White space around it stays, so that pieces can follow each other.
    """
    text = _LINK.sub(r"\1", _CITATION.sub("", piece))
    text = _ADDRESS.sub(r"\1", text)
    text = _RULE.sub("", text)
    text = _LINE_START.sub("", text)
    if "|" in text:
        text = _TABLE_ROW.sub(lambda row: f"{_CELL.sub(', ', row[1].strip())}.", text)
    text = _EMPHASIS.sub("", text)
    if not text.isascii():
        text = "".join(character for character in text if not _is_symbol(character))
    if text == piece:
        return piece
    return _BLANK_BEFORE_MARK.sub("", _BLANKS.sub(" ", text)) if text.strip() else ""


def _character(entity: str) -> str:
    """What `entity` stands for: a blank for any white space, nothing for what only joins or parts its neighbours."""
    characters = html.unescape(entity)
    return "".join(" " if each.isspace() else each for each in characters if unicodedata.category(each) != "Cf")


def _is_symbol(character: str) -> bool:
    code = ord(character)
    return code in _JOINERS or (code >= _FIRST_SYMBOL and unicodedata.category(character) == "So")

"""The parts of a model's text that are no part of its reply: thinking, calls of tools, code, tags. Pure.

Characters that are written as HTML has them, `&amp;` or `&#39;`, are those characters.

`UnspokenParts` takes such parts out of the stream, however it is cut into tokens. How they are marked is what is known
of them (`unspoken_marks.py`): thinking that a model writes without any mark cannot be told from its reply.
"""

import html
import re
import unicodedata
from enum import Enum, auto

import msgspec

from actors.rules.text import unspoken_marks as marks

_START = re.compile("[<{`&~\u25c1\\[]")
_TAIL = 80
"""Characters of a skipped part that are kept until more text comes, since the mark at its end may be split."""
_LINE_END = re.compile("\n")
_TAG_AT_END = re.compile(r"<[^<>]{0,80}\Z")


class _Place(Enum):
    """Where in the reply that text is which is let through next."""

    REPLY_BEGINS = auto()
    """No text was let through yet; only here a label of the speaker is removed."""
    LINE_BEGINS = auto()
    IN_LINE = auto()


# Looked at with each token: an attribute of an enumeration takes longer.
_REPLY_BEGINS, _LINE_BEGINS, _IN_LINE = _Place.REPLY_BEGINS, _Place.LINE_BEGINS, _Place.IN_LINE


class _Brackets(msgspec.Struct):
    """JSON, or a call of a tool, that is left out up to the end of its last bracket."""

    depth: int
    """How many brackets are open."""
    in_string: bool = False
    """Whether a string is open, in which brackets do not count."""
    is_escaped: bool = False
    """Whether the next character of the string is escaped."""
    until: re.Pattern[str] | None = None
    """What else ends the part, since models forget to close brackets."""

    def skip(self, text: str) -> int:
        """Go on through the text that comes next; where in it this ends, or 0 if all of the text is part of it."""
        for at, character in enumerate(text, 1):
            if character == '"' and not self.is_escaped:
                self.in_string = not self.in_string
            self.is_escaped = character == "\\" and not self.is_escaped
            if not self.in_string:
                self.depth += (character in "{[(") - (character in "}])")
            if not self.depth:
                return at
        return 0


class _Calls(msgspec.Struct):
    """What a tag or marker has opened that is about calls of tools: JSON ends by itself, for many models close nothing.

    All else, such as XML, is left out up to what closes it.
    """

    until: re.Pattern[str]


class UnspokenParts:
    """Takes thinking, calls of tools in the text, code and tags out of one reply as it comes in."""

    __slots__ = ("_has_gap", "_held", "_is_behind_blank", "_left_out", "_place", "takes_back")

    def __init__(self) -> None:
        self._held = ""
        self._left_out: re.Pattern[str] | _Brackets | _Calls | None = None
        """The part that is being left out, by what ends it; None outside of one."""
        self._place = _REPLY_BEGINS
        self._is_behind_blank = True
        """Whether the last text that was let through ends with a blank, or there was none."""
        self._has_gap = False
        """Whether words after a blank were left out, so that the blank behind them has to be dropped."""
        self.takes_back = False
        """Whether the last text ended a thought whose beginning was not marked, so that text not spoken yet belongs to
        it."""

    def push(self, text: str) -> str:
        """What can be spoken of the text up to here; what may be the beginning of an unspoken part is held."""
        self.takes_back = False
        self._held += text
        spoken: list[str] = []
        while self._held and self._step(spoken):
            pass
        return "".join(spoken)

    def finish(self) -> str:
        """What is left at the end of the reply: the beginning of a part that never came is text after all."""
        held, self._held = self._held, ""
        is_hidden = self._left_out is not None or held.startswith(marks.FENCES) or marks.JSON_BEGUN.match(held)
        is_tag = len(held) > 1 and marks.TAG_BEGUN.fullmatch(held) and (" " not in held or "=" in held)
        self._left_out = None
        if is_hidden or is_tag or marks.HIDDEN_BEGUN.fullmatch(held):
            return ""
        if calls := marks.CALLS_MARKER.match(held):
            named = held[calls.end() :]
            return "" if "_" in named or "[" in named else named
        is_marked = marks.STRUCK_TAG_BEGUN.match(held) or marks.TURN_BEGUN.fullmatch(held)
        return marks.TAG.sub("", held, 1) if is_marked else held

    def _step(self, spoken: list[str]) -> bool:
        """Deal with the beginning of what is held; False if more text is needed."""
        if isinstance(self._left_out, _Calls):
            return self._skip_calls(self._left_out)
        if isinstance(self._left_out, _Brackets):
            return self._skip_brackets(self._left_out)
        if self._left_out is not None:
            return self._skip_part(self._left_out)
        if self._place is not _IN_LINE:
            is_known, is_open = self._at_line()
            if is_known or is_open:
                return is_known
        found = _START.search(self._held)
        line = _LINE_END.search(self._held)
        start = found.start() if found else len(self._held)
        if line and line.end() <= start:
            self._let_through(line.end(), spoken)
            return True
        self._let_through(start, spoken)
        return bool(self._held) and self._at_start(spoken)

    def _let_through(self, end: int, spoken: list[str]) -> None:
        text, self._held = self._held[:end], self._held[end:]
        if not text:
            return
        if self._has_gap:
            text, self._has_gap = text.removeprefix(" "), False
        spoken.append(text)
        self._is_behind_blank = text[-1:].isspace() if text else self._is_behind_blank
        if text.strip():
            self._place = _IN_LINE
        if text.endswith("\n") and self._place is _IN_LINE:
            self._place = _LINE_BEGINS

    def _at_line(self) -> tuple[bool, bool]:
        """What is held begins a line: whether that is a label or a call, and whether it may become one."""
        held = self._held
        if code := marks.CODE_LINE.match(held):
            return self._drop(code.end()), False
        if call := marks.CALL.match(held):
            return self._skip_from(call.end(), call[0].count("[") + call[0].count("(")), False
        if label := marks.LABEL.match(held):
            return self._at_label(label, " ".join(label["label"].lower().split()))
        return False, marks.CALL_BEGUN.fullmatch(held) is not None or marks.may_become_label(held)

    def _at_label(self, label: re.Match[str], name: str) -> tuple[bool, bool]:
        """A line's label: of a thought, whose line is left out, of the answer, or of who speaks."""
        has_text = self._place is not _REPLY_BEGINS
        if name in marks.THOUGHT_LABELS:
            return self._hide(label.end(), _LINE_END), False
        if name in marks.ANSWER_LABELS or (name in marks.SPEAKER_LABELS and not has_text):
            return self._drop(label.end()), False
        if name in marks.OTHER_SPEAKER_LABELS and has_text:
            # The model goes on with the conversation by itself.
            return self._hide(label.end(), marks.NEVER), False
        return False, False

    def _at_start(self, spoken: list[str]) -> bool:
        """What is held begins like something unspoken: whether it can be told what it is."""
        held = self._held
        match held[0]:
            case "<":
                is_known, is_open = self._at_tag(spoken)
            case "&":
                is_known, is_open = self._at_entity(spoken)
            case "[" if marks.CALLS_MARKER.match(held):
                is_known, is_open = self._at_calls()
            case "~" if struck := marks.STRUCK.match(held):
                is_known, is_open = self._strike(struck.end()), False
            case _ if marks.JSON_BEGUN.match(held):
                is_known, is_open = self._skip_from(1), False
            case _:
                is_known = any(
                    begun is not None and self._hide(begun.end(), ends)
                    for begun, ends in ((begins.match(held), ends) for begins, ends in marks.PARTS)
                )
                is_open = any(begun.fullmatch(held) for begun in (marks.PART_BEGUN, marks.STRUCK_BEGUN))
        if is_known:
            return True
        if not is_open:
            self._let_through(1, spoken)
        return not is_open

    def _at_calls(self) -> tuple[bool, bool]:
        """What is held begins with the marker of calls: whether these are known, and whether more of them may come."""
        held = self._held
        if marks.CALLS_BEGUN.fullmatch(held):
            return False, True
        if call := marks.MARKED_CALL.match(held):
            is_open = bool(call["arguments"] or call["opens"] or call["lists"])
            return self._skip_from(call.end(), int(is_open)), False
        if self._place is _IN_LINE:
            self._place = _LINE_BEGINS
        return self._drop(held.index("]") + 1), False

    def _strike(self, end: int) -> bool:
        """Leave out what is held up to `end`, which its model has struck out, with one of the blanks around it."""
        self._has_gap = self._is_behind_blank
        return self._drop(end)

    def _at_entity(self, spoken: list[str]) -> tuple[bool, bool]:
        """Whether what is held begins with a character as HTML writes it, and whether it still may."""
        if entity := marks.ENTITY.match(self._held):
            spoken.append(_character(entity[0]))
            return self._drop(entity.end()), False
        return False, marks.ENTITY_BEGUN.fullmatch(self._held) is not None

    def _at_tag(self, spoken: list[str]) -> tuple[bool, bool]:
        """Whether what is held begins with a tag or a part in tags, and whether it still may."""
        held = self._held
        if hidden := marks.HIDDEN.match(held):
            if marks.is_whole(hidden[0]):
                return self._drop(hidden.end()), False
            return self._open(hidden, hidden["name"], marks.closing(hidden["name"], hidden["begun"] or "")), False
        if self._place is not _REPLY_BEGINS or not held.lower().startswith("<s>"):
            if struck := marks.STRUCK_TAG.match(held):
                return self._strike(struck.end()), False
            if marks.STRUCK_TAG_BEGUN.fullmatch(held):
                return False, True
        if channel := marks.CHANNEL.match(held):
            is_heard = channel["name"] == "final"
            return self._drop(channel.end()) if is_heard else self._hide(channel.end(), marks.CHANNEL_ENDS), False
        if turn := marks.TURN.match(held):
            return self._drop(turn.end()), False
        if marks.CHANNEL_BEGUN.fullmatch(held) or marks.TURN_BEGUN.fullmatch(held):
            return False, True
        if hidden := marks.MARKER.match(held):
            return self._open(hidden, hidden["what"], marks.marker_end(hidden["what"])), False
        if tag := marks.TAG.match(held):
            if marks.THOUGHT_END.match(held):
                spoken.clear()
                self.takes_back = True
            return self._drop(tag.end()), False
        return False, any(begun.fullmatch(held) for begun in (marks.TAG_BEGUN, marks.HIDDEN_BEGUN))

    def _drop(self, end: int) -> bool:
        """Leave out what is held up to `end`."""
        self._held = self._held[end:]
        return True

    def _hide(self, begins: int, until: re.Pattern[str]) -> bool:
        """Leave out what is held from `begins` on, up to `until`."""
        self._held, self._left_out = self._held[begins:], until
        return True

    def _open(self, mark: re.Match[str], name: str, until: re.Pattern[str]) -> bool:
        """Leave out what the tag or marker `name` has opened, up to `until` or, if it is JSON, to its end."""
        self._held = self._held[mark.end() :]
        self._left_out = _Calls(until) if marks.is_of_tools(name) else until
        return True

    def _skip_from(self, end: int, depth: int = 1) -> bool:
        """Leave out what is held up to `end`, with which so many brackets are open, and all that stands in those."""
        self._left_out = _Brackets(depth) if depth else None
        return self._drop(end)

    def _skip_part(self, until: re.Pattern[str]) -> bool:
        end = until.search(self._held)
        if end is None:
            self._held = self._held[-_TAIL:]
            return False
        self._held, self._left_out = self._held[end.end() :], None
        return True

    def _skip_calls(self, calls: _Calls) -> bool:
        """Find out what a tag or marker of calls has opened."""
        self._held = self._held.lstrip()
        if not self._held:
            return False
        called = marks.PYTHON_CALL.match(self._held)
        if self._held[0] in "{[" or called:
            self._left_out = _Brackets(1, until=calls.until)
            return self._drop(called.end() if called else 1)
        if marks.PYTHON_NAME.fullmatch(self._held):
            return False
        self._left_out = calls.until
        return True

    def _skip_brackets(self, brackets: _Brackets) -> bool:
        held, until = self._held, brackets.until
        closed = until.search(held) if until else None
        tag = _TAG_AT_END.search(held) if until and not closed else None
        known = closed.start() if closed else tag.start() if tag else len(held)
        end = brackets.skip(held[:known]) or (closed.end() if closed else 0)
        self._held = held[end or known :]
        if end:
            self._left_out = None
        return bool(end)


def _character(entity: str) -> str:
    """What `entity` stands for: a blank for any white space, nothing for what only joins or parts its neighbours."""
    characters = html.unescape(entity)
    return "".join(" " if each.isspace() else each for each in characters if unicodedata.category(each) != "Cf")

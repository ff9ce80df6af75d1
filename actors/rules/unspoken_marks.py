"""How models mark what is no part of a reply: tags, markers with bars, brackets, fences, labels, calls. Pure."""

# ruff: noqa: RUF001 - some models write their markers with full-width bars

import re
from functools import lru_cache

_THOUGHT = (
    r"(?:[a-z]{3,12}_)?(?:think|thought|reason|reflect|deliberat|rationale|monolog|scratch_?pad|analysis)[a-z_]{0,12}"
    r"|antthink[a-z]{0,8}|chain_of_thought|cot|internal(?:_[a-z]{1,20})?"
)
_TOOL = r"tool_(?:calls?|use|code|responses?|results?)|function_(?:calls?|results?)|functions?|invoke|tool"
NEVER = re.compile(r"(?!)")
"""Ends nothing: the rest of the reply is left out."""

HIDDEN = re.compile(
    rf"<(?P<begun>start_|begin_(?:of_)?)?(?P<name>(?:[a-z]{{1,12}}:)?(?:{_THOUGHT}|{_TOOL}|script|style))\b[^<>]{{0,80}}>",
    re.IGNORECASE,
)
"""A part in tags, as XML and HTML have them."""
THOUGHT_END = re.compile(rf"</(?:[a-z]{{1,12}}:)?(?:{_THOUGHT})\s?>", re.IGNORECASE)

MARKER = re.compile(
    r"<[|｜](?![^<>|｜]{0,40}(?:end|/))[^<>|｜]{0,12}?(?P<what>think|thought|reason|tool|function|python_tag|action)"
    r"[^<>|｜]{0,40}[|｜]>",
    re.IGNORECASE,
)
"""A part between markers with bars: `<|begin_of_thought|>`, `<|START_THINKING|>`, `<｜tool▁calls▁begin｜>`."""
_THINKS = ("think", "thought", "reason")

CHANNEL = re.compile(r"<\|channel\|>\s*(?P<name>\w+)(?:[^<]|<(?!\|message\|>)){0,120}<\|message\|>")
"""A model that speaks in channels says what is to be heard in the one that is called final."""
CHANNEL_BEGUN = re.compile(r"<\|channel\|>(?:[^<]|<(?!\|message\|>)){0,140}")
CHANNEL_ENDS = re.compile(r"<\|end\|>|<\|call\|>|<\|return\|>|(?=<\|start\|>)")
"""The beginning of another turn is read for itself."""
TURN_BEGUN = re.compile(r"<\|start\|>\s*[a-z]{0,12}", re.IGNORECASE)
TURN = re.compile(r"<\|start\|>\s*[a-z]{0,12}(?=<)", re.IGNORECASE)

FENCES = ("```", "~~~")
_BRACKETED = r"think(?:ing)?|thoughts?|reasoning|analysis|tool_results?|available_tools"
PARTS: tuple[tuple[re.Pattern[str], re.Pattern[str]], ...] = (
    (re.compile("```"), re.compile("```")),
    (re.compile("~~~"), re.compile("~~~")),
    (re.compile("\u25c1think\u25b7"), re.compile("\u25c1/think\u25b7")),
    # Calls of tools, with which the reply ends.
    (re.compile(r"\[TOOL_CALLS?\]"), NEVER),
    (re.compile(rf"\[(?:{_BRACKETED})\]", re.IGNORECASE), re.compile(rf"\[/(?:{_BRACKETED})\]", re.IGNORECASE)),
)
"""What else is left out, by what it begins and ends with."""
PART_BEGUN = re.compile(r"`{1,2}|~{1,2}|\u25c1[a-z]{0,5}|\[[a-z_]{0,16}|\[?\s*(?:\{\s*)?", re.IGNORECASE)

TAG = re.compile(
    r"<(/?[a-z][a-z0-9_:-]{0,30}(\s[^<>]{0,200})?/?|/?[|｜][^<>|｜]{0,60}[|｜]|!--(?:[^-]|-(?!->)){0,400}--)>",
    re.IGNORECASE,
)
TAG_BEGUN = re.compile(
    r"</?(?:[|｜][^<>|｜]{0,60}[|｜]?|[a-z][a-z0-9_:=.-]{0,60}(?:\s+[a-z_:-]{1,30}(?:=[^<>]{0,200})?){0,4}\s*/?)?"
    r"|<!(?:-(?:-(?:[^-]|-(?!->)){0,400}(?:--?)?)?)?",
    re.IGNORECASE,
)

JSON_BEGUN = re.compile(r'(?:\[\s*)?\{\s*"')
ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,31});", re.IGNORECASE)
"""A character as HTML writes it; only where its end is written too, since "R&copy" is none."""
ENTITY_BEGUN = re.compile(r"&(?:#(?:[0-9]{0,7}|x[0-9a-f]{0,6})|[a-z][a-z0-9]{0,31})?", re.IGNORECASE)

CALL = re.compile(
    r"(?:\[|print\()?(?:[a-z][a-z0-9]*_[a-z0-9_]*|(?:functions|tools|default_api|api)\.[a-z0-9_.]+)"
    r"\((?=\s*(?:\)|[\"'{\[]|[a-z_]\w*\s*[=:]))",
    re.IGNORECASE,
)
"""A call of a function as a program has it, at the beginning of a line; what it is called with follows."""
CALL_BEGUN = re.compile(
    r"(?:\[|print\()?(?:[a-z][a-z0-9]{0,30}|(?:[a-z][a-z0-9]*_[a-z0-9_]*|(?:functions|tools|default_api|api)\.[a-z0-9_.]*)"
    r"(?:\(\s*(?:[a-z_]\w*\s*)?)?)",
    re.IGNORECASE,
)
"""The beginning of one, or of the first word of a line, which may become one."""

THOUGHT_LABELS = frozenset(
    ("thought", "thinking", "reasoning", "internal monologue", "action", "action input", "observation", "tool call")
)
"""Before a line that a model writes for itself: "Thought: I should look that up"."""
ANSWER_LABELS = frozenset(("answer", "final answer", "final response", "spoken reply", "spoken response"))
SPEAKER_LABELS = frozenset(("assistant", "agent", "ai", "bot"))
OTHER_SPEAKER_LABELS = frozenset(("user", "human"))
_LABELS = (*THOUGHT_LABELS, *ANSWER_LABELS, *SPEAKER_LABELS, *OTHER_SPEAKER_LABELS)
LABEL = re.compile(
    r"[\s*_#]{0,8}(?P<label>"
    + "|".join(sorted((label.replace(" ", r"\s") for label in _LABELS), key=len, reverse=True))
    + r")[*_]{0,3}\s?:[*_]{0,3}[ \t]*",
    re.IGNORECASE,
)
_LABEL_BEGUN = re.compile(r"[\s*_#]{0,8}(?P<label>[a-z ]{0,20}?)(?P<end>[*_]{0,3}\s?)", re.IGNORECASE)


def may_become_label(text: str) -> bool:
    """Whether `text` is the beginning of a line's label, or of the marks before it."""
    begun = _LABEL_BEGUN.fullmatch(text)
    if begun is None:
        return False
    said = begun["label"].lower()
    return any(label.startswith(said) if not begun["end"].strip() else label == said for label in _LABELS)


@lru_cache(maxsize=64)
def closing(name: str, begun: str) -> re.Pattern[str]:
    """What closes the part that the tag `name` has opened, `begun` before it: its own tag, or `<end_name>`."""
    before = "end_(?:of_)?" if begun else "/"
    return re.compile(rf"<{before}{re.escape(name)}\s?>", re.IGNORECASE)


@lru_cache(maxsize=16)
def marker_end(what: str) -> re.Pattern[str]:
    """What ends the part that a marker about `what` has begun: another that says so, or one that ends the reply."""
    about = "|".join(_THINKS) if what.lower() in _THINKS else re.escape(what.lower())
    return re.compile(
        rf"<[|｜](?=[^<>|｜]{{0,50}}(?:end|/))(?=[^<>|｜]{{0,50}}(?:{about}))[^<>|｜]{{1,60}}[|｜]>", re.IGNORECASE
    )

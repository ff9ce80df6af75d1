"""How models mark what is no part of a reply: tags, markers with bars, brackets, fences, labels, calls. Pure."""

# ruff: noqa: RUF001 - some models write their markers with full-width bars

import re
from functools import lru_cache

_THOUGHT = (
    r"(?:[a-z]{3,12}_)?(?:think|thought|reason|reflect|deliberat|rationale|monolog|scratch_?pad|analysis)[a-z_]{0,12}"
    r"|antthink[a-z]{0,8}|chain_of_thought|cot|internal(?:_[a-z]{1,20})?"
)
_TOOL = r"tool_?(?:calls?|use|code|responses?|results?)|function_(?:calls?|results?)|functions?|invoke|tool"
NEVER = re.compile(r"(?!)")
"""Matches nothing, as the end of a part that goes on to the end of the reply."""

HIDDEN = re.compile(
    rf"<(?P<begun>start_|begin_(?:of_)?)?(?P<name>(?:[a-z]{{1,12}}:)?(?:{_THOUGHT}|{_TOOL}|script|style))\b[^<>]{{0,80}}>",
    re.IGNORECASE,
)
"""Matches the beginning of a part in tags of XML or HTML that is not spoken."""
_TOOL_NAME = re.compile(rf"(?:[a-z]{{1,12}}:)?(?:{_TOOL})|python_tag|python_start|action", re.IGNORECASE)
HIDDEN_BEGUN = re.compile(rf"<(?:[a-z]{{1,12}}:)?(?:{_TOOL})\b[^<>]{{0,80}}", re.IGNORECASE)
"""Matches what may become the tag of a tool call, which may hold more than other tags."""
THOUGHT_END = re.compile(rf"</(?:[a-z]{{1,12}}:)?(?:{_THOUGHT})\s?>", re.IGNORECASE)

MARKER = re.compile(
    r"<[|｜](?![^<>|｜]{0,40}(?:end|/))[^<>|｜]{0,12}?(?P<what>think|thought|reason|tool|function|python_(?:tag|start)|action)"
    r"[^<>|｜]{0,40}[|｜]>",
    re.IGNORECASE,
)
"""Matches the beginning of a part between markers with bars: `<|begin_of_thought|>`, `<|START_THINKING|>`,
`<｜tool▁calls▁begin｜>`."""
_THINKS = ("think", "thought", "reason")

CHANNEL = re.compile(r"<\|channel\|>\s*(?P<name>\w+)(?:[^<]|<(?!\|message\|>)){0,120}<\|message\|>")
"""Matches the head of a channel, for models that write in channels: only the one called final is spoken."""
CHANNEL_BEGUN = re.compile(r"<\|channel\|>(?:[^<]|<(?!\|message\|>)){0,140}")
CHANNEL_ENDS = re.compile(r"<\|end\|>|<\|call\|>|<\|return\|>|(?=<\|start\|>)")
"""Matches the end of a channel; the head of the next turn is left to be read by itself."""
_TURN_STARTS = r"<\|im_start\|>|<start_of_turn>"
_HEADER = r"<\|start_header_id\|>\s{0,4}[a-z]{0,9}\s{0,4}"
TURN_BEGUN = re.compile(
    rf"<\|start\|>\s*[a-z]{{0,12}}|(?:{_TURN_STARTS})\s{{0,4}}[a-z]{{0,9}}[ \t]{{0,4}}"
    rf"|{_HEADER}(?:<(?:\|[a-z_]{{0,13}}\|?)?)?",
    re.IGNORECASE,
)
TURN = re.compile(
    rf"<\|start\|>\s*[a-z]{{0,12}}(?=<)|(?:{_TURN_STARTS})\s{{0,4}}(?:assistant|model|bot)[ \t]{{0,4}}\n"
    rf"|{_HEADER}<\|end_header_id\|>",
    re.IGNORECASE,
)
"""Matches the head of a turn as models' templates have it, with the name of who speaks."""

FENCES = ("```", "~~~")
_BRACKETED = r"think(?:ing)?|thoughts?|reasoning|analysis|tool_results?|available_tools"
PARTS: tuple[tuple[re.Pattern[str], re.Pattern[str]], ...] = (
    (re.compile("```"), re.compile("```")),
    (re.compile("~~~"), re.compile("~~~")),
    (re.compile("\u25c1think\u25b7"), re.compile("\u25c1/think\u25b7")),
    (re.compile(rf"\[(?:{_BRACKETED})\]", re.IGNORECASE), re.compile(rf"\[/(?:{_BRACKETED})\]", re.IGNORECASE)),
)
"""The other parts that are not spoken: what matches their beginning, and what matches their end."""
CALLS_MARKER = re.compile(r"\[TOOL_CALLS?\]", re.IGNORECASE)
"""Matches the marker before tool calls, each of which may have another; what follows the calls is part of the reply."""
_ID = r"(?:\[CALL_ID\]\s{0,4}[\w-]{1,40}\s{0,4})?"
_CALLED = rf"[\w.-]{{1,64}}\s{{0,4}}{_ID}"
MARKED_CALL = re.compile(
    rf"\[TOOL_CALLS?\]\s{{0,4}}(?:{_CALLED}\[(?:TOOL_)?ARGS\]\s{{0,4}}(?P<arguments>[{{\[])?|(?:{_CALLED})?(?P<opens>{{)"
    r"|(?P<lists>\[)(?!TOOL_CALL))",
    re.IGNORECASE,
)
"""Matches that marker with the beginning of the call behind it: `[TOOL_CALLS] [{`, `[TOOL_CALLS]book[ARGS]{`."""
_WORD_BEGUN = r"\[[A-Z_]{0,9}"
CALLS_BEGUN = re.compile(
    rf"\[TOOL_CALLS?\]\s{{0,4}}(?:[\w.-]{{1,64}}\s{{0,4}}(?:{_WORD_BEGUN}|\[CALL_ID\]\s{{0,4}}(?:[\w-]{{1,40}}\s{{0,4}})?"
    rf"|{_ID}(?:{_WORD_BEGUN}|\[(?:TOOL_)?ARGS\]\s{{0,4}}))?)?",
    re.IGNORECASE,
)
"""Matches that marker with what may become the beginning of a call."""

_STRUCK = r"(?P<name>del|strike|s)"
STRUCK = re.compile(r"~~(?![~\s])(?:[^~\n]|~(?!~)){1,200}?(?<!\s)~~")
STRUCK_BEGUN = re.compile(r"~~(?:[^~\s](?:[^~\n]|~(?!~)){0,200}~?)?")
"""Matches text that the model has struck out in Markdown, complete or only begun."""
STRUCK_TAG = re.compile(rf"<{_STRUCK}>(?:[^<\n]|<(?!/(?P=name)\s?>)){{0,200}}</(?P=name)\s?>", re.IGNORECASE)
STRUCK_TAG_BEGUN = re.compile(rf"<{_STRUCK}>[^\n]{{0,200}}", re.IGNORECASE)
"""Matches text that is struck out in HTML. At the beginning of a reply `<s>` does not count: some models write it
there."""

PART_BEGUN = re.compile(r"`{1,2}|~{1,2}|\u25c1[a-z]{0,5}|\[[a-z_]{0,16}|\[?\s*(?:\{\s*)?", re.IGNORECASE)

TAG = re.compile(
    r"<(/?[a-z][a-z0-9_:-]{0,30}(\s[^<>]{0,200})?/?|/[a-z][a-z0-9_:-]{0,30}=[^<>]{0,80}|/?[|｜][^<>|｜]{0,60}[|｜]|!--(?:[^-]|-(?!->)){0,400}--)>",
    re.IGNORECASE,
)
TAG_BEGUN = re.compile(
    r"</?(?:[|｜][^<>|｜]{0,60}[|｜]?|[a-z][a-z0-9_:=.-]{0,60}(?:\s+[a-z_:-]{1,30}(?:=[^<>]{0,200})?){0,4}\s*/?)?"
    r"|<!(?:-(?:-(?:[^-]|-(?!->)){0,400}(?:--?)?)?)?",
    re.IGNORECASE,
)

JSON_BEGUN = re.compile(r'(?:\[\s*)?\{\s*"')
ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,31});", re.IGNORECASE)
"""Matches an HTML character reference with its semicolon; without it, as in "R&copy", it is none."""
ENTITY_BEGUN = re.compile(r"&(?:#(?:[0-9]{0,7}|x[0-9a-f]{0,6})|[a-z][a-z0-9]{0,31})?", re.IGNORECASE)

CALL = re.compile(
    r"(?:\[|print\()?(?:[a-z][a-z0-9]*_[a-z0-9_]*|(?:functions|tools|default_api|api)\.[a-z0-9_.]+)"
    r"\((?=\s*(?:\)|[\"'{\[]|[a-z_]\w*\s*[=:]))"
    r"|(?:\[|print\()?[a-z][a-z0-9]{0,30}\((?=\s*[a-z_]\w*\s*=\s*(?:[\"'{\[\d]|true\b|false\b|none\b))",
    re.IGNORECASE,
)
"""Matches the beginning of a function call in a programming language at the beginning of a line, up to its
arguments."""
CALL_BEGUN = re.compile(
    r"print\(|(?:\[|print\()?(?:[a-z][a-z0-9]{0,30}"
    r"(?:\(\s*(?:[a-z_]\w{0,30}\s{0,4}(?:=\s{0,4}[a-z]{0,5})?)?)?"
    r"|(?:[a-z][a-z0-9]*_[a-z0-9_]*|(?:functions|tools|default_api|api)\.[a-z0-9_.]*)"
    r"(?:\(\s*(?:[a-z_]\w*\s*)?)?)",
    re.IGNORECASE,
)
"""Matches what may become such a call: its beginning, or the first word of a line."""

CODE_LINE = re.compile(r"tool_(?:code|outputs?|calls?)[ \t]{0,4}\n")
"""Matches a line that stands alone before code, as a code fence does whose backticks are missing."""
PYTHON_CALL = re.compile(r"[\w.]{1,64}\.call\(")
PYTHON_NAME = re.compile(r"[\w.]{1,70}")
"""Matches the name after a model's marker for Python code that calls a tool."""

THOUGHT_LABELS = frozenset(
    ("thought", "thinking", "reasoning", "internal monologue", "action", "action input", "observation", "tool call")
)
"""Labels that begin a line that a model writes for itself: "Thought: I should look that up"."""
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


def is_of_tools(name: str) -> bool:
    """Whether the tag or marker of this name is about calls of tools, and not about thinking or code."""
    return _TOOL_NAME.fullmatch(name) is not None


def is_whole(tag: str) -> bool:
    """Whether a tag opens nothing: it is closed itself, or holds the arguments of its call."""
    return tag.endswith("/>") or "{" in tag


@lru_cache(maxsize=64)
def closing(name: str, begun: str) -> re.Pattern[str]:
    """What closes the part that the tag `name` has opened, `begun` before it: its own tag, or `<end_name>`."""
    before = "end_(?:of_)?" if begun else "/"
    return re.compile(rf"<{before}{re.escape(name)}(?:[\s=][^<>]{{0,80}})?>", re.IGNORECASE)


@lru_cache(maxsize=16)
def marker_end(what: str) -> re.Pattern[str]:
    """What ends the part that a marker about `what` has begun: another that says so, or one that ends the reply."""
    thinks = what.lower() in _THINKS
    about = "|".join(_THINKS) if thinks else re.escape(what.lower().partition("_")[0])
    ends_turn = "" if thinks else r"|<[|｜](?:e(?:om|ot)_id|im_end)[|｜]>"
    return re.compile(
        rf"<[|｜](?=[^<>|｜]{{0,50}}(?:end|/))(?=[^<>|｜]{{0,50}}(?:{about}))[^<>|｜]{{1,60}}[|｜]>{ends_turn}",
        re.IGNORECASE,
    )

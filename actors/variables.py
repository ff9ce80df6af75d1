"""Variables of an agent: `{{name}}` in its greeting, introduction, instructions, phrases and guardrails. Pure.

What fills them comes from outside: a call's `context`, the caller's display name. So a value is one line, bounded in
length, and cannot itself hold a variable.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from actors.agent import Agent, Phrases
from actors.dates import day_name, long_date
from actors.session_context import SessionContext

BUILT_IN = ("caller", "caller_name", "called", "channel", "date", "day", "direction", "label", "time", "time_zone")
"""Variables that every agent has. `day` is the day of the week; it and `date` are in the language of the text."""
MAX_VALUE_CHARS = 300

_VARIABLE = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
_UNWANTED = re.compile(r"[{}<>\s\x00-\x1f\x7f]+")


def texts_of(agent: Agent) -> Iterator[tuple[str, str]]:
    """The texts of an agent that may hold variables, each with its place in the agent's file."""
    yield "greeting", agent.greeting
    yield "introduction", agent.introduction
    yield "instructions", agent.instructions
    yield from _phrases("phrases", agent.phrases)
    yield from ((f"guardrails[{index}].say", rail.say) for index, rail in enumerate(agent.guardrails))
    for language, own in agent.in_language.items():
        yield f"in_language.{language}.greeting", own.greeting
        yield f"in_language.{language}.introduction", own.introduction
        yield from _phrases(f"in_language.{language}.phrases", own.phrases)


def _phrases(path: str, phrases: Phrases) -> Iterator[tuple[str, str]]:
    for name in phrases.__struct_fields__:
        match getattr(phrases, name):
            case str(text):
                yield f"{path}.{name}", text
            case several:
                yield from ((f"{path}.{name}[{index}]", text) for index, text in enumerate(several))


def variables_in(text: str) -> tuple[str, ...]:
    """The names of the variables in a text, as often as they are there."""
    return tuple(_VARIABLE.findall(text))


def is_open(text: str) -> bool:
    """Whether a variable begins in a text that has no end: it would be read aloud as it stands there."""
    return "{{" in _VARIABLE.sub("", text)


def filled(agent: Agent, about: SessionContext, at: float, language: str = "") -> Agent:
    """The agent with the values that its variables have in one session.

    A variable has its value from `about.context`, where that has a text, number or truth value of its name; else it is
    the default of the agent.

    Args:
        agent: whose texts are filled in.
        about: what is known of the session.
        at: now, in seconds since the epoch.
        language: the one in which the agent speaks; empty for its first.
    """
    if not any("{{" in text for _, text in texts_of(agent)):
        return agent
    given = {name: about.context[name] for name in agent.variables if is_value(about.context.get(name))}
    values = {**_built_in(agent, about, at, language), **agent.variables, **given}
    return _with(agent, {name: as_text(value) for name, value in values.items()})


def filled_with_defaults(agent: Agent) -> Agent:
    """The agent as callers hear it of whom nothing is known; a text that differs in every session is left empty."""
    values = {name: as_text(value) for name, value in agent.variables.items() if value}
    return _with(agent, {"label": as_text(agent.label), **values}, whole=True)


def is_value(value: Any) -> bool:
    """Whether a value from outside can stand in a text."""
    return isinstance(value, str | int | float)


def as_text(value: Any) -> str:
    """A value as it stands in a text: one line, without brackets and braces, bounded."""
    match value:
        case bool():
            return "yes" if value else "no"
        case _:
            return _UNWANTED.sub(" ", str(value)[: 2 * MAX_VALUE_CHARS]).strip()[:MAX_VALUE_CHARS]


def _built_in(agent: Agent, about: SessionContext, at: float, language: str) -> Mapping[str, str]:
    now = datetime.fromtimestamp(at, ZoneInfo(about.time_zone) if about.time_zone else UTC)
    language = language or (agent.languages[0] if agent.languages else "")
    return {
        "caller": about.caller,
        "caller_name": about.caller_name,
        "called": about.called,
        "channel": about.channel.value,
        "date": long_date(now, language),
        "day": day_name(now, language),
        "direction": about.direction,
        "label": agent.label,
        "time": f"{now:%H:%M}",
        "time_zone": about.time_zone or "UTC",
    }


def _with(agent: Agent, values: Mapping[str, str], *, whole: bool = False) -> Agent:
    """The agent with these values in its texts. With `whole`, a text that lacks one of its values is empty."""

    def text(template: str) -> str:
        if whole and not all(values.get(name) for name in variables_in(template)):
            return ""
        return _VARIABLE.sub(lambda found: values.get(found[1], ""), template)

    phrases = {
        name: text(phrase) if isinstance(phrase, str) else tuple(map(text, phrase))
        for name, phrase in msgspec.structs.asdict(agent.phrases).items()
    }
    return msgspec.structs.replace(
        agent,
        greeting=text(agent.greeting),
        introduction=text(agent.introduction),
        instructions=text(agent.instructions),
        phrases=msgspec.structs.replace(agent.phrases, **phrases),
        guardrails=tuple(msgspec.structs.replace(rail, say=text(rail.say)) for rail in agent.guardrails),
    )

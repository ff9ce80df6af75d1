"""Scenarios as data: what a caller does, and what is expected of the agent. Read from YAML."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from actors.conversation import Ending
from app.agents.agent_files import AgentFileError, read_yaml
from app.agents.nearest import explained

Pattern = Annotated[str, Meta(min_length=1, max_length=2_000)]
ACTIONS = ("say", "interrupt", "key", "silence_s", "expect", "absent", "tool", "judge", "ended")
BELONGS_TO = {
    "after_ms": ("interrupt",),
    "with": ("tool",),
    "within_ms": ("interrupt", "expect", "absent", "tool", "judge", "ended"),
}
"""The actions that a key of a step may go with; other keys go with all."""
CALLERS = ("say", "interrupt", "key", "silence_s")
"""The keys of a step that are actions of the caller."""


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One step: exactly one of `ACTIONS`, and what belongs to it."""

    say: str | None = None
    """What the caller says once the agent has finished."""
    interrupt: str | None = None
    """What the caller says while the agent speaks, `after_ms` after it began to."""
    after_ms: Annotated[int, Meta(ge=0, le=600_000)] = 500
    """Milliseconds after the agent begins to speak at which the caller interrupts it."""
    key: Annotated[str, Meta(pattern=r"^[0-9*#A-D]{1,32}\Z")] | None = None
    """The keys of the telephone that the caller presses."""
    silence_s: Annotated[float, Meta(gt=0, le=3_600)] | None = None
    """Seconds for which the caller does nothing, once the agent has finished."""
    expect: Pattern | None = None
    """What the agent says after the caller's last words: a regular expression, matched without regard to case."""
    absent: Pattern | None = None
    """What the agent must not say in all of its answer: a regular expression."""
    tool: str | None = None
    """The name of a tool that is called after the caller's last words."""
    arguments: dict[str, Any] = msgspec.field(default_factory=dict, name="with")
    """Arguments that the tool is called with; it may have further ones."""
    judge: Pattern | None = None
    """A statement about the conversation so far that a language model has to find true."""
    ended: Ending | None = None
    """How the session ends."""
    within_ms: Annotated[int, Meta(ge=1, le=600_000)] = 30_000
    """Milliseconds after the caller's last words within which the expected has to happen."""

    @property
    def action(self) -> str:
        """Which of `ACTIONS` this is."""
        return next(name for name in ACTIONS if getattr(self, name) is not None)


class Call(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A call of a tool by a scripted model."""

    tool: str
    arguments: dict[str, Any] = msgspec.field(default_factory=dict, name="with")


class Reply(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a scripted model does when it is asked: it waits, says something, calls tools."""

    say: str = ""
    calls: tuple[Call, ...] = ()
    after_ms: Annotated[int, Meta(ge=0, le=600_000)] = 300


class Persona(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A caller who is played by a language model, or says what is written, whatever the agent says."""

    who: Annotated[str, Meta(max_length=4_000)] = ""
    """Who the caller is, what they know and what they want; a language model plays them."""
    says: tuple[str, ...] = ()
    """What the caller says in turn, in place of a language model."""
    max_turns: Annotated[int, Meta(ge=1, le=100)] = 12
    """How often the caller says something before they hang up."""


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One conversation with an agent: what the caller does, and what is expected."""

    name: Annotated[str, Meta(min_length=1, max_length=200)]
    steps: Annotated[tuple[Step, ...], Meta(min_length=1)]
    persona: Persona | None = None
    """The caller who talks with the agent first, until one of them hangs up; the steps then say what is expected of the
    whole conversation."""
    agent: str = ""
    """The agent that is talked with; unset: the one that the file names."""
    caller: str = ""
    """The number of a caller on the telephone; unset: the caller is in a browser."""
    context: dict[str, Any] = {}
    """What is known of the session, like the `context` of a call."""
    model: tuple[Reply, ...] = ()
    """The replies of a scripted model, one for each request; unset: the model of the settings answers."""


def needs_people(scenario: Scenario) -> str:
    """The place in a scenario for which a language model is needed besides the agent's; empty if there is none."""
    if scenario.persona is not None and not scenario.persona.says:
        return "persona"
    return next((f"steps[{index}].judge" for index, step in enumerate(scenario.steps) if step.judge is not None), "")


class Suite(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The scenarios of one file."""

    scenarios: Annotated[tuple[Scenario, ...], Meta(min_length=1)]
    agent: str = ""
    """The agent of scenarios that name none; unset: the agent of a session that names none."""


def read_suite(file: Path) -> Suite:
    """The scenarios of a file.

    Raises:
        AgentFileError: it cannot be used: names file, place and reason.
    """
    raw = read_yaml(file)
    try:
        suite = msgspec.convert(raw, Suite)
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at ")
        located = path.strip("`").removeprefix("$").lstrip(".")
        raise AgentFileError(file, located, explained(reason, located, Suite)) from None
    seen: set[str] = set()
    for number, scenario in enumerate(suite.scenarios):
        if scenario.name in seen:
            raise AgentFileError(file, f"scenarios[{number}].name", f"there are two scenarios {scenario.name}")
        seen.add(scenario.name)
        _require_somebody(file, f"scenarios[{number}].persona", scenario.persona)
        for index, step in enumerate(scenario.steps):
            path = f"scenarios[{number}].steps[{index}]"
            _require_one_action(file, path, step)
            _require_its_own(file, path, step, raw["scenarios"][number]["steps"][index])
            if scenario.persona is not None and step.action in CALLERS:
                raise AgentFileError(file, path, f"the caller is played by persona: {step.action} cannot be a step")
    return suite


def _require_somebody(file: Path, path: str, persona: Persona | None) -> None:
    if persona is not None and bool(persona.who) == bool(persona.says):
        raise AgentFileError(file, path, "a persona has either who, for a language model, or says")


def _require_its_own(file: Path, path: str, step: Step, written: Mapping[str, Any]) -> None:
    """A step has nothing that belongs to another action: it would be passed over without a word."""
    for name, actions in BELONGS_TO.items():
        if name in written and step.action not in actions:
            reason = f"{name} belongs to {' and '.join(actions)}, and this step is {step.action}"
            raise AgentFileError(file, f"{path}.{name}", reason)


def _require_one_action(file: Path, path: str, step: Step) -> None:
    actions = [name for name in ACTIONS if getattr(step, name) is not None]
    if len(actions) != 1:
        found = f"it has {' and '.join(actions)}" if actions else "it has none"
        raise AgentFileError(file, path, f"a step is exactly one of {', '.join(ACTIONS)}: {found}")
    for name in ("expect", "absent"):
        if (pattern := getattr(step, name)) is not None:
            try:
                re.compile(pattern)
            except re.error as error:
                raise AgentFileError(file, f"{path}.{name}", f"is no regular expression: {error}") from None

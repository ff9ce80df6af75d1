"""Reads agents from YAML files. Everything wrong with a file is said in one line.

`NAME.yaml` is the agent. Its dialogue, which only the keyless engine `script` needs, is a key of that file, or all of
`NAME.dialogue.yaml` beside it: a long one would hide the agent.
"""

import re
from collections.abc import Collection, Iterable, MutableMapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import yaml
from yaml.reader import ReaderError

from actors.agent import Agent, Guardrail
from actors.rules.unicode_text import is_speakable
from actors.tools import AnyTool
from actors.variables import BUILT_IN, is_open, texts_of, variables_in
from app.agents.agent_tools import NoToolError, tool_named
from app.agents.handoffs import handoff_faults
from app.agents.knowledge import Knowledge, KnowledgeError, knowledge_tool
from app.agents.mcp_servers import mcp_faults, with_mcp_tools
from app.agents.nearest import explained, with_nearest, with_nearest_file
from app.agents.phrases_by_language import with_phrases_of_its_languages
from app.agents.session_hook import require_hook
from app.agents.yaml_loading import explained_problem, load_yaml
from app.dialogue.check import dialogue_faults
from app.dialogue.schema import Dialogue, ScriptedAgent, dialogue_of
from app.errors import AppError
from app.mcp.tool import McpTool
from app.plugins import PluginError
from app.records.redaction import compiled
from config.errors import ConfigurationError

_SUFFIXES = (".yaml", ".yml")
_DIALOGUE = ".dialogue"
"""Stands between an agent's name and the suffix in the name of a file that holds nothing but its dialogue."""

MAX_FILE_BYTES = 4_000_000
"""The most bytes of one file, which take a second to read; a long dialogue has a fortieth of them."""

T = TypeVar("T", bound=msgspec.Struct)


class AgentFileError(AppError, ConfigurationError):
    """An agent's file cannot be used: which, where in it, and why. One line."""

    def __init__(self, file: Path, path: str, reason: str) -> None:
        self.file = file
        self.path = path
        self.reason = " ".join(reason.split())
        super().__init__(f"{file}: {path}: {self.reason}" if path else f"{file}: {self.reason}")


def load_agents(directory: str | Path, tools: MutableMapping[str, AnyTool]) -> dict[str, Agent]:
    """All agents of a directory, by name.

    `tools` gets what the agents name as `package.module:name`, under the tools' own names.

    Raises:
        AgentFileError: a file cannot be used, or there is none.
    """
    folder = Path(directory)
    if not folder.is_dir():
        raise AgentFileError(folder, "", f"there is no agent: no such directory in {Path.cwd()}, see AGENTS_DIRECTORY")
    found = sorted(path for path in folder.iterdir() if path.suffix in _SUFFIXES)
    files = [path for path in found if not path.stem.endswith(_DIALOGUE)]
    _require_agents(set(found) - set(files), {file.stem for file in files})
    if not files:
        raise AgentFileError(folder, "", "there is no agent in this directory: it holds no .yaml file")
    agents: dict[str, Agent] = {}
    for file in files:
        agent = load_agent(file, tools)
        if agent.name in agents:
            raise AgentFileError(file, "name", f"there are two files for the agent {agent.name}")
        agents[agent.name] = agent
    for file in files:
        fault = next(handoff_faults(agents[file.stem], agents), None)
        if fault is not None:
            raise AgentFileError(file, fault.path, fault.reason)
    return agents


def load_agent(file: Path, tools: MutableMapping[str, AnyTool]) -> Agent:
    """The agent of one file, with the dialogue that stands in the file beside it, if there is one.

    Raises:
        AgentFileError: the file, or that of the dialogue, cannot be used.
    """
    raw = read_yaml(file)
    agent = _converted(file, raw, with_phrases_of_its_languages(raw), ScriptedAgent)
    if agent.name != file.stem:
        raise AgentFileError(
            file, "name", f"the file of the agent {agent.name} must be named {agent.name}{file.suffix}"
        )
    source, prefix = file, "dialogue."
    if (beside := _dialogue_beside(file)) is not None:
        if agent.dialogue is not None:
            raise AgentFileError(file, "dialogue", f"the agent has another one in {beside.name}")
        raw, source, prefix = read_yaml(beside), beside, ""
        agent = msgspec.structs.replace(agent, dialogue=_converted(beside, raw, raw, Dialogue))
    _require_variables(file, agent)
    _require_languages(file, agent)
    _require_patterns(file, agent)
    _require_lexicon(file, agent)
    _require_hook(file, agent)
    equipped = _with_servers(file, _with_knowledge(file, _with_tools(file, agent, tools), tools), tools)
    if (dialogue := dialogue_of(equipped)) is not None:
        names = (*equipped.tools, *(each.tool for each in equipped.handoffs))
        # What a tool of a server takes is known when that is connected.
        own = (tools[name] for name in equipped.tools if not isinstance(tools[name], McpTool))
        takes = {each.name: each.schema.parameters for each in own}
        fault = next(dialogue_faults(dialogue, names, takes), None)
        if fault is not None:
            raise AgentFileError(source, prefix + fault.path, fault.reason)
    return equipped


def _dialogue_beside(file: Path) -> Path | None:
    """The file that holds the dialogue of the agent of `file` alone, if there is one."""
    named = (file.with_name(f"{file.stem}{_DIALOGUE}{suffix}") for suffix in _SUFFIXES)
    return next((path for path in named if path.exists()), None)


def _require_agents(dialogues: Iterable[Path], agents: Collection[str]) -> None:
    for path in sorted(dialogues):
        name = path.stem.removesuffix(_DIALOGUE)
        if name not in agents:
            raise AgentFileError(path, "", f"is the dialogue of no agent: there is no {name}{path.suffix} beside it")


def _converted(file: Path, raw: Any, completed: Any, kind: type[T]) -> T:
    """`completed` as a `kind`. `raw` is what the file holds of it."""
    try:
        return msgspec.convert(completed, kind)
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at ")
        located = _located(path.strip("`"), raw)
        raise AgentFileError(file, located, explained(reason, located, kind)) from None


def _with_tools(file: Path, agent: Agent, tools: MutableMapping[str, AnyTool]) -> Agent:
    """The agent with its tools under their own names."""
    names: list[str] = []
    for index, named in enumerate(agent.tools):
        path = f"tools[{index}]"
        try:
            name = tool_named(named, tools).name
        except NoToolError as error:
            raise AgentFileError(file, path, str(error)) from None
        if name in names:
            raise AgentFileError(file, path, f"the tool {name} is named twice")
        names.append(name)
    return msgspec.structs.replace(agent, tools=tuple(names))


def _with_knowledge(file: Path, agent: Agent, tools: MutableMapping[str, AnyTool]) -> Agent:
    """The agent with the tool by which its model searches what it knows, if it has such a folder."""
    if not agent.knowledge:
        return agent
    try:
        search = knowledge_tool(agent.name, Knowledge(file.parent / agent.knowledge))
    except KnowledgeError as error:
        raise AgentFileError(file, "knowledge", str(error)) from None
    tools[search.name] = search
    return msgspec.structs.replace(agent, tools=(*agent.tools, search.name))


def _with_servers(file: Path, agent: Agent, tools: MutableMapping[str, AnyTool]) -> Agent:
    """The agent with the tools of its MCP servers."""
    fault = next(mcp_faults(agent, tools), None)
    if fault is not None:
        raise AgentFileError(file, fault.path, fault.reason)
    return with_mcp_tools(agent, tools)


def _require_variables(file: Path, agent: Agent) -> None:
    """Every variable in a text is known, and none is declared that every agent has anyway."""
    for name in agent.variables:
        if name in BUILT_IN:
            raise AgentFileError(file, f"variables.{name}", "every agent has this variable: choose another name")
    known = {*agent.variables, *BUILT_IN}
    for path, text in texts_of(agent):
        if is_open(text):
            raise AgentFileError(file, path, "a variable that begins with {{ does not end with }}")
        for name in variables_in(text):
            if name not in known:
                reason = f"there is no variable {name}: declare it under variables"
                raise AgentFileError(file, path, with_nearest(reason, name, known))


def _require_languages(file: Path, agent: Agent) -> None:
    """What an agent has for a language is for one of its own, and not for its first, of which the file itself is."""
    for language in agent.in_language:
        if language not in agent.languages[1:]:
            reason = f"{language} is none of its languages but the first"
            raise AgentFileError(file, f"in_language.{language}", with_nearest(reason, language, agent.languages[1:]))


def _require_patterns(file: Path, agent: Agent) -> None:
    for index, rail in enumerate(agent.guardrails):
        if bool(rail.pattern) == bool(rail.topic):
            raise AgentFileError(file, f"guardrails[{index}]", "a guardrail has either a pattern or a topic")
        if rail.topic:
            _require_topic(file, index, rail)
            continue
        try:
            matches_nothing = re.compile(rail.pattern).search("") is None
        except re.error as error:
            raise AgentFileError(file, f"guardrails[{index}].pattern", f"is no regular expression: {error}") from None
        if not matches_nothing:
            raise AgentFileError(file, f"guardrails[{index}].pattern", "finds something in every text")
    try:
        compiled(agent.redact)
    except ValueError as error:
        raise AgentFileError(file, "redact", str(error)) from None


def _require_topic(file: Path, index: int, rail: Guardrail) -> None:
    if not is_speakable(rail.topic):
        raise AgentFileError(file, f"guardrails[{index}].topic", "says nothing by which a model could judge")


def _require_lexicon(file: Path, agent: Agent) -> None:
    """Every word of the voice's lexicon can be found in a text, once, and is said by something that can be spoken."""
    seen: set[str] = set()
    for index, entry in enumerate(agent.voice.lexicon):
        path = f"voice.lexicon[{index}]"
        if not is_speakable(entry.word) or entry.word != entry.word.strip():
            reason = "is no word: it needs a letter or a digit, and no blank around it"
            raise AgentFileError(file, f"{path}.word", reason)
        if entry.word in seen:
            raise AgentFileError(file, f"{path}.word", f"{entry.word} is there twice")
        if not is_speakable(entry.say):
            raise AgentFileError(file, f"{path}.say", f"{entry.word} needs letters by which it is said")
        seen.add(entry.word)


def _require_hook(file: Path, agent: Agent) -> None:
    if agent.on_session:
        try:
            require_hook(agent.on_session)
        except PluginError as error:
            raise AgentFileError(file, "on_session", str(error)) from None


def read_yaml(file: Path) -> Any:
    """What a YAML file holds.

    Raises:
        AgentFileError: it cannot be read, is empty, or is no YAML.
    """
    try:
        with file.open("rb") as opened:
            content = opened.read(MAX_FILE_BYTES + 1)
        if len(content) > MAX_FILE_BYTES:
            raise AgentFileError(file, "", f"is larger than {MAX_FILE_BYTES // 1_000_000} MB")
        raw = load_yaml(content.decode())
    except FileNotFoundError as error:
        reason = f"cannot be read: {error.strerror}"
        raise AgentFileError(file, "", with_nearest_file(reason, file)) from None
    except OSError as error:
        raise AgentFileError(file, "", f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise AgentFileError(file, "", "is no UTF-8 text") from None
    except ReaderError as error:
        raise AgentFileError(file, "", f"is no YAML: character {error.position + 1} is a control character") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise AgentFileError(file, where, explained_problem(error.problem or "is no YAML")) from None
    except (yaml.YAMLError, RecursionError):
        raise AgentFileError(file, "", "is no YAML") from None
    if raw is None:
        raise AgentFileError(file, "", "is empty")
    return raw


def _located(path: str, raw: Any) -> str:
    """msgspec's `$.dialogue.slots[...].prompt[0]` as `dialogue.slots.day.prompt[0]`: it leaves out a mapping's keys.

    A key that is wrong itself it tells as ``key` in `$.variables``.
    """
    named = path.removeprefix("key` in `").removeprefix("$").lstrip(".")
    before, unnamed, after = (
        f"{named}[...]".partition("[...]") if path.startswith("key` in") else named.partition("[...]")
    )
    in_dialogue = before.removeprefix("dialogue.")
    if not unnamed or (in_dialogue not in ("slots", "synonyms") and before not in ("variables", "in_language")):
        return named
    dialogue = raw["dialogue"] if in_dialogue != before else raw
    keys = (key for key, value in dialogue[in_dialogue].items() if not _is_right(in_dialogue, key, value))
    return f"{before}.{next(keys, '*')}{after.removesuffix('[...]')}"


def _is_right(field: str, key: Any, value: Any) -> bool:
    """Whether one entry of a mapping of an agent or its dialogue is right by itself."""
    kind, needed = (Dialogue, {}) if field in ("slots", "synonyms") else (Agent, {"name": "a", "label": "A"})
    try:
        msgspec.convert({**needed, field: {key: value}}, kind)
    except msgspec.ValidationError:
        return False
    return True

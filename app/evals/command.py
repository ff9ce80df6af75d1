"""`python -m app eval FILE...`: holds the conversations of the files, and tells what came of them."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self

import msgspec

from actors.agent import Agent
from actors.errors import SynthesizerError
from actors.ports.llm import LanguageModel
from actors.runtime.background_tasks import BackgroundTasks
from actors.runtime.clock import LoopClock, run_virtual
from actors.tools import AnyTool
from app.agents.agent_files import AgentFileError, load_agents
from app.agents.handoffs import handoff_tools, team_of
from app.agents.nearest import with_nearest
from app.engines.choice import chosen
from app.engines.making import make_engines, make_model
from app.engines.preparation import prepare_recognizer, prepare_voice_activity
from app.evals.caller import Heard
from app.evals.conversation import Outcome, hold
from app.evals.microphone import Audio, spoken_lines
from app.evals.people import People
from app.evals.progress import Progress
from app.evals.report import Result, as_json, as_junit, failure_lines, line_of, summary
from app.evals.scenario import Scenario, Suite, needs_people, read_suite
from app.mcp.servers import McpServers
from app.providers.openai_chat.model import create_openai
from app.server.lifecycle import Lifecycle
from app.stores.memory import MemoryStore
from app.tools import load_tools
from config.errors import SettingsError
from config.groups.openai import OpenAI
from config.settings import Settings

VIRTUAL_MODELS = ("script", "absent")
"""Models of this process, with which a conversation runs in virtual time. All others answer in real time."""


class Evaluation(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for at the command line."""

    files: tuple[Path, ...]
    repeat: int = 1
    junit: Path | None = None
    json: Path | None = None
    audio: Audio | None = None
    """How callers speak and are heard; None if they type."""
    connects: bool = False
    """Whether the agents' MCP servers are connected to; if not, each of their tools answers that its server is
    unreachable."""


class _Cast(msgspec.Struct, frozen=True):
    """Who takes part: the agents, their tools, and the settings that name the model."""

    agents: Mapping[str, Agent]
    tools: Mapping[str, AnyTool]
    settings: Settings

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The agents of the settings, with MCP servers that no conversation has connected to yet."""
        tools = load_tools()
        return cls(load_agents(settings.agents.directory, tools), tools, settings)


def evaluate(asked: Evaluation, settings: Settings, tell: Callable[[str], None] = print) -> bool:
    """Hold every scenario of the files; whether each run of each came out as expected.

    Args:
        asked: the files, how often, and where to write what came of it.
        settings: agents and language model are those of the server.
        tell: called with each line for people.

    Raises:
        AgentFileError: a file of scenarios, or of an agent, cannot be used.
        ConfigurationError, ToolDefinitionError: as when the server starts.
    """
    # What goes wrong in a conversation is in its timeline; the log would say it again for each run.
    logging.getLogger("earshot").setLevel(logging.ERROR)
    for written in filter(None, (asked.junit, asked.json)):
        _require_writable(written)
    cast = _Cast.of(settings)
    suites = [(file, _with_agents(file, read_suite(file), cast)) for file in asked.files]
    results: list[Result] = []
    progress = Progress(asked.repeat * sum(len(suite.scenarios) for _, suite in suites))
    progress.show()
    for file, suite in suites:
        for scenario in suite.scenarios:
            runs = _runs(scenario, cast, asked, progress)
            result = Result(file=str(file), name=scenario.name, runs=runs)
            results.append(result)
            progress.clear()
            tell(line_of(result))
            if (failure := result.first_failure) is not None:
                for line in failure_lines(failure):
                    tell(line)
            progress.show()
    progress.clear()
    tell(summary(results))
    for path, as_file in ((asked.junit, as_junit), (asked.json, as_json)):
        if path is not None:
            path.write_bytes(as_file(results))
    return all(result.is_passed for result in results)


def _with_agents(file: Path, suite: Suite, cast: _Cast) -> Suite:
    """The suite with an agent for each scenario."""
    scenarios = []
    for index, scenario in enumerate(suite.scenarios):
        default = suite.agent or cast.settings.agents.default or min(cast.agents)
        name = scenario.agent or default
        if name not in cast.agents:
            path = f"scenarios[{index}].agent" if scenario.agent else "agent"
            raise AgentFileError(file, path, with_nearest(f"there is no agent {name}", name, cast.agents))
        if (place := needs_people(scenario)) and not cast.settings.evals.model:
            reason = "a language model is needed for it: set EVAL_MODEL, and EVAL_BASE_URL or EVAL_API_KEY"
            raise AgentFileError(file, f"scenarios[{index}].{place}", reason)
        _require_tools(file, index, scenario, cast.agents[name], cast)
        scenarios.append(msgspec.structs.replace(scenario, agent=name))
    return msgspec.structs.replace(suite, scenarios=tuple(scenarios))


def _require_tools(file: Path, number: int, scenario: Scenario, agent: Agent, cast: _Cast) -> None:
    """See that each tool whose call is expected is one of the agent's, or of an agent that it may hand off to."""
    agents = (agent, *team_of(agent, cast.agents))
    if any(each.mcp_servers for each in agents):
        # Which tools an MCP server has is known only when it is connected.
        return
    known = {name for each in agents for name in (*each.tools, *handoff_tools(each, cast.agents))}
    known |= {call.tool for reply in scenario.model for call in reply.calls}
    for index, step in enumerate(scenario.steps):
        if step.tool is not None and step.tool not in known:
            reason = with_nearest(f"the agent {agent.name} has no tool {step.tool}", step.tool, known)
            raise AgentFileError(file, f"scenarios[{number}].steps[{index}].tool", reason)


def _require_writable(path: Path) -> None:
    """See that results can be written to `path`, before anybody waits for them."""
    if path.is_dir() or not path.parent.is_dir():
        reason = "is a directory" if path.is_dir() else f"there is no directory {path.parent}"
        raise AgentFileError(path, "", f"the results cannot be written: {reason}")


def _runs(scenario: Scenario, cast: _Cast, asked: Evaluation, progress: Progress) -> tuple[Outcome, ...]:
    outcomes = []
    for _ in range(asked.repeat):
        outcomes.append(_run(scenario, cast, asked))
        progress.advance()
    return tuple(outcomes)


def _run(scenario: Scenario, cast: _Cast, asked: Evaluation) -> Outcome:
    """Hold one conversation: on virtual time, unless its model or a tool is somewhere else, or its caller speaks."""
    is_local = bool(scenario.model) or chosen(cast.settings)["language_model"].name in VIRTUAL_MODELS
    is_virtual = is_local and not needs_people(scenario) and asked.audio is None and not asked.connects
    main = _hold_connected(scenario, cast, asked.audio) if asked.connects else _hold(scenario, cast, asked.audio)
    return run_virtual(main) if is_virtual else asyncio.run(main)


async def _hold_connected(scenario: Scenario, cast: _Cast, audio: Audio | None) -> Outcome:
    """Hold one conversation with MCP servers of its own.

    Raises:
        SettingsError: one cannot be used.
    """
    cast = _Cast.of(cast.settings)
    mcp = McpServers(cast.tools)
    try:
        await mcp.start(Lifecycle())
        for server in mcp.servers:
            await server.tried.wait()
            if server.fault:
                raise SettingsError(f"the MCP server {server.name} cannot be used: {server.fault}")
        return await _hold(scenario, cast, audio)
    finally:
        await mcp.stop()


async def _hold(scenario: Scenario, cast: _Cast, audio: Audio | None) -> Outcome:
    heard = await _heard(scenario, cast, audio) if audio is not None else None
    model: LanguageModel = make_model(cast.settings, LoopClock())
    players = _players(cast.settings) if needs_people(scenario) else None
    try:
        people = People(players) if players is not None else None
        return await hold(scenario, cast.agents, cast.tools, model, people, heard)
    finally:
        await model.close()
        if heard is not None:
            await heard.engines.recognizer.close()
            await heard.engines.synthesizer.close()
        if players is not None:
            await players.close()


async def _heard(scenario: Scenario, cast: _Cast, audio: Audio) -> Heard:
    """What a caller who speaks is heard with, once it is loaded, and what they are to say, spoken.

    Raises:
        SettingsError: the synthesizer cannot speak it.
    """
    engines = make_engines(cast.settings, LoopClock(), BackgroundTasks(), MemoryStore())
    await prepare_voice_activity(engines, _told)
    await prepare_recognizer(engines, (), _told)
    said = [step.say or step.interrupt or "" for step in scenario.steps]
    said += scenario.persona.says if scenario.persona is not None else ()
    try:
        lines = await spoken_lines(engines.synthesizer, [text for text in said if text])
    except SynthesizerError as error:
        raise SettingsError(f"SPEECH_SYNTHESIZER cannot speak what a caller is to say: {error}") from None
    return Heard(engines, audio, lines)


def _told(part: str, cause: str) -> None:
    logging.getLogger(__name__).error("%s is degraded: %s", part, cause)


def _players(settings: Settings) -> LanguageModel:
    """The language model that plays callers and judges."""
    evals = settings.evals
    service = OpenAI(model=evals.model, base_url=evals.base_url, api_key=evals.api_key)
    try:
        return create_openai(msgspec.structs.replace(settings, openai=service))
    except SettingsError as error:
        raise SettingsError(str(error).replace("OPENAI_", "EVAL_")) from None


def paths(names: Sequence[str]) -> tuple[Path, ...]:
    """The files that are named; of a directory all that it holds.

    Raises:
        AgentFileError: a directory holds none, so that nothing could fail.
    """
    found: list[Path] = []
    for path in map(Path, names):
        files = sorted(path.glob("*.y*ml")) if path.is_dir() else [path]
        if not files:
            raise AgentFileError(path, "", "there is no scenario in this directory: it holds no .yaml file")
        found += files
    return tuple(found)

"""Whole sessions whose model calls tools of real MCP servers: by voice and by text, in time and late, allowed and not.

One session asks for everything in turn: what goes wrong with one call, or with one server, costs the next one nothing.
"""

import asyncio
import json
import re
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from actors.agent import Agent
from actors.conversation import Role
from actors.messages.caller import TextEntered
from actors.messages.model import ToolFinished
from actors.messages.output import ReplyHeard, ReplyText
from actors.ports.llm import ModelEvent, ModelRequest, ReplyGenerated, TextGenerated, ToolCalled
from actors.rules.tools.confirmation import TO_BE_CONFIRMED
from actors.session.modes.voice_live import VOICE_LIVE
from actors.session.tools.approvals import Decision
from actors.tools import AnyTool
from app.agents.agent_files import load_agents
from app.mcp.servers import McpServers
from app.providers.absent import AbsentRecognizer
from app.providers.realtime.model import RealtimeService
from app.server.lifecycle import Lifecycle
from app.tools import load_tools
from tests.cloud.realtime.emulator import RealtimeEmulator
from tests.cloud.realtime.replies import Call, Heard, Reply
from tests.kit.fakes import FakeModel
from tests.kit.session_kit import Ear, Stage, stage
from tests.service.providers.realtime.conversing import ga

WAIT_S = 60.0
DESK = {
    "name": "desk",
    "label": "Desk",
    "mcp_servers": [
        {
            "name": "crm",
            "command": sys.executable,
            "args": ["-m", "tests.kit.mcp_servers.crm"],
            "tools": ["find_customer", "book-visit", "fail", "long", "die"],
            "confirm": ["book-visit"],
            "approval": ["long"],
            "timeout_s": 60,  # none of these takes any time, but this machine may have none for them
        },
        {
            "name": "late",
            "command": sys.executable,
            "args": ["-m", "tests.kit.mcp_servers.crm"],
            "tools": ["find_customer", "slow"],
            "timeout_s": 2,
        },
        {
            "name": "bad",
            "command": sys.executable,
            "args": ["-m", "tests.kit.mcp_servers.broken", "rubbish"],
            "tools": ["find_customer"],
        },
    ],
}
CALL = re.compile(r"call (\w+) (\{.*\})")


def obedient(request: ModelRequest) -> Sequence[ModelEvent | float]:
    """Calls the tool that the user names, whether there is one or not, and answers in a word when it is back."""
    last = request.messages[-1]
    if last.role is not Role.TOOL and (found := CALL.search(last.text)):
        return [ToolCalled(call_id="c", name=found[1], arguments=found[2]), ReplyGenerated()]
    return [TextGenerated("Well."), ReplyGenerated()]


class Desk:
    """A session with an agent whose tools are those of the servers."""

    def __init__(self, on: Stage, model: FakeModel) -> None:
        self._on = on
        self._model = model
        self._asked = 0

    async def result(self) -> str:
        """What the next call came to, as the model is told it; the caller has heard a reply to it by then."""
        self._asked += 1
        await self._on.ear.until_count(ToolFinished, self._asked, WAIT_S)
        # "Well." is what the model says of it.
        await self._on.ear.until(lambda ear: sum("Well" in each.text for each in ear.of(ReplyText)) >= self._asked)
        return self._on.ear.of(ToolFinished)[-1].outcome.text

    async def call(self, tool: str, **arguments: object) -> str:
        """What a call comes to that the caller asks for by typing."""
        self._on.entry.deliver(TextEntered(f"call {tool} {json.dumps(arguments)}"))
        return await self.result()

    async def call_until(self, wanted: str, meanwhile: str, tool: str, **arguments: object) -> None:
        """Call it until it comes to what is wanted, and not to what it may come to meanwhile."""
        async with asyncio.timeout(WAIT_S):
            while meanwhile in (found := await self.call(tool, **arguments)):
                pass
        assert wanted in found

    async def say(self) -> str:
        """The same by voice; what they say is the first of the utterances."""
        await self._on.talk(800)
        return await self.result()

    async def approved(self, tool: str, decision: Decision) -> str:
        """What a call comes to of which an operator decides so."""
        self._on.entry.deliver(TextEntered(f"call {tool} {{}}"))
        approvals = self._on.entry.tool_runs.approvals
        async with asyncio.timeout(WAIT_S):
            while not approvals.pending():  # noqa: ASYNC110  nobody tells when one is asked for
                await asyncio.sleep(0.01)
        approvals.decide(approvals.pending()[0].approval_id, decision)
        return await self.result()

    def offered(self) -> set[str]:
        """The tools that the model is told of."""
        return {each.name for each in self._model.requests[-1].tools}


SPOKEN: tuple[tuple[Call, Decision | None, str], ...] = (
    (Call("crm_find_customer", {"number": "7"}), None, "Customer 7"),
    (Call("crm_find_customer", {"number": [7]}), None, "number: Expected `str`"),
    (Call("crm_book_visit", {"day": "Monday"}), None, TO_BE_CONFIRMED),
    (Call("crm_book_visit", {"day": "Monday"}), None, "booked for Monday"),
    (Call("crm_long"), Decision.DECLINE, "an operator declined it"),
    (Call("crm_long"), Decision.APPROVE, "word word"),
    (Call("late_slow"), None, "took longer than 2 seconds"),
    (Call("bad_find_customer", {"number": "7"}), None, "its service cannot be reached"),
    (Call("crm_die"), None, "it is not known whether this was done"),
)
"""What a model calls that hears and speaks, what an operator decides of it, and what it comes to."""


async def test_they_are_called_by_a_model_that_hears_and_speaks(tmp_path: Path) -> None:
    async with of_the_desk(tmp_path) as (agent, mine), RealtimeEmulator() as service:
        service.plan.replies.extend(
            reply for call, _, _ in SPOKEN for reply in (Reply(calls=(call,)), Reply(text="Well."))
        )
        service.plan.heard.extend(Heard() for _ in SPOKEN)
        model = RealtimeService(ga(service))
        beside: Any = AbsentRecognizer()
        async with stage(mode=VOICE_LIVE, agent=agent, tools=mine, recognizer=beside, realtime=model) as on:
            async with asyncio.timeout(WAIT_S):
                far = await service.session()
            await far.received.until(lambda message: message["type"] == "session.update", WAIT_S)
            approvals = on.entry.tool_runs.approvals
            for number, (call, decision, expected) in enumerate(SPOKEN, 1):
                await on.talk(700)
                if decision is not None:
                    await on.ear.until(lambda _: approvals.pending(), WAIT_S)
                    approvals.decide(approvals.pending()[0].approval_id, decision)
                await on.ear.until_count(ToolFinished, number, WAIT_S)
                assert expected in on.ear.of(ToolFinished)[-1].outcome.text, call
                await until_said_well(on.ear, number)
            items = far.received.where(lambda message: message["type"] == "conversation.item.create")
            told = [each["item"]["output"] for each in items if each["item"]["type"] == "function_call_output"]
            assert [expected in text for (_, _, expected), text in zip(SPOKEN, told, strict=True)] == [True] * len(told)
            assert on.ear.ended is None
        await model.close()


async def until_said_well(ear: Ear, count: int) -> None:
    """Wait until the caller has heard so often what the model says of a call."""
    await ear.until(lambda _: sum(reply.text == "Well." for reply in ear.of(ReplyHeard)) >= count, WAIT_S)


@asynccontextmanager
async def of_the_desk(folder: Path) -> AsyncIterator[tuple[Agent, Mapping[str, AnyTool]]]:
    """An agent and its tools, which are those of MCP servers that run."""
    (folder / "desk.yaml").write_text(json.dumps(DESK))
    tools, lifecycle = dict(load_tools()), Lifecycle()
    agent = load_agents(folder, tools)["desk"]
    mine = {name: tools[name] for name in agent.tools}
    servers = McpServers(mine)
    await servers.start(lifecycle)
    try:
        async with asyncio.timeout(WAIT_S):
            for server in servers.servers:
                await server.tried.wait()
        limits = msgspec.structs.replace(agent.limits, no_input_s=600)
        yield msgspec.structs.replace(agent, greeting="", limits=limits), mine
    finally:
        await servers.stop()


async def test_the_tools_of_mcp_servers_in_a_conversation(tmp_path: Path) -> None:
    (tmp_path / "desk.yaml").write_text(json.dumps(DESK))
    tools, lifecycle = dict(load_tools()), Lifecycle()
    agent = load_agents(tmp_path, tools)["desk"]
    servers = McpServers({name: tools[name] for name in agent.tools})
    await servers.start(lifecycle)
    model = FakeModel(obedient)
    try:
        async with asyncio.timeout(WAIT_S):
            for server in servers.servers:
                await server.tried.wait()
        spoken = 'call crm_find_customer {"number": "7"}'
        mine = {name: tools[name] for name in agent.tools}
        agent = msgspec.structs.replace(agent, limits=msgspec.structs.replace(agent.limits, no_input_s=600))
        async with stage(agent=agent, model=model, tools=mine, utterances=[spoken]) as on:
            desk = Desk(on, model)
            assert "Customer 7" in await desk.say()
            await _arguments_and_refusals(desk)
            await _allowed_first(desk)
            await _in_trouble(desk)
            assert on.ear.ended is None
    finally:
        await servers.stop()


async def _arguments_and_refusals(desk: Desk) -> None:
    assert "number: Expected `str`" in (wrong := await desk.call("crm_find_customer", number=[7])), wrong
    assert "Error executing tool fail" in await desk.call("crm_fail")
    # What the file does not list is neither offered nor called, though the server has it.
    assert desk.offered() == {
        "crm_find_customer",
        *("crm_book_visit", "crm_fail", "crm_long", "crm_die"),
        *("late_find_customer", "late_slow", "bad_find_customer"),
    }
    assert "there is no tool named crm_not_offered" in await desk.call("crm_not_offered")


async def _allowed_first(desk: Desk) -> None:
    assert "wrong arguments" in await desk.call("crm_book_visit")
    assert TO_BE_CONFIRMED in await desk.call("crm_book_visit", day="Monday")
    assert "booked for Monday" in await desk.call("crm_book_visit", day="Monday")
    assert "an operator declined it" in await desk.approved("crm_long", Decision.DECLINE)
    assert "word word" in await desk.approved("crm_long", Decision.APPROVE)


async def _in_trouble(desk: Desk) -> None:
    assert "took longer than 2 seconds" in await desk.call("late_slow")
    await desk.call_until("Customer 9", "took longer", "late_find_customer", number="9")
    assert "its service cannot be reached" in await desk.call("bad_find_customer", number="7")
    assert "it is not known whether this was done" in await desk.call("crm_die")
    # It is started again in the background; until then callers are told so at once.
    await desk.call_until("Customer 8", "cannot be reached", "crm_find_customer", number="8")

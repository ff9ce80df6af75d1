"""Callers and the keyless agent talking in text, as the orchestrator would let them.

`python -m tests.eval.conversation` prints how many reach their goal, and the conversations of those that do not.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from actors.conversation import ChatMessage, Memory, Role, ToolRequest
from actors.ports.llm import MemoryUpdated, ModelRequest, ReplyGenerated, TextGenerated, ToolCalled
from actors.tools import ToolContext, ToolEnding
from app.dialogue.model import ScriptModel
from app.tools import load_tools
from app.tools.appointments import CALENDAR
from tests.eval.callers import Caller, ToolRun
from tests.eval.corpus import AT
from tests.eval.text import dentist

SEEDS = range(50)
_MOST_ROUNDS = 8


class Conversation:
    """One conversation, turn by turn."""

    def __init__(self, model: ScriptModel, session_id: str = "eval", at: float = AT) -> None:
        self._model = model
        self._session_id = session_id
        self._at = at
        self._tools = load_tools()
        self.memory: Memory = {}
        self.messages: list[ChatMessage] = []
        self.runs: list[ToolRun] = []
        self.ended = False

    async def say(self, text: str, confidence: float = 1.0) -> str:
        """Say something; the agent's reply, tools and all. `confidence`: how sure its recognizer is of the words."""
        turn = 1 + sum(message.role is Role.USER for message in self.messages)
        said_by_user = ChatMessage(role=Role.USER, text=text, turn=turn, at=self._at, confidence=confidence)
        self.messages.append(said_by_user)
        said = ""
        for _ in range(_MOST_ROUNDS):
            reply, calls = await self._generate(turn)
            said = f"{said} {reply}".strip()
            if not calls:
                self.messages.append(ChatMessage(role=Role.ASSISTANT, text=reply, turn=turn, at=self._at))
                return said
            await self._run(turn, reply, calls)
        raise AssertionError(f"the agent does not stop calling tools: {self.runs[-_MOST_ROUNDS:]}")

    async def _generate(self, turn: int) -> tuple[str, list[ToolCalled]]:
        request = ModelRequest(
            session_id=self._session_id, turn=turn, agent=dentist(), messages=tuple(self.messages), memory=self.memory
        )
        text = ""
        calls = []
        async for event in self._model.reply(request):
            match event:
                case TextGenerated(piece):
                    text += piece
                case ToolCalled():
                    calls.append(event)
                case MemoryUpdated(memory):
                    self.memory = msgspec.json.decode(msgspec.json.encode(memory))
                case ReplyGenerated():
                    pass
        return text, calls

    async def _run(self, turn: int, text: str, calls: Sequence[ToolCalled]) -> None:
        requests = tuple(ToolRequest(call.call_id, call.name, call.arguments) for call in calls)
        self.messages.append(
            ChatMessage(role=Role.ASSISTANT, text=text, turn=turn, tool_requests=requests, at=self._at)
        )
        for call in calls:
            context = ToolContext(session_id=self._session_id, turn=turn, agent="dentist", now=self._at)
            outcome = await self._tools[call.name].run(call.arguments, context)
            self.ended = self.ended or outcome.ending is not ToolEnding.NONE
            self.runs.append(ToolRun(call.name, msgspec.json.decode(call.arguments), outcome.result))
            self.messages.append(
                ChatMessage(role=Role.TOOL, text=outcome.text, turn=turn, call_id=call.call_id, at=self._at)
            )


class Outcome(msgspec.Struct, frozen=True):
    """How a seeded call went."""

    seed: int
    goal: str
    reached: bool
    ended: bool
    unrelated_refused: bool
    """What was none of the agent's business got the fallback, or nothing such was said."""
    lines: tuple[str, ...]


async def call(model: ScriptModel, seed: int, at: float = AT) -> Outcome:
    """One seeded caller, from the greeting to the end; `at` is when, in seconds since the epoch."""
    CALENDAR.clear()
    caller = Caller(seed, datetime.fromtimestamp(at, UTC).date())
    conversation = Conversation(model, f"seed-{seed}", at)
    heard = dentist().greeting
    lines = [f"agent: {heard}"]
    refused = True
    while (line := caller.next_line(heard)) is not None and not conversation.ended:
        interjected = caller.interjected_after == sum(entry.startswith("caller") for entry in lines) + 1
        heard = await conversation.say(line)
        lines += [f"caller: {line}", f"agent: {heard}"]
        if interjected:
            refused = heard.startswith(("Sorry", "I am sorry"))
    reached = caller.task_reached(conversation.runs)
    return Outcome(seed, caller.goal, reached, conversation.ended, refused, tuple(lines))


async def _main() -> None:
    model = ScriptModel()
    outcomes = [await call(model, seed) for seed in SEEDS]
    for outcome in outcomes:
        if not (outcome.reached and outcome.unrelated_refused):
            print(f"seed {outcome.seed}, {outcome.goal}:", *outcome.lines, sep="\n  ")
    turns = sum(len(outcome.lines) // 2 for outcome in outcomes) / len(outcomes)
    print(f"reached {sum(outcome.reached for outcome in outcomes)} of {len(outcomes)}, {turns:.1f} turns each")
    print(f"ended {sum(outcome.ended for outcome in outcomes)}")
    print(f"unrelated refused {sum(outcome.unrelated_refused for outcome in outcomes)}")


if __name__ == "__main__":
    asyncio.run(_main())

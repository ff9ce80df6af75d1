"""A model and tools that go wrong on purpose, as the ports allow it or as bad code would."""

import asyncio
import re
from collections.abc import AsyncIterator
from enum import StrEnum
from typing import Any

from actors.conversation import Role
from actors.errors import ErrorKind, ModelError
from actors.mcp_server import McpServerOptions
from actors.ports.llm import ModelEvent, ModelRequest, ReplyGenerated, TextGenerated, ToolCalled
from actors.tools import AnyTool, OnInterruption, ToolEnding, ToolOutcome, tool
from app.mcp.errors import CallLostError, CallRefusedError, ServerAwayError
from app.mcp.tool import McpTool
from tests.fault_campaign.guardrails import Judge
from tests.kit.fakes import FakeModel
from tests.kit.faults import Faults

BOOK = "book"
"""A user's words that contain this, and end with a slot, make the model call the tool."""
SLOT = re.compile(r"[a-z]\d+")
HAND_OFF = "other agent"
"""A user's words that contain this make the model hand the conversation off, if its agent may."""


class ModelFault(StrEnum):
    """How a request to the model goes wrong."""

    RAISES = "raises"
    RAISES_LATER = "raises in mid-reply"
    REFUSES = "a content filter refuses"
    REFUSES_LATER = "a content filter refuses in mid-reply"
    BUSY = "asks for 2 s of patience"
    TOO_LONG = "the conversation is too long"
    STALLS = "stalls"
    STALLS_LATER = "stalls in mid-reply"
    EMPTY = "says nothing"
    UNSPEAKABLE = "says nothing that can be spoken"
    NO_TEXT = "text is None"
    HALF_EMOJI = "half an emoji"
    ENDLESS = "endless text"
    SYSTEM_EXIT = "SystemExit"
    CANCELLED = "CancelledError"
    GENERATOR_EXIT = "GeneratorExit"
    BUG = "RuntimeError"
    NO_EVENT = "tells what is no event among its words"
    UNKNOWN_TOOL = "calls an unknown tool"
    DEEP_ARGUMENTS = "arguments nested 100,000 deep"


class WordModel(FakeModel):
    """Answers each request in words that no other answer has: `r3w1 r3w2 ...`, r3 being the third request.

    It calls the tool once for each of the user's sentences that wants a booking, as far as the messages show.
    """

    def __init__(self, faults: Faults, fault: ModelFault | None = None, faulty: range = range(0)) -> None:
        super().__init__(faults=faults)
        self.fault = fault
        self.faulty = faulty
        self.judge: Judge | None = None
        """Judges what the agent is about to say, where a topic forbids anything."""

    async def reply(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
        if self.judge is not None and request.is_aside:
            async for event in self.judge.reply(request):
                yield event
            return
        self.requests.append(request)
        number = len(self.requests)
        await asyncio.sleep(0.2)
        if self.fault is not None and number in self.faulty:
            async for event in self._go_wrong(number, self.fault):
                yield event
            return
        last = request.messages[-1]
        other = next((each.name for each in request.tools if each.name.startswith("handoff_to_")), "")
        if last.role is Role.USER and HAND_OFF in last.text and other:
            yield ToolCalled(call_id=f"call-{number}", name=other, arguments="{}")
        elif last.role is Role.USER and request.tools and (slot := wanted_slot(last.text)):
            yield ToolCalled(call_id=f"call-{number}", name=request.tools[0].name, arguments=f'{{"slot": "{slot}"}}')
        else:
            for text in sentences(number):
                yield TextGenerated(text)
                await asyncio.sleep(0.05)
        yield ReplyGenerated()

    async def _go_wrong(self, number: int, fault: ModelFault) -> AsyncIterator[ModelEvent]:
        first, *_ = sentences(number)
        match fault:
            case ModelFault.RAISES:
                raise ModelError(ErrorKind.UNAVAILABLE, "fake")
            case ModelFault.RAISES_LATER:
                yield TextGenerated(first)
                raise ModelError(ErrorKind.UNAVAILABLE, "fake")
            case ModelFault.REFUSES:
                raise ModelError(ErrorKind.REFUSED, "fake")
            case ModelFault.REFUSES_LATER:
                yield TextGenerated(first)
                raise ModelError(ErrorKind.REFUSED, "fake")
            case ModelFault.BUSY:
                raise ModelError(ErrorKind.THROTTLED, "fake", retry_after_s=2.0)
            case ModelFault.TOO_LONG:
                raise ModelError(ErrorKind.TOO_LONG, "fake")
            case ModelFault.STALLS:
                await asyncio.Event().wait()
            case ModelFault.STALLS_LATER:
                yield TextGenerated(first)
                await asyncio.Event().wait()
            case ModelFault.EMPTY:
                yield ReplyGenerated()
            case ModelFault.UNSPEAKABLE:
                yield TextGenerated("🙂🙂 *** ...")
                yield ReplyGenerated()
            case ModelFault.NO_TEXT:
                yield TextGenerated(None)  # type: ignore[arg-type]  # what a careless adapter does
                yield ReplyGenerated()
            case ModelFault.HALF_EMOJI:
                yield TextGenerated(f"\ud83d {first}")
                yield ReplyGenerated()
            case ModelFault.ENDLESS:
                for word in range(1_000_000):
                    yield TextGenerated(f"r{number}w{word}, ")
                    await asyncio.sleep(0.02)
            case ModelFault.SYSTEM_EXIT:
                raise SystemExit(1)
            case ModelFault.CANCELLED:
                raise asyncio.CancelledError
            case ModelFault.GENERATOR_EXIT:
                raise GeneratorExit
            case ModelFault.NO_EVENT:
                yield None  # type: ignore[misc]  # what a careless adapter does
                yield TextGenerated(first)
                yield 7  # type: ignore[misc]
                yield ReplyGenerated()
            case ModelFault.BUG:
                raise RuntimeError("fake")
            case ModelFault.UNKNOWN_TOOL:
                yield ToolCalled(call_id="", name="nonsense", arguments="{}")
                yield ReplyGenerated()
            case ModelFault.DEEP_ARGUMENTS:
                yield ToolCalled(call_id="deep", name="book_slot", arguments='{"slot":' * 100_000 + "1" + "}" * 100_000)
                yield ReplyGenerated()


def wanted_slot(text: str) -> str:
    """The slot that these words ask to book; empty if none is named yet, as in half a sentence."""
    *said, last = text.split() or [""]
    return last if BOOK in said and SLOT.fullmatch(last) else ""


def sentences(number: int) -> list[str]:
    """The answer of this number, in three sentences of six words: no other answer has any of them."""
    words = [f"r{number}w{index}" for index in range(18)]
    return [" ".join(words[at : at + 6]) + ". " for at in range(0, 18, 6)]


class ToolFault(StrEnum):
    """How a tool goes wrong once it has had its effect."""

    RAISES = "raises"
    SYSTEM_EXIT = "SystemExit"
    CANCELLED = "CancelledError"
    GENERATOR_EXIT = "GeneratorExit"
    HANGS = "hangs"
    SLOW = "takes 3 s"
    HUGE = "returns 1 MB"
    NO_JSON = "returns what is no JSON"
    ENDS = "ends the conversation"
    PUTS_THROUGH = "puts the caller through to somebody"


ENDINGS = {ToolFault.ENDS: ToolEnding.END_SESSION, ToolFault.PUTS_THROUGH: ToolEnding.HANDOFF}
"""How the session ends behind the reply for which the tool was called: no fault at all."""


def booking_tool(
    done: list[str],
    fault: ToolFault | None,
    on_interruption: OnInterruption,
    *,
    is_approved: bool = False,
    connects: bool = False,
) -> AnyTool:
    """A tool whose effect is that its slot stands in `done`.

    Args:
        done: what it was called for.
        fault: how it goes wrong behind its effect.
        on_interruption: what an interruption does to it.
        is_approved: an operator has to allow each call.
        connects: it calls somebody for the caller, who waits with other words than for any tool.
    """

    @tool(timeout_s=4, on_interruption=on_interruption, approval="operator" if is_approved else "", connects=connects)
    async def book_slot(slot: str) -> Any:
        """Book a slot.

        Args:
            slot: Which one.
        """
        done.append(slot)
        match fault:
            case ToolFault.RAISES:
                raise RuntimeError("fake")
            case ToolFault.SYSTEM_EXIT:
                raise SystemExit(1)
            case ToolFault.CANCELLED:
                raise asyncio.CancelledError
            case ToolFault.GENERATOR_EXIT:
                raise GeneratorExit
            case ToolFault.HANGS:
                await asyncio.Event().wait()
            case ToolFault.SLOW:
                await asyncio.sleep(3)
            case ToolFault.HUGE:
                return "x" * 1_000_000
            case ToolFault.NO_JSON:
                return object()
            case ToolFault.ENDS | ToolFault.PUTS_THROUGH:
                return ToolOutcome("booked", ENDINGS[fault])
            case None:
                await asyncio.sleep(0.3)
        return "booked"

    return book_slot


class McpFault(StrEnum):
    """How the server of an MCP tool goes wrong."""

    AWAY = "is away"
    LOST = "is lost in mid-call"
    REFUSES = "refuses the call"
    HANGS = "does not answer"
    BUG = "RuntimeError"


class FaultyServer:
    """An MCP server that books like `booking_tool`, unless it goes wrong."""

    def __init__(self, done: list[str], fault: McpFault) -> None:
        self._done = done
        self._fault = fault

    async def call(self, named: str, arguments: dict[str, Any]) -> ToolOutcome:
        await asyncio.sleep(0.3)
        match self._fault:
            case McpFault.AWAY:
                raise ServerAwayError("fake")
            case McpFault.REFUSES:
                raise CallRefusedError("fake")
            case McpFault.BUG:
                raise RuntimeError("fake")
            case McpFault.LOST | McpFault.HANGS:
                self._done.append(arguments["slot"])
        if self._fault is McpFault.HANGS:
            await asyncio.Event().wait()
        raise CallLostError("fake")


def mcp_tool(done: list[str], fault: McpFault) -> AnyTool:
    """The tool of a server that goes wrong."""
    options = McpServerOptions(name="diary", command="diary", tools=("book_slot",), timeout_s=4)
    made = McpTool(FaultyServer(done, fault), options, "book_slot")
    slot = {"type": "object", "properties": {"slot": {"type": "string"}}, "required": ["slot"]}
    made.describe("Book a slot.", slot)
    return made

"""What the cases of conversations have in common: models, tools, and ways to ask and to look at what came of it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec

from actors.conversation import Role
from actors.errors import ErrorKind, ModelError
from actors.messages.caller import TextEntered
from actors.messages.output import ReplyHeard
from actors.ports.llm import ModelEvent, ModelRequest, ReplyGenerated, TextGenerated, ToolCalled
from actors.tools import AnyTool, ToolOutcome, tool
from app.providers.failover.model import FailoverModel
from tests.kit.failover_kit import providers
from tests.kit.fakes import FakeModel
from tests.kit.session_kit import QUIET, Stage

GERMAN = msgspec.structs.replace(QUIET, languages=("de-DE",))
FINE = "All is well."


class Failing(FakeModel):
    """A model that always fails alike."""

    def __init__(self, kind: ErrorKind, retry_after_s: float | None = None) -> None:
        super().__init__()
        self.failure = ModelError(kind, "fake", retry_after_s=retry_after_s)

    async def reply(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
        self.requests.append(request)
        if request.messages:
            raise self.failure
        yield ReplyGenerated()


def alone(model: FakeModel) -> Any:
    """The model that is asked and no other."""
    return model


def before_one_that_is_down(model: FakeModel) -> Any:
    """It is asked first."""
    return FailoverModel(providers(model, Failing(ErrorKind.UNAVAILABLE)))


def behind_one_that_is_down(model: FakeModel) -> Any:
    """It is asked when the first has failed."""
    return FailoverModel(providers(Failing(ErrorKind.UNAVAILABLE), model))


def behind_one_that_is_busy(model: FakeModel) -> Any:
    """It is asked when the first has said that it is busy."""
    return FailoverModel(providers(Failing(ErrorKind.THROTTLED, 5.0), model))


def calling(before: str, after: str, rounds: int = 1, *, name: str = "work", gap_s: float = 0.1) -> FakeModel:
    """A model that says `before` and calls a tool, so many times, and then says `after`."""

    def script(request: ModelRequest) -> Sequence[ModelEvent | float]:
        done = sum(message.role is Role.TOOL for message in request.messages)
        if done >= rounds:
            return [0.2, TextGenerated(after), ReplyGenerated()]
        said = [TextGenerated(before)] if before else []
        return [0.2, *said, gap_s, ToolCalled(call_id="call_0", name=name, arguments="{}"), ReplyGenerated()]

    return FakeModel(script)


def slow_tool(seconds: float, outcome: ToolOutcome | str = "nine", **options: Any) -> AnyTool:
    """A tool of the name `work` that takes so long."""

    @tool(timeout_s=60, **options)
    async def work() -> ToolOutcome:
        """Do something."""
        await asyncio.sleep(seconds)
        return outcome if isinstance(outcome, ToolOutcome) else ToolOutcome(outcome)

    return work


async def enter(on: Stage, text: str) -> None:
    """Type `text`, and go on."""
    await asyncio.sleep(0.1)
    on.entry.deliver(TextEntered(text))


async def ask(on: Stage, text: str, *, spoken: bool = False, silent_s: float = 1.0) -> None:
    """Type or say `text`, and wait until something was heard and then for `silent_s`."""
    before = len(on.ear.of(ReplyHeard))
    if spoken:
        on.engines.recognizer.utterances.append(text)  # type: ignore[attr-defined]  # a fake
        await on.talk(1_200)
    else:
        on.entry.deliver(TextEntered(text))
    await on.ear.until(lambda ear: len(ear.of(ReplyHeard)) > before, 120)
    await asyncio.sleep(silent_s)


def given(on: Stage) -> list[str]:
    """What the user has said, as it is recorded."""
    return [message.text for message in on.session.record().messages if message.role is Role.USER]


def said(on: Stage) -> list[str]:
    """All that was heard of the agent."""
    return [message.text for message in on.ear.of(ReplyHeard)]

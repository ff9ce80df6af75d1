"""Engines of somebody's own that fail in every way before a session has begun."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from typing import Any, NoReturn

from actors.ports.llm import ModelEvent, ModelRequest, ReplyGenerated, TextGenerated

WORDS = "the model file is missing"


def cannot_be_made() -> NoReturn:
    raise RuntimeError(WORDS)


def ends_the_process() -> NoReturn:
    raise SystemExit(WORDS)


class _FailsInOpen:
    async def open(self, *_: object) -> NoReturn:
        raise RuntimeError(f"{WORDS}\nand a second line")

    def reply(self, _: object) -> NoReturn:
        raise RuntimeError(WORDS)

    async def close(self) -> None:
        return


class _QuotesTheCaller(_FailsInOpen):
    """Fails with the caller's own words, as a service does that says what it could not read."""

    def reply(self, request: Any) -> NoReturn:
        raise ValueError(f"cannot answer {[message.text for message in request.messages]!r}")


class _FailsToGetReady(_FailsInOpen):
    async def prepare(self, _: object) -> NoReturn:
        raise RuntimeError(WORDS)


quotes_the_caller: Callable[[], Any] = _QuotesTheCaller
fails_in_open: Callable[[], Any] = _FailsInOpen
fails_to_get_ready: Callable[[], Any] = _FailsToGetReady


def is_nothing() -> None:
    """A factory that forgets to return its engine."""


async def is_made_later() -> _FailsInOpen:
    """A factory that was made a coroutine."""
    return _FailsInOpen()


async def _ends_the_process() -> NoReturn:
    await asyncio.sleep(0)
    raise SystemExit(WORDS)


class _StartsWork:
    """A language model that starts a task of its own for each reply, which wants to end the process."""

    def __init__(self) -> None:
        self._tasks = set[asyncio.Task[Any]]()

    async def reply(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
        task = asyncio.create_task(_ends_the_process())
        self._tasks.add(task)
        text = request.messages[-1].text
        if "wait" in text:
            await task
        await asyncio.sleep(0.05)
        yield TextGenerated(f"You said {text}.")
        yield ReplyGenerated()

    async def close(self) -> None:
        return


starts_work: Callable[[], Any] = _StartsWork


class _QuotesBehindOurBack(_FailsInOpen):
    """Answers, and fails with the caller's words in a task and in a thread that it has started by itself."""

    async def reply(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:  # type: ignore[override]
        words = repr([message.text for message in request.messages])

        async def task() -> NoReturn:
            raise ValueError(words)

        def thread() -> NoReturn:
            raise ValueError(words)

        asyncio.get_running_loop().create_task(task())
        threading.Thread(target=thread, name="of-an-engine").start()
        await asyncio.sleep(0.05)
        yield TextGenerated("Fine.")
        yield ReplyGenerated()


quotes_the_caller_behind_our_back: Callable[[], Any] = _QuotesBehindOurBack

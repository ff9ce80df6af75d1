"""The function that may look a caller up: bounded in time, and never the end of a call."""

import asyncio
import logging
import sys
import threading
from typing import Any

import pytest

from actors.agent import Agent, Limits
from actors.session_context import SessionContext
from app.agents.session_hook import lookup_of, require_hook
from app.plugins import PluginError

ABOUT = SessionContext(caller="+15550100", context={"case": 7})


async def by_number(about: SessionContext) -> dict[str, Any]:
    return {"name": "Ada", "number": about.caller}


def by_thread(about: SessionContext) -> dict[str, Any]:
    return {"name": "Ada" * 1_000}


async def nobody(about: SessionContext) -> None:
    return None


async def fails(about: SessionContext) -> None:
    raise ValueError(about.caller)


async def exits(about: SessionContext) -> None:
    sys.exit(3)


async def cancels(about: SessionContext) -> None:
    raise asyncio.CancelledError


async def hangs(about: SessionContext) -> None:
    await asyncio.sleep(3600)


def hangs_in_a_thread(about: SessionContext) -> None:
    threading.Event().wait(0.5)


async def no_mapping(about: SessionContext) -> list[int]:
    return [1]


def of_nothing() -> None:
    return None


NO_FUNCTION = 3


async def looked_up(name: str) -> SessionContext:
    limits = Limits(on_session_s=0.1)
    look_up = lookup_of(Agent(name="a", label="A", on_session=f"{__name__}:{name}", limits=limits))
    assert look_up is not None
    return await look_up(ABOUT)


async def test_what_it_returns_is_added_to_the_context() -> None:
    assert (await looked_up("by_number")).context == {"case": 7, "name": "Ada", "number": "+15550100"}


async def speaks_german(about: SessionContext) -> dict[str, str]:
    return {"language": "de-DE"}


async def test_it_may_know_which_language_is_spoken() -> None:
    assert ((await looked_up("speaks_german")).language, (await looked_up("by_number")).language) == ("de-DE", "")


async def test_a_plain_function_runs_in_a_thread_and_long_texts_are_cut() -> None:
    assert len((await looked_up("by_thread")).context["name"]) < 600


async def test_it_may_know_nothing() -> None:
    assert await looked_up("nobody") == ABOUT


@pytest.mark.parametrize("name", ["fails", "exits", "cancels", "hangs", "hangs_in_a_thread", "no_mapping", "missing"])
async def test_one_that_fails_is_logged_and_the_session_begins_all_the_same(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        assert await looked_up(name) == ABOUT
    (record,) = caplog.records
    assert name in record.getMessage()
    assert "+15550100" not in record.getMessage()


async def test_a_session_that_ends_meanwhile_ends_it() -> None:
    task = asyncio.ensure_future(looked_up("hangs"))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def test_an_agent_without_one_waits_for_nothing() -> None:
    assert lookup_of(Agent(name="a", label="A")) is None


@pytest.mark.parametrize(
    ("name", "reason"), [("NO_FUNCTION", "no function"), ("of_nothing", "one argument"), ("nothing", "has no nothing")]
)
def test_what_cannot_be_called_is_refused_at_the_start(name: str, reason: str) -> None:
    with pytest.raises(PluginError, match=reason):
        require_hook(f"{__name__}:{name}")


def test_what_can_be_called_is_accepted() -> None:
    require_hook(f"{__name__}:by_number")

"""Typed text and keys at which the orchestrator fails: neither lost nor done twice."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any
from unittest import mock

import pytest

from actors.conversation import Role, UtteranceKind
from actors.messages.caller import InputMessage, KeyPressed, TextEntered
from actors.messages.output import AudioFrame, ReplyHeard
from actors.runtime.clock import run_virtual
from actors.session.checkpoint_transfer import decode, encode
from actors.session.orchestrator import Orchestrator
from tests.kit.fakes import FakeModel
from tests.kit.session_kit import QUIET, Stage, stage

genuine: Callable[[Orchestrator, Any], None] = Orchestrator.on_receive


def failing(*moments: str) -> Callable[[Orchestrator, Any], None]:
    """An orchestrator that fails at the first inputs, "before" or "after" it has handled them."""
    left = list(moments)

    def on_receive(self: Orchestrator, message: Any) -> None:
        moment = left.pop(0) if left and isinstance(message, TextEntered | KeyPressed) else ""
        if moment == "before":
            raise ZeroDivisionError
        genuine(self, message)
        if moment == "after":
            raise ZeroDivisionError

    return on_receive


def read_by_model(on: Stage) -> list[str]:
    model = on.engines.model
    assert isinstance(model, FakeModel)
    return [m.text for m in model.requests[-1].messages if m.role is Role.USER] if model.requests else []


def kinds_heard(on: Stage) -> list[UtteranceKind]:
    """In order, without those that follow one of their kind."""
    kinds = [m.kind for m in on.ear.of(AudioFrame)]
    return [kind for at, kind in enumerate(kinds) if at == 0 or kinds[at - 1] is not kind]


CASES = [("before",), ("after",), ("before", "after"), ("after", "after")]
INPUTS: list[tuple[Sequence[InputMessage], str]] = [
    ([TextEntered("what are your hours")], "what are your hours"),
    ([KeyPressed("4"), KeyPressed("4"), KeyPressed("#")], "4 4"),
]


@pytest.mark.parametrize("moments", CASES)
@pytest.mark.parametrize(("inputs", "asked"), INPUTS)
def test_an_input_at_which_the_orchestrator_fails_is_answered_once(
    moments: tuple[str, ...], inputs: Sequence[InputMessage], asked: str
) -> None:
    async def main() -> None:
        async with stage(agent=QUIET) as on:
            await asyncio.sleep(0.5)
            with mock.patch.object(Orchestrator, "on_receive", failing(*moments)):
                for message in inputs:
                    on.entry.deliver(message)
                await on.ear.until_count(ReplyHeard, 1, 20)
                await asyncio.sleep(3)
            assert on.actor("orchestrator").restarts == len(moments)
            assert read_by_model(on) == [asked]
            assert [m.text for m in on.entry.checkpoint.messages if m.role is Role.USER] == [asked]
            assert kinds_heard(on) == [UtteranceKind.REPLY]

    run_virtual(main())


@pytest.mark.parametrize(("inputs", "_asked"), INPUTS)
def test_an_input_at_which_two_orchestrators_fail_is_asked_for_again(
    inputs: Sequence[InputMessage], _asked: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        async with stage(agent=QUIET) as on:
            await asyncio.sleep(0.5)
            with mock.patch.object(Orchestrator, "on_receive", failing("before", "before")):
                on.entry.deliver(inputs[0])
                await on.ear.until_count(AudioFrame, 1, 5)
                await asyncio.sleep(3)
            assert kinds_heard(on) == [UtteranceKind.APOLOGY]
            assert f"a {type(inputs[0]).__name__} is given up" in caplog.text
            on.entry.deliver(TextEntered("as I said"))
            await asyncio.sleep(3)
            assert read_by_model(on) == ["as I said"]

    run_virtual(main())


def test_inputs_are_numbered_on_by_another_process() -> None:
    async def main() -> None:
        async with stage(agent=QUIET) as on:
            for text in ("one", "two"):
                on.entry.deliver(TextEntered(text))
            await asyncio.sleep(1)
            data = encode(on.entry.checkpoint, on.engines.clock, 0)
            taken = decode(data, on.engines.clock)
            assert taken.turn is not None
            assert (taken.inputs, taken.turn.settled_input, taken.next_input()) == (2, 2, 3)

    run_virtual(main())

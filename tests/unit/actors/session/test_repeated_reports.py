"""Orders and reports about playback at which an actor fails: what was heard is kept, and nothing is asked twice."""

import asyncio
from collections.abc import Callable
from typing import Any
from unittest import mock

import msgspec
import pytest

from actors.conversation import Role, UtteranceKind
from actors.messages.caller import MARKED, InterruptRequested, PlaybackMarked, TextEntered
from actors.messages.output import AudioFrame, ReplyHeard
from actors.messages.playback import PlaybackStarted, PlaybackStopped, StopPlayback
from actors.ports.llm import ModelEvent, ModelRequest, ReplyGenerated, TextGenerated
from actors.runtime.clock import run_virtual
from actors.runtime.supervised_actor import SupervisedActor
from actors.session.orchestrator import Orchestrator
from actors.session.synthesis.synthesizer import Synthesizer
from tests.kit.fakes import FakeModel
from tests.kit.session_kit import QUIET, Stage, stage


class Poison(msgspec.Struct, frozen=True):
    """Handling it fails."""


def long_answer(request: ModelRequest) -> list[ModelEvent | float]:
    return [0.2, TextGenerated("one two three four five six seven eight nine ten. "), ReplyGenerated()]


def failing_at(kind: type, actor: type[SupervisedActor], moment: str) -> Any:
    """`actor` fails once, "before" or "after" it handles a message of this kind."""
    genuine: Callable[[Any, Any], Any] = actor.on_receive
    left = [moment]

    def on_receive(self: Any, message: Any) -> None:
        due = left.pop() if left and isinstance(message, kind) else ""
        if due == "before":
            raise ZeroDivisionError
        genuine(self, message)
        if due == "after":
            raise ZeroDivisionError

    return mock.patch.object(actor, "on_receive", on_receive)


def messages(on: Stage, role: Role) -> list[str]:
    return [m.text for m in on.entry.checkpoint.messages if m.role is role]


async def interrupted(on: Stage) -> None:
    """A reply that is interrupted when a few words of it were heard."""
    on.entry.deliver(TextEntered("first question"))
    await on.ear.until_count(AudioFrame, 1, 5)
    await asyncio.sleep(1.2)
    on.entry.deliver(InterruptRequested())
    await asyncio.sleep(2)


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize(("kind", "actor"), [(StopPlayback, Synthesizer), (PlaybackStopped, Orchestrator)])
def test_what_was_heard_of_a_reply_that_is_stopped_is_remembered(
    kind: type, actor: type[SupervisedActor], moment: str
) -> None:
    async def main() -> None:
        async with stage(agent=QUIET, model=FakeModel(long_answer)) as on:
            with failing_at(kind, actor, moment):
                await interrupted(on)
            frames = len(on.ear.of(AudioFrame))
            await asyncio.sleep(3)
            assert len(on.ear.of(AudioFrame)) == frames
            (heard,) = messages(on, Role.ASSISTANT)
            assert heard.startswith("one two")
            assert len(on.ear.of(ReplyHeard)) == 1

    run_virtual(main())


def test_what_was_heard_until_a_synthesizer_failed_is_remembered_though_its_successor_is_stopped_at_once() -> None:
    async def main() -> None:
        async with stage(agent=QUIET, model=FakeModel(long_answer)) as on:
            on.entry.deliver(TextEntered("first question"))
            await on.ear.until_count(AudioFrame, 1, 5)
            await asyncio.sleep(1.2)
            on.entry.addresses["synthesizer"].tell(Poison())
            on.entry.deliver(InterruptRequested())
            await asyncio.sleep(2)
            (heard,) = messages(on, Role.ASSISTANT)
            assert heard.startswith("one two")

    run_virtual(main())


@pytest.mark.parametrize("moment", ["before", "after"])
def test_words_whose_answer_was_heard_are_not_asked_again(moment: str) -> None:
    async def main() -> None:
        async with stage(agent=QUIET, model=FakeModel(long_answer)) as on:
            with failing_at(PlaybackStarted, Orchestrator, moment):
                on.entry.deliver(TextEntered("first question"))
                await on.ear.until_count(ReplyHeard, 1, 20)
            on.entry.deliver(TextEntered("second question"))
            await on.ear.until_count(ReplyHeard, 2, 20)
            assert messages(on, Role.USER) == ["first question", "second question"]

    run_virtual(main())


def test_marks_are_understood_by_the_successor_of_a_synthesizer() -> None:
    async def main() -> None:
        async with stage(agent=QUIET, model=FakeModel(long_answer), lead=MARKED) as on:
            on.entry.deliver(TextEntered("first question"))
            await on.ear.until_count(AudioFrame, 40, 5)
            sent = len(on.ear.of(AudioFrame))
            on.entry.addresses["synthesizer"].tell(Poison())
            await on.ear.until_count(AudioFrame, sent + 1, 5)
            # The client has played what it was sent before, and nothing of what comes since.
            on.entry.deliver(PlaybackMarked(1, sent * 20.0, "playing"))
            await asyncio.sleep(0.05)
            assert on.actor("synthesizer")._playout._head.heard_ms < 100
            assert on.ear.of(AudioFrame)[0].kind is UtteranceKind.REPLY

    run_virtual(main())

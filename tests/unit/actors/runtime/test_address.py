"""What is told to a part of a session waits until its actor is there; and who never hangs up is hung up on."""

import asyncio
from collections.abc import Iterator
from typing import Any, ClassVar

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pykka import ActorRegistry

from actors.conversation import Ending, Role
from actors.messages.caller import (
    CallerAudio,
    ConnectionDetached,
    EndSession,
    InputMessage,
    InterruptRequested,
    KeyPressed,
    TextEntered,
)
from actors.messages.output import ReplyHeard
from actors.messages.transcript import FinalTranscript
from actors.runtime.address import Address
from actors.runtime.clock import run_virtual
from actors.runtime.exits import order_stop, order_stop_now
from actors.runtime.restart_budget import RestartPolicy
from actors.runtime.supervised_actor import SupervisedActor, actor_of
from tests.kit.session_kit import AGENT, QUIET, Ear, Stage, stage


class Note(msgspec.Struct, frozen=True):
    """A message that a successor may handle."""

    number: int


class Shout(msgspec.Struct, frozen=True):
    """An urgent one."""

    urgent: ClassVar[bool] = True

    number: int


class Tick(msgspec.Struct, frozen=True):
    """One that is of no use to a successor."""

    transient: ClassVar[bool] = True


class Poison(msgspec.Struct, frozen=True):
    """Handling it fails."""


class Stumble(msgspec.Struct, frozen=True):
    """Handling it fails as often as it says, and it may be handled twice."""

    repeatable: ClassVar[bool] = True

    number: int
    failures: list[int]


class Keeper(SupervisedActor):
    """Keeps what it handles."""

    def __init__(self, seen: list[Any]) -> None:
        super().__init__("keeper", None)
        self.seen = seen

    def on_receive(self, message: Any) -> None:
        if isinstance(message, Poison):
            raise ZeroDivisionError
        if isinstance(message, Stumble) and message.failures:
            raise ZeroDivisionError(message.failures.pop())
        self.seen.append(message)


def keeper_at(address: Address[Any], seen: list[Any]) -> Any:
    ref = Keeper.start(seen)
    actor = actor_of(ref)
    assert actor is not None
    actor.reachable_at(address)
    return ref


@pytest.fixture(autouse=True)
def forget_actors() -> Iterator[None]:
    """Those that were started here end with their loop."""
    yield
    for ref in ActorRegistry.get_all():
        ActorRegistry.unregister(ref)


def numbers(messages: list[Any]) -> list[int]:
    return [message.number for message in messages]


class TestAnAddress:
    def test_keeps_what_it_is_told_until_its_actor_is_there_and_urgent_stays_urgent(self) -> None:
        async def main() -> None:
            address: Address[Any] = Address("part")
            seen: list[Any] = []
            for message in (Note(1), Note(2), Shout(3), Note(4)):
                address.tell(message)
            address.tell_now(Note(5))
            assert address.waiting == 5
            keeper_at(address, seen)
            address.tell(Note(6))
            await asyncio.sleep(0)
            assert (numbers(seen), address.waiting, address.dropped) == ([3, 1, 2, 4, 5, 6], 0, 0)

        run_virtual(main())

    def test_hands_what_a_failed_actor_had_not_handled_to_its_successor_but_not_what_killed_it(self) -> None:
        async def main() -> None:
            address: Address[Any] = Address("part")
            seen: list[Any] = []
            keeper_at(address, seen)
            for message in (Note(1), Poison(), Note(2), Tick(), CallerAudio(bytes(640), 0, 20.0), Shout(3)):
                address.tell(message)
            await asyncio.sleep(0.01)
            assert numbers(seen) == [3, 1]
            address.tell(Note(4))
            keeper_at(address, seen)
            await asyncio.sleep(0.01)
            assert numbers(seen) == [3, 1, 2, 4]

        run_virtual(main())

    @pytest.mark.parametrize(("failures", "heard"), [(1, [7, 8]), (2, [8])])
    def test_tells_what_may_be_handled_twice_to_one_successor_more(self, failures: int, heard: list[int]) -> None:
        """A message on which every actor dies does not end them all."""

        async def main() -> None:
            address: Address[Any] = Address("part")
            seen: list[Any] = []
            address.tell(Stumble(7, list(range(failures))))
            address.tell(Note(8))
            for _ in range(3):
                keeper_at(address, seen)
                await asyncio.sleep(0.01)
            assert numbers(seen) == heard

        run_virtual(main())

    def test_hands_over_what_an_actor_that_is_stopped_now_had_queued(self) -> None:
        async def main() -> None:
            address: Address[Any] = Address("part")
            seen: list[Any] = []
            ref = keeper_at(address, seen)
            await asyncio.sleep(0.01)
            address.tell(Note(1))
            order_stop_now(ref)
            await asyncio.sleep(0.01)
            assert (seen, address.waiting) == ([], 1)
            order_stop(keeper_at(address, seen))
            await asyncio.sleep(0.01)
            assert numbers(seen) == [1]

        run_virtual(main())

    @given(st.lists(st.booleans(), max_size=40), st.integers(1, 6))
    def test_is_bounded_counts_what_it_drops_and_drops_what_is_urgent_last(
        self, urgent: list[bool], limit: int
    ) -> None:
        address: Address[Any] = Address("part", limit)
        told = [Shout(n) if shout else Note(n) for n, shout in enumerate(urgent)]
        for message in told:
            address.tell(message)
        assert address.waiting == min(limit, len(told))
        assert address.dropped == max(0, len(told) - limit)
        kept: list[Any] = list(address._waiting or ())
        assert numbers(kept) == sorted(numbers(kept))
        if (shouts := numbers([m for m in told if isinstance(m, Shout)])) and len(shouts) <= limit:
            assert set(shouts) <= set(numbers(kept))

    def test_says_once_that_it_drops(self, caplog: pytest.LogCaptureFixture) -> None:
        address: Address[Any] = Address("part", 2)
        for number in range(9):
            address.tell(Note(number))
        assert [record.getMessage() for record in caplog.records] == [
            "too many messages wait for the part: a Note is dropped"
        ]

    def test_keeps_nothing_once_it_is_closed(self) -> None:
        address: Address[Any] = Address("part")
        address.tell(Note(1))
        address.close()
        address.tell(Note(2))
        assert (address.waiting, address.dropped) == (0, 0)


def asked(on: Stage) -> list[str]:
    return [m.text for m in on.session.record().messages if m.role is Role.USER]


class TestASession:
    @pytest.mark.parametrize(
        ("first", "asks"),
        [
            ([TextEntered("what are your hours")], "what are your hours"),
            ([KeyPressed("4"), KeyPressed("#")], "4"),
            ([InterruptRequested(), TextEntered("one"), TextEntered("two")], "one two"),
        ],
    )
    @pytest.mark.parametrize("after_steps", range(6))
    def test_answers_what_comes_before_its_actors_have_started(
        self, first: list[InputMessage], asks: str, after_steps: int
    ) -> None:
        async def main() -> None:
            def at_once(lines: Any) -> None:
                if after_steps == 0:
                    for message in first:
                        lines.deliver(message)

            async with stage(agent=QUIET, tap=at_once) as on:
                for _ in range(after_steps - 1):
                    await asyncio.sleep(0)
                if after_steps:
                    for message in first:
                        on.entry.deliver(message)
                await on.ear.until(lambda ear: heard(ear, f"You said {asks}"), 20)
                assert asked(on) == [asks]

        run_virtual(main())

    @pytest.mark.parametrize("bye", [ConnectionDetached("connection-1"), EndSession(Ending.NORMAL, politely=False)])
    def test_ends_when_who_opened_it_hangs_up_before_it_has_started(self, bye: InputMessage) -> None:
        async def main() -> None:
            async with stage(tap=lambda lines: lines.deliver(bye)) as on:
                await asyncio.sleep(AGENT.limits.reconnect_s + 1)
                assert on.sessions.live == {}

        run_virtual(main())

    @pytest.mark.parametrize("message", [TextEntered("what are your hours"), KeyPressed("4")])
    def test_answers_what_comes_while_its_orchestrator_waits_to_be_restarted(self, message: InputMessage) -> None:
        async def main() -> None:
            restarts = RestartPolicy(backoff_ms=800)
            async with stage(agent=QUIET, restarts=restarts) as on:
                await asyncio.sleep(0.5)
                for _ in range(2):
                    on.entry.addresses["orchestrator"].tell(Poison())
                    await asyncio.sleep(0.1)
                assert "orchestrator" not in [state.name for state in on.session.tree()]
                on.entry.deliver(message)
                await on.ear.until_count(ReplyHeard, 1, 20)
                assert len(asked(on)) == 1

        run_virtual(main())

    @pytest.mark.parametrize("victim", ["orchestrator", "session"])
    def test_answers_what_its_failed_actor_had_queued(self, victim: str) -> None:
        async def main() -> None:
            async with stage(agent=QUIET) as on:
                await asyncio.sleep(0.5)
                on.entry.addresses[victim].tell(Poison())
                on.entry.addresses["orchestrator"].tell(TextEntered("what are your hours"))
                await on.ear.until_count(ReplyHeard, 1, 20)
                assert asked(on) == ["what are your hours"]
                assert [m.text for m in on.ear.of(FinalTranscript)] == ["what are your hours"]

        run_virtual(main())

    def test_ends_when_its_caller_hangs_up_while_it_is_rebuilt(self) -> None:
        async def main() -> None:
            async with stage() as on:
                await asyncio.sleep(0.5)
                on.entry.addresses.supervisor.tell(Poison())
                on.entry.addresses.supervisor.tell(EndSession(Ending.NORMAL, politely=False))
                await asyncio.sleep(1)
                assert on.sessions.live == {}

        run_virtual(main())

    @pytest.mark.parametrize("victim", ["recognizer", "orchestrator", "synthesizer"])
    def test_restarts_a_part_that_ends_without_having_failed(self, victim: str) -> None:
        async def main() -> None:
            async with stage(utterances=["what are your hours"]) as on:
                await on.ear.until_count(ReplyHeard, 1)
                order_stop(on.session._children[victim])
                await asyncio.sleep(0.5)
                assert on.actor(victim).restarts == 1
                await on.talk(900)
                await on.ear.until(lambda ear: heard(ear, "You said what are your hours"), 20)

        run_virtual(main())


def heard(ear: Ear, text: str) -> bool:
    return any(text in shown.text for shown in ear.of(ReplyHeard))

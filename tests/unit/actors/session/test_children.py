"""The children of a session: how each is started, replaced when it ends, and given up when it ends too often."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from pykka import ActorRef

from actors.messages.base import Message
from actors.messages.lifecycle import RestartChild
from actors.runtime.clock import run_virtual
from actors.runtime.exits import ChildExited
from actors.runtime.restart_budget import RestartPolicy
from actors.runtime.session_trace import Trace
from actors.runtime.supervised_actor import SupervisedActor, actor_of
from actors.session.children import ChildContext, Children, ChildSpec
from actors.session.live_session import LiveSession
from tests.kit.session_kit import plan_of


class Break(Message, frozen=True):
    """Whoever is told it fails."""


class Child(SupervisedActor):
    def on_receive(self, message: Any) -> None:
        match message:
            case Break():
                raise RuntimeError("broken")
            case _:
                pass


class Engines:
    """As much of the engines as children are given here."""

    restarts = RestartPolicy(max_restarts=2)

    class clock:
        @staticmethod
        def wall() -> float:
            return 1_000.0


class Parent(SupervisedActor):
    """A supervisor of `ear` and `mouth`; only the latter can speak."""

    def __init__(self, *specs: ChildSpec) -> None:
        super().__init__("parent", None)
        self.specs = specs or (self.spec("ear"), self.spec("mouth", speaks=True))
        self.session = LiveSession(plan_of(), {spec.name: spec.receives for spec in self.specs})
        self.started: list[str] = []
        self.given_up: list[str] = []
        self.children = Children(
            self.specs,
            ChildContext(session=self.session, engines=Engines(), trace=Trace()),  # type: ignore[arg-type]
            now=asyncio.get_running_loop().time,
            restart_later=self._restart_later,
        )

    def _restart_later(self, delay_s: float, name: str) -> None:
        self.call_later(delay_s, RestartChild(name, unless_running=True))

    def spec(self, name: str, **more: Any) -> ChildSpec:
        def start(context: ChildContext) -> ActorRef[Child]:
            self.started.append(name)
            return Child.start(name, self.actor_ref)

        return ChildSpec(name=name, factory=start, **more)

    def on_receive(self, message: ChildExited | RestartChild) -> None:
        match message:
            case ChildExited():
                if name := self.children.take_exit(message):
                    self.given_up.append(name)
            case RestartChild(name):
                self.children.restart_unless_running(name)


def with_parent(act: Callable[[Parent], Any], *options: Callable[[Parent], ChildSpec]) -> None:
    async def main() -> None:
        parent = actor_of(Parent.start())
        assert parent is not None
        if options:
            parent.specs = tuple(option(parent) for option in options)
            parent.children = Children(
                parent.specs,
                ChildContext(session=parent.session, engines=Engines(), trace=Trace()),  # type: ignore[arg-type]
                now=asyncio.get_running_loop().time,
                restart_later=lambda delay_s, name: None,
            )
        await act(parent)
        parent.children.stop()
        await asyncio.sleep(0.1)
        parent.actor_ref.stop(block=False)

    run_virtual(main())


def test_children_are_started_in_order_and_reached_at_their_addresses() -> None:
    async def act(parent: Parent) -> None:
        parent.children.start()
        assert parent.started == ["ear", "mouth"]
        assert {child.name for child in parent.children.actors()} == {"ear", "mouth"}
        parent.session.addresses["ear"].tell(Break())
        await asyncio.sleep(0.01)
        assert parent.started == ["ear", "mouth", "ear"]

    with_parent(act)


def test_a_child_that_fails_is_started_again_at_once_then_later_then_given_up() -> None:
    async def act(parent: Parent) -> None:
        parent.children.start()
        for started in (2, 2):
            parent.children["ear"].tell(Break())
            await asyncio.sleep(0.01)
            assert parent.started.count("ear") == started
        await asyncio.sleep(0.2)
        assert parent.started.count("ear") == 3
        parent.children["ear"].tell(Break())
        await asyncio.sleep(5)
        assert parent.started.count("ear") == 3
        assert parent.given_up == ["ear"]
        assert [restart.actor for restart in parent.session.restarts] == ["ear", "ear"]
        assert "broken" not in str(parent.session.restarts)

    with_parent(act)


def test_only_without_the_one_that_speaks_nothing_can_be_said() -> None:
    async def act(parent: Parent) -> None:
        assert parent.children.can_speak_without("ear")
        assert not parent.children.can_speak_without("mouth")

    with_parent(act)


def test_one_that_is_ordered_to_start_anew_ends_first() -> None:
    async def act(parent: Parent) -> None:
        parent.children.start()
        former = parent.children["ear"]
        parent.children.restart("ear")
        assert parent.started.count("ear") == 1
        await asyncio.sleep(0.01)
        assert parent.started.count("ear") == 2
        assert not former.is_alive()
        assert parent.children["ear"].is_alive()

    with_parent(act)


@pytest.mark.parametrize(("how", "counted"), [("restart", 1), ("renew", 0)])
def test_what_is_made_from_something_else_now_is_no_failure(how: str, counted: int) -> None:
    async def act(parent: Parent) -> None:
        parent.children.start()
        getattr(parent.children, how)("ear")
        await asyncio.sleep(0.01)
        assert parent.started.count("ear") == 2
        assert len(parent.session.restarts) == counted

    with_parent(act)


def test_a_child_that_is_not_needed_waits_for_an_order() -> None:
    async def act(parent: Parent) -> None:
        parent.children.start()
        assert parent.started == ["mouth"]
        parent.children.renew("ear")
        assert parent.started == ["mouth"], "what does not run is not renewed"
        parent.children.restart("ear")
        parent.children.restart("nobody")
        assert parent.started == ["mouth", "ear"]

    with_parent(act, lambda p: p.spec("ear", needed=lambda session: False), lambda p: p.spec("mouth"))


@pytest.mark.parametrize("wanted", [False, True])
def test_one_that_is_released_ends_and_is_started_again_only_when_it_is_wanted(wanted: bool) -> None:
    async def act(parent: Parent) -> None:
        parent.children.start()
        former = parent.children["ear"]
        parent.children.release("ear")
        parent.children.release("nobody")
        if wanted:  # before it has ended
            parent.children.restart_unless_running("ear")
        await asyncio.sleep(0.01)
        assert not former.is_alive()
        assert parent.started.count("ear") == 1 + wanted
        parent.children.restart_unless_running("ear")
        await asyncio.sleep(0.01)
        assert parent.started.count("ear") == 2
        assert not parent.session.restarts
        parent.children["ear"].tell(Break())
        await asyncio.sleep(0.01)
        assert parent.started.count("ear") == 3, "it is missed like any other when it fails"

    with_parent(act)


def test_one_that_waits_to_be_started_again_is_not_when_it_is_not_needed_any_more() -> None:
    needed = [True]

    async def act(parent: Parent) -> None:
        parent.children.start()
        for _ in range(2):
            parent.children["ear"].tell(Break())
            await asyncio.sleep(0.01)
        needed.clear()
        parent.children.release("ear")
        await asyncio.sleep(1)
        assert parent.started == ["ear", "ear"]

    with_parent(act, lambda p: p.spec("ear", needed=lambda session: bool(needed)))


@pytest.mark.parametrize("follows", ["follows_agent", "follows_language", "follows_connection"])
def test_those_are_started_anew_whom_the_change_concerns(follows: str) -> None:
    async def act(parent: Parent) -> None:
        parent.children.start()
        plan = parent.session.plan
        if follows == "follows_connection":
            parent.children.follow_connection()
        else:
            getattr(parent.children, follows.replace("follows", "follow"))(plan, plan)
        await asyncio.sleep(0.01)
        assert parent.started == ["ear", "mouth", "ear"]

    concerned: Any = True if follows == "follows_connection" else lambda former, plan: True
    with_parent(act, lambda p: p.spec("ear", **{follows: concerned}), lambda p: p.spec("mouth"))


def test_messages_go_to_those_who_receive_their_class() -> None:
    async def act(parent: Parent) -> None:
        assert parent.children.receivers(Break) == ["ear"]
        assert parent.children.receivers(RestartChild) == []
        assert "ear" in parent.children
        assert "nobody" not in parent.children

    with_parent(act, lambda p: p.spec("ear", receives=(Break,)), lambda p: p.spec("mouth"))


def test_after_a_stop_nobody_is_started_again() -> None:
    async def act(parent: Parent) -> None:
        parent.children.start()
        parent.children.stop()
        parent.children.restart("ear")
        await asyncio.sleep(1)
        assert parent.children.all_gone
        assert parent.started == ["ear", "mouth"]

    with_parent(act)


def test_the_end_of_one_that_was_replaced_already_says_nothing() -> None:
    async def act(parent: Parent) -> None:
        parent.children.start()
        former = parent.children["ear"].actor_urn
        parent.children.restart("ear")
        await asyncio.sleep(0.01)
        stale = ChildExited(name="ear", actor_urn=former, exit=None)  # type: ignore[arg-type]
        assert parent.children.take_exit(stale) == ""
        assert parent.children["ear"].is_alive()

    with_parent(act)

"""However an actor ends: its parent is told once, the others live on, and nothing of it survives."""

import asyncio
import gc
from collections.abc import Callable, Coroutine
from enum import Enum
from typing import Any, ClassVar

import msgspec
import pytest
from pykka import ActorDeadError, ActorRef, ActorRegistry

from actors.runtime.address import Address
from actors.runtime.clock import run_virtual
from actors.runtime.exits import ChildExited, Exit, order_stop, tell_quietly
from actors.runtime.mailbox import MAX_MESSAGES
from actors.runtime.supervised_actor import RECENT_MESSAGES, SupervisedActor, actor_of

SECRET = "my number is 555 0100"


class Note(msgspec.Struct, frozen=True):
    """An ordinary message."""

    number: int = 0


class Audio(msgspec.Struct, frozen=True):
    """One that is only counted."""

    droppable: ClassVar[bool] = True
    duration_ms: float = 20.0


class Place(Enum):
    """Where an actor can fail, or not."""

    NOWHERE = "nowhere"
    ON_START = "on_start"
    MESSAGE = "message"
    ON_STOP = "on_stop"
    ON_FAILURE = "on_failure"
    ON_END = "on_end"
    TASK = "task"


class Parent(SupervisedActor):
    """Keeps the exits it is told."""

    def __init__(self) -> None:
        super().__init__("parent", None)
        self.exits: list[ChildExited] = []

    def on_receive(self, message: Any) -> Any:
        if isinstance(message, ChildExited):
            self.exits.append(message)
        return message


class Child(SupervisedActor):
    """Fails where it is made to, and owns a task and a timer."""

    def __init__(self, parent: ActorRef[Any], place: Place, error: BaseException | None) -> None:
        super().__init__("child", parent)
        self.place = place
        self.error = error
        self.seen: list[Any] = []
        self.ends = 0

    def _fail_at(self, place: Place) -> None:
        if place is self.place and self.error is not None:
            raise self.error

    async def _sleep_for_ever(self) -> None:
        await asyncio.sleep(3600)

    async def _fail_in_task(self) -> None:
        await asyncio.sleep(0)
        self._fail_at(Place.TASK)

    def on_start(self) -> None:
        self.spawn(self._sleep_for_ever(), "sleep")
        self.call_later(3600, Note(3600))
        self._fail_at(Place.ON_START)

    def on_receive(self, message: Any) -> Any:
        self.seen.append(message)
        if self.place is Place.TASK:
            self.spawn(self._fail_in_task(), "work")
        elif self.place is Place.ON_FAILURE:
            raise RuntimeError(SECRET)
        self._fail_at(Place.MESSAGE)
        return message

    def on_stop(self) -> None:
        self._fail_at(Place.ON_STOP)

    def on_failure(self, *_: Any) -> None:
        self._fail_at(Place.ON_FAILURE)

    def on_end(self) -> None:
        self.ends += 1
        self._fail_at(Place.ON_END)


async def settle() -> None:
    """Let everything that is ready happen."""
    for _ in range(30):
        await asyncio.sleep(0)


def seen_by(ref: ActorRef[Any]) -> Any:
    """The actor behind a ref; it is there."""
    actor = actor_of(ref)
    assert actor is not None
    return actor


ERRORS: list[Callable[[], BaseException]] = [
    lambda: ValueError(SECRET),
    lambda: asyncio.CancelledError(SECRET),
    lambda: SystemExit(SECRET),
    lambda: KeyboardInterrupt(SECRET),
]
FAILING = [place for place in Place if place is not Place.NOWHERE]
EXITS = [(Place.NOWHERE, None), *((place, error) for place in FAILING for error in ERRORS)]


@pytest.mark.parametrize(("place", "make_error"), EXITS)
def test_every_exit_is_told_once_and_harms_nobody(
    place: Place, make_error: Callable[[], BaseException] | None, caplog: pytest.LogCaptureFixture
) -> None:
    error = make_error() if make_error is not None else None

    async def main() -> None:
        parent, bystander = Parent.start(), Parent.start()
        await settle()
        ref = Child.start(parent, place, error)
        child = seen_by(ref)
        tell_quietly(ref, Note())
        await settle()
        order_stop(ref)
        await settle()

        (exited,) = seen_by(parent).exits
        assert (exited.name, exited.actor_urn) == ("child", ref.actor_urn)
        assert exited.exit is (Exit.NORMAL if error is None else Exit.FAILED)
        expected = "" if error is None else "RuntimeError" if place is Place.ON_FAILURE else type(error).__name__
        assert exited.error.split(" ")[0] == expected
        assert "\n" not in exited.error

        assert not ref.is_alive()
        assert ref not in ActorRegistry.get_all()
        assert child.ends == 1
        assert (child.owned_tasks, child.owned_timers) == ([], [])
        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert await bystander.ask("still here", block=False) == "still here"
        await asyncio.sleep(7200)
        assert len(seen_by(parent).exits) == 1
        assert Note(3600) not in child.seen
        order_stop(parent)
        order_stop(bystander)
        await settle()
        assert ActorRegistry.get_all() == []

    run_virtual(main())
    assert SECRET not in caplog.text


async def family(place: Place = Place.NOWHERE, error: BaseException | None = None) -> tuple[ActorRef[Any], Child]:
    """A parent, and a child of it that has started."""
    parent = Parent.start()
    ref = Child.start(parent, place, error)
    await settle()
    child = seen_by(ref)
    assert isinstance(child, Child)
    return parent, child


def on_virtual_time(test: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    """Run the coroutine on a loop of its own, and leave no actor behind."""

    def run() -> None:
        async def main() -> None:
            await test()
            for ref in ActorRegistry.get_all():
                order_stop(ref)
            await settle()
            assert ActorRegistry.get_all() == []

        run_virtual(main())

    run.__name__ = test.__name__
    return run


@on_virtual_time
async def test_an_end_overtakes_the_parents_other_mail() -> None:
    parent, child = await family()
    order = []
    seen_by(parent).on_receive = lambda message: order.append(type(message).__name__)
    child.error, child.place = ValueError(), Place.MESSAGE
    child.actor_ref.tell(Note())
    for number in range(5):
        parent.tell(Note(number))
    await settle()
    assert order.index("ChildExited") < len(order) - 2


@on_virtual_time
async def test_a_failure_while_asked_goes_to_the_asker_and_the_actor_lives() -> None:
    for error in (ValueError(SECRET), asyncio.CancelledError(SECRET), SystemExit(SECRET)):
        parent, child = await family(Place.MESSAGE, error)
        asked = child.actor_ref.ask(Note(), block=False)
        await settle()
        with pytest.raises(type(error)):
            asked.get()
        assert child.actor_ref.is_alive()
        assert seen_by(parent).exits == []
        assert SECRET not in child.state().last_error


@on_virtual_time
async def test_a_task_that_handles_its_error_harms_nobody() -> None:
    _, child = await family()
    handled: list[BaseException] = []
    gone: list[str] = []

    async def careful() -> None:
        try:
            int("not a number")
        except ValueError:
            gone.append("careful")

    async def careless() -> None:
        raise KeyError

    child.spawn(careful(), "careful")
    child.spawn(careless(), "careless", handled.append)
    await settle()
    assert gone == ["careful"]
    assert [type(error) for error in handled] == [KeyError]
    assert child.actor_ref.is_alive()


@on_virtual_time
async def test_a_task_cancelled_by_its_actor_is_no_failure() -> None:
    parent, child = await family()
    (task,) = child.owned_tasks
    task.cancel()
    await settle()
    assert task.cancelled()
    assert child.owned_tasks == []
    assert child.actor_ref.is_alive()
    assert seen_by(parent).exits == []


@on_virtual_time
async def test_a_task_that_dies_of_another_ones_cancellation_is_a_failure() -> None:
    parent, child = await family()

    async def wait_for_what_is_cancelled() -> None:
        future = asyncio.get_running_loop().create_future()
        future.cancel()
        await future

    child.spawn(wait_for_what_is_cancelled(), "wait")
    await settle()
    assert [exited.error.split(" ")[0] for exited in seen_by(parent).exits] == ["CancelledError"]


@on_virtual_time
async def test_what_a_task_told_before_it_failed_is_not_lost() -> None:
    _, child = await family()

    async def tell_and_fail() -> None:
        for number in range(3):
            child.actor_ref.tell(Note(number))
        raise ValueError

    child.spawn(tell_and_fail(), "work")
    await settle()
    assert child.seen == [Note(0), Note(1), Note(2)]
    assert not child.actor_ref.is_alive()


@on_virtual_time
async def test_a_task_cancelled_before_its_first_step_complains_of_nothing() -> None:
    _, child = await family()
    child.on_receive = lambda _: child.spawn(child._sleep_for_ever(), "never begun")  # type: ignore[method-assign, assignment]
    child.actor_ref.tell(Note())
    order_stop(child.actor_ref)
    await settle()
    gc.collect()
    assert asyncio.all_tasks() == {asyncio.current_task()}


@on_virtual_time
async def test_a_dead_actor_starts_no_task_and_no_timer() -> None:
    _, child = await family()
    order_stop(child.actor_ref)
    await settle()
    with pytest.raises(ActorDeadError):
        child.spawn(child._sleep_for_ever(), "late")
    child.call_later(1, Note()).cancel()
    await asyncio.sleep(2)
    assert child.seen == []
    assert asyncio.all_tasks() == {asyncio.current_task()}


@on_virtual_time
async def test_a_timer_tells_its_message_once_unless_cancelled() -> None:
    _, child = await family()
    child.call_later(5, Note(5))
    child.call_later(1, Note(1))
    child.call_later(2, Note(2)).cancel()
    await asyncio.sleep(10)
    assert child.seen == [Note(1), Note(5)]
    assert len(child.owned_timers) == 1


@on_virtual_time
async def test_a_parent_that_is_gone_or_broken_harms_nobody() -> None:
    class Broken:
        def tell(self, message: ChildExited) -> None:
            raise RuntimeError(SECRET)

    parent, child = await family()
    order_stop(parent)
    await settle()
    order_stop(child.actor_ref)
    orphan = Parent.start()
    seen_by(orphan).parent = Broken()
    order_stop(orphan)
    await settle()
    assert not child.actor_ref.is_alive()
    assert not orphan.is_alive()
    assert await Parent.start().ask("still here", block=False) == "still here"


@on_virtual_time
async def test_the_state_shows_what_an_operator_wants_to_know() -> None:
    _, child = await family()
    child.restarts = 2
    ref = child.actor_ref
    ref.tell(Note())
    await settle()
    await asyncio.sleep(3)
    ref.tell(Note())
    ref.tell(ChildExited(name="x", actor_urn="y", exit=Exit.NORMAL))
    state = child.state()
    assert (state.name, state.actor_class, state.state) == ("child", "Child", "running")
    assert (state.mailbox_urgent, state.mailbox, state.handled, state.restarts) == (1, 1, 1, 2)
    assert state.last_message_age_s == pytest.approx(3)
    child.error, child.place = ValueError(SECRET), Place.MESSAGE
    await settle()
    state = child.state()
    assert state.state == "stopped"
    assert state.last_error.startswith("ValueError at Child._fail_at:")


@on_virtual_time
async def test_recent_messages_are_bounded_and_audio_is_only_counted() -> None:
    _, child = await family()
    for _ in range(RECENT_MESSAGES + 10):
        child.actor_ref.tell(Note())
        child.actor_ref.tell(Audio())
    await settle()
    latest = child.recent_messages()
    assert len(latest) == RECENT_MESSAGES
    assert {seen.type for seen in latest} == {"Note"}
    assert child.handled == 2 * (RECENT_MESSAGES + 10)
    child.actor_ref.tell(ChildExited(name="x", actor_urn="y", exit=Exit.NORMAL))
    await settle()
    newest, before = child.recent_messages(limit=2)
    assert (newest.type, newest.receiver, before.type) == ("ChildExited", child.name, "Note")
    assert newest.at >= before.at >= 0.0


class Teller(SupervisedActor):
    """Tells `other` what it is told, and audio besides."""

    def __init__(self, other: Address[Any]) -> None:
        super().__init__("teller", None)
        self.other = other

    def on_receive(self, message: Any) -> Any:
        self.other.tell(message)
        self.other.tell(Audio())


class Listener(SupervisedActor):
    """Hears what waited for it, and tells itself something."""

    def __init__(self, address: Address[Any]) -> None:
        super().__init__("listener", None)
        self.address = address

    def on_start(self) -> None:
        self.reachable_at(self.address)
        self.address.tell(Note(3))

    def on_receive(self, message: Any) -> Any:
        return message


def recent(actor: SupervisedActor) -> list[tuple[str, str, str]]:
    """Sender, receiver and type, the oldest first."""
    return [(seen.sender, seen.receiver, seen.type) for seen in reversed(actor.recent_messages())]


@on_virtual_time
async def test_a_message_that_was_seen_says_who_told_it_whom() -> None:
    address: Address[Any] = Address("listener")
    address.tell(Note(1))
    teller = Teller.start(address)
    teller.tell(Note(2))
    await settle()
    listener = actor_of(Listener.start(address))
    assert listener is not None
    await settle()
    # Who told what has waited for an actor to be there is not known any more.
    outside, own = ("", "listener", "Note"), ("listener", "listener", "Note")
    assert recent(listener) == [outside, outside, own]
    teller.tell(Note(4))
    address.tell(Note(5))
    await settle()
    assert recent(listener)[3:] == [outside, ("teller", "listener", "Note")]
    address.tell_now(Note(6))
    assert recent(listener)[5:] == [outside]
    # The audio that came before it was there waits for nobody.
    assert listener.handled == 7


@on_virtual_time
async def test_a_parent_is_told_by_its_child_that_it_ended() -> None:
    ref, child = await family(Place.MESSAGE, ValueError(SECRET))
    child.actor_ref.tell(Note())
    await settle()
    parent = actor_of(ref)
    assert isinstance(parent, Parent)
    assert recent(parent) == [("child", "parent", "ChildExited")]


@on_virtual_time
async def test_names_of_subclasses_do_not_reach_into_the_base() -> None:
    class Busy(SupervisedActor):
        """Uses the names that come to mind."""

        def __init__(self) -> None:
            super().__init__("busy", None)
            self._tasks = self._timers = self._phase = self._loop = self._scheduler = self._failure = None

        def _begin(self) -> None:
            raise AssertionError

        _finish = _fail = _told = _over = _deliver = _let_go = _running = _begin

        def on_receive(self, message: Any) -> Any:
            return message

    ref = Busy.start()
    assert await ref.ask(Note(), block=False) == Note()
    order_stop(ref)
    await settle()
    assert not ref.is_alive()


@on_virtual_time
async def test_an_actor_is_let_go_of_when_it_has_ended() -> None:
    _, child = await family()
    ref = child.actor_ref
    order_stop(ref)
    await settle()
    del child
    gc.collect()
    before = ref.actor_urn
    del ref
    gc.collect()
    assert not [actor for actor in gc.get_objects() if isinstance(actor, Child) and actor.actor_urn == before]


def test_an_actor_with_more_mail_than_it_can_ever_handle_fails_and_its_parent_is_told() -> None:
    async def overwhelm() -> list[ChildExited]:
        parent = Parent.start()
        ref = Child.start(parent, Place.NOWHERE, None)
        actor = actor_of(parent)
        assert actor is not None
        for _ in range(MAX_MESSAGES + 10):
            ref.tell(Note())
        await asyncio.sleep(1)
        parent.stop(block=False)
        await asyncio.sleep(1)
        return actor.exits

    exits = run_virtual(overwhelm())
    assert [(exited.exit, exited.error.split(" at ")[0]) for exited in exits] == [(Exit.FAILED, "MailboxFullError")]

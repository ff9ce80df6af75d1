"""Who runs next: urgent first, the others in turn, and the loop's own callbacks in between."""

import asyncio
import itertools
from contextvars import Context, ContextVar
from typing import Any, ClassVar

import msgspec
import pytest

from actors.runtime.clock import VirtualLoop
from actors.runtime.loop_actor import LoopActor
from actors.runtime.scheduler import MESSAGES_PER_DRAIN, scheduler_of
from actors.runtime.supervised_actor import SupervisedActor


class Note(msgspec.Struct, frozen=True):
    """An ordinary message."""

    number: int


class Alarm(msgspec.Struct, frozen=True):
    """One that overtakes."""

    urgent: ClassVar[bool] = True
    number: int = 0


class Recorder(LoopActor):
    """Writes down what it handles, under its name."""

    def __init__(self, name: str, log: list[Any]) -> None:
        super().__init__()
        self.name = name
        self.log = log

    def on_receive(self, message: Any) -> None:
        self.log.append((self.name, message))


@pytest.fixture(autouse=True)
async def no_time_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A drain ends after 4 ms: what is handled in one must not depend on how fast the machine is."""
    monkeypatch.setattr(scheduler_of(asyncio.get_running_loop()), "now", lambda: 0.0)


async def settle() -> None:
    """Let everything that is ready happen."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_an_urgent_message_overtakes_the_mail_of_all_actors() -> None:
    log: list[Any] = []
    first, second = Recorder.start("first", log), Recorder.start("second", log)
    await settle()
    for number in range(10):
        first.tell(Note(number))
    second.tell(Alarm())
    await settle()
    assert log[0] == ("second", Alarm())
    first.stop(block=False), second.stop(block=False)
    await settle()


async def test_an_urgent_tell_made_while_draining_is_handled_within_the_same_drain() -> None:
    log: list[Any] = []
    turns = 0

    class Alarming(Recorder):
        def on_receive(self, message: Any) -> None:
            super().on_receive(message)
            if message == Note(2):
                other.tell(Alarm())

    def count_turns() -> None:
        nonlocal turns
        turns += 1
        log.append(("loop", turns))

    actor, other = Alarming.start("actor", log), Recorder.start("other", log)
    await settle()
    log.clear()
    for number in range(6):
        actor.tell(Note(number))
    asyncio.get_running_loop().call_soon(count_turns)
    await settle()
    handled = [("actor", Note(0)), ("actor", Note(1)), ("actor", Note(2)), ("other", Alarm())]
    assert log == [*handled, *(("actor", Note(number)) for number in (3, 4, 5)), ("loop", 1)]
    actor.stop(block=False), other.stop(block=False)
    await settle()


async def test_actors_take_turns_however_much_mail_one_of_them_has() -> None:
    log: list[Any] = []
    busy, quiet = Recorder.start("busy", log), Recorder.start("quiet", log)
    await settle()
    for number in range(100):
        busy.tell(Note(number))
    quiet.tell(Note(0))
    quiet.tell(Note(1))
    await settle()
    assert [name for name, _ in log[:5]] == ["busy", "quiet", "busy", "quiet", "busy"]
    assert [message.number for name, message in log if name == "busy"] == list(range(100))
    busy.stop(block=False), quiet.stop(block=False)
    await settle()


@pytest.mark.parametrize("message", [Note(0), Alarm()])
async def test_a_drain_is_bounded_and_then_yields_to_the_loop(message: Note | Alarm) -> None:
    handled_when_the_loop_ran: list[int] = []

    class Endless(LoopActor):
        handled = 0

        def on_receive(self, message: Any) -> None:
            Endless.handled += 1
            if Endless.handled < 5 * MESSAGES_PER_DRAIN:
                self.actor_ref.tell(message)

    ref = Endless.start()
    await settle()
    ref.tell(message)
    loop = asyncio.get_running_loop()

    def look() -> None:
        handled_when_the_loop_ran.append(Endless.handled)
        if Endless.handled < 5 * MESSAGES_PER_DRAIN:
            loop.call_soon(look)

    look()
    for _ in range(5):
        await settle()
    assert Endless.handled == 5 * MESSAGES_PER_DRAIN
    steps = [after - before for before, after in itertools.pairwise(handled_when_the_loop_ran)]
    assert max(steps) <= MESSAGES_PER_DRAIN
    assert len(steps) >= 5
    ref.stop(block=False)
    await settle()


async def test_a_drain_of_slow_messages_ends_by_time(monkeypatch: pytest.MonkeyPatch) -> None:
    log: list[Any] = []
    scheduler = scheduler_of(asyncio.get_running_loop())
    now_s = 0.0

    class Slow(Recorder):
        def on_receive(self, message: Any) -> None:
            nonlocal now_s
            super().on_receive(message)
            now_s += 0.003

    ref = Slow.start("slow", log)
    await settle()
    monkeypatch.setattr(scheduler, "now", lambda: now_s)
    for number in range(4):
        ref.tell(Note(number))
    asyncio.get_running_loop().call_soon(log.append, "loop")
    await settle()
    assert log.index("loop") == 2
    ref.stop(block=False)
    await settle()


async def test_an_exception_that_passes_through_leaves_the_others_running() -> None:
    log: list[Any] = []
    ref = Recorder.start("actor", log)
    await settle()
    seen: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: seen.append(context))

    class Broken:
        in_urgent = in_ready = False
        actor_inbox = ref.actor_inbox
        actor_context = Context()

        def run_once(self) -> None:
            raise ValueError("broken")

    scheduler_of(asyncio.get_running_loop()).wake(Broken(), urgent=True)  # type: ignore[arg-type]
    ref.tell(Note(1))
    await settle()
    assert log == [("actor", Note(1))]
    assert [type(context["exception"]) for context in seen] == [ValueError]
    ref.stop(block=False)
    await settle()


async def test_messages_are_not_handled_in_the_context_of_whoever_told_them() -> None:
    variable: ContextVar[str] = ContextVar("variable", default="none")
    seen: list[str] = []

    class Looking(LoopActor):
        def on_receive(self, message: Any) -> None:
            seen.append(variable.get())

    variable.set("the teller's")
    ref = Looking.start()
    ref.tell(Note(1))
    await settle()
    assert seen == ["none"]
    ref.stop(block=False)
    await settle()


def test_the_schedulers_of_closed_loops_are_let_go() -> None:
    closed, other = VirtualLoop(), VirtualLoop()
    scheduler = scheduler_of(closed)
    assert scheduler_of(closed) is scheduler
    closed.close()
    assert scheduler_of(other) is not scheduler
    assert scheduler_of(closed) is not scheduler
    other.close()


async def test_what_is_taken_is_handled_before_the_loop_goes_on_with_all_it_causes() -> None:
    log: list[Any] = []
    last = Recorder.start("last", log)

    class Teller(Recorder):
        def on_receive(self, message: Any) -> None:
            super().on_receive(message)
            last.tell(message)

    first = Teller.start("first", log)
    await settle()
    first.actor_inbox.put_now(Note(1))  # type: ignore[attr-defined]
    assert log == [("first", Note(1)), ("last", Note(1))]
    first.stop(block=False), last.stop(block=False)
    await settle()


async def test_what_is_taken_overtakes_nothing_that_is_due() -> None:
    log: list[Any] = []
    first, second = Recorder.start("first", log), Recorder.start("second", log)
    await settle()
    first.tell(Note(1))
    second.actor_inbox.put_now(Note(2))  # type: ignore[attr-defined]
    first.actor_inbox.put_now(Note(3))  # type: ignore[attr-defined]
    assert log == []
    await settle()
    assert log == [("first", Note(1)), ("second", Note(2)), ("first", Note(3))]
    first.stop(block=False), second.stop(block=False)
    await settle()


async def test_what_is_taken_by_an_actor_that_has_not_begun_waits_for_it() -> None:
    log: list[Any] = []
    ref = Recorder.start("recorder", log)
    ref.actor_inbox.put_now(Note(1))  # type: ignore[attr-defined]
    assert log == []
    await settle()
    assert log == [("recorder", Note(1))]
    ref.stop(block=False)
    await settle()


@pytest.mark.parametrize("error", [LookupError, asyncio.CancelledError])
async def test_an_actor_that_fails_at_what_it_takes_ends_and_the_others_go_on(error: type[BaseException]) -> None:
    log: list[Any] = []
    bystander = Recorder.start("bystander", log)

    class Failing(SupervisedActor):
        def on_receive(self, message: Any) -> None:
            raise error

    ref = Failing.start("failing", None)
    await settle()
    ref.actor_inbox.put_now(Note(1))  # type: ignore[attr-defined]
    assert not ref.is_alive()
    bystander.actor_inbox.put_now(Note(2))  # type: ignore[attr-defined]
    assert log == [("bystander", Note(2))]
    bystander.stop(block=False)
    await settle()

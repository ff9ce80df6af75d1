"""Pykka's contract on an event loop, and what differs: nothing waits on the loop's own thread."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pykka
import pytest
from pykka import ActorDeadError, ActorRegistry

from actors.runtime.loop_actor import LoopActor, LoopFuture, StopFlag, WouldBlockError, bind, stop_all


class Echo(LoopActor):
    """Answers with what it is asked; does what a told callable does."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Any] = []
        self.threads: set[int] = set()

    def on_receive(self, message: Any) -> Any:
        self.threads.add(threading.get_ident())
        self.seen.append(message)
        if callable(message):
            return message()
        return message


@pytest.fixture(autouse=True)
async def clean_registry() -> AsyncIterator[None]:
    """No actor of a test is left to the next one."""
    yield
    stop_all()
    await settle()
    assert ActorRegistry.get_all() == []


async def settle() -> None:
    """Let everything that is ready happen."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_an_answer_can_be_awaited() -> None:
    ref = Echo.start()
    assert await ref.ask("hello", block=False) == "hello"
    assert await ref.proxy().seen == ["hello"]


async def test_an_awaited_failure_is_raised_and_the_actor_lives() -> None:
    ref = Echo.start()
    with pytest.raises(ZeroDivisionError):
        await ref.ask(lambda: 1 / 0, block=False)
    assert ref.is_alive()


@pytest.mark.parametrize("wait", ["ask", "stop", "get", "proxy", "stop_all"])
async def test_waiting_on_the_loops_own_thread_is_an_error_and_not_a_deadlock(wait: str) -> None:
    ref = Echo.start()
    waits: dict[str, Callable[[], object]] = {
        "ask": lambda: ref.ask("hello"),
        "stop": lambda: ref.stop(),
        "get": lambda: ref.ask("hello", block=False).get(timeout=30),
        "proxy": lambda: ref.proxy().seen.get(),
        "stop_all": lambda: ActorRegistry.stop_all(),
    }
    with pytest.raises(WouldBlockError, match="block=False"):
        waits[wait]()


async def test_a_waiting_handler_is_told_so_too() -> None:
    first, second = Echo.start(), Echo.start()
    with pytest.raises(WouldBlockError):
        await first.ask(lambda: second.ask("hello"), block=False)


async def test_a_result_that_is_there_is_had_at_once() -> None:
    ref = Echo.start()
    future = ref.ask("hello", block=False)
    await settle()
    assert future.get() == "hello"
    assert future.map(str.upper).get() == "HELLO"
    ref.stop(block=False)
    await settle()
    with pytest.raises(ActorDeadError):
        ref.ask("hello")


async def test_a_registry_wide_stop_ends_all_without_waiting() -> None:
    refs = [Echo.start() for _ in range(3)]
    stop_all()
    await settle()
    assert not any(ref.is_alive() for ref in refs)


async def test_threads_may_tell_ask_and_stop() -> None:
    ref = Echo.start()
    counts = 4, 200

    def tell_many(sender: int) -> str:
        for number in range(counts[1]):
            ref.tell((sender, number))
        return str(ref.ask(f"from {sender}", timeout=30))

    answers = await asyncio.gather(*(asyncio.to_thread(tell_many, sender) for sender in range(counts[0])))
    assert answers == [f"from {sender}" for sender in range(counts[0])]
    proxy = ref.proxy()
    seen = await proxy.seen
    for sender in range(counts[0]):
        in_order = [entry[1] for entry in seen if isinstance(entry, tuple) and entry[0] == sender]
        assert in_order == list(range(counts[1]))
    assert await proxy.threads == {threading.get_ident()}
    assert await asyncio.to_thread(ref.stop) is True


async def test_tells_from_the_loop_and_from_on_start_keep_their_order() -> None:
    class Early(Echo):
        def __init__(self) -> None:
            super().__init__()
            self.actor_ref.tell("from init")

        def on_start(self) -> None:
            self.actor_ref.tell("from on_start")

    ref = Early.start()
    ref.tell("after start")
    assert await ref.proxy().seen == ["from init", "after start", "from on_start"]


async def test_what_is_queued_behind_a_stop_is_refused() -> None:
    ref = Echo.start()
    ref.stop(block=False)
    late = ref.ask("late", block=False)
    second_stop = ref.ask(pykka.messages._ActorStop(), block=False)
    with pytest.raises(ActorDeadError):
        await late
    assert await second_stop is None
    with pytest.raises(ActorDeadError):
        ref.tell("later")


async def test_a_thread_that_asks_while_the_actor_ends_gets_an_answer() -> None:
    ref = Echo.start()
    inbox = ref.actor_inbox
    ref.stop(block=False)
    await settle()
    future: LoopFuture[Any] = LoopFuture()
    inbox.put(pykka._envelope.Envelope("crossed", reply_to=future))
    with pytest.raises(ActorDeadError):
        future.get()


@pytest.mark.parametrize("error", [ValueError, asyncio.CancelledError, SystemExit])
@pytest.mark.parametrize("place", ["on_start", "message", "on_stop"])
async def test_a_plain_actor_that_fails_leaves_the_loop_turning(place: str, error: type[BaseException]) -> None:
    class Failing(Echo):
        def on_start(self) -> None:
            if place == "on_start":
                raise error

        def on_receive(self, message: Any) -> None:
            if place == "message":
                raise error

        def on_stop(self) -> None:
            if place == "on_stop":
                raise error

    ref = Failing.start()
    ref.actor_inbox.put(pykka._envelope.Envelope("message"))
    ref.actor_inbox.put(pykka._envelope.Envelope(pykka.messages._ActorStop()))
    await settle()
    assert not ref.is_alive()
    assert ref not in ActorRegistry.get_all()
    other = Echo.start()
    assert await other.ask("still here", block=False) == "still here"


async def test_pykkas_answer_to_a_base_exception_stops_all_and_does_not_wait() -> None:
    bystander, failing = Echo.start(), Echo.start()

    def cancel() -> None:
        raise asyncio.CancelledError

    failing.tell(cancel)
    await settle()
    assert not bystander.is_alive()
    assert not failing.is_alive()


async def test_a_cancelled_wait_for_an_answer_harms_nobody() -> None:
    ref = Echo.start()

    async def wait() -> Any:
        return await ref.ask("hello", block=False)

    task = asyncio.create_task(wait())
    task.cancel()
    await settle()
    assert task.cancelled()
    assert await ref.ask("again", block=False) == "again"


def test_without_a_loop_an_actor_does_not_start_and_is_not_registered() -> None:
    bind(None)
    with pytest.raises(RuntimeError, match="bind"):
        Echo.start()
    assert ActorRegistry.get_all() == []


@pytest.fixture
def loop_thread() -> Iterator[asyncio.AbstractEventLoop]:
    """A loop that runs in a thread of its own, and is the bound one."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    bind(loop)
    yield loop
    bind(None)
    if not loop.is_closed():
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout=30)
        loop.close()


def test_a_plain_thread_starts_actors_on_the_bound_loop(loop_thread: asyncio.AbstractEventLoop) -> None:
    ref = Echo.start()
    assert ref.ask(threading.get_ident, timeout=30) != threading.get_ident()
    assert ref.stop(timeout=30)
    assert ref.stop(timeout=30) is False


def test_an_actor_of_a_closed_loop_is_dead_to_those_who_tell_it(loop_thread: asyncio.AbstractEventLoop) -> None:
    ref = Echo.start()
    assert ref.ask("hello", timeout=30) == "hello"
    loop_thread.call_soon_threadsafe(loop_thread.stop)
    while loop_thread.is_running():
        threading.Event().wait(0.001)
    loop_thread.close()
    with pytest.raises(ActorDeadError):
        ref.tell("hello")
    ActorRegistry.unregister(ref)
    with pytest.raises(RuntimeError, match="bind"):
        Echo.start()


def test_a_thread_that_waits_for_a_flag_goes_on_when_that_one_is_raised() -> None:
    flag, other = StopFlag(), StopFlag()
    found: list[bool] = []
    waiting = threading.Thread(target=lambda: found.append(flag.wait(10.0)))
    waiting.start()
    other.set()
    waiting.join(0.05)
    assert (waiting.is_alive(), flag.is_set(), flag.wait(0.0)) == (True, False, False)
    flag.set()
    waiting.join(10.0)
    assert (found, flag.is_set(), flag.wait()) == ([True], True, True)

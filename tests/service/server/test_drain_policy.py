"""What live conversations do when the server is told to end, on virtual time."""

import asyncio
import threading
from collections.abc import Awaitable, Callable

import msgspec
import pytest

from actors.ports.llm import ReplyGenerated, TextGenerated, ToolCalled
from actors.runtime.clock import run_virtual
from actors.tools import OnInterruption, tool
from app.services import Services
from app.sessions.draining import GOODBYE_S
from tests.kit.fakes import FakeModel
from tests.kit.service_kit import running
from tests.kit.session_kit import AGENT
from tests.service.browser.test_conversation_socket import Client

GRACE_S = 30.0


def drained(policy: str, stays_s: float) -> tuple[float, Client]:
    """How long a drain took with a client that hangs up after `stays_s`, and the client."""
    took_s: list[float] = []
    clients: list[Client] = []

    async def main() -> None:
        async with running({"DRAIN_POLICY": policy}) as service:
            loop = asyncio.get_running_loop()
            client = Client(service)
            clients.append(client)
            await asyncio.sleep(1)
            began = loop.time()
            loop.call_later(stays_s, client.socket.send, '{"type":"hang_up"}')
            await service.lifecycle.drain(began + GRACE_S)
            took_s.append(loop.time() - began)
            await asyncio.sleep(0.1)

    run_virtual(main())
    return took_s[0], clients[0]


def test_a_conversation_may_finish_by_itself_and_is_then_not_sent_to_another_server() -> None:
    took_s, client = drained("finish", 15)
    assert 15 <= took_s < 16
    assert client.closed is not None
    assert client.closed.code == 1000


def test_one_that_goes_on_says_goodbye_before_the_grace_is_over() -> None:
    took_s, client = drained("finish", 100)
    assert GRACE_S - GOODBYE_S <= took_s < GRACE_S
    assert "Goodbye" in client.of("assistant_final")[-1]["content"]
    assert client.closed is not None
    assert client.closed.code == 1012


def test_it_says_goodbye_at_once_if_that_is_the_policy() -> None:
    took_s, client = drained("goodbye", 100)
    assert took_s < GOODBYE_S
    assert "Goodbye" in client.of("assistant_final")[-1]["content"]
    assert client.closed is not None
    assert client.closed.code == 1012


def draining(act: Callable[[Services], Awaitable[None]], policy: str = "finish", grace_s: float = GRACE_S) -> float:
    """How long a drain took that began a second after what `act` began."""
    took_s: list[float] = []

    async def main() -> None:
        async with running({"DRAIN_POLICY": policy, "MAX_CONCURRENT_SESSIONS": "50"}) as service:
            loop = asyncio.get_running_loop()
            await act(service)
            await asyncio.sleep(1)
            began = loop.time()
            await service.lifecycle.drain(began + grace_s)
            took_s.append(loop.time() - began)
            await asyncio.sleep(0.1)

    run_virtual(main())
    return took_s[0]


def goodbyes(client: Client) -> list[str]:
    return [final["content"] for final in client.of("assistant_final") if "Goodbye" in final["content"]]


def test_of_twenty_each_ends_when_it_wants_to_and_nobody_before_the_grace_is_nearly_over() -> None:
    """Twenty live calls were all cut with a goodbye within six seconds."""
    clients: list[Client] = []

    async def act(service: Services) -> None:
        for number in range(20):
            clients.append(Client(service))
            # One leaves each second; the last five stay.
            if number < 15:
                asyncio.get_running_loop().call_later(2.0 + number, clients[-1].socket.send, '{"type":"hang_up"}')

    took_s = draining(act)
    assert GRACE_S - GOODBYE_S <= took_s < GRACE_S
    assert [bool(goodbyes(client)) for client in clients] == [False] * 15 + [True] * 5
    assert [client.closed.code for client in clients if client.closed] == [1000] * 15 + [1012] * 5


def test_a_turn_that_is_in_hand_when_the_order_comes_is_answered() -> None:
    clients: list[Client] = []

    async def act(service: Services) -> None:
        clients.append(Client(service))
        loop = asyncio.get_running_loop()
        for after_s, text in ((0.9, "first"), (6.0, "second"), (12.0, "third")):
            loop.call_later(after_s, clients[0].socket.send, text)
        loop.call_later(18.0, clients[0].socket.send, '{"type":"hang_up"}')

    assert 16 < draining(act) < 18
    heard = [final["content"] for final in clients[0].of("assistant_final")]
    assert [any(text in each for each in heard) for text in ("first", "second", "third")] == [True] * 3
    assert goodbyes(clients[0]) == []


def test_who_is_in_mid_sentence_at_the_end_of_the_grace_hears_it_out_and_then_goodbye() -> None:
    clients: list[Client] = []

    async def act(service: Services) -> None:
        clients.append(Client(service))
        at_s = 1.0 + GRACE_S - GOODBYE_S - 0.7
        asyncio.get_running_loop().call_later(at_s, clients[0].socket.send, "a question that is asked late")

    assert draining(act) < GRACE_S
    *_, reply, goodbye = [final["content"] for final in clients[0].of("assistant_final")]
    assert reply.endswith((".", "?", "late"))
    assert "Goodbye" in goodbye


@pytest.mark.parametrize("grace_s", [0.5, 2.0, 6.0])
def test_of_a_short_grace_half_is_left_for_goodbyes_and_it_is_kept(grace_s: float) -> None:
    clients: list[Client] = []

    async def act(service: Services) -> None:
        clients.append(Client(service))

    took_s = draining(act, grace_s=grace_s)
    assert grace_s / 2 <= took_s <= grace_s + 0.1
    assert clients[0].closed is not None
    assert clients[0].closed.code == 1012


def test_a_session_whose_connection_is_lost_is_waited_for_no_longer_than_ever() -> None:
    async def act(service: Services) -> None:
        client = Client(service)
        await asyncio.sleep(2)
        client.leave()

    assert draining(act) < GRACE_S - GOODBYE_S - 1


def test_who_comes_while_others_finish_is_sent_elsewhere_and_begins_nothing() -> None:
    late: list[Client] = []

    async def act(service: Services) -> None:
        client = Client(service)
        loop = asyncio.get_running_loop()
        loop.call_later(4.0, lambda: late.append(Client(service)))
        loop.call_later(8.0, client.socket.send, '{"type":"hang_up"}')
        loop.call_later(6.0, lambda: sessions.append(len(service.sessions.live)))

    sessions: list[int] = []
    assert draining(act) < 8
    assert sessions == [1]
    assert late[0].closed is not None
    assert late[0].closed.code in (1012, 1013)


def test_a_client_that_reads_nothing_holds_nobody_up_beyond_the_grace() -> None:
    async def act(service: Services) -> None:
        stuck = Client(service)
        await asyncio.sleep(0.5)
        stuck._task.cancel()

    assert draining(act) <= GRACE_S + 0.1


RELEASED = threading.Event()


@tool(timeout_s=600, on_interruption=OnInterruption.FINISH)
def hangs() -> str:
    """Hang."""
    RELEASED.wait(60)
    return ""


def calling() -> FakeModel:
    """The plug-in: a model that calls the tool."""
    call = ToolCalled(call_id="c1", name="hangs", arguments="{}")
    return FakeModel(lambda _: [TextGenerated("One moment please. "), call, ReplyGenerated()])


async def test_a_tool_that_hangs_holds_up_neither_the_goodbye_nor_the_drain() -> None:
    """V11: its thread cannot be ended, and is waited for by nobody. On real time, as threads are."""
    agent = msgspec.structs.replace(AGENT, tools=("hangs",))
    environ = {"DRAIN_POLICY": "goodbye", "LANGUAGE_MODEL": f"{__name__}:calling"}
    try:
        async with running(environ, agent, {"hangs": hangs}) as service:
            loop = asyncio.get_running_loop()
            client = Client(service)
            client.socket.send("do it")
            async with asyncio.timeout(30):
                while not hangs._threads._started_at:  # noqa: ASYNC110  a thread begins
                    await asyncio.sleep(0.05)
            began = loop.time()
            await service.lifecycle.drain(began + GRACE_S)
            assert loop.time() - began < GOODBYE_S
            assert len(goodbyes(client)) == 1
            assert hangs._threads._started_at, "it hangs on"
    finally:
        RELEASED.set()

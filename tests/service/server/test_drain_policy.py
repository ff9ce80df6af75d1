"""What live conversations do when the server is told to end, on virtual time."""

import asyncio

from actors.runtime.clock import run_virtual
from app.draining import GOODBYE_S
from tests.kit.service_kit import running
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

"""The Python client against a running server, as whoever has only docs/clients.md uses it."""

import asyncio
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from earshot_client import (
    Audio,
    Cleared,
    Conversation,
    Draining,
    Ended,
    Event,
    Heard,
    Opened,
    Reconnecting,
    RefusedError,
    Reply,
    Said,
    UnreachableError,
    understood,
)
from tests.kit.ports import free_port
from tests.kit.service_kit import FAKES
from tests.kit.serving import EARSHOT, ROOT, Server, run, serving

LIMIT_S = 60
BUTTONS = ("README.md", "docs/clients.md")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving(EARSHOT, **FAKES) as started:
        yield started


async def until(call: Conversation, kind: type[Event], text: str = "") -> list[Event]:
    """The events up to one of a kind, whose text contains `text`."""
    found: list[Event] = []
    async with asyncio.timeout(LIMIT_S):
        async for event in call:
            found.append(event)
            if isinstance(event, kind) and text in getattr(event, "text", ""):
                return found
    raise AssertionError(f"it ended without {kind.__name__}: {found}")


async def test_what_is_typed_is_answered_and_heard_to_the_end(server: Server) -> None:
    async with Conversation(server.url) as call:
        events = await until(call, Reply)
        assert await call.say("hello client")
        events += await until(call, Heard, "hello client")
        assert await call.hang_up()
        ended = await until(call, Ended)
    assert isinstance(events[0], Opened)
    assert not events[0].resumed
    assert "hello client" in [event.text for event in events if isinstance(event, Said)]
    assert any(isinstance(event, Reply) and event.kind == "greeting" for event in events)
    assert sum(len(event.pcm) for event in events if isinstance(event, Audio)) > 10_000
    assert ended[-1] == Ended("NORMAL")
    assert not await call.say("too late")


async def test_an_interruption_clears_the_reply(server: Server) -> None:
    async with Conversation(server.url) as call:
        await call.say("a long story " * 40)
        await until(call, Reply, "You said")
        await call.interrupt()
        assert isinstance((await until(call, Cleared))[-1], Cleared)


async def test_a_lost_connection_goes_on_where_it_was(server: Server) -> None:
    async with Conversation(server.url) as call:
        await call.say("before")
        await until(call, Heard, "before")
        transport = call._socket.get_extra_info("socket")
        transport.shutdown(2)
        events = await until(call, Opened)
        assert isinstance(events[-2], Reconnecting)
        opened = events[-1]
        assert isinstance(opened, Opened)
        assert opened.resumed
        assert opened.session_id == call.session_id
        await call.say("after")
        await until(call, Heard, "after")


async def test_a_refusal_says_why(server: Server) -> None:
    with pytest.raises(RefusedError, match=r"agent: one of .* \(1008\)"):
        async with Conversation(server.url, agent="nobody"):
            raise AssertionError("it was let in")


async def test_a_server_that_is_not_there_is_said_to_be_so() -> None:
    with pytest.raises(UnreachableError, match="realtime/conversation"):
        async with Conversation(f"http://127.0.0.1:{free_port()}"):
            raise AssertionError("it was let in")


def test_an_address_that_is_none_is_named() -> None:
    with pytest.raises(ValueError, match="expected an http or https address, got 'localhost:8000'"):
        Conversation("localhost:8000")


def test_messages_of_newer_servers_are_nothing() -> None:
    assert understood({"type": "weather", "payload": {}}) is None
    assert understood({"type": "event", "sender": "System", "payload": {"event_type": "new"}}) is None


def test_a_server_that_is_about_to_restart_says_so() -> None:
    told = {"type": "event", "sender": "System", "payload": {"event_type": "draining", "message": "soon"}}
    assert understood(told) == Draining("soon")


def test_the_button_that_readers_are_shown_is_everywhere_the_same() -> None:
    readme, clients = (re.findall(r"```html\n(.*?)```", (ROOT / place).read_text("utf-8"), re.S) for place in BUTTONS)
    assert readme == clients != []


@pytest.mark.parametrize("place", ["docs/clients.md", "earshot_client.py"])
def test_the_ten_lines_that_readers_are_shown_talk(server: Server, tmp_path: Path, place: str) -> None:
    text = (ROOT / place).read_text("utf-8")
    found = re.search(r"^( *)import asyncio\n\1from earshot_client.*?^\1asyncio\.run\(main\(\)\)$", text, re.M | re.S)
    assert found is not None
    program = "\n".join(line.removeprefix(found[1]) for line in found[0].splitlines())
    program = program.replace("http://localhost:8000", server.url)
    (tmp_path / "talk.py").write_text(program, "utf-8")
    assert len([line for line in program.splitlines() if line.strip()]) <= 12
    ended = run(sys.executable, str(tmp_path / "talk.py"), PYTHONPATH=str(ROOT))
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "saturday" in ended.stdout

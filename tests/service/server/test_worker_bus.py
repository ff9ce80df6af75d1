"""What one worker tells, all hear."""

import asyncio
import os
import signal
import socket
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from unittest.mock import Mock, call

import httpx
import pytest

from app.server.processes.launcher import Launcher
from app.server.processes.worker_bus import ServerEndingError, WorkerBus, WorkerBusError
from app.server.processes.worker_pipe import WorkerNotice, decode_from_worker, encode_line
from app.server.processes.worker_process import WorkerProcess
from config.settings import Settings
from tests.kit.service_kit import FAKES
from tests.kit.serving import AUTHORITIES, EARSHOT, Server, eventually, serving


def decoded(line: bytes) -> WorkerNotice:
    """A line that is a notice."""
    notice = decode_from_worker(line)
    assert isinstance(notice, WorkerNotice)
    return notice


class Line:
    """A worker's bus, and the launcher's end of its pipe."""

    def __init__(self, said_before: bytes = b"") -> None:
        self.launcher, self._worker = socket.socketpair()
        self.launcher.settimeout(10)
        self.launcher.sendall(said_before)
        self.heard: list[tuple[str, dict[str, object]]] = []
        self.hung_up = asyncio.Event()
        self.worker_bus = WorkerBus()
        self.worker_bus.on_notice(lambda notice: self.heard.append((notice.topic, notice.fields)))
        self.worker_bus.connect(self._worker, self.hung_up.set)

    async def said(self) -> WorkerNotice:
        """What the worker says next."""
        return decoded(await asyncio.to_thread(self.launcher.recv, 65_536))

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._worker)
        self.launcher.close()
        self._worker.close()


@asynccontextmanager
async def line(said_before: bytes = b"") -> AsyncIterator[Line]:
    connected = Line(said_before)
    try:
        yield connected
    finally:
        connected.close()


async def test_a_worker_without_a_launcher_hears_itself() -> None:
    worker_bus = WorkerBus()
    heard: list[WorkerNotice] = []
    worker_bus.on_notice(heard.append)
    await worker_bus.tell("agent/hotel", {"a": 1})
    assert heard == [WorkerNotice("agent/hotel", {"a": 1})]


async def test_what_was_said_before_is_known_before_the_first_session() -> None:
    said = encode_line(WorkerNotice("a", {"x": 1})) + encode_line(WorkerNotice("b", {"y": 2}))
    async with line(said) as end:
        assert end.heard == [("a", {"x": 1}), ("b", {"y": 2})]


async def test_a_worker_hears_its_own_notice_when_the_launcher_says_it_and_in_its_order() -> None:
    async with line() as end:
        telling = asyncio.create_task(end.worker_bus.tell("a", {"x": "mine"}))
        own = await end.said()
        assert (own.topic, own.fields, own.teller) == ("a", {"x": "mine"}, os.getpid())
        assert (end.heard, telling.done()) == ([], False)
        foreign = encode_line(WorkerNotice("a", {"x": "another's"}, teller=1, number=own.number))
        # In pieces, as streams have them.
        text = foreign + encode_line(own)
        end.launcher.sendall(text[:10])
        await asyncio.sleep(0)
        end.launcher.sendall(text[10:])
        await telling
        assert end.heard == [("a", {"x": "another's"}), ("a", {"x": "mine"})]


async def test_a_launcher_that_is_gone_passes_nothing_on() -> None:
    async with line() as end:
        end.launcher.close()
        await asyncio.wait_for(end.hung_up.wait(), 60)
        with pytest.raises(WorkerBusError):
            await end.worker_bus.tell("a", {"x": 1})


async def test_where_the_server_ends_nobody_waits_for_an_answer_and_nothing_has_failed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with line() as end:
        bus = end.worker_bus
        waiting = [
            asyncio.create_task(bus.tell("a", {})),
            asyncio.create_task(bus.owner("session", claim=True)),
        ]
        await asyncio.to_thread(end.launcher.recv, 65_536)
        # As the launcher orders a worker to drain; it still reads what the worker says.
        end.launcher.shutdown(socket.SHUT_WR)
        assert [type(ended) for ended in await asyncio.gather(*waiting, return_exceptions=True)] == [
            ServerEndingError,
            WorkerBusError,
        ]
        with pytest.raises(ServerEndingError):
            await bus.tell("a", {})
        with pytest.raises(ServerEndingError):
            await bus.owner("session", claim=False)
        assert end.hung_up.is_set()
        assert caplog.records == []


async def test_a_launcher_that_stands_still_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.server.processes.worker_bus.TELL_TIMEOUT_S", 0.05)
    async with line() as end:
        long = {"x": "y" * 2_000_000}
        with pytest.raises(WorkerBusError):
            await end.worker_bus.tell("a", long)
        lines: list[bytes] = []
        reading = threading.Thread(target=lambda: lines.extend(_two_lines(end.launcher)))
        reading.start()
        with pytest.raises(WorkerBusError):
            await end.worker_bus.tell("b", {"z": 1})
        await asyncio.to_thread(reading.join)
        # Half of the first, and the second is whole.
        assert len(lines[0]) < 2_000_000
        assert decoded(lines[1]).topic == "b"


def _two_lines(launcher: socket.socket) -> list[bytes]:
    text = b""
    while text.count(b"\n") < 2:
        text += launcher.recv(65_536)
    return text.split(b"\n")


def temperature_by_worker(server: Server, wanted: int) -> dict[int, float]:
    """The temperature of the agent hotel in `wanted` workers, whichever take new connections."""
    seen: dict[int, float] = {}

    def all_seen() -> bool:
        with httpx.Client(base_url=f"{server.url}/api/v1", trust_env=False, verify=AUTHORITIES, timeout=60) as client:
            # Both over one connection, and so from one worker.
            agent = client.get("/agents/hotel").json()
            seen[client.get("/health/actors").json()["worker"]] = agent["model"]["temperature"]
        return len(seen) == wanted

    eventually(all_seen)
    return seen


async def test_the_launcher_passes_on_what_is_a_notice_and_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    reader = asyncio.StreamReader(limit=1_000)
    writer = Mock(spec=asyncio.StreamWriter, **{"is_closing.return_value": False})
    notice = encode_line(WorkerNotice("a", {"x": 1}))
    reader.feed_data(b"nonsense\n" + b"x" * 5_000 + b"\n")
    reader.feed_data(notice)
    reader.feed_eof()
    worker = WorkerProcess(Mock(pid=1), reader, writer)
    with socket.socket() as listener:
        launcher = Launcher(Settings.read({}), listener, "")
        launcher._workers.add(worker)
        await launcher._listen(worker)
    assert writer.write.mock_calls == [call(notice)]
    assert "cannot be decoded" in caplog.text


def test_every_worker_has_what_an_operator_changed_and_one_that_is_started_later_too() -> None:
    with serving(EARSHOT, WEB_CONCURRENCY="2", **FAKES) as server:
        before = temperature_by_worker(server, 2)
        assert set(before.values()) == {0.7}
        for temperature in (0.5, 1.5):
            answer = httpx.put(
                f"{server.url}/api/v1/agents/hotel",
                json={"model": {"temperature": temperature}},
                trust_env=False,
                verify=AUTHORITIES,
            )
            assert answer.json()["updated_fields"] == ["model.temperature"]
        eventually(lambda: set(temperature_by_worker(server, 2).values()) == {1.5})
        killed = next(iter(before))
        os.kill(killed, signal.SIGKILL)
        eventually(lambda: set(temperature_by_worker(server, 2)) != set(before))
        assert set(temperature_by_worker(server, 2).values()) == {1.5}

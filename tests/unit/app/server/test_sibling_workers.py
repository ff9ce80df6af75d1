"""What the workers of one server ask each other over their Unix sockets."""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from app.server.asgi_relay import RelayServer
from app.server.sibling_workers import Question, SiblingWorkers, Told

TOPIC = "sessions"


@pytest.fixture
def directory() -> Iterator[Path]:
    with TemporaryDirectory(prefix="siblings-") as made:
        yield Path(made)


async def _no_app(*_: object) -> None:
    raise AssertionError("nothing is relayed")


class Sibling:
    """Another worker of this process, under a process id that no process has."""

    def __init__(self, directory: Path, number: int) -> None:
        self.workers = SiblingWorkers(directory)
        self.server = RelayServer(_no_app, directory, self.workers)
        self.server._address = directory / str(number)

    async def __aenter__(self) -> "Sibling":
        await self.server.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.server.close(is_orphan=False)


async def _told(payload: bytes) -> bytes:
    return b"told " + payload


async def _never(_: bytes) -> bytes:
    await asyncio.Event().wait()
    return b""


async def _raises(_: bytes) -> bytes:
    raise RuntimeError("fake")


async def test_all_others_are_asked_and_this_one_is_not(directory: Path) -> None:
    own = SiblingWorkers(directory)
    async with Sibling(directory, 10_000_001) as first, Sibling(directory, 10_000_002) as second:
        (directory / str(os.getpid())).touch()
        (directory / "no-worker").touch()
        for each in (first, second):
            each.workers.on(TOPIC, _told)
        assert await own.gather(TOPIC, b"x", 5) == ([b"told x", b"told x"], 0)


async def test_an_answer_of_a_megabyte_comes_whole(directory: Path) -> None:
    async with Sibling(directory, 10_000_001) as sibling:
        sibling.workers.on(TOPIC, _told)
        (answer,), silent = await SiblingWorkers(directory).gather(TOPIC, bytes(1_000_000), 5)
        assert (len(answer), silent) == (1_000_005, 0)


async def test_those_that_live_and_do_not_answer_are_counted(directory: Path) -> None:
    async with Sibling(directory, 10_000_001) as late, Sibling(directory, 10_000_002) as failing:
        late.workers.on(TOPIC, _never)
        failing.workers.on(TOPIC, _raises)
        assert await SiblingWorkers(directory).gather(TOPIC, b"", 0.2) == ([], 2)


async def test_a_question_that_nobody_knows_is_not_answered(directory: Path) -> None:
    async with Sibling(directory, 10_000_001):
        assert await SiblingWorkers(directory).gather(TOPIC, b"", 5) == ([], 1)


async def test_a_worker_that_has_died_is_not_missed(directory: Path) -> None:
    server = await asyncio.start_unix_server(lambda *_: None, directory / "10000001")
    server.close()
    await server.wait_closed()
    (directory / "10000001").touch()  # what it has left behind; Python removes it in later versions
    assert await SiblingWorkers(directory).gather(TOPIC, b"", 5) == ([], 0)


async def test_a_worker_that_is_alone_asks_nobody() -> None:
    alone = SiblingWorkers(None)
    alone.on(TOPIC, _told)
    assert await alone.gather(TOPIC, b"x", 5) == ([], 0)
    assert await alone.answer(Question(TOPIC, b"x")) == Told(b"told x")


def test_a_directory_that_is_gone_holds_nobody(directory: Path) -> None:
    gone = SiblingWorkers(directory / "gone")
    assert asyncio.run(gone.gather(TOPIC, b"", 5)) == ([], 0)

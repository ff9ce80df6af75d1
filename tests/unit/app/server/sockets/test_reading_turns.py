"""Sockets that have much to read take turns, and timers have theirs."""

import asyncio

import pytest

from app.server.sockets import reading_turns
from app.server.sockets.reading_turns import Progress, ReadingTurns, reading_turns_of


class Socket:
    """Has so many lots to read; with `later` they cannot be taken so many times."""

    def __init__(self, name: str, lots: int, read: list[str], later: int = 0) -> None:
        self._name = name
        self._lots = lots
        self._later = later
        self._read = read
        self.done = asyncio.Event()

    def read_some(self) -> Progress:
        if self._later:
            self._later -= 1
            return Progress.LATER
        self._read.append(self._name)
        self._lots -= 1
        return Progress.MORE if self._lots else Progress.DONE

    def read_all(self) -> None:
        self.done.set()


async def finished(*sockets: Socket) -> None:
    turns = ReadingTurns(asyncio.get_running_loop())
    for socket in sockets:
        turns.wait(socket)
    async with asyncio.timeout(30):
        await asyncio.gather(*(socket.done.wait() for socket in sockets))


async def test_sockets_are_read_by_turns() -> None:
    read: list[str] = []
    await finished(Socket("a", 3, read), Socket("b", 1, read), Socket("c", 2, read))
    assert read == ["a", "b", "c", "a", "c", "a"]


async def test_one_that_cannot_be_taken_now_is_asked_again_and_holds_nobody_up() -> None:
    read: list[str] = []
    await finished(Socket("slow", 1, read, later=2), Socket("b", 2, read))
    assert read == ["b", "b", "slow"]


async def test_the_loop_turns_between_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading_turns, "TURN_S", 0.0)
    read: list[str] = []
    loop = asyncio.get_running_loop()

    def count() -> None:
        read.append("loop")
        if len(read) < 8:
            loop.call_soon(count)

    loop.call_soon(count)
    await finished(Socket("a", 3, read))
    assert read[:6] == ["loop", "a", "loop", "a", "loop", "a"]


async def test_each_loop_has_one_queue_and_those_of_closed_loops_are_forgotten() -> None:
    other = asyncio.new_event_loop()
    reading_turns_of(other)
    other.close()
    loop = asyncio.get_running_loop()
    reading_turns._turns.pop(loop, None)
    assert reading_turns_of(loop) is reading_turns_of(loop)
    assert other not in reading_turns._turns

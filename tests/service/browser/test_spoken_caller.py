"""The caller of the spoken tests: whoever waits for one who cannot go on is told at once, and never waits for good."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from websockets.exceptions import ConnectionClosedOK

from actors.runtime.clock import run_virtual
from tests.kit.clients.spoken_caller import FRAME_BYTES, LATE_S, SpokenCaller

SENTENCE = b"\0\x10" * (FRAME_BYTES // 2) * 50


class Struck(BaseException):
    """As the exception by which a test's time-out is raised in whatever runs: no `Exception`."""


class Line:
    """A WebSocket whose frame number 10 is sent, or whose first message is received, by a function of the test's."""

    def __init__(
        self, *, sends: Callable[[], Awaitable[None]] | None = None, hears: type[BaseException] | None = None
    ) -> None:
        self.sent = 0
        self.closed = False
        self._sends = sends
        self._hears = hears

    async def send(self, frame: bytes) -> None:
        self.sent += 1
        if self.sent == 10 and self._sends is not None:
            await self._sends()

    async def __aiter__(self) -> AsyncIterator[str]:
        await asyncio.sleep(0.1)
        if self._hears is not None:
            raise self._hears
        await asyncio.Event().wait()
        yield ""

    async def close(self) -> None:
        self.closed = True


def on(line: Line, does: Callable[[SpokenCaller], Awaitable[None]]) -> float:
    """How many seconds of virtual time it takes until `does` has returned or raised, and its caller has gone."""

    async def main() -> float:
        caller = SpokenCaller(line)  # type: ignore[arg-type]
        try:
            await does(caller)
        finally:
            for task in caller._tasks:
                task.cancel()
            await asyncio.wait(caller._tasks)
        return asyncio.get_running_loop().time()

    return run_virtual(main())


async def strike() -> None:
    raise Struck


async def over() -> None:
    raise ConnectionClosedOK(None, None)


async def stuck() -> None:
    await asyncio.Event().wait()


async def speak(caller: SpokenCaller) -> None:
    await caller.say(SENTENCE)


async def wait(caller: SpokenCaller) -> None:
    await caller.until(lambda _: False, 900)


def test_what_is_said_takes_as_long_as_it_lasts() -> None:
    assert on(Line(), speak) == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize("does", [speak, wait])
def test_a_time_out_that_strikes_while_the_caller_talks_ends_every_wait(
    does: Callable[[SpokenCaller], Awaitable[None]],
) -> None:
    with pytest.raises(Struck):
        on(Line(sends=strike), does)


@pytest.mark.parametrize("does", [speak, wait])
def test_a_time_out_that_strikes_while_the_caller_listens_ends_every_wait(
    does: Callable[[SpokenCaller], Awaitable[None]],
) -> None:
    with pytest.raises(Struck):
        on(Line(hears=Struck), does)


def test_a_caller_whose_connection_ends_says_no_more() -> None:
    with pytest.raises(ConnectionError, match="is over"):
        on(Line(sends=over), speak)


def test_a_server_that_takes_no_sound_is_not_waited_for_longer_than_that() -> None:
    async def main(caller: SpokenCaller) -> None:
        with pytest.raises(TimeoutError):
            await caller.say(SENTENCE)

    assert on(Line(sends=stuck), main) == pytest.approx(1.0 + LATE_S, abs=0.05)


def test_a_wait_of_a_test_that_is_bounded_from_outside_ends_in_time() -> None:
    async def main(caller: SpokenCaller) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(5):
                await caller.until(lambda _: False, 900)

    assert on(Line(), main) == pytest.approx(5.0, abs=0.05)


def test_whoever_leaves_is_told_what_went_wrong() -> None:
    line = Line(hears=Struck)

    async def main(caller: SpokenCaller) -> None:
        await asyncio.sleep(1)
        with pytest.raises(Struck):
            await caller.leave()

    on(line, main)
    assert line.closed

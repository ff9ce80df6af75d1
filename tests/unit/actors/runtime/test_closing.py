"""Engines' streams are closed without anybody waiting for it, and without end for none."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from actors.runtime import closing
from actors.runtime.clock import run_virtual
from actors.runtime.closing import CLOSE_S, close_in_background, end_in_background
from actors.runtime.time_limit import GRACE_S
from tests.kit.heedless import Heedless


class Stream:
    def __init__(self, takes_s: float = 0.0, error: BaseException | None = None) -> None:
        self._takes_s = takes_s
        self._error = error
        self.closed = False

    async def close(self) -> None:
        await asyncio.sleep(self._takes_s)
        if self._error is not None:
            raise self._error
        self.closed = True


def test_a_stream_is_closed_and_none_is_none() -> None:
    stream = Stream(1.0)

    async def main() -> None:
        close_in_background(stream)
        close_in_background(None)
        assert not stream.closed
        await asyncio.sleep(2)

    run_virtual(main())
    assert stream.closed


def test_one_that_never_closes_is_left_to_itself(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> int:
        close_in_background(Stream(1_000))
        await asyncio.sleep(CLOSE_S + 1)
        return len(closing._closing)

    assert run_virtual(main()) == 0
    assert "given up: it was not done within 10 s" in caplog.text


@pytest.mark.parametrize("error", [RuntimeError("what was said"), SystemExit(1), GeneratorExit()])
def test_one_that_cannot_be_closed_is_a_line_and_disturbs_nobody(
    error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> int:
        close_in_background(Stream(error=error))
        await asyncio.sleep(1)
        return len(closing._closing)

    assert run_virtual(main()) == 0
    (record,) = caplog.records
    assert record.getMessage().startswith(f"an engine's stream could not be closed: {type(error).__name__} at ")
    assert (record.exc_info, record.levelname) == (None, "WARNING")


def test_of_too_many_each_is_left_to_itself_at_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(closing, "MAX_CLOSING", 1)
    first, second = Stream(1.0), Stream(1.0)

    async def main() -> None:
        close_in_background(first)
        close_in_background(second)
        await asyncio.sleep(3)

    run_virtual(main())
    assert (first.closed, second.closed) == (True, False)
    assert "too many others are being closed" in caplog.text


def test_an_iterator_is_ended_where_it_stands() -> None:
    ended: list[str] = []

    async def events() -> AsyncIterator[int]:
        try:
            yield 1
            yield 2
        finally:
            ended.append("ended")

    async def main() -> None:
        iterator = events()
        assert await anext(iterator) == 1
        end_in_background(iterator)
        await asyncio.sleep(0.1)

    run_virtual(main())
    assert ended == ["ended"]


def test_one_whose_closing_heeds_no_cancellation_takes_nobodys_place(caplog: pytest.LogCaptureFixture) -> None:
    class Stubborn:
        def __init__(self) -> None:
            self.heedless = Heedless()

        async def close(self) -> None:
            await self.heedless.work()

    async def main() -> int:
        stream = Stubborn()
        close_in_background(stream)
        await asyncio.sleep(CLOSE_S + GRACE_S + 0.1)
        closing_still = len(closing._closing)
        stream.heedless.free()
        await asyncio.sleep(0.1)
        return closing_still

    assert run_virtual(main()) == 0
    assert "given up: it was not done within 10 s" in caplog.text

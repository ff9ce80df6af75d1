"""A test on virtual time waits for nothing, and fails as any other does."""

import asyncio
import time

import pytest

from tests.kit.virtual_time import on_virtual_time


def test_hours_pass_at_once_and_arguments_arrive() -> None:
    seen = []

    @on_virtual_time
    async def waits(hours: int) -> None:
        await asyncio.sleep(hours * 3600)
        seen.append(asyncio.get_running_loop().time())

    began = time.monotonic()
    waits(hours=2)
    assert seen[0] >= 2 * 3600
    assert time.monotonic() - began < 60


def test_what_fails_in_a_test_fails_it() -> None:
    @on_virtual_time
    async def fails() -> None:
        await asyncio.sleep(1)
        raise AssertionError("seen")

    with pytest.raises(AssertionError, match="seen"):
        fails()

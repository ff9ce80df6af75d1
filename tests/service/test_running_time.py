"""What the machine takes from a loop does not count; what the loop waits for does."""

import asyncio
import time

import pytest

from tests.kit.running_time import running_time


def test_a_wait_counts_and_a_loop_that_gets_no_time_does_not() -> None:
    async def main() -> None:
        async with running_time() as took:
            await asyncio.sleep(0.1)
            waited_s = took.s
            time.sleep(0.3)  # noqa: ASYNC251  as if others had the processor
            assert took.s - waited_s < 0.1
            await asyncio.sleep(0.1)
            # The 0.3 s are left out, for good.
            assert took.s == pytest.approx(0.2, abs=0.1)

    asyncio.run(main())

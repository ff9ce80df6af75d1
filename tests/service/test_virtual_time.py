"""What is said over sockets, or done on a thread, on a loop whose time is virtual takes none of it."""

import asyncio
import time

import anyio.to_thread

from tests.kit.virtual_time import on_virtual_time

TIMES = 2_000
MUCH = bytes(8 << 20)
"""More than the buffers of a socket hold, so that either side has to wait for the other."""


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while received := await reader.read(1 << 16):
        writer.write(received)
        await writer.drain()
    writer.close()


@on_virtual_time
async def test_the_clock_does_not_overtake_what_is_said_over_loopback() -> None:
    loop = asyncio.get_running_loop()
    # A timer to which the clock would jump at once if nothing seemed to be on its way.
    due = loop.call_later(1.0, lambda: None)
    async with await asyncio.start_server(echo, "127.0.0.1", 0) as server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        for _ in range(TIMES):
            writer.write(b"hello")
            assert await reader.readexactly(5) == b"hello"
        writer.write(MUCH)
        assert await reader.readexactly(len(MUCH)) == MUCH
        assert loop.time() == 0.0
        writer.close()
        await writer.wait_closed()
    due.cancel()


@on_virtual_time
async def test_the_clock_waits_for_the_threads_on_which_files_are_read() -> None:
    loop = asyncio.get_running_loop()
    due = loop.call_later(1.0, lambda: None)
    for run in (anyio.to_thread.run_sync, asyncio.to_thread):
        await run(time.sleep, 0.05)
        assert loop.time() == 0.0
    due.cancel()

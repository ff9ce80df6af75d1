"""A load balancer of tests: each TCP connection goes to one of several servers, never to one that takes none."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

CHUNK_BYTES = 65_536


class Balancer:
    """In front of servers on loopback, by their ports. `choose` says in which order they are tried: else in turn."""

    def __init__(self, ports: list[int]) -> None:
        self.ports = ports
        self.url = ""
        self.choose: Callable[[], list[int]] = self._in_turn
        self.connections: dict[int, int] = dict.fromkeys(ports, 0)
        """How many connections each server has been given."""
        self.delay_s = 0.0
        """So much later is what comes carried on, either way."""
        self._turns = itertools.count()
        self.serving: set[asyncio.Task[None]] = set()
        """One for each connection."""

    def cut(self) -> None:
        """End all connections: none that was kept open goes on leading to where it led."""
        for task in self.serving:
            task.cancel()

    def only(self, port: int) -> None:
        """Have this server take each connection, as long as it takes any."""
        self.choose = lambda: [port, *(each for each in self.ports if each != port)]

    async def _copied(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(CHUNK_BYTES):
                if self.delay_s:
                    await asyncio.sleep(self.delay_s)
                writer.write(data)
                await writer.drain()
        with suppress(OSError):
            writer.close()

    def _in_turn(self) -> list[int]:
        first = next(self._turns) % len(self.ports)
        return self.ports[first:] + self.ports[:first]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection until either side ends it."""
        for port in self.choose():
            try:
                up_reader, up_writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                continue
            self.connections[port] += 1
            try:
                await asyncio.gather(self._copied(reader, up_writer), self._copied(up_reader, writer))
            finally:
                up_writer.close()
            return
        writer.close()


@asynccontextmanager
async def balancer(*ports: int) -> AsyncIterator[Balancer]:
    """One on a free port."""
    made = Balancer(list(ports))

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        made.serving.add(task)
        try:
            await made.serve(reader, writer)
        except asyncio.CancelledError:
            # The streams of asyncio tell of a task that was cancelled as of an error.
            pass
        finally:
            made.serving.discard(task)
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield made
    finally:
        server.close()
        ended = tuple(made.serving)
        made.cut()
        await asyncio.gather(*ended, return_exceptions=True)

"""Three primaries of a Redis cluster, real and a test's own, whose slots can be moved."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from tests.kit.ports import free_port
from tests.kit.redis_server import RedisServer, redis_server
from tests.kit.serving import eventually

SLOTS_EACH = 5461


class RedisCluster:
    """Three servers of which each has a third of the slots."""

    def __init__(self, servers: list[RedisServer]) -> None:
        self.servers = servers
        self.url = f"redis://127.0.0.1:{servers[1].port}"

    def slot_of(self, key: str) -> int:
        """The slot of a key."""
        return int(self.servers[0].command("CLUSTER", "KEYSLOT", key))

    def begin_to_move(self, slot: int) -> tuple[RedisServer, RedisServer]:
        """Have a slot on its way from the server that has it to the next one; both."""
        number = min(slot // SLOTS_EACH, len(self.servers) - 1)
        source, target = self.servers[number], self.servers[(number + 1) % len(self.servers)]
        target.command("CLUSTER", "SETSLOT", str(slot), "IMPORTING", source.command("CLUSTER", "MYID"))
        source.command("CLUSTER", "SETSLOT", str(slot), "MIGRATING", target.command("CLUSTER", "MYID"))
        return source, target

    def move_keys(self, slot: int, source: RedisServer, target: RedisServer) -> None:
        """Move all keys of a slot that is on its way."""
        if keys := source.command("CLUSTER", "GETKEYSINSLOT", str(slot), "100").split():
            source.command("MIGRATE", "127.0.0.1", str(target.port), "", "0", "5000", "KEYS", *keys)

    def end_move(self, slot: int, target: RedisServer) -> None:
        """Have a slot at the server to which it was on its way."""
        identity = target.command("CLUSTER", "MYID")
        for server in (target, *(each for each in self.servers if each is not target)):
            server.command("CLUSTER", "SETSLOT", str(slot), "NODE", identity)


@contextmanager
def redis_cluster(directory: Path) -> Iterator[RedisCluster]:
    """All three, ready."""
    with ExitStack() as stack:
        servers = []
        for number in range(3):
            folder = directory / str(number)
            folder.mkdir()
            port, bus = free_port(), free_port()
            options = ("--cluster-enabled", "yes", "--cluster-port", str(bus))
            servers.append(stack.enter_context(redis_server(folder, *options, port=port)))
        bus_of_first = servers[0].command("CONFIG", "GET", "cluster-port").split()[-1]
        for number, server in enumerate(servers):
            last = number * SLOTS_EACH + SLOTS_EACH - 1 + (number == 2)
            server.command("CLUSTER", "ADDSLOTSRANGE", str(number * SLOTS_EACH), str(last))
            if number:
                server.command("CLUSTER", "MEET", "127.0.0.1", str(servers[0].port), bus_of_first)
        for server in servers:
            eventually(partial(_is_whole, server), 30)
        yield RedisCluster(servers)


def _is_whole(server: RedisServer) -> bool:
    return "cluster_state:ok" in server.command("CLUSTER", "INFO")

"""A primary, its replica and a Sentinel, real and a test's own: what stands at a `redis+sentinel://` address."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.kit.ports import free_port
from tests.kit.redis_server import RedisServer, redis_server
from tests.kit.serving import eventually

NAME = "earshot"


class Sentinel:
    """One Sentinel, whose word is enough. It calls the primary down after `down_after_ms`."""

    def __init__(self, folder: Path, port: int, primary_port: int, down_after_ms: int = 500) -> None:
        self.port = port
        configuration = folder / "sentinel.conf"
        configuration.write_text(
            f"port {port}\nbind 127.0.0.1\ndir {folder}\nlogfile {folder}/sentinel.log\n"
            f"sentinel monitor {NAME} 127.0.0.1 {primary_port} 1\n"
            f"sentinel down-after-milliseconds {NAME} {down_after_ms}\nsentinel failover-timeout {NAME} 2000\n"
        )
        self._command = ["redis-server", str(configuration), "--sentinel"]

    def __enter__(self) -> "Sentinel":
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait(30)

    def ask(self, *words: str) -> str:
        """What it answers; empty if it does not."""
        return subprocess.run(
            ["redis-cli", "-p", str(self.port), *words], capture_output=True, text=True, timeout=30, check=False
        ).stdout


class RedisPair:
    """Can be taken away as one server can, and fails over."""

    def __init__(self, primary: RedisServer, replica: RedisServer, sentinel: Sentinel) -> None:
        self.primary = primary
        self.replica = replica
        self._sentinel = sentinel
        self.url = f"redis+sentinel://127.0.0.1:{sentinel.port}/{NAME}"

    def freeze(self) -> None:
        """Stop the primary as it stands: connections stay open and nothing answers."""
        self.primary.freeze()

    def thaw(self) -> None:
        """Let the primary go on."""
        self.primary.thaw()

    def restart(self) -> None:
        """End the primary and start it again, empty, since it keeps nothing; its replica follows it."""
        self.primary.kill()
        self.primary.start()

    def fail_over(self) -> None:
        """End the primary for good and have its replica promoted; returns when the replica takes writes."""
        self.primary.kill()
        self._sentinel.ask("SENTINEL", "FAILOVER", NAME)
        eventually(lambda: "role:master" in self.replica.command("INFO", "replication"), 30)
        self.primary = self.replica


@contextmanager
def redis_pair(directory: Path, *, down_after_ms: int = 60_000) -> Iterator[RedisPair]:
    """All three, ready. The Sentinel promotes by itself only after `down_after_ms`."""
    folders = [directory / name for name in ("primary", "replica", "sentinel")]
    for folder in folders:
        folder.mkdir()
    ports = [free_port() for _ in folders]
    with (
        redis_server(folders[0], port=ports[0]) as primary,
        redis_server(folders[1], "--replicaof", "127.0.0.1", str(ports[0]), port=ports[1]) as replica,
        Sentinel(folders[2], ports[2], ports[0], down_after_ms) as sentinel,
    ):
        eventually(lambda: "master_link_status:up" in replica.command("INFO", "replication"), 30)
        eventually(lambda: "slaves=1" in sentinel.ask("INFO", "sentinel"), 30)
        yield RedisPair(primary, replica, sentinel)

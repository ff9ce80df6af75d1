"""A real Redis for a server under load: `python -m tests.load.redis_cloud` prints REDIS_URL=..., and serves until it is
killed, on the core of the callers."""

import signal
import tempfile
from pathlib import Path

from tests.kit.redis_server import redis_server
from tests.load.servers import end_all_when_told


def main() -> None:
    """Serve until killed."""
    end_all_when_told()
    with tempfile.TemporaryDirectory(prefix="bench-redis-") as directory, redis_server(Path(directory)) as redis:
        print(f"REDIS_URL={redis.url}", flush=True)
        signal.pause()


if __name__ == "__main__":
    main()

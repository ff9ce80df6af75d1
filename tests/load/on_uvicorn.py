"""Earshot on uvicorn instead of Hypercorn: one process, no launcher, the same app.

`python -m tests.load.on_uvicorn` prints the address it listens on and serves until it is ended. The app needs two
things of whoever serves it: its lifespan has to be run, and `Lifecycle.ready` called once connections are taken.
"""

import asyncio
import gc
import socket

import uvicorn
import uvloop

from app.api.asgi import create_app
from app.server.lifecycle import Lifecycle
from app.server.logs import configure_logging
from app.server.processes.listening import listen, url
from app.server.processes.worker import GARBAGE_THRESHOLDS
from config.settings import read_settings


class _Server(uvicorn.Server):
    """Says when it listens."""

    def __init__(self, config: uvicorn.Config, lifecycle: Lifecycle) -> None:
        super().__init__(config)
        self._lifecycle = lifecycle

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """The lifespan has begun and the listener is open when this returns."""
        await super().startup(sockets)
        if self.started and sockets:
            gc.freeze()
            gc.set_threshold(*GARBAGE_THRESHOLDS)
            self._lifecycle.ready()
            print(f"listening on {url(sockets[0])}", flush=True)


def main() -> None:
    """Serve until ended."""
    settings = read_settings()
    configure_logging(settings.logs.level)
    lifecycle = Lifecycle()

    async def serve() -> None:
        config = uvicorn.Config(
            create_app(settings, lifecycle),
            ws="websockets-sansio",
            ws_per_message_deflate=False,
            log_config=None,
            access_log=False,
            lifespan="on",
        )
        await _Server(config, lifecycle).serve(sockets=[listener])

    with (
        listen(settings.server.host, settings.server.port) as listener,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        runner.run(serve())


if __name__ == "__main__":
    main()

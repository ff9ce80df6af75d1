"""Changes the log level while the server runs, in every worker of this server and of those on other machines."""

import time
from collections.abc import Awaitable, Callable

import msgspec

from app.server.logs import change_level
from app.server.processes.worker_bus import WorkerBus
from app.server.processes.worker_pipe import WorkerNotice
from config.groups.logs import LogLevel

TOPIC = "log level"


class LevelChange(msgspec.Struct, frozen=True):
    """A log level that an operator has set. `at`: when, in microseconds since 1970; 0 if it was never changed."""

    level: str
    at: int


NEVER = LevelChange("", 0)


class LogChanges:
    """Applies changes of the level in one worker, and tells the other workers of them; the later of two holds.

    Args:
        worker_bus: the way to the other workers of this server.
        wall: the time in seconds since 1970.
    """

    def __init__(self, worker_bus: WorkerBus, wall: Callable[[], float] = time.time) -> None:
        self._worker_bus = worker_bus
        self._wall = wall
        self.made = NEVER
        """The last change"""
        self.tell_others: Callable[[LevelChange], Awaitable[None]] | None = None
        """Tells the workers of other machines of a change, which they `take`; None if there are none"""
        worker_bus.on_notice(self._noticed)

    async def make(self, level: str) -> None:
        """Change the level in every worker; returns when this one has changed it.

        Raises:
            WorkerBusError: it cannot be said whether all workers hear of it.
        """
        change = LevelChange(level, max(int(self._wall() * 1e6), self.made.at + 1))
        await self._worker_bus.tell(TOPIC, msgspec.to_builtins(change))
        if self.tell_others is not None:
            await self.tell_others(change)

    async def take(self, change: LevelChange) -> None:
        """Apply what was changed on another machine, in every worker of this server.

        Raises:
            WorkerBusError: as `WorkerBus.tell`.
        """
        if change.at > self.made.at:
            await self._worker_bus.tell(TOPIC, msgspec.to_builtins(change))

    def _noticed(self, notice: WorkerNotice) -> None:
        if notice.topic != TOPIC:
            return
        change = msgspec.convert(notice.fields, LevelChange)
        if change.at > self.made.at:
            self.made = change
            change_level(LogLevel(change.level))

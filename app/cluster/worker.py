"""What the cluster needs of the worker that takes part in it."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from actors.ports.clock import Clock, Random
from actors.ports.store import SessionStore
from actors.session.sessions import Sessions
from app.cluster.checkpoints import CheckpointKeeper
from app.server.lifecycle import Lifecycle


class ClusterWorker(Protocol):
    """One started worker; belongs to the loop's thread."""

    hand_over: Callable[[float], Awaitable[None]] | None
    """Has other workers go on with the sessions of this one; None: nobody can."""

    @property
    def random(self) -> Random:
        """The source of ids that cannot be guessed."""
        ...

    @property
    def clock(self) -> Clock:
        """The clock of its sessions."""
        ...

    @property
    def store(self) -> SessionStore:
        """The store of session records, of this worker or shared."""
        ...

    @property
    def checkpoints(self) -> CheckpointKeeper | None:
        """What keeps the checkpoints of its sessions; None where no store is shared."""
        ...

    @property
    def sessions(self) -> Sessions:
        """The actor that knows the live sessions."""
        ...

    @property
    def lifecycle(self) -> Lifecycle:
        """Whether it takes anything on."""
        ...

    def leave(self, session_id: str, code: int) -> None:
        """End a session that another worker goes on with; its connection is closed with `code`."""
        ...

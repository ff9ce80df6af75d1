"""What the cluster needs of the worker that takes part in it."""

from collections.abc import Callable

import msgspec

from actors.ports.clock import Clock, Random
from actors.ports.store import SessionStore
from actors.session.sessions_keeper import SessionsKeeper
from app.cluster.checkpoints import CheckpointKeeper
from app.server.lifecycle import Lifecycle
from app.sessions.draining import Draining
from app.stores.claim_check import ClaimCheck


class ClusterWorker(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of one worker; they belong to the loop's thread."""

    random: Random
    """The source of ids that nobody can guess."""
    clock: Clock
    """The clock of the worker's sessions."""
    store: SessionStore
    """The store of session records, this worker's own or a shared one."""
    claim_check: ClaimCheck | None
    """Asked before a worker that stood still speaks again; None if no store is shared."""
    checkpoints: CheckpointKeeper | None
    """Keeps the checkpoints of the worker's sessions; None if no store is shared."""
    sessions: SessionsKeeper
    """The live sessions."""
    lifecycle: Lifecycle
    """Whether the worker accepts new sessions and calls."""
    draining: Draining
    """How the worker's sessions end; told what hands them over to other workers."""
    leave: Callable[[str, int], None]
    """Ends a session, by its id, that another worker goes on with; its connection is closed with the given code."""

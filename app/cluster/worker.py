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
    """The source of ids that cannot be guessed."""
    clock: Clock
    """The clock of its sessions."""
    store: SessionStore
    """The store of session records, of this worker or shared."""
    claim_check: ClaimCheck | None
    """What is asked before a worker that stood still speaks again; None where no store is shared."""
    checkpoints: CheckpointKeeper | None
    """What keeps the checkpoints of its sessions; None where no store is shared."""
    sessions: SessionsKeeper
    """The live sessions."""
    lifecycle: Lifecycle
    """Whether it takes anything on."""
    draining: Draining
    """How its sessions end; told of what has other workers go on with them."""
    leave: Callable[[str, int], None]
    """Ends a session that another worker goes on with; its connection is closed with the code."""

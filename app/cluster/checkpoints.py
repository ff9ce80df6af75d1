"""Keeps the checkpoint of each live session in the shared store, from which another worker goes on with it.

No conversation waits for this, and none has to report its changes: all live sessions are looked at ten times a
second, and a checkpoint whose change a successor must not miss is handed to the store, which writes in the background.
"""

import asyncio
import logging
from collections.abc import Mapping

import msgspec
from opentelemetry import metrics

from actors.conversation import SessionRecord
from actors.errors import StoreError
from actors.ports.clock import Clock
from actors.runtime.failure_counters import Failure, report_failure
from actors.session.checkpoint import Checkpoint
from actors.session.checkpoint_transfer import CheckpointEncoder, decode
from actors.session.sessions import SessionEntry
from app.stores.opening import SharedStore

log = logging.getLogger(__name__)

LOOK_S = 0.1
"""Seconds between looks at the sessions; when a worker is killed, the changes of that time may be missing."""

_restored = metrics.get_meter("earshot").create_counter(
    "earshot.sessions.restored", description="Sessions that went on from the checkpoint of another worker"
)


class CheckpointKeeper:
    """Keeps checkpoints from `start` until `stop`. Belongs to the loop's thread.

    Args:
        store: where they are kept.
        live: the sessions of this worker, by their ids.
        clock: the sessions'.
    """

    def __init__(self, store: SharedStore, live: Mapping[str, SessionEntry], clock: Clock) -> None:
        self._store = store
        self._live = live
        self._clock = clock
        self._kept: dict[str, tuple[object, ...]] = {}
        self._encoders: dict[str, CheckpointEncoder] = {}
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin to look at the live sessions."""
        self._timer = asyncio.get_running_loop().call_later(LOOK_S, self._look_again)

    def stop(self) -> None:
        """Stop looking at the sessions; checkpoints that wait to be written are still written."""
        if self._timer is not None:
            self._timer.cancel()

    def session_over(self, session_id: str) -> None:
        """Remove the checkpoint of a session that has ended: no worker continues it."""
        self._encoders.pop(session_id, None)
        if self._kept.pop(session_id, None) is not None:
            self._store.forget_checkpoint(session_id)

    def left(self, session_id: str) -> None:
        """Forget a session that another worker has taken over; its checkpoint in the store belongs to that worker."""
        self._kept.pop(session_id, None)
        self._encoders.pop(session_id, None)

    def keep_now(self, session_id: str) -> None:
        """Keep the checkpoint of a session as it is at this moment."""
        entry = self._live.get(session_id)
        if entry is not None:
            self._keep(session_id, entry, entry.checkpoint.state())

    def keep_all_again(self) -> None:
        """Store the checkpoints and records of all sessions once more, after the store has lost them or may have."""
        self._kept.clear()
        for session_id in self._live:
            self._store.save_again(session_id)

    def is_kept(self, session_id: str) -> bool:
        """Whether nothing of a session has changed since its checkpoint was given to the store."""
        entry = self._live.get(session_id)
        return entry is not None and self._kept.get(session_id) == entry.checkpoint.state()

    async def load(self, session_id: str, record: SessionRecord | None) -> Checkpoint | None:
        """The checkpoint from which a session that was live at another worker when `record` was stored goes on. None if
        there is none, if it is older than the record, or if it cannot be read: then the session goes on from the
        record.

        None if there is no checkpoint, it is older than the record, or it cannot be had: then the record has to do.
        """
        if record is not None and record.ended_reason:
            return None
        try:
            data = await self._store.load_checkpoint(session_id)
            checkpoint = None if data is None else decode(data, self._clock)
        except StoreError as error:
            report_failure(
                Failure.STORE, log, "a session goes on from its record only: %s", error, operation="checkpoint"
            )
            return None
        except msgspec.MsgspecError as error:
            # Another version of the server may have written it. Its content must not appear in the log.
            report_failure(
                Failure.STORE, log, "a checkpoint cannot be read: %s", type(error).__name__, operation="checkpoint"
            )
            return None
        if checkpoint is None or checkpoint.ending:
            return None
        if record is not None and len(checkpoint.messages) < len(record.messages):
            return None
        _restored.add(1)
        return checkpoint

    def _look_again(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(LOOK_S, self._look_again)
        for session_id, entry in self._live.items():
            checkpoint = entry.checkpoint
            if entry.plan.stored and checkpoint.ending is None:
                state = checkpoint.state()
                if self._kept.get(session_id) != state:
                    self._keep(session_id, entry, state)

    def _keep(self, session_id: str, entry: SessionEntry, state: tuple[object, ...]) -> None:
        checkpoint = entry.checkpoint
        self._kept[session_id] = state
        encoder = self._encoders.setdefault(session_id, CheckpointEncoder())
        try:
            data = encoder.encode(checkpoint, self._clock, entry.tracks.all_voices.end_bytes)
        except (TypeError, ValueError) as error:
            # A model's notes may hold values that JSON has no form for: a successor then goes on from the record.
            report_failure(
                Failure.STORE,
                log,
                "a checkpoint cannot be written: %s",
                type(error).__name__,
                extra={"session": session_id},
                operation="checkpoint",
            )
            return
        self._store.keep_checkpoint(session_id, data)

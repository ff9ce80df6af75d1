"""The launcher's record of the calls that are up: those of a worker that dies go to another one, and are not lost.

A call outlives the process that talks on it, since the telephone network has it. Without this record nobody would know
of it any more: the caller would hear nothing until they hang up. With a directory for it (STATE_DIRECTORY) the record
outlives the launcher too, as a file.
"""

import asyncio
import logging
import os
from collections.abc import Callable, Hashable, Iterable
from pathlib import Path

import msgspec

from app.server.processes.worker_pipe import WorkerNotice, encode_line
from app.telephony.continuity.call_checkpoints import KEPT, ORPHANED, OVER, CallCheckpoint, record_of

log = logging.getLogger(__name__)

FILE = "live_calls.json"
WRITE_AFTER_S = 0.05
"""Seconds within which changes are written together."""
MOST_CALLS = 10_000
"""The most calls of a worker that are kept; no worker has as many."""

MOST_HAND_OVERS = 5
"""How often a call may be handed over to another worker; one with more may be the cause of their deaths."""

Tell = Callable[[bytes], None]


class LiveCalls:
    """The calls of one launcher's workers. A worker is known by any hashable that is its alone."""

    def __init__(self, directory: Path | None = None) -> None:
        self._file = directory / FILE if directory is not None else None
        self._records: dict[str, CallCheckpoint] = {}
        self._owners: dict[str, Hashable] = {}
        """The owner of each call, by the call's secret; a call without an owner waits for a worker to take it over."""
        self._hand_overs: dict[str, int] = {}
        self._write_due: asyncio.TimerHandle | None = None
        if self._file is not None:
            self._records = _read(self._file)

    def take(self, worker: Hashable, notice: WorkerNotice) -> bool:
        """Whether a notice of a worker is about calls; it is for the launcher alone then."""
        if notice.topic == KEPT:
            self._keep(worker, notice)
        elif notice.topic == OVER:
            secret = str(notice.fields.get("secret"))
            # Another worker may have it meanwhile.
            if self._owners.get(secret) == worker:
                self._forget(secret)
        return notice.topic in (KEPT, OVER)

    def hand_over(self, worker: Hashable, tell: Tell) -> None:
        """Give a worker all calls that nobody has."""
        orphans = [record for secret, record in self._records.items() if secret not in self._owners]
        for record in orphans:
            hand_overs = self._hand_overs[record.secret] = self._hand_overs.get(record.secret, 0) + 1
            if hand_overs > MOST_HAND_OVERS:
                log.error("a call is given up: every worker that took it over died", extra={"call": record.call_id})
                self._forget(record.secret)
                continue
            self._owners[record.secret] = worker
            tell(encode_line(WorkerNotice(ORPHANED, record.fields())))
        if orphans:
            log.warning("calls without a worker are taken over", extra={"calls": len(orphans)})

    def worker_ended(self, worker: Hashable) -> None:
        """Note that nobody has the calls of this worker any more, for it has ended."""
        for secret in [secret for secret, owner in self._owners.items() if owner == worker]:
            del self._owners[secret]

    def close(self) -> None:
        """Write the records of calls that changed since the last write to the state directory."""
        if self._write_due is not None:
            self._write_due.cancel()
            self._write()

    def _keep(self, worker: Hashable, notice: WorkerNotice) -> None:
        try:
            record = record_of(notice.fields)
        except ValueError:
            log.warning("the record of a call from a worker cannot be decoded and is ignored")
            return
        if len(self._records) >= MOST_CALLS and record.secret not in self._records:
            return
        self._records[record.secret] = record
        self._owners[record.secret] = worker
        self._changed()

    def _forget(self, secret: str) -> None:
        self._owners.pop(secret, None)
        self._hand_overs.pop(secret, None)
        if self._records.pop(secret, None) is not None:
            self._changed()

    def _changed(self) -> None:
        if self._file is not None and self._write_due is None:
            self._write_due = asyncio.get_running_loop().call_later(WRITE_AFTER_S, self._write)

    def _write(self) -> None:
        self._write_due = None
        if self._file is not None:
            _write(self._file, self._records.values())


def _read(file: Path) -> dict[str, CallCheckpoint]:
    """The calls of a launcher that is gone; none from a file that cannot be read."""
    try:
        records = msgspec.json.decode(file.read_bytes(), type=list[CallCheckpoint])
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        log.warning("the record of live calls cannot be read: %s", type(error).__name__)
        return {}
    return {record.secret: record for record in records[:MOST_CALLS]}


def _write(file: Path, records: Iterable[CallCheckpoint]) -> None:
    """Replace the file in one step. It opens calls, so it is for this user alone."""
    text = msgspec.json.encode([record.without_personal_data() for record in records])
    new = file.with_suffix(".new")
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "wb") as stream:
            stream.write(text)
        new.replace(file)
    except OSError as error:
        log.warning("the record of live calls cannot be written: %s", error.strerror)

"""Writes session files from a thread of its own: bounded in what waits, in files and in bytes; the oldest go."""

import logging
import os
import queue
import re
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from opentelemetry import metrics

log = logging.getLogger(__name__)

MOST_WAITING = 1_000
"""Pieces of work that wait for the thread; what comes then is not done."""
MOST_FILES = 1_000
UNFINISHED_S = 3_600.0
"""A file that is not complete after this long is of a worker that is gone."""
NAME = re.compile(r"session-\d{8}T\d{6}Z-[\w-]{1,64}\.jsonl")
"""What is removed when there is too much: nothing else in the directory is touched."""
_UNFINISHED = re.compile(rf"\.{NAME.pattern}\.\d+")

_failures = metrics.get_meter("earshot").create_counter(
    "earshot.session_file.failures", description="Session files that were lost, by reason"
)

Work = Callable[[], None]


def file_lost(reason: str, cause: str) -> None:
    """Count a session file that is lost, and log why."""
    _failures.add(1, {"reason": reason})
    log.warning("a session file is lost: %s", cause)


def file_name(session_id: str, began: str) -> str:
    """The name of a session's file. `began`: date and time in UTC as ISO 8601 has them, to the second."""
    moment = began.replace("-", "").replace(":", "")
    return f"session-{moment}-{re.sub(r'[^A-Za-z0-9_-]', '', session_id)[:64] or 'unnamed'}.jsonl"


class SessionFiles:
    """The directory of session files, which the workers of a server share, and the thread that writes into it.

    Args:
        directory: made when the first file is written.
        most_bytes: of all files together.
    """

    def __init__(self, directory: Path, most_bytes: int) -> None:
        self._directory = directory
        self._most_bytes = most_bytes
        self._work: queue.Queue[Work | None] = queue.Queue(MOST_WAITING)
        self._thread: threading.Thread | None = None

    def do(self, work: Work) -> bool:
        """Have `work` done by the thread, behind what was given to it before; False if it has no room or no thread."""
        try:
            self._work.put_nowait(work)
        except queue.Full:
            return False
        if self._thread is None:
            # A disk that hangs does not hold up the end of the process.
            thread = threading.Thread(target=self._run, name="session-files", daemon=True)
            try:
                thread.start()
            except RuntimeError:
                return False  # The machine has no thread to spare; the next piece of work tries again.
            self._thread = thread
        return True

    def close(self, within_s: float) -> None:
        """Have the thread end when it has done what waits, and wait for that. Blocks: not on the event loop."""
        if self._thread is None:
            return
        with suppress(queue.Full):
            self._work.put(None, timeout=within_s)
            self._thread.join(within_s)

    def _run(self) -> None:
        while (work := self._work.get()) is not None:
            try:
                work()
            except OSError as error:
                file_lost("write", f"it cannot be written: {error.strerror or type(error).__name__}")
            except Exception as error:  # noqa: BLE001 - a fault in one file must not end the writing of all others
                file_lost("fault", f"it cannot be made: {type(error).__name__}")

    def write(self, name: str, data: bytes) -> None:
        """Write a file that only this user may read, whole or not at all, and remove the oldest that are too much.

        Raises:
            OSError: it cannot be written.
        """
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        unfinished = self._directory / f".{name}.{os.getpid()}"
        try:
            with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(data)
            unfinished.replace(self._directory / name)
        except OSError:
            with suppress(OSError):
                unfinished.unlink(missing_ok=True)
            raise
        self._remove_oldest()

    def _remove_oldest(self) -> None:
        found: list[tuple[float, int, Path]] = []
        for path in self._directory.iterdir():
            # Another worker may remove the same.
            with suppress(FileNotFoundError):
                if NAME.fullmatch(path.name):
                    status = path.stat()
                    found.append((status.st_mtime, status.st_size, path))
                elif _UNFINISHED.fullmatch(path.name) and path.stat().st_mtime < time.time() - UNFINISHED_S:
                    path.unlink()
        found.sort(key=lambda file: (file[0], file[2].name))
        count, size = len(found), sum(file[1] for file in found)
        for _, file_bytes, path in found[:-1]:
            if count <= MOST_FILES and size <= self._most_bytes:
                break
            path.unlink(missing_ok=True)
            count, size = count - 1, size - file_bytes

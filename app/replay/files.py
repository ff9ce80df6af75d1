"""Writes session files from a thread of its own: bounded in what waits, in files and in bytes; the oldest go.

The audio of sessions lies beside their files, and goes before any of those does.
"""

import logging
import os
import queue
import re
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple

from opentelemetry import metrics

log = logging.getLogger(__name__)

MOST_WAITING = 1_000
"""The most pieces of work that wait for the thread; further ones are dropped."""
MOST_AUDIO_WAITING = 32 << 20
"""The most bytes of audio that wait for the thread; further audio is not written."""
MOST_FILES = 1_000
UNFINISHED_S = 3_600.0
"""Seconds after which an unfinished file is taken to be that of a worker that is gone."""
LOOK_BYTES = 8 << 20
"""Bytes of audio after which the total size of all files is checked."""
FILE, AUDIO = ".jsonl", ".wav"
NAME = re.compile(rf"session-\d{{8}}T\d{{6}}Z-[\w-]{{1,64}}(?:\{FILE}|\{AUDIO})")
"""Matches the names of files that may be removed; nothing else in the directory is touched."""
_UNFINISHED = re.compile(rf"\.{NAME.pattern}\.\d+")

_failures = metrics.get_meter("earshot").create_counter(
    "earshot.session_file.failures", description="Session files that were lost, by reason"
)

Work = Callable[[], None]


def file_lost(reason: str, cause: str, what: str = "a session file") -> None:
    """Count a session file or the audio beside it that is lost, and log why."""
    _failures.add(1, {"reason": reason})
    log.warning("%s is lost: %s", what, cause)


def file_name(session_id: str, began: str, ending: str = FILE) -> str:
    """The name of a session's file, or of its audio.

    Args:
        session_id: whose it is.
        began: date and time in UTC as ISO 8601 has them, to the second.
        ending: FILE or AUDIO.
    """
    moment = began.replace("-", "").replace(":", "")
    return f"session-{moment}-{re.sub(r'[^A-Za-z0-9_-]', '', session_id)[:64] or 'unnamed'}{ending}"


class SessionFiles:
    """The directory of session files, which the workers of a server share, and the thread that writes into it.

    Args:
        directory: made when the first file is written.
        most_bytes: of all files together.
    """

    def __init__(self, directory: Path, most_bytes: int) -> None:
        self._directory = directory
        self._most_bytes = most_bytes
        self._work: queue.Queue[tuple[Work, int] | None] = queue.Queue(MOST_WAITING)
        self._thread: threading.Thread | None = None
        self._taken_bytes = self._done_bytes = 0
        """Bytes of audio that the thread was given, and that it has finished; each is written by one thread only."""
        self._unseen_bytes = 0
        self._has_room = True

    def do(self, work: Work, audio_bytes: int = 0) -> bool:
        """Have `work` done by the thread, behind what was given to it before; False if it has no room or no thread.

        `audio_bytes`: how much audio waits with it.
        """
        if audio_bytes and self._taken_bytes - self._done_bytes + audio_bytes > MOST_AUDIO_WAITING:
            return False
        try:
            self._work.put_nowait((work, audio_bytes))
        except queue.Full:
            return False
        self._taken_bytes += audio_bytes
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
        while (given := self._work.get()) is not None:
            work, audio_bytes = given
            try:
                work()
            except OSError as error:
                file_lost("write", f"it cannot be written: {error.strerror or type(error).__name__}")
            except Exception as error:  # noqa: BLE001 - a fault in one file must not end the writing of all others
                file_lost("fault", f"it cannot be made: {type(error).__name__}")
            self._done_bytes += audio_bytes

    def write(self, name: str, data: bytes) -> None:
        """Write a file that only this user may read, whole or not at all, and remove the oldest that are too much.

        Raises:
            OSError: it cannot be written.
        """
        try:
            with self.open_unfinished(name) as file:
                file.write(data)
            self.finish(name)
        except OSError:
            with suppress(OSError):
                self.unfinished(name).unlink(missing_ok=True)
            raise

    def place(self, name: str) -> Path:
        """Where a file lies when it is whole."""
        return self._directory / name

    def unfinished(self, name: str) -> Path:
        """Where a file lies until it is whole."""
        return self._directory / f".{name}.{os.getpid()}"

    def open_unfinished(self, name: str) -> BinaryIO:
        """Begin a file that only this user may read, to be given its name by `finish`.

        Raises:
            OSError: it cannot be made.
        """
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        return open(os.open(self.unfinished(name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")

    def finish(self, name: str) -> None:
        """Give a file its name, and remove the oldest that are too much.

        Raises:
            OSError: it cannot be renamed.
        """
        self.unfinished(name).replace(self.place(name))
        self._remove_oldest(keep=name)

    def make_room(self, more_bytes: int) -> bool:
        """Remove the oldest files for audio that is about to be written; False if there is no room for it all the same.

        Looks at the directory once in LOOK_BYTES, by so much may what is there be too large; and where there was none.
        """
        self._unseen_bytes += more_bytes
        if (self._unseen_bytes >= LOOK_BYTES or not self._has_room) and self._directory.exists():
            self._unseen_bytes = 0
            self._has_room = self._remove_oldest() <= self._most_bytes
        return self._has_room

    def _remove_oldest(self, keep: str = "") -> int:
        """Remove what is too much, but not the file called `keep`; how many bytes are left."""
        found: list[_Found] = []
        unfinished_bytes = 0
        for path in self._directory.iterdir():
            # Another worker may remove the same.
            with suppress(FileNotFoundError):
                if NAME.fullmatch(path.name):
                    status = path.stat()
                    found.append(_Found(path.suffix == FILE, status.st_mtime, path.name, status.st_size))
                elif _UNFINISHED.fullmatch(path.name):
                    status = path.stat()
                    if status.st_mtime < time.time() - UNFINISHED_S:
                        path.unlink()
                    else:
                        unfinished_bytes += status.st_size
        count, size = len(found), unfinished_bytes + sum(each.size_bytes for each in found)
        for each in sorted(found):
            if count <= MOST_FILES and size <= self._most_bytes:
                break
            if each.name != keep:
                (self._directory / each.name).unlink(missing_ok=True)
                count, size = count - 1, size - each.size_bytes
        return size


class _Found(NamedTuple):
    """A file in the directory, in the order in which files go: audio before all others, and the oldest first."""

    is_session_file: bool
    modified_at: float
    name: str
    size_bytes: int

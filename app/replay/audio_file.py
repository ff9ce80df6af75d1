"""The audio of one session as a WAV file, written bit by bit while the session lasts. Belongs to the files' thread."""

import struct
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from app.replay.audio_lanes import BYTES_PER_S, CHANNELS, RATE_HZ, AudioLanes, Piece
from app.replay.files import SessionFiles, file_lost
from app.replay.recording import AudioBeside

HEADER_BYTES = 44
FRAME_BYTES = CHANNELS * 2


class AudioFile:
    """Takes pieces of audio, and writes them as far as they are settled.

    What cannot be written costs this file only: it is counted and logged once, and all that comes later is left out.

    Args:
        files: whose directory it is in.
        name: of the file.
        began_at: where its audio begins, in seconds of the session's clock.
        most_bytes: it does not become larger; what comes then is left out.
    """

    def __init__(self, files: SessionFiles, name: str, began_at: float, most_bytes: int) -> None:
        self._files = files
        self._name = name
        self.began_at = began_at
        self._room = (most_bytes - HEADER_BYTES) // FRAME_BYTES * FRAME_BYTES
        self._lanes: AudioLanes | None = None
        self._file: BinaryIO | None = None
        self._written = 0
        self._cut = False
        self.has_failed = False
        """Whether writing has failed; also read on the event loop."""

    @property
    def path(self) -> Path:
        """Where it lies when it is whole."""
        return self._files.place(self._name)

    def add(self, pieces: list[Piece]) -> None:
        """Lay down pieces in their order, and write what does not change any more."""
        if self.has_failed or self._cut:
            return
        try:
            if self._lanes is None:
                self._lanes = AudioLanes(self.began_at)
            for piece in pieces:
                self._lanes.add(piece)
            self._write(self._lanes.settled())
        except OSError as error:
            self._give_up("write", f"it cannot be written: {error.strerror or type(error).__name__}")
        except Exception as error:  # noqa: BLE001 - a fault in the audio must not cost the session its file
            self._give_up("fault", f"it cannot be made: {type(error).__name__}")

    def finish(self) -> AudioBeside | None:
        """Write the rest, and give the file its name; returns what the session file says of it, None for no audio."""
        try:
            if self._lanes is not None and not self.has_failed:
                if not self._cut:
                    self._write(self._lanes.rest())
                return self._close()
        except OSError as error:
            self._give_up("write", f"it cannot be written: {error.strerror or type(error).__name__}")
        return None

    def discard(self) -> None:
        """Remove what was written, and take no more."""
        self.has_failed = True
        if self._file is not None:
            with suppress(OSError):
                self._file.close()
            with suppress(OSError):
                self._files.unfinished(self._name).unlink(missing_ok=True)
            self._file = None

    def _write(self, blocks: Iterable[bytes]) -> None:
        """Write blocks of audio as far as there is room for them, in this file and among all."""
        for block in blocks:
            if not self._files.make_room(len(block)):
                self._cut = True
                if self._file is None:
                    self._give_up("overflow", "the files of live sessions leave no room for it")
                return
            if self._file is None:
                self._file = self._files.open_unfinished(self._name)
                self._file.write(bytes(HEADER_BYTES))
            room = self._room - self._written
            self._file.write(block[:room])
            self._written += min(len(block), room)
            if len(block) > room:
                self._cut = True
                return

    def _close(self) -> AudioBeside | None:
        file, self._file = self._file, None
        if file is None:
            return None
        with file:
            file.seek(0)
            file.write(header(self._written))
        self._files.finish(self._name)
        return AudioBeside(
            file=self._name, at=self.began_at, seconds=round(self._written / BYTES_PER_S, 3), cut=self._cut
        )

    def _give_up(self, reason: str, cause: str) -> None:
        self.discard()
        file_lost(reason, cause, what="the audio of a session")


def header(data_bytes: int) -> bytes:
    """The header of a WAV file (RIFF) with so many bytes of audio."""
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, CHANNELS, RATE_HZ, BYTES_PER_S, FRAME_BYTES, 16)
    return (
        struct.pack("<4sI4s", b"RIFF", HEADER_BYTES - 8 + data_bytes, b"WAVE")
        + form
        + struct.pack("<4sI", b"data", data_bytes)
    )

"""What the workers of one server ask of each other where there is no Redis: over the Unix sockets that each listens at.

The sockets lie in a directory that only this user may enter, and each is named by the process id of its worker.
"""

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
from opentelemetry import metrics

from app.errors import AppError
from app.server.pipe_frames import Unpacked, packed

log = logging.getLogger(__name__)

READ_BYTES = 1 << 16

_asked = metrics.get_meter("earshot").create_counter(
    "earshot.worker.requests", description="What the workers of a server asked of each other, by topic and outcome"
)

Handle = Callable[[bytes], Awaitable[bytes]]


class Question(msgspec.Struct, frozen=True, tag="question"):
    """The only frame of a connection on which a worker asks another for something."""

    topic: str
    payload: bytes


class Told(msgspec.Struct, frozen=True, tag="told"):
    """The answer to a `Question`."""

    payload: bytes


class SiblingSilentError(AppError):
    """Another worker of this server is there, and does not answer in time. The text is one line."""


_answers = msgspec.msgpack.Decoder(Told)


class SiblingWorkers:
    """The other workers of this server. Belongs to the loop's thread.

    Args:
        directory: holds the sockets of all workers; None for a worker that is alone.
    """

    def __init__(self, directory: Path | None) -> None:
        self._directory = directory
        self._handlers: dict[str, Handle] = {}

    def on(self, topic: str, handle: Handle) -> None:
        """Have `handle` answer the requests of other workers about `topic`. Call it before the start."""
        self._handlers[topic] = handle

    async def answer(self, question: Question) -> Told | None:
        """Answer the question of another worker; returns None for a topic that this worker does not know."""
        handle = self._handlers.get(question.topic)
        return None if handle is None else Told(await handle(question.payload))

    async def gather(self, topic: str, payload: bytes, within_s: float) -> tuple[list[bytes], int]:
        """The answers of all other workers about `topic` within `within_s` seconds, and how many workers did not
        answer.
        """
        told = await asyncio.gather(
            *(self._ask(address, Question(topic, payload), within_s) for address in self._others()),
            return_exceptions=True,
        )
        answers = [each for each in told if isinstance(each, bytes)]
        silent = [each for each in told if isinstance(each, SiblingSilentError)]
        if faults := [each for each in told if isinstance(each, BaseException) and each not in silent]:
            raise faults[0]
        _asked.add(len(answers), {"topic": topic, "outcome": "answered"})
        if silent:
            _asked.add(len(silent), {"topic": topic, "outcome": "silent"})
            log.warning("%d other workers of this server do not answer about their %s", len(silent), topic)
        return answers, len(silent)

    def _others(self) -> list[Path]:
        if self._directory is None or not self._directory.is_dir():
            return []
        return [each for each in self._directory.iterdir() if each.name.isdigit() and int(each.name) != os.getpid()]

    @staticmethod
    async def _ask(address: Path, question: Question, within_s: float) -> bytes | None:
        """Ask the worker at `address`; returns None if it has died and left its socket behind.

        Raises:
            SiblingSilentError: it lives, and does not answer.
        """
        writer: asyncio.StreamWriter | None = None
        try:
            async with asyncio.timeout(within_s):
                reader, writer = await asyncio.open_unix_connection(address)
                writer.write(packed(question))
                unpacked = Unpacked(_answers)
                while piece := await reader.read(READ_BYTES):
                    for told in unpacked.take(piece):
                        return told.payload
        except (ConnectionRefusedError, FileNotFoundError):
            return None
        except (OSError, TimeoutError, msgspec.MsgspecError):
            pass
        finally:
            if writer is not None:
                writer.close()
        raise SiblingSilentError("another worker of this server does not answer")

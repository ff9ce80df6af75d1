"""Clients that flood a server, in a process of their own: `python -m tests.load.flood_attacker URL NAME --seconds 3`.

Each of a few sockets sends one kind of message as fast as TCP takes it, and is opened again when the server closes it.
Prints one line of JSON, a `Flooded`.
"""

import argparse
import os
import socket
import sys
import threading
import time
from collections import Counter
from contextlib import suppress
from itertools import count
from urllib.parse import urlsplit

import msgspec

from tests.kit.clients.handshake import handshake
from tests.load.floods import BLOB_BYTES, FLOODS, Flood
from tests.load.wires import CLOSE, Frames

SOCKETS = 2
REOPENED_AFTER_S = 0.1
"""A client that was closed, or has dropped its socket, opens the next after so long."""


class Flooded(msgspec.Struct, frozen=True):
    """What came of it: bytes that the server took, sockets that were opened, and how those ended."""

    sent_bytes: int
    opened: int
    ends: dict[str, int]


class Attacker:
    """One socket after the other, until `ends_s` on the monotonic clock."""

    numbers = count()

    def __init__(self, url: str, flood: Flood, ends_s: float) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port or 0
        self._flood = flood
        self._ends_s = ends_s
        self.sent_bytes = self.opened = 0
        self.ends: Counter[str] = Counter()

    def run(self) -> None:
        """Flood."""
        while time.monotonic() < self._ends_s:
            try:
                with socket.create_connection((self._host, self._port), timeout=1.0) as connection:
                    frames = self._shake_hands(connection)
                    self.opened += 1
                    if self._flood.message:
                        self.ends[self._send(connection, frames)] += 1
            except OSError as error:
                self.ends[type(error).__name__] += 1
            time.sleep(REOPENED_AFTER_S)

    def _shake_hands(self, connection: socket.socket) -> Frames:
        path = self._flood.path.format(number=next(self.numbers))
        connection.sendall(handshake(path, f"{self._host}:{self._port}"))
        head, frames = b"", Frames()
        while b"\r\n\r\n" not in head:
            received = connection.recv(1 << 12)
            if not received:
                raise ConnectionError
            head += received
        list(frames.push(head.partition(b"\r\n\r\n")[2]))
        return frames

    def _send(self, connection: socket.socket, frames: Frames) -> str:
        """Send until the server closes, or time is up; how it ended."""
        message = self._flood.message
        blob = message * max(1, BLOB_BYTES // len(message))
        connection.sendall(self._flood.first)
        connection.setblocking(False)
        unsent = memoryview(blob)
        while time.monotonic() < self._ends_s:
            sent = 0
            with suppress(BlockingIOError):
                sent = connection.send(unsent)
            self.sent_bytes += sent
            unsent = unsent[sent:] or memoryview(blob)
            if self._flood.reads and (end := _closed(connection, frames)):
                return end
            if not sent:
                time.sleep(0.001)
        return "time is up"


def _closed(connection: socket.socket, frames: Frames) -> str:
    """How the server has closed, if it has."""
    try:
        received = connection.recv(1 << 16)
    except BlockingIOError:
        return ""
    for opcode, payload in frames.push(received):
        if opcode == CLOSE:
            return f"closed {int.from_bytes(payload[:2], 'big')}"
    return "" if received else "cut off"


def main(arguments: list[str]) -> None:
    """Flood, and tell what came of it."""
    parser = argparse.ArgumentParser(prog="python -m tests.load.flood_attacker")
    parser.add_argument("url")
    parser.add_argument("flood", choices=[flood.name for flood in FLOODS])
    parser.add_argument("--seconds", type=float, default=3.0)
    options = parser.parse_args(arguments)
    # Whom they disturb is measured on the same core: they are not to disturb the measuring.
    os.nice(10)
    flood = next(flood for flood in FLOODS if flood.name == options.flood)
    ends_s = time.monotonic() + options.seconds
    attackers = [Attacker(options.url, flood, ends_s) for _ in range(SOCKETS)]
    threads = [threading.Thread(target=attacker.run, daemon=True) for attacker in attackers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(options.seconds + 5.0)
    ends = sum((attacker.ends for attacker in attackers), Counter[str]())
    flooded = Flooded(sum(a.sent_bytes for a in attackers), sum(a.opened for a in attackers), dict(ends))
    print(msgspec.json.encode(flooded).decode(), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])

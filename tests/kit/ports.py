"""Ports for servers whose address has to be known before they listen, or that come back to it."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

LOWEST, HIGHEST = 10_000, 65_535
RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")


def free_port() -> int:
    """A port of loopback that nobody listens on, and that nobody else is given until this process ends.

    The kernel gives it to nobody either: neither to a connection, nor to who listens on port 0. Another process that
    asks here passes over it, for it has a name that only one process can hold.
    """
    for port in _candidates():
        if _reserved(port) and _is_free(port):
            return port
    raise RuntimeError("no port is free")


def _candidates() -> Iterator[int]:
    """All that the kernel gives to nobody, from somewhere on, which is another place for each process."""
    first, last = _given_by_the_kernel()
    kept = [*range(LOWEST, first), *range(last + 1, HIGHEST + 1)]
    begin = os.getpid() * 61 % max(len(kept), 1)
    yield from kept[begin:]
    yield from kept[:begin]


def _given_by_the_kernel() -> tuple[int, int]:
    if not RANGE.exists():
        return 49_152, HIGHEST  # as standards have it
    first, last = map(int, RANGE.read_text().split())
    return first, last


def _reserved(port: int) -> bool:
    """Take the name of a port, until this process ends; False if somebody has it, in this process too."""
    with socket.socket(socket.AF_UNIX) as name:
        try:
            name.bind(f"\0earshot-tests-port-{port}")
        except OSError:
            return False
        name.detach()
    return True


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True

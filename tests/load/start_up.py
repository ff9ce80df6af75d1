"""From `python -m app serve` to the first frame of a greeting, on the engines of this machine.

`python -m tests.load.start_up [TIMES]` prints each time and the median, in seconds: a telephone call and a browser.
"""

import os
import select
import socket
import statistics
import subprocess
import sys
from time import perf_counter
from urllib.parse import urlsplit

from tests.kit.clients.handshake import handshake
from tests.load.servers import ROOT, end
from tests.load.wires import Frames, Kind, wire_of

TIMEOUT_S = 30.0


def first_frame_s(wire_name: str) -> float:
    """Start a server, call it as soon as it listens, and stop both; seconds until it is heard.

    Raises:
        RuntimeError: it was not heard in time.
    """
    began = perf_counter()
    environment = {"PATH": os.defpath, "HOST": "127.0.0.1", "PORT": "0", "ENABLE_AUTH_VALIDATION": "off"}
    command = (sys.executable, "-m", "app", "serve")
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            assert process.stdout is not None
            url = urlsplit(process.stdout.readline().split()[-1])
            assert url.hostname is not None
            assert url.port is not None
            _wait_for_audio((url.hostname, url.port), wire_name)
            return perf_counter() - began
        finally:
            end(process)


def _wait_for_audio(address: tuple[str, int], wire_name: str) -> None:
    wire = wire_of(wire_name)
    with socket.create_connection(address, timeout=TIMEOUT_S) as caller:
        caller.send(handshake(wire.path(0), address[0]))
        frames, head = Frames(), b""
        while select.select([caller], [], [], TIMEOUT_S)[0] and (received := caller.recv(65_536)):
            if b"\r\n\r\n" not in head:
                head += received
                received = head.partition(b"\r\n\r\n")[2]
            if any(wire.heard(opcode, payload).kind is Kind.AUDIO for opcode, payload in frames.push(received)):
                return
    raise RuntimeError("nothing was heard")


def main(arguments: list[str]) -> None:
    """Measure."""
    times = int(arguments[0]) if arguments else 5
    for wire_name in ("acs", "browser"):
        took = [first_frame_s(wire_name) for _ in range(times)]
        print(f"{wire_name}: {' '.join(f'{s:.2f}' for s in took)} s; median {statistics.median(took):.2f} s")


if __name__ == "__main__":
    main(sys.argv[1:])

"""The one command that starts the whole emulated cloud, and a server that uses it."""

import json
import os
import re
import signal
import subprocess
import sys

from websockets.sync.client import connect

from tests.kit.serving import EARSHOT, ROOT, serving


def test_a_server_talks_on_the_emulated_cloud() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.cloud"],
        cwd=ROOT, env={"PATH": os.defpath}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as emulators:  # fmt: skip
        try:
            assert emulators.stdout is not None
            environment: dict[str, str] = {}
            while "BASE_URL" not in environment:  # the last
                line = emulators.stdout.readline()
                match = re.fullmatch(r"export ([A-Z_]+)='(.*)'\n", line)
                assert match is not None, line
                environment[match[1]] = match[2]
            with serving(EARSHOT, **environment) as server:
                url = server.url.replace("http", "ws") + "/api/v1/realtime/conversation"
                with connect(url, proxy=None) as socket:
                    socket.send(json.dumps({"type": "text", "text": "hello"}))
                    while True:
                        event = json.loads(socket.recv(timeout=60))
                        if event["type"] == "assistant_final" and event["content"].startswith("Certainly"):
                            break
        finally:
            emulators.send_signal(signal.SIGINT)
            emulators.wait(10)
        assert emulators.returncode in (0, -signal.SIGINT)

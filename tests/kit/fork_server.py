"""Forks programs of the product for tests: `python -m tests.kit.fork_server DESCRIPTOR`.

It imports what servers import, then waits at a socket for orders, each a message of JSON with the three streams that
the program is to have. The answer is a process id. The program becomes a child of whoever started this process and is
told to be a subreaper (`tests/kit/forking.py`), who therefore waits for it and signals it as for any other child.

Nothing that starts a thread may be imported here: a fork has only the thread that forks, and what others held is held
for good.
"""

import importlib
import json
import os
import socket
import sys
from collections.abc import Mapping, Sequence
from functools import cache

from tests.kit.forked_program import run_program
from tests.kit.source import ROOT

MOST_BYTES = 1 << 18
"""Of an order: more than a message of this kind of socket can hold."""

MAIN = "app.__main__"
IMPORTED = (
    MAIN,
    "app.api.asgi",
    "app.server.processes.launcher",
    "app.server.processes.worker",
    "app.stores.redis_store",
    "app.stores.redis_subscription",
    "app.stores.session_claims",
    "tests.kit.fakes",
    "tests.kit.served",
)
"""What nearly every server of the tests imports, or would import while it starts."""

AGENTS = ROOT / "config/agents"

IMPORTED_FOR = {
    "ACS_CONNECTION_STRING": "app.telephony.acs.sdk",
    "ENABLE_AUTH_VALIDATION": "app.auth.jwks_download",
}
"""What each worker imports besides when it has started, if this variable is set."""

OTHERS_ANSWER = {"LANGUAGE_MODEL", "AGENTS_DIRECTORY"}
"""Where one of these variables is set, it is not the agents of the repository that answer, by their scripts."""


def main(descriptor: int) -> None:
    """Serve until the socket is closed at the other end."""
    for module in IMPORTED:
        importlib.import_module(module)
    del sys.modules[MAIN]  # it is to run, not to be there already
    # It was started with a PATH and nothing else; the rest is what Python and the product set when they start.
    added = {name: value for name, value in os.environ.items() if name != "PATH"}
    with socket.socket(fileno=descriptor) as orders:
        while True:
            message, streams, _, _ = socket.recv_fds(orders, MOST_BYTES, 3)
            if not message:
                return
            order = json.loads(message)
            for module in {IMPORTED_FOR[variable] for variable in IMPORTED_FOR.keys() & order["environ"]}:
                importlib.import_module(module)
            if "--app" not in order["command"] and not OTHERS_ANSWER & order["environ"].keys():
                learn_scripts()
            threads = len(os.listdir("/proc/self/task"))
            assert threads == 1, f"{threads} threads run before a fork: something that was imported starts them"
            pid = fork_orphan(order["command"], {**added, **order["environ"]}, streams)
            orders.send(str(pid).encode())
            for stream in streams:
                os.close(stream)


@cache
def learn_scripts() -> None:
    """Learn the examples in the scripts of the repository's agents, each worker's last work before it listens.

    What is learnt depends on nothing but them, and is kept for whoever comes with the same examples.
    """
    from app.agents.agent_files import load_agents
    from app.dialogue.engine import Script
    from app.dialogue.schema import dialogue_of
    from app.tools import load_tools

    for agent in load_agents(AGENTS, load_tools()).values():
        if (dialogue := dialogue_of(agent)) is not None:
            Script(dialogue)


def fork_orphan(command: Sequence[str], environ: Mapping[str, str], streams: Sequence[int]) -> int:
    """Start a program whose parent is at once the next subreaper among the ancestors of this process; its id."""
    told, tell = os.pipe()
    if (between := os.fork()) == 0:
        if (pid := os.fork()) == 0:
            run_program(command, environ, streams, ())
        os.write(tell, str(pid).encode())
        os._exit(0)
    os.close(tell)
    os.waitpid(between, 0)
    with open(told, "rb") as answer:
        return int(answer.read())


if __name__ == "__main__":
    main(int(sys.argv[1]))

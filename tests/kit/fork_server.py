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
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from actors.agent import Agent
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

OTHERS_SPEAK = {"AGENTS_DIRECTORY", "AZURE_SPEECH_ENDPOINT", "AZURE_SPEECH_REGION", "SPEECH_SYNTHESIZER"}
"""Where one of these is set, it is not this machine's own synthesizer that speaks for them."""


def main(descriptor: int) -> None:
    """Serve until the socket is closed at the other end."""
    for module in IMPORTED:
        importlib.import_module(module)
    del sys.modules[MAIN]  # it is to run, not to be there already
    # It was started with a PATH and nothing else; the rest is what Python and the product set when they start.
    serve(descriptor, {name: value for name, value in os.environ.items() if name != "PATH"})


def serve(descriptor: int, added: Mapping[str, str], before: Callable[[], None] | None = None) -> None:
    """Carry out the orders that come at a socket until it is closed at the other end.

    Args:
        descriptor: The socket.
        added: What each program's environment has besides what is ordered.
        before: What is to be done in a fork before its program is run, where this process has the synthesizer loaded.
    """
    speaking: socket.socket | None = None
    with socket.socket(fileno=descriptor) as orders:
        while True:
            message, streams, _, _ = socket.recv_fds(orders, MOST_BYTES, 3)
            if not message:
                return
            order = json.loads(message)
            prepare(order)
            if before is None and speaks_here(order):
                speaking = speaking or fork_speaking(added)
                socket.send_fds(speaking, [message], streams)
                answer = speaking.recv(32)
            else:
                threads = len(os.listdir("/proc/self/task"))
                assert threads == 1, f"{threads} threads run before a fork: something that was imported starts them"
                pid = fork_orphan(order["command"], {**added, **order["environ"]}, streams, before)
                answer = str(pid).encode()
            if not answer:
                return
            orders.send(answer)
            for stream in streams:
                os.close(stream)


def prepare(order: Mapping[str, Any]) -> None:
    """Do what its program would else do, and each of the same kind after it."""
    for module in {IMPORTED_FOR[variable] for variable in IMPORTED_FOR.keys() & order["environ"]}:
        importlib.import_module(module)
    if "--app" not in order["command"] and not OTHERS_ANSWER & order["environ"].keys():
        learn_scripts()


def speaks_here(order: Mapping[str, Any]) -> bool:
    """Whether it is for a server on which this machine's own synthesizer says what the repository's agents keep."""
    _python, _m, _app, *arguments = order["command"]
    return arguments == ["serve"] and not OTHERS_SPEAK & order["environ"].keys()


def fork_speaking(added: Mapping[str, str]) -> socket.socket:
    """Fork a child that goes on as this process does, with the synthesizer of this machine loaded.

    That makes each fork take longer, and few servers speak: so it is not done here.

    Returns:
        The socket for orders to it.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    if os.fork() == 0:
        try:
            descriptor = theirs.detach()
            # It would not notice that this process ends while it holds the other ends itself.
            os.closerange(3, descriptor)
            os.closerange(descriptor + 1, os.sysconf("SC_OPEN_MAX"))
            serve(descriptor, added, load_synthesizer())
        finally:
            os._exit(0)
    theirs.close()
    return ours


def load_synthesizer() -> Callable[[], None]:
    """Load the synthesizer of this machine, if it has one, and have it speak what the repository's agents keep.

    Returns:
        What has a fork of this process use it.
    """
    from tests.kit.local_synthesizer import LocalSynthesizer, is_installed

    return LocalSynthesizer(agents().values()).use if is_installed() else lambda: None


@cache
def agents() -> Mapping[str, Agent]:
    """The agents of the repository, by name."""
    from app.agents.agent_files import load_agents
    from app.tools import load_tools

    return load_agents(AGENTS, load_tools())


@cache
def learn_scripts() -> None:
    """Learn the examples in the scripts of the repository's agents, each worker's last work before it listens.

    What is learnt depends on nothing but them, and is kept for whoever comes with the same examples.
    """
    from app.dialogue.engine import Script
    from app.dialogue.schema import dialogue_of

    for agent in agents().values():
        if (dialogue := dialogue_of(agent)) is not None:
            Script(dialogue)


def fork_orphan(
    command: Sequence[str], environ: Mapping[str, str], streams: Sequence[int], before: Callable[[], None] | None
) -> int:
    """Start a program whose parent is at once the next subreaper among the ancestors of this process; its id."""
    told, tell = os.pipe()
    if (between := os.fork()) == 0:
        if (pid := os.fork()) == 0:
            if before is not None:
                before()
            run_program(command, environ, streams, ())
        os.write(tell, str(pid).encode())
        os._exit(0)
    os.close(tell)
    os.waitpid(between, 0)
    with open(told, "rb") as answer:
        return int(answer.read())


if __name__ == "__main__":
    main(int(sys.argv[1]))

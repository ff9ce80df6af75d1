"""Servers and commands that are forks of a process which has imported the product, beside those that are executed."""

import os
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.kit.forking import can_fork, fork_server, is_fork_server
from tests.kit.service_kit import FAKES
from tests.kit.serving import (
    EARSHOT,
    ROOT,
    Server,
    alive,
    children,
    environment,
    eventually,
    run,
    run_afresh,
    serve_command,
    serving,
    serving_afresh,
)

APP = (sys.executable, "-m", "app")
SIGNALS = ("SigBlk", "SigIgn", "SigCgt")
"""Of /proc/PID/status: what a process does about signals."""


def started(server: Server) -> str:
    """The command line by which the process came about that the launcher is."""
    return Path(f"/proc/{server.process.pid}/cmdline").read_text()


def signals(pid: int) -> list[str]:
    return [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith(SIGNALS)]


def descriptors(pid: int) -> list[str]:
    """What a process has open, without the numbers of files, sorted."""
    found = [os.readlink(each) for each in Path(f"/proc/{pid}/fd").iterdir()]
    return sorted(re.sub(r"\d+", "N", each.replace(tempfile.gettempdir(), "")) for each in found)


def relations(server: Server) -> list[object]:
    """What there is to see from outside of a server's processes."""
    launcher, *workers = server.process.pid, *children(server.process.pid)
    parents = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1:4] for pid in (launcher, *workers)]
    own = {str(os.getpid()): "test", str(launcher): "launcher"}
    return [
        *([own.get(parent), group, session] for parent, group, session in parents),
        *(signals(pid) for pid in (launcher, *workers)),
        *(descriptors(pid) for pid in (launcher, *workers)),
    ]


def test_a_server_that_is_a_fork_is_as_one_that_was_executed() -> None:
    with (
        serving("tell_process", BASE_URL="http://127.0.0.1:1") as forked,
        serving_afresh("tell_process", BASE_URL="http://127.0.0.1:1") as executed,
    ):
        assert "fork_server" in started(forked)
        assert "fork_server" not in started(executed)
        assert forked.get("/like").json() == executed.get("/like").json()
        assert relations(forked) == relations(executed)


def test_each_worker_draws_other_random_numbers() -> None:
    with serving("tell_process") as one, serving("tell_process") as other:
        assert one.get("/drawn").json() != other.get("/drawn").json()


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_a_worker_is_none_to_its_launcher(signum: signal.Signals) -> None:
    with serving("tell_process", WEB_CONCURRENCY="2") as server:
        one, other = children(server.process.pid)
        os.kill(one, signum)
        eventually(lambda: not alive(one))
        eventually(lambda: len(children(server.process.pid)) == 2)
        assert alive(other)
        assert server.process.poll() is None


@pytest.mark.parametrize(("signum", "status"), [(signal.SIGTERM, 0), (signal.SIGINT, 0), (signal.SIGKILL, -9)])
def test_its_end_is_told(signum: signal.Signals, status: int) -> None:
    with serving("tell_process") as server:
        workers = children(server.process.pid)
        server.signal(signum)
        assert server.process.wait(60) == status
        eventually(lambda: not any(map(alive, workers)))


@pytest.mark.parametrize(
    ("command", "variables"),
    [
        (["config"], {}),
        (["agents", "--json"], {}),
        (["--version"], {}),
        (["serve", "--nonsense"], {}),
        (["serve"], {"PORT": "eighty"}),
        (["check"], {"AGENTS_DIRECTORY": "/nowhere"}),
        (["serve", "--app", "tests.kit.served:crash"], {}),
        (["serve", "--app", "tests.kit.served:refuse_configuration"], {"WEB_CONCURRENCY": "2"}),
    ],
)
def test_a_command_says_the_same_and_ends_alike(command: list[str], variables: dict[str, str]) -> None:
    forked, executed = run(*APP, *command, **variables), run_afresh(*APP, *command, **variables)
    assert (forked.returncode, forked.stdout) == (executed.returncode, executed.stdout)
    assert forked.stderr.splitlines()[-1:] == executed.stderr.splitlines()[-1:]


def test_one_whose_output_nobody_reads_ends_alike() -> None:
    nobody, output = os.pipe()
    os.close(nobody)
    with open(os.devnull, "w") as errors:
        streams = (0, output, errors.fileno())
        pid = fork_server().fork([*APP, "config"], environment(), streams)
    os.close(output)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 1


def test_only_what_is_the_same_is_forked() -> None:
    assert can_fork(serve_command(EARSHOT), environment(**FAKES, BASE_URL="http://127.0.0.1"))
    assert not can_fork(serve_command(), environment(LANG="C"))
    assert not can_fork(serve_command(), environment(PYTHONPATH="/elsewhere"))
    assert not can_fork(serve_command(), environment(ORT_DISABLE_TELEMETRY="0"))
    assert not can_fork([sys.executable, "-S", *APP[1:]], environment())
    assert not can_fork([sys.executable, "-m", "app.server.liveness_probe"], environment())


def test_whose_orphans_go_elsewhere_executes() -> None:
    program = (
        "import sys; from tests.kit.forking import can_fork as can; print(can([sys.executable, *sys.argv[1:]], {}))"
    )
    told = subprocess.run(
        [sys.executable, "-c", program, *APP[1:]], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert told.stdout == "False\n"


def test_servers_that_are_started_at_once_share_a_fork_server() -> None:
    program = (
        "from concurrent.futures import ThreadPoolExecutor; from tests.kit.forking import fork_server\n"
        "with ThreadPoolExecutor(8) as threads:\n"
        "    print(len(set(threads.map(lambda _: fork_server().pid, range(8)))))"
    )
    told = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert told.stdout == "1\n"


def test_the_fork_server_alone_may_outlive_a_test() -> None:
    with serving("tell_process") as server:
        assert is_fork_server(fork_server().pid)
        assert not is_fork_server(server.process.pid)

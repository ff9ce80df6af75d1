"""A server under load as a process on a core of its own, and what the kernel says of it."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import msgspec

ROOT = Path(__file__).parents[2]
SERVER_CORE, CALLERS_CORE = 0, 1
REDIS_S = 5.0


class Kind(msgspec.Struct, frozen=True):
    """A server that can be started: `command` prints a line that ends with its address."""

    name: str
    command: tuple[str, ...]
    environment: tuple[tuple[str, str], ...] = ()
    wire: str = "acs"
    is_earshot: bool = False
    """It tells of its sessions and its loop at `/api/v1/health/actors`."""
    has_workers: bool = False
    """The process that serves is a child of the one that is started."""
    cloud: tuple[str, ...] = ()
    """What runs beside it, on the core of the callers; `command` of this prints a line of NAME=value for the server."""


DETECTOR = (("VOICE_ACTIVITY", "tests.load.providers:voice_activity"),)
PROVIDERS = tuple(
    (name.upper(), f"tests.load.providers:{plug_in}")
    for name, plug_in in (
        ("speech_recognizer", "recognizer"),
        ("speech_synthesizer", "synthesizer"),
        ("language_model", "model"),
    )
)
EARSHOT = (
    *DETECTOR,
    ("AGENTS_DIRECTORY", "tests/load/agents"),
    ("MAX_CONCURRENT_SESSIONS", "10000"),
    ("ENABLE_AUTH_VALIDATION", "off"),
    ("HOST", "127.0.0.1"),
    ("PORT", "0"),
    ("LOG_LEVEL", "error"),
)
_SERVE = ("-m", "app", "serve")
_FLOOR = ("-m", "tests.load.floor")


def _earshot(name: str, *more: tuple[str, str], wire: str = "acs", cloud: tuple[str, ...] = ()) -> Kind:
    environment = (*EARSHOT, *PROVIDERS, *more)
    return Kind(name, _SERVE, environment, wire, is_earshot=True, has_workers=True, cloud=cloud)


KINDS = {
    kind.name: kind
    for kind in (
        Kind("floor", _FLOOR),
        Kind("floor, 40 ms", (*_FLOOR, "--frame-ms", "40")),
        Kind("floor, uvicorn", (*_FLOOR, "--server", "uvicorn")),
        _earshot("earshot"),
        _earshot("earshot, 40 ms", ("ACS_FRAME_MS", "40")),
        _earshot("earshot, browser", wire="browser"),
        _earshot("earshot, redis", cloud=("-m", "tests.load.redis_cloud")),
        _earshot("earshot, telemetry", cloud=("-m", "tests.load.collector_cloud")),
        Kind("earshot, uvicorn", ("-m", "tests.load.on_uvicorn"), (*EARSHOT, *PROVIDERS), is_earshot=True),
        Kind(
            "earshot, azure", _SERVE, EARSHOT, is_earshot=True, has_workers=True, cloud=("-m", "tests.load.azure_cloud")
        ),
        _earshot(
            "earshot, voice live",
            ("ACS_STREAMING_MODE", "voice_live"),
            cloud=("-m", "tests.load.realtime_cloud"),
        ),
    )
}


TRANSCRIPTION = _earshot("earshot, transcription", ("ACS_STREAMING_MODE", "transcription"))
"""Says nothing, so that the callers of the bench have nobody to interrupt; see `listening.py`."""


LOCAL = Kind(
    "earshot, local",
    _SERVE,
    (
        ("MAX_CONCURRENT_SESSIONS", "100"),
        ("ENABLE_AUTH_VALIDATION", "off"),
        ("HOST", "127.0.0.1"),
        ("PORT", "0"),
        ("LOG_LEVEL", "error"),
    ),
    wire="browser",
    is_earshot=True,
    has_workers=True,
)
"""On the engines of this machine and with the agent of the dentist; see `local.py`."""


class Usage(msgspec.Struct, frozen=True):
    """What the processes that serve have taken so far, and hold."""

    cpu_s: float
    rss_mb: float
    threads: int
    descriptors: int
    redis_commands: int = 0
    """That the Redis of the server has carried out, those within scripts counted; 0 where it has none"""


class Server:
    """A running one. `redis` is the Unix socket of its Redis, empty where it has none."""

    def __init__(self, url: str, pids: Sequence[int], redis: str = "") -> None:
        self.url = url
        self._pids = pids
        self._redis = redis

    def usage(self) -> Usage:
        """As of now, of the processes that serve."""
        parts = [self._usage_of(pid) for pid in self._pids]
        return Usage(
            cpu_s=sum(part.cpu_s for part in parts),
            rss_mb=sum(part.rss_mb for part in parts),
            threads=sum(part.threads for part in parts),
            descriptors=sum(part.descriptors for part in parts),
            redis_commands=commands_processed(self._redis) if self._redis else 0,
        )

    @staticmethod
    def _usage_of(pid: int) -> Usage:
        proc = Path(f"/proc/{pid}")
        nanoseconds = 0
        for task in (proc / "task").iterdir():
            with suppress(FileNotFoundError, ProcessLookupError):  # a thread that has just ended
                nanoseconds += int((task / "schedstat").read_text().split()[0])
        status = dict(line.split(":", 1) for line in (proc / "status").read_text().splitlines())
        return Usage(
            cpu_s=nanoseconds / 1e9,
            rss_mb=int(status["VmRSS"].split()[0]) / 1024,
            threads=int(status["Threads"]),
            descriptors=len(list((proc / "fd").iterdir())),
        )


def pinned_to(core: int) -> tuple[str, ...]:
    """What to put before a command that is to run on one core; nothing where there is only one, or no way."""
    cores = sorted(os.sched_getaffinity(0))
    return ("taskset", "-c", str(cores[core % len(cores)])) if len(cores) > 1 else ()


def end_all_when_told() -> None:
    """Have this process leave its contexts on SIGTERM, so that no server outlives it."""
    signal.signal(signal.SIGTERM, lambda signum, _: sys.exit(128 + signum))


@contextmanager
def running(kind: Kind, *, pinned: bool = True) -> Iterator[Server]:
    """A server of a kind, that has said it listens; killed at the end.

    Raises:
        RuntimeError: it did not start; with what it said.
    """
    with ExitStack() as processes:
        environment = dict(kind.environment)
        if kind.cloud:
            told, _ = processes.enter_context(_started(kind.cloud, {}, CALLERS_CORE, pinned=pinned))
            environment |= dict(word.split("=", 1) for word in told.split())
        line, process = processes.enter_context(_started(kind.command, environment, SERVER_CORE, pinned=pinned))
        pids = _children_of(process.pid) if kind.has_workers else [process.pid]
        yield Server(line.split()[-1], pids, environment.get("REDIS_URL", "").removeprefix("unix://"))


@contextmanager
def _started(
    command: tuple[str, ...], environment: dict[str, str], core: int, *, pinned: bool
) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """A Python process and the first line that it printed, which has an address in it."""
    with (
        tempfile.TemporaryFile("w+") as errors,
        subprocess.Popen(
            (*(pinned_to(core) if pinned else ()), sys.executable, *command),
            cwd=ROOT,
            env={"PATH": os.defpath, "PYTHONUNBUFFERED": "1", **environment},
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            start_new_session=True,
        ) as process,
    ):
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if "://" not in line:
                errors.seek(0)
                raise RuntimeError(f"{' '.join(command)} did not start: {errors.read()[-2000:]}")
            yield line, process
        finally:
            end(process)


def end(process: "subprocess.Popen[str]") -> None:
    """End a process that was started in a session of its own, and its workers: they would say their goodbyes into the
    next measurement."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def commands_processed(redis: str) -> int:
    """How many commands the Redis at this Unix socket has carried out since its start, by its own count."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(REDIS_S)
        connection.connect(redis)
        connection.sendall(b"INFO stats\r\n")
        told = b""
        while b"total_commands_processed:" not in told or not told.endswith(b"\r\n"):
            if not (piece := connection.recv(65_536)):
                break
            told += piece
    _, _, rest = told.partition(b"total_commands_processed:")
    return int(rest.split()[0])

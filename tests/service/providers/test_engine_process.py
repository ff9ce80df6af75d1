"""What an engine's process has of the worker that started it, and how it ends, with real processes."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
import uvloop

from app.providers.engine_process import REPOSITORY, start_engine
from tests.kit.serving import alive, eventually

linux_only = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc and prctl are Linux's")

PARENT = """
import asyncio
from app.providers.engine_process import start_engine

async def main():
    engine = await start_engine("tests.service.providers.idle_engine")
    print((await engine.stdout.readline()).decode(), engine.pid, flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


def environment_of(pid: int) -> bytes:
    """All variables of a process."""
    return Path(f"/proc/{pid}/environ").read_bytes()


@linux_only
@pytest.mark.parametrize("loop_factory", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_it_has_no_secret_and_no_descriptor_of_its_worker(loop_factory: type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_SPEECH_KEY", "not-for-engines")
    monkeypatch.setenv("SOME_OTHER_SECRET", "nor-this")

    async def main() -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            listener.set_inheritable(True)
            engine = await start_engine("tests.service.providers.idle_engine")
            try:
                assert engine.stdout is not None
                await asyncio.wait_for(engine.stdout.readline(), 60)
                environment = environment_of(engine.pid)
                assert b"not-for-engines" not in environment
                assert b"nor-this" not in environment
                assert sorted(os.listdir(f"/proc/{engine.pid}/fd")) == ["0", "1", "2"]
            finally:
                engine.kill()
                await engine.wait()

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(asyncio.wait_for(main(), 60))


@linux_only
def test_one_that_is_stopped_is_killed_when_its_worker_is() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as parent:
        engine = 0
        try:
            assert parent.stdout is not None
            engine = int(parent.stdout.readline() and parent.stdout.readline())
            os.kill(engine, signal.SIGSTOP)
            parent.kill()
            eventually(lambda: not alive(engine))
        finally:
            parent.kill()
            if engine:
                with suppress(ProcessLookupError):
                    os.kill(engine, signal.SIGKILL)


@linux_only
def test_one_whose_worker_has_ended_before_it_could_be_tied_ends_at_once() -> None:
    command = [sys.executable, "-m", "app.providers.engine_program", "1", "tests.service.providers.idle_engine"]
    ended = subprocess.run(command, cwd=REPOSITORY, stdin=subprocess.PIPE, timeout=60, check=False)
    assert ended.returncode == -signal.SIGKILL

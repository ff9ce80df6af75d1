"""Calls outlive the process that talks on them: real processes, killed, against the emulated telephone network."""

import asyncio
import os
import signal
import stat
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

import httpx
import pytest

from app.telephony.live_calls import FILE
from tests.cloud.acs.caller import Caller
from tests.cloud.acs.emulator import AcsEmulator
from tests.kit.service_kit import FAKES
from tests.kit.serving import EARSHOT, Server, free_port, serving
from tests.service.telephony.telephone_kit import OURS, SECRET

WITHIN_S = 10.0
"""A caller whose worker died is talked to again, or hung up, within this time."""
AGENT = """
name: tester
label: Tester
greeting: Hello there.
"""


class Processes:
    """A server of real processes that can be killed and started again at its address."""

    def __init__(self, acs: AcsEmulator, directory: Path, stack: ExitStack) -> None:
        self._acs = acs
        self._stack = stack
        (directory / "agents").mkdir()
        (directory / "agents" / "tester.yaml").write_text(AGENT)
        self.state = directory / "state"
        self._agents = directory / "agents"
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self._server: Server | None = None

    async def start(self, **more: str) -> None:
        """Start it; returns when it listens."""
        acs = self._acs
        variables = {
            **FAKES,
            "PORT": str(self._port),
            "BASE_URL": self.url,
            "AGENTS_DIRECTORY": str(self._agents),
            "ACS_CONNECTION_STRING": acs.connection_string,
            "ACS_SOURCE_PHONE_NUMBER": OURS,
            "ENABLE_AUTH_VALIDATION": "on",
            "ACS_AUDIENCE": acs.audience,
            "ACS_ISSUER": acs.issuer,
            "ACS_JWKS_URL": acs.jwks_url,
            "EVENT_GRID_SECRET": SECRET,
            **more,
        }
        self._server = await asyncio.to_thread(self._stack.enter_context, serving(EARSHOT, **variables))

    def kill_workers(self) -> None:
        """End every worker as a crash would."""
        for pid in self._workers():
            os.kill(pid, signal.SIGKILL)

    def kill_everything(self) -> None:
        """End the launcher and its workers as a crash of the machine would."""
        assert self._server is not None
        workers = self._workers()
        os.kill(self._server.process.pid, signal.SIGKILL)
        for pid in workers:
            os.kill(pid, signal.SIGKILL)
        self._server.process.wait()

    def _workers(self) -> list[int]:
        assert self._server is not None
        pid = self._server.process.pid
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@asynccontextmanager
async def processes(directory: Path) -> AsyncIterator[tuple[AcsEmulator, Processes]]:
    """The network, and a server that is not started yet."""
    async with AcsEmulator() as acs:
        acs.event_grid.secret = ("x-earshot-event-grid-secret", SECRET)
        stack = ExitStack()
        try:
            yield acs, Processes(acs, directory, stack)
        finally:
            await asyncio.to_thread(stack.close)


async def greeted(acs: AcsEmulator, url: str, number: int) -> Caller:
    """A caller who has been greeted."""
    caller = await acs.dial(f"{url}/api/v1/calls/answer", from_=f"+1555010{number}")
    await caller.connected()
    await caller.hears_reply(quiet_ms=300, since_s=caller.ear.started_s)
    return caller


async def conversations(url: str) -> list[list[str]]:
    """What the users of all sessions have said."""
    async with httpx.AsyncClient(base_url=f"{url}/api/v1", trust_env=False) as rest:
        sessions = (await rest.get("/sessions")).json()["sessions"]
        texts = [(await rest.get(f"/sessions/{each['session_id']}/transcript")).json() for each in sessions]
    return [[entry["text"] for entry in text["entries"] if entry["role"] == "user"] for text in texts]


async def goes_on(caller: Caller, since_s: float) -> float:
    """The caller is talked to again, and answered; seconds until then."""
    heard_s = await caller.hears_voice(since_s=since_s, timeout_s=60)
    await caller.hears_silence(300)
    caller.press("5#")
    await caller.hears_reply(quiet_ms=300)
    caller.hang_up()
    return heard_s - since_s


async def test_the_calls_of_a_killed_worker_are_talked_to_again(tmp_path: Path) -> None:
    async with processes(tmp_path) as (acs, server):
        await server.start()
        callers = await asyncio.gather(*(greeted(acs, server.url, number) for number in range(3)))
        for number, caller in enumerate(callers):
            caller.press(f"4{number}#")
            await caller.hears_reply(quiet_ms=300)
        killed_s = asyncio.get_running_loop().time()
        server.kill_workers()
        waited_s = await asyncio.gather(*(goes_on(caller, killed_s) for caller in callers))
        assert max(waited_s) < WITHIN_S
        assert sorted([words[0] for words in await conversations(server.url)]) == ["4 0", "4 1", "4 2"]
        assert {words[1] for words in await conversations(server.url)} == {"5"}
        await asyncio.gather(*(caller.ended() for caller in callers))


async def test_a_call_that_ended_meanwhile_is_let_be_and_a_worker_that_dies_again_is_replaced_again(
    tmp_path: Path,
) -> None:
    async with processes(tmp_path) as (acs, server):
        await server.start()
        gone, stays = await asyncio.gather(greeted(acs, server.url, 0), greeted(acs, server.url, 1))
        server.kill_workers()
        gone.hang_up()
        for _ in range(2):
            await stays.hears_reply(quiet_ms=300)
            server.kill_workers()
        await goes_on(stays, asyncio.get_running_loop().time())
        await asyncio.gather(gone.ended(), stays.ended())


async def test_the_calls_of_a_killed_server_are_taken_over_by_the_next(tmp_path: Path) -> None:
    async with processes(tmp_path) as (acs, server):
        await server.start(STATE_DIRECTORY=str(server.state))
        caller = await greeted(acs, server.url, 0)
        file = server.state / FILE
        assert stat.S_IMODE(server.state.stat().st_mode) == 0o700
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert "+1555" not in file.read_text()
        server.kill_everything()
        killed_s = asyncio.get_running_loop().time()
        await server.start(STATE_DIRECTORY=str(server.state))
        await goes_on(caller, killed_s)
        await caller.ended()
        async with asyncio.timeout(60):
            while file.read_text() != "[]":  # noqa: ASYNC110  another process writes it
                await asyncio.sleep(0.05)


@pytest.mark.parametrize("comes", ["media socket", "callback"])
async def test_a_call_of_which_there_is_no_record_is_hung_up_when_the_network_tells_of_it(
    tmp_path: Path, comes: str
) -> None:
    async with processes(tmp_path) as (acs, server):
        await server.start()
        caller = await greeted(acs, server.url, 0)
        assert caller.call is not None
        assert caller.call.media is not None
        server.kill_everything()
        await server.start()
        if comes == "media socket":
            caller.call.media.start(caller.call.order)
        else:
            caller.call.emit_participants()
        await asyncio.wait_for(caller.ended(), WITHIN_S)
        assert acs.executions["terminate"] == 1

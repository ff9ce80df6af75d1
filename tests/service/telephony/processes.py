"""The product as a server of real processes that can be killed, and the emulated telephone network that calls it."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

import httpx

from tests.cloud.acs.caller import Caller, CallOver
from tests.cloud.acs.emulator import AcsEmulator
from tests.kit.ports import free_port
from tests.kit.service_kit import FAKES
from tests.kit.serving import AUTHORITIES, EARSHOT, Server, alive, eventually, serving
from tests.service.telephony.telephone_kit import OURS, SECRET

AGENT = """
name: tester
label: Tester
greeting: Hello there.
limits:
  no_input_s: 300
  filler_after_ms: 300_000
"""
"""Nobody is asked whether they are still there, nor to wait a moment, however long a busy machine lets them wait."""


ENDS_S = 60.0


class Processes:
    """A server of real processes that can be killed and started again at its address."""

    def __init__(self, acs: AcsEmulator, directory: Path, stack: ExitStack, agent: str) -> None:
        self._acs = acs
        self._stack = stack
        (directory / "agents").mkdir()
        (directory / "agents" / "tester.yaml").write_text(agent)
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
        for pid in self.workers():
            os.kill(pid, signal.SIGKILL)

    def kill_everything(self) -> None:
        """End the launcher and its workers as a crash of the machine would."""
        assert self._server is not None
        workers = self.workers()
        os.kill(self._server.process.pid, signal.SIGKILL)
        for pid in workers:
            os.kill(pid, signal.SIGKILL)
        self._server.process.wait()
        # Until then they hold the socket, and nobody else can listen there.
        eventually(lambda: not any(alive(pid) for pid in workers))

    def end(self) -> None:
        """Tell it to end, as a deployment does."""
        assert self._server is not None
        self._server.process.terminate()

    def ended(self) -> int:
        """Wait for its end; its exit status."""
        assert self._server is not None
        return self._server.process.wait(ENDS_S)

    def log(self) -> str:
        """What its processes have written on standard error."""
        assert self._server is not None
        return self._server.log()

    def workers(self) -> list[int]:
        """The process ids of its workers."""
        assert self._server is not None
        pid = self._server.process.pid
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@asynccontextmanager
async def processes(directory: Path, agent: str = AGENT) -> AsyncIterator[tuple[AcsEmulator, Processes]]:
    """The network, and a server that is not started yet, whose one agent is in the YAML of `agent`."""
    async with AcsEmulator() as acs:
        acs.event_grid.secret = ("x-earshot-event-grid-secret", SECRET)
        stack = ExitStack()
        try:
            yield acs, Processes(acs, directory, stack, agent)
        finally:
            await asyncio.to_thread(stack.close)


async def greeted(acs: AcsEmulator, url: str, number: int) -> Caller:
    """A caller who has been greeted; one for whom a busy machine has no room calls again."""
    for last in (False, False, False, False, True):
        caller = await acs.dial(f"{url}/api/v1/calls/answer", from_=f"+1555010{number}")
        try:
            await caller.connected()
        except CallOver:
            if last:
                raise
            await asyncio.sleep(1)
            continue
        await caller.hears_reply(quiet_ms=300, since_s=caller.ear.started_s)
        break
    return caller


async def conversations(url: str) -> list[list[str]]:
    """What the users of all sessions have said."""
    return [[text for role, text in said if role == "user"] for said in await _transcripts(url)]


async def until_answered(url: str, words: list[str]) -> None:
    """Wait until the users of all sessions have said this, one each, and have heard the answer to it.

    What sounds like the end of an answer may be a machine that gives the server no time.
    """
    async with asyncio.timeout(60):
        while True:
            ends = [said[-2:] for said in await _transcripts(url)]
            asked = [two[0][1] for two in ends if [role for role, _ in two] == ["user", "assistant"]]
            if sorted(asked) == sorted(words):
                return
            await asyncio.sleep(0.1)


async def _transcripts(url: str) -> list[list[tuple[str, str]]]:
    """Role and text of each entry, of all sessions."""
    async with httpx.AsyncClient(base_url=f"{url}/api/v1", trust_env=False, verify=AUTHORITIES) as rest:
        sessions = (await rest.get("/sessions")).json()["sessions"]
        texts = [(await rest.get(f"/sessions/{each['session_id']}/transcript")).json() for each in sessions]
    return [[(entry["role"], entry["text"]) for entry in text.get("entries", ())] for text in texts]


async def is_talked_to(caller: Caller, since_s: float) -> float:
    """The caller is talked to again; seconds until then."""
    heard_s = await caller.hears_voice(since_s=since_s, timeout_s=60)
    await caller.hears_silence(300)
    return heard_s - since_s


async def goes_on(caller: Caller, since_s: float) -> float:
    """The caller is talked to again, and answered; seconds until then."""
    waited_s = await is_talked_to(caller, since_s)
    caller.press("5#")
    await caller.hears_reply(quiet_ms=300)
    caller.hang_up()
    return waited_s

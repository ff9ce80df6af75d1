"""A caller who guesses access codes at one server has fewer guesses left at those that share Redis with it."""

import asyncio
from collections.abc import Callable
from typing import Any, cast

import pytest

from actors.errors import ErrorKind, StoreError
from actors.runtime.background_tasks import BackgroundTasks
from app.cluster.wrong_codes import WrongCodeSharing
from app.server.lifecycle import Lifecycle
from app.telephony.inbound.access_code_check import AccessCodes, Verdict
from app.telephony.inbound.code_limits import CodeLimits
from config.secret import Secret
from tests.kit.virtual_time import on_virtual_time

CODE, CALLER, OTHER = Secret("4711"), "+12065550100", "+12065550101"


class Clock:
    """Stands still."""

    def now(self) -> float:
        return 0.0


class Servers:
    """Takes notices of all workers to all others."""

    def __init__(self) -> None:
        self.workers: list[Worker] = []
        self.is_down = False


class Worker:
    """One worker of a server, and its place in the cluster."""

    def __init__(self, servers: Servers, lifecycle: Lifecycle) -> None:
        self._servers = servers
        self._hear: Callable[[bytes], None] = lambda payload: None
        self._background = BackgroundTasks()
        clock: Any = Clock()
        limits = CodeLimits(per_caller=3, overall=5, window_s=60.0)
        self.codes = AccessCodes(lifecycle, clock, self._background, log_content=False, limits=limits)
        WrongCodeSharing(cast(Any, self), self.codes, lifecycle.server)
        servers.workers.append(self)

    def on_notice(self, topic: str, take: Callable[[bytes], None]) -> None:
        self._hear = take

    async def tell_all(self, topic: str, payload: bytes) -> None:
        if self._servers.is_down:
            raise StoreError(ErrorKind.UNAVAILABLE, "Redis cannot be reached")
        for worker in self._servers.workers:
            if worker is not self:
                worker._hear(payload)

    async def judge(self, keys: str, caller: str = CALLER) -> Verdict:
        verdict = self.codes.judge(CODE, caller, keys)
        async with asyncio.timeout(5):
            await self._background.finished()
        return verdict


@on_virtual_time
async def test_wrong_codes_count_at_all_servers_and_once_at_each() -> None:
    servers = Servers()
    one, other = Worker(servers, Lifecycle()), Worker(servers, Lifecycle())
    assert await one.judge("1") is Verdict.WRONG
    assert await other.judge("2") is Verdict.WRONG
    assert await one.judge("3") is Verdict.WRONG
    assert [await one.judge("4711"), await other.judge("4711")] == [Verdict.LOCKED] * 2
    assert await other.judge("4", OTHER) is Verdict.WRONG
    assert await one.judge("5", "+12065550102") is Verdict.WRONG
    assert [await each.judge("4711", "+12065550103") for each in (one, other)] == [Verdict.LOCKED] * 2


@on_virtual_time
async def test_workers_of_one_server_do_not_count_what_they_tell_each_other_twice() -> None:
    servers, lifecycle = Servers(), Lifecycle()
    one, sibling = Worker(servers, lifecycle), Worker(servers, lifecycle)
    for keys in ("1", "2"):
        assert await one.judge(keys) is Verdict.WRONG
    assert await sibling.judge("4711") is Verdict.ACCEPTED


@on_virtual_time
async def test_without_redis_a_server_counts_what_it_hears_itself(caplog: pytest.LogCaptureFixture) -> None:
    servers = Servers()
    servers.is_down = True
    one, other = Worker(servers, Lifecycle()), Worker(servers, Lifecycle())
    verdicts = [await one.judge("1") for _ in range(4)]
    assert verdicts == [Verdict.WRONG] * 3 + [Verdict.LOCKED]
    assert await other.judge("4711") is Verdict.ACCEPTED
    lines = [line for line in caplog.messages if line.startswith("other servers do not count a wrong access code: ")]
    assert len(lines) == 3
    assert CALLER not in caplog.text

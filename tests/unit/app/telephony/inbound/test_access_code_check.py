"""Access codes as a server judges them: who may try, what the audit log says, and what other workers hear."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import pytest

from actors.runtime import background_tasks
from actors.runtime.background_tasks import BackgroundTasks
from app.server.lifecycle import Lifecycle
from app.server.processes.worker_bus import WorkerBusError
from app.telephony.inbound.access_code_check import TOPIC, AccessCodes, Verdict
from app.telephony.inbound.code_limits import CodeLimits
from config.secret import Secret

CODE, CALLER, OTHER = Secret("4711"), "+12065550100", "+12065550101"


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.at = 0.0

    def now(self) -> float:
        return self.at


class Server:
    """The codes of one worker, alone on its server."""

    def __init__(self, *, log_content: bool = False, lifecycle: Lifecycle | None = None) -> None:
        self.lifecycle = lifecycle or Lifecycle()
        self.clock = Clock()
        self.background = BackgroundTasks()
        self.codes = AccessCodes(
            self.lifecycle,
            self.clock,  # type: ignore[arg-type]
            self.background,
            log_content=log_content,
            limits=CodeLimits(per_caller=2, overall=3, window_s=60.0),
        )

    async def judge(self, keys: str, caller: str = CALLER) -> Verdict:
        verdict = self.codes.judge(CODE, caller, keys)
        async with asyncio.timeout(5):
            await self.background.finished()
        return verdict


async def test_the_right_code_opens_and_another_does_not() -> None:
    server = Server()
    assert await server.judge("4712") is Verdict.WRONG
    assert await server.judge("4711") is Verdict.ACCEPTED
    assert await server.judge("") is Verdict.WRONG


async def test_a_worker_with_too_much_to_do_counts_wrong_codes_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background_tasks, "MAX_TASKS", 0)
    server = Server()
    assert [await server.judge("4712") for _ in range(3)] == [Verdict.WRONG, Verdict.WRONG, Verdict.LOCKED]


async def test_a_caller_who_was_wrong_too_often_is_not_listened_to_for_a_while() -> None:
    server = Server()
    for _ in range(2):
        assert await server.judge("0000") is Verdict.WRONG
    assert await server.judge("4711") is Verdict.LOCKED
    assert await server.judge("4711", OTHER) is Verdict.ACCEPTED
    server.clock.at = 61.0
    assert await server.judge("4711") is Verdict.ACCEPTED


async def test_many_callers_together_shut_the_door_for_everybody() -> None:
    server = Server()
    for number in range(3):
        assert await server.judge("0000", f"+1206555020{number}") is Verdict.WRONG
    assert await server.judge("4711") is Verdict.LOCKED


@pytest.mark.parametrize(("log_content", "is_shown"), [(False, False), (True, True)])
async def test_the_audit_log_tells_callers_apart_and_names_them_only_where_it_may(
    log_content: bool, is_shown: bool, caplog: pytest.LogCaptureFixture
) -> None:
    server, wrong = Server(log_content=log_content), "8350219746315"
    # Of four digits the times and the numbers of threads in a record may happen to hold all.
    with caplog.at_level(logging.INFO, logger="earshot.audit"):
        for caller in (CALLER, CALLER, OTHER):
            await server.judge(wrong, caller)
        await server.judge("4711", OTHER)
    said = [record.getMessage() for record in caplog.records]
    assert said == [*["access code wrong"] * 3, "access code refused: too many wrong ones"]
    names = [record.caller for record in caplog.records]  # type: ignore[attr-defined]
    assert names[0] == names[1] != names[2]
    assert (CALLER in names) is is_shown
    assert {vars(record).get("content", "") for record in caplog.records} == {"caller" if is_shown else ""}
    assert wrong not in caplog.text + str([vars(record) for record in caplog.records])


async def test_other_workers_hear_of_wrong_codes_and_count_them() -> None:
    lifecycle = Lifecycle()
    here, there = Server(lifecycle=lifecycle), Server(lifecycle=lifecycle)
    for _ in range(2):
        await here.judge("0000")
    assert await there.judge("4711") is Verdict.LOCKED


async def test_a_wrong_code_counts_here_where_nobody_can_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server()

    async def away(topic: str, fields: dict[str, Any]) -> None:
        raise WorkerBusError("the launcher does not answer")

    monkeypatch.setattr(server.lifecycle.worker_bus, "tell", away)
    for _ in range(2):
        await server.judge("0000")
    assert await server.judge("4711") is Verdict.LOCKED


@pytest.mark.parametrize("fields", [{}, {"caller": 7}, {"caller": None}])
async def test_a_notice_that_names_nobody_counts_against_nobody(fields: dict[str, Any]) -> None:
    lifecycle = Lifecycle()
    server = Server(lifecycle=lifecycle)
    tell: Callable[..., Any] = lifecycle.worker_bus.tell
    for _ in range(5):
        await tell(TOPIC, fields)
        await tell("another topic", {"caller": "somebody"})
    assert await server.judge("4711") is Verdict.ACCEPTED

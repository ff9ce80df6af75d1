"""What becomes of the sessions of a worker that has to end."""

import asyncio
import logging
from unittest.mock import Mock

import pytest

from actors.conversation import Ending
from actors.messages.caller import EndSession
from actors.runtime.clock import run_virtual
from app.sessions.draining import GOODBYE_S, HURRIED_S, Draining
from config.groups.server import DrainPolicy

GRACE_S = 30.0


class Sessions:
    """Two live sessions, which are over when they have taken their leave."""

    def __init__(self) -> None:
        self.live = {"a": Mock(), "b": Mock()}
        self.over = asyncio.Event()

    async def emptied(self) -> None:
        """Wait until they are over."""
        await self.over.wait()


async def drained(
    policy: DrainPolicy, *, hands_over: bool = False, ends_after_s: float = 0.0, hurried_after_s: float = 0.0
) -> tuple[Sessions, Mock]:
    """The sessions after a drain, and what was called, in its order."""
    sessions, called = Sessions(), Mock()
    lifecycle = Mock(end_sessions=called.end_sessions, hurried=asyncio.Event())
    draining = Draining(policy, lifecycle, sessions)  # type: ignore[arg-type]

    async def hand_over(deadline: float) -> None:
        called.hand_over(deadline)

    if hands_over:
        draining.hand_over = hand_over
    loop = asyncio.get_running_loop()
    if hurried_after_s:
        loop.call_later(hurried_after_s, lifecycle.hurried.set)
    if ends_after_s:
        loop.call_later(ends_after_s, sessions.over.set)
    await draining.drain(loop.time() + GRACE_S)
    return sessions, called


@pytest.mark.parametrize("policy", list(DrainPolicy))
def test_what_is_not_over_by_the_deadline_was_told_to_say_goodbye(
    policy: DrainPolicy, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> float:
        began = asyncio.get_running_loop().time()
        sessions, called = await drained(policy)
        for entry in sessions.live.values():
            entry.deliver.assert_called_once_with(EndSession(Ending.NORMAL, politely=True))
        called.end_sessions.assert_called_once_with()
        return asyncio.get_running_loop().time() - began

    with caplog.at_level(logging.INFO, logger="app.sessions.draining"):
        assert run_virtual(main()) == pytest.approx(GRACE_S)
    assert [record.getMessage() for record in caplog.records] == ["conversations are cut: the grace is over"]


@pytest.mark.parametrize(("policy", "waits_s"), [(DrainPolicy.FINISH, GRACE_S - GOODBYE_S), (DrainPolicy.HAND_OVER, 0)])
def test_others_go_on_before_anybody_says_goodbye(policy: DrainPolicy, waits_s: float) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        began, at = loop.time(), list[float]()
        sessions = Sessions()
        draining = Draining(policy, Mock(hurried=asyncio.Event()), sessions)  # type: ignore[arg-type]

        async def hand_over(deadline: float) -> None:
            assert deadline == began + GRACE_S
            at.append(loop.time() - began)
            assert not any(entry.deliver.called for entry in sessions.live.values())
            sessions.live.clear()
            sessions.over.set()

        draining.hand_over = hand_over
        await draining.drain(began + GRACE_S)
        assert at == [pytest.approx(waits_s)]

    run_virtual(main())


def test_nobody_is_handed_over_where_goodbye_is_the_policy() -> None:
    _, called = run_virtual(drained(DrainPolicy.GOODBYE, hands_over=True))
    called.hand_over.assert_not_called()
    _, called = run_virtual(drained(DrainPolicy.HAND_OVER, hands_over=True))
    called.hand_over.assert_called_once()


def test_conversations_that_finish_by_themselves_are_waited_for_and_no_longer() -> None:
    async def main() -> float:
        began = asyncio.get_running_loop().time()
        await drained(DrainPolicy.FINISH, ends_after_s=5)
        return asyncio.get_running_loop().time() - began

    assert run_virtual(main()) == pytest.approx(5)


@pytest.mark.parametrize("policy", list(DrainPolicy))
def test_a_worker_that_is_told_to_hurry_hands_over_at_once_and_waits_for_goodbyes_a_little(policy: DrainPolicy) -> None:
    async def main() -> None:
        began = asyncio.get_running_loop().time()
        _, called = await drained(policy, hands_over=True, hurried_after_s=1.0)
        ended_s = asyncio.get_running_loop().time() - began
        assert ended_s == pytest.approx(1.0 + HURRIED_S)
        if policy is DrainPolicy.FINISH:
            (deadline,) = called.hand_over.call_args.args
            assert deadline - began == pytest.approx(1.0 + HURRIED_S)

    run_virtual(main())

"""The actor that starts sessions is started again when it ends, and live sessions do not notice."""

import asyncio

import msgspec
import pytest

from actors.conversation import Ending
from actors.messages.caller import ConnectionAttached, EndSession, TextEntered
from actors.messages.output import ReplyHeard
from actors.runtime.clock import run_virtual
from actors.runtime.exits import order_stop_now
from actors.runtime.restart_budget import RestartPolicy
from actors.session.plan import SessionPlan
from actors.session.sessions import SessionEntry
from actors.session.sessions_keeper import SessionsKeeper
from tests.kit.session_kit import QUIET, RATE_HZ, Ear, Stage, stage


class Poison(msgspec.Struct, frozen=True):
    """Handling it fails."""


def opened(keeper: SessionsKeeper, on: Stage, session_id: str, ear: Ear) -> SessionEntry:
    """A session of this keeper."""
    plan: SessionPlan = msgspec.structs.replace(on.entry.plan, session_id=session_id)
    attached = ConnectionAttached(connection_id=f"of {session_id}", lead=on.lead, rate_hz=RATE_HZ)
    return keeper.sessions.open(plan, ear, attached)


@pytest.mark.parametrize("loses_supervisor", [False, True])
def test_live_sessions_outlive_the_actor_that_started_them(loses_supervisor: bool) -> None:
    async def main() -> None:
        async with stage(agent=QUIET, caller=False) as on:
            ended: list[str] = []
            keeper, ear = SessionsKeeper(on.engines, ended.append), Ear()
            entry = opened(keeper, on, "first", ear)
            await asyncio.sleep(0.5)
            former = keeper.sessions
            order_stop_now(former.actor_ref)
            if loses_supervisor:
                entry.addresses.supervisor.tell(Poison())
            await asyncio.sleep(0.5)
            assert keeper.sessions is not former
            assert keeper.sessions.live is former.live
            entry.deliver(TextEntered("hello"))
            await ear.until_count(ReplyHeard, 1, 20)
            assert entry.rebuilt == loses_supervisor
            opened(keeper, on, "second", Ear())
            await asyncio.sleep(0.5)
            assert keeper.sessions.live["second"].session is not None
            for each in tuple(keeper.sessions.live.values()):
                each.deliver(EndSession(Ending.NORMAL, politely=False))
            async with asyncio.timeout(2):
                await former.emptied()
            assert sorted(ended) == ["first", "second"]
            assert keeper.sessions.started == 2
            keeper.stop()

    run_virtual(main())


def test_a_session_that_is_opened_in_the_pause_before_the_restart_is_started_after_it() -> None:
    async def main() -> None:
        async with stage(agent=QUIET, caller=False) as on:
            keeper = SessionsKeeper(on.engines)
            for _ in range(2):
                order_stop_now(keeper.sessions.actor_ref)
                await asyncio.sleep(0.01)
            entry = opened(keeper, on, "early", Ear())
            assert entry.ref is None
            await asyncio.sleep(0.5)
            assert entry.session is not None
            entry.deliver(EndSession(Ending.NORMAL, politely=False))
            await asyncio.sleep(0.5)
            keeper.stop()

    run_virtual(main())


def test_one_that_ends_again_and_again_is_given_up_and_said_to_be(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        async with stage(caller=False, restarts=RestartPolicy(max_restarts=1)) as on:
            keeper = SessionsKeeper(on.engines)
            for _ in range(2):
                order_stop_now(keeper.sessions.actor_ref)
                await asyncio.sleep(0.1)
            assert keeper.has_failed
            keeper.stop()

    run_virtual(main())
    assert "this worker takes no more" in caplog.text


def test_one_that_was_stopped_is_not_started_again() -> None:
    async def main() -> None:
        async with stage(caller=False) as on:
            keeper = SessionsKeeper(on.engines)
            sessions = keeper.sessions
            keeper.stop()
            await asyncio.sleep(1)
            assert keeper.sessions is sessions
            assert not keeper.has_failed

    run_virtual(main())


@pytest.mark.parametrize("error", [RuntimeError, SystemExit, asyncio.CancelledError, RecursionError])
def test_a_session_that_cannot_even_be_ended_costs_no_other(
    error: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        async with stage(agent=QUIET, caller=False) as on:

            def fail(*_: object) -> None:
                raise error

            keeper = SessionsKeeper(on.engines)
            sessions = keeper.sessions
            with monkeypatch.context() as patched:
                patched.setattr("actors.session.sessions.SessionSupervisor.start", fail)
                patched.setattr("actors.session.sessions.conclude", fail)
                opened(keeper, on, "broken", Ear())
                await asyncio.sleep(0.1)
            assert keeper.sessions is sessions
            assert sessions.live == {}
            opened(keeper, on, "next", Ear())
            await asyncio.sleep(0.1)
            assert sessions.live["next"].session is not None
            sessions.live["next"].deliver(EndSession(Ending.NORMAL, politely=False))
            await asyncio.sleep(0.5)
            keeper.stop()

    run_virtual(main())

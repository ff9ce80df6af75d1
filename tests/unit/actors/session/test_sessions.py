"""The sessions of a process: opened, rebuilt once, restored, and forgotten when they have ended."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from actors.conversation import ChatMessage, Ending, Role
from actors.messages.base import Message
from actors.messages.caller import PACED, ConnectionAttached, EndSession, TextEntered
from actors.messages.output import ReplyHeard, SessionEnded
from actors.rules.turn_taking.state import Opening
from actors.runtime.clock import run_virtual
from actors.runtime.supervised_actor import actor_of
from actors.session.sessions import Sessions
from actors.session_context import SessionContext
from tests.kit.session_kit import AGENT, QUIET, RATE_HZ, Ear, Stage, stage


class Poison(Message, frozen=True):
    """No actor has a rule for it: whoever is told it fails."""


def on_stage(act: Callable[[Stage], Any], **options: Any) -> None:
    async def main() -> None:
        async with stage(**options) as on:
            await act(on)

    run_virtual(main())


def test_a_session_is_known_from_when_it_is_opened_until_it_has_ended() -> None:
    async def act(on: Stage) -> None:
        assert list(on.sessions.live) == ["test-session"]
        assert (on.sessions.started, on.sessions.ended) == (1, 0)
        on.entry.deliver(EndSession(Ending.NORMAL, politely=False))
        async with asyncio.timeout(30):
            await on.sessions.emptied()
        assert (list(on.sessions.live), on.sessions.ended) == ([], 1)
        assert on.ear.ended is Ending.NORMAL
        await asyncio.sleep(1)
        record = await on.engines.store.load("test-session")
        assert record is not None
        assert record.state == "ended"

    on_stage(act)


def test_nobody_waits_for_sessions_where_there_are_none() -> None:
    async def act(on: Stage) -> None:
        on.entry.deliver(EndSession(Ending.NORMAL, politely=False))
        for _ in range(2):
            async with asyncio.timeout(30):
                await on.sessions.emptied()

    on_stage(act)


def test_a_supervisor_that_fails_is_replaced_once_and_the_conversation_goes_on() -> None:
    async def act(on: Stage) -> None:
        await asyncio.sleep(2)
        former = on.session
        on.entry.addresses.supervisor.tell(Poison())
        await asyncio.sleep(1)
        assert on.session is not former
        on.entry.deliver(TextEntered("are you open"))
        await on.ear.until_count(ReplyHeard, 2)
        on.entry.addresses.supervisor.tell(Poison())
        await on.ear.until_count(SessionEnded, 1)
        assert on.ear.ended is Ending.ERROR

    on_stage(act)


def test_whoever_waits_for_ends_and_beginnings_is_told_and_may_fail(caplog: pytest.LogCaptureFixture) -> None:
    told: list[str] = []

    def fails(session_id: str) -> None:
        told.append(f"{session_id} ends")
        raise ZeroDivisionError

    async def main() -> None:
        async with stage() as on:
            ref = Sessions.start(on.engines, fails, lambda session_id: told.append(f"{session_id} begins"))
            sessions = _actor(ref)
            ear = Ear()
            attached = ConnectionAttached(connection_id="c", lead=PACED, rate_hz=RATE_HZ)
            entry = sessions.open(msgspec.structs.replace(on.entry.plan, session_id="another"), ear, attached)
            await asyncio.sleep(1)
            entry.deliver(EndSession(Ending.NORMAL, politely=False))
            async with asyncio.timeout(30):
                await sessions.emptied()
            ref.stop(block=False)
            await asyncio.sleep(0.1)

    with caplog.at_level(logging.ERROR):
        run_virtual(main())
    assert told == ["another begins", "another ends"]
    assert "an observer of ended sessions failed: ZeroDivisionError" in caplog.text


def _actor(ref: Any) -> Sessions:
    actor = actor_of(ref)
    assert isinstance(actor, Sessions)
    return actor


def test_what_is_said_after_a_restore_lies_behind_all_that_was_said_before() -> None:
    async def act(on: Stage) -> None:
        await asyncio.sleep(1)
        said = ChatMessage(role=Role.USER, text="are you open", turn=1, start_ms=1_000.0, end_ms=61_000.0)
        record = msgspec.structs.replace(on.session.record(), session_id="restored", turn=1, messages=(said,))
        attached = ConnectionAttached(connection_id="c2", lead=PACED, rate_hz=RATE_HZ)
        plan = msgspec.structs.replace(on.entry.plan, session_id="restored")
        entry = on.sessions.restore(plan, Ear(), attached, record)
        assert entry.checkpoint.messages == (said,)
        assert entry.tracks.all_voices.end_bytes >= 61 * RATE_HZ * 2
        assert entry.checkpoint.turn is not None
        assert entry.checkpoint.turn.opening is Opening.NONE
        entry.deliver(EndSession(Ending.NORMAL, politely=False))

    on_stage(act)


def test_all_that_is_known_of_a_session_is_in_its_agents_before_it_begins() -> None:
    agent = msgspec.structs.replace(
        AGENT, greeting="Hello {{name}}.", variables={"name": "there"}, languages=("en-US",)
    )

    async def look_up(about: SessionContext) -> SessionContext:
        await asyncio.sleep(1)
        return msgspec.structs.replace(about, context={"name": "Ann"})

    async def act(on: Stage) -> None:
        assert on.entry.ref is None, "the session waits until the caller is looked up"
        await on.ear.until_count(ReplyHeard, 1)
        assert [heard.text for heard in on.ear.of(ReplyHeard)] == ["Hello Ann."]
        assert on.entry.checkpoint.context == {"name": "Ann"}

    on_stage(act, agent=agent, look_up=look_up)


def test_one_who_hung_up_is_not_given_another_supervisor() -> None:
    async def act(on: Stage) -> None:
        await asyncio.sleep(1)
        on.entry.checkpoint.end_ordered(Ending.NORMAL)
        on.entry.addresses.supervisor.tell(Poison())
        async with asyncio.timeout(30):
            await on.sessions.emptied()
        assert on.ear.ended is Ending.NORMAL

    on_stage(act, agent=QUIET)

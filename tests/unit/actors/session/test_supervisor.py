"""The supervisor of a session: its children, its connection, and how it ends."""

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from actors.agent import Limits
from actors.conversation import Ending
from actors.messages.base import Message
from actors.messages.caller import EndSession, TextEntered
from actors.messages.output import AudioFrame, ReplyHeard
from actors.runtime.clock import run_virtual
from actors.session.supervisor import SessionState
from tests.kit.session_kit import AGENT, QUIET, Stage, stage

MOST_SHARED_KEYS = 30
"""CPython's `SHARED_KEYS_MAX_SIZE`."""


class Poison(Message, frozen=True):
    """No actor has a rule for it: whoever is told it fails."""


def on_stage(act: Callable[[Stage], Any], **options: Any) -> None:
    async def main() -> None:
        async with stage(**options) as on:
            await asyncio.sleep(1)
            await act(on)

    run_virtual(main())


def test_operators_see_the_session_and_its_children() -> None:
    async def act(on: Stage) -> None:
        names = [state.name for state in on.session.tree()]
        assert names == ["session test-session", "recognizer", "synthesizer", "orchestrator"]
        seen = on.session.recent_of_tree()
        assert seen
        assert [each.at for each in seen] == sorted((each.at for each in seen), reverse=True)
        assert "Hello" not in str(seen)

    on_stage(act)


def test_an_actor_of_a_session_takes_no_dictionary_of_its_own() -> None:
    """With more than thirty attributes in it, a dictionary shares no keys with those of its class: 1.3 kB for each."""

    async def act(on: Stage) -> None:
        actors = [on.session, *(on.actor(name) for name in ("recognizer", "synthesizer", "orchestrator"))]
        assert [actor.name for actor in actors if len(vars(actor)) > MOST_SHARED_KEYS] == []

    on_stage(act)


@pytest.mark.parametrize("child", ["recognizer", "synthesizer", "orchestrator"])
def test_a_child_that_fails_is_missed_for_a_moment_only(child: str) -> None:
    async def act(on: Stage) -> None:
        on.entry.addresses[child].tell(Poison())
        await asyncio.sleep(3)
        on.entry.deliver(TextEntered("are you open"))
        await on.ear.until(lambda ear: any("are you open" in heard.text for heard in ear.of(ReplyHeard)))
        assert [restart.actor for restart in on.entry.restarts] == [child]

    on_stage(act)


def test_a_lost_connection_is_waited_for_and_goes_on_where_it_was() -> None:
    async def act(on: Stage) -> None:
        on.entry.deliver(TextEntered("hello"))
        await asyncio.sleep(5)
        on.detach()
        await asyncio.sleep(1)
        stages = [on.session.stage]
        lost = [on.entry.checkpoint.lost is not None]
        frames = len(on.ear.of(AudioFrame))
        on.attach("connection-2")
        await asyncio.sleep(1)
        stages.append(on.session.stage)
        lost.append(on.entry.checkpoint.lost is not None)
        assert stages == [SessionState.WAITING, SessionState.CONNECTED]
        assert lost == [True, False]
        on.entry.deliver(TextEntered("are you there"))
        await on.ear.until(lambda ear: len(ear.of(AudioFrame)) > frames)

    on_stage(act, agent=QUIET)


def test_one_that_does_not_come_back_ends_the_session_and_that_is_the_reason() -> None:
    async def act(on: Stage) -> None:
        on.entry.deliver(TextEntered("hello"))
        await asyncio.sleep(5)
        on.detach()
        async with asyncio.timeout(60):
            await on.sessions.emptied()
        record = await on.engines.store.load("test-session")
        assert record is not None
        assert record.state == "ended"
        assert on.entry.checkpoint.ended_reason != ""

    on_stage(act, agent=QUIET)


def test_of_a_connection_that_another_has_replaced_the_loss_means_nothing() -> None:
    async def act(on: Stage) -> None:
        on.attach("connection-2")
        await asyncio.sleep(0.1)
        on.detach("connection-1")
        await asyncio.sleep(1)
        assert on.session.stage is SessionState.CONNECTED

    on_stage(act)


@pytest.mark.parametrize("politely", [True, False])
def test_a_session_ends_with_a_goodbye_or_at_once(politely: bool) -> None:
    async def act(on: Stage) -> None:
        await asyncio.sleep(3)
        on.entry.deliver(EndSession(Ending.NORMAL, politely=politely))
        async with asyncio.timeout(60):
            await on.sessions.emptied()
        goodbyes = [heard for heard in on.ear.of(ReplyHeard) if heard.text == AGENT.phrases.goodbye]
        assert bool(goodbyes) is politely
        assert on.ear.ended is Ending.NORMAL

    on_stage(act)


def test_a_session_lasts_no_longer_than_its_agent_lets_it() -> None:
    async def act(on: Stage) -> None:
        async with asyncio.timeout(120):
            await on.sessions.emptied()
        assert 20 < asyncio.get_running_loop().time() < 60

    short = msgspec.structs.replace(AGENT, limits=Limits(max_session_s=20, no_input_s=600, reconnect_s=10))
    on_stage(act, agent=short)


def test_the_timers_of_a_session_end_with_it_and_those_that_have_fired_are_forgotten() -> None:
    async def act(on: Stage) -> None:
        supervisor = on.session
        before = len(supervisor.owned_timers)
        on.entry.deliver(TextEntered("hello"))
        await asyncio.sleep(3)
        for number in range(2, 6):
            on.detach(f"connection-{number - 1}")
            await asyncio.sleep(0.1)
            on.attach(f"connection-{number}")
            await asyncio.sleep(0.1)
        await asyncio.sleep(30)
        assert len(supervisor.owned_timers) == before
        on.entry.deliver(EndSession(Ending.NORMAL, politely=False))
        async with asyncio.timeout(30):
            await on.sessions.emptied()
        await asyncio.sleep(0.1)
        assert supervisor.owned_timers == []

    on_stage(act, agent=msgspec.structs.replace(QUIET, limits=Limits(no_input_s=600, reconnect_s=10)))

"""A caller is put through to somebody who is asked before: the real SDK, two calls of the emulated network."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest

from actors.conversation import Role
from actors.ports.llm import ModelEvent, ModelRequest, ToolCalled
from app.telephony.transfer import warm_transfer
from app.tools import load_tools
from protocol.calls import CallState
from tests.cloud.acs.behaviour import Pickup
from tests.cloud.acs.caller import Caller
from tests.cloud.acs.events import Result
from tests.kit.session_kit import AGENT
from tests.kit.virtual_time import on_virtual_time
from tests.service.telephony.models import BRIEFING, CALL, PutsThrough
from tests.service.telephony.telephone_kit import Telephone, answered, did_not_work, over, telephone

TOOLS = load_tools()
CLERK = msgspec.structs.replace(AGENT, tools=("transfer_with_briefing",), transfer_targets=())
PERSON = "+15550177"


@asynccontextmanager
async def asking(pickup: Pickup | None = None, **environ: str) -> AsyncIterator[tuple[Telephone, Caller]]:
    """A caller who wants to be put through, and has been told that somebody is asked."""
    environ = {
        "LANGUAGE_MODEL": "tests.service.telephony.models:puts_through",
        "HANDOFF_PHONE_NUMBER": PERSON,
        **environ,
    }
    async with telephone(CLERK, dict(TOOLS), None, **environ) as phone:
        caller = await answered(phone)
        phone.acs.on_outbound(pickup or Pickup())
        caller.press("1#")
        yield phone, caller


async def asked(phone: Telephone) -> Caller:
    """The person, who has heard what it is about."""
    person = await phone.acs.callee(PERSON)
    await person.connected()
    await person.hears_reply(quiet_ms=300, since_s=person.ear.started_s)
    return person


def requested(phone: Telephone, operation: str) -> list[Any]:
    return [exchange.body for exchange in phone.acs.requests if exchange.operation == operation]


async def consult_over(phone: Telephone, person: Caller) -> None:
    await person.ended()
    async with asyncio.timeout(60):
        while any(call.consult is not None for call in phone.switchboard.log.live):  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def goes_on(phone: Telephone, caller: Caller) -> None:
    """The caller is told that nobody comes, and goes on to talk with the agent."""
    await did_not_work(phone)
    caller.press("9#")
    await caller.hears_reply(quiet_ms=300)
    (entry,) = phone.service.sessions.live.values()
    assert entry.session is not None
    users = [message.text for message in entry.session.record().messages if message.role is Role.USER]
    assert users[-1] == "9"
    caller.hang_up()
    await over(phone, caller)


@on_virtual_time
async def test_who_takes_the_call_is_put_on_the_callers_line_and_the_agent_leaves() -> None:
    async with asking() as (phone, caller):
        person = await asked(phone)
        before = person.call
        person.press("1")
        async with asyncio.timeout(60):
            await phone.service.sessions.emptied()
        call = await over_for_us(phone, caller)
        assert call.state is CallState.DISCONNECTED
        (body,) = requested(phone, "move_participants")
        assert body["targetParticipants"][0]["phoneNumber"]["value"] == PERSON
        assert before is not None
        assert body["fromCall"] == before.connection_id
        assert caller.is_connected
        assert person.is_connected
        assert caller.call is person.call
        assert "MoveParticipantSucceeded" in [event.type for event in call.events]
        assert requested(phone, "hang_up") != []
        ended = (await phone.rest.get(f"/sessions/{call.session_id}")).json()
        assert ended["ended_reason"] == "HUMAN_HANDOFF"
        # What they heard on the caller's line was the agent's last word.
        assert person.ear.voice_since(moved_s(phone)) is not None
        caller.hang_up()
        await person.ended()


def moved_s(phone: Telephone) -> float:
    (moved,) = [exchange.at_s for exchange in phone.acs.requests if exchange.operation == "move_participants"]
    return float(moved)


async def over_for_us(phone: Telephone, caller: Caller) -> Any:
    """The call of a caller who talks on with somebody else."""
    assert caller.call is not None
    call = phone.switchboard.log.of_id(caller.call.connection_id)
    assert call is not None
    async with asyncio.timeout(60):
        await call.over.wait()
    return call


@on_virtual_time
async def test_who_declines_is_thanked_and_the_caller_stays_with_the_agent() -> None:
    async with asking() as (phone, caller):
        person = await asked(phone)
        person.press("2")
        await consult_over(phone, person)
        await goes_on(phone, caller)
        assert requested(phone, "move_participants") == []


@pytest.mark.parametrize("outcome", ["busy", "no_answer", "unreachable", "declined"])
@on_virtual_time
async def test_where_nobody_answers_the_caller_stays_with_the_agent(outcome: Any) -> None:
    async with asking(Pickup(outcome)) as (phone, caller):
        await goes_on(phone, caller)


@on_virtual_time
async def test_who_lets_it_ring_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warm_transfer, "RINGS_S", 0.5)
    async with asking(Pickup(after_s=600)) as (phone, caller):
        await goes_on(phone, caller)
        person = await phone.acs.callee(PERSON)
        assert not person.is_connected


@on_virtual_time
async def test_who_says_nothing_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warm_transfer, "RINGS_S", 1.0)
    monkeypatch.setattr(warm_transfer, "DECIDES_S", 1.0)
    async with asking() as (phone, caller):
        person = await phone.acs.callee(PERSON)
        await consult_over(phone, person)
        await goes_on(phone, caller)


@on_virtual_time
async def test_who_hangs_up_has_not_taken_the_call() -> None:
    async with asking() as (phone, caller):
        person = await asked(phone)
        person.hang_up()
        await consult_over(phone, person)
        await goes_on(phone, caller)


@on_virtual_time
async def test_a_caller_who_hangs_up_ends_the_consult_call() -> None:
    async with asking() as (phone, caller):
        person = await asked(phone)
        caller.hang_up()
        await over(phone, caller)
        await consult_over(phone, person)
        assert requested(phone, "move_participants") == []


@on_virtual_time
async def test_a_caller_who_hangs_up_while_it_rings_ends_the_consult_call() -> None:
    async with asking(Pickup(after_s=600)) as (phone, caller):
        person = await phone.acs.callee(PERSON)
        caller.hang_up()
        await over(phone, caller)
        async with asyncio.timeout(60):
            while any(call.consult is not None for call in phone.switchboard.log.live):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        assert not person.is_connected


@on_virtual_time
async def test_a_network_that_cannot_join_them_leaves_the_caller_with_the_agent() -> None:
    async with asking() as (phone, caller):
        person = await asked(phone)
        phone.acs.faults.fail("move_participants", Result(500, 8500, "The participant could not be moved."))
        person.press("1")
        await consult_over(phone, person)
        await goes_on(phone, caller)


@on_virtual_time
async def test_who_is_on_the_line_although_no_event_says_so_is_left_to_the_caller(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(warm_transfer, "JOINS_S", 300.0)
    async with asking() as (phone, caller):
        phone.acs.faults.drop("MoveParticipantSucceeded")
        person = await asked(phone)
        person.press("1")
        await over_for_us(phone, caller)
        assert caller.call is person.call
        caller.hang_up()
        await person.ended()


@on_virtual_time
async def test_a_caller_on_hold_is_brought_back_to_whoever_takes_them() -> None:
    async with asking() as (phone, caller):
        person = await asked(phone)
        call = await caller.connected()
        assert (await phone.rest.post(f"/calls/{call.connection_id}/hold", json={})).status_code == 200
        person.press("1")
        await over_for_us(phone, caller)
        assert caller.call is person.call
        assert not call.participants[caller.raw_id].is_on_hold
        caller.hang_up()
        await person.ended()


@on_virtual_time
async def test_the_caller_hears_that_somebody_is_asked_again_and_again() -> None:
    async with asking(Pickup(after_s=600)) as (phone, caller):
        (entry,) = phone.service.sessions.live.values()
        assert entry.session is not None
        async with asyncio.timeout(60):
            while not said_twice(entry.session.record().messages):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        caller.hang_up()
        await over(phone, caller)


def said_twice(messages: Any) -> bool:
    texts = [message.text for message in messages]
    return all(phrase in texts for phrase in AGENT.phrases.connecting)


@pytest.mark.parametrize("colleague", ["8:acs:a-colleague", "8:orgid:a-colleague"])
@on_virtual_time
async def test_a_colleague_without_a_number_is_asked_before_as_well(colleague: str) -> None:
    call = msgspec.structs.replace(CALL, arguments=f'{{"briefing": "{BRIEFING}", "number": "{colleague}"}}')
    agent = msgspec.structs.replace(CLERK, transfer_targets=(colleague,))
    COLLEAGUE.append(call)
    async with telephone(agent, dict(TOOLS), None, LANGUAGE_MODEL=f"{__name__}:asks_a_colleague") as phone:
        caller = await answered(phone)
        caller.press("1#")
        person = await phone.acs.callee(colleague)
        await person.connected()
        await person.hears_reply(quiet_ms=300, since_s=person.ear.started_s)
        person.press("1")
        await over_for_us(phone, caller)
        (placed,) = requested(phone, "create_call")
        assert placed["targets"][0]["rawId"] == colleague
        assert "sourceCallerIdNumber" not in placed
        (moved,) = requested(phone, "move_participants")
        assert moved["targetParticipants"][0]["rawId"] == colleague
        assert caller.call is person.call
        caller.hang_up()
        await person.ended()


COLLEAGUE: list[ToolCalled] = []


class AsksAColleague(PutsThrough):
    """The same, with a colleague who is named."""

    async def reply(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
        async for event in super().reply(request):
            named = msgspec.structs.replace(COLLEAGUE[-1], call_id=f"call-{request.turn}")
            yield named if isinstance(event, ToolCalled) else event


def asks_a_colleague() -> AsksAColleague:
    return AsksAColleague()

"""Calls whose announcement does not say who calls: they are answered, and what is ordered for the caller is clear."""

import asyncio
from typing import Any

import pytest

from app.telephony.acs.participants import caller_among
from protocol.acs.call_events import ParticipantsUpdated
from protocol.acs.participants import CallParticipant, Identifier
from tests.cloud.acs.caller import Caller
from tests.kit.virtual_time import on_virtual_time
from tests.service.telephony.telephone_kit import Telephone, over, telephone


async def announced(phone: Telephone, **about: Any) -> Caller:
    """A caller who is greeted although the announcement of the call says nothing but `about`."""
    ringing = phone.acs.ring()
    event = phone.acs.incoming_call(ringing)
    event |= {"subject": "", "data": {"incomingCallContext": ringing.context, **about}}
    await phone.acs.event_grid.deliver(phone.webhook, [event])
    await ringing.caller.connected()
    await ringing.caller.hears_reply(quiet_ms=300, since_s=ringing.caller.ear.started_s)
    return ringing.caller


@on_virtual_time
async def test_who_calls_is_known_once_the_network_says_who_is_on_the_call() -> None:
    async with telephone() as phone:
        caller = await announced(phone)
        (call,) = phone.switchboard.log.live
        async with asyncio.timeout(60):
            while not call.caller:  # noqa: ASYNC110  nobody is told
                await asyncio.sleep(0.01)
        assert call.caller == "+15550100"
        assert {one.role for one in call.participants if one.phone_number} == {"person"}
        held = await phone.rest.post(f"/calls/{call.call_id}/hold")
        assert held.json() == {"call_id": call.call_id, "status": "on_hold"}
        back = await phone.rest.post(f"/calls/{call.call_id}/unhold")
        assert back.json() == {"call_id": call.call_id, "status": "connected"}
        caller.hang_up()
        await over(phone, caller)


@on_virtual_time
async def test_nothing_is_ordered_for_somebody_whom_nobody_can_name() -> None:
    async with telephone() as phone:
        phone.acs.faults.drop("ParticipantsUpdated")
        caller = await announced(phone, **{"from": None})
        (call,) = phone.switchboard.log.live
        refused = await phone.rest.post(f"/calls/{call.call_id}/hold")
        assert refused.status_code == 422
        assert refused.json()["detail"] == "the telephone network has not said who the caller is"
        assert phone.acs.executions.get("hold", 0) == 0
        caller.hang_up()
        await over(phone, caller)


OURS = "+15550199"


@pytest.mark.parametrize(
    ("on_the_call", "caller"),
    [
        (["4:+15550100", "8:acs:us"], "+15550100"),
        (["8:acs:us", "4:+15550199", "4:+15550100"], "+15550100"),
        (["4:+15550100", "4:+15550101"], ""),
        (["8:acs:us", "8:acs:them"], ""),
        (["4:anonymous", "8:acs:us"], ""),
        ([], ""),
    ],
)
def test_the_caller_is_the_only_one_on_a_telephone(on_the_call: list[str], caller: str) -> None:
    participants = tuple(CallParticipant(Identifier(raw_id=raw_id)) for raw_id in on_the_call)
    assert caller_among(ParticipantsUpdated(participants=participants), OURS) == caller

"""Callers who are put on hold, as the telephone network tells of it; and keys that are answered at once."""

import asyncio
from typing import Any

import msgspec
import pytest

from actors.agent import Limits
from actors.conversation import KeyPattern
from app.telephony.media.dtmf import BURST_KEYS, KEYS_PER_S
from protocol.calls import CallState
from tests.kit.session_kit import AGENT
from tests.kit.virtual_time import on_virtual_time
from tests.service.telephony.telephone_kit import answered, over, said, telephone
from tests.service.telephony.test_call_events import told

IMPATIENT = msgspec.structs.replace(AGENT, limits=Limits(no_input_s=0.8, max_hold_s=3))


def participants(number: int, raw_id: str, *, on_hold: bool) -> tuple[str, dict[str, Any]]:
    people = [{"identifier": {"rawId": "8:acs:us"}}, {"identifier": {"rawId": raw_id}, "isOnHold": on_hold}]
    return "ParticipantsUpdated", {"sequenceNumber": number, "participants": people}


@pytest.mark.parametrize("raw_id", ["4:+15550100", "8:acs:the-caller-by-another-name"])
@on_virtual_time
async def test_a_caller_on_hold_is_not_prompted_and_goes_on_afterwards(raw_id: str) -> None:
    async with telephone(IMPATIENT) as phone:
        caller = await answered(phone)
        (call,) = phone.switchboard.log.live
        await told(phone, call, participants(100, raw_id, on_hold=True))
        since_s = asyncio.get_running_loop().time() + 0.3
        await asyncio.sleep(2)
        assert call.state is CallState.ON_HOLD
        assert caller.ear.voice_since(since_s) is None
        await told(phone, call, participants(101, raw_id, on_hold=False))
        await caller.hears_voice()
        caller.hang_up()
        await over(phone, caller)


@on_virtual_time
async def test_a_caller_who_stays_on_hold_is_hung_up_in_the_end() -> None:
    async with telephone(IMPATIENT) as phone:
        caller = await answered(phone)
        (call,) = phone.switchboard.log.live
        await told(phone, call, participants(100, "4:+15550100", on_hold=True))
        assert (await over(phone, caller)) is call


@on_virtual_time
async def test_one_key_is_answered_at_once_where_one_is_expected() -> None:
    async with telephone(msgspec.structs.replace(AGENT, keys=KeyPattern(length=1, wait_s=60))) as phone:
        caller = await answered(phone)
        pressed_s = asyncio.get_running_loop().time()
        caller.press("5")
        async with asyncio.timeout(30):
            while not said(phone):  # noqa: ASYNC110  nobody is told
                await asyncio.sleep(0.01)
        assert said(phone) == ["5"]
        await caller.hears_voice(since_s=pressed_s)
        caller.hang_up()
        await over(phone, caller)


@on_virtual_time
async def test_a_thousand_keys_at_once_ask_the_model_a_bounded_number_of_times() -> None:
    async with telephone(msgspec.structs.replace(AGENT, keys=KeyPattern(length=1, wait_s=60))) as phone:
        caller = await answered(phone)
        for _ in range(100):
            caller.press("5555555555")
            await asyncio.sleep(0.005)
        await caller.hears_reply(quiet_ms=300)
        (words,) = said(phone)[-1:]
        assert 1 < len(words.split()) <= BURST_KEYS + 20 * KEYS_PER_S
        caller.hang_up()
        await over(phone, caller)

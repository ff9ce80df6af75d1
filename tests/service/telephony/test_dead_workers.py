"""Calls outlive the process that talks on them: real processes, killed, against the emulated telephone network."""

import asyncio
import stat
from pathlib import Path

import pytest

from app.telephony.continuity.live_calls import FILE
from tests.service.telephony.processes import (
    AGENT,
    conversations,
    goes_on,
    greeted,
    is_talked_to,
    processes,
    until_answered,
)
from tests.service.telephony.telephone_kit import UNHURRIED
from tests.service.telephony.test_warm_transfer import PERSON

WARM = f"{AGENT}tools: [transfer_with_briefing]\n"
PUTS_THROUGH = {
    "LANGUAGE_MODEL": "tests.service.telephony.models:puts_through",
    "HANDOFF_PHONE_NUMBER": PERSON,
}
WITHIN_S = 60.0
"""A caller whose worker died is talked to again, or hung up, within this time, though the machine is busy."""


async def test_the_calls_of_a_killed_worker_are_talked_to_again(tmp_path: Path) -> None:
    async with processes(tmp_path) as (acs, server):
        await server.start()
        callers = await asyncio.gather(*(greeted(acs, server.url, number) for number in range(3)))
        for number, caller in enumerate(callers):
            caller.press(f"4{number}#")
        await until_answered(server.url, ["4 0", "4 1", "4 2"])
        killed_s = asyncio.get_running_loop().time()
        server.kill_workers()
        waited_s = await asyncio.gather(*(is_talked_to(caller, killed_s) for caller in callers))
        assert max(waited_s) < WITHIN_S
        for caller in callers:
            caller.press("5#")
        await until_answered(server.url, ["5", "5", "5"])
        for caller in callers:
            caller.hang_up()
        assert sorted([words[0] for words in await conversations(server.url)]) == ["4 0", "4 1", "4 2"]
        assert {words[1] for words in await conversations(server.url)} == {"5"}
        await asyncio.gather(*(caller.ended() for caller in callers))


async def test_a_call_that_ended_meanwhile_is_let_be_and_a_worker_that_dies_again_is_replaced_again(
    tmp_path: Path,
) -> None:
    async with processes(tmp_path) as (acs, server):
        await server.start()
        gone, stays = await asyncio.gather(greeted(acs, server.url, 0), greeted(acs, server.url, 1))
        server.kill_workers()
        gone.hang_up()
        for _ in range(2):
            await stays.hears_reply(quiet_ms=300)
            server.kill_workers()
        await goes_on(stays, asyncio.get_running_loop().time())
        await asyncio.gather(gone.ended(), stays.ended())


async def test_the_calls_of_a_killed_server_are_taken_over_by_the_next(tmp_path: Path) -> None:
    async with processes(tmp_path) as (acs, server):
        await server.start(STATE_DIRECTORY=str(server.state))
        caller = await greeted(acs, server.url, 0)
        file = server.state / FILE
        assert stat.S_IMODE(server.state.stat().st_mode) == 0o700
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert "+1555" not in file.read_text()
        server.kill_everything()
        killed_s = asyncio.get_running_loop().time()
        await server.start(STATE_DIRECTORY=str(server.state))
        await goes_on(caller, killed_s)
        await caller.ended()
        async with asyncio.timeout(60):
            while file.read_text() != "[]":  # noqa: ASYNC110  another process writes it
                await asyncio.sleep(0.05)


async def test_of_a_killed_worker_who_asked_somebody_to_take_a_caller_only_the_caller_is_gone_on_with(
    tmp_path: Path,
) -> None:
    async with processes(tmp_path, WARM) as (acs, server):
        await server.start(**PUTS_THROUGH)
        caller = await greeted(acs, server.url, 0)
        caller.press("1#")
        person = await acs.callee(PERSON)
        await person.connected()
        await person.hears_reply(quiet_ms=300, since_s=person.ear.started_s)
        killed_s = asyncio.get_running_loop().time()
        server.kill_workers()
        await person.ended(60)
        await goes_on(caller, killed_s)
        await caller.ended()


async def test_a_worker_that_is_killed_when_both_are_on_one_line_leaves_them_to_each_other(tmp_path: Path) -> None:
    async with processes(tmp_path, WARM) as (acs, server):
        await server.start(**PUTS_THROUGH, SPEECH_SYNTHESIZER=UNHURRIED)
        caller = await greeted(acs, server.url, 0)
        caller.press("1#")
        person = await acs.callee(PERSON)
        await person.connected()
        await person.hears_reply(quiet_ms=300, since_s=person.ear.started_s)
        person.press("1")
        async with asyncio.timeout(60):
            while person.call is not caller.call:  # noqa: ASYNC110  nobody is told
                await asyncio.sleep(0.02)
        # The agent says its last words to both, from when they are on one line.
        await person.hears_voice(since_s=person.ear.started_s)
        server.kill_workers()
        await acs.requests.until(lambda exchange: exchange.operation == "hang_up", 60)
        assert caller.is_connected
        assert person.is_connected
        caller.hang_up()
        await person.ended()


@pytest.mark.parametrize("comes", ["media socket", "callback"])
async def test_a_call_of_which_there_is_no_record_is_hung_up_when_the_network_tells_of_it(
    tmp_path: Path, comes: str
) -> None:
    async with processes(tmp_path) as (acs, server):
        await server.start()
        caller = await greeted(acs, server.url, 0)
        assert caller.call is not None
        assert caller.call.media is not None
        server.kill_everything()
        await server.start()
        if comes == "media socket":
            caller.call.media.start(caller.call.order)
        else:
            caller.call.emit_participants()
        await asyncio.wait_for(caller.ended(), WITHIN_S)
        assert acs.executions["terminate"] == 1

"""Recordings, holds and digits that are being collected when the worker of their call dies or ends: they go on."""

import asyncio
from pathlib import Path

from tests.service.cluster.machines import machines
from tests.service.cluster.test_open_orders import AGENT, ENDS, MODEL, is_answered, moved, said, shown, streams, until
from tests.service.telephony.processes import greeted


@ENDS
async def test_a_recording_goes_on_and_can_be_stopped(tmp_path: Path, how: str) -> None:
    async with machines(tmp_path, AGENT, LANGUAGE_MODEL=MODEL) as at:
        at.only(at.one)
        caller = await greeted(at.acs, at.url, 0)
        call = await caller.connected()
        caller.press("4#")
        await at.acs.callbacks.taken("RecordingStateChanged")
        await caller.hears_silence(1_000)
        await moved(at, call, how)
        await streams(call)
        await caller.hears_silence(1_000)
        caller.press("5#")
        await at.acs.answered.until(lambda each: each.operation == "stop_recording" and each.status == 204)
        await caller.hears_silence(1_000)
        await is_answered(at, caller, "42")
        assert at.acs.executions["start_recording"] == 1
        caller.hang_up()


async def test_digits_that_are_being_collected_are_collected_to_their_end(tmp_path: Path) -> None:
    # A worker that is told to end waits until they are pressed.
    async with machines(tmp_path, AGENT, LANGUAGE_MODEL=MODEL) as at:
        at.only(at.one)
        caller = await greeted(at.acs, at.url, 0)
        call = await caller.connected()
        caller.press("6#")
        await caller.hears_reply(quiet_ms=1_000)
        caller.press("12")
        await asyncio.sleep(0.5)
        await moved(at, call, "kill")
        await streams(call)
        caller.press("3")

        async def is_whole() -> bool:
            return ("user", "1 2 3") in await said(at)

        await until(is_whole)
        caller.hang_up()


@ENDS
async def test_a_caller_on_hold_stays_on_hold_and_can_be_brought_back(tmp_path: Path, how: str) -> None:
    async with machines(tmp_path, AGENT, LANGUAGE_MODEL=MODEL) as at:
        at.only(at.one)
        caller = await greeted(at.acs, at.url, 0)
        call = await caller.connected()
        async with at.rest() as rest:
            held = await rest.post(f"/calls/{call.connection_id}/hold", json={})
        assert held.status_code == 200, held.text
        await shown(at, call, "on_hold")
        await moved(at, call, how)
        await streams(call)
        await shown(at, call, "on_hold")
        since_s = asyncio.get_running_loop().time()
        await asyncio.sleep(2)
        assert caller.ear.voice_since(since_s) is None
        async with at.rest() as rest:
            back = await rest.post(f"/calls/{call.connection_id}/unhold", json={})
        assert back.status_code == 200, back.text
        await shown(at, call, "connected")
        await is_answered(at, caller, "42")
        caller.hang_up()
        await shown(at, call, "disconnected")


async def test_a_caller_whose_hold_ends_or_begins_while_the_machine_is_dead_is_treated_so(tmp_path: Path) -> None:
    async with machines(tmp_path, AGENT, LANGUAGE_MODEL=MODEL) as at:
        at.only(at.one)
        back, held = await greeted(at.acs, at.url, 0), await greeted(at.acs, at.url, 1)
        async with at.rest() as rest:
            assert (await rest.post(f"/calls/{(await back.connected()).connection_id}/hold", json={})).is_success
        await shown(at, await back.connected(), "on_hold")
        for caller, on_hold in ((back, False), (held, True)):
            # Nobody is told: the machine to which it would be is dead in a moment.
            (await caller.connected()).participants[caller.raw_id].is_on_hold = on_hold
        await moved(at, await back.connected(), "kill")
        for caller in (back, held):
            await streams(await caller.connected())
        await shown(at, await back.connected(), "connected")
        await shown(at, await held.connected(), "on_hold")
        await back.hears_silence(1_000)
        back.press("42#")
        await back.hears_reply(quiet_ms=1_000)
        for caller in (back, held):
            caller.hang_up()

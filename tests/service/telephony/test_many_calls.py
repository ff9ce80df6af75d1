"""Many calls at once: all end cleanly, and nothing of them is left."""

import asyncio
import gc
import os

from tests.cloud.acs.caller import Caller
from tests.cloud.acs.identifiers import phone as number
from tests.service.telephony.telephone_kit import Telephone, over, room, telephone

AT_ONCE = 50


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


async def short_call(phone: Telephone, caller: Caller) -> None:
    """Greeted, and hung up."""
    await room(phone.service)
    await phone.acs.dial(phone.webhook, caller=caller)
    await caller.connected(30)
    assert caller.ear.started_s is not None
    await caller.hears_voice(since_s=caller.ear.started_s, timeout_s=60)
    caller.hang_up()
    await over(phone, caller)


async def settled(phone: Telephone) -> tuple[int, int]:
    """Tasks and descriptors once nothing of a call is under way."""
    async with asyncio.timeout(60):
        await phone.service.sessions.emptied()
        while phone.switchboard.log.live or len(phone.service.outputs):  # noqa: ASYNC110  nobody is told
            await asyncio.sleep(0.05)
    await phone.service.background.finished()
    await asyncio.sleep(0.5)
    gc.collect()
    return len(asyncio.all_tasks()), descriptors()


def fewer(left: tuple[int, int], allowed: tuple[int, int]) -> bool:
    """Neither more tasks nor more descriptors than allowed."""
    return left[0] <= allowed[0] and left[1] <= allowed[1]


async def test_fifty_calls_at_once_all_end_cleanly() -> None:
    async with telephone(MAX_CONCURRENT_SESSIONS="60") as phone:
        await short_call(phone, Caller(number("+15550200")))
        tasks, open_ = await settled(phone)
        callers = [Caller(number(f"+155504{index:04}")) for index in range(AT_ONCE)]
        await asyncio.gather(*(short_call(phone, caller) for caller in callers))
        for caller in callers:
            assert caller.call is not None
            assert caller.call.media is not None
            assert caller.call.media.violations == []
        # Connections that both sides keep for a next request are let go of after some seconds.
        async with asyncio.timeout(40):
            while not fewer(await settled(phone), (tasks, open_ + 2)):  # noqa: ASYNC110  nobody is told
                await asyncio.sleep(0.5)

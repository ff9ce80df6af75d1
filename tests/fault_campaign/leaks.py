"""What a conversation holds that it must not, while it lasts and when all that is bounded has had the time to end."""

import asyncio
from collections.abc import Container

from pykka import ActorRegistry

from actors.runtime.address import MAX_WAITING
from actors.runtime.clock import VirtualLoop
from tests.kit.session_kit import Stage

BOUNDED_S = 30
LOOKS_S = 0.25


async def watch_queues(on: Stage, full: list[str]) -> None:
    """Look at the queues of the session again and again; those that hold more than they may are put into `full`."""
    while True:
        for address in on.entry.addresses:
            if address.unhandled() > 3 * MAX_WAITING:
                full.append(f"{address._name}: {address.unhandled()}")
        await asyncio.sleep(LOOKS_S)


async def leaks_of(on: Stage, others: Container[str]) -> list[str]:
    """Tasks, timers, actors, seats and messages that are still there.

    Args:
        on: the session that is over.
        others: the names of the actors of other tests, on loops that are closed: they are none of ours.
    """
    await asyncio.sleep(BOUNDED_S)
    loop, session = asyncio.get_running_loop(), on.entry
    leaks = [f"task {t.get_name()}: {t.get_coro()}" for t in asyncio.all_tasks() if t is not asyncio.current_task()]
    assert isinstance(loop, VirtualLoop)
    leaks += [f"timer {timer!r}" for _, _, timer in loop._timers if not timer.cancelled()]
    left = [ref for ref in ActorRegistry.get_all() if ref.actor_urn not in others]
    leaks += [f"actor {ref}" for ref in left]
    for ref in left:
        ref.stop(block=False)
    if on.engines.play_clock.members:
        leaks.append(f"{on.engines.play_clock.members} seats of the play clock")
    leaks += [f"{address.waiting} messages to the {address._name}" for address in session.addresses if address.waiting]
    return leaks

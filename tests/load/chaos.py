"""Calls and browsers' conversations whose workers are killed, stopped and drained, and whose Redis is taken away.

`make chaos` prints a table: for each kind of mishap how many connections it cost and for how long, and what was lost.
Callers press a number every few seconds and are to hear an answer; browsers type it. In the end each transcript is to
hold every number, in order. The workers are three of one server, or with `MACHINES=1` of three.
"""

import argparse
import asyncio
import json
import os
import random
import re
import signal
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from tests.cloud.acs.caller import Caller, CallOver
from tests.kit.redis_pair import RedisPair, redis_pair
from tests.kit.serving import alive
from tests.load.chaos_sites import WORKERS, Open, Site, one_server, separate_machines
from tests.load.chaos_tally import Tally, status, table
from tests.load.own_clock import OwnClock
from tests.service.telephony.processes import greeted

UP_S = 60.0
STOPPED_S = 6.0
"""Longer than a lease."""
FROZEN_S = 5.0
ANSWER_S = 10.0
"""A number that is not answered by then is given again."""
BACK_S = 30.0
CONVERSATION = "/api/v1/realtime/conversation"
AGAIN_S = 0.2
"""A browser waits so long before it comes back, and the network takes as long to open a socket that it is asked for."""
NEVER = 0.25
RECONNECT_S = (0.2, 2.0)
"""A socket that breaks is opened again by the network after so long, or, in one of four cases, not by itself."""


# those who talk


async def calls(caller: Caller, tally: Tally, end: asyncio.Event, name: str) -> None:
    """A caller who presses numbers until the end, and hangs up."""
    call = caller.call
    assert call is not None
    watch = asyncio.create_task(_watched(caller, tally))
    said = tally.said[name] = [f"9 {name[-1]}"]
    well_s = time.monotonic()
    try:
        for number in range(10_000):
            if end.is_set():
                break
            keys = f"{number:03d}"
            while not await _pressed(caller, keys):
                tally.repeated += 1
            tally.turns += 1
            well_s = time.monotonic()
            said.append(" ".join(keys))
            await asyncio.sleep(random.uniform(0.5, 2.0))
        await caller.hears_silence(500)
    except (CallOver, TimeoutError) as error:
        tally.lose(f"{name}: {type(error).__name__}", well_s)
    finally:
        watch.cancel()


async def _pressed(caller: Caller, keys: str) -> bool:
    """Press keys while the line is there; whether an answer is heard."""
    media = caller.call.media if caller.call is not None else None
    async with asyncio.timeout(BACK_S):
        while media is None or not media.connected:  # noqa: ASYNC110  the emulator opens it
            await asyncio.sleep(0.02)
    await caller.hears_silence(300)
    connections = media.connections
    caller.press(f"{keys}#")
    try:
        await caller.hears_reply(quiet_ms=300, timeout_s=ANSWER_S)
    except TimeoutError:
        return False
    # Whoever was cut off in the middle does not know what they heard an answer to.
    return media.connected and media.connections == connections


async def _watched(caller: Caller, tally: Tally) -> None:
    """Measure how long the media socket is gone each time."""
    gone_s: float | None = None
    back_s = 0.0
    while True:
        media = caller.call.media if caller.call is not None else None
        now = time.monotonic()
        if media is not None and not media.connected and gone_s is None:
            gone_s = now
        elif media is not None and media.connected and gone_s is not None:
            tally.gap(gone_s, back_s, "phone", AGAIN_S)
            gone_s, back_s = None, now
        await asyncio.sleep(0.02)


async def types(url: str, tally: Tally, end: asyncio.Event, name: str) -> None:
    """A browser in which numbers are typed until the end; it comes back when its socket is closed."""
    session_id, token, number, gone_s, back_s = f"chaos-{name}", "", 0, 0.0, 0.0
    well_s = time.monotonic()
    said = tally.said[session_id] = []
    while not end.is_set():
        asked = f"?session_id={session_id}" + (f"&resume_token={token}" if token else "")
        try:
            async with connect(url.replace("http", "ws", 1) + CONVERSATION + asked, proxy=None) as socket:
                begun = json.loads(await asyncio.wait_for(socket.recv(), ANSWER_S))["payload"]
                if token and not begun["resumed"]:
                    tally.lose(f"{name}: began anew", well_s)
                    return
                if gone_s:
                    tally.gap(gone_s, back_s, "browser", AGAIN_S)
                    back_s = time.monotonic()
                token, gone_s = begun["resume_token"], 0.0
                while not end.is_set():
                    await socket.send(json.dumps({"type": "text", "text": f"number {number}"}))
                    await asyncio.wait_for(_answer(socket, f"number {number}."), ANSWER_S)
                    said.append(f"number {number}")
                    tally.turns, number, well_s = tally.turns + 1, number + 1, time.monotonic()
                    await asyncio.sleep(random.uniform(0.5, 2.0))
        except (WebSocketException, OSError, TimeoutError, KeyError) as error:
            tally.repeated += isinstance(error, TimeoutError)
            gone_s = gone_s or time.monotonic()
            await asyncio.sleep(AGAIN_S)
    if gone_s and time.monotonic() - gone_s > BACK_S:
        tally.lose(f"{name}: nobody takes it back", well_s)


async def _answer(socket: Any, words: str) -> None:
    """Wait until what was said has been answered, and the answer heard."""
    async for message in socket:
        if words in str(message) and json.loads(message)["type"] == "assistant_final":
            return


# mishaps


class Mishaps:
    """What happens to the server and its Redis."""

    def __init__(self, site: Site, redis: RedisPair) -> None:
        self._site = site
        self._redis = redis
        self.kinds: dict[str, Callable[[], Awaitable[None]]] = {
            "kill": site.kill,
            "stop": self._stop,
            "drain": site.drain,
            "redis restart": self._restart,
            "redis freeze": self._freeze,
            "redis fail over": self._fail_over,
        }

    async def all_are_up(self) -> float:
        """Wait until all workers are there, as a deployment does before it takes the next; how many seconds."""
        began_s = time.monotonic()
        async with httpx.AsyncClient(base_url=f"{self._site.url}/api/v1", trust_env=False, timeout=30) as rest:
            while time.monotonic() - began_s < UP_S:
                with suppress(httpx.HTTPError, KeyError):
                    answer = await rest.get("/health/actors?scope=cluster")
                    told = answer.json()
                    rooms = [each["capacity"]["left"] for each in (told, *told["others"])]
                    if sum(left > 0 for left in rooms) == WORKERS:
                        break
                await asyncio.sleep(0.2)
        return time.monotonic() - began_s

    async def _stop(self) -> None:
        pid = self._site.a_worker()
        os.kill(pid, signal.SIGSTOP)
        await asyncio.sleep(STOPPED_S)
        if alive(pid):
            os.kill(pid, signal.SIGCONT)

    async def _restart(self) -> None:
        await asyncio.to_thread(self._redis.restart)

    async def _freeze(self) -> None:
        self._redis.freeze()
        await asyncio.sleep(FROZEN_S)
        self._redis.thaw()

    async def _fail_over(self) -> None:
        await asyncio.to_thread(self._redis.fail_over)


# the run


async def chaos(kinds: list[str], *, callers: int, browsers: int, every_s: float, site: Open = one_server) -> Tally:
    """Let all talk while one thing after another happens, and look at the transcripts in the end."""
    clock = OwnClock()
    tally = Tally(callers + browsers, clock)
    with tempfile.TemporaryDirectory() as directory, redis_pair(Path(directory)) as redis:
        async with site(Path(directory), redis.url) as (acs, server):
            acs.behaviour.socket_delay_s, acs.behaviour.draw_reconnect = AGAIN_S, _reconnects
            lines = [await greeted(acs, server.url, number) for number in range(callers)]
            for number, line in enumerate(lines):
                await _pressed(line, f"9{number % 10}")
            end = asyncio.Event()
            talkers = [
                *(calls(line, tally, end, f"call-{number}") for number, line in enumerate(lines)),
                *(types(server.url, tally, end, f"browser-{number}") for number in range(browsers)),
            ]
            clock.start()
            talking = asyncio.gather(*talkers)
            mishaps = Mishaps(server, redis)
            for kind in kinds:
                await asyncio.sleep(every_s)
                tally.waited_s += await mishaps.all_are_up()
                tally.happens(kind)
                await mishaps.kinds[kind]()
            await asyncio.sleep(every_s)
            end.set()
            await talking
            clock.stop()
            await _looked_at(
                server.url, tally, {line.call.connection_id: n for n, line in enumerate(lines) if line.call}
            )
            for line in lines:
                line.hang_up()
    return tally


async def _looked_at(url: str, tally: Tally, calls_by_id: dict[str, int]) -> None:
    """Find what is missing in the transcripts."""
    async with httpx.AsyncClient(base_url=f"{url}/api/v1", trust_env=False, timeout=30) as rest:
        for each in (await rest.get("/sessions")).json()["sessions"]:
            number = calls_by_id.get(each["call_id"] or "")
            name = each["session_id"] if number is None else f"call-{number}"
            text = (await rest.get(f"/sessions/{each['session_id']}/transcript")).json()
            # A browser that comes back says again what it has no answer to, and both may be one turn.
            heard = "\n".join(entry["text"] for entry in text["entries"] if entry["role"] == "user")
            if missing := [words for words in tally.said.get(name, ()) if not re.search(rf"\b{words}\b", heard)]:
                tally.turns_lost += len(missing)
                tally.missing.append(f"{name}: {missing} not in the transcript")


def _reconnects() -> float | None:
    return None if random.random() < NEVER else random.uniform(*RECONNECT_S)


def main() -> None:
    """Run it as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--calls", type=int, default=40)
    parser.add_argument("--browsers", type=int, default=20)
    parser.add_argument("--every", type=float, default=10.0, help="seconds between mishaps")
    parser.add_argument(
        "--mishaps", default="kill,stop,drain,redis restart,kill,redis freeze,drain,stop,redis fail over,kill,drain"
    )
    parser.add_argument(
        "--machines", action="store_true", help="each worker at a server of its own, with nothing shared but Redis"
    )
    asked = parser.parse_args()
    kinds = [kind.strip() for kind in asked.mishaps.split(",")]
    site = separate_machines if asked.machines else one_server
    tally = asyncio.run(chaos(kinds, callers=asked.calls, browsers=asked.browsers, every_s=asked.every, site=site))
    print(table(tally, kinds))
    raise SystemExit(status(tally))


if __name__ == "__main__":
    main()

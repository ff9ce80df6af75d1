"""What a call costs that is only transcribed, beside one that is answered: `make bench-transcription CALLS=25`.

Both servers get the same audio at the same pace: a second of voice, three seconds of a quiet line, again and again.
Nobody waits for an answer or interrupts one. The servers' engines take time and no CPU, as in `make bench`.
"""

import argparse
import asyncio
from collections.abc import Iterator

import httpx
import msgspec
from websockets.asyncio.client import ClientConnection, connect

from tests.load.script import FRAME_MS, caller_silence, caller_voice
from tests.load.servers import KINDS, TRANSCRIPTION, Kind, Server, end_all_when_told, running
from tests.load.wires import AcsWire

QUIET_FRAMES = 150
WARM_S = 3.0


class Cost(msgspec.Struct, frozen=True):
    """Of one server: CPU of a core for each call, and the transcripts that each call had in the mean."""

    server: str
    cpu_per_call: float
    transcripts_per_call: float


def measure(kind: Kind, calls: int, seconds: float, *, pinned: bool = True) -> Cost:
    """Start a server, hold `calls` calls with it, and stop both."""
    with running(kind, pinned=pinned) as server:
        return asyncio.run(_measure(kind, server, calls, seconds))


async def _measure(kind: Kind, server: Server, calls: int, seconds: float) -> Cost:
    talking = [asyncio.ensure_future(_talk(server.url, number)) for number in range(calls)]
    try:
        await asyncio.sleep(WARM_S)
        begun = server.usage()
        await asyncio.sleep(seconds)
        cpu_s = server.usage().cpu_s - begun.cpu_s
        for caller in talking:
            if caller.done():
                caller.result()
        transcripts = await asyncio.to_thread(_transcripts, server.url)
    finally:
        for caller in talking:
            caller.cancel()
        await asyncio.gather(*talking, return_exceptions=True)
    return Cost(kind.name, cpu_s / seconds / calls, transcripts / calls)


async def _talk(url: str, number: int) -> None:
    """One call, until it is cancelled."""
    wire = AcsWire()
    loop = asyncio.get_running_loop()
    async with connect(f"ws{url.removeprefix('http')}{wire.path(number)}", max_queue=None) as socket:
        listening = asyncio.ensure_future(_drain(socket))
        try:
            due = loop.time() + number % FRAME_MS / 1_000
            for message in _frames(wire):
                await asyncio.sleep(max(0.0, due - loop.time()))
                await socket.send(message)
                due += FRAME_MS / 1_000
        finally:
            listening.cancel()


def _frames(wire: AcsWire) -> Iterator[str]:
    """The messages of a caller, for ever."""
    voice = [wire.audio(pcm).decode() for pcm in caller_voice()]
    quiet = wire.audio(caller_silence()).decode()
    while True:
        yield from voice
        for _ in range(QUIET_FRAMES):
            yield quiet


async def _drain(socket: ClientConnection) -> None:
    async for _ in socket:
        pass


def _transcripts(url: str) -> int:
    """What has been understood in all sessions of the server."""
    with httpx.Client(base_url=f"{url}/api/v1", trust_env=False, timeout=20) as rest:
        sessions = rest.get("/sessions").json()["sessions"]
        transcripts = [rest.get(f"/sessions/{session['session_id']}/transcript").json() for session in sessions]
    return sum(entry["role"] == "user" for transcript in transcripts for entry in transcript["entries"])


def main() -> None:
    """Measure both, and print what they cost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=25)
    parser.add_argument("--seconds", type=float, default=20.0)
    asked = parser.parse_args()
    end_all_when_told()
    answered, listened = (measure(kind, asked.calls, asked.seconds) for kind in (KINDS["earshot"], TRANSCRIPTION))
    for cost in (answered, listened):
        print(
            f"{cost.server}: {cost.cpu_per_call * 100:.2f} % of a core a call, "
            f"{cost.transcripts_per_call:.1f} transcripts a call"
        )
    print(f"transcription costs {listened.cpu_per_call / answered.cpu_per_call:.2f} of what an answered call does")


if __name__ == "__main__":
    main()

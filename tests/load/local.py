"""Ten conversations at once on the engines of this machine: `make bench-local CALLS=10 SECONDS=30`.

The server has all cores, as it has where somebody tries it. Each caller says a sentence into whatever the agent is
saying, waits for the answer to begin, listens for a moment and says it again. Four things are timed by the callers' own
clocks: from the end of their voice until the words of its final transcript are shown, as an interim transcript or as
the final; to the final itself, which comes when the turn is taken for over; and to the first audio of the answer; and
from the onset of their voice over the agent to the order to stop playback.
"""

import argparse
import asyncio
from array import array
from collections.abc import Sequence
from typing import Any

import msgspec
from websockets.asyncio.client import ClientConnection, connect

from tests.kit.speech import HIBARI, say
from tests.load.runs import Spread, spread
from tests.load.script import FRAME_BYTES, FRAME_MS, caller_silence
from tests.load.servers import LOCAL, Kind, Server, end_all_when_told, running

SENTENCES = (
    "what are your opening hours on friday",
    "how much does a cleaning cost",
    "where can i park my car near the clinic",
    "do you accept my dental insurance",
)
LOUD = 500
"""Samples from this on are voice."""
LISTENS_S = 1.2
"""Of the answer, before it is spoken into."""
SILENCING = ("pause", "audio_stop", "tts_cancelled")
"""Orders upon which a browser is silent."""
ANSWER_WITHIN_S = 20.0
APART_S = 0.37
"""Callers begin so long after one another."""


class Heard(msgspec.Struct):
    """What one caller has measured, in ms, and what never came."""

    words_ms: list[float] = []
    """Until what is shown is what the final transcript says."""
    final_ms: list[float] = []
    answer_ms: list[float] = []
    stop_ms: list[float] = []
    answers: int = 0
    unanswered: int = 0


class Local(msgspec.Struct, frozen=True, kw_only=True):
    """A row: so many conversations at once."""

    server: str
    calls: int
    words_ms: Spread
    final_ms: Spread
    answer_ms: Spread
    stop_ms: Spread
    answers: int
    unanswered: int


class Caller:
    """One conversation over a browser's socket."""

    def __init__(self, url: str, number: int) -> None:
        path = f"/api/v1/realtime/conversation?session_id=local-{number}&encoding=binary&sample_rate=16000"
        self._address = f"ws{url.removeprefix('http')}{path}"
        self._number = number
        self._voice = say(SENTENCES[number % len(SENTENCES)], HIBARI)
        loud = [at for at, sample in enumerate(array("h", self._voice)) if abs(sample) > LOUD]
        self._onset_s, self._end_s = loud[0] / 16_000, loud[-1] / 16_000
        self._heard = Heard()
        self._pending = b""
        self._began_at = 0.0
        self._stop_due = self._final_due = False
        self._shown = "", 0.0
        """The words of the last interim transcript, and since when they are shown."""
        self._is_heard = asyncio.Event()

    async def talk(self, seconds: float) -> Heard:
        """Hold the conversation for so long, and tell what it was like."""
        await asyncio.sleep(self._number * APART_S)
        async with connect(self._address, max_queue=None) as socket:
            tasks = [asyncio.ensure_future(each) for each in (self._listen(socket), self._send(socket))]
            try:
                until = asyncio.get_running_loop().time() + seconds
                while asyncio.get_running_loop().time() < until:
                    await self._turn()
                await self._answered()
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
        return self._heard

    async def _turn(self) -> None:
        """Wait until the agent is heard, let it speak for a moment, and say the sentence."""
        if await self._answered():
            await asyncio.sleep(LISTENS_S)
        self._is_heard.clear()
        self._pending, self._began_at = self._voice, asyncio.get_running_loop().time()
        self._stop_due = self._final_due = True
        self._shown = "", 0.0
        await asyncio.sleep(len(self._voice) / 32_000)

    async def _answered(self) -> bool:
        """Whether the agent is heard in time; counted."""
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                await self._is_heard.wait()
        except TimeoutError:
            self._heard.unanswered += 1
            return False
        self._heard.answers += 1
        return True

    async def _send(self, socket: ClientConnection) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            frame, self._pending = self._pending[:FRAME_BYTES], self._pending[FRAME_BYTES:]
            await socket.send(frame.ljust(FRAME_BYTES, b"\0") if frame else caller_silence())
            due += FRAME_MS / 1_000
            await asyncio.sleep(max(0.0, due - loop.time()))

    async def _listen(self, socket: ClientConnection) -> None:
        loop = asyncio.get_running_loop()
        async for message in socket:
            if isinstance(message, bytes):
                self._sounds(loop.time())
                continue
            told = msgspec.json.decode(message)
            if told["type"] == "control" and told["action"] in SILENCING and self._stop_due:
                self._stop_due = False
                self._heard.stop_ms.append((loop.time() - self._began_at - self._onset_s) * 1000)
            elif told.get("sender") == "User" and self._final_due:
                self._transcribed(told["payload"], loop.time())

    def _sounds(self, now: float) -> None:
        """The agent is heard: with an answer, if the caller is answered now."""
        if self._stop_due or self._final_due or self._is_heard.is_set():
            return
        self._is_heard.set()
        if self._began_at:
            self._heard.answer_ms.append(self._after_voice_ms(now))

    def _transcribed(self, payload: dict[str, Any], now: float) -> None:
        """The words so far, or the final ones."""
        words, since = self._shown
        if "confidence" not in payload:
            if payload.get("event_type") == "stt_partial" and payload["content"] != words:
                self._shown = payload["content"], now
            return
        self._stop_due = self._final_due = False
        self._heard.words_ms.append(self._after_voice_ms(since if words == payload["message"] else now))
        self._heard.final_ms.append(self._after_voice_ms(now))

    def _after_voice_ms(self, at: float) -> float:
        return (at - self._began_at - self._end_s) * 1000


def measure(kind: Kind, calls: int, seconds: float) -> Local:
    """Start a server on the engines of this machine, hold `calls` conversations, and stop it."""
    with running(kind, pinned=False) as server:
        return row_of(kind.name, asyncio.run(_measure(server, calls, seconds)))


async def _measure(server: Server, calls: int, seconds: float) -> list[Heard]:
    callers = [Caller(server.url, number) for number in range(calls)]
    return list(await asyncio.gather(*(caller.talk(seconds) for caller in callers)))


def row_of(server: str, heard: Sequence[Heard]) -> Local:
    """The row of what these callers have measured."""
    return Local(
        server=server,
        calls=len(heard),
        words_ms=spread([ms for each in heard for ms in each.words_ms]),
        final_ms=spread([ms for each in heard for ms in each.final_ms]),
        answer_ms=spread([ms for each in heard for ms in each.answer_ms]),
        stop_ms=spread([ms for each in heard for ms in each.stop_ms]),
        answers=sum(each.answers for each in heard),
        unanswered=sum(each.unanswered for each in heard),
    )


def line(row: Local) -> str:
    """For people to read; times in ms."""
    times = (
        f"{name} {each.p50:.0f} / {each.p95:.0f} / {each.max:.0f}"
        for name, each in (
            ("words after the end of voice", row.words_ms),
            ("final", row.final_ms),
            ("answer", row.answer_ms),
            ("stop after the onset", row.stop_ms),
        )
    )
    return f"{row.server}: {row.calls} calls, {', '.join(times)} ms (p50 / p95 / max), {row.unanswered} unanswered"


def main() -> None:
    """Measure one conversation, and then as many as were asked for, and print the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=30.0)
    asked = parser.parse_args()
    end_all_when_told()
    for calls in (1, asked.calls):
        print(line(measure(LOCAL, calls, asked.seconds)), flush=True)


if __name__ == "__main__":
    main()

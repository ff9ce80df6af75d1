"""More and more recognizers of the SDK in a process: `python -m tests.load.latency.recognizers EVENTS LEVELS S`.

Somebody talks into each all the time, in utterances of three seconds, and is told five partial results a second. At
each level there are more of them; for each a line of JSON is printed, a `Level`, until they are not kept up with. Each
is looked at for S seconds. The service is that of AZURE_SPEECH_ENDPOINT. EVENTS is `light` (how the product reads
events) or `stock` (how the SDK's Python package does); all other settings are the product's.
"""

import asyncio
import gc
import sys
from time import perf_counter, process_time

import msgspec
import uvloop

from actors.messages.transcript import InterimTranscript
from actors.ports.stt import RecognitionEvent, RecognitionFailed, RecognitionOptions
from app.providers.azure.resource import required_resource, speech_use
from app.providers.azure.stt import light_events
from app.providers.azure.stt.recognizer import AzureRecognizer
from config.settings import read_settings
from tests.load.latency.script import pitched
from tests.load.runs import Spread, spread
from tests.load.script import FRAME_BYTES, FRAME_MS, RATE_HZ, caller_silence

UTTERANCE_MS, PAUSE_MS = 3_000, 600
FINISH_MS = 100
"""Into the pause, the recognizer is told that the utterance is over."""
SLOTS = 4
"""Recognizers are spread over the 20 ms of a frame."""
SETTLE_S = 1.0
LATE_MS = 200.0
"""A partial result that is due and comes later than the next one is due: what is sent lags behind what is said."""


class Level(msgspec.Struct, frozen=True):
    """So many recognizers at once."""

    events: str
    recognizers: int
    cpu: float
    """Of a core, for each second of each recognizer."""
    core: float
    """Of the core, all together."""
    partial_ms: Spread
    """From when the audio of a partial result is due to when the result is there."""
    failures: int

    @property
    def kept_up(self) -> bool:
        """Whether all of them were, in real time."""
        return self.failures == 0 and 0.0 < self.partial_ms.p95 < LATE_MS


class _Talker:
    """One recognizer that is talked into. Frame n of it is due at `began + n * 20 ms`."""

    def __init__(self, load: "_Load", frames: list[bytes]) -> None:
        self._load = load
        self._frames = frames
        self._next = 0

    async def open(self, engine: AzureRecognizer) -> None:
        """Connect."""
        self._recognition = await engine.open(RecognitionOptions(session_id="load", rate_hz=RATE_HZ), self._told)

    def push_due(self, now: float) -> None:
        """Send what is due; called every 20 ms, or as soon after it as can be."""
        if not self._next:
            self._began = now
        while self._began + (self._next - 0.5) * FRAME_MS / 1000 <= now:
            at = self._next % len(self._frames)
            self._recognition.push(self._frames[at])
            if at == (UTTERANCE_MS + FINISH_MS) // FRAME_MS:
                self._recognition.finish_utterance()
            self._next += 1

    def _told(self, event: RecognitionEvent) -> None:
        if isinstance(event, InterimTranscript):
            due_ms = event.end_ms - FRAME_MS
            self._load.partial_ms.append((perf_counter() - self._began) * 1000 - due_ms)
        elif isinstance(event, RecognitionFailed):
            self._load.failures += 1


class _Load:
    """All of them."""

    def __init__(self) -> None:
        self.partial_ms: list[float] = []
        self.failures = 0
        silence = [caller_silence()] * (PAUSE_MS // FRAME_MS)
        voice = pitched(0, UTTERANCE_MS)
        self._frames = [voice[at : at + FRAME_BYTES] for at in range(0, len(voice), FRAME_BYTES)] + silence
        self._talkers: list[_Talker] = []

    async def raise_to(self, count: int, engine: AzureRecognizer) -> None:
        """Have so many."""
        while len(self._talkers) < count:
            talker = _Talker(self, self._frames)
            await talker.open(engine)
            self._talkers.append(talker)

    async def push(self) -> None:
        """Send all that is due, for ever."""
        step_s, slot, began = FRAME_MS / 1000 / SLOTS, 0, perf_counter()
        while True:
            await asyncio.sleep(max(0.0, began + slot * step_s - perf_counter()))
            for talker in self._talkers[slot % SLOTS :: SLOTS]:
                talker.push_due(perf_counter())
            slot += 1

    async def look(self, events: str, seconds: float) -> Level:
        """See how they do."""
        await asyncio.sleep(SETTLE_S)
        self.partial_ms.clear()
        cpu_s, began = process_time(), perf_counter()
        await asyncio.sleep(seconds)
        core = (process_time() - cpu_s) / (perf_counter() - began)
        count = len(self._talkers)
        return Level(events, count, round(core / count, 5), round(core, 3), spread(self.partial_ms), self.failures)


async def main(events: str, levels: list[int], seconds: float) -> None:
    """Raise the level until it is too much."""
    light_events.available = events == "light"
    settings = read_settings()
    engine = AzureRecognizer(required_resource(settings), speech_use(settings))
    await engine.prepare(())
    load = _Load()
    gc.freeze()
    pushing = asyncio.create_task(load.push())
    for count in levels:
        await load.raise_to(count, engine)
        level = await load.look(events, seconds)
        print(msgspec.json.encode(level).decode(), flush=True)
        if not level.kept_up:
            break
    pushing.cancel()
    await engine.close()


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], [int(count) for count in sys.argv[2].split(",")], float(sys.argv[3])))

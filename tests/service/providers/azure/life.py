"""A process of its own that uses the Speech SDK: `python -m tests.service.providers.azure.life MODE ENDPOINT KEY`.

`open_and_drop [ROUNDS]`: ten recognizers and ten synthesizers, each used, ten times or so many; prints after each round
what the process has. `close`: uses both, closes the engines in the middle of everything, ends. `drop`: the same without
closing anything.
"""

import array
import asyncio
import os
import sys
from pathlib import Path

import msgspec

from actors.agent import Voice
from actors.ports.stt import RecognitionOptions
from actors.ports.tts import SynthesisEvent, SynthesisFailed, SynthesisFinished
from app.providers.azure.resource import SpeechResource
from app.providers.azure.stt.recognizer import AzureRecognizer
from app.providers.azure.tts.synthesizer import AzureSynthesizer
from config.secret import Secret

LOUD = array.array("h", [5_000, -5_000] * 160).tobytes()


class Use(msgspec.Struct):
    """What the process has."""

    threads: int
    descriptors: int
    resident_mb: float


def use() -> Use:
    """At this moment."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    resident_mb = round(pages * os.sysconf("SC_PAGE_SIZE") / 1e6, 1)
    return Use(len(os.listdir("/proc/self/task")), len(os.listdir("/proc/self/fd")), resident_mb)


async def ten(recognizer: AzureRecognizer, synthesizer: AzureSynthesizer) -> None:
    """Ten of each, used and dropped."""
    ears = [await recognizer.open(RecognitionOptions(session_id="session"), lambda _: None) for _ in range(10)]
    over: list[asyncio.Event] = []
    voices = []
    for _ in range(10):
        done = asyncio.Event()

        def report(event: SynthesisEvent, done: asyncio.Event = done) -> None:
            if isinstance(event, SynthesisFinished | SynthesisFailed):
                done.set()

        voice = await synthesizer.open(Voice(), 16_000, report)
        voice.write(1, "Hello there.")
        voice.finish(1)
        over.append(done)
        voices.append(voice)
    for _ in range(10):
        for ear in ears:
            ear.push(LOUD)
        await asyncio.sleep(0.005)
    await asyncio.gather(*(done.wait() for done in over))
    await asyncio.gather(*(ear.close() for ear in ears), *(voice.close() for voice in voices))


async def main(mode: str, endpoint: str, key: str, rounds: str = "10") -> None:
    """See the module."""
    resource = SpeechResource(endpoint=endpoint, key=Secret(key))
    recognizer, synthesizer = AzureRecognizer(resource), AzureSynthesizer(resource)
    if mode == "open_and_drop":
        for _ in range(int(rounds)):
            await ten(recognizer, synthesizer)
            print(msgspec.json.encode(use()).decode(), flush=True)
        await recognizer.close()
        await synthesizer.close()
        for _ in range(100):  # threads that were told to end take a moment to do so
            if use().threads == 1:
                break
            await asyncio.sleep(0.02)
        print(msgspec.json.encode(use()).decode(), flush=True)
        return
    ears = [await recognizer.open(RecognitionOptions(session_id="session"), lambda _: None) for _ in range(5)]
    for _ in range(5):
        voice = await synthesizer.open(Voice(), 16_000, lambda _: None)
        voice.write(1, "A long story, which has no end at all. " * 20)
    for _ in range(60):
        for ear in ears:
            ear.push(LOUD)
        await asyncio.sleep(0.005)
    if mode == "close":
        await recognizer.close()
        await synthesizer.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))

"""A speech-to-speech service, emulated: as quick as the fake providers, for a server with the real client of it.

`python -m tests.load.realtime_cloud` prints one line of NAME=value, the environment of such a server, and serves until
it is killed. The audio of an answer begins `RECOGNITION_MS + ANSWER_MS + SYNTHESIS_MS` after it was asked for.
"""

import asyncio

from tests.cloud.realtime.emulator import RealtimeEmulator
from tests.cloud.realtime.replies import WORD_MS, Reply
from tests.load.script import ANSWER_MS, RECOGNITION_MS, REPLY_MS, SYNTHESIS_MS

SPEED = 4.0
"""Audio comes so many times as fast as it is heard, as that of the fake providers."""


async def main() -> None:
    """Serve until killed."""
    async with RealtimeEmulator() as service:
        service.plan.speed = SPEED
        service.plan.default = Reply(
            text=" ".join(["word"] * (REPLY_MS // WORD_MS)),
            tone_hz=300,
            begin_s=(RECOGNITION_MS + ANSWER_MS + SYNTHESIS_MS) / 1_000,
        )
        print(" ".join(f"{name}={value}" for name, value in service.environment().items()), flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())

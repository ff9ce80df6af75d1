"""What the Speech SDK leaves in a process, and how processes end that used it.

`python -m tests.service.providers.azure.lives` uses and drops 500 recognizers and synthesizers in one process, ends
100 others, and prints what became of them, in two to three minutes; `make test` does less of the same.
"""

import asyncio
import os
import sys

import msgspec

from tests.cloud.speech.emulator import SpeechEmulator
from tests.kit.source import ROOT
from tests.service.providers.azure.life import Use

ROUNDS = 50
ENDS = 50
FEW_ARENAS = {"MALLOC_ARENA_MAX": "2"}
"""Else the C library spreads what is freed over an arena for each thread: memory is level after a thousand only."""
RESIDENT_MB = 12.0
"""What memory may grow by in the later half: of a recognizer that is not let go of, 0.9 MB stay."""


class Ended(msgspec.Struct, frozen=True):
    """A process that has ended: its status, and what it printed."""

    status: int | None
    said: str
    complained: str

    @property
    def cleanly(self) -> bool:
        """Without a word of complaint."""
        return self.status == 0 and not self.complained

    @property
    def uses(self) -> list[Use]:
        """What it had, after each round and at its end."""
        return [msgspec.json.decode(line, type=Use) for line in self.said.splitlines()]


async def live(mode: str, speech: SpeechEmulator, *rounds: str) -> Ended:
    """One such process, from its beginning to its end."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.service.providers.azure.life", mode, speech.endpoint, speech.key, *rounds),
        cwd=ROOT,
        env=os.environ | FEW_ARENAS,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, complained = await process.communicate()
    return Ended(process.returncode, said.decode(), complained.decode())


def flat(uses: list[Use]) -> bool:
    """Whether the later half of the rounds left nothing behind that the earlier had not."""
    half = len(uses) // 2
    early, late = uses[:half], uses[half:]
    return (
        max(use.threads for use in late) <= max(use.threads for use in early) + 4
        and max(use.descriptors for use in late) <= max(use.descriptors for use in early) + 2
        and max(use.resident_mb for use in late) <= max(use.resident_mb for use in early) + RESIDENT_MB
    )


async def much() -> int:
    """The long form; 1 if something was left behind, or a process did not end cleanly."""
    async with SpeechEmulator(keep_audio=False) as speech:
        dropping = await live("open_and_drop", speech, str(ROUNDS))
        *uses, last = dropping.uses
        print("recognizers and synthesizers used and dropped | threads | descriptors | resident MB")
        for number, had in list(enumerate(uses, 1))[9::10]:
            print(f"{number * 10} of each | {had.threads} | {had.descriptors} | {had.resident_mb}")
        print(f"engines closed | {last.threads} | {last.descriptors} | {last.resident_mb}")
        well = dropping.cleanly and flat(uses)
        for mode in ("close", "drop"):
            ends = [end for _ in range(ENDS // 5) for end in await five(mode, speech)]
            cleanly = sum(end.cleanly for end in ends)
            print(f"{mode}: {cleanly} of {len(ends)} processes ended cleanly")
            well = well and cleanly == len(ends)
    return 0 if well else 1


async def five(mode: str, speech: SpeechEmulator) -> list[Ended]:
    """So many such processes at once."""
    return await asyncio.gather(*(live(mode, speech) for _ in range(5)))


if __name__ == "__main__":
    sys.exit(asyncio.run(much()))

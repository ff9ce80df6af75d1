"""What the SDK leaves in a process, and how a process ends that used it: each in a process of its own."""

import asyncio
import sys
from collections.abc import AsyncIterator

import msgspec
import pytest

from tests.app.adapters.azure_speech.life import Use
from tests.azure.speech.emulator import SpeechEmulator
from tests.source import ROOT

WITHIN_S = 60.0


@pytest.fixture
async def speech() -> AsyncIterator[SpeechEmulator]:
    async with SpeechEmulator(keep_audio=False) as emulator:
        yield emulator


async def run(*arguments: str) -> tuple[int | None, str, str]:
    """Exit status and what was printed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(WITHIN_S):
        said, complained = await process.communicate()
    return process.returncode, said.decode(), complained.decode()


async def life(mode: str, speech: SpeechEmulator) -> tuple[int | None, str, str]:
    return await run("-m", "tests.app.adapters.azure_speech.life", mode, speech.endpoint, speech.key)


async def test_a_hundred_of_each_leave_nothing_behind(speech: SpeechEmulator) -> None:
    status, said, complained = await life("open_and_drop", speech)
    assert (status, complained) == (0, "")
    uses = [msgspec.json.decode(line, type=Use) for line in said.splitlines()]
    assert len(uses) == 11
    assert max(use.threads for use in uses[5:]) <= max(use.threads for use in uses[:5]) + 4
    assert max(use.descriptors for use in uses[5:]) <= max(use.descriptors for use in uses[:5]) + 2
    assert uses[-1].threads == 1
    assert uses[-1].descriptors <= uses[0].descriptors


@pytest.mark.parametrize("mode", ["close", "drop"])
async def test_a_process_that_used_it_ends_cleanly(speech: SpeechEmulator, mode: str) -> None:
    ends = await asyncio.gather(*(life(mode, speech) for _ in range(5)))
    assert ends == [(0, "", "")] * 5


async def test_a_server_without_azure_does_not_load_the_sdk() -> None:
    program = (
        "import sys\n"
        "import app.__main__, app.asgi, app.engines, app.adapters.azure_speech.recognizer\n"
        "import app.adapters.azure_speech.synthesizer\n"
        "print([name for name in sys.modules if name.startswith('azure.cognitiveservices')])\n"
    )
    status, said, complained = await run("-c", program)
    assert (status, said.strip(), complained) == (0, "[]", "")

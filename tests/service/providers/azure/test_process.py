"""What the SDK leaves in a process, and how a process ends that used it: each in a process of its own."""

import asyncio
import sys
from collections.abc import AsyncIterator

import pytest

from tests.cloud.speech.emulator import SpeechEmulator
from tests.kit.source import ROOT
from tests.service.providers.azure.lives import five, flat, live

WITHIN_S = 60.0


@pytest.fixture
async def speech() -> AsyncIterator[SpeechEmulator]:
    async with SpeechEmulator(keep_audio=False) as emulator:
        yield emulator


async def test_a_hundred_of_each_leave_nothing_behind(speech: SpeechEmulator) -> None:
    async with asyncio.timeout(WITHIN_S):
        ended = await live("open_and_drop", speech)
    assert ended.cleanly, ended
    *uses, last = ended.uses
    assert len(uses) == 10
    assert flat(uses), uses
    assert last.threads == 1
    assert last.descriptors <= uses[0].descriptors


@pytest.mark.parametrize("mode", ["close", "drop"])
async def test_a_process_that_used_it_ends_cleanly(speech: SpeechEmulator, mode: str) -> None:
    async with asyncio.timeout(WITHIN_S):
        ends = await five(mode, speech)
    assert all(end.cleanly for end in ends), ends


async def test_a_server_without_azure_does_not_load_the_sdk() -> None:
    program = (
        "import sys\n"
        "import app.__main__, app.api.asgi, app.engines.making, app.providers.azure.stt.recognizer\n"
        "import app.providers.azure.tts.synthesizer\n"
        "print([name for name in sys.modules if name.startswith('azure.cognitiveservices')])\n"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    said, complained = await process.communicate()
    assert (process.returncode, said.strip(), complained) == (0, b"[]", b"")

"""The real server on Azure Speech: somebody is greeted, asks, is answered, and readiness tells of it."""

import asyncio
import json
import shutil
import urllib.request

import pytest
from websockets.asyncio.client import connect

from tests.cloud.speech.emulator import Scripted, Span, SpeechEmulator, Voiced
from tests.kit.clients.spoken_caller import SpokenCaller
from tests.kit.serving import EARSHOT, serving
from tests.kit.speech import say

QUESTION = "what are your opening hours"

pytestmark = pytest.mark.skipif(shutil.which("flite") is None, reason="flite speaks the caller's part")


def hasty(_span: Span, rate_hz: int) -> Voiced:
    """A voice that is done with any sentence within 200 ms."""
    return Voiced(bytes(rate_hz // 5 * 2))


def ready(url: str) -> dict[str, str]:
    with urllib.request.urlopen(f"{url}/api/v1/readiness", timeout=30) as answer:
        checks = json.load(answer)["checks"]
    return {check["component"]: check["status"] for check in checks}


async def converse(url: str) -> str:
    async with connect(f"{url}/api/v1/realtime/conversation?agent=dentist", max_size=None) as socket:
        person = SpokenCaller(socket, snr_db=None)
        await person.reply(0)
        before = len(person.events)
        await person.say(say(QUESTION))
        answer = await person.reply(before)
        assert person.understood()
        await person.leave()
    return answer


async def test_a_conversation_on_azure_speech() -> None:
    async with SpeechEmulator(recognition=Scripted(QUESTION), voice=hasty) as speech:
        server = serving(
            EARSHOT, DEFAULT_AGENT="dentist", AZURE_SPEECH_ENDPOINT=speech.endpoint, AZURE_SPEECH_KEY=speech.key
        )
        running = await asyncio.to_thread(server.__enter__)
        try:
            assert (await asyncio.to_thread(ready, running.url))["speech_services"] == "healthy"
            answer = await converse(running.url.replace("http", "ws"))
            assert "nine" in answer or "open" in answer
            assert speech.syntheses
            assert speech.recognitions[0].phrases
        finally:
            await asyncio.to_thread(server.__exit__, None, None, None)

"""What may block is never called on the event loop: the SDK waits for its service, and for its own threads."""

import asyncio
import functools
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from actors.agent import Voice
from actors.ports.stt import RecognitionOptions
from app.providers.azure.resource import SpeechResource, SpeechUse
from app.providers.azure.stt.recognizer import AzureRecognizer
from app.providers.azure.tts.synthesizer import AzureSynthesizer
from config.secret import Secret
from tests.cloud.entra import EntraEmulator
from tests.cloud.speech.emulator import ALWAYS, Scripted, SpeechEmulator
from tests.service.providers.azure.test_live_tokens import identity
from tests.service.providers.azure.test_recognizer import Listener, until
from tests.service.providers.azure.test_synthesizer import Listener as Voiced

TTL_S = 2
SDK_THREADS = 4
"""At least so many has a recognizer with a synthesizer."""
AT_ONCE = {"push", "silence"}
"""What returns at once, and may be called wherever."""


class Threads:
    """In which threads the methods of the SDK's objects ran, by name."""

    def __init__(self) -> None:
        self.of: dict[str, set[int]] = {}

    def watch(self, monkeypatch: pytest.MonkeyPatch, kind: type) -> None:
        """Note where each method of `kind` runs."""
        for name, method in list(vars(kind).items()):
            if callable(method) and name not in AT_ONCE:
                monkeypatch.setattr(kind, name, self._noted(f"{kind.__name__}.{name}", method))

    def _noted(self, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(method)
        def noted(*arguments: Any, **named: Any) -> Any:
            self.of.setdefault(name, set()).add(threading.get_ident())
            return method(*arguments, **named)

        return noted


@pytest.mark.parametrize("text_streaming", [False, True])
async def test_no_call_that_may_block_is_made_on_the_loop(
    monkeypatch: pytest.MonkeyPatch, text_streaming: bool
) -> None:
    from app.providers.azure.stt.sdk_recognizer import SdkRecognizer
    from app.providers.azure.tts.sdk_synthesizer import SdkVoice

    threads = Threads()
    threads.watch(monkeypatch, SdkRecognizer)
    threads.watch(monkeypatch, SdkVoice)
    async with EntraEmulator() as entra, SpeechEmulator(recognition=Scripted("One."), entra=entra) as speech:
        resource = SpeechResource(endpoint=speech.endpoint, resource_id=speech.resource_id)
        recognizer = AzureRecognizer(resource, identity=identity(entra, TTL_S))
        use = SpeechUse(text_streaming=text_streaming)
        synthesizer = AzureSynthesizer(resource, use, identity(entra, TTL_S))
        ears, voice = Listener(), Voiced()
        ears.stream = await recognizer.open(RecognitionOptions(session_id="session"), ears.report)
        voice.stream = await synthesizer.open(Voice(), 16_000, voice.report)
        await ears.say()
        await voice.say(1, "One.")
        await until(lambda: {"SdkRecognizer.authorize", "SdkVoice.authorize"} <= set(threads.of))
        speech.faults.stall_synthesis(times=ALWAYS)
        voice.stream.write(2, "A long story, which is given up in the middle.")
        await asyncio.sleep(0.3)
        voice.stream.cancel(2)
        await until(lambda: "SdkVoice.stop" in threads.of)
        await asyncio.gather(ears.stream.close(), voice.stream.close())
        await asyncio.gather(recognizer.close(), synthesizer.close())
    begins = "SdkVoice.stream" if text_streaming else "SdkVoice.speak"
    expected = {"SdkRecognizer.__init__", "SdkRecognizer.leave", "SdkVoice.__init__", "SdkVoice.warm", begins}
    assert expected <= set(threads.of)
    here = threading.get_ident()
    assert [name for name, where in threads.of.items() if here in where] == []


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the SDK's threads are scheduled as all others")
async def test_no_thread_of_the_sdk_takes_the_core_from_the_loop_when_it_is_woken() -> None:
    async with SpeechEmulator(recognition=Scripted("One.")) as speech:
        resource = SpeechResource(endpoint=speech.endpoint, key=Secret(speech.key))
        recognizer, synthesizer = AzureRecognizer(resource), AzureSynthesizer(resource)
        ears, voice = Listener(), Voiced()
        before = _native_threads()
        ears.stream = await recognizer.open(RecognitionOptions(session_id="session"), ears.report)
        voice.stream = await synthesizer.open(Voice(), 16_000, voice.report)
        await ears.say()
        await voice.say(1, "One.")
        started = _native_threads() - before
        policies = [os.sched_getscheduler(thread) for thread in started]
        await asyncio.gather(ears.stream.close(), voice.stream.close())
        await asyncio.gather(recognizer.close(), synthesizer.close())
    assert len(policies) >= SDK_THREADS
    assert set(policies) == {os.SCHED_BATCH}
    assert os.sched_getscheduler(0) == os.SCHED_OTHER


def _native_threads() -> set[int]:
    """Those that Python has not started."""
    ours = {thread.native_id for thread in threading.enumerate()}
    return {int(task.name) for task in Path("/proc/self/task").iterdir()} - ours

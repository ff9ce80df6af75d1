"""Orders to an object of the SDK that come once it is released, as when a pool grows and shrinks at once: no effect."""

from collections.abc import Callable

import pytest

from app.providers.azure.resource import SpeechUse
from app.providers.azure.threads import SdkThreads
from app.providers.azure.tts.prosody import Prosody
from tests.cloud.speech.emulator import SpeechEmulator
from tests.service.providers.azure.emulated import resource_of

RATE_HZ = 16_000


class Unheard:
    """A listener to events that nobody waits for."""

    def audio(self, request: str, pcm: bytes) -> None:
        """See `VoiceListener`."""

    def word(self, request: str, word: str, start_ms: float, end_ms: float) -> None:
        """See `VoiceListener`."""

    def completed(self, request: str, pcm: bytes) -> None:
        """See `VoiceListener`."""

    def canceled(self, request: str, code: str, text: str) -> None:
        """See `VoiceListener`."""

    def connected(self, up: bool) -> None:
        """See `VoiceListener` and `RecognizerListener`."""

    def heard(self, final: bool, heard: object) -> None:
        """See `RecognizerListener`."""

    def lively(self) -> None:
        """See `RecognizerListener`."""

    def ended(self, code: str, text: str) -> None:
        """See `RecognizerListener`."""


@pytest.mark.parametrize("text_streaming", [False, True])
async def test_a_released_synthesizer_takes_orders_and_does_nothing(text_streaming: bool) -> None:
    from app.providers.azure.tts.sdk_synthesizer import SdkVoice

    async with SpeechEmulator() as speech:
        threads = SdkThreads("late")
        use = SpeechUse(text_streaming=text_streaming)
        voice = await threads.run(lambda: SdkVoice(resource_of(speech), use, None, RATE_HZ, Unheard()))
        threads.leave(voice.leave).result()
        late: tuple[Callable[[], None], ...] = (
            voice.warm,
            lambda: voice.speak("<speak/>"),
            lambda: voice.stream(Prosody("en-US-JennyNeural", "en-US")),
            lambda: voice.write("Hello."),
            voice.end_text,
            voice.finish,
            voice.stop,
            lambda: voice.authorize("token"),
            voice.leave,
        )
        for order in late:
            await threads.run(order)
        await threads.close(1.0)
        assert list(speech.connections) == []


async def test_a_released_recognizer_takes_a_token_and_does_nothing() -> None:
    from app.providers.azure.stt.sdk_recognizer import SdkRecognizer

    async with SpeechEmulator() as speech:
        threads = SdkThreads("late")
        made = SdkRecognizer
        recognizer = await threads.run(
            lambda: made(resource_of(speech), SpeechUse(), None, RATE_HZ, ["en-US"], [], Unheard())
        )
        threads.leave(recognizer.leave).result()
        await threads.run(lambda: recognizer.authorize("token"))
        await threads.run(recognizer.leave)
        await threads.close(1.0)

"""Engines on an emulator of their own, which starts with the first stream and ends with the engine."""

from collections.abc import Callable
from typing import Generic, TypeVar

from actors.agent import Voice
from actors.ports.stt import Recognition, RecognitionEvent, RecognitionOptions
from actors.ports.tts import Synthesis, SynthesisEvent
from app.providers.azure.resource import SpeechResource, SpeechUse
from app.providers.azure.stt.recognizer import AzureRecognizer
from app.providers.azure.tts.synthesizer import AzureSynthesizer
from config.secret import Secret
from tests.cloud.speech.emulator import Scripted, SpeechEmulator

Engine = TypeVar("Engine", AzureRecognizer, AzureSynthesizer)


def resource_of(speech: SpeechEmulator, key: str = "") -> SpeechResource:
    """What settings for `speech` would mean."""
    return SpeechResource(endpoint=speech.endpoint, key=Secret(key or speech.key))


class _Emulated(Generic[Engine]):
    def __init__(self, make: Callable[[SpeechResource], Engine], speech: SpeechEmulator) -> None:
        self._make: Callable[[SpeechResource], Engine] = make
        self._speech = speech
        self._engine: Engine | None = None

    async def engine(self) -> Engine:
        """The engine, its emulator running."""
        if self._engine is None:
            await self._speech.__aenter__()
            self._engine = self._make(resource_of(self._speech))
        return self._engine

    async def close(self) -> None:
        """Let go of both."""
        if self._engine is not None:
            await self._engine.close()
            await self._speech.__aexit__()


class EmulatedRecognizer(_Emulated[AzureRecognizer]):
    """Understands `texts`, one utterance after the other."""

    def __init__(self, *texts: str, use: SpeechUse | None = None) -> None:
        super().__init__(lambda resource: AzureRecognizer(resource, use), SpeechEmulator(recognition=Scripted(*texts)))

    async def open(self, options: RecognitionOptions, report: Callable[[RecognitionEvent], None]) -> Recognition:
        """See `actors.ports.stt.SpeechRecognizer`."""
        return await (await self.engine()).open(options, report)


class EmulatedSynthesizer(_Emulated[AzureSynthesizer]):
    """Speaks in tones."""

    def __init__(self, use: SpeechUse | None = None) -> None:
        super().__init__(lambda resource: AzureSynthesizer(resource, use), SpeechEmulator())

    async def open(self, voice: Voice, rate_hz: int, report: Callable[[SynthesisEvent], None]) -> Synthesis:
        """See `actors.ports.tts.SpeechSynthesizer`."""
        return await (await self.engine()).open(voice, rate_hz, report)

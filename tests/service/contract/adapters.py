"""The engines that must keep the contracts of `actors/ports/`: one line each. A new adapter adds its own."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, nullcontext

import msgspec

from actors.ports.llm import LanguageModel
from actors.ports.realtime import RealtimeModel
from actors.ports.stt import SpeechRecognizer
from actors.ports.tts import SpeechSynthesizer
from app.dialogue import model as script_model
from app.providers.azure.resource import SpeechUse
from app.providers.hibari import synthesizer as hibari_synthesizer
from app.providers.moonshine import recognizer as moonshine_recognizer
from tests.kit import failover_kit as failover
from tests.kit.fake_realtime import FakeRealtime
from tests.kit.fakes import FakeModel, FakeRecognizer, FakeSynthesizer
from tests.service.providers.azure.emulated import EmulatedRecognizer, EmulatedSynthesizer
from tests.service.providers.openai_chat.emulated import EmulatedModel
from tests.service.providers.realtime.conversing import ga, voice_live
from tests.service.providers.realtime.emulated import emulated


class Synthesizing(msgspec.Struct, frozen=True):
    """A speech synthesizer under test."""

    name: str
    create: Callable[[], SpeechSynthesizer]


class Recognizing(msgspec.Struct, frozen=True):
    """A speech recognizer under test, and what makes it hear nothing in silence."""

    name: str
    create: Callable[[], SpeechRecognizer]
    create_for_silence: Callable[[], SpeechRecognizer]


class Generating(msgspec.Struct, frozen=True):
    """A language model under test."""

    name: str
    create: Callable[[], LanguageModel]


class Speaking(msgspec.Struct, frozen=True):
    """A speech-to-speech model under test, with the service that it needs."""

    name: str
    create: Callable[[], AbstractAsyncContextManager[RealtimeModel]]


SYNTHESIZERS = (
    Synthesizing("azure", EmulatedSynthesizer),
    Synthesizing("azure-streaming", lambda: EmulatedSynthesizer(SpeechUse(text_streaming=True))),
    Synthesizing("hibari", hibari_synthesizer.create),
    Synthesizing("fake", FakeSynthesizer),
    Synthesizing("failover", failover.synthesizer),
)

RECOGNIZERS = (
    Recognizing("azure", lambda: EmulatedRecognizer(*["yes please"] * 10), EmulatedRecognizer),
    Recognizing(
        "azure-stock",
        lambda: EmulatedRecognizer(*["yes please"] * 10, use=SpeechUse(undocumented=False)),
        lambda: EmulatedRecognizer(use=SpeechUse(undocumented=False)),
    ),
    Recognizing("moonshine", moonshine_recognizer.create, moonshine_recognizer.create),
    Recognizing("fake", lambda: FakeRecognizer(["yes please"] * 10), FakeRecognizer),
    Recognizing("failover", lambda: failover.recognizer(["yes please"] * 10), failover.recognizer),
)

LANGUAGE_MODELS = (
    Generating("azure", lambda: EmulatedModel(azure=True)),
    Generating("openai", lambda: EmulatedModel(azure=False)),
    Generating("script", script_model.create),
    Generating("fake", FakeModel),
    Generating("failover", failover.model),
)

REALTIME_MODELS = (
    Speaking("azure", lambda: emulated(ga)),
    Speaking("azure_voice_live", lambda: emulated(voice_live)),
    Speaking("fake", lambda: nullcontext(FakeRealtime())),
)

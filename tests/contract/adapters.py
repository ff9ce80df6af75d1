"""The engines that must keep the contracts of `actors/ports.py`: one line each. A new adapter adds its own."""

from collections.abc import Callable

import msgspec

from actors.ports import LanguageModel, SpeechRecognizer, SpeechSynthesizer
from app.adapters.espeak import synthesizer as espeak_synthesizer
from app.adapters.pocketsphinx import recognizer as pocketsphinx_recognizer
from app.adapters.script import model as script_model
from tests.fakes import FakeModel, FakeRecognizer, FakeSynthesizer


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


SYNTHESIZERS = (
    Synthesizing("espeak", espeak_synthesizer.create),
    Synthesizing("fake", FakeSynthesizer),
)

RECOGNIZERS = (
    Recognizing("pocketsphinx", pocketsphinx_recognizer.create, pocketsphinx_recognizer.create),
    Recognizing("fake", lambda: FakeRecognizer(["yes please"] * 10), FakeRecognizer),
)

LANGUAGE_MODELS = (
    Generating("script", script_model.create),
    Generating("fake", FakeModel),
)

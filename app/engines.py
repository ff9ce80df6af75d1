"""Which engines a worker uses: those that the settings name, else the best that is configured."""

import asyncio
from collections.abc import Iterable
from typing import Any, Protocol, runtime_checkable

from actors.agent import Agent
from actors.background import Background
from actors.clock import LoopClock
from actors.play_clock import PlayClock
from actors.ports import LanguageModel, SpeechRecognizer, SpeechSynthesizer, VoiceActivityFactory
from actors.session import Engines
from app.adapters.memory_store import MemoryStore
from app.references import resolve
from config.settings import Settings, SettingsError

BUILT_IN = {
    "VOICE_ACTIVITY": {
        "silero": "app.adapters.voice_activity:energy_gated_silero",
        "energy": "app.adapters.voice_activity:energy_only",
    },
    "SPEECH_RECOGNIZER": {"pocketsphinx": "app.adapters.pocketsphinx_recognizer:create"},
    "SPEECH_SYNTHESIZER": {"espeak": "app.adapters.espeak_synthesizer:create"},
    "LANGUAGE_MODEL": {"script": "app.adapters.script_model:create"},
}
"""By variable and built-in name, what makes the engine; loaded only when used."""


def make_engines(settings: Settings, clock: LoopClock, background: Background) -> Engines:
    """The engines of this worker. Belongs to the loop's thread.

    Raises:
        SettingsError: a factory cannot be loaded; names the variable.
    """
    loop = asyncio.get_running_loop()
    recognizer: SpeechRecognizer = _make("SPEECH_RECOGNIZER", settings.speech_recognizer or "pocketsphinx")
    synthesizer: SpeechSynthesizer = _make("SPEECH_SYNTHESIZER", settings.speech_synthesizer or "espeak")
    model: LanguageModel = _make("LANGUAGE_MODEL", settings.language_model or "script")
    voice_activity: VoiceActivityFactory = _factory("VOICE_ACTIVITY", settings.voice_activity or "silero")
    return Engines(
        recognizer=recognizer,
        synthesizer=synthesizer,
        model=model,
        voice_activity=voice_activity,
        store=MemoryStore(),
        play_clock=PlayClock(loop.time, loop.call_at),
        clock=clock,
        background=background,
    )


@runtime_checkable
class PreparesPhrases(Protocol):
    """A recognizer that wants to know early what callers will say."""

    async def prepare(self, phrases: Iterable[str]) -> None:
        """Get ready."""
        ...


@runtime_checkable
class PreparesAgents(Protocol):
    """A language model that wants to know early for whom it will speak."""

    async def prepare(self, agents: Iterable[Agent]) -> None:
        """Get ready."""
        ...


async def prepare_engines(engines: Engines, agents: list[Agent], phrases: tuple[str, ...]) -> None:
    """Let engines that can get ready do so before the first session, not in it."""
    if isinstance(engines.recognizer, PreparesPhrases):
        await engines.recognizer.prepare(phrases)
    if isinstance(engines.model, PreparesAgents):
        await engines.model.prepare(agents)


def _factory(variable: str, name: str) -> Any:
    reference = BUILT_IN[variable].get(name, name)
    try:
        return resolve(reference)
    except Exception as error:
        raise SettingsError(f"{variable}: {name} cannot be loaded: {error}") from error


def _make(variable: str, name: str) -> Any:
    factory = _factory(variable, name)
    try:
        return factory()
    except Exception as error:
        raise SettingsError(f"{variable}: {name} cannot be made: {error}") from error

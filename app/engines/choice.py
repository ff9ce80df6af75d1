"""Which engines a worker uses: those that the settings name, else the best that is installed."""

from typing import Any

from app.engines.built_in import ABSENT, BUILT_IN, NEEDS_LOCAL, NEEDS_MODEL, BuiltIn, installed
from app.engines.ports import FALLBACK, TRANSCRIBER
from app.plugins import PluginError, resolve
from app.telephony.media.resampling import HEARD_HZ, RESAMPLING_PACKAGES
from app.telephony.media.voice_mixer import MIXING_PACKAGES
from config.errors import SettingsError
from config.groups.telephony import Participants
from config.settings import Settings

HAVE_FALLBACK = ("speech_recognizer", "speech_synthesizer", "language_model")
"""The settings of engines for which a fallback can be configured."""


def chosen(settings: Settings) -> dict[str, BuiltIn]:
    """By setting, the engine that is used; what takes over is there only if it is set.

    Raises:
        SettingsError: a setting names a built-in engine that is not installed or not configured, a fallback is the
            very engine that it is for, or the audio of calls is to be converted and what does that is not installed.
    """
    _require_audio_of_calls(settings)
    engines = {setting: _chosen(settings, setting, getattr(settings.engines, setting)) for setting in BUILT_IN}
    for setting in HAVE_FALLBACK:
        if asked := getattr(settings.engines, setting + FALLBACK):
            fallback = _chosen(settings, setting + FALLBACK, asked)
            if fallback.name == engines[setting].name:
                name = setting.upper()
                raise SettingsError(f"{name}{FALLBACK.upper()} is {asked}, and so is {name}: it must be another")
            engines[setting + FALLBACK] = fallback
    if asked := settings.engines.voice_live_transcriber:
        engines[TRANSCRIBER] = _chosen(settings, TRANSCRIBER, asked)
    return engines


def _require_audio_of_calls(settings: Settings) -> None:
    """What the audio of calls is to go through is installed.

    Raises:
        SettingsError: it is not; names the variable.
    """
    wanted = {
        f"ACS_SAMPLE_RATE: {settings.telephony.sample_rate}": RESAMPLING_PACKAGES
        * (settings.telephony.sample_rate != HEARD_HZ),
        "ACS_PARTICIPANTS: all": MIXING_PACKAGES * (settings.telephony.participants is Participants.ALL),
    }
    for value, packages in wanted.items():
        if not installed(packages):
            raise SettingsError(f"{value} {NEEDS_LOCAL}")


def _chosen(settings: Settings, setting: str, asked: str) -> BuiltIn:
    if ":" in asked:
        return BuiltIn(asked, asked)
    known = BUILT_IN["speech_recognizer" if setting == TRANSCRIBER else setting.removesuffix(FALLBACK)]
    if not asked:
        usable = (engine for engine in known if engine.installed and engine.usable(settings))
        return next(usable, ABSENT.get(setting, known[-1]))
    engine = next(engine for engine in known if engine.name == asked)
    if not engine.installed:
        needs = NEEDS_MODEL if installed(engine.packages) else NEEDS_LOCAL
        raise SettingsError(f"{setting.upper()}: {asked} {needs}")
    if not engine.usable(settings):
        raise SettingsError(f"{setting.upper()}: {asked} needs {engine.needs}")
    return engine


def require_loadable(engines: dict[str, BuiltIn]) -> None:
    """Load the factory of each engine.

    Raises:
        SettingsError: one cannot be loaded; names the variable.
    """
    for setting in engines:
        factory_of(setting, engines)


def factory_of(setting: str, engines: dict[str, BuiltIn]) -> Any:
    """Load the factory of the engine that was chosen for `setting`.

    Raises:
        SettingsError: it cannot be loaded; names the variable.
    """
    try:
        return resolve(engines[setting].factory)
    except PluginError as error:
        raise SettingsError(f"{setting.upper()}: {error}") from error

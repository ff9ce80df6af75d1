"""What each setting of an engine needs: that an object made by somebody's own factory can be one of its kind."""

import inspect
from typing import Any

from actors.ports.end_of_turn import EndOfTurn
from actors.ports.llm import LanguageModel
from actors.ports.realtime import RealtimeModel
from actors.ports.stt import SpeechRecognizer
from actors.ports.tts import SpeechSynthesizer
from actors.ports.vad import VoiceActivity
from config.errors import SettingsError

TRANSCRIBER = "voice_live_transcriber"
"""The setting of the recognizer that listens in parallel to a speech-to-speech model."""

FALLBACK = "_fallback"
"""The end of the name of a setting that names the fallback of an engine."""

PORTS: dict[str, type] = {
    "speech_recognizer": SpeechRecognizer,
    "speech_synthesizer": SpeechSynthesizer,
    "language_model": LanguageModel,
    "realtime_model": RealtimeModel,
    "voice_activity": VoiceActivity,
    "end_of_turn": EndOfTurn,
    TRANSCRIBER: SpeechRecognizer,
}


def require_port(setting: str, name: str, made: Any) -> Any:
    """`made`, by the factory `name` that `setting` names, if it can be used as what the setting is for.

    An engine of our own may be nothing: that is how there is no speech-to-speech model.

    Raises:
        SettingsError: it is somebody's own and, say, nothing or a coroutine; names what it lacks.
    """
    port = PORTS[setting.removesuffix(FALLBACK)]
    if ":" not in name or not (missing := missing_members(made, port)):
        return made
    if inspect.iscoroutine(made):
        made.close()
    raise SettingsError(
        f"{setting.upper()}: {name} made no {port.__name__}: {type(made).__name__} is without {', '.join(missing)}"
    )


def missing_members(made: object, port: type) -> list[str]:
    """What `made` lacks of the public names that the protocol `port` itself has; empty if it can be one."""
    return [name for name in vars(port) if not name.startswith("_") and not hasattr(made, name)]

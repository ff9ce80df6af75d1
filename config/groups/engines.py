"""Settings: which engines hear, answer and speak, each by its name or by `package.module:factory`."""

from typing import Annotated

import msgspec

from config import kinds
from config.variables import Variable


class Engines(msgspec.Struct, frozen=True, kw_only=True):
    """Which engines hear, answer and speak, each by its name or by `package.module:factory`."""

    voice_activity: Annotated[
        str,
        Variable(
            "VOICE_ACTIVITY", "Voice activity detector; unset: the best one installed", kinds.engine("silero", "energy")
        ),
    ] = ""
    end_of_turn: Annotated[
        str,
        Variable(
            "END_OF_TURN",
            "What decides when a caller is done: `words`, or `silence` of one length; unset: words",
            kinds.engine("words", "silence"),
        ),
    ] = ""
    speech_recognizer: Annotated[
        str,
        Variable(
            "SPEECH_RECOGNIZER",
            "Speech to text; unset: the best one configured",
            kinds.engine("azure", "moonshine"),
        ),
    ] = ""
    speech_recognizer_fallback: Annotated[
        str,
        Variable(
            "SPEECH_RECOGNIZER_FALLBACK",
            "Takes over when SPEECH_RECOGNIZER fails; unset: nothing does",
            kinds.engine("azure", "moonshine"),
        ),
    ] = ""
    speech_synthesizer: Annotated[
        str,
        Variable(
            "SPEECH_SYNTHESIZER",
            "Text to speech; unset: the best one configured",
            kinds.engine("azure", "hibari"),
        ),
    ] = ""
    speech_synthesizer_fallback: Annotated[
        str,
        Variable(
            "SPEECH_SYNTHESIZER_FALLBACK",
            "Takes over, in its own voice, when SPEECH_SYNTHESIZER fails",
            kinds.engine("azure", "hibari"),
        ),
    ] = ""
    language_model: Annotated[
        str,
        Variable(
            "LANGUAGE_MODEL", "What answers; unset: the best one configured", kinds.engine("azure", "openai", "script")
        ),
    ] = ""
    language_model_fallback: Annotated[
        str,
        Variable(
            "LANGUAGE_MODEL_FALLBACK",
            "Answers when LANGUAGE_MODEL fails before its first word",
            kinds.engine("azure", "openai", "script"),
        ),
    ] = ""
    realtime_model: Annotated[
        str,
        Variable(
            "REALTIME_MODEL",
            "Speech to speech; unset: the best one configured",
            kinds.engine("azure_voice_live", "azure", "openai"),
        ),
    ] = ""
    voice_live_transcriber: Annotated[
        str,
        Variable(
            "VOICE_LIVE_TRANSCRIBER",
            "Speech to text that listens beside REALTIME_MODEL, whose words confirm an interruption and tell what the "
            "caller said; unset: nothing does",
            kinds.engine("azure", "moonshine"),
        ),
    ] = ""

"""Settings: how any speech-to-speech model speaks and hears."""

from enum import StrEnum
from typing import Annotated

import msgspec

from config import kinds
from config.variables import Variable


class NoiseReduction(StrEnum):
    """Where the caller's microphone is, for the reduction of noise."""

    OFF = "off"
    NEAR_FIELD = "near_field"
    FAR_FIELD = "far_field"


class TurnDetection(StrEnum):
    """What besides our own voice activity looks for turns in what a model hears."""

    OFF = "off"
    SERVER_VAD = "server_vad"


class RealtimeFallback(StrEnum):
    """What becomes of a session whose speech-to-speech model has failed."""

    MEDIA = "media"
    NONE = "none"


class PhrasesIn(StrEnum):
    """In whose voice an agent's fixed phrases are said where a speech-to-speech model answers."""

    SYNTHESIZER = "synthesizer"
    MODEL = "model"


class Realtime(msgspec.Struct, frozen=True, kw_only=True):
    """How any speech-to-speech model speaks and hears."""

    voice: Annotated[
        str,
        Variable(
            "REALTIME_VOICE",
            "Voice of agents whose own voice the service does not have; unset: the service's own",
            kinds.identifier("a voice's name"),
        ),
    ] = ""
    transcription_model: Annotated[
        str,
        Variable(
            "REALTIME_TRANSCRIPTION_MODEL",
            "What writes down the caller's words beside the model, not on Azure Voice Live; unset: nothing does",
            kinds.identifier("a model's name"),
        ),
    ] = ""
    noise_reduction: Annotated[
        NoiseReduction,
        Variable(
            "REALTIME_NOISE_REDUCTION",
            "Reduction of noise in what the model hears, not on Azure Voice Live",
            kinds.one_of(NoiseReduction),
        ),
    ] = NoiseReduction.OFF
    turn_detection: Annotated[
        TurnDetection,
        Variable(
            "REALTIME_TURN_DETECTION",
            "What looks for turns of the caller in the service beside us, not on Azure Voice Live: with server_vad it "
            "commits what it takes for one; it neither answers nor interrupts by itself, and what is noise is deleted",
            kinds.one_of(TurnDetection),
        ),
    ] = TurnDetection.OFF
    phrases: Annotated[
        PhrasesIn,
        Variable(
            "REALTIME_PHRASES",
            "Who says the greeting and the other fixed phrases of an agent: model has them read aloud by it, those "
            "that are always the same once for each agent and process, others when they are said; what it does not "
            "read word for word, or not in time, is said by SPEECH_SYNTHESIZER",
            kinds.one_of(PhrasesIn),
        ),
    ] = PhrasesIn.SYNTHESIZER
    fallback: Annotated[
        RealtimeFallback,
        Variable(
            "REALTIME_MODEL_FALLBACK",
            "What takes over within a call when the model fails for good: media is SPEECH_RECOGNIZER and "
            "LANGUAGE_MODEL, where people can be heard without the model; with none the caller is told, and the call "
            "ends",
            kinds.one_of(RealtimeFallback),
        ),
    ] = RealtimeFallback.MEDIA

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

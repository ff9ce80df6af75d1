"""Settings: the agents, and what a session has that asks for nothing else."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import msgspec

from config import kinds
from config.variables import Variable


class StreamingMode(StrEnum):
    """What a session does with the audio of its caller."""

    MEDIA = "media"
    VOICE_LIVE = "voice_live"
    TRANSCRIPTION = "transcription"


class Agents(msgspec.Struct, frozen=True, kw_only=True):
    """The agents, and what a session has that asks for nothing else."""

    directory: Annotated[Path, Variable("AGENTS_DIRECTORY", "Where the agents' YAML files are", kinds.directory())] = (
        Path("config/agents")
    )
    default: Annotated[
        str,
        Variable(
            "DEFAULT_AGENT",
            "Agent of a session that asks for none; unset: the first by name",
            kinds.matching("an agent's name", r"[a-z][a-z0-9_-]{0,63}"),
        ),
    ] = ""
    streaming_mode: Annotated[
        StreamingMode,
        Variable("ACS_STREAMING_MODE", "Mode of a session that asks for none", kinds.one_of(StreamingMode)),
    ] = StreamingMode.MEDIA
    recognized_language: Annotated[
        tuple[str, ...],
        Variable(
            "RECOGNIZED_LANGUAGE",
            "Languages that callers speak; unset: those of the agent",
            kinds.each("language tags such as en-US", r"[a-z]{2,3}(-[0-9A-Za-z]{2,8})*"),
        ),
    ] = ()
    time_zone: Annotated[
        str, Variable("TIME_ZONE", "Zone of the date and time that language models are told", kinds.time_zone())
    ] = "UTC"

"""The environment, read once into one frozen Struct of groups. Nothing else in the product reads it.

A group is a Struct in config/groups; each of its fields names the variable that it is read from, with its default, its
meaning and its kind. `--help` and the messages about wrong values come from there, and a test holds the tables of
docs/environment.md to it.
"""

import os
import re
from collections.abc import Iterable, Mapping
from typing import Any, Self

import msgspec

from config import variables
from config.groups.access import Access
from config.groups.acs import Acs
from config.groups.agents import Agents
from config.groups.azure_openai import AzureOpenAI
from config.groups.azure_speech import AzureSpeech
from config.groups.azure_voice_live import AzureVoiceLive
from config.groups.engines import Engines
from config.groups.entra import Entra
from config.groups.evals import Evals
from config.groups.event_grid import EventGrid
from config.groups.limits import Limits
from config.groups.logs import Logs
from config.groups.openai import OpenAI
from config.groups.realtime import Realtime
from config.groups.records import Records
from config.groups.redis import Redis
from config.groups.server import Server
from config.groups.telemetry import Telemetry
from config.groups.telephony import Telephony
from config.misspelt import misspelt
from config.silent_libraries import NO_REPORTS
from config.variables import Documented

ENGINE_VARIABLES = (
    NO_REPORTS,
    *("PATH", "HOME", "TMPDIR", "TZ", "LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"),
    *("PYTHONPATH", "PYTHONHOME", "PYTHONUTF8", "PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX", "VIRTUAL_ENV"),
    *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"),
)
"""Variables that a Python program and its native libraries need to start. All others may hold secrets."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is set from outside, by group. An unset or empty variable has its default."""

    server: Server = msgspec.field(default_factory=Server)
    limits: Limits = msgspec.field(default_factory=Limits)
    logs: Logs = msgspec.field(default_factory=Logs)
    telemetry: Telemetry = msgspec.field(default_factory=Telemetry)
    records: Records = msgspec.field(default_factory=Records)
    access: Access = msgspec.field(default_factory=Access)
    entra: Entra = msgspec.field(default_factory=Entra)
    agents: Agents = msgspec.field(default_factory=Agents)
    engines: Engines = msgspec.field(default_factory=Engines)
    azure_openai: AzureOpenAI = msgspec.field(default_factory=AzureOpenAI)
    openai: OpenAI = msgspec.field(default_factory=OpenAI)
    evals: Evals = msgspec.field(default_factory=Evals)
    azure_speech: AzureSpeech = msgspec.field(default_factory=AzureSpeech)
    realtime: Realtime = msgspec.field(default_factory=Realtime)
    azure_voice_live: AzureVoiceLive = msgspec.field(default_factory=AzureVoiceLive)
    telephony: Telephony = msgspec.field(default_factory=Telephony)
    acs: Acs = msgspec.field(default_factory=Acs)
    event_grid: EventGrid = msgspec.field(default_factory=EventGrid)
    redis: Redis = msgspec.field(default_factory=Redis)

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Self:
        """Take every variable from `environ`; others in it are not looked at.

        Raises:
            SettingsError: a value cannot be used; names the first such variable.
        """
        given: dict[str, Any] = {name: variables.read(group, environ) for name, group in groups().items()}
        return cls(**given)


def groups() -> dict[str, type[msgspec.Struct]]:
    """The groups of settings, by field of `Settings` and in their order."""
    return {field.name: field.type for field in msgspec.structs.fields(Settings)}


def read_settings() -> Settings:
    """The settings of this process.

    Raises:
        SettingsError: as `Settings.read`.
    """
    return Settings.read(os.environ)


def set_variables() -> frozenset[str]:
    """The names of those variables that are set for this process, and not empty."""
    return frozenset(row.name for row in documented() if os.environ.get(row.name, "").strip())


def engine_environment() -> dict[str, str]:
    """What a program that this one starts as an engine is given of the environment: how to run, and no secret."""
    return {name: os.environ[name] for name in ENGINE_VARIABLES if name in os.environ}


def named_variables(names: Iterable[str]) -> dict[str, str]:
    """Those of these variables of the process that are set: what an agent's file hands on by name."""
    return {name: os.environ[name] for name in names if name in os.environ}


def otel_variables_quoted(text: str) -> list[str]:
    """The names of OpenTelemetry's variables of this process whose value a text quotes, or that it names."""
    given = {name: value.strip() for name, value in os.environ.items() if name.startswith("OTEL_") and value.strip()}
    # Its own messages leave the prefix out now and then, or say "export interval".
    words = {
        name: rf"(OTEL_)?{name.removeprefix('OTEL_')}|{' '.join(name.lower().split('_')[-2:])}|{re.escape(value)}"
        for name, value in given.items()
    }
    return sorted(name for name, word in words.items() if re.search(rf"(?<!\w)({word})(?!\w)", text))


def misspelt_variables(environ: Mapping[str, str] | None = None) -> list[str]:
    """A line for each variable of this process that looks like a misspelt setting, since it is not read."""
    known = [row.name for row in documented()]
    return [
        f"{name} is set, and not read" + (f": is {nearest} meant?" if nearest else "")
        for name, nearest in misspelt(os.environ if environ is None else environ, known)
    ]


def documented() -> list[Documented]:
    """The table of variables, in the order of the groups and of their fields."""
    return [row for group in groups().values() for row in variables.documented(group)]

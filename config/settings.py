"""The environment, read once into one frozen Struct. Nothing else in the product reads it.

The class `Settings` is the table of variables: each field is the variable of the same name in upper case, with its
default, its meaning and its kind. `--help` and the messages about wrong values come from there, and a test holds the
README's table to it.
"""

import hmac
import os
import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Self, TypeVar, get_type_hints

import msgspec

Number = TypeVar("Number", int, float)

ENGINE_REFERENCE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")
"""`package.module:factory`."""


class SettingsError(Exception):
    """A variable has a value that cannot be used. The text is one line for the person who set it."""


class Secret:
    """A value that no log, repr or traceback shows."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself, for the one place that needs it."""
        return self._value

    def matches(self, candidate: str) -> bool:
        """Compare in constant time."""
        return hmac.compare_digest(self._value.encode(), candidate.encode())

    def __repr__(self) -> str:
        return "Secret(***)"


class StreamingMode(StrEnum):
    """What a session does with the audio of its caller."""

    MEDIA = "media"
    TRANSCRIPTION = "transcription"


class LogLevel(StrEnum):
    """The least important thing that is still logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Kind(msgspec.Struct, frozen=True):
    """How a variable's text becomes a value, and what is allowed, in words.

    `parse` raises ValueError for a text that is not allowed; the error's own text is not shown.
    """

    allowed: str
    parse: Callable[[str], Any]
    secret: bool = False


class Variable(msgspec.Struct, frozen=True):
    """What a field of `Settings` says about itself."""

    help: str
    kind: Kind


class Documented(msgspec.Struct, frozen=True):
    """One row of the table of variables. `default` is as one would write it, empty for none."""

    name: str
    default: str
    help: str
    allowed: str


def _whole(low: int, high: int) -> Kind:
    return Kind(f"a whole number from {low} to {high}", lambda text: _within(int(text), low, high))


def _seconds(low: float, high: float) -> Kind:
    return Kind(f"a number of seconds from {low:g} to {high:g}", lambda text: _within(float(text), low, high))


def _within(number: Number, low: Number, high: Number) -> Number:
    if not low <= number <= high:
        raise ValueError
    return number


def _one_of(choices: type[StrEnum]) -> Kind:
    return Kind("one of " + ", ".join(choices), lambda text: choices(text.lower()))


def _switch() -> Kind:
    words = {"on": True, "true": True, "yes": True, "1": True, "off": False, "false": False, "no": False, "0": False}

    def parse(text: str) -> bool:
        try:
            return words[text.lower()]
        except KeyError:
            raise ValueError from None

    return Kind("on or off", parse)


def _matching(allowed: str, pattern: str, *, secret: bool = False) -> Kind:
    return Kind(allowed, lambda text: _full_match(pattern, text), secret)


def _full_match(pattern: str, text: str) -> str:
    if re.fullmatch(pattern, text) is None:
        raise ValueError
    return text


def _engine(*built_in: str) -> Kind:
    def parse(text: str) -> str:
        if text in built_in or ENGINE_REFERENCE.fullmatch(text):
            return text
        raise ValueError

    return Kind(f"{', '.join(built_in)} or package.module:factory", parse)


def _each(allowed: str, pattern: str) -> Kind:
    def parse(text: str) -> tuple[str, ...]:
        return tuple(_full_match(pattern, item.strip()) for item in text.split(",") if item.strip())

    return Kind(f"{allowed}, separated by commas", parse)


def _secret() -> Kind:
    plain = _matching("at least 16 printable characters without spaces", r"[!-~]{16,}", secret=True)
    return Kind(plain.allowed, lambda text: Secret(plain.parse(text)), secret=True)


def _directory() -> Kind:
    return Kind("a path", Path)


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is set from outside. An unset or empty variable has its default."""

    host: Annotated[
        str,
        Variable(
            "Address to listen on: a name, an IPv4 or an IPv6 address. `make run` sets 127.0.0.1",
            _matching("a host name or an address", r"[0-9A-Za-z._:%-]+"),
        ),
    ] = "0.0.0.0"
    port: Annotated[int, Variable("Port to listen on; 0 takes a free one", _whole(0, 65_535))] = 8000
    web_concurrency: Annotated[int, Variable("Worker processes", _whole(1, 64))] = 1
    drain_grace_s: Annotated[
        float, Variable("Seconds from SIGTERM to the end of the last worker, at most", _seconds(1, 3_600))
    ] = 30.0
    max_concurrent_sessions: Annotated[
        int, Variable("Sessions of one worker; more are refused at once", _whole(1, 10_000))
    ] = 100
    log_level: Annotated[LogLevel, Variable("The least important thing that is logged", _one_of(LogLevel))] = (
        LogLevel.INFO
    )
    log_content: Annotated[
        bool, Variable("Whether what people say may appear in logs and operators' views", _switch())
    ] = False
    voice_activity: Annotated[
        str, Variable("Voice activity detector; unset: the best one installed", _engine("silero", "energy"))
    ] = ""
    speech_recognizer: Annotated[
        str, Variable("Speech to text; unset: the best one configured", _engine("pocketsphinx"))
    ] = ""
    speech_synthesizer: Annotated[
        str, Variable("Text to speech; unset: the best one configured", _engine("espeak"))
    ] = ""
    language_model: Annotated[str, Variable("What answers; unset: the best one configured", _engine("script"))] = ""
    acs_streaming_mode: Annotated[
        StreamingMode, Variable("Mode of a session that asks for none", _one_of(StreamingMode))
    ] = StreamingMode.MEDIA
    allowed_origins: Annotated[
        tuple[str, ...],
        Variable(
            "Other origins whose pages may use this server; unset: its own page only",
            _each("origins such as https://example.org, or *", r"\*|https?://[^/\s,]+"),
        ),
    ] = ()
    operator_token: Annotated[
        Secret | None,
        Variable("Opens the routes that change or reveal; unset: they answer only on loopback", _secret()),
    ] = None
    recognized_language: Annotated[
        tuple[str, ...],
        Variable(
            "Languages that callers speak; unset: those of the agent",
            _each("language tags such as en-US", r"[a-z]{2,3}(-[0-9A-Za-z]{2,8})*"),
        ),
    ] = ()
    agents_directory: Annotated[Path, Variable("Where the agents' YAML files are", _directory())] = Path(
        "config/agents"
    )
    default_agent: Annotated[
        str,
        Variable(
            "Agent of a session that asks for none; unset: the first by name",
            _matching("an agent's name", r"[a-z][a-z0-9_-]{0,63}"),
        ),
    ] = ""

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Self:
        """Take every variable from `environ`; others in it are not looked at.

        Raises:
            SettingsError: a value cannot be used; names the first such variable.
        """
        given: dict[str, Any] = {}
        for field, variable in _variables().items():
            text = environ.get(field.upper(), "").strip()
            if text:
                given[field] = _parsed(field.upper(), text, variable.kind)
        return cls(**given)


def read_settings() -> Settings:
    """The settings of this process.

    Raises:
        SettingsError: as `Settings.read`.
    """
    return Settings.read(os.environ)


def documented() -> list[Documented]:
    """The table of variables, in the order of the class."""
    defaults = {field.name: field.default for field in msgspec.structs.fields(Settings)}
    return [
        Documented(field.upper(), _written(defaults[field]), variable.help, variable.kind.allowed)
        for field, variable in _variables().items()
    ]


def _variables() -> dict[str, Variable]:
    hints = get_type_hints(Settings, include_extras=True)
    return {field: hints[field].__metadata__[0] for field in Settings.__struct_fields__}


def _parsed(name: str, text: str, kind: Kind) -> Any:
    try:
        return kind.parse(text)
    except ValueError:
        problem = "has a value that cannot be used" if kind.secret else f"is {_shortened(text)!r}"
        raise SettingsError(f"{name} {problem}; it must be {kind.allowed}") from None


def _shortened(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."


def _written(default: Any) -> str:
    match default:
        case None:
            return ""
        case bool():
            return "on" if default else "off"
        case float():
            return f"{default:g}"
        case tuple():
            return ",".join(default)
        case _:
            return str(default)

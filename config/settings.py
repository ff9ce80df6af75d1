"""The environment, read once into one frozen Struct. Nothing else in the product reads it.

The class `Settings` is the table of variables: each field is the variable of the same name in upper case, with its
default, its meaning and its kind. `--help` and the messages about wrong values come from there, and a test holds the
table of docs/environment.md to it.
"""

import hmac
import ipaddress
import os
import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Self, TypeVar, get_type_hints
from zoneinfo import ZoneInfo

import msgspec

from config.errors import ConfigurationError
from config.misspelt import misspelt
from config.secret_strength import is_guessable

Number = TypeVar("Number", int, float)

ENGINE_REFERENCE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")
"""`package.module:factory`."""

ENGINE_VARIABLES = (
    *("PATH", "HOME", "TMPDIR", "TZ", "LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"),
    *("PYTHONPATH", "PYTHONHOME", "PYTHONUTF8", "PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX", "VIRTUAL_ENV"),
    *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"),
)
"""Variables that a Python program and its native libraries need to start. All others may hold secrets."""


class SettingsError(ConfigurationError):
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
        """Whether `candidate` is the value, compared in constant time so that the time taken tells nothing of it."""
        return hmac.compare_digest(self._value.encode(), candidate.encode())

    def __repr__(self) -> str:
        return "Secret(***)"


class StreamingMode(StrEnum):
    """What a session does with the audio of its caller."""

    MEDIA = "media"
    TRANSCRIPTION = "transcription"


class BrowserAuth(StrEnum):
    """How a browser proves who it is."""

    OFF = "off"
    TOKEN = "token"
    ENTRA = "entra"


class DrainPolicy(StrEnum):
    """What happens to live conversations when the server is told to end."""

    FINISH = "finish"
    """They may end by themselves until the grace is nearly over; what is left then says goodbye."""
    GOODBYE = "goodbye"
    """They say goodbye at once."""


class OutboundCase(StrEnum):
    """How keys are spelled in what ACS is sent on the media socket."""

    PASCAL = "pascal"
    CAMEL = "camel"


class Participants(StrEnum):
    """Whom the agent hears of those on a call."""

    CALLER = "caller"
    ALL = "all"


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


class Documented(msgspec.Struct, frozen=True, kw_only=True):
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


def _number_of(*choices: int) -> Kind:
    def parse(text: str) -> int:
        if int(text) not in choices:
            raise ValueError
        return int(text)

    return Kind("one of " + ", ".join(map(str, choices)), parse)


def _keys() -> Kind:
    plain = _matching("4 to 16 digits", r"[0-9]{4,16}", secret=True)
    return Kind(plain.allowed, lambda text: Secret(plain.parse(text)), secret=True)


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


def _each(allowed: str, pattern: str, *, secret: bool = False) -> Kind:
    def parse(text: str) -> tuple[str, ...]:
        return tuple(_full_match(pattern, item.strip()) for item in text.split(",") if item.strip())

    return Kind(f"{allowed}, separated by commas", parse, secret)


def _proxies() -> Kind:
    def parse(text: str) -> tuple[str, ...]:
        names = () if text == "none" else tuple(name.strip() for name in text.split(",") if name.strip())
        for name in names:
            if name != "private":
                ipaddress.ip_network(name, strict=False)
        return names

    return Kind("addresses or networks separated by commas, private among them, or none", parse)


def _agents_by_number() -> Kind:
    def parse(text: str) -> tuple[tuple[str, str], ...]:
        routes: dict[str, str] = {}
        for item in filter(None, (item.strip() for item in text.split(","))):
            number, _, agent = _full_match(r"\+[1-9]\d{1,14}=[a-z][a-z0-9_-]{0,63}", item).partition("=")
            if number in routes:
                raise ValueError
            routes[number] = agent
        return tuple(routes.items())

    return Kind("of the form +12065550100=AGENT, separated by commas, each number once", parse, secret=True)


def _time_zone() -> Kind:
    def parse(text: str) -> str:
        try:
            ZoneInfo(text)
        except (KeyError, OSError):
            raise ValueError from None
        return text

    return Kind("a time zone such as Europe/Zurich", parse)


def _secret() -> Kind:
    plain = _matching("at least 16 printable characters without spaces", r"[!-~]{16,}", secret=True)
    return Kind(plain.allowed, lambda text: Secret(plain.parse(text)), secret=True)


class GuessableError(ConfigurationError, ValueError):
    """A secret is of the form that is allowed, and easy to guess."""


def _hard_to_guess(least: int) -> Kind:
    plain = _matching(f"at least {least} printable characters without spaces", rf"[!-~]{{{least},}}", secret=True)

    def parse(text: str) -> Secret:
        if is_guessable(plain.parse(text)):
            raise GuessableError
        return Secret(text)

    return Kind(plain.allowed, parse, secret=True)


def _address() -> Kind:
    address = _matching("an http or https address without query", r"https?://[^/\s?#@]+(/[^\s?#]*)?")
    return Kind(address.allowed, lambda text: address.parse(text).rstrip("/"))


def _connection_string() -> Kind:
    pattern = r"(?i)(?=(.*;)?endpoint=https?://[^;]+)(?=(.*;)?accesskey=[^;]+)[!-~]+"
    plain = _matching("of the form endpoint=https://...;accesskey=...", pattern, secret=True)
    return Kind(plain.allowed, lambda text: Secret(plain.parse(text)), secret=True)


def _key() -> Kind:
    plain = _matching("printable characters without spaces", r"[!-~]{1,512}", secret=True)
    return Kind(plain.allowed, lambda text: Secret(plain.parse(text)), secret=True)


def _name(allowed: str) -> Kind:
    """An identifier that some directory gives out: a GUID, a domain, a URI."""
    return _matching(allowed, r"[!-~]{1,256}")


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
    drain_policy: Annotated[
        DrainPolicy,
        Variable(
            "What live conversations do on SIGTERM: finish by themselves, with a goodbye shortly before the grace is "
            "over, or say goodbye at once",
            _one_of(DrainPolicy),
        ),
    ] = DrainPolicy.FINISH
    worker_timeout_s: Annotated[
        float,
        Variable("A worker whose event loop has not turned for this long is killed and replaced", _seconds(2, 600)),
    ] = 15.0
    max_concurrent_sessions: Annotated[
        int, Variable("Sessions of one worker; more are refused at once", _whole(1, 10_000))
    ] = 100
    client_sessions: Annotated[
        int, Variable("Browser sessions that one client may have at once; 0: no limit", _whole(0, 10_000))
    ] = 10
    client_connections_per_minute: Annotated[
        int, Variable("WebSockets that one client may open in a minute; 0: no limit", _whole(0, 1_000_000))
    ] = 60
    client_texts_per_minute: Annotated[
        int, Variable("Texts that one client may type in a minute; 0: no limit", _whole(0, 1_000_000))
    ] = 60
    client_model_requests_per_minute: Annotated[
        int,
        Variable("Requests to the language model that one client may cause in a minute", _whole(0, 1_000_000)),
    ] = 120
    client_model_tokens_per_minute: Annotated[
        int,
        Variable("Tokens of the language model that one client may use in a minute", _whole(0, 1_000_000_000)),
    ] = 300_000
    client_requests_per_minute: Annotated[
        int,
        Variable("Browser tokens and calls that one client may ask for in a minute; 0: no limit", _whole(0, 1_000_000)),
    ] = 60
    client_relays: Annotated[
        int, Variable("Dashboard sockets that one client may have at once; 0: no limit", _whole(0, 10_000))
    ] = 10
    max_relays: Annotated[int, Variable("Dashboard sockets of one worker", _whole(1, 10_000))] = 100
    trusted_proxies: Annotated[
        tuple[str, ...],
        Variable(
            "Proxies whose X-Forwarded-For says who a client is; `private`: those on private addresses", _proxies()
        ),
    ] = ("private",)
    client_messages_per_s: Annotated[
        int,
        Variable(
            "WebSocket messages a second of one browser or dashboard, and as many times 1,280 bytes; ten seconds' worth"
            " may come at once, then the socket is closed with 1008",
            _whole(60, 100_000),
        ),
    ] = 200
    websocket_ping_interval_s: Annotated[
        float,
        Variable(
            "Seconds between pings of a WebSocket; a client that answers them and then is silent for three is dropped",
            _seconds(1, 60),
        ),
    ] = 5.0
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
        str, Variable("Speech to text; unset: the best one configured", _engine("azure", "pocketsphinx"))
    ] = ""
    speech_synthesizer: Annotated[
        str, Variable("Text to speech; unset: the best one configured", _engine("azure", "espeak"))
    ] = ""
    language_model: Annotated[
        str, Variable("What answers; unset: the best one configured", _engine("azure", "openai", "script"))
    ] = ""
    speech_recognizer_fallback: Annotated[
        str, Variable("Takes over when SPEECH_RECOGNIZER fails; unset: nothing does", _engine("azure", "pocketsphinx"))
    ] = ""
    speech_synthesizer_fallback: Annotated[
        str, Variable("Takes over, in its own voice, when SPEECH_SYNTHESIZER fails", _engine("azure", "espeak"))
    ] = ""
    language_model_fallback: Annotated[
        str,
        Variable("Answers when LANGUAGE_MODEL fails before its first word", _engine("azure", "openai", "script")),
    ] = ""
    azure_openai_endpoint: Annotated[
        str, Variable("Azure OpenAI resource; set, it is the language model", _address())
    ] = ""
    azure_openai_key: Annotated[Secret | None, Variable("Its key; unset: an Entra identity is used", _key())] = None
    azure_openai_chat_deployment_id: Annotated[
        str,
        Variable("Its deployment for agents that name none", _matching("a deployment's name", r"[A-Za-z0-9._-]{1,64}")),
    ] = ""
    azure_openai_api_version: Annotated[
        str, Variable("Version of its API", _matching("a version such as 2024-10-21", r"\d{4}-\d\d-\d\d(-preview)?"))
    ] = "2024-10-21"
    openai_model: Annotated[
        str,
        Variable(
            "Model of an OpenAI-compatible server; set, it is the language model if Azure OpenAI is not",
            _name("a model's name"),
        ),
    ] = ""
    openai_base_url: Annotated[str, Variable("That server; unset: OpenAI itself", _address())] = ""
    openai_api_key: Annotated[Secret | None, Variable("Its key", _key())] = None
    azure_speech_key: Annotated[
        Secret | None, Variable("Key of the Azure Speech resource; unset: an Entra identity is used", _key())
    ] = None
    azure_speech_region: Annotated[
        str, Variable("Its region", _matching("a region such as westeurope", r"[a-z][a-z0-9]{1,63}"))
    ] = ""
    azure_speech_endpoint: Annotated[
        str, Variable("Its own address, instead of the region", _matching("https://HOST", r"(https?|wss?)://[^\s?#]+"))
    ] = ""
    azure_speech_resource_id: Annotated[
        str,
        Variable(
            "Its id in Azure Resource Manager, which an identity needs that has only the region",
            _matching("of the form /subscriptions/...", r"/subscriptions/[!-~]{1,500}"),
        ),
    ] = ""
    azure_speech_segmentation_ms: Annotated[
        int, Variable("Silence after which it takes an utterance for complete, in ms", _whole(100, 5_000))
    ] = 500
    azure_speech_diarization: Annotated[
        bool, Variable("Whether it tells speakers apart: transcripts begin with a name for each", _switch())
    ] = False
    azure_speech_text_streaming: Annotated[
        bool,
        Variable("Whether it is sent a reply as that is written, in one request, and not by sentences", _switch()),
    ] = False
    azure_speech_undocumented: Annotated[
        bool,
        Variable(
            "Whether what its SDK does not document is used: quicker, at less CPU; off if a version breaks", _switch()
        ),
    ] = True
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
    allowed_hosts: Annotated[
        tuple[str, ...],
        Variable(
            "Other names in the Host header that this server answers to; unset: local names and that of BASE_URL if "
            "HOST is loopback, else all",
            _each("host names without a port, or *", r"\*|[0-9A-Za-z._:-]+"),
        ),
    ] = ()
    operator_token: Annotated[
        Secret | None,
        Variable(
            "Opens the routes that change or reveal; unset: they answer this machine, if HOST and BASE_URL are local",
            _hard_to_guess(16),
        ),
    ] = None
    browser_auth: Annotated[
        BrowserAuth | None,
        Variable(
            "What browsers bring: nothing, a token of this server, or one of Microsoft Entra; "
            "unset: off for this machine if HOST and BASE_URL are local, else token",
            _one_of(BrowserAuth),
        ),
    ] = None
    token_signing_key: Annotated[
        Secret | None,
        Variable(
            "Signs the tokens of browsers, for several servers behind one address; unset: a random key of this server",
            _hard_to_guess(32),
        ),
    ] = None
    base_url: Annotated[str, Variable("Address at which the outside reaches this server", _address())] = ""
    acs_connection_string: Annotated[
        Secret | None, Variable("Azure Communication Services, with its key", _connection_string())
    ] = None
    acs_endpoint: Annotated[str, Variable("The same without a key: Entra identity is used", _address())] = ""
    acs_source_phone_number: Annotated[
        str,
        Variable(
            "Number that outbound calls come from",
            _matching("a number such as +12065550100", r"\+[1-9]\d{1,14}", secret=True),
        ),
    ] = ""
    acs_sample_rate: Annotated[int, Variable("Rate of a call's audio in Hz, both ways", _number_of(16_000, 24_000))] = (
        16_000
    )
    acs_mixed_audio: Annotated[
        bool, Variable("Whether ACS mixes all voices of a call, or sends each by itself", _switch())
    ] = False
    acs_participants: Annotated[
        Participants,
        Variable(
            "Whom the agent hears of several people on a call: the caller, who is known by id, or all",
            _one_of(Participants),
        ),
    ] = Participants.CALLER
    acs_frame_ms: Annotated[int, Variable("Audio in each message that a call is sent, in ms", _number_of(20, 40))] = 20
    acs_outbound_case: Annotated[
        OutboundCase,
        Variable("Spelling of keys on the media socket; some older clients look for camel", _one_of(OutboundCase)),
    ] = OutboundCase.PASCAL
    handoff_phone_number: Annotated[
        str,
        Variable(
            "Number that callers are put through to when they want a person, or when there is no room for them",
            _matching("a number such as +12065550100", r"\+[1-9]\d{1,14}", secret=True),
        ),
    ] = ""
    blocked_callers: Annotated[
        tuple[str, ...],
        Variable(
            "Callers whose calls are rejected, `anonymous` for those who withhold their number",
            _each("numbers such as +12065550100, or anonymous", r"\+[1-9]\d{1,14}|anonymous", secret=True),
        ),
    ] = ()
    agent_by_number: Annotated[
        tuple[tuple[str, str], ...],
        Variable("Who answers calls to which number; unset: DEFAULT_AGENT answers all", _agents_by_number()),
    ] = ()
    call_access_code: Annotated[
        Secret | None,
        Variable("Keys that callers have to press before the conversation opens; unset: none", _keys()),
    ] = None
    enable_auth_validation: Annotated[
        bool | None,
        Variable(
            "Whether ACS and Event Grid have to prove who they are; "
            "unset: on if ACS is configured and BASE_URL is not loopback",
            _switch(),
        ),
    ] = None
    acs_audience: Annotated[
        str, Variable("Immutable resource id of the ACS resource, the audience of its tokens", _name("a GUID"))
    ] = ""
    acs_issuer: Annotated[str, Variable("Issuer of the tokens of ACS", _address())] = (
        "https://acscallautomation.communication.azure.com"
    )
    acs_jwks_url: Annotated[str, Variable("Where the keys of that issuer are", _address())] = (
        "https://acscallautomation.communication.azure.com/calling/keys"
    )
    event_grid_secret: Annotated[
        Secret | None,
        Variable(
            "Value of the delivery property x-earshot-event-grid-secret of the Event Grid subscription", _secret()
        ),
    ] = None
    event_grid_audience: Annotated[
        str,
        Variable(
            "Audience of Event Grid's tokens, if its delivery is protected by Entra",
            _name("an application id or its URI"),
        ),
    ] = ""
    event_grid_issuer: Annotated[str, Variable("Issuer of those; unset: the tenant", _name("an issuer"))] = ""
    azure_tenant_id: Annotated[
        str, Variable("Microsoft Entra tenant", _matching("a GUID or a domain", r"[0-9A-Za-z.-]{1,256}"))
    ] = ""
    azure_client_id: Annotated[
        str, Variable("This application in Entra, the audience of its tokens", _name("an application id"))
    ] = ""
    allowed_client_ids: Annotated[
        tuple[str, ...],
        Variable(
            "Applications whose users may come in; unset: all of the tenant",
            _each("application ids", r"[0-9A-Za-z-]{1,256}"),
        ),
    ] = ()
    entra_authority: Annotated[str, Variable("Where Entra is; sovereign clouds have their own", _address())] = (
        "https://login.microsoftonline.com"
    )
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
    state_directory: Annotated[
        Path | None,
        Variable(
            "Where ids of live calls are kept, so that a server that is started again takes them over; unset: nowhere",
            _directory(),
        ),
    ] = None
    time_zone: Annotated[str, Variable("Zone of the date and time that language models are told", _time_zone())] = "UTC"
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


def engine_environment() -> dict[str, str]:
    """What a program that this one starts as an engine is given of the environment: how to run, and no secret."""
    return {name: os.environ[name] for name in ENGINE_VARIABLES if name in os.environ}


def misspelt_variables(environ: Mapping[str, str] | None = None) -> list[str]:
    """A line for each variable of this process that looks like a misspelt setting, since it is not read."""
    lines = []
    for name, nearest in misspelt(
        os.environ if environ is None else environ, map(str.upper, Settings.__struct_fields__)
    ):
        lines.append(f"{name} is set, and not read" + (f": is {nearest} meant?" if nearest else ""))
    return lines


def documented() -> list[Documented]:
    """The table of variables, in the order of the class."""
    defaults = {field.name: field.default for field in msgspec.structs.fields(Settings)}
    return [
        Documented(
            name=field.upper(), default=_written(defaults[field]), help=variable.help, allowed=variable.kind.allowed
        )
        for field, variable in _variables().items()
    ]


def _variables() -> dict[str, Variable]:
    hints = get_type_hints(Settings, include_extras=True)
    return {field: hints[field].__metadata__[0] for field in Settings.__struct_fields__}


def _parsed(name: str, text: str, kind: Kind) -> Any:
    try:
        return kind.parse(text)
    except GuessableError:
        raise SettingsError(f"{name} is easy to guess; `openssl rand -hex 24` makes one that is not") from None
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

"""The kinds of values that variables have: how a text becomes a value, and what is allowed, in words."""

import ipaddress
import re
from collections.abc import Callable
from enum import StrEnum
from importlib.metadata import entry_points
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import msgspec

from config.errors import GuessableError
from config.secret import Secret
from config.secret_strength import is_guessable

Number = TypeVar("Number", int, float)

ENGINE_REFERENCE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")
"""Matches the reference to an engine of a plug-in: `package.module:name`."""


class Kind(msgspec.Struct, frozen=True):
    """How a variable's text becomes a value, and what is allowed, in words.

    `parse` raises ValueError for a text that is not allowed; the error's own text is not shown.
    """

    allowed: str
    parse: Callable[[str], Any]
    secret: bool = False


def whole(low: int, high: int) -> Kind:
    """A whole number from `low` to `high`, both included."""
    return Kind(f"a whole number from {low} to {high}", lambda text: _within(int(text), low, high))


def seconds(low: float, high: float) -> Kind:
    """A number of seconds from `low` to `high`, both included."""
    return Kind(f"a number of seconds from {low:g} to {high:g}", lambda text: _within(float(text), low, high))


def _within(number: Number, low: Number, high: Number) -> Number:
    if not low <= number <= high:
        raise ValueError
    return number


def number_of(*choices: int) -> Kind:
    """One of a few whole numbers."""

    def parse(text: str) -> int:
        if int(text) not in choices:
            raise ValueError
        return int(text)

    return Kind("one of " + ", ".join(map(str, choices)), parse)


def share(*words: str) -> Kind:
    """One of some words, or a share such as 0.1, kept as it is written."""

    def parse(text: str) -> str:
        if text.lower() in words:
            return text.lower()
        if not 0 < float(text) < 1:
            raise ValueError
        return text

    return Kind(f"{', '.join(words)} or a share between 0 and 1", parse)


def digits() -> Kind:
    """4 to 16 keys of a telephone, a secret that is not what everybody tries first."""
    plain = matching("4 to 16 digits", r"[0-9]{4,16}", secret=True)

    def parse(text: str) -> Secret:
        steps = {(int(b) - int(a)) % 10 for a, b in pairwise(plain.parse(text))}
        if len(steps) == 1 and steps <= {0, 1, 9}:
            raise ValueError
        return Secret(text)

    return Kind(f"{plain.allowed}, not all the same and not in a row", parse, secret=True)


def one_of(choices: type[StrEnum]) -> Kind:
    """A member of an enumeration by its value, in either case."""
    return Kind("one of " + ", ".join(choices), lambda text: choices(text.lower()))


def switch() -> Kind:
    """Yes or no, in the words that environments use."""
    words = {"on": True, "true": True, "yes": True, "1": True, "off": False, "false": False, "no": False, "0": False}

    def parse(text: str) -> bool:
        try:
            return words[text.lower()]
        except KeyError:
            raise ValueError from None

    return Kind("on or off", parse)


def matching(allowed: str, pattern: str, *, secret: bool = False) -> Kind:
    """A text that matches all of `pattern`, which `allowed` says in words. The value of a secret one is never shown."""
    return Kind(allowed, lambda text: _full_match(pattern, text), secret)


def _full_match(pattern: str, text: str) -> str:
    if re.fullmatch(pattern, text) is None:
        raise ValueError
    return text


def engine(*built_in: str) -> Kind:
    """The name of a built-in engine, or a reference to a factory of somebody's own."""

    def parse(text: str) -> str:
        if text in built_in or ENGINE_REFERENCE.fullmatch(text):
            return text
        raise ValueError

    return Kind(f"{', '.join(built_in)} or package.module:factory", parse)


def each(allowed: str, pattern: str, *, secret: bool = False) -> Kind:
    """A tuple of texts that match all of `pattern` each, written with commas between."""

    def parse(text: str) -> tuple[str, ...]:
        return tuple(_full_match(pattern, item.strip()) for item in text.split(",") if item.strip())

    return Kind(f"{allowed}, separated by commas", parse, secret)


def plug_ins(allowed: str, group: str) -> Kind:
    """Names of plug-ins of a library that are installed, separated by commas; `none` for none at all."""

    def parse(text: str) -> tuple[str, ...]:
        names = tuple(each.strip() for each in text.split(","))
        installed = {each.name for each in entry_points(group=group)} | {"none"}
        if not all(name in installed for name in names):
            raise ValueError
        return names

    return Kind(f"{allowed}, separated by commas", parse)


def proxies() -> Kind:
    """The networks of proxies that may say for whom they speak."""

    def parse(text: str) -> tuple[str, ...]:
        names = () if text == "none" else tuple(name.strip() for name in text.split(",") if name.strip())
        for name in names:
            if name != "private":
                ipaddress.ip_network(name, strict=False)
        return names

    return Kind("addresses or networks separated by commas, private among them, or none", parse)


def agents_by_number() -> Kind:
    """Pairs of a called number and the name of the agent who answers it; numbers are never shown."""
    return _by_number("AGENT", r"[a-z][a-z0-9_-]{0,63}")


def languages_by_number() -> Kind:
    """Pairs of a called number and the tag of the language of its callers; numbers are never shown."""
    return _by_number("de-DE", r"[a-z]{2,3}(-[0-9A-Za-z]{2,8})*")


def _by_number(example: str, pattern: str) -> Kind:
    def parse(text: str) -> tuple[tuple[str, str], ...]:
        routes: dict[str, str] = {}
        for item in filter(None, (item.strip() for item in text.split(","))):
            number, _, routed = _full_match(r"\+[1-9]\d{1,14}=" + pattern, item).partition("=")
            if number in routes:
                raise ValueError
            routes[number] = routed
        return tuple(routes.items())

    return Kind(f"of the form +12065550100={example}, separated by commas, each number once", parse, secret=True)


def time_zone() -> Kind:
    """A time zone of the IANA database by its name."""

    def parse(text: str) -> str:
        try:
            ZoneInfo(text)
        except (KeyError, OSError):
            raise ValueError from None
        return text

    return Kind("a time zone such as Europe/Zurich", parse)


def hard_to_guess(least: int) -> Kind:
    """A secret of `least` characters at least that is not easy to guess."""
    plain = matching(f"at least {least} printable characters without spaces", rf"[!-~]{{{least},}}", secret=True)

    def parse(text: str) -> Secret:
        if is_guessable(plain.parse(text)):
            raise GuessableError
        return Secret(text)

    return Kind(f"{plain.allowed}, hard to guess", parse, secret=True)


def host() -> Kind:
    """The host name or the address to listen on, without a port."""
    plain = matching("a host name or an address", r"[0-9A-Za-z._:%-]+")

    def parse(text: str) -> str:
        if ":" in plain.parse(text):
            ipaddress.IPv6Address(text)
        return text

    return Kind(plain.allowed, parse)


def host_names() -> Kind:
    """Names that stand in a Host header, each without its port; `*` for every name."""

    def parse(text: str) -> tuple[str, ...]:
        names = tuple(name.strip() for name in text.split(",") if name.strip())
        for name in names:
            # A name with a port would be one that no request has.
            if ":" in _full_match(r"\*|[0-9A-Za-z._:-]+", name):
                ipaddress.IPv6Address(name)
        return names

    return Kind("host names without a port, or *, separated by commas", parse)


_DEFAULT_PORTS = {"http": 80, "https": 443}


def origins() -> Kind:
    """Origins of pages as browsers write them, in lower case and without the usual port; `*` for every origin."""
    plain = each("origins such as https://example.org, or *", r"\*|(?i:https?)://[^/\s,?#@]+")

    def parse(text: str) -> tuple[str, ...]:
        return tuple(_as_browsers_write_it(origin) for origin in plain.parse(text))

    return Kind(plain.allowed, parse)


def _as_browsers_write_it(origin: str) -> str:
    parts = urlsplit(origin.lower())
    is_usual = parts.port is not None and parts.port == _DEFAULT_PORTS.get(parts.scheme)
    return origin.lower().removesuffix(f":{parts.port}") if is_usual else origin.lower()


def address() -> Kind:
    """The address of a server, without a slash at its end."""
    plain = matching("an http or https address without query", r"https?://[^/\s?#@]+(/[^\s?#]*)?")

    def parse(text: str) -> str:
        # Looked at for its own sake: a port that is none raises ValueError when it is asked for.
        _ = urlsplit(plain.parse(text)).port
        return text.rstrip("/")

    return Kind(plain.allowed, parse)


def connection_string() -> Kind:
    """The connection string of an Azure resource, a secret."""
    pattern = r"(?i)(?=(.*;)?endpoint=https?://[^;]+)(?=(.*;)?accesskey=[^;]+)[!-~]+"
    plain = matching("of the form endpoint=https://...;accesskey=...", pattern, secret=True)
    return Kind(plain.allowed, lambda text: Secret(plain.parse(text)), secret=True)


def application_insights() -> Kind:
    """The connection string of an Application Insights resource, a secret."""
    pattern = r"(?i)(?=(.*;)?instrumentationkey=[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(;|$))[!-~]+"
    plain = matching("of the form InstrumentationKey=...;IngestionEndpoint=https://...", pattern, secret=True)
    return Kind(plain.allowed, lambda text: Secret(plain.parse(text)), secret=True)


def api_key() -> Kind:
    """The key of an API, a secret."""
    plain = matching("printable characters without spaces", r"[!-~]{1,512}", secret=True)
    return Kind(plain.allowed, lambda text: Secret(plain.parse(text)), secret=True)


def key() -> Kind:
    """The key of a service, a secret that is kept as one."""
    plain = api_key()
    return Kind(plain.allowed, lambda text: Secret(plain.parse(text)), secret=True)


def redis_url() -> Kind:
    """The address of Redis, a secret since it may hold a password."""
    pattern = r"(rediss?://[!-~]+|unix://[!-~]+|redis\+sentinel://[!-~]+/[!-~]+)"
    allowed = "redis://, rediss:// or redis+sentinel://HOST,HOST/NAME/DB with a host, or unix:// with a path"
    plain = matching(allowed, pattern, secret=True)
    return Kind(plain.allowed, lambda text: Secret(plain.parse(text)), secret=True)


def identifier(allowed: str) -> Kind:
    """What some directory or service gives out: a GUID, a domain, a URI, a model's name."""
    return matching(allowed, r"[!-~]{1,256}")


def directory() -> Kind:
    """The path of a directory, which need not exist."""
    return Kind("a path", Path)

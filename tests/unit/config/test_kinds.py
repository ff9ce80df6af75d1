"""What texts a kind of value takes, and which it refuses."""

from enum import StrEnum
from typing import Any

import pytest

from config import kinds
from config.errors import GuessableError
from config.kinds import Kind
from config.secret import Secret


class Colour(StrEnum):
    RED = "red"


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (kinds.whole(0, 10), "10", 10),
        (kinds.seconds(1, 5), "2.5", 2.5),
        (kinds.number_of(20, 40), "40", 40),
        (kinds.one_of(Colour), "Red", Colour.RED),
        (kinds.switch(), "Yes", True),
        (kinds.switch(), "0", False),
        (kinds.matching("letters", "[a-z]+"), "abc", "abc"),
        (kinds.engine("azure"), "azure", "azure"),
        (kinds.engine("azure"), "my_engines.ears:make", "my_engines.ears:make"),
        (kinds.each("letters", "[a-z]+"), " a, b ,,", ("a", "b")),
        (kinds.proxies(), "private, 10.0.0.0/8", ("private", "10.0.0.0/8")),
        (kinds.proxies(), "none", ()),
        (kinds.agents_by_number(), "+12065550100=a, +12065550101=b", (("+12065550100", "a"), ("+12065550101", "b"))),
        (kinds.time_zone(), "Europe/Zurich", "Europe/Zurich"),
        (kinds.address(), "https://a.example/x/", "https://a.example/x"),
        (kinds.host_names(), "a.example, ::1,,*", ("a.example", "::1", "*")),
        (kinds.host(), "::1", "::1"),
        (kinds.host(), "fe80::1%eth0", "fe80::1%eth0"),
        (kinds.host(), "earshot.internal", "earshot.internal"),
        (kinds.identifier("a GUID"), "api://earshot", "api://earshot"),
    ],
)
def test_a_text_that_is_allowed_becomes_a_value(kind: Kind, text: str, value: Any) -> None:
    assert kind.parse(text) == value
    assert type(kind.parse(text)) is type(value)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (kinds.digits(), "4711"),
        (kinds.hard_to_guess(16), "sixteen-letters-"),
        (kinds.hard_to_guess(16), "correct-horse-battery"),
        (kinds.connection_string(), "AccessKey=c2VjcmV0;Endpoint=https://a.example"),
        (kinds.api_key(), "k"),
    ],
)
def test_a_secret_is_kept_as_one(kind: Kind, text: str) -> None:
    assert kind.secret
    value = kind.parse(text)
    assert isinstance(value, Secret)
    assert value.reveal() == text


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (kinds.whole(0, 10), "11"),
        (kinds.whole(0, 10), "1.0"),
        (kinds.seconds(1, 5), "nan"),
        (kinds.number_of(20, 40), "30"),
        (kinds.digits(), "123"),
        (kinds.one_of(Colour), "blue"),
        (kinds.switch(), "maybe"),
        (kinds.matching("letters", "[a-z]+"), "ab1"),
        (kinds.engine("azure"), "ears"),
        (kinds.each("letters", "[a-z]+"), "a,1"),
        (kinds.proxies(), "everybody"),
        (kinds.agents_by_number(), "+12065550100=a,+12065550100=b"),
        (kinds.time_zone(), "Mars/Base"),
        (kinds.time_zone(), "../etc/passwd"),
        (kinds.hard_to_guess(16), "short"),
        (kinds.address(), "https://a@b"),
        (kinds.address(), "https://a.example:99999"),
        (kinds.address(), "https://a.example:port"),
        (kinds.host_names(), "voice.example:443"),
        (kinds.host_names(), "a.example, localhost:8000"),
        (kinds.host(), "127.0.0.1:80"),
        (kinds.host(), "localhost:8000"),
        (kinds.host(), "[::1]"),
        (kinds.connection_string(), "accesskey=c2VjcmV0"),
        (kinds.api_key(), "a b"),
        (kinds.identifier("a GUID"), "a b"),
    ],
)
def test_a_text_that_is_not_allowed_is_a_value_error(kind: Kind, text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - its own text is never shown
        kind.parse(text)


def test_a_secret_that_is_easy_to_guess_is_refused_as_that() -> None:
    with pytest.raises(GuessableError):
        kinds.hard_to_guess(16).parse("aaaaaaaaaaaaaaaaaaaa")


@pytest.mark.parametrize("code", ["0000", "1111111111", "1234", "4321", "7890", "0987", "0123456789"])
def test_a_code_that_everybody_tries_first_is_not_taken(code: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - its own text is never shown
        kinds.digits().parse(code)


@pytest.mark.parametrize("code", ["4711", "1235", "2468", "1221", "0001"])
def test_other_codes_are_taken(code: str) -> None:
    assert kinds.digits().parse(code).reveal() == code


@pytest.mark.parametrize("path", ["agents", "/srv/agents"])
def test_a_path_need_not_exist(path: str) -> None:
    assert str(kinds.directory().parse(path)) == path


def test_plug_ins_are_those_that_are_installed() -> None:
    kind = kinds.plug_ins("tracecontext", "opentelemetry_propagator")
    assert kind.parse("tracecontext, baggage") == ("tracecontext", "baggage")
    assert kind.parse("none") == ("none",)
    for wrong in ("smoke", "tracecontext,", "tracecontext;baggage"):
        with pytest.raises(ValueError, match=r"^$"):
            kind.parse(wrong)

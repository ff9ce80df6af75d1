"""Variables that were meant for this server and have no name that it reads."""

import pytest

from config.misspelt import misspelt

KNOWN = ("BASE_URL", "ACS_ENDPOINT", "LANGUAGE_MODEL", "PORT", "SPEECH_RECOGNIZER")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("BASEURL", "BASE_URL"),
        ("BASE_URLL", "BASE_URL"),
        ("base_url", "BASE_URL"),
        ("ACS_ENDPONT", "ACS_ENDPOINT"),
        ("LANGUAGE_MODELL", "LANGUAGE_MODEL"),
        ("ACS_WHATEVER_ELSE_THERE_IS", ""),
    ],
)
def test_what_resembles_a_name_or_begins_as_ours_do_is_found(name: str, meant: str) -> None:
    assert list(misspelt([name], KNOWN)) == [(name, meant)]


@pytest.mark.parametrize("name", ["PATH", "HOME", "PORTS", "DATABASE_URL", "OTEL_SERVICE_NAME", "BASE_URL"])
def test_what_is_others_or_right_is_not(name: str) -> None:
    assert list(misspelt([name], KNOWN)) == []


def test_they_are_told_in_alphabetical_order() -> None:
    assert [name for name, _ in misspelt(["BASEURL", "ACS_ENDPONT"], KNOWN)] == ["ACS_ENDPONT", "BASEURL"]

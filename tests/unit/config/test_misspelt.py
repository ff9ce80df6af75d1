"""Variables that were meant for this server and have no name that it reads."""

from importlib import import_module

import pytest

from config.misspelt import OTEL_NAMES, misspelt

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


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("OTEL_EXPORTER_OTLP_ENDPIONT", "OTEL_EXPORTER_OTLP_ENDPOINT"),
        ("OTEL_EXPORTER_OTLP_ENDPOINTS", "OTEL_EXPORTER_OTLP_ENDPOINT"),
        ("OTEL_EXPORTER_OLTP_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"),
        ("OTEL_EXPORTER_OTLP_TRACE_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"),
        ("OTEL_METRIC_EXPORTER", "OTEL_METRICS_EXPORTER"),
        ("OTEL_TRACE_SAMPLER", "OTEL_TRACES_SAMPLER"),
        ("otel_service_name", "OTEL_SERVICE_NAME"),
    ],
)
def test_a_slip_in_a_name_of_opentelemetry_is_found(name: str, meant: str) -> None:
    assert list(misspelt([name], KNOWN)) == [(name, meant)]


@pytest.mark.parametrize(
    "name", ["OTEL_PYTHON_ID_GENERATOR", "OTEL_JAVAAGENT_ENABLED", "OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS"]
)
def test_what_other_languages_read_is_not(name: str) -> None:
    assert list(misspelt([name], KNOWN)) == []


def test_the_names_of_opentelemetry_are_those_of_its_sdk() -> None:
    read = {
        name
        for module in ("opentelemetry.sdk.environment_variables", "opentelemetry.environment_variables")
        for name in vars(import_module(module))
        if name.startswith("OTEL_") and not name.startswith("OTEL_PYTHON_")
    }
    gone = {name for name in OTEL_NAMES - read if not name.endswith("_PROTOCOL")}
    assert (read - OTEL_NAMES, gone) == (set(), set())


@pytest.mark.parametrize("name", ["PATH", "HOME", "PORTS", "DATABASE_URL", "OTEL_SERVICE_NAME", "BASE_URL"])
def test_what_is_others_or_right_is_not(name: str) -> None:
    assert list(misspelt([name], KNOWN)) == []


def test_they_are_told_in_alphabetical_order() -> None:
    assert [name for name, _ in misspelt(["BASEURL", "ACS_ENDPONT"], KNOWN)] == ["ACS_ENDPONT", "BASEURL"]

"""What the SDK refuses is a line that names the variable, and quotes no key."""

import pytest

from app.telemetry.refusal import is_refusal, refusal

ALL = "OpenTelemetry cannot use one of its variables: "


@pytest.mark.parametrize(
    ("variable", "value", "told", "line"),
    [
        ("OTEL_A", "smoke", "Unsupported compression type: smoke", "OTEL_A: Unsupported compression type: smoke"),
        ("OTEL_A", "x", "OTEL_A must be a number but got x. So there", "OTEL_A must be a number but got x"),
        ("OTEL_A", "", "Invalid\nvalue", "Invalid"),
        (
            "OTEL_EXPORTER_OTLP_HEADERS",
            "key-of-the-collector",
            "Header format invalid! Header values must be encoded: key-of-the-collector",
            "OTEL_EXPORTER_OTLP_HEADERS: it is no list of name=value, URL encoded, separated by commas",
        ),
        (
            "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
            "key-of-the-collector",
            "cannot use key-of-the-collector",
            "OTEL_EXPORTER_OTLP_TRACES_HEADERS: it is no list of name=value, URL encoded, separated by commas",
        ),
    ],
)
def test_a_refusal_names_the_variable_and_quotes_no_key(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, told: str, line: str
) -> None:
    monkeypatch.setenv(variable, value)
    assert str(refusal(told)) == ALL + line


def test_what_is_said_of_variables_that_are_not_set_is_no_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SAMPLER", "some")
    assert not is_refusal("Could not convert SAMPLER_ARG to float.")
    monkeypatch.setenv("OTEL_SAMPLER_ARG", "lots")
    assert is_refusal("Could not convert SAMPLER_ARG to float.")
    assert is_refusal("Header format invalid!")
    assert str(refusal("Could not convert SAMPLER_ARG to float.")).startswith(ALL + "OTEL_SAMPLER_ARG: ")

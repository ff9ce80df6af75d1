"""Turns what OpenTelemetry's SDK says of a variable that it cannot use into one line that names the variable."""

from config.errors import SettingsError
from config.settings import otel_variables_quoted

OF_HEADERS = "header"
"""A word in the SDK's errors about headers, which it quotes as a whole, with the key of the collector."""


def is_refusal(told: str) -> bool:
    """Whether a message of the SDK is about a variable that is set: the SDK also mentions some that are not."""
    return OF_HEADERS in told.lower() or bool(otel_variables_quoted(told))


def refusal(told: str) -> SettingsError:
    """The error for what the SDK has told, which may or may not name the variable, or quote what it is set to."""
    variables = otel_variables_quoted(told)
    if OF_HEADERS in told.lower() or any("HEADERS" in name for name in variables):
        variables = [name for name in variables if "HEADERS" in name] or ["OTEL_EXPORTER_OTLP_HEADERS"]
        told = "it is no list of name=value, URL encoded, separated by commas"
    first = told.partition(". ")[0].partition("\n")[0]
    named = "" if any(name in first for name in variables) else " ".join(f"{name}: " for name in variables)
    return SettingsError(f"OpenTelemetry cannot use one of its variables: {named}{first}")

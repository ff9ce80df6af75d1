import pytest

from config.errors import SettingsError
from config.settings import Settings, misspelt_variables

AZURE = "InstrumentationKey=00000000-0000-0000-0000-000000000001;IngestionEndpoint=http://127.0.0.1:9/"


@pytest.mark.parametrize(
    ("environ", "traces", "metrics", "prometheus", "leaves"),
    [
        ({}, False, False, False, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}, True, True, False, True),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, True, False, False, True),
        (
            {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318", "OTEL_TRACES_EXPORTER": "none"},
            *(False, True, False, True),
        ),
        ({"OTEL_METRICS_EXPORTER": "prometheus"}, False, False, True, True),
        ({"OTEL_METRICS_EXPORTER": "otlp,prometheus"}, False, True, True, True),
        ({"APPLICATIONINSIGHTS_CONNECTION_STRING": AZURE}, False, False, False, True),
        ({"APPLICATIONINSIGHTS_CONNECTION_STRING": AZURE, "OTEL_SDK_DISABLED": "true"}, False, False, False, False),
        ({"OTEL_METRICS_EXPORTER": "prometheus", "OTEL_SDK_DISABLED": "true"}, False, False, False, False),
    ],
)
def test_one_variable_turns_an_exporter_on(
    environ: dict[str, str], traces: bool, metrics: bool, prometheus: bool, leaves: bool
) -> None:
    telemetry = Settings.read(environ).telemetry
    said = (telemetry.traces_by_otlp, telemetry.metrics_by_otlp, telemetry.serves_prometheus)
    assert said == (traces, metrics, prometheus)
    assert telemetry.leaves_the_process is leaves


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("APPLICATIONINSIGHTS_CONNECTION_STRING", "InstrumentationKey=secret-of-ours"),
        ("APPLICATIONINSIGHTS_CONNECTION_STRING", "InstrumentationKey=" + "-secret-" * 4 + "ours"),
        ("APPLICATIONINSIGHTS_CONNECTION_STRING", "InstrumentationKey=" + "-" * 36),
        ("OTEL_METRICS_EXPORTER", "console"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317"),
    ],
)
def test_what_cannot_be_used_is_named_and_a_secret_not_shown(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name) as error:
        Settings.read({name: value})
    assert "secret-of-ours" not in str(error.value)


def test_the_sdks_own_variables_are_not_taken_for_misspelt_ones() -> None:
    assert misspelt_variables({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:4318/v1/traces"}) == []

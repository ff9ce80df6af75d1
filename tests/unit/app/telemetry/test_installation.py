import pytest

from app.telemetry.installation import described, require_usable_variables
from config.errors import SettingsError
from config.groups.telemetry import Telemetry
from config.settings import Settings


def test_the_process_is_named_by_the_environment_if_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OTEL_SERVICE_NAME", raising=False)
    assert described().attributes["service.name"] == "earshot"
    monkeypatch.setenv("OTEL_SERVICE_NAME", "voice")
    assert described().attributes["service.name"] == "voice"


def test_two_workers_are_told_apart() -> None:
    assert described().attributes["service.instance.id"] != described().attributes["service.instance.id"]


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("OTEL_BSP_MAX_QUEUE_SIZE", "0"),
        ("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "-5"),
        ("OTEL_SPAN_EVENT_COUNT_LIMIT", "x"),
        ("OTEL_BSP_SCHEDULE_DELAY", "soon"),
        ("OTEL_BSP_EXPORT_TIMEOUT", "1 s"),
        ("OTEL_TRACES_SAMPLER", "some of them"),
        ("OTEL_RESOURCE_ATTRIBUTES", "nonsense"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "often"),
    ],
)
def test_a_variable_that_the_sdk_refuses_is_one_line(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    require_usable_variables(Telemetry())
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError, match=r"^OpenTelemetry cannot use one of its variables: .+$"):
        require_usable_variables(Telemetry())


def test_a_sampler_without_its_argument_is_what_the_standard_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "parentbased_traceidratio")
    require_usable_variables(Telemetry())
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", "lots")
    with pytest.raises(SettingsError, match="OTEL_TRACES_SAMPLER_ARG: Could not convert"):
        require_usable_variables(Telemetry())


@pytest.mark.parametrize(
    ("variable", "value"), [("OTEL_EXPORTER_OTLP_COMPRESSION", "zip"), ("OTEL_EXPORTER_OTLP_TIMEOUT", "soon")]
)
def test_a_variable_that_an_exporter_refuses_is_one_line(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    sends = Settings.read({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"})
    require_usable_variables(sends.telemetry)
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError, match=rf"^OpenTelemetry cannot use one of its variables: .*{value}"):
        require_usable_variables(sends.telemetry)


@pytest.mark.parametrize(
    ("variables", "by_otlp"),
    [
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}, (True, True)),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:1/v1/traces"}, (True, False)),
        ({"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://127.0.0.1:1/v1/metrics"}, (False, True)),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:1", "OTEL_TRACES_EXPORTER": "none"}, (False, False)),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:1", "OTEL_SDK_DISABLED": "true"}, (False, False)),
    ],
)
def test_an_endpoint_for_one_signal_has_that_one_sent(variables: dict[str, str], by_otlp: tuple[bool, bool]) -> None:
    telemetry = Settings.read(variables).telemetry
    assert (telemetry.traces_by_otlp, telemetry.metrics_by_otlp) == by_otlp

"""`check` and `serve` say the same of an environment: one line that names the variable, or that it works."""

import signal
import sys
import tempfile
from subprocess import PIPE

import pytest

from config.errors import SettingsError
from config.settings import Settings, documented
from config.variables import Documented
from tests.kit.forking import start
from tests.kit.service_kit import FAKES
from tests.kit.serving import EARSHOT, environment, run, serve_command

WRONG = (
    *("nonsense value", "-1", "0", "1e400", "10 s", "http://", "https://[::1", "\u00e9\u00e9\u00e9", "a,b,,", "nan"),
    *("999999999999", "/nonexistent/x", "foo:bar", "redis://:p@h:x/"),
)
COLLECTOR = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}
ACS = {
    "ACS_CONNECTION_STRING": "endpoint=https://a.example/;accesskey=aGVsbG8=",
    "BASE_URL": "https://x.example",
    "ACS_AUDIENCE": "a",
}
REFUSED = (
    ({"TLS_CERTIFICATE": "/nonexistent"}, "TLS_KEY"),
    ({"ENABLE_AUTH_VALIDATION": "on"}, "ENABLE_AUTH_VALIDATION"),
    ({**ACS, "ACS_STREAMING_MODE": "voice_live"}, "ACS_STREAMING_MODE"),
    ({"HOST": "999.1.1.1"}, "HOST"),
    ({"RECORD_SESSIONS": "all", "RECORD_DIRECTORY": "/proc/x"}, "RECORD_DIRECTORY"),
    ({"LANGUAGE_MODEL": "tests.service.failing_engines:is_nothing"}, "LANGUAGE_MODEL"),
    ({"OTEL_PROPAGATORS": "smoke"}, "OTEL_PROPAGATORS"),
    ({**COLLECTOR, "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT": "x"}, "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT"),
    ({**COLLECTOR, "OTEL_METRICS_EXEMPLAR_FILTER": "x"}, "OTEL_METRICS_EXEMPLAR_FILTER"),
    ({**COLLECTOR, "OTEL_EXPORTER_OTLP_HEADERS": "key-of-the-collector"}, "OTEL_EXPORTER_OTLP_HEADERS"),
    ({**COLLECTOR, "OTEL_EXPORTER_OTLP_COMPRESSION": "smoke"}, "OTEL_EXPORTER_OTLP_COMPRESSION"),
    ({**COLLECTOR, "OTEL_TRACES_SAMPLER": "never"}, "OTEL_TRACES_SAMPLER"),
    ({"OTEL_METRICS_EXPORTER": "prometheus", "OTEL_METRIC_EXPORT_INTERVAL": "x"}, "OTEL_METRIC_EXPORT_INTERVAL"),
)
TAKEN = (
    {"REDIS_URL": "redis://127.0.0.1:1"},
    {"STATE_DIRECTORY": "/proc/x"},
    {**COLLECTOR, "OTEL_TRACES_SAMPLER": "traceidratio"},
)


@pytest.mark.parametrize("row", documented(), ids=lambda row: row.name)
def test_a_wrong_value_is_one_line_that_names_its_variable(row: Documented) -> None:
    told = [fault for value in WRONG if (fault := fault_of(row.name, value))]
    assert [fault for fault in told if not fault.startswith(row.name) or "\n" in fault] == []


def fault_of(name: str, value: str) -> str:
    """What is said of a value; empty for one that can be used."""
    try:
        Settings.read({name: value})
    except SettingsError as error:
        return str(error)
    return ""


def checked(variables: dict[str, str]) -> tuple[int, str]:
    """The exit status of `check`, and what it says of faults."""
    ended = run(sys.executable, "-m", "app", "check", **variables)
    return ended.returncode, ended.stderr


def served(variables: dict[str, str]) -> tuple[bool, str]:
    """Whether `serve` comes to listen, and what it says of faults if it does not."""
    with tempfile.TemporaryFile("w+") as errors:
        with start(serve_command(EARSHOT), environment(**variables), stdout=PIPE, stderr=errors, text=True) as process:
            assert process.stdout is not None
            listens = process.stdout.readline().startswith("Earshot is listening on ")
            process.send_signal(signal.SIGTERM)
            process.wait(120)
        errors.seek(0)
        return listens, errors.read()


@pytest.mark.parametrize(("variables", "named"), REFUSED, ids=[named for _, named in REFUSED])
def test_what_the_server_refuses_check_refuses_with_the_same_line(variables: dict[str, str], named: str) -> None:
    status, told = checked(variables)
    assert (status, told.count("\n")) == (2, 1), told
    assert named in told
    assert "key-of-the-collector" not in told
    assert served(variables) == (False, told)


@pytest.mark.parametrize("variables", TAKEN, ids=lambda variables: next(reversed(variables)))
def test_what_the_server_starts_with_check_takes(variables: dict[str, str]) -> None:
    assert checked(variables) == (0, "")
    # Engines of this machine have no part in this, and take longer to start than all the rest.
    assert served({**FAKES, **variables})[0]

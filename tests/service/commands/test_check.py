"""The release phase, as a platform runs it."""

import re
import sys
from pathlib import Path

import pytest

from app.commands.check import check
from app.configuration import usable_configuration
from app.configuration_warnings import warnings_of
from app.server.configuration_errors import CONFIGURATION_ERRORS
from app.telemetry import azure_monitor
from config.errors import SettingsError
from config.settings import Settings, misspelt_variables
from tests.kit.command_line import command
from tests.kit.redis_server import redis_server
from tests.kit.serving import run

CHECK = (sys.executable, "-m", "app", "check")


def test_what_comes_with_the_repository_can_be_used_and_the_licences_are_named() -> None:
    ended = run(*CHECK)
    assert (ended.returncode, ended.stderr) == (0, "")
    lines = ended.stdout.splitlines()
    assert lines[0].startswith("agents: ")
    assert "licence: Moonshine tiny is MIT, code and weights" in lines
    assert "licence: hibari is Apache-2.0, code and weights" in lines
    assert "GPL" not in ended.stdout


def test_an_engine_that_is_not_used_is_not_named() -> None:
    ended = command("check", SPEECH_SYNTHESIZER="tests.kit.fakes:synthesizer")
    assert ended.returncode == 0
    assert "SPEECH_SYNTHESIZER: tests.kit.fakes:synthesizer" in ended.stdout
    assert "hibari" not in ended.stdout


def test_a_wrong_value_is_one_line() -> None:
    ended = command("check", WEB_CONCURRENCY="many")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == "WEB_CONCURRENCY is 'many'; it must be a whole number from 1 to 64\n"


def test_an_engine_that_cannot_be_loaded_is_one_line() -> None:
    ended = command("check", LANGUAGE_MODEL="nowhere:make")
    assert (ended.returncode, ended.stderr) == (2, "LANGUAGE_MODEL: nowhere:make: there is no module nowhere\n")


def test_a_default_agent_that_does_not_exist_is_one_line() -> None:
    ended = command("check", DEFAULT_AGENT="nobody")
    assert ended.returncode == 2
    assert ended.stderr.startswith("DEFAULT_AGENT is 'nobody'; it must be one of ")
    assert ended.stderr.count("\n") == 1


def test_a_file_that_is_no_agent_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text("name: [\n")
    ended = command("check", AGENTS_DIRECTORY=str(tmp_path))
    assert ended.returncode == 2
    assert "broken.yaml" in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_such_a_file_stops_the_server_with_the_same_line(tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text("name: [\n")
    checked = run(*CHECK, AGENTS_DIRECTORY=str(tmp_path))
    served = run(sys.executable, "-m", "app", "serve", AGENTS_DIRECTORY=str(tmp_path))
    assert (served.returncode, served.stdout, served.stderr) == (2, "", checked.stderr)


ACS = {
    "ACS_CONNECTION_STRING": "endpoint=https://a.example/;accesskey=aGVsbG8=",
    "BASE_URL": "https://x.example",
    "ACS_AUDIENCE": "a",
}


def test_several_workers_with_telephony_want_redis(tmp_path: Path) -> None:
    ended = command("check", WEB_CONCURRENCY="2", **ACS)
    assert ended.returncode == 2
    assert ended.stderr == (
        "WEB_CONCURRENCY must be 1 where ACS is configured and Redis is not (REDIS_URL): the workers share no calls\n"
    )
    with redis_server(tmp_path) as redis:
        assert command("check", WEB_CONCURRENCY="2", REDIS_URL=redis.url, **ACS).returncode == 0


AGENT = "name: {name}\nlabel: Clerk\nlanguages: [{language}]\n"


@pytest.mark.parametrize(
    ("environ", "line"),
    [
        (
            {"AZURE_OPENAI_ENDPOINT": "https://a.example", "AZURE_OPENAI_KEY": "k"},
            "AZURE_OPENAI_CHAT_DEPLOYMENT_ID is unset, and the agent dentist names no model.deployment_id",
        ),
        (
            {
                "LANGUAGE_MODEL": "script",
                "LANGUAGE_MODEL_FALLBACK": "azure",
                "AZURE_OPENAI_ENDPOINT": "https://a.example",
                "AZURE_OPENAI_KEY": "k",
            },
            "AZURE_OPENAI_CHAT_DEPLOYMENT_ID is unset, and the agent dentist names no model.deployment_id",
        ),
        (
            {"ACS_CONNECTION_STRING": "endpoint=https://a.example/;accesskey=aaaa"},
            "ACS is configured, and does not know how to reach this server: set BASE_URL",
        ),
        (
            {"RECOGNIZED_LANGUAGE": "de-DE,fr-FR"},
            "SPEECH_RECOGNIZER: moonshine understands en only, and callers of the agent dentist speak de-DE, fr-FR "
            "(RECOGNIZED_LANGUAGE)",
        ),
        ({"OPERATOR_TOKEN": "a" * 16}, "OPERATOR_TOKEN is easy to guess; `openssl rand -hex 24` makes one that is not"),
    ],
)
def test_what_callers_would_be_the_first_to_meet_stops_check_and_the_making_of_a_server(
    environ: dict[str, str], line: str
) -> None:
    ended = command("check", **environ)
    assert (ended.returncode, ended.stdout, ended.stderr) == (2, "", line + "\n")
    with pytest.raises(CONFIGURATION_ERRORS, match=f"^{re.escape(line)}$"):
        usable_configuration(Settings.read(environ))


@pytest.mark.parametrize(
    ("environ", "line"),
    [
        ({"HOST": "192.0.2.1"}, "cannot listen on HOST 192.0.2.1: cannot assign requested address"),
        ({"REDIS_URL": "redis://127.0.0.1:99999"}, "REDIS_URL cannot be used: a port is a number up to 65535"),
        ({"OPERATOR_TOKEN": "a" * 16}, "OPERATOR_TOKEN is easy to guess; `openssl rand -hex 24` makes one that is not"),
        (
            {"EVENT_GRID_SECRET": "event-grid-secret"},
            "EVENT_GRID_SECRET is easy to guess; `openssl rand -hex 24` makes one that is not",
        ),
        (
            {"CALL_RECORD_SECRET": "secret-0123456789"},
            "CALL_RECORD_SECRET is easy to guess; `openssl rand -hex 24` makes one that is not",
        ),
    ],
)
def test_a_server_says_so_in_the_same_line(environ: dict[str, str], line: str) -> None:
    ended = run(sys.executable, "-m", "app", "serve", **environ)
    assert (ended.returncode, ended.stdout, ended.stderr) == (2, "", line + "\n")
    assert command("check", **environ).stderr == line + "\n"


def test_an_agent_whose_callers_no_engine_understands_is_named(tmp_path: Path) -> None:
    (tmp_path / "clerk.yaml").write_text(AGENT.format(name="clerk", language="de-DE"))
    ended = command("check", AGENTS_DIRECTORY=str(tmp_path))
    assert ended.returncode == 2
    assert "callers of the agent clerk speak de-DE" in ended.stderr
    understood = command("check", AGENTS_DIRECTORY=str(tmp_path), RECOGNIZED_LANGUAGE="en-GB")
    assert understood.returncode == 0
    assert "warning: the agent clerk has no dialogue" in understood.stdout


def test_a_directory_that_is_not_there_is_said_to_be_missing() -> None:
    ended = command("check", AGENTS_DIRECTORY="nowhere")
    assert ended.returncode == 2
    assert ended.stderr.startswith("nowhere: there is no agent: no such directory in ")
    assert "AGENTS_DIRECTORY" in ended.stderr


def test_what_is_on_is_said_for_each_feature() -> None:
    lines = command("check", HANDOFF_PHONE_NUMBER="+12065550100", CALL_ACCESS_CODE="4711").stdout.splitlines()
    for line in (
        "operators: this machine",
        "telephone: off (ACS_CONNECTION_STRING or ACS_ENDPOINT)",
        "access code of calls: on",
        "handing callers to a person: on",
    ):
        assert line in lines
    assert "4711" not in " ".join(lines)
    assert "+12065550100" not in " ".join(lines)


def test_where_telemetry_goes_is_said_and_a_missing_exporter_found(monkeypatch: pytest.MonkeyPatch) -> None:
    resource = "InstrumentationKey=00000000-0000-0000-0000-000000000001;IngestionEndpoint=http://127.0.0.1:9/"
    settings = Settings.read({"APPLICATIONINSIGHTS_CONNECTION_STRING": resource, "OTEL_METRICS_EXPORTER": "prometheus"})
    monkeypatch.setattr(azure_monitor, "PACKAGE", "opentelemetry.sdk.trace")
    assert "telemetry: Azure Monitor, Prometheus" in check(settings).features
    monkeypatch.setattr(azure_monitor, "PACKAGE", "azure.monitor.not_installed")
    with pytest.raises(SettingsError, match="the extra azure-monitor is not installed"):
        check(settings)
    assert "telemetry: off (OTEL_EXPORTER_OTLP_ENDPOINT)" in command("check").stdout.splitlines()


def test_what_is_likely_not_meant_is_warned_of() -> None:
    environ = {
        "BASE_URL": "http://voice.example:8000",
        "BROWSER_AUTH": "off",
        "ALLOWED_ORIGINS": "*",
        "ENABLE_AUTH_VALIDATION": "off",
        "AZURE_OPENAI_ENDPONT": "https://a.example",
    }
    ended = command("check", **environ)
    warned = [line.split()[1] for line in ended.stdout.splitlines() if line.startswith("warning: ")]
    expected = ["ALLOWED_ORIGINS", "BROWSER_AUTH", "ENABLE_AUTH_VALIDATION", "OPERATOR_TOKEN", "BASE_URL"]
    assert (ended.returncode, warned) == (0, [*expected, "AZURE_OPENAI_ENDPONT"])
    assert list(warnings_of(Settings.read({"HOST": "127.0.0.1", "BASE_URL": "http://localhost:8000"}))) == []


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("AZURE_OPENAI_ENDPONT", "AZURE_OPENAI_ENDPOINT"),
        ("AZURE_SPEECH_REGOIN", "AZURE_SPEECH_REGION"),
        ("ALOWED_ORIGINS", "ALLOWED_ORIGINS"),
        ("LOGLEVEL", "LOG_LEVEL"),
        ("WEB_CONCURENCY", "WEB_CONCURRENCY"),
        ("operator_token", "OPERATOR_TOKEN"),
        ("ACS_SOURCE_NUMBER", "ACS_SOURCE_PHONE_NUMBER"),
    ],
)
def test_a_name_that_is_read_by_nobody_is_told_with_the_nearest_that_is(name: str, nearest: str) -> None:
    assert misspelt_variables({name: "x"}) == [f"{name} is set, and not read: is {nearest} meant?"]


def test_the_variables_of_others_are_left_alone() -> None:
    others = "PATH HOME HOSTNAME PORTS LANG SHELL OTEL_SERVICE_NAME AZURE_CLIENT_SECRET OPENAI_ORG_ID PYTHONPATH USER"
    assert misspelt_variables(dict.fromkeys([*others.split(), "OPERATOR_TOKEN", "PORT"], "x")) == []


def test_where_session_files_go_is_said_and_a_directory_for_them_is_wanted(tmp_path: Path) -> None:
    assert "session files: off (RECORD_SESSIONS)" in command("check").stdout
    kept = command("check", RECORD_SESSIONS="on_error", RECORD_DIRECTORY=str(tmp_path / "files"))
    assert f"session files: on_error, in {tmp_path / 'files'}, words and keys masked" in kept.stdout
    assert (tmp_path / "files").is_dir()
    (tmp_path / "taken").write_bytes(b"")
    for environ, line in (
        ({}, "RECORD_SESSIONS is 0.1, and nowhere to write to: set RECORD_DIRECTORY\n"),
        ({"RECORD_DIRECTORY": str(tmp_path / "taken")}, "RECORD_DIRECTORY cannot be made: File exists\n"),
        (
            {"RECORD_DIRECTORY": str(tmp_path), "RECORD_TOTAL_MB": "3"},
            "RECORD_FILE_MB is above RECORD_TOTAL_MB: one file would be more than all may be\n",
        ),
    ):
        ended = command("check", RECORD_SESSIONS="0.1", **environ)
        assert (ended.returncode, ended.stdout, ended.stderr) == (2, "", line)


def test_audio_is_recorded_only_beside_session_files_and_where_there_is_room(tmp_path: Path) -> None:
    recorded = {"RECORD_SESSIONS": "all", "RECORD_DIRECTORY": str(tmp_path), "RECORD_AUDIO": "on"}
    assert (
        f"all, in {tmp_path}, words and keys masked, and the audio of both sides" in command("check", **recorded).stdout
    )
    for environ, line in (
        ({"RECORD_SESSIONS": "off"}, "RECORD_AUDIO is on, and no session is recorded: set RECORD_SESSIONS\n"),
        (
            {"RECORD_AUDIO": "off", "RECORD_TRANSCRIBED_AUDIO": "on"},
            "RECORD_TRANSCRIBED_AUDIO is on, and no audio is kept: set RECORD_AUDIO\n",
        ),
        (
            {"RECORD_TOTAL_MB": "63"},
            "RECORD_AUDIO_MB is above RECORD_TOTAL_MB: one file would be more than all may be\n",
        ),
    ):
        ended = command("check", **{**recorded, **environ})
        assert (ended.returncode, ended.stdout, ended.stderr) == (2, "", line)

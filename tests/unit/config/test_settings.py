from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from config.errors import SettingsError
from config.groups.access import BrowserAuth
from config.groups.agents import StreamingMode
from config.groups.logs import LogLevel
from config.settings import Settings, documented, groups, named_variables, otel_variables_quoted, read_settings
from config.variables import Documented, variables

TABLE = Path(__file__).parents[3] / "docs/environment.md"


class Watched(Mapping[str, str]):
    """An environment that remembers what was asked of it."""

    def __init__(self) -> None:
        self.asked: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.asked.add(name)
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        raise AssertionError("the whole environment is not looked through")

    def __len__(self) -> int:
        return 0


def documented_rows() -> dict[str, str]:
    """Variable to default, from the tables of docs/environment.md."""
    lines = TABLE.read_text().splitlines()
    rows = [[cell.strip().strip("`") for cell in line.split("|")[1:-1]] for line in lines if "|" in line]
    return {row[0]: row[1] for row in rows if row[0].isupper()}


def test_every_variable_that_is_documented_is_read_and_every_one_read_is_documented() -> None:
    environ = Watched()
    Settings.read(environ)
    assert environ.asked == documented_rows().keys()


def test_the_documentation_gives_the_true_defaults() -> None:
    assert documented_rows() == {row.name: row.default for row in documented()}


def test_nothing_set_gives_the_defaults() -> None:
    assert Settings.read({}) == Settings()


def test_an_empty_variable_is_unset() -> None:
    assert Settings.read({"PORT": "", "HOST": "  "}) == Settings()


def value_of(name: str, settings: Settings) -> object:
    """What `settings` have for the variable `name`."""
    (value,) = (
        getattr(getattr(settings, group), field)
        for group, struct in groups().items()
        for field, variable in variables(struct).items()
        if variable.name == name
    )
    return value


@pytest.mark.parametrize("row", documented(), ids=lambda row: row.name)
def test_a_default_that_is_written_out_means_the_same(row: Documented) -> None:
    assert Settings.read({row.name: row.default}) == Settings()


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("HOST", "::1", "::1"),
        ("PORT", "0", 0),
        ("WEB_CONCURRENCY", "4", 4),
        ("DRAIN_GRACE_S", "2.5", 2.5),
        ("MAX_CONCURRENT_SESSIONS", "1", 1),
        ("LOG_LEVEL", "WARNING", LogLevel.WARNING),
        ("LOG_CONTENT", "True", True),
        ("LOG_CONTENT", "0", False),
        ("RECORD_SESSIONS", "ON_ERROR", "on_error"),
        ("RECORD_SESSIONS", "0.1", "0.1"),
        ("VOICE_ACTIVITY", "energy", "energy"),
        ("SPEECH_RECOGNIZER", "my_engines.ears:make", "my_engines.ears:make"),
        ("ACS_STREAMING_MODE", "Transcription", StreamingMode.TRANSCRIPTION),
        ("ALLOWED_ORIGINS", "https://a.example, http://b.example:8080", ("https://a.example", "http://b.example:8080")),
        ("ALLOWED_ORIGINS", "*", ("*",)),
        ("ALLOWED_ORIGINS", "https://A.Example:443, HTTP://[::1]:80", ("https://a.example", "http://[::1]")),
        ("ALLOWED_ORIGINS", "https://a.example:80", ("https://a.example:80",)),
        ("RECOGNIZED_LANGUAGE", "en-US,pt-BR", ("en-US", "pt-BR")),
        ("AGENTS_DIRECTORY", "elsewhere", Path("elsewhere")),
        ("DEFAULT_AGENT", "clinic", "clinic"),
        ("BROWSER_AUTH", "Token", BrowserAuth.TOKEN),
        ("ENABLE_AUTH_VALIDATION", "false", False),
        ("BASE_URL", "https://voice.example.org/", "https://voice.example.org"),
        ("ACS_ENDPOINT", "http://127.0.0.1:9000", "http://127.0.0.1:9000"),
        ("ACS_SOURCE_PHONE_NUMBER", "+12065550100", "+12065550100"),
        ("EVENT_GRID_AUDIENCE", "api://earshot", "api://earshot"),
        ("ALLOWED_CLIENT_IDS", "a-1, b-2", ("a-1", "b-2")),
    ],
)
def test_a_value_is_taken(name: str, text: str, value: object) -> None:
    assert value_of(name, Settings.read({name: text})) == value


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("HOST", "a b", "HOST is 'a b'; it must be a host name or an address"),
        ("PORT", "65536", "PORT is '65536'; it must be a whole number from 0 to 65535"),
        ("PORT", "80.0", "PORT is '80.0'; it must be a whole number from 0 to 65535"),
        ("WEB_CONCURRENCY", "0", "WEB_CONCURRENCY is '0'; it must be a whole number from 1 to 64"),
        ("DRAIN_GRACE_S", "nan", "DRAIN_GRACE_S is 'nan'; it must be a number of seconds from 1 to 3600"),
        ("LOG_LEVEL", "loud", "LOG_LEVEL is 'loud'; it must be one of debug, info, warning, error"),
        ("LOG_CONTENT", "maybe", "LOG_CONTENT is 'maybe'; it must be on or off"),
        *(
            (
                "RECORD_SESSIONS",
                text,
                f"RECORD_SESSIONS is '{text}'; it must be off, on_error, all or a share between 0 and 1",
            )
            for text in ("some", "0", "1.0", "nan", "-0.1")
        ),
        (
            "SPEECH_RECOGNIZER",
            "ears",
            "SPEECH_RECOGNIZER is 'ears'; it must be azure, moonshine or package.module:factory",
        ),
        (
            "ACS_STREAMING_MODE",
            "video",
            "ACS_STREAMING_MODE is 'video'; it must be one of media, voice_live, transcription",
        ),
        (
            "ALLOWED_ORIGINS",
            "https://a.example/path",
            "ALLOWED_ORIGINS is 'https://a.example/path'; it must be origins such as https://example.org, or *, "
            "separated by commas",
        ),
        (
            "RECOGNIZED_LANGUAGE",
            "English",
            "RECOGNIZED_LANGUAGE is 'English'; it must be language tags such as en-US, separated by commas",
        ),
        ("BROWSER_AUTH", "maybe", "BROWSER_AUTH is 'maybe'; it must be one of off, token, entra"),
        (
            "BASE_URL",
            "voice.example.org",
            "BASE_URL is 'voice.example.org'; it must be an http or https address without query",
        ),
        ("BASE_URL", "https://a@b", "BASE_URL is 'https://a@b'; it must be an http or https address without query"),
        (
            "BASE_URL",
            "https://me:my-password@a.example",
            "BASE_URL has a value that cannot be used; it must be an http or https address without query",
        ),
        ("HOST", "localhost:80", "HOST is 'localhost:80'; it must be a host name or an address"),
        (
            "ACS_SOURCE_PHONE_NUMBER",
            "0206 555",
            "ACS_SOURCE_PHONE_NUMBER has a value that cannot be used; it must be a number such as +12065550100",
        ),
        (
            "ACS_CONNECTION_STRING",
            "accesskey=c2VjcmV0",
            "ACS_CONNECTION_STRING has a value that cannot be used; "
            "it must be of the form endpoint=https://...;accesskey=...",
        ),
        ("DEFAULT_AGENT", "The Clinic", "DEFAULT_AGENT is 'The Clinic'; it must be an agent's name"),
    ],
)
def test_a_wrong_value_is_one_line_that_says_what_is_allowed(name: str, text: str, line: str) -> None:
    with pytest.raises(SettingsError) as wrong:
        Settings.read({name: text})
    assert str(wrong.value) == line


def test_a_secret_is_not_shown_by_anything() -> None:
    settings = Settings.read({"OPERATOR_TOKEN": "correct-horse-battery"})
    assert settings.access.operator_token is not None
    assert settings.access.operator_token.reveal() == "correct-horse-battery"
    assert "horse" not in f"{settings!r} {settings.access!r}"


@pytest.mark.parametrize(
    "text", ["endpoint=https://a.example/;accesskey=c2VjcmV0==", "AccessKey=c2VjcmV0;Endpoint=https://a.example"]
)
def test_a_connection_string_is_a_secret(text: str) -> None:
    settings = Settings.read({"ACS_CONNECTION_STRING": text})
    assert settings.acs.connection_string is not None
    assert settings.acs.connection_string.reveal() == text
    assert "c2Vj" not in repr(settings)


def test_a_wrong_secret_is_not_shown_either() -> None:
    with pytest.raises(SettingsError) as wrong:
        Settings.read({"OPERATOR_TOKEN": "hunter2"})
    assert str(wrong.value) == (
        "OPERATOR_TOKEN has a value that cannot be used; it must be at least 16 printable characters without spaces, "
        "hard to guess"
    )


def test_the_settings_of_this_process_come_from_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "4321")
    assert read_settings().server.port == 4321


def test_variables_are_handed_on_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRM_TOKEN", "t")
    monkeypatch.setenv("OTHER_TOKEN", "o")
    assert named_variables(("CRM_TOKEN", "NOT_SET_ANYWHERE")) == {"CRM_TOKEN": "t"}


def test_the_variables_of_opentelemetry_are_known_by_name_or_by_what_they_are_set_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in (("OTEL_ONE_LIMIT", "x"), ("OTEL_METRIC_EXPORT_INTERVAL", "1"), ("OTEL_EMPTY", " ")):
        monkeypatch.setenv(name, value)
    assert otel_variables_quoted("OTEL_ONE_LIMIT must be a number") == ["OTEL_ONE_LIMIT"]
    assert otel_variables_quoted("invalid ONE_LIMIT") == ["OTEL_ONE_LIMIT"]
    assert otel_variables_quoted("'x' is no number") == ["OTEL_ONE_LIMIT"]
    assert otel_variables_quoted("invalid value for export interval") == ["OTEL_METRIC_EXPORT_INTERVAL"]
    assert otel_variables_quoted("the next of 100, ONE_LIMIT_MORE, EMPTY") == []

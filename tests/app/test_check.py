"""The release phase, as a platform runs it."""

import sys
from pathlib import Path

from tests.app.serving import run

CHECK = (sys.executable, "-m", "app", "check")


def test_what_comes_with_the_repository_can_be_used_and_its_gpl_engine_is_named() -> None:
    ended = run(*CHECK)
    assert (ended.returncode, ended.stderr) == (0, "")
    lines = ended.stdout.splitlines()
    assert lines[0].startswith("agents: ")
    assert "licence: espeak-ng is GPL-3.0-or-later; it runs as a separate process" in lines


def test_an_engine_that_is_not_used_is_not_named() -> None:
    ended = run(*CHECK, SPEECH_SYNTHESIZER="app.references:resolve")
    assert ended.returncode == 0
    assert "SPEECH_SYNTHESIZER: app.references:resolve" in ended.stdout
    assert "espeak" not in ended.stdout


def test_a_wrong_value_is_one_line() -> None:
    ended = run(*CHECK, WEB_CONCURRENCY="many")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == "WEB_CONCURRENCY is 'many'; it must be a whole number from 1 to 64\n"


def test_an_engine_that_cannot_be_loaded_is_one_line() -> None:
    ended = run(*CHECK, LANGUAGE_MODEL="nowhere:make")
    assert (ended.returncode, ended.stderr) == (2, "LANGUAGE_MODEL: nowhere:make: there is no module nowhere\n")


def test_a_default_agent_that_does_not_exist_is_one_line() -> None:
    ended = run(*CHECK, DEFAULT_AGENT="nobody")
    assert ended.returncode == 2
    assert ended.stderr.startswith("DEFAULT_AGENT is 'nobody'; it must be one of ")
    assert ended.stderr.count("\n") == 1


def test_a_file_that_is_no_agent_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text("name: [\n")
    ended = run(*CHECK, AGENTS_DIRECTORY=str(tmp_path))
    assert ended.returncode == 2
    assert "broken.yaml" in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_such_a_file_stops_the_server_with_the_same_line(tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text("name: [\n")
    checked = run(*CHECK, AGENTS_DIRECTORY=str(tmp_path))
    served = run(sys.executable, "-m", "app", "serve", AGENTS_DIRECTORY=str(tmp_path))
    assert (served.returncode, served.stdout, served.stderr) == (2, "", checked.stderr)

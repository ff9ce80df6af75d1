"""What every command has in common: a short help, and what is wrong on its command line."""

import pytest

from app.__main__ import main

COMMANDS = ("serve", "check", "agents", "config", "call")


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_a_command_is_short(capsys: pytest.CaptureFixture[str], command: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"usage: python -m app {command}")
    assert len(lines) < 30


@pytest.mark.parametrize("arguments", [["call"], ["config", "--nonsense"], ["dance"]])
def test_a_wrong_command_line_is_told_apart_from_a_failure(
    capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "usage: python -m app" in capsys.readouterr().err

"""`python -m app config`: the environment, as people and programs read it."""

import json
import sys

from app.commands.config import as_text, rows, table_of
from config.groups.server import Server
from config.settings import Settings, documented
from tests.kit.command_line import command
from tests.kit.serving import run

TOKEN = "an-operator-token-of-32-characters"


def test_every_variable_is_there_with_its_meaning_and_default() -> None:
    found = rows(Settings(), ())
    assert [row.name for row in found] == [row.name for row in documented()]
    text = " ".join("\n".join(as_text(found)).split())
    for row in documented():
        assert f"{row.help}; {row.allowed}" in text


def test_what_is_set_is_shown_and_no_secret_is() -> None:
    ended = run(
        sys.executable,
        "-m",
        "app",
        "config",
        "--set",
        OPERATOR_TOKEN=TOKEN,
        AGENT_BY_NUMBER="+12065550100=dentist",
        PORT="8080",
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    lines = [line.strip() for line in ended.stdout.splitlines()]
    assert {"PORT=8080", "OPERATOR_TOKEN=(secret)", "AGENT_BY_NUMBER=(secret)", "HOST=127.0.0.1"} <= set(lines)
    assert TOKEN not in ended.stdout
    assert "12065550100" not in ended.stdout


def test_programs_read_the_same() -> None:
    ended = command("config", "--json", OPERATOR_TOKEN=TOKEN)
    by_name = {row["name"]: row for row in json.loads(ended.stdout)}
    assert by_name.keys() == {row.name for row in documented()}
    assert (by_name["OPERATOR_TOKEN"]["value"], by_name["OPERATOR_TOKEN"]["set"]) == (None, True)
    assert (by_name["DRAIN_GRACE_S"]["value"], by_name["DRAIN_GRACE_S"]["set"]) == ("30", False)
    assert TOKEN not in ended.stdout


def test_a_wrong_value_is_one_line() -> None:
    ended = command("config", PORT="front door")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == "PORT is 'front door'; it must be a whole number from 0 to 65535\n"


def test_a_group_is_a_table() -> None:
    head, _, first, *_ = table_of(Server).splitlines()
    assert head == "| Variable | Default | Allowed | Meaning |"
    assert first.startswith("| `HOST` | `0.0.0.0` | a host name or an address | Address to listen on")

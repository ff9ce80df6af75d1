"""`python -m app agents`: the agents, as people and programs read them."""

import json
import sys
from pathlib import Path

from tests.kit.command_line import command
from tests.kit.serving import run


def test_the_agents_of_the_repository_are_listed() -> None:
    ended = run(sys.executable, "-m", "app", "agents")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "dentist (default): " in ended.stdout
    assert "hotel: " in ended.stdout
    assert "  hands off to: restaurant\n" in ended.stdout
    assert "without a language model: speaks its dialogue" in ended.stdout


def test_programs_read_the_same() -> None:
    found = {agent["name"]: agent for agent in json.loads(command("agents", "--json", DEFAULT_AGENT="hotel").stdout)}
    assert (found["hotel"]["default"], found["dentist"]["default"]) == (True, False)
    assert "book_appointment" in found["dentist"]["tools"]
    assert (found["hotel"]["handoffs"], found["dentist"]["handoffs"]) == (["restaurant"], [])


def test_a_file_that_is_no_agent_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text("name: [\n")
    ended = command("agents", AGENTS_DIRECTORY=str(tmp_path))
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "broken.yaml" in ended.stderr
    assert ended.stderr.count("\n") == 1

"""Scenarios are read from YAML; a mistake names file, place, reason and the nearest right word."""

from pathlib import Path

import pytest

from actors.conversation import Ending
from app.agents.agent_files import AgentFileError
from app.evals.scenario import read_suite

GOOD = """
agent: hotel
scenarios:
  - name: one
    steps:
      - {say: hello}
      - {expect: "hello|hi", within_ms: 2000}
      - {tool: book, with: {day: monday}}
      - {ended: NORMAL}
"""


def test_a_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(GOOD)
    (scenario,) = read_suite(tmp_path / "s.yaml").scenarios
    assert [step.action for step in scenario.steps] == ["say", "expect", "tool", "ended"]
    assert scenario.steps[2].arguments == {"day": "monday"}
    assert scenario.steps[3].ended is Ending.NORMAL


@pytest.mark.parametrize(
    ("old", "new", "path", "reason"),
    [
        ("say: hello", "sya: hello", "scenarios[0].steps[0]", "there is no key sya; is say meant?"),
        ("say: hello", "say: hello, key: '1'", "scenarios[0].steps[0]", "it has say and key"),
        ("say: hello", "within_ms: 5", "scenarios[0].steps[0]", "it has none"),
        ('"hello|hi"', '"(hello"', "scenarios[0].steps[1].expect", "no regular expression"),
        ("ended: NORMAL", "ended: NICELY", "scenarios[0].steps[3].ended", "NICELY"),
        ("name: one", "nam: one", "scenarios[0]", "is name meant?"),
        ("agent: hotel", "agents: hotel", "", "is agent meant?"),
        (
            "    steps:",
            "    persona: {}\n    steps:",
            "scenarios[0].persona",
            "either who, for a language",
        ),
        ("    steps:", "    persona: {who: A}\n    steps:", "scenarios[0].steps[0]", "say cannot be a step"),
    ],
)
def test_a_mistake_is_located(tmp_path: Path, old: str, new: str, path: str, reason: str) -> None:
    assert old in GOOD
    (tmp_path / "s.yaml").write_text(GOOD.replace(old, new, 1))
    with pytest.raises(AgentFileError) as caught:
        read_suite(tmp_path / "s.yaml")
    assert caught.value.path == path
    assert reason in caught.value.reason

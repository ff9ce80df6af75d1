"""The command holds the shipped conversations, and tells what came of them."""

import re
from pathlib import Path

import pytest

from app.agents.agent_files import AgentFileError
from app.evals.command import Evaluation, evaluate, paths
from config.errors import SettingsError
from config.settings import Settings
from tests.kit.source import ROOT

SCRIPTED = """
agent: hotel
scenarios:
  - name: says it
    model: [{say: "It is at nine."}]
    steps: [{say: when}, {expect: WORD}]
"""


def test_the_shipped_agents_do_what_their_scenarios_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    lines: list[str] = []
    assert evaluate(Evaluation(files=paths(["config/evals"])), Settings(), lines.append), "\n".join(lines)
    assert lines[-1].startswith(f"{len(lines) - 1} of {len(lines) - 1} scenarios passed")


def test_the_demonstration_team_does_what_its_scenarios_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    lines: list[str] = []
    settings = Settings.read({"AGENTS_DIRECTORY": "config/team"})
    assert evaluate(Evaluation(files=paths(["config/team/evals"])), settings, lines.append), "\n".join(lines)
    assert lines[-1].startswith("3 of 3")


def test_the_files_that_readers_are_shown_pass_as_they_stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    shown = re.findall(r"```yaml\n(.*?)```", Path("docs/evals.md").read_text("utf-8"), re.DOTALL)
    shown = [text for text in shown if "needs EVAL_MODEL" not in text]
    for number, text in enumerate(shown):
        (tmp_path / f"{number}.yaml").write_text(text, "utf-8")
    lines: list[str] = []
    assert evaluate(Evaluation(files=paths([str(tmp_path)])), Settings(), lines.append), "\n".join(lines)
    assert lines[-1].startswith("3 of 3 scenarios passed")


@pytest.mark.parametrize(
    ("part", "place"),
    [("persona: {who: Ada}\n    steps: [{expect: x}]", "persona"), ("steps: [{judge: it is well}]", "steps[0].judge")],
)
def test_a_scenario_that_a_model_has_to_play_says_what_is_missing(
    part: str, place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    (tmp_path / "s.yaml").write_text(f"agent: hotel\nscenarios:\n  - name: a\n    {part}\n")
    with pytest.raises(AgentFileError, match="set EVAL_MODEL") as raised:
        evaluate(Evaluation(files=paths([str(tmp_path)])), Settings())
    assert raised.value.path == f"scenarios[0].{place}"
    keyless = Settings.read({"EVAL_MODEL": "m"})
    with pytest.raises(SettingsError, match="EVAL_MODEL needs EVAL_API_KEY, or EVAL_BASE_URL"):
        evaluate(Evaluation(files=paths([str(tmp_path)])), keyless)


@pytest.mark.parametrize("word", ["nine", "ten"])
def test_what_came_of_it_is_told_and_written(word: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    file, junit, json = tmp_path / "s.yaml", tmp_path / "out.xml", tmp_path / "out.json"
    file.write_text(SCRIPTED.replace("WORD", word))
    lines: list[str] = []
    asked = Evaluation(files=(file,), repeat=2, junit=junit, json=json)
    assert evaluate(asked, Settings(), lines.append) is (word == "nine")
    assert ("2 of 2" in lines[0]) is (word == "nine")
    assert ("It is at nine." in "".join(lines)) is (word == "ten")
    assert b"testcase" in junit.read_bytes()
    assert b'"runs"' in json.read_bytes()


def test_an_agent_that_does_not_exist_is_named_with_the_nearest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    (tmp_path / "s.yaml").write_text(SCRIPTED.replace("hotel", "hotle"))
    with pytest.raises(AgentFileError, match="is hotel meant"):
        evaluate(Evaluation(files=paths([str(tmp_path)])), Settings())


def test_a_directory_without_scenarios_is_no_success(tmp_path: Path) -> None:
    (tmp_path / "readme.txt").write_text("later")
    with pytest.raises(AgentFileError, match="no scenario in this directory"):
        paths([str(tmp_path)])

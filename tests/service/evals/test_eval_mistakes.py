"""What users get wrong in files of scenarios is said in one line: the file, the place, the reason, the nearest word."""

from pathlib import Path

import pytest

from app.__main__ import main
from app.agents.agent_files import MAX_FILE_BYTES
from app.server.processes.worker_pipe import FAULT_STATUS
from tests.kit.source import ROOT

GOOD = """agent: hotel
scenarios:
  - name: one
    model: [{say: Yes.}]
    steps:
      - {say: hello}
      - {expect: "yes", within_ms: 2000}
      - {tool: end_conversation, with: {a: 1}}
      - {ended: NORMAL}
"""
STEPS = "scenarios[0].steps"


@pytest.fixture(autouse=True)
def _beside_the_agents(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What is said on stderr: one line, whose reader is not shown any code."""
    assert main(["eval", *arguments]) == FAULT_STATUS
    printed = capsys.readouterr()
    assert printed.err.count("\n") == 1
    assert "Traceback" not in printed.err
    return printed.err.rstrip()


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("agent:", "agnet:", "there is no key agnet; is agent meant?"),
        ("scenarios:", "scenario:", "there is no key scenario; is scenarios meant?"),
        ("name: one", "nmae: one", "scenarios[0]: there is no key nmae; is name meant?"),
        ("say: hello", "says: hello", f"{STEPS}[0]: there is no key says; is say meant?"),
        ("agent: hotel", "agent: hotle", "agent: there is no agent hotle; is hotel meant?"),
        ("agent: hotel", "agent: 5", "agent: Expected `str`, got `int`: put it in quotes"),
        ("agent: hotel", "agent: [hotel]", "agent: Expected `str`, got `array`"),
        ("say: hello", "say: yes", f"{STEPS}[0].say: Expected `str | null`, got `bool`: put it in quotes"),
        ("say: hello", "say: 42", f"{STEPS}[0].say: Expected `str | null`, got `int`: put it in quotes"),
        ("say: hello", "say: hello, key: '1'", f"{STEPS}[0]: a step is exactly one of"),
        ("{say: hello}", "say hello", f"{STEPS}[0]: Expected `object`, got `str`"),
        ("{say: hello}", "{}", f"{STEPS}[0]: a step is exactly one of"),
        ("say: hello", "key: 12x", f"{STEPS}[0].key: Expected `str` matching regex"),
        ("say: hello", "silence_s: -1", f"{STEPS}[0].silence_s: Expected `float` > 0.0"),
        ("say: hello", "say: hello, within_ms: 5", f"{STEPS}[0].within_ms: within_ms belongs to interrupt and expect"),
        ("say: hello", "say: hello, after_ms: 5", f"{STEPS}[0].after_ms: after_ms belongs to interrupt, and this"),
        ("ended: NORMAL", "ended: NORMAL, with: {}", f"{STEPS}[3].with: with belongs to tool, and this step is ended"),
        ('"yes"', '"(yes"', f"{STEPS}[1].expect: is no regular expression"),
        ("2000", "soon", f"{STEPS}[1].within_ms: Expected `int`, got `str`"),
        ("2000", "0", f"{STEPS}[1].within_ms: Expected `int` >= 1"),
        ("NORMAL", "NORMALLY", f"{STEPS}[3].ended: there is no NORMALLY; is NORMAL meant?"),
        ("NORMAL", "well", f"{STEPS}[3].ended: there is no well; there are ERROR, "),
        (
            "tool: end_conversation",
            "tool: end_conversaton",
            f"{STEPS}[2].tool: the agent hotel has no tool end_conversaton; is end_conversation meant?",
        ),
        ("with: {a: 1}", "with: a", f"{STEPS}[2].with: Expected `object`, got `str`"),
        ("{say: Yes.}", "{says: Yes.}", "scenarios[0].model[0]: there is no key says; is say meant?"),
        (
            "{say: Yes.}",
            "{calls: [{name: x}]}",
            "scenarios[0].model[0].calls[0]: there is no key name; there are tool, with",
        ),
        ("    steps:", "    persona: {who: A}\n    steps:", f"{STEPS}[0]: the caller is played by persona"),
        ("    steps:", "    persona: {}\n    steps:", "scenarios[0].persona: a persona has either who, for a"),
        ("    steps:", "    stepps:", "scenarios[0]: there is no key stepps; is steps meant?"),
        ("      - {say: hello}\n", "\t- {say: hello}\n", "line 6, column 1: found character '\\t' that cannot start"),
        ("{say: hello}", "{say: hello", "line 7, column 9: expected ',' or '}'"),
        ("{say: hello}", "{say: a: b}", "line 6, column 16: "),
        ("  - name: one\n", "  - name: one\n    name: two\n", "line 4, column 5: the key name is there twice"),
        ("name: one", "name: \x07", "is no YAML: character "),
        ("agent: hotel", "agent: hotel\n---\nagent: hotel", "line 2, column 1: but found another document"),
        ("agent: hotel", "agent: *hotel", "line 1, column 8: found undefined alias"),
    ],
)
def test_a_mistake_is_told_with_its_place(
    old: str, new: str, line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert GOOD.count(old) >= 1
    file = tmp_path / "s.yaml"
    file.write_text(GOOD.replace(old, new, 1), encoding="utf-8")
    assert told(capsys, str(file)).startswith(f"{file}: {line}")


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"", "is empty"),
        (b"# later\n", "is empty"),
        (b"- a\n", "Expected `object`, got `array`"),
        (b"hello", "Expected `object`, got `str`"),
        (b"agent: hotel\n", "Object missing required field `scenarios`"),
        (b"scenarios: []\n", "scenarios: Expected `array` of length >= 1"),
        (b"scenarios: [{name: a, steps: []}]\n", "scenarios[0].steps: Expected `array` of length >= 1"),
        (b"scenarios: [{steps: [{say: a}]}]\n", "scenarios[0]: Object missing required field `name`"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "is no UTF-8 text"),
        (b"\x00\x01\x02", "is no YAML: character 1 is"),
        ("agent: hotel".encode("utf-16"), "is no UTF-8 text"),
        (b"[" * 50_000, ""),
        (b"a: " + b"x" * MAX_FILE_BYTES, "is larger than 4 MB"),
        (
            b"a: &a [x]\n" + b"".join(b"%c: &%c [%s]\n" % (n, n, b"*%c," % (n - 1) * 9) for n in range(98, 110)),
            "there is",
        ),
        ((GOOD + GOOD.partition("scenarios:\n")[2]).encode(), "scenarios[1].name: there are two scenarios one"),
    ],
    ids=range(15),
)
def test_what_holds_no_scenarios_is_told(
    content: bytes, line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "s.yaml"
    file.write_bytes(content)
    assert told(capsys, str(file)).startswith(f"{file}: {line}")


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "dentist.yaml").write_text(GOOD)
    (tmp_path / "empty").mkdir()
    missing = tmp_path / "dentsit.yaml"
    assert told(capsys, str(missing)) == (
        f"{missing}: cannot be read: No such file or directory; is dentist.yaml meant?"
    )
    nowhere = tmp_path / "nowhere" / "s.yaml"
    assert told(capsys, str(nowhere)) == f"{nowhere}: cannot be read: No such file or directory"
    assert told(capsys, str(tmp_path / "empty")).endswith("holds no .yaml file")
    assert told(capsys, "/dev/zero") == "/dev/zero: is larger than 4 MB"


@pytest.mark.parametrize("option", ["--json", "--junit"])
def test_results_that_cannot_be_written_are_told_before_any_conversation(
    option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "s.yaml"
    file.write_text(GOOD)
    there = str(tmp_path / "no" / "out")
    assert told(capsys, option, there, str(file)) == (
        f"{there}: the results cannot be written: there is no directory {tmp_path / 'no'}"
    )
    assert told(capsys, option, str(tmp_path), str(file)).endswith("the results cannot be written: is a directory")

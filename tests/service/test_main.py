import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import app.__main__ as module
from app.__main__ import main
from app.version import product_version
from tests.kit.serving import environment, run
from tests.kit.source import ROOT


def help_of(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as ended:
        main([*arguments, "--help"])
    assert ended.value.code == 0
    return capsys.readouterr().out


def test_help_lists_the_commands_that_people_use(capsys: pytest.CaptureFixture[str]) -> None:
    text = help_of(capsys)
    commands = text.split("commands:")[1].split("\n\n")[0]
    names = [line.split()[0] for line in commands.splitlines() if line[:6].strip()]
    assert names[:3] == ["COMMAND", "serve", "check"]
    assert {"config", "agents", "call", "eval"} <= set(names)
    assert "worker" not in names
    assert "`python -m app config` lists the variables" in text


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert (ended.value.code, capsys.readouterr().out) == (0, f"earshot {product_version()}\n")


def test_no_command_is_told_apart_from_a_fault_in_the_server(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([])
    assert ended.value.code == 2
    assert "COMMAND" in capsys.readouterr().err


def test_help_loads_neither_server_nor_engines() -> None:
    probe = (
        "import sys\nfrom app.__main__ import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "print(*sorted({name.split('.')[0] for name in sys.modules} & {'hypercorn', 'starlette', 'uvloop', 'pykka'}))"
    )
    ended = run(sys.executable, "-c", probe)
    assert (ended.returncode, ended.stdout.splitlines()[-1]) == (0, "")


SCENARIO = """
agent: hotel
scenarios:
  - name: says it
    model: [{say: "It is at nine."}]
    steps: [{say: when}, {expect: nine}]
"""


def test_results_that_cannot_be_written_are_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    (tmp_path / "s.yaml").write_text(SCENARIO)
    assert main(["eval", str(tmp_path), "--json", str(tmp_path / "nowhere" / "out.json")]) == 2
    told = capsys.readouterr().err
    assert "out.json: the results cannot be written: " in told
    assert told.count("\n") == 1


def test_a_python_without_the_packages_is_one_line() -> None:
    # -S: without the packages that are installed for it.
    ended = run(sys.executable, "-S", "-m", "app", "check")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith(f"{sys.executable} has no ")
    assert "`make run`" in ended.stderr
    assert ended.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "wrong", [{"PORT": "many"}, {"LANGUAGE_MODEL": "nobody.has.it:model"}], ids=["setting", "plug-in"]
)
def test_programs_are_told_a_fault_of_the_configuration_as_json(wrong: dict[str, str]) -> None:
    ended = run(sys.executable, "-m", "app", "check", "--json", **wrong)
    assert ended.returncode == 2
    assert json.loads(ended.stdout) == {"fault": ended.stderr.rstrip("\n")}
    assert next(iter(wrong)) in ended.stderr


@pytest.mark.parametrize("command", [["config"], ["agents", "--json"]])
def test_a_command_whose_output_nobody_reads_ends_quietly(command: list[str]) -> None:
    nobody, output = os.pipe()
    os.close(nobody)
    try:
        ended = subprocess.run(
            [sys.executable, "-m", "app", *command],
            cwd=ROOT, env=environment(), stdout=output, stderr=subprocess.PIPE, text=True, timeout=60, check=False,
        )  # fmt: skip
    finally:
        os.close(output)
    assert (ended.returncode, ended.stderr) == (1, "")


def test_a_command_that_is_interrupted_ends_quietly(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: list[str]) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "main", interrupted)
    assert module.console() == 130

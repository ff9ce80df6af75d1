"""The lanes of a whole run: each test is in one of them, and what fails in one is not lost."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.kit import every_test
from tests.kit.every_test import (
    CHECKS,
    IMPORTED,
    KEEPS_UP,
    MEASURES,
    Ending,
    Lane,
    Lanes,
    Priority,
    compile_all,
    lanes,
    main,
    run,
    run_all,
)
from tests.kit.source import ROOT


def ends(code: int, says: str = "") -> Sequence[str]:
    """A command that says something and ends with a code."""
    return [sys.executable, "-c", f"import os, sys; print({says!r}, os.nice(0)); sys.exit({code})"]


def collected(command: Sequence[str]) -> set[Path]:
    """The modules of tests that a command of pytest would run, by its arguments."""
    named = [word for word in command if word.partition("/")[0] == "tests"]
    ignored = [ROOT / word.removeprefix("--ignore=") for word in command if word.startswith("--ignore=")]
    found = [module for name in named for module in (ROOT / name).rglob("test_*.py")]
    found += [ROOT / name for name in named if name.endswith(".py")]
    return {module for module in found if not any(module.is_relative_to(path) for path in ignored)}


def test_each_module_is_in_one_lane() -> None:
    by_lane = [collected(command) for lane in lanes("1").all() if lane.name != CHECKS for command in lane.commands]
    assert sum(map(len, by_lane)) == len(set().union(*by_lane))
    assert set().union(*by_lane) == set((ROOT / "tests").rglob("test_*.py"))
    assert all((ROOT / path).exists() for path in (*KEEPS_UP, MEASURES))


def test_runs_write_down_apart_what_failed() -> None:
    tests = [lane.commands[0] for lane in lanes("7").all() if lane.name != CHECKS]
    assert len({word for command in tests for word in command if word.startswith("cache_dir=")}) == len(tests)
    assert all("--randomly-seed=7" in command for command in tests)


def test_a_lane_goes_on_after_a_failure_and_names_itself(capfd: pytest.CaptureFixture[str]) -> None:
    ending = run(Lane("some", [ends(3, "one"), ends(0, "two")], Priority.WAITS))
    assert ending.codes == [3, 0]
    assert [line.split()[0] for line in ending.last_lines] == ["one", "two"]
    said = capfd.readouterr().out.splitlines()
    assert [line.split()[:3] for line in said[:2]] == [["some", "|", "one"], ["some", "|", "two"]]
    assert [int(line.split()[3]) for line in said[:2]] == [19, 19]


def test_what_comes_last_takes_only_what_others_leave() -> None:
    policy = [sys.executable, "-c", "import os; print(os.sched_getscheduler(0))"]
    found = {priority: run(Lane("some", [policy], priority)).last_lines for priority in Priority}
    assert found[Priority.LAST] == [str(os.SCHED_IDLE)]
    assert found[Priority.FIRST] == [str(os.sched_getscheduler(0))]


def test_what_all_import_is_compiled_before(tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text("one = 1")
    compile_all([tmp_path])
    assert [path.suffix for path in (tmp_path / "__pycache__").iterdir()] == [".pyc"]
    assert all((ROOT / folder).is_dir() for folder in IMPORTED)


def meets(name: str, folder: Path, *others: str) -> Lane:
    """A lane that ends when the others have begun too, and says which have begun by then."""
    program = (
        "import pathlib, sys, threading",
        "folder, own, *others = pathlib.Path(sys.argv[1]), *sys.argv[2:]",
        "(folder / own).touch()",
        "while not all((folder / other).exists() for other in others): threading.Event().wait(0.01)",
        "print(*sorted(path.name for path in folder.iterdir()))",
    )
    return Lane(name, [[sys.executable, "-c", "\n".join(program), str(folder), name, *others]])


def test_what_measures_begins_when_all_but_what_computes_has_ended(tmp_path: Path) -> None:
    together = [meets("one", tmp_path, "two", "four"), meets("two", tmp_path, "one", "four")]
    asked = Lanes(together, meets("three", tmp_path), [meets("four", tmp_path, "three")])
    endings = run_all(asked)
    assert {name: (ending.codes, ending.last_lines) for name, ending in endings.items()} == {
        "one": ([0], ["four one two"]),
        "two": ([0], ["four one two"]),
        "three": ([0], ["four one three two"]),
        "four": ([0], ["four one three two"]),
    }


@pytest.mark.parametrize(
    ("codes", "looked_at", "ending"),
    [
        ({"clock": [0], CHECKS: [0, 0, 0], "others": [0]}, None, 0),
        ({"clock": [1], CHECKS: [0, 0, 0], "others": [0]}, [1], 5),
        ({"clock": [1], CHECKS: [0, 1, 0], "others": [0]}, None, 1),
        ({"clock": [-9], CHECKS: [0, 0, 0], "others": [1]}, [-9, 1], 5),
    ],
)
def test_what_failed_is_looked_at_again(
    monkeypatch: pytest.MonkeyPatch, codes: dict[str, list[int]], looked_at: list[int] | None, ending: int
) -> None:
    seen: list[list[int]] = []

    def look(failed: Sequence[int], caches: Sequence[Path]) -> int:
        seen.append(list(failed))
        return 5

    endings = {name: Ending(of_lane, ["the last"]) for name, of_lane in codes.items()}
    monkeypatch.setattr(every_test, "compile_all", lambda folders: None)
    monkeypatch.setattr(every_test, "run_all", lambda lanes: endings)
    monkeypatch.setattr(every_test, "second_look", look)
    assert main() == ending
    assert seen == ([looked_at] if looked_at else [])

"""The lanes of a whole run: each test is in one of them, and what fails in one is not lost."""

import re
import sys
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.kit import every_test, pace
from tests.kit.every_test import CHECKS, KEEPS_UP, MEASURES, lanes, main, side_by_side
from tests.kit.lane import Ending, Lane, run
from tests.kit.source import ROOT

TAKES = re.compile(r"(?:mark\.timeout\(|^TIMEOUT_S = )([\d._]+)", re.MULTILINE)
"""What a test may take, by its mark."""


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
    by_lane = [collected(command) for lane in chain(*lanes("1")) if lane.name != CHECKS for command in lane.commands]
    assert sum(map(len, by_lane)) == len(set().union(*by_lane))
    assert set().union(*by_lane) == set((ROOT / "tests").rglob("test_*.py"))
    assert all((ROOT / path).exists() for path in (*KEEPS_UP, MEASURES))


def test_runs_write_down_apart_what_failed() -> None:
    tests = [lane.commands[0] for lane in chain(*lanes("7")) if lane.name != CHECKS]
    assert len({word for command in tests for word in command if word.startswith("cache_dir=")}) == len(tests)
    assert len({lane.progress for lane in chain(*lanes("7"))}) == len(tests) + 1
    assert all("--randomly-seed=7" in command for command in tests)


def test_no_lane_is_taken_to_wait_for_ever_while_a_test_of_it_may_run() -> None:
    for lane in chain(*lanes("1")):
        for command in lane.commands if lane.name != CHECKS else ():
            marks = [TAKES.findall(module.read_text(encoding="utf-8")) for module in collected(command)]
            assert lane.silence_s > max(float(seconds.replace("_", "")) for seconds in chain(["300"], *marks))


def test_a_slow_machine_has_fewer_tests_side_by_side() -> None:
    def sizes(slower: float) -> dict[str, int]:
        tests = [lane for lane in chain(*lanes("1", slower)) if lane.name != CHECKS]
        return {lane.name: int(command[command.index("-n") + 1]) for lane in tests for command in lane.commands}

    assert sizes(1.0) == {"clock": 4, "actors": 0, "works": 0, "calls": 5, "serves": 3, "waits": 5, "alone": 0}
    assert sizes(2.6) == {"clock": 2, "actors": 0, "works": 0, "calls": 2, "serves": 2, "waits": 2, "alone": 0}
    assert sizes(99.0) == {"clock": 2, "actors": 0, "works": 0, "calls": 2, "serves": 2, "waits": 2, "alone": 0}


def test_what_measures_has_the_machine_for_itself() -> None:
    *_, last = lanes("1")
    assert [name for lane in last for command in lane.commands for name in command if name == MEASURES] == [MEASURES]
    assert len(last) == 1


def test_a_lane_goes_on_after_a_failure_and_names_itself(capfd: pytest.CaptureFixture[str]) -> None:
    ending = run(Lane("some", [ends(3, "one"), ends(0, "two")], niceness=2))
    assert ending.codes == [3, 0]
    assert [line.split()[0] for line in ending.last_lines] == ["one", "two"]
    said = capfd.readouterr().out.splitlines()
    assert [line.split()[:3] for line in said[:2]] == [["some", "|", "one"], ["some", "|", "two"]]
    assert all(int(line.split()[3]) >= 2 for line in said[:2])


def test_lanes_go_side_by_side() -> None:
    program = (
        "import pathlib, sys",
        "pathlib.Path(sys.argv[1]).touch()",
        "while not pathlib.Path(sys.argv[2]).exists(): pass",
    )
    with TemporaryDirectory() as folder:
        paths = [f"{folder}/{name}" for name in ("one", "two")]
        waits = [
            Lane(path, [[sys.executable, "-c", "\n".join(program), *order]])
            for path, order in zip(paths, (paths, paths[::-1]), strict=True)
        ]
        assert [ending.codes for ending in side_by_side(waits).values()] == [[0], [0]]


@pytest.mark.parametrize(
    ("codes", "looked_at", "failed", "ending"),
    [
        ({"clock": [0], CHECKS: [0, 0, 0], "others": [0]}, None, [], 0),
        ({"clock": [1], CHECKS: [0, 0, 0], "others": [0]}, [1], ["test of clock"], 5),
        ({"clock": [1], CHECKS: [0, 1, 0], "others": [0]}, None, [], 1),
        ({"clock": [-9], CHECKS: [0, 0, 0], "others": [1]}, [-9, 1], ["test of others"], 5),
    ],
)
def test_what_failed_is_looked_at_again(
    monkeypatch: pytest.MonkeyPatch,
    codes: dict[str, list[int]],
    looked_at: list[int] | None,
    failed: list[str],
    ending: int,
) -> None:
    seen: list[tuple[list[int], list[str]]] = []

    def look(codes: Sequence[int], failed: Sequence[str]) -> int:
        seen.append((list(codes), list(failed)))
        return 5

    endings = {
        name: Ending(of_lane, ["the last"], [f"test of {name}"] if of_lane == [1] else [])
        for name, of_lane in codes.items()
    }
    monkeypatch.setattr(pace, "slowness", lambda: 1.0)
    monkeypatch.setattr(every_test, "lanes", lambda _seed, _slower=1.0: [[name] for name in endings])
    monkeypatch.setattr(every_test, "side_by_side", lambda together: {name: endings[name] for name in together})
    monkeypatch.setattr(every_test, "second_look", look)
    assert main() == ending
    assert seen == ([(looked_at, failed)] if looked_at else [])

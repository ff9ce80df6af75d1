"""Which failures get a second look, and that one that fails again has failed."""

import json
from pathlib import Path

import pytest

from tests.kit import second_look


def told(folder: Path, failed: int) -> Path:
    """What pytest leaves behind when so many tests have failed."""
    path = folder / "v/cache/lastfailed"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({f"tests/test_a.py::test_{number}": True for number in range(failed)}))
    return folder


def test_a_few_failures_are_run_again(tmp_path: Path) -> None:
    assert second_look.failures([1, 1], [told(tmp_path, 2)]) == ["tests/test_a.py::test_0", "tests/test_a.py::test_1"]
    assert len(second_look.failures([1], [told(tmp_path / "most", second_look.MOST)])) == second_look.MOST


@pytest.mark.parametrize(
    ("codes", "failed", "reason"),
    [
        ([1], second_look.MOST + 1, "6 tests failed"),
        ([1], 0, "0 tests failed"),
        ([1, 2], 1, "ended with"),
        ([3], 1, "ended with"),
        ([137], 1, "ended with"),
        ([], 1, "ended with"),
    ],
)
def test_other_ends_are_not_looked_at_again(tmp_path: Path, codes: list[int], failed: int, reason: str) -> None:
    with pytest.raises(SystemExit, match=reason) as refused:
        second_look.failures(codes, [told(tmp_path, failed)])
    assert refused.value.code != 0


def test_a_run_that_left_nothing_behind_gets_none(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="0 tests failed"):
        second_look.failures([1], [tmp_path / "missing"])


@pytest.mark.parametrize(("body", "code"), [("assert True", 0), ("assert False", 1)])
def test_what_fails_alone_has_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], body: str, code: int
) -> None:
    (tmp_path / "test_a.py").write_text(f"def test_0():\n    {body}\n")
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # importing them is most of what it takes
    monkeypatch.setattr(second_look, "ROOT", tmp_path)
    monkeypatch.setattr(second_look, "failures", lambda codes, caches: ["test_a.py::test_0"])
    assert second_look.second_look([1], []) == code
    assert ("Passed alone, failed beside others" in capfd.readouterr().out) is (code == 0)

"""Which failures get a second look, and that one that fails again has failed."""

from pathlib import Path

import pytest

from tests.kit import second_look
from tests.kit.lane import ENDED_EARLY


def ids(failed: int) -> list[str]:
    """So many node ids."""
    return [f"tests/test_a.py::test_{number}" for number in range(failed)]


@pytest.mark.parametrize("failed", [1, second_look.MOST])
def test_a_few_failures_are_run_again(failed: int, capsys: pytest.CaptureFixture[str]) -> None:
    second_look.check([1, 1], ids(failed))
    assert all(test in capsys.readouterr().out for test in ids(failed)[-1:])


@pytest.mark.parametrize(
    ("codes", "failed", "reason"),
    [
        ([1], second_look.MOST + 1, "13 tests failed"),
        ([1], 0, "0 tests failed"),
        ([1, 2], 1, "ended with"),
        ([1, ENDED_EARLY], 1, "ended with"),
        ([137], 1, "ended with"),
        ([], 1, "ended with"),
    ],
)
def test_other_ends_are_not_looked_at_again(
    codes: list[int], failed: int, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match=reason) as refused:
        second_look.check(codes, ids(failed))
    assert refused.value.code != 0
    assert all(f"failed: {test}" in capsys.readouterr().out for test in ids(failed)[-1:])


@pytest.mark.parametrize(("body", "code"), [("assert True", 0), ("assert False", 1)])
def test_what_fails_alone_has_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], body: str, code: int
) -> None:
    (tmp_path / "test_a.py").write_text(f"def test_0():\n    {body}\n")
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # importing them is most of what it takes
    monkeypatch.setattr(second_look, "ROOT", tmp_path)
    assert second_look.second_look([1], ["test_a.py::test_0"]) == code
    assert ("Passed alone, failed beside others" in capfd.readouterr().out) is (code == 0)

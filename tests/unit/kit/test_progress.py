"""What a run of tests writes down of itself, and what another one makes of it."""

from pathlib import Path

from tests.kit.progress import Progress, read


def test_what_was_run_and_what_was_not_is_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "progress"
    path.write_text(
        '{"collected": ["a", "b", "c", "d"]}\n{"begun": ["a"]}\n{"ended": ["a"]}\n{"begun": ["b"]}\n'
        '{"reported": ["b"]}\n{"ended": ["b"]}\n{"begun": ["c"]}\n{"ended": ["'
    )
    progress = read(path)
    assert progress.under_way == {"c"}
    assert progress.failed == {"b", "c"}
    assert progress.left == {"d"}


def test_a_run_that_wrote_nothing_left_nothing(tmp_path: Path) -> None:
    assert read(tmp_path / "missing") == Progress()

"""Session files are bounded in number and bytes, written whole or not at all, and a failure is one line."""

import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.replay import files
from app.replay.files import SessionFiles, file_name

WITHIN_S = 30.0


def name(number: int) -> str:
    return file_name(f"session-{number}", f"2026-01-02T03:04:{number:02}Z")


@contextmanager
def writing(directory: Path, most_bytes: int = 1 << 20) -> Iterator[SessionFiles]:
    """Files, all of which are written at the end."""
    made = SessionFiles(directory, most_bytes)
    yield made
    made.close(WITHIN_S)


def write_in_order(directory: Path, made: SessionFiles, count: int, size: int) -> None:
    for number in range(count):
        made.write(name(number), bytes(size))
        if (path := directory / name(number)).exists():
            os.utime(path, (number + 1, number + 1))


def test_a_file_is_whole_and_for_this_user_only(tmp_path: Path) -> None:
    directory = tmp_path / "new" / "files"
    with writing(directory) as made:
        assert made.do(lambda: made.write(name(1), b"all of it"))
    (path,) = directory.iterdir()
    assert (path.name, path.read_bytes()) == ("session-20260102T030401Z-session-1.jsonl", b"all of it")
    assert path.stat().st_mode & 0o777 == 0o600
    assert directory.stat().st_mode & 0o777 == 0o700


def test_the_oldest_go_when_all_are_too_large(tmp_path: Path) -> None:
    made = SessionFiles(tmp_path, 1_000)
    write_in_order(tmp_path, made, 8, 300)
    assert sorted(path.name for path in tmp_path.iterdir()) == [name(number) for number in (5, 6, 7)]


def test_the_oldest_go_when_there_are_too_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MOST_FILES", 4)
    made = SessionFiles(tmp_path, 1_000)
    write_in_order(tmp_path, made, 8, 1)
    assert sorted(path.name for path in tmp_path.iterdir()) == [name(number) for number in (4, 5, 6, 7)]


def test_only_files_of_ours_go(tmp_path: Path) -> None:
    (tmp_path / "notes.jsonl").write_bytes(bytes(5_000))
    old, new = tmp_path / f".{name(1)}.17", tmp_path / f".{name(2)}.18"
    for path in (old, new):
        path.write_bytes(bytes(10))
    os.utime(old, (1, 1))
    SessionFiles(tmp_path, 1_000).write(name(3), bytes(900))
    assert {path.name for path in tmp_path.iterdir()} == {"notes.jsonl", new.name, name(3)}


def test_a_name_has_nothing_in_it_that_leads_elsewhere() -> None:
    assert file_name("../../etc/passwd", "2026-01-02T03:04:05Z") == "session-20260102T030405Z-etcpasswd.jsonl"
    assert file_name("/", "2026-01-02T03:04:05Z") == "session-20260102T030405Z-unnamed.jsonl"
    assert files.NAME.fullmatch(file_name("s" * 900, "2026-01-02T03:04:05Z"))


def test_a_failure_is_one_line_and_the_next_file_is_written(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "taken").write_bytes(b"")
    lost, made = SessionFiles(tmp_path / "taken", 1_000), SessionFiles(tmp_path, 1_000)
    with caplog.at_level(logging.WARNING):
        assert lost.do(lambda: lost.write(name(1), b"1"))
        assert lost.do(lambda: print(1 // 0))
        assert lost.do(lambda: made.write(name(2), b"2"))
        lost.close(WITHIN_S)
    assert [record.getMessage() for record in caplog.records] == [
        "a session file is lost: it cannot be written: File exists",
        "a session file is lost: it cannot be made: ZeroDivisionError",
    ]
    assert (tmp_path / name(2)).read_bytes() == b"2"


def test_what_is_not_written_whole_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / name(1)).mkdir()
    with pytest.raises(OSError, match="directory"):
        SessionFiles(tmp_path, 1_000).write(name(1), b"1")
    assert [path.name for path in tmp_path.iterdir()] == [name(1)]


def test_no_more_waits_than_may_and_nobody_is_held_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MOST_WAITING", 3)
    hangs, began = threading.Event(), threading.Event()

    def hang() -> None:
        began.set()
        hangs.wait(WITHIN_S)

    made = SessionFiles(tmp_path, 1_000)
    assert made.do(hang)
    assert began.wait(WITHIN_S)
    assert [made.do(lambda: None) for _ in range(5)] == [True, True, True, False, False]
    made.close(0.05)
    hangs.set()


def test_a_machine_without_a_thread_to_spare_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    made = SessionFiles(tmp_path, 1_000)
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        assert not made.do(lambda: made.write(name(1), b"1"))
    assert made.do(lambda: made.write(name(2), b"2"))
    made.close(WITHIN_S)
    assert (tmp_path / name(2)).read_bytes() == b"2"

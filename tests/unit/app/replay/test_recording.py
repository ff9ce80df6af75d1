"""A session file that cannot be replayed is refused in one line that says what is wrong with it."""

import json
from pathlib import Path

import pytest

from app.replay import recording
from app.replay.recording import FORMAT, SessionFileError, read
from app.version import product_version
from tests.kit.recorded_sessions import session_file, steps_of

FILE = session_file(steps_of("lost line"), content=False)
LINES = FILE.splitlines(keepends=True)
NEWER = json.dumps({"format": FORMAT, "version": 7, "earshot": "9.1.0"}).encode() + b"\n"


def changed(number: int, line: bytes) -> bytes:
    """The file with another line in place of the one of this number."""
    return b"".join([*LINES[: number - 1], line, *LINES[number:]])


@pytest.mark.parametrize(
    ("data", "wrong"),
    [
        (b"", "is no session file: its first line does not say so"),
        (b"\x89PNG\r\n\x1a\n\x00", "is no session file: its first line does not say so"),
        (b'{"format": "another", "version": 1}\n', "is no session file: its first line does not say so"),
        (b"[" * 100_000, "is no session file: its first line does not say so"),
        (
            NEWER,
            "is of version 7, written by Earshot 9.1.0; "
            f"this is Earshot {product_version()}, which replays version {recording.VERSION}",
        ),
        (FILE[:-20], f"line {len(LINES)} has no end: the file is incomplete"),
        (b"".join(LINES[:-1]), "is incomplete: its last line does not say how the session ended"),
        (LINES[0], "is incomplete: its last line does not say how the session ended"),
        (LINES[0] + LINES[-1], "line 2 does not say how turn-taking began"),
        (b"".join([LINES[0], *LINES[2:]]), "line 2 does not say how turn-taking began"),
        (changed(3, LINES[0]), "line 3 stands in the wrong place"),
        (changed(3, b'{"type": "to\n'), "line 3 cannot be read: Input data was truncated"),
        (changed(4, b'{"type": "sung"}\n'), "line 4 cannot be read: Invalid value 'sung' - at `$.type`"),
        (changed(5, b"\xff\xfe\n"), "line 5 cannot be read: "),
        (changed(5, b'{"type":"told","at":1,"event":' + b"[" * 100_000 + b"\n"), "line 5 cannot be read: "),
        (
            changed(6, b'{"type": "told", "at": 1.0, "event": {"type": "Sneezed"}}\n'),
            "line 6 cannot be read: Invalid value 'Sneezed' - at `$.event.type`",
        ),
    ],
)
def test_what_is_wrong_is_named_in_a_line(tmp_path: Path, data: bytes, wrong: str) -> None:
    path = tmp_path / "session.jsonl"
    path.write_bytes(data)
    with pytest.raises(SessionFileError) as refused:
        read(path)
    assert str(path) in str(refused.value)
    assert wrong in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_file_that_is_not_there_or_is_none_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SessionFileError, match=r"nothing\.jsonl cannot be read: No such file or directory"):
        read(tmp_path / "nothing.jsonl")
    with pytest.raises(SessionFileError, match="is a directory"):
        read(tmp_path)
    monkeypatch.setattr(recording, "MOST_BYTES", 1 << 20)
    (tmp_path / "large.jsonl").write_bytes(bytes((1 << 20) + 1))
    with pytest.raises(SessionFileError, match=r"large\.jsonl is larger than 1 MB: it is no session file"):
        read(tmp_path / "large.jsonl")


def test_a_whole_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "session.jsonl"
    path.write_bytes(FILE)
    found = read(path)
    assert (found.session.session_id, found.session.began) == ("session-1", "2026-01-02T03:04:05Z")
    path.write_bytes(b"".join(map(recording.encoded, (found.session, *found.steps, found.over))))
    assert read(path) == found

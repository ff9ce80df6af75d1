"""The audio of a session is a WAV file that is bounded, grows while it lasts, and costs nothing else when it fails."""

import array
import logging
import wave
from pathlib import Path

import pytest

from app.replay import files
from app.replay.audio_file import HEADER_BYTES, AudioFile
from app.replay.audio_lanes import BYTES_PER_S, RATE_HZ, AgentPiece, CallerPiece, Piece
from app.replay.files import AUDIO, SessionFiles, file_name
from app.replay.recording import AudioBeside

NAME = file_name("session-1", "2026-01-02T03:04:05Z", AUDIO)
SECOND = array.array("h", [500] * RATE_HZ).tobytes()


def seconds(count: int, begin: int = 0) -> list[Piece]:
    return [CallerPiece(float(at + 1), "", RATE_HZ, SECOND) for at in range(begin, begin + count)]


def made(directory: Path, most_bytes: int = 1 << 20, total_bytes: int = 1 << 30) -> AudioFile:
    return AudioFile(SessionFiles(directory, total_bytes), NAME, 0.0, most_bytes)


def test_it_is_written_while_the_session_lasts_and_named_when_it_is_whole(tmp_path: Path) -> None:
    file = made(tmp_path / "files")
    file.add(seconds(3))
    (unfinished,) = (tmp_path / "files").iterdir()
    assert unfinished.name.startswith(".session-")
    assert unfinished.stat().st_mode & 0o777 == 0o600
    file.add([AgentPiece(3.0, RATE_HZ, SECOND), *seconds(1, begin=3)])
    assert file.finish() == AudioBeside(file=NAME, at=0.0, seconds=4.0)
    assert [path.name for path in (tmp_path / "files").iterdir()] == [NAME]
    with wave.open(str(file.path), "rb") as sound:
        assert (sound.getnchannels(), sound.getframerate(), sound.getsampwidth()) == (2, RATE_HZ, 2)
        samples = array.array("h", sound.readframes(sound.getnframes()))
    assert set(samples[0::2]) == {500}
    assert samples[1::2] == array.array("h", [0] * (3 * RATE_HZ) + [500] * RATE_HZ)


def test_a_session_of_which_nothing_came_has_none(tmp_path: Path) -> None:
    assert made(tmp_path).finish() is None
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_would_be_too_large_is_cut_and_says_so(tmp_path: Path) -> None:
    file = made(tmp_path, most_bytes=3 * BYTES_PER_S + HEADER_BYTES + 3)
    file.add(seconds(9))
    file.add(seconds(9, begin=9))
    assert file.finish() == AudioBeside(file=NAME, at=0.0, seconds=3.0, cut=True)
    assert file.path.stat().st_size == HEADER_BYTES + 3 * BYTES_PER_S


def test_what_is_discarded_leaves_nothing(tmp_path: Path) -> None:
    file = made(tmp_path)
    file.add(seconds(3))
    file.discard()
    file.add(seconds(3, begin=3))
    assert file.finish() is None
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_is_full_cuts_the_audio_of_live_sessions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "LOOK_BYTES", BYTES_PER_S)
    file = made(tmp_path, most_bytes=1 << 30, total_bytes=5 * BYTES_PER_S)
    for second in range(20):
        file.add(seconds(1, begin=second))
    beside = file.finish()
    assert beside is not None
    assert beside.cut
    assert 4 <= beside.seconds <= 7


def test_where_live_sessions_leave_no_room_a_new_one_has_no_audio_and_later_ones_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(files, "LOOK_BYTES", 3 * BYTES_PER_S)
    directory = SessionFiles(tmp_path, 2 * BYTES_PER_S)

    def begun(number: int) -> AudioFile:
        file = AudioFile(directory, file_name(f"s{number}", "2026-01-02T03:04:05Z", AUDIO), 0.0, 1 << 30)
        file.add(seconds(4))
        file.add(seconds(4, begin=4))
        return file

    live, refused = begun(1), begun(2)
    assert not live.has_failed
    assert refused.has_failed
    assert refused.finish() is None
    assert "the audio of a session is lost: the files of live sessions leave no room for it" in caplog.text
    assert live.finish() is not None
    later = begun(3)
    assert not later.has_failed
    later.discard()


def test_audio_goes_before_session_files_and_the_oldest_of_it_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "LOOK_BYTES", BYTES_PER_S)
    directory = SessionFiles(tmp_path, 6 * BYTES_PER_S)
    directory.write(file_name("old", "2026-01-01T00:00:00Z"), bytes(BYTES_PER_S))
    for number in range(3):
        file = AudioFile(directory, file_name(f"s{number}", "2026-01-02T03:04:05Z", AUDIO), 0.0, 1 << 30)
        file.add(seconds(3))
        assert file.finish() is not None
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        file_name("old", "2026-01-01T00:00:00Z"),
        file_name("s2", "2026-01-02T03:04:05Z", AUDIO),
    ]


def test_a_file_that_cannot_be_written_is_one_line(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "taken").write_bytes(b"")
    file = made(tmp_path / "taken")
    with caplog.at_level(logging.WARNING, logger="app.replay.files"):
        for second in range(5):
            file.add(seconds(2, begin=2 * second))
    assert file.has_failed
    assert file.finish() is None
    assert [record.getMessage() for record in caplog.records] == [
        "the audio of a session is lost: it cannot be written: File exists"
    ]


def test_audio_that_is_none_is_one_line(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = made(tmp_path)
    with caplog.at_level(logging.WARNING, logger="app.replay.files"):
        file.add([CallerPiece(1.0, "", 0, SECOND)])
    assert file.has_failed
    assert "the audio of a session is lost: it cannot be made" in caplog.text

"""Frames of a quiet line wait for each other; whatever may be speech waits for nothing."""

from app.providers.azure.stt.quiet_frames import HELD_MS, QUIET_AFTER_MS, QuietFrames

FRAME_MS = 20.0


def add(frames: QuietFrames, pcm: bytes, *, is_wanted: bool = False) -> bytes:
    return frames.add(pcm, FRAME_MS, is_wanted=is_wanted)


def quiet() -> QuietFrames:
    """Of a caller who has said nothing for so long that frames wait from here on."""
    frames = QuietFrames(0)
    for _ in range(round(QUIET_AFTER_MS / FRAME_MS)):
        assert add(frames, b"a") == b"a"
    return frames


def test_speech_waits_for_a_block_and_a_quiet_line_for_two() -> None:
    frames = QuietFrames(2 * FRAME_MS)
    assert [add(frames, bytes([number]), is_wanted=True) for number in range(4)] == [b"", b"\0\1", b"", b"\2\3"]
    for _ in range(round(QUIET_AFTER_MS / FRAME_MS)):
        add(frames, b"a")
    frames.take()
    assert [len(add(frames, b"b")) for _ in range(8)] == [0, 0, 0, 4] * 2


def test_on_a_quiet_line_frames_wait_for_each_other_and_none_is_lost() -> None:
    frames = quiet()
    at_once = round(HELD_MS / FRAME_MS)
    sent = [add(frames, bytes([number])) for number in range(4 * at_once)]
    assert [len(each) for each in sent] == ([0] * (at_once - 1) + [at_once]) * 4
    assert b"".join(sent) == bytes(range(4 * at_once))


def test_what_may_be_speech_is_due_at_once_with_all_that_waited() -> None:
    frames = quiet()
    assert add(frames, b"b") == b""
    assert add(frames, b"c", is_wanted=True) == b"bc"
    assert add(frames, b"d") == b"d", "so is what follows it, until the line is quiet again"


def test_a_frame_that_is_longer_than_all_that_may_wait_is_due_at_once() -> None:
    frames = quiet()
    assert frames.add(b"b", HELD_MS, is_wanted=False) == b"b"


def test_what_waits_for_frames_that_do_not_come_is_overdue_at_the_second_look() -> None:
    frames = quiet()
    add(frames, b"b")
    assert [frames.take_overdue(), frames.take_overdue(), frames.take_overdue()] == [b"", b"b", b""]


def test_what_is_taken_waits_no_longer() -> None:
    frames = quiet()
    add(frames, b"b")
    assert (frames.take(), frames.take()) == (b"b", b"")

"""The audio of a session, by speaker, on one axis of time."""

from actors.session.checkpoint import Checkpoint
from actors.session.recognition.audio_tracks import ABSENT_MS, LOOK_MS, AudioTracks

FRAME = bytes(640)


def tracks(checkpoint: Checkpoint) -> AudioTracks:
    return AudioTracks(checkpoint, rate_hz=16_000, keep_ms=10_000)


def test_all_voices_in_one_stream_follow_each_other() -> None:
    kept = tracks(Checkpoint())
    assert [kept.all_voices.append(FRAME).offset_bytes for _ in range(3)] == [0, 640, 1_280]
    assert kept.kept_bytes == 3 * 640


def test_a_speaker_begins_where_the_others_are() -> None:
    kept = tracks(Checkpoint())
    for _ in range(10):
        kept.append("caller", FRAME)
    assert kept.append("speaker 2", FRAME).offset_bytes == 9 * 640
    assert kept.append("caller", FRAME).offset_bytes == 10 * 640
    # The stream of all voices is another one.
    assert kept.all_voices.append(FRAME).offset_bytes == 0


def test_a_speaker_who_is_a_little_late_loses_no_place_and_one_who_was_away_goes_on_with_the_others() -> None:
    kept = tracks(Checkpoint())
    kept.append("speaker 2", FRAME)
    for _ in range(20):
        kept.append("caller", FRAME)
    assert kept.append("speaker 2", FRAME).offset_bytes == 640
    for _ in range(200):
        kept.append("caller", FRAME)
    assert kept.append("speaker 2", FRAME).offset_bytes == 219 * 640


def test_a_successor_goes_on_where_each_track_ended() -> None:
    checkpoint = Checkpoint()
    kept = tracks(checkpoint)
    for _ in range(5):
        kept.append("caller", FRAME)
    assert tracks(checkpoint).append("caller", FRAME).offset_bytes == 5 * 640


def test_who_is_not_streamed_for_long_is_absent_unless_words_of_theirs_are_owed() -> None:
    checkpoint = Checkpoint()
    kept = tracks(checkpoint)
    for speaker in ("speaker 2", "speaker 3", "caller"):
        kept.append(speaker, FRAME)
    checkpoint.track("speaker 3").mark_final_owed(is_owed=True)
    told: list[tuple[int, list[str]]] = []

    def hear(ms: int) -> None:
        for _ in range(ms // 20):
            at_ms = kept.append("caller", FRAME).offset_bytes // 32 + 20
            if gone := kept.close_absent("caller"):
                told.append((at_ms, gone))

    hear(ABSENT_MS - 20)
    assert told == []
    hear(2 * LOOK_MS)
    ((at_ms, gone),) = told
    assert gone == ["speaker 2"]
    assert at_ms <= 20 + ABSENT_MS + LOOK_MS + 20
    checkpoint.track("speaker 3").mark_final_owed(is_owed=False)
    hear(2 * LOOK_MS)
    assert told[1:] == [(told[1][0], ["speaker 3"])]
    assert [checkpoint.track(name).is_open for name in ("caller", "speaker 2", "speaker 3")] == [True, False, False]

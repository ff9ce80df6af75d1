"""How far the audio of one speaker has been dealt with."""

from actors.session.recognition.audio_track import AudioTrack


def test_what_is_settled_stays_settled() -> None:
    track = AudioTrack()
    seen = []
    for end_bytes in (640, 320, -100, 960):
        track.settle_audio(end_bytes)
        seen.append(track.settled_bytes)
    assert seen == [640, 640, 640, 960]


def test_a_track_begins_with_nothing_owed_and_nothing_heard() -> None:
    track = AudioTrack()
    assert (track.is_open, track.final_owed, track.settled_bytes, track.audio_bytes) == (False, False, 0, 0)
    track.mark_final_owed(is_owed=True)
    assert track.final_owed
    track.mark_final_owed(is_owed=False)
    assert not track.final_owed


def test_what_is_to_be_recognised_again_is_not_settled() -> None:
    track = AudioTrack(settled_bytes=640)
    track.unsettle_audio(960)
    assert track.settled_bytes == 640
    track.unsettle_audio(320)
    assert track.settled_bytes == 320
    track.settle_audio(960)
    assert track.settled_bytes == 960

"""What the recognizer owes of a speaker: their final transcript, from the onset of speech until it comes."""

from actors.session.recognition.audio_track import AudioTrack
from actors.session.recognition.owed_transcript import OwedTranscript


def test_a_final_is_owed_from_the_onset_until_it_comes() -> None:
    track = AudioTrack()
    owed = OwedTranscript(track)
    seen = [track.final_owed]
    owed.owe(100.0)
    seen.append(track.final_owed)
    owed.settle(900.0, 28_800, is_speaking=False)
    assert [*seen, track.final_owed] == [False, True, False]
    assert track.settled_bytes == 28_800


def test_a_final_that_comes_late_leaves_that_of_the_next_utterance_owed() -> None:
    track = AudioTrack()
    owed = OwedTranscript(track)
    owed.owe(100.0)
    owed.owe(1_500.0)
    owed.settle(900.0, 28_800, is_speaking=False)
    assert track.final_owed
    owed.settle(2_000.0, 64_000, is_speaking=False)
    assert not track.final_owed


def test_a_final_of_the_first_part_of_an_utterance_leaves_the_rest_owed() -> None:
    track = AudioTrack()
    owed = OwedTranscript(track)
    owed.owe(100.0)
    owed.settle(4_000.0, 128_000, is_speaking=True)
    assert (track.final_owed, track.settled_bytes) == (True, 128_000)
    owed.settle(6_000.0, 192_000, is_speaking=False)
    assert not track.final_owed


def test_a_noise_owes_nothing() -> None:
    track = AudioTrack()
    owed = OwedTranscript(track)
    owed.owe(100.0)
    owed.forget_noise()
    assert not track.final_owed
    owed.settle(50.0, 1_600, is_speaking=False)
    assert not track.final_owed, "nothing had begun at 50 ms either"


def test_what_a_former_recognizer_has_left_stays_owed_behind_a_noise() -> None:
    track = AudioTrack(final_owed=True)
    owed = OwedTranscript(track)
    seen = [(owed.is_inherited, track.final_owed)]
    owed.owe(100.0)
    owed.forget_noise()
    seen.append((owed.is_inherited, track.final_owed))
    owed.settle(900.0, 28_800, is_speaking=False)
    assert [*seen, (owed.is_inherited, track.final_owed)] == [(True, True), (True, True), (False, False)]


def test_what_is_given_up_is_not_heard_again() -> None:
    track = AudioTrack(final_owed=True, settled_bytes=10)
    owed = OwedTranscript(track)
    owed.give_up(6_400)
    assert (track.final_owed, track.settled_bytes, owed.is_inherited) == (False, 6_400, False)

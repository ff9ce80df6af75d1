"""What is remembered of the pauses of one speaker."""

from actors.rules.end_of_turn.speaker_pauses import CUT_OFF_MS, CUT_OFFS_MAX, KEPT, LONGER, SpeakerPauses


def test_nothing_is_known_of_who_has_not_paused_twice() -> None:
    pauses = SpeakerPauses()
    assert (pauses.usual_ms, pauses.more_ms) == (0, 0)
    pauses.went_on(900, was_over=False)
    assert pauses.usual_ms == 0


def test_one_long_pause_is_none_of_a_speakers_habits() -> None:
    pauses = SpeakerPauses()
    for pause_ms in (400, 5_000, 600):
        pauses.went_on(pause_ms, was_over=False)
    assert pauses.usual_ms == 600 * LONGER


def test_silence_between_sounds_is_no_pause() -> None:
    pauses = SpeakerPauses()
    for _ in range(5):
        pauses.went_on(100, was_over=True)
    assert (pauses.usual_ms, pauses.more_ms) == (0, 0)


def test_cut_offs_count_up_to_a_bound_and_are_forgotten() -> None:
    pauses = SpeakerPauses()
    for expected in (1, 2, 2):
        pauses.went_on(700, was_over=True)
        assert pauses.more_ms == min(expected, CUT_OFFS_MAX) * CUT_OFF_MS
    for _ in range(KEPT):
        pauses.went_on(300, was_over=False)
    assert pauses.more_ms == 0

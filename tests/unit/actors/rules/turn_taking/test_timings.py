"""The times of a turn as they are shown."""

import pytest

from actors.rules.turn_taking.timings import Timings


def test_times_are_shown_in_ms_and_only_those_that_are_known() -> None:
    timings = Timings(asked_at=10.0, first_audio_at=10.25, onset_at=12.0, decided_at=12.4)
    shown = timings.shown(3, 12.5)
    assert shown.first_audio_ms == pytest.approx(250)
    assert shown.onset_to_pause_ms is None
    assert shown.onset_to_decision_ms == pytest.approx(400)
    assert shown.decision_to_silence_ms == pytest.approx(100)
    assert not Timings(asked_at=10.0).is_worth_showing

"""The far end's ear on told times: what is heard when, gaps, StopAudio, pacing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cloud.acs.ear import Ear
from tests.cloud.acs.pcm import level_dbfs, silence, tone

RATE = 16_000
FRAME = tone(20, RATE)


def ear_at(*arrivals_s: float, rate_hz: int = RATE) -> Ear:
    """An ear that began at 10 s and got a frame at each of those times after that."""
    ear = Ear(rate_hz)
    ear.begin(10.0)
    for at_s in arrivals_s:
        ear.receive(tone(20, rate_hz), 10.0 + at_s)
    return ear


def spans(ear: Ear) -> list[tuple[str, int, int]]:
    return [
        (span.kind, round((span.started_s - 10) * 1000), round((span.ended_s - 10) * 1000)) for span in ear.timeline
    ]


def test_nothing_said_is_silence() -> None:
    ear = ear_at()
    ear.play_until(11.0)
    assert spans(ear) == [("silence", 0, 1000)]
    assert ear.heard == silence(1000, RATE)
    assert (ear.voices(), ear.silent_ms(), ear.voice_since(10.0)) == ([], 1000, None)


@pytest.mark.parametrize("rate_hz", [16_000, 24_000])
def test_audio_in_time_is_played_without_a_gap(rate_hz: int) -> None:
    ear = ear_at(*(0.1 + n * 0.02 for n in range(50)), rate_hz=rate_hz)
    ear.play_until(11.5)
    assert spans(ear) == [("silence", 0, 100), ("audio", 100, 1100), ("silence", 1100, 1500)]
    assert ear.gaps() == []
    assert ear.heard_between(10.1, 11.1) == tone(20, rate_hz) * 50
    assert ear.pacing.breaks() == []
    assert (ear.pacing.bursts, ear.pacing.frames, round(ear.pacing.audio_ms)) == (1, 50, 1000)


def test_audio_ahead_is_queued_and_played_in_its_time() -> None:
    ear = ear_at(0, 0, 0, 0.02, 0.04)
    assert round(ear.queued_ms) == 60
    ear.play_until(10.2)
    assert spans(ear) == [("audio", 0, 100), ("silence", 100, 200)]
    assert round(ear.pacing.max_lead_ms) == 60
    assert ear.pacing.breaks() == []


def test_audio_too_far_ahead_is_told() -> None:
    assert ear_at(0, 0, 0, 0).pacing.breaks() == ["up to 80.0 ms ahead, 60 allowed"]


def test_audio_that_comes_late_leaves_a_gap() -> None:
    ear = ear_at(0, 0.02, 0.05, 0.07)
    ear.play_until(10.2)
    assert spans(ear) == [("audio", 0, 40), ("silence", 40, 50), ("audio", 50, 90), ("silence", 90, 200)]
    (gap,) = ear.gaps()
    assert gap.ms == pytest.approx(10, abs=0.1)
    assert ear.gaps(over_ms=15) == []
    assert ear.pacing.max_late_ms == pytest.approx(10)
    assert ear.pacing.breaks() == ["up to 10.0 ms late, 2 frames"]


def test_audio_after_a_pause_is_another_burst() -> None:
    ear = ear_at(0, 0.02, 1.0, 1.02)
    ear.play_until(12.0)
    assert (ear.pacing.bursts, ear.pacing.late_frames, ear.gaps()) == (2, 0, [])


def test_stop_audio_empties_the_queue_at_once() -> None:
    ear = ear_at(0, 0, 0)
    ear.stop(10.01)
    ear.play_until(10.1)
    assert spans(ear) == [("audio", 0, 10), ("silence", 10, 100)]
    (stop,) = ear.stops
    assert stop.dropped_ms == pytest.approx(50)
    assert ear.quiet_ms_after(stop) is None
    ear.receive(FRAME, 10.11)
    assert ear.quiet_ms_after(stop) == pytest.approx(100)
    assert (ear.pacing.bursts, ear.pacing.max_late_ms) == (2, 0)


def test_silence_after_stop_audio_is_no_gap() -> None:
    ear = ear_at(0, 0)
    ear.stop(10.01)
    ear.receive(FRAME, 10.05)
    ear.play_until(10.2)
    assert ear.gaps() == []


def test_voices_are_told_from_the_silence_around_them() -> None:
    ear = Ear(RATE)
    ear.begin(10.0)
    ear.receive(silence(100, RATE) + tone(200, RATE) + silence(100, RATE) + tone(100, RATE) + silence(500, RATE), 10.0)
    ear.play_until(11.0)
    assert [(round(v.started_s, 3), round(v.ended_s, 3)) for v in ear.voices()] == [(10.1, 10.5)]
    assert [round(v.started_s, 3) for v in ear.voices(pause_ms=50)] == [10.1, 10.4]
    assert ear.voice_since(10.0) == pytest.approx(10.1)
    assert ear.voice_since(10.35) == pytest.approx(10.4)
    assert ear.silent_ms() == 500


def test_an_ear_may_forget_the_sound() -> None:
    ear = Ear(RATE, keep=False)
    ear.begin(10.0)
    ear.receive(FRAME, 10.0)
    ear.play_until(10.1)
    assert ear.heard == b""
    assert [span.kind for span in ear.timeline] == ["audio", "silence"]


@given(st.lists(st.tuples(st.floats(0, 0.08), st.sampled_from([20, 40, 100])), max_size=30))
def test_nothing_is_lost_and_time_goes_on(steps: list[tuple[float, int]]) -> None:
    ear = Ear(RATE)
    ear.begin(10.0)
    now, sent = 10.0, 0
    for wait_s, ms in steps:
        now += wait_s
        ear.receive(tone(ms, RATE), now)
        sent += ms
    now += 10
    ear.play_until(now)
    audio_ms = sum(span.ms for span in ear.timeline if span.kind == "audio")
    assert audio_ms == pytest.approx(sent, abs=0.1)
    assert sum(span.ms for span in ear.timeline) == pytest.approx((now - 10.0) * 1000, abs=0.1)
    assert len(ear.heard) == pytest.approx((now - 10.0) * RATE * 2, abs=4)


def test_levels() -> None:
    assert level_dbfs(tone(100, RATE, level_dbfs=-20)) == pytest.approx(-20, abs=0.1)
    assert level_dbfs(silence(20, RATE)) == -120
    assert level_dbfs(b"") == -120

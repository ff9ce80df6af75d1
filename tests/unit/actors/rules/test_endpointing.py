"""Endpointing as tables: one letter a window of 20 ms, `#` voiced, `+` between the two thresholds, `.` silence."""

import random
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.messages.transcript import NoiseStopped, SpeechContinued, SpeechStarted, SpeechStopped
from actors.rules.audio import FULL_SCALE, level_db
from actors.rules.endpointing import ECHO_MARGIN_DB, ECHO_MS, ECHO_SAMPLES, EchoWindow, Endpointer, EndpointEvent
from actors.turn_taking_settings import Endpointing

WINDOW_MS = 20.0
PROBABILITY = {"#": 0.9, "+": 0.4, ".": 0.05}
SETTINGS = Endpointing(threshold=0.5, end_silence_ms=300, min_speech_ms=100, max_utterance_ms=2_000)


def run(script: str, settings: Endpointing = SETTINGS, level_db: float = -20.0) -> list[EndpointEvent]:
    endpointer = Endpointer(settings, WINDOW_MS)
    return [event for letter in script for event in endpointer.process(PROBABILITY[letter], level_db, None)]


def ends(events: list[EndpointEvent]) -> list[EndpointEvent]:
    return [event for event in events if not isinstance(event, SpeechContinued)]


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("." * 50, []),
        ("+" * 50, []),
        ("..#", [SpeechStarted(40)]),
        (".." + "#" * 10 + "." * 14, [SpeechStarted(40)]),
        (
            ".." + "#" * 10 + "." * 15,
            [SpeechStarted(40), SpeechStopped(start_ms=40, end_ms=240, voiced_ms=200, silence_ms=300)],
        ),
        (
            "#" + "+" * 9 + "." * 15,
            [SpeechStarted(0), SpeechStopped(start_ms=0, end_ms=200, voiced_ms=200, silence_ms=300)],
        ),
        (
            "#####" + "." * 14 + "#" + "." * 15,
            [SpeechStarted(0), SpeechStopped(start_ms=0, end_ms=400, voiced_ms=120, silence_ms=300)],
        ),
        ("####" + "." * 9, [SpeechStarted(0)]),
        ("####" + "." * 10, [SpeechStarted(0), NoiseStopped()]),
        ("#" + "." * 10 + "+" * 20, [SpeechStarted(0), NoiseStopped()]),
        (
            "##...##...##" + "." * 15,
            [SpeechStarted(0), SpeechStopped(start_ms=0, end_ms=240, voiced_ms=120, silence_ms=300)],
        ),
        (
            ("#" * 5 + "." * 15) * 2,
            [
                SpeechStarted(0),
                SpeechStopped(start_ms=0, end_ms=100, voiced_ms=100, silence_ms=300),
                SpeechStarted(400),
                SpeechStopped(start_ms=400, end_ms=500, voiced_ms=100, silence_ms=300),
            ],
        ),
        (
            "#" * 101,
            [
                SpeechStarted(0),
                SpeechStopped(start_ms=0, end_ms=2_000, voiced_ms=2_000, silence_ms=0),
                SpeechStarted(2_000),
            ],
        ),
        (
            ("#" + "." * 9) * 4 + "#" * 70,
            [
                SpeechStarted(0),
                SpeechStopped(start_ms=0, end_ms=2_000, voiced_ms=1_280, silence_ms=0),
                SpeechStarted(2_000),
            ],
        ),
    ],
)
def test_a_script_of_windows_gives_these_beginnings_and_ends(script: str, expected: list[EndpointEvent]) -> None:
    assert ends(run(script)) == expected


def test_every_window_from_onset_to_end_tells_of_progress() -> None:
    events = run(".##." + "#" * 3 + "." * 15)
    assert events[:6] == [
        SpeechStarted(20),
        SpeechContinued(20, 0),
        SpeechContinued(40, 0),
        SpeechContinued(40, 20),
        SpeechContinued(60, 0),
        SpeechContinued(80, 0),
    ]
    assert events[-2] == SpeechContinued(100, 280)
    assert events[-1] == SpeechStopped(start_ms=20, end_ms=140, voiced_ms=100, silence_ms=300)


def test_a_low_threshold_keeps_half_of_itself_inside_speech() -> None:
    endpointer = Endpointer(Endpointing(threshold=0.1), WINDOW_MS)
    assert endpointer.process(0.09, -20, None) == []
    assert endpointer.process(0.1, -20, None)[0] == SpeechStarted(20)
    assert endpointer.process(0.06, -20, None) == [SpeechContinued(40, 0)]
    assert endpointer.process(0.04, -20, None) == [SpeechContinued(40, 20)]


def test_a_noise_never_waits_longer_than_an_utterance_would() -> None:
    settings = Endpointing(end_silence_ms=100, min_speech_ms=100)
    assert ends(run("#" + "." * 5, settings)) == [SpeechStarted(0), NoiseStopped()]


def test_the_longest_utterance_may_turn_out_to_be_noise() -> None:
    settings = Endpointing(min_speech_ms=100, max_utterance_ms=60)
    assert ends(run("##.", settings)) == [SpeechStarted(0), NoiseStopped()]


def test_forcing_an_end() -> None:
    endpointer = Endpointer(SETTINGS, WINDOW_MS)
    assert endpointer.force_end() == []
    for _ in range(6):
        endpointer.process(0.9, -20, None)
    endpointer.process(0.0, -20, None)
    assert endpointer.force_end() == [SpeechStopped(start_ms=0, end_ms=120, voiced_ms=120, silence_ms=20)]
    assert not endpointer.in_speech
    assert endpointer.force_end() == []
    endpointer.process(0.9, -20, None)
    assert endpointer.force_end() == [NoiseStopped()]


def test_a_reset_forgets_speech_and_moves_on_the_line_of_audio() -> None:
    endpointer = Endpointer(SETTINGS, WINDOW_MS)
    endpointer.process(0.9, -20, None)
    endpointer.reset(5_000)
    assert not endpointer.in_speech
    assert endpointer.process(0.9, -20, None) == [SpeechStarted(5_000), SpeechContinued(20, 0)]


@pytest.mark.parametrize(
    ("level_db", "echo_db", "voiced"),
    [
        (-40.0, -20.0, False),  # our own voice, 20 dB down
        (-33.0, -20.0, False),
        (-20.0 - ECHO_MARGIN_DB, -20.0, False),
        (-31.9, -20.0, True),
        (-20.0, -20.0, True),  # as loud as we are
        (-28.0, -20.0, True),  # a soft syllable of one who is
        (-60.0, None, True),  # nothing of ours was sent
        (-60.0, -100.0, True),  # only silence was sent
    ],
)
def test_what_may_be_our_own_echo_is_not_voice(level_db: float, echo_db: float | None, voiced: bool) -> None:
    endpointer = Endpointer(SETTINGS, WINDOW_MS)
    assert bool(endpointer.process(1.0, level_db, echo_db)) is voiced


def test_echo_does_not_prolong_speech_that_has_begun() -> None:
    endpointer = Endpointer(SETTINGS, WINDOW_MS)
    for _ in range(5):
        endpointer.process(1.0, -20, -20)
    events = [event for _ in range(15) for event in endpointer.process(1.0, -40, -20)]
    assert events[-1] == SpeechStopped(start_ms=0, end_ms=100, voiced_ms=100, silence_ms=300)


def test_our_own_voice_back_late_and_20_db_down_is_never_voice() -> None:
    """§4: caller audio is our own, 150 ms late at -20 dB."""
    chance = random.Random(11)
    endpointer, echo = Endpointer(SETTINGS, WINDOW_MS), EchoWindow()
    sent = [-100.0] * 8 + [chance.choice([-100.0, -45.0, -30.0, -18.0, -12.0]) for _ in range(3_000)]
    for n, level in enumerate(sent):
        at_ms = n * 20.0
        echo.sent(at_ms, frame_of(level))
        heard_db = max(sent[max(0, n - 8)] - 20.0, -100.0)
        assert endpointer.process(1.0 if heard_db > -60 else 0.0, heard_db, echo.bound(at_ms)) == []


def frame_of(level: float) -> bytes:
    """20 ms of a square wave, so many dB below full scale."""
    peak = min(32_767, round(FULL_SCALE * 10 ** (level / 20)))
    return array("h", [peak, -peak] * 160).tobytes()


def test_nothing_sent_is_no_bound() -> None:
    assert EchoWindow().bound(0.0) is None


def test_the_bound_is_the_loudest_of_the_last_300_ms() -> None:
    echo = EchoWindow()
    for at_ms, level in [(0, -30), (20, -10), (40, -20), (60, -40)]:
        echo.sent(at_ms, frame_of(level))
    assert echo.bound(60) == pytest.approx(-10, abs=0.1)
    assert echo.bound(20 + ECHO_MS) == pytest.approx(-10, abs=0.1)
    assert echo.bound(20 + ECHO_MS + 1) == pytest.approx(-20, abs=0.1)
    assert echo.bound(40 + ECHO_MS + 1) == pytest.approx(-40, abs=0.1)
    assert echo.bound(60 + ECHO_MS + 1) is None


def test_of_a_reply_that_was_heard_out_while_nobody_spoke_nothing_is_a_bound() -> None:
    echo = EchoWindow()
    echo.sent(0, frame_of(-10))
    assert echo.bound(ECHO_MS + 1) is None


@given(st.lists(st.tuples(st.integers(0, 200), st.integers(-100, 0), st.booleans()), max_size=60))
def test_the_echo_window_agrees_with_looking_at_everything(steps: list[tuple[int, int, bool]]) -> None:
    echo, sent, at_ms = EchoWindow(), list[tuple[int, float]](), 0
    for wait_ms, level, is_asked in steps:
        at_ms += wait_ms
        echo.sent(at_ms, frame_of(level))
        sent.append((at_ms, level_db(frame_of(level), ECHO_SAMPLES)))
        if is_asked:
            assert echo.bound(at_ms) == max(level for when, level in sent if at_ms - when <= ECHO_MS)


@given(
    st.lists(st.sampled_from("#+."), max_size=300),
    st.integers(100, 600),
    st.integers(20, 300),
    st.integers(0, 3_000),
)
def test_speech_is_bracketed_and_its_times_add_up(
    letters: list[str], end_silence_ms: int, min_speech_ms: int, max_utterance_ms: int
) -> None:
    settings = Endpointing(
        threshold=0.5, end_silence_ms=end_silence_ms, min_speech_ms=min_speech_ms, max_utterance_ms=max_utterance_ms
    )
    endpointer = Endpointer(settings, WINDOW_MS)
    start_ms: float | None = None
    voiced_ms = 0.0
    for n, letter in enumerate(letters):
        for event in endpointer.process(PROBABILITY[letter], -20, None):
            match event:
                case SpeechStarted(audio_ms):
                    assert start_ms is None
                    assert audio_ms == n * WINDOW_MS
                    assert letter == "#"
                    start_ms, voiced_ms = audio_ms, 0.0
                case SpeechContinued(so_far_ms, silence_ms):
                    assert start_ms is not None
                    assert voiced_ms <= so_far_ms <= endpointer.audio_ms - silence_ms - start_ms
                    assert 0 <= silence_ms < end_silence_ms
                    voiced_ms = so_far_ms
                case SpeechStopped(start_ms=began_ms, end_ms=end_ms, voiced_ms=whole_ms, silence_ms=silence_ms):
                    assert began_ms == start_ms
                    assert whole_ms >= min_speech_ms
                    assert began_ms < end_ms <= endpointer.audio_ms
                    assert silence_ms == endpointer.audio_ms - end_ms
                    assert silence_ms >= end_silence_ms or endpointer.audio_ms - began_ms >= max_utterance_ms
                    start_ms = None
                case NoiseStopped():
                    assert start_ms is not None
                    start_ms = None
        assert endpointer.in_speech is (start_ms is not None)
        assert endpointer.audio_ms == (n + 1) * WINDOW_MS


@given(st.lists(st.sampled_from("#+."), max_size=200))
def test_windows_that_are_passed_over_are_those_that_begin_and_end_nothing(script: list[str]) -> None:
    judged, passed = Endpointer(SETTINGS, WINDOW_MS), Endpointer(SETTINGS, WINDOW_MS)
    for letter in script:
        probability = PROBABILITY[letter]
        events = judged.process(probability, -20.0, None)
        was_speaking = passed.in_speech
        is_over = passed.pass_over(probability)
        assert is_over == (not was_speaking and letter != "#")
        assert ([] if is_over else passed.process(probability, -20.0, None)) == events
        assert passed.audio_ms == judged.audio_ms

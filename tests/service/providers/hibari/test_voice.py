"""The real model: words where they are heard, no silence before the first, and the same sound each time."""

import numpy as np
import pytest

from app.providers.hibari.text import Span
from app.providers.hibari.voice import RATE_HZ, SpeechModel, SpokenClause


@pytest.fixture(scope="module")
def model() -> SpeechModel:
    return SpeechModel()


def spoken(model: SpeechModel, text: str, speed: float = 1.0) -> SpokenClause:
    return model.speak(text, Span(0, len(text)), speed)


def seconds(clause: SpokenClause) -> float:
    return len(clause.samples) / RATE_HZ


def test_it_speaks_at_once_and_ends_soon_after_the_last_word(model: SpeechModel) -> None:
    clause = spoken(model, "Good morning, how can I help you?")
    loud = np.flatnonzero(np.abs(clause.samples) > 0.02) / RATE_HZ
    assert 1.0 < seconds(clause) < 4.0
    assert loud[0] < 0.15
    assert seconds(clause) - loud[-1] < 0.4


def test_every_written_word_has_its_time(model: SpeechModel) -> None:
    text = "Call +12065550100 at 2:30 PM, please."
    clause = spoken(model, text)
    assert [text[start:end] for (start, end), _ in clause.words] == [
        "Call",
        "12065550100",
        "at",
        "2:30",
        "PM",
        "please",
    ]
    times = [ms for _, ms in clause.words]
    assert times == sorted(times)
    assert times[2] - times[1] > 2_000  # eleven digits
    assert times[0] < 150
    assert times[-1] < seconds(clause) * 1000


def test_a_word_is_silent_before_its_time(model: SpeechModel) -> None:
    clause = spoken(model, "Hello, Peter.")
    at = int(clause.words[1][1] * RATE_HZ / 1000)
    tenth = RATE_HZ // 10
    before, after = clause.samples[at - tenth // 2 : at], clause.samples[at : at + 2 * tenth]
    assert np.abs(after).max() > 3 * np.abs(before).max()


def test_speed_is_relative_and_bounded(model: SpeechModel) -> None:
    usual, fast, faster = (seconds(spoken(model, "We are open on weekdays.", speed)) for speed in (1.0, 2.0, 9.0))
    assert fast < 0.7 * usual
    assert faster == fast


def test_the_same_text_sounds_the_same(model: SpeechModel) -> None:
    assert np.array_equal(spoken(model, "One moment.").samples, spoken(model, "One moment.").samples)


@pytest.mark.parametrize("text", ["", " ", "...", "🙂", "[](/)", "你好", "—", "\x00"])
def test_nothing_to_pronounce_is_no_sound_or_a_short_one(model: SpeechModel, text: str) -> None:
    assert seconds(spoken(model, text)) < 2.0


@pytest.mark.parametrize("text", ["9" * 240, "A1" * 120, "Ω" * 240, "a" * 240, "[x](/y/)" * 30])
def test_whatever_is_written_is_bounded(model: SpeechModel, text: str) -> None:
    assert seconds(spoken(model, text)) < 90.0


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("It is 20 € each.", "It is twenty euros each."),
        ("We close at 17:00.", "We close at five P.M."),
        ("Come on 28.11.2026, please.", "Come on November twenty-eighth, 2026, please."),
        ("Mail ann@example.com, please.", "Mail Ann at example dot com, please."),
        ("Take 5 mg/kg.", "Take five milligrams per kilogram."),
    ],
)
def test_what_is_written_sounds_as_it_is_said(model: SpeechModel, written: str, said: str) -> None:
    assert np.array_equal(spoken(model, written).samples, spoken(model, said).samples)

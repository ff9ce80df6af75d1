"""The most of late: nothing is forgotten within a span, and everything after two."""

from app.providers.azure.tts.recent_most import RecentMost


def test_the_most_is_remembered_for_a_span_and_for_no_more_than_two() -> None:
    recent = RecentMost(10.0)
    recent.note(5, 1.0)
    recent.note(3, 9.0)
    assert [recent.most(at) for at in (9.0, 11.0, 19.0)] == [5, 5, 5]
    recent.note(2, 19.5)
    assert [recent.most(at) for at in (20.0, 29.9, 30.0)] == [2, 2, 0]


def test_a_long_time_without_a_word_forgets_all() -> None:
    recent = RecentMost(10.0)
    recent.note(5, 1.0)
    assert recent.most(1_000.0) == 0
    recent.note(1, 1_001.0)
    assert recent.most(1_010.0) == 1

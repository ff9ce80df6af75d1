"""Where a sentence begins to be about somebody else."""

import pytest

from app.dialogue.second_wish import MOST_CHARS, MOST_JOINTS, divisions, second_wish


@pytest.mark.parametrize(
    ("said", "other"),
    [
        ("book me in for tomorrow at two and also for my wife at three", "and also for my wife at three"),
        ("me on monday and my wife on tuesday", "and my wife on tuesday"),
        ("a cleaning for me also one for our son", "also one for our son"),
        ("my son and my daughter need a check up", ""),
        ("our youngest broke a tooth and my sister is bleeding", ""),
        ("and my wife at three", ""),
        ("i have to work and can not come", ""),
        ("book a cleaning for my wife", ""),
        ("", ""),
    ],
)
def test_what_is_wanted_for_another_follows_what_is_wanted_before(said: str, other: str) -> None:
    words = said.split()
    at = second_wish(words)
    assert " ".join(words[at:] if at else ()) == other


@pytest.mark.parametrize(
    ("said", "parts"),
    [
        ("Monday, and how much is it?", [("Monday", "how much is it?")]),
        ("Wednesday. By the way, do you take insurance", [("Wednesday.", "do you take insurance")]),
        ("a cleaning, how much is it", [("a cleaning", "how much is it")]),
        ("me and you and them", [("me", "you and them"), ("me and you", "them")]),
        ("yes, also for my wife", [("yes", "for my wife")]),
        ("on Monday, Tuesday", []),
        ("and me", []),
        ("", []),
    ],
)
def test_a_text_is_divided_where_a_sentence_may_end(said: str, parts: list[tuple[str, str]]) -> None:
    assert list(divisions(said)) == parts


def test_a_text_is_divided_at_few_places() -> None:
    assert len(list(divisions(" and ".join("abcdefgh")))) == MOST_JOINTS


def test_a_story_is_not_divided() -> None:
    assert list(divisions(f"{'a' * MOST_CHARS} and b")) == []

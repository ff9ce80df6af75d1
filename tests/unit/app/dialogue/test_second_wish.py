"""Where a sentence begins to be about somebody else."""

import pytest

from app.dialogue.second_wish import second_wish


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

"""States and post codes of American addresses."""

import pytest

from app.providers.hibari.postal import with_states


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("5 Oak Street, Seattle, WA 98101.", "5 Oak Street, Seattle, Washington nine eight one zero one."),
        ("Portland, OR 97201-1234", "Portland, Oregon nine seven two zero one, one two three four"),
        ("It is fine, OK 12 of them", "It is fine, OK 12 of them"),
        ("Well, IN 2026", "Well, IN 2026"),
        ("code WA 98101", "code WA 98101"),
        ("the zip 98101", "the zip 98101"),
    ],
)
def test_a_state_is_said_where_a_post_code_follows(written: str, said: str) -> None:
    assert with_states(written) == said

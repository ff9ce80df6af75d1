"""The conversation as data: when keys are an input, and which sessions may be gone on with."""

import pytest

from actors.conversation import ABANDONED, ANY_KEYS, MAX_KEYS, KeyPattern, SessionRecord


def test_keys_are_complete_at_their_length_and_never_later_than_at_the_most_there_can_be() -> None:
    assert not KeyPattern(length=4).is_complete("123")
    assert KeyPattern(length=4).is_complete("1234")
    assert not ANY_KEYS.is_complete("1" * (MAX_KEYS - 1))
    assert ANY_KEYS.is_complete("1" * MAX_KEYS)


@pytest.mark.parametrize(
    ("reason", "resumable"),
    [("", True), (ABANDONED, True), ("ERROR", True), ("NORMAL", False), ("HUMAN_HANDOFF", False)],
)
def test_only_a_conversation_that_was_not_brought_to_its_end_is_gone_on_with(reason: str, resumable: bool) -> None:
    record = SessionRecord(
        session_id="s", mode="media", agent="a", state="ended", created_at=0.0, updated_at=0.0, ended_reason=reason
    )
    assert record.resumable is resumable

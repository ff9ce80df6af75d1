"""What a session has to say: in order, bounded, and not too far ahead of its listener."""

import pytest

from app.providers.hibari.replies import AHEAD_MAX_S, TEXT_MAX_CHARS, Clause, Ended, Replies


def taken(replies: Replies, now: float = 0.0) -> list[Clause | Ended]:
    """All that is due now."""
    parts = []
    while replies.due_in_s(now) == 0:
        parts.append(replies.take())
    return parts


def test_replies_are_taken_one_after_the_other() -> None:
    replies = Replies()
    replies.write(1, "One. ")
    replies.write(2, "Two.")
    replies.write(1, "And more.")
    replies.finish(2)
    assert [(part.reply, part.offset) for part in taken(replies) if isinstance(part, Clause)] == [(1, 0), (1, 5)]
    replies.finish(1)
    first, clause, last = taken(replies)
    assert (first, last) == (Ended(1), Ended(2))
    assert isinstance(clause, Clause)
    assert clause.text == "Two."


def test_the_last_clause_of_a_piece_is_marked_also_when_it_is_empty() -> None:
    replies = Replies()
    replies.write(1, "Good morning, how can I help you?")
    replies.write(1, "")
    assert [part.is_last for part in taken(replies) if isinstance(part, Clause)] == [False, True, True]


def test_what_was_dropped_is_not_made() -> None:
    replies = Replies()
    replies.write(1, "One.")
    replies.drop(1)
    replies.drop(7)
    assert replies.due_in_s(0.0) is None
    assert replies.made(1, 1.0, 0.0) is None


@pytest.mark.parametrize("is_dropped", [False, True])
def test_nothing_more_is_made_of_what_has_failed_and_its_number_may_come_again(is_dropped: bool) -> None:
    replies = Replies()
    replies.write(1, "One.")
    replies.fail(1)
    assert replies.write(1, "Two.")
    assert replies.due_in_s(0.0) is None
    if is_dropped:
        replies.drop(1)
    else:
        replies.finish(1)
    assert replies.due_in_s(0.0) is None
    replies.write(1, "Three.")
    replies.finish(1)
    replies.fail(1)
    replies.write(1, "Four.")
    assert [part.text for part in taken(replies) if isinstance(part, Clause)] == ["Four."]


def test_audio_is_made_only_so_far_ahead_of_its_listener() -> None:
    replies = Replies()
    replies.write(1, "One. Two.")
    replies.take()
    assert replies.ahead_s(100.0) == 0.0
    assert replies.made(1, AHEAD_MAX_S + 5, 100.0) == 0.0
    assert replies.ahead_s(100.0) == AHEAD_MAX_S + 5
    assert replies.due_in_s(100.0) == 5.0
    assert replies.due_in_s(105.0) == 0.0
    replies.take()
    assert replies.made(1, 2.0, 105.0) == AHEAD_MAX_S + 5


def test_text_that_waits_is_bounded_and_room_comes_back() -> None:
    replies = Replies()
    piece = "word " * (TEXT_MAX_CHARS // 10)
    assert replies.write(1, piece)
    assert replies.write(2, piece)
    assert not replies.write(2, "x")
    replies.take()
    assert replies.write(2, "x")

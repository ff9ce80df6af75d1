"""A reply that is cut short at the end of the sentence that is being heard."""

import pytest

from actors.conversation import UtteranceKind
from actors.rules.pending_reply import PendingReply

PIECES = ["Let me see, ", "we open at nine. ", "On Sundays at ten? ", "Shall I book it"]


@pytest.mark.parametrize(
    ("begun", "left"),
    [
        (0, "Let me see, we open at nine. "),
        (5, "Let me see, we open at nine. "),
        (20, "Let me see, we open at nine. "),
        (29, "Let me see, we open at nine. "),
        (30, "Let me see, we open at nine. On Sundays at ten? "),
        (60, "".join(PIECES)),
    ],
)
def test_a_reply_ends_with_the_sentence_that_is_being_heard(begun: int, left: str) -> None:
    reply = PendingReply(reply=1, turn=1, kind=UtteranceKind.REPLY, pieces=list(PIECES))
    assert reply.cut_at_sentence(begun) == len(left)
    assert reply.text == left
    assert reply.finished


def test_a_reply_without_text_is_cut_to_nothing() -> None:
    reply = PendingReply(reply=1, turn=1, kind=UtteranceKind.REPLY)
    assert reply.cut_at_sentence(0) == 0
    assert reply.text == ""


@pytest.mark.parametrize("end", ["\u3002", "\uff01", "\uff1f", "\u0964", "\u2026"])
def test_sentences_of_other_scripts_end_too(end: str) -> None:
    reply = PendingReply(reply=1, turn=1, kind=UtteranceKind.REPLY, pieces=[f"一{end}", f"二{end}"])
    assert reply.cut_at_sentence(1) == 2


def test_a_piece_of_several_sentences_is_cut_within() -> None:
    reply = PendingReply(reply=1, turn=1, kind=UtteranceKind.REPLY, pieces=["One is it. Dr. Two is it. Three."])
    assert reply.cut_at_sentence(12) == len("One is it. Dr. Two is it. ")
    assert reply.text == "One is it. Dr. Two is it. "

"""How long the question lasts with which something ends."""

import pytest

from actors.rules.questions import CHARACTERS_PER_S, SIGNS_PER_S, question_s


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("How can I help?", "How can I help?"),
        ("We are open on Monday. Would that suit you?", "Would that suit you?"),
        ('She said "no." Is that right?', "Is that right?"),
        ("Really? And when?", "And when?"),
        ('Did he say "yes?" ', 'Did he say "yes?'),
        ("It costs 3.50 euros, is that all right?", "It costs 3.50 euros, is that all right?"),
    ],
)
def test_the_last_sentence_counts(text: str, question: str) -> None:
    assert question_s(text) == pytest.approx(len(question) / CHARACTERS_PER_S)


def test_signs_take_longer_than_letters() -> None:
    assert question_s("\u6211\u4eec\u5f00\u95e8\u3002\u661f\u671f\u51e0\uff1f") == pytest.approx(4 / SIGNS_PER_S)


@pytest.mark.parametrize("text", ["", "Yes.", "How can I help? I am listening.", "..."])
def test_no_question_lasts_no_time(text: str) -> None:
    assert question_s(text) == 0

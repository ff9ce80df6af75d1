"""What kind of answer a question gets, by its words."""

import pytest

from actors.conversation import ExpectedAnswer
from actors.rules.end_of_turn.expected_answer import expected_answer


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("How can I help you?", ExpectedAnswer.ANYTHING),
        ("Is there anything else I can do for you?", ExpectedAnswer.ANYTHING),
        ("What would you like?", ExpectedAnswer.ANYTHING),
        ("What is your name?", ExpectedAnswer.NAME),
        ("Who am I speaking with?", ExpectedAnswer.NAME),
        ("Could you spell your name?", ExpectedAnswer.SPELLING),
        ("What is your phone number?", ExpectedAnswer.NUMBER),
        ("Can you tell me the last four digits?", ExpectedAnswer.NUMBER),
        ("Which day suits you?", ExpectedAnswer.SHORT),
        ("Would you like the morning, or the afternoon?", ExpectedAnswer.SHORT),
        ("Shall I book it?", ExpectedAnswer.YES_NO),
        ("So, Tuesday at nine, is that right?", ExpectedAnswer.YES_NO),
        ("Möchten Sie einen Termin?", ExpectedAnswer.ANYTHING),
        ("", ExpectedAnswer.ANYTHING),
    ],
)
def test_the_words_of_a_question_tell_what_it_wants(question: str, expected: ExpectedAnswer) -> None:
    assert expected_answer(question) is expected

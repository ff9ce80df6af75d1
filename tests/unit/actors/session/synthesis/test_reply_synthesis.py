"""What the synthesizer owes of one reply."""

from actors.rules.reply_bounds import MOST_AUDIO_MS, most_audio_ms
from actors.session.synthesis.reply_synthesis import ReplySynthesis


def test_it_owes_audio_until_it_has_spoken_what_it_was_given() -> None:
    assert not ReplySynthesis(text_start=0).owes_audio
    assert ReplySynthesis(text_start=0, owed=True, ordered_text=10).owes_audio
    assert ReplySynthesis(text_start=0, owed=True, ordered_text=10, told_text=9).owes_audio
    assert not ReplySynthesis(text_start=0, owed=True, ordered_text=10, told_text=10).owes_audio


def test_once_it_has_all_the_text_it_owes_the_end_as_well() -> None:
    assert ReplySynthesis(text_start=0, owed=True, ordered_text=10, told_text=10, has_end=True).owes_audio
    assert not ReplySynthesis(text_start=0, ordered_text=10, told_text=10, has_end=True).owes_audio


def test_text_whose_audio_is_there_is_owed_by_nobody() -> None:
    reply = ReplySynthesis(text_start=5, owed=True)
    reply.pass_over(12, 640.0)
    assert (reply.text_start, reply.ordered_text, reply.told_text, reply.audio_start_ms) == (17, 12, 12, 640.0)
    assert not reply.owes_audio


def test_what_the_engine_tells_lies_in_the_text_that_it_was_given() -> None:
    reply = ReplySynthesis(text_start=5, ordered_text=15)
    assert [reply.place(offset) for offset in (-3, 0, 4, 10, 10**9)] == [5, 5, 9, 15, 15]


def test_audio_is_too_much_when_no_text_takes_so_long() -> None:
    most_ms = most_audio_ms(10)
    for text, audio_ms, is_too_much in (
        (15, most_ms, False),
        (15, most_ms + 1.0, True),
        (10**6, most_ms + 1.0, False),
        (10**6, MOST_AUDIO_MS + 1.0, True),
    ):
        reply = ReplySynthesis(text_start=5, ordered_text=text, audio_ms=audio_ms)
        assert reply.has_too_much_audio() is is_too_much


def test_words_and_pieces_are_no_more_than_the_text_can_have() -> None:
    reply = ReplySynthesis(text_start=5, ordered_text=15)
    assert sum(reply.count_word() for _ in range(10_000)) == 120
    assert sum(reply.count_piece() for _ in range(10_000)) == 120

"""What the synthesizer owes of one reply."""

from actors.session.reply_synthesis import ReplySynthesis


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

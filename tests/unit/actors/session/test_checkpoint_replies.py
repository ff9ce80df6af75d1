"""What a checkpoint has of the agent's replies: their text, what was heard of each, and what tools have answered."""

import pytest

from actors.conversation import PositionPrecision, UtteranceKind
from actors.messages.model import ToolFinished
from actors.messages.playback import PlaybackFinished, PlaybackPosition
from actors.rules.pending_reply import PendingReply
from actors.session.checkpoint_replies import CheckpointReplies
from actors.tool_outcome import ToolOutcome


def with_reply(*pieces: str) -> CheckpointReplies:
    """A checkpoint in which reply 1 has been written so far."""
    replies = CheckpointReplies()
    replies.reply_begun(PendingReply(reply=1, turn=1, kind=UtteranceKind.REPLY))
    for piece in pieces:
        replies.reply_written(1, piece)
    return replies


def position(text_end: int, reply: int = 1) -> PlaybackPosition:
    return PlaybackPosition(reply=reply, text_end=text_end, heard_ms=0.0, precision=PositionPrecision.EXACT)


def test_what_was_heard_of_a_reply_never_becomes_less() -> None:
    replies = with_reply()
    for text_end in (5, 9, 3):
        replies.reply_heard(position(text_end))
    assert replies.pending_replies[1].heard == position(9)


def test_where_a_synthesizer_goes_on_never_moves_back() -> None:
    replies = with_reply("One. ", "Two. ")
    for text_start in (5, 10, 5):
        replies.reply_resumes_at(1, text_start)
    assert replies.pending_replies[1].resume_at == 10


@pytest.mark.parametrize(("kept", "text"), [("One. ", "One. Four."), ("", "Four.")])
def test_a_reply_that_is_retracted_goes_on_behind_what_is_left_of_it(kept: str, text: str) -> None:
    replies = with_reply("One. ", "Two. ", "Three.")
    replies.reply_retracted(1, kept)
    replies.reply_written(1, "Four.")
    assert replies.pending_replies[1].text == text


def test_a_reply_that_is_cut_ends_behind_the_sentence_that_is_being_heard() -> None:
    replies = with_reply("One. ", "Two. ", "Three.")
    assert replies.reply_cut_at_sentence(1, 6) == len("One. Two. ")
    assert (replies.pending_replies[1].text, replies.pending_replies[1].finished) == ("One. Two. ", True)


def test_of_a_reply_that_is_over_nothing_is_noted_any_more() -> None:
    replies = with_reply("One.")
    assert replies.reply_finished(1)
    over = replies.reply_over(1)
    assert over is not None
    assert (over.text, over.finished) == ("One.", True)
    finished = PlaybackFinished(reply=1, precision=PositionPrecision.EXACT, heard_ms=1.0, text_end=4)
    replies.reply_heard(position(2))
    replies.reply_resumes_at(1, 2)
    replies.reply_retracted(1, "")
    replies.playback_finished(finished)
    assert (over.text, over.heard, over.resume_at, over.playback_finished) == ("One.", None, 0, None)
    assert not replies.reply_finished(1)
    assert replies.reply_over(1) is None


def test_the_report_that_all_was_heard_is_kept_until_the_replies_are_recorded() -> None:
    replies = with_reply("One.")
    finished = PlaybackFinished(reply=1, precision=PositionPrecision.EXACT, heard_ms=1.0, text_end=4)
    replies.playback_finished(finished)
    assert replies.pending_replies[1].playback_finished == finished
    replies.replies_recorded()
    assert replies.pending_replies == {}


def test_replies_that_were_silenced_stay_so() -> None:
    replies = CheckpointReplies()
    replies.replies_stopped(3)
    replies.replies_stopped(2)
    assert replies.stopped_through == 3


def test_a_failure_of_the_engine_is_news_once_at_each_reply() -> None:
    replies = CheckpointReplies()
    assert [replies.synthesis_failed(reply) for reply in (1, 1, 2, 2)] == [True, False, True, False]


def test_the_result_of_a_tool_is_kept_until_it_is_recorded_or_given_up() -> None:
    replies = CheckpointReplies()
    results = {
        call_id: ToolFinished(call_id=call_id, name="book", turn=1, outcome=ToolOutcome(result=call_id), elapsed_ms=1.0)
        for call_id in ("a", "b", "c")
    }
    for result in results.values():
        replies.tool_finished(result)
    replies.tool_recorded("b")
    replies.tool_recorded("unknown")
    assert replies.tool_results == {"a": results["a"], "c": results["c"]}
    replies.tools_given_up()
    assert replies.tool_results == {}

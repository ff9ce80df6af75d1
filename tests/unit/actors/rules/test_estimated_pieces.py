"""Text whose place in the audio is estimated until it is known, and words of the caller that come late."""

from actors.conversation import ChatMessage, Role, UtteranceKind
from actors.messages.caller import PACED
from actors.rules.history import History
from actors.rules.playback.play_track import PlayTrack
from actors.rules.playback.playout import Playout


def test_text_in_the_making_is_heard_in_proportion() -> None:
    track = PlayTrack(1, UtteranceKind.REPLY, 1, 0, 16_000)
    track.estimate_piece(20, 1_000)
    assert (track.text_ended(500), track.text_begun(500), track.text_ended(2_000)) == (10, 10, 20)
    assert track.by_proportion
    track.add_piece(20, 2_000)
    assert track.growing is None
    assert track.text_ended(500) == 5
    track.estimate_piece(40, 3_000)
    assert (track.text_ended(2_500), track.text_begun(2_500)) == (30, 30)


def test_an_estimate_of_a_reply_that_is_not_queued_is_ignored() -> None:
    playout = Playout(16_000, PACED)
    playout.estimate_piece(1, 20, 1_000)
    playout.begin(1)
    playout.estimate_piece(1, 20, 1_000)
    assert not playout.idle


def test_words_that_come_late_replace_what_stood_for_them() -> None:
    said = (ChatMessage(role=Role.USER, text="a", turn=1), ChatMessage(role=Role.ASSISTANT, text="b", turn=1))
    history = History(said)
    history.set_user_words(1, "c")
    history.set_user_words(2, "nobody's")
    assert [m.text for m in history.messages] == ["c", "b"]
    assert (history.user_text(1), history.user_text(2)) == ("c", "")

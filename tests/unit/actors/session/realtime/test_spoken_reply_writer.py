"""Replies whose audio comes with their text."""

from actors.conversation import UtteranceKind
from actors.messages.playback import BeginReply, FinishReply, PlayAudio, SpeakText, TextPlaced, WordPlaced
from actors.rules.realtime.spoken_words import MS_PER_CHAR
from actors.session.checkpoint import Checkpoint
from actors.session.realtime.spoken_reply_writer import SpokenReplyWriter
from tests.unit.actors.session.realtime.realtime_kit import Told


def test_text_is_placed_by_estimate_until_all_of_its_audio_is_there() -> None:
    told, checkpoint = Told(), Checkpoint()
    writer = SpokenReplyWriter(checkpoint, told, 16_000)
    assert writer.play(4, 2, bytes(3_200)) == 100
    writer.write(4, "Good day. ")
    writer.play(4, 2, bytes(3_200))
    writer.finish(4)
    writer.finish(4)
    pcm = bytes(3_200)
    assert told.messages == [
        BeginReply(4, 2, UtteranceKind.REPLY),
        PlayAudio(4, pcm),
        TextPlaced(reply=4, text_end=10, audio_ms=10 * MS_PER_CHAR, is_estimate=True),
        PlayAudio(4, pcm),
        TextPlaced(reply=4, text_end=10, audio_ms=200, is_estimate=False),
        FinishReply(4),
        FinishReply(4),
    ]


def test_what_was_said_before_tools_has_its_place_when_they_are_called() -> None:
    told = Told()
    writer = SpokenReplyWriter(Checkpoint(), told, 16_000)
    writer.play(1, 1, bytes(32_000))
    writer.write(1, "One moment.")
    writer.follow("One moment.")
    writer.follow("")
    writer.write(1, " Yes.")
    assert told.messages[-2:] == [
        TextPlaced(reply=1, text_end=11, audio_ms=1_000, is_estimate=False),
        TextPlaced(reply=1, text_end=16, audio_ms=1_000 + 5 * MS_PER_CHAR, is_estimate=True),
    ]


def test_our_own_phrases_are_spoken_as_text() -> None:
    told = Told()
    SpokenReplyWriter(Checkpoint(), told, 16_000).say(7, 3, UtteranceKind.PROMPT, "Are you there?")
    assert told.messages == [
        BeginReply(7, 3, UtteranceKind.PROMPT), SpeakText(7, "Are you there?"), FinishReply(7)
    ]  # fmt: skip


def test_a_word_is_placed_where_its_model_has_told() -> None:
    told = Told()
    SpokenReplyWriter(Checkpoint(), told, 16_000).place(7, 3, 6, 120.0)
    assert told.messages == [WordPlaced(reply=7, text_start=3, text_end=6, audio_ms=120.0)]


def test_text_whose_audio_will_not_come_is_taken_back() -> None:
    told = Told()
    writer = SpokenReplyWriter(Checkpoint(), told, 16_000)
    writer.play(1, 1, bytes(32_000))
    writer.write(1, "We are open until six.")
    writer.retract(1, "We are open")
    writer.follow("We are open")
    assert writer.text(1) == "We are open"
    assert told.messages[-1] == TextPlaced(reply=1, text_end=11, audio_ms=1_000, is_estimate=False)
    writer.retract(9, "of nothing")
    assert len(told.messages) == 4
    writer.retract(1, "")
    assert writer.text(1) == ""
    assert told.messages[-1] == TextPlaced(reply=1, text_end=0, audio_ms=1_000, is_estimate=False)


def test_what_all_audio_has_come_of_has_its_place_though_more_may_come() -> None:
    told = Told()
    writer = SpokenReplyWriter(Checkpoint(), told, 16_000)
    writer.all_sounds(1)
    assert told.messages == []
    writer.play(1, 1, bytes(32_000))
    writer.write(1, "We are open")
    for _ in range(2):
        writer.all_sounds(1)
    writer.write(1, " until six.")
    assert told.messages[-2:] == [
        TextPlaced(reply=1, text_end=11, audio_ms=1_000, is_estimate=False),
        TextPlaced(reply=1, text_end=22, audio_ms=1_000 + 11 * MS_PER_CHAR, is_estimate=True),
    ]

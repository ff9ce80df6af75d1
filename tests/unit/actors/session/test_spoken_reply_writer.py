"""Replies whose audio comes with their text."""

from typing import Any

from actors.conversation import UtteranceKind
from actors.messages.playback import BeginReply, FinishReply, PlayAudio, SpeakText, TextPlaced
from actors.runtime.address import Address
from actors.session.checkpoint import Checkpoint
from actors.session.spoken_reply_writer import MS_PER_CHAR, SpokenReplyWriter


class Told(Address[Any]):
    def __init__(self) -> None:
        super().__init__("synthesizer")
        self.messages: list[Any] = []

    def tell(self, message: Any) -> None:
        self.messages.append(message)


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

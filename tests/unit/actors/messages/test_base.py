"""What is told in place of a message that is given up, and which messages the garbage collector has no part in."""

import gc

import pytest

from actors.conversation import UtteranceKind
from actors.messages.base import Message
from actors.messages.caller import CallerAudio, HoldEnded, InputLost, KeyPressed, TextEntered
from actors.messages.output import AudioFrame
from actors.messages.playback import PlayClockTicked
from actors.messages.transcript import SpeechContinued


@pytest.mark.parametrize(
    ("message", "instead"),
    [(TextEntered("hello", 3), InputLost(3)), (KeyPressed("4", 9), InputLost(9)), (HoldEnded(), None)],
)
def test_of_typed_text_and_keys_the_caller_is_asked_again(message: Message, instead: Message | None) -> None:
    assert message.instead() == instead


@pytest.mark.parametrize(
    "message",
    [
        CallerAudio(b"", 0, 20.0),
        PlayClockTicked(20.0),
        SpeechContinued(20.0, 0.0),
        AudioFrame(reply=1, turn=1, kind=UtteranceKind.REPLY, pcm=b"", sequence=0, audio_ms=0.0, last=False),
    ],
    ids=lambda message: type(message).__name__,
)
def test_what_comes_with_every_frame_is_not_looked_at_by_the_garbage_collector(message: Message) -> None:
    assert not gc.is_tracked(message)
    assert type(message).__struct_config__.gc is False

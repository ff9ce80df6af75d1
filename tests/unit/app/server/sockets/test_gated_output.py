"""What is held back while the gate is shut; what a browser gets of it is tested with its connection."""

from collections.abc import Callable

from actors.conversation import UtteranceKind
from actors.messages.output import AudioDiscarded, AudioFrame, OutputMessage
from app.server.sockets.gated_output import GatedOutput


class Gate:
    def __init__(self) -> None:
        self.is_shut = True
        self.go_on: Callable[[], None] = lambda: None

    def wait_if_shut(self, go_on: Callable[[], None]) -> bool:
        self.go_on = go_on
        return self.is_shut

    def open(self) -> None:
        self.is_shut = False
        self.go_on()


FRAME = AudioFrame(reply=1, turn=1, kind=UtteranceKind.REPLY, pcm=bytes(640), sequence=1, audio_ms=0.0, last=False)
DISCARDED = AudioDiscarded(turn=1, reason="barge-in")


def test_without_a_gate_everything_is_sent_at_once() -> None:
    sent: list[OutputMessage] = []
    GatedOutput(sent.append, None).tell(FRAME)
    assert sent == [FRAME]


def test_what_waits_is_sent_when_the_gate_opens_and_audio_that_was_discarded_is_not() -> None:
    sent, gate = list[OutputMessage](), Gate()
    output = GatedOutput(sent.append, gate)
    output.tell(FRAME)
    output.tell(DISCARDED)
    assert sent == []
    gate.open()
    assert sent == [DISCARDED]


def test_nothing_is_sent_of_what_was_dropped() -> None:
    sent, gate = list[OutputMessage](), Gate()
    output = GatedOutput(sent.append, gate)
    output.tell(FRAME)
    output.drop()
    gate.open()
    assert sent == []

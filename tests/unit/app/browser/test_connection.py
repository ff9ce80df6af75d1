"""What a connection shows while it is not known whether its session is still this worker's: nothing, and then all."""

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any

from actors.conversation import UtteranceKind
from actors.messages.output import AudioDiscarded, AudioFrame, OutputMessage
from actors.runtime.clock import LoopClock
from app.browser.connection import Connection
from app.browser.wire_output import BrowserWords
from app.server.lifecycle import Lifecycle
from app.server.sockets.socket_writer import REFUSED, SocketWriter


class Gate:
    def __init__(self) -> None:
        self.is_shut = True
        self.waiting: Callable[[], None] = lambda: None

    def wait_if_shut(self, go_on: Callable[[], None]) -> bool:
        self.waiting = go_on
        return self.is_shut

    def open(self) -> None:
        self.is_shut = False
        self.waiting()


class Shown:
    """A connection behind a gate, and what its client got."""

    def __init__(self) -> None:
        self.gate = Gate()
        self.events: list[Mapping[str, Any]] = []
        words = BrowserWords("s1", "Agent", LoopClock())
        self.connection = Connection(SocketWriter(self._send), words, Lifecycle(), gate=self.gate)

    async def _send(self, event: Mapping[str, Any]) -> None:
        self.events.append(event)

    def tell(self, *messages: OutputMessage) -> None:
        for message in messages:
            self.connection.tell(message)

    @property
    def frames(self) -> list[int]:
        sent = [json.loads(event["text"]) for event in self.events if event["type"] == "websocket.send"]
        return [message["frame_index"] for message in sent if message["type"] == "audio_data"]


def frame(sequence: int) -> AudioFrame:
    return AudioFrame(
        reply=1, turn=1, kind=UtteranceKind.REPLY, pcm=bytes(640), sequence=sequence, audio_ms=20.0, last=False
    )


async def test_what_is_held_is_shown_in_order_once_the_gate_opens() -> None:
    shown = Shown()
    shown.tell(frame(0), frame(1))
    assert shown.events == []
    shown.gate.open()
    shown.tell(frame(2))
    assert shown.frames == [0, 1, 2]


async def test_audio_that_is_discarded_while_it_is_held_is_never_shown() -> None:
    shown = Shown()
    shown.tell(frame(0), AudioDiscarded(1, "interrupted"), frame(1))
    shown.gate.open()
    assert shown.frames == [1]


async def test_a_connection_that_is_closed_behind_the_gate_shows_nothing_of_what_was_held() -> None:
    shown = Shown()
    shown.tell(frame(0))
    shown.connection.close(REFUSED, "another connection took this session over")
    shown.gate.open()
    async with asyncio.timeout(5):
        await shown.connection.closed.wait()
    assert [event["type"] for event in shown.events] == ["websocket.close"]


async def test_a_client_that_is_gone_is_shown_nothing_of_what_was_held() -> None:
    shown = Shown()
    shown.tell(frame(0))
    shown.connection.abandon()
    shown.gate.open()
    assert shown.events == []

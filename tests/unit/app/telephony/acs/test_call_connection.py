"""What a session shows on the media socket of its call: audio as it comes, and the order to drop it."""

from typing import Any

import msgspec
import pytest

from actors.conversation import Ending, UtteranceKind
from actors.messages.output import AudioDiscarded, AudioFrame, ErrorShown, SessionEnded
from app.one_shot_event import OneShotEvent
from app.telephony.acs.call_connection import CallConnection
from protocol.acs.media import OutboundCase
from protocol.acs.media_wire import OutboundAudioMessage

FRAME_MS, RATE_HZ = 20, 16_000
PCM = bytes(RATE_HZ * 2 * FRAME_MS // 1_000)


class Writer:
    """A socket's writer that notes what it is told."""

    def __init__(self) -> None:
        self.closed = OneShotEvent()
        self.told: list[tuple[Any, ...]] = []
        self.sent = b""

    def put(self, message: Any, duration_ms: float) -> None:
        self.sent += msgspec.json.decode(message, type=OutboundAudioMessage).audio_data.data
        self.told.append(("put", duration_ms))

    def silence(self, messages: list[Any]) -> None:
        self.told.append(("silence", [msgspec.json.decode(message)["Kind"] for message in messages]))

    def close(self, code: int, reason: str) -> None:
        self.told.append(("close", code, reason))

    def abandon(self) -> None:
        self.told.append(("abandon",))


class Clock:
    def __init__(self) -> None:
        self.at = 100.0

    def now(self) -> float:
        return self.at


def frame(pcm: bytes = PCM) -> AudioFrame:
    return AudioFrame(reply=1, turn=1, kind=UtteranceKind.REPLY, pcm=pcm, sequence=0, audio_ms=0.0, last=False)


async def connected() -> tuple[CallConnection, Writer, Clock]:
    writer, clock = Writer(), Clock()
    connection = CallConnection(writer, clock, RATE_HZ, OutboundCase.PASCAL)  # type: ignore[arg-type]
    return connection, writer, clock


async def test_audio_sounds_for_as_long_as_it_lasts_behind_what_was_sent_before() -> None:
    connection, writer, clock = await connected()
    assert not connection.sounding
    for _ in range(3):
        connection.tell(frame())
    assert writer.told == [("put", 20.0)] * 3
    sounding = []
    for at in (100.0, 100.059, 100.061):
        clock.at = at
        sounding.append(connection.sounding)
    assert sounding == [True, True, False]
    connection.tell(frame())
    clock.at += 0.019
    assert connection.sounding, "it counts from when it was sent"


async def test_what_was_sent_is_dropped_when_the_session_says_so() -> None:
    connection, writer, _ = await connected()
    connection.tell(frame())
    connection.tell(AudioDiscarded(1, "barge_in"))
    assert writer.told[1:] == [("silence", ["StopAudio"])]
    assert not connection.sounding


async def test_the_end_of_a_session_silences_what_still_sounds_and_nothing_else() -> None:
    connection, writer, clock = await connected()
    connection.tell(SessionEnded(Ending.NORMAL))
    assert writer.told == []
    connection.tell(frame())
    connection.tell(SessionEnded(Ending.NORMAL))
    assert writer.told[1:] == [("silence", ["StopAudio"])]
    clock.at += 60
    connection.tell(SessionEnded(Ending.NORMAL))
    assert len(writer.told) == 2


async def test_a_telephone_is_shown_no_words() -> None:
    connection, writer, _ = await connected()
    connection.tell(ErrorShown("I am sorry."))
    assert writer.told == []


@pytest.mark.parametrize("way", ["close", "abandon"])
async def test_the_socket_ends_as_it_is_told(way: str) -> None:
    connection, writer, _ = await connected()
    assert connection.closed is writer.closed
    if way == "close":
        connection.close(1000, "over")
    else:
        connection.abandon()
    assert writer.told == [("close", 1000, "over") if way == "close" else ("abandon",)]


@pytest.mark.parametrize("wire_hz", [8_000, 24_000])
async def test_audio_is_sent_at_the_rate_of_the_wire_and_lasts_as_long(wire_hz: int) -> None:
    connection, writer, clock = await connected()
    connection.send_at(wire_hz)
    for _ in range(50):
        connection.tell(frame())
    assert 0.95 * 2 * wire_hz < len(writer.sent) <= 2 * wire_hz
    clock.at += 0.99
    assert connection.sounding
    connection.tell(AudioDiscarded(1, "interrupted"))
    before = len(writer.sent)
    connection.tell(frame(b"\x10\x27" * 320))
    assert writer.sent[before:][:2] != bytes(2), "nothing of what was dropped is sent before"
    connection.send_at(RATE_HZ)
    before = len(writer.sent)
    connection.tell(frame())
    assert len(writer.sent) - before == len(PCM)


@pytest.mark.parametrize("wire_hz", [8_000, 24_000, 44_100])
async def test_a_reply_is_sent_to_its_end_at_the_rate_of_the_wire(wire_hz: int) -> None:
    connection, writer, _ = await connected()
    connection.send_at(wire_hz)
    for reply in range(1, 3):
        for number in range(50):
            connection.tell(msgspec.structs.replace(frame(), last=number == 49))
        assert len(writer.sent) == pytest.approx(reply * 2 * wire_hz, abs=8)

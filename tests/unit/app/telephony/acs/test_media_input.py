"""What comes in over the media socket of a call: whose audio is heard, and what becomes of what nobody can read."""

import base64
import json
from types import SimpleNamespace
from typing import Any

import pytest

from actors.rules.speakers import Speakers
from app.server.sockets.socket_writer import REFUSED
from app.telephony.acs.media_input import MAX_WRONG, MediaInput
from app.telephony.call import Admission
from app.telephony.counts import TelephonyCounts
from app.telephony.media.dtmf import Way
from config.groups.telephony import Participants, Telephony

CALLER, OTHER = "4:+12065550100", "4:+12065550101"
RATE_HZ = 16_000
FRAME = b"\x10\x00" * 320
"""20 ms at 16 kHz."""


def audio(pcm: bytes = FRAME, participant: str | None = CALLER, *, silent: bool = False) -> str:
    data = {"data": base64.b64encode(pcm).decode(), "silent": silent, "timestamp": "2026-01-01T00:00:00Z"}
    if participant is not None:
        data["participantRawID"] = participant
    return json.dumps({"kind": "AudioData", "audioData": data})


def metadata(sample_rate: int | str = RATE_HZ, length: int = 640, **other: Any) -> str:
    told = {"subscriptionId": "s", "encoding": "PCM", "sampleRate": sample_rate, "channels": 1, "length": length}
    told |= other
    return json.dumps({"kind": "AudioMetadata", "audioMetadata": told})


def key(digit: str = "1", participant: str | None = CALLER) -> str:
    return json.dumps({"kind": "DtmfData", "dtmfData": {"data": digit, "participantRawID": participant}})


class Session:
    """Whom the audio is handed to."""

    def __init__(self, *, tells_apart: bool = False) -> None:
        self.tells_speakers_apart = tells_apart
        self.speakers = Speakers({})
        self.heard: list[bytes] = []
        self.apart: list[str] = []

    def push_audio(self, pcm: bytes) -> None:
        self.heard.append(pcm)

    def push_audio_of(self, speaker: str, pcm: bytes) -> None:
        self.apart.append(speaker)


class Socket:
    """A media socket, with its call and its worker."""

    def __init__(
        self,
        participants: Participants = Participants.CALLER,
        *,
        trusted: bool = True,
        admission: Admission = Admission.ADMITTED,
        tells_apart: bool = False,
    ) -> None:
        self.session = Session(tells_apart=tells_apart)
        self.pressed: list[tuple[Way, str]] = []
        self.closed: list[tuple[int, str]] = []
        self.switchboard = SimpleNamespace(
            counts=TelephonyCounts(),
            pressed=lambda call, way, digit: self.pressed.append((way, digit)),
        )
        self.call = SimpleNamespace(
            caller="+12065550100",
            participants=SimpleNamespace(is_other=lambda raw_id: raw_id == OTHER),
            admission=admission,
            admitted=admission is Admission.ADMITTED,
        )
        self.spoken_at: list[int] = []
        connection: Any = SimpleNamespace(
            close=lambda code, reason: self.closed.append((code, reason)), send_at=self.spoken_at.append
        )
        clock: Any = SimpleNamespace(now=lambda: 0.0, wall=lambda: 0.0)
        self.input = MediaInput(
            Telephony(participants=participants, sample_rate=RATE_HZ),
            clock,
            self.switchboard,  # type: ignore[arg-type]
            self.call,  # type: ignore[arg-type]
            connection,
            trusted=trusted,
        )
        self.input.session = self.session  # type: ignore[assignment]

    def take(self, *messages: str | bytes) -> list[bytes]:
        for message in messages:
            self.input.take(message)
        return self.session.heard


def test_the_callers_voice_is_handed_to_the_session_and_others_are_not() -> None:
    socket = Socket()
    assert socket.take(audio(), audio(b"\x20\x00" * 320, OTHER), audio()) == [FRAME, FRAME]


def test_where_all_are_to_be_heard_their_voices_are_added_up() -> None:
    socket = Socket(Participants.ALL)
    heard = b"".join(socket.take(*[audio(), audio(FRAME, OTHER)] * 3))
    assert b"\x20\x00" in heard


def test_speakers_are_told_apart_in_a_session_that_does_so() -> None:
    socket = Socket(Participants.ALL, tells_apart=True)
    socket.take(audio(), audio(FRAME, OTHER))
    assert socket.session.heard == []
    assert len(set(socket.session.apart)) == 2


@pytest.mark.parametrize("frame", [audio(silent=True), audio(b"")])
def test_a_frame_without_sound_is_silence_of_a_frames_length(frame: str) -> None:
    assert Socket().take(frame) == [bytes(640)]


def test_before_the_access_code_time_passes_and_nothing_is_heard() -> None:
    socket = Socket(admission=Admission.AWAITS_CODE)
    assert socket.take(audio()) == [bytes(640)]


def test_audio_of_another_rate_is_heard_at_the_sessions() -> None:
    socket = Socket()
    heard = b"".join(socket.take(metadata(24_000, 960), *[audio(b"\x10\x00" * 480)] * 50))
    assert 0.9 * 50 * 640 < len(heard) <= 50 * 640


@pytest.mark.parametrize("rate_hz", [8_000, 24_000, 48_000])
def test_a_rate_that_the_network_announces_is_obeyed_both_ways_also_if_it_is_text(rate_hz: int) -> None:
    socket = Socket()
    frame = audio(b"\x10\x00" * (rate_hz // 50))
    heard = b"".join(socket.take(metadata(str(rate_hz), rate_hz // 25), *[frame] * 50))
    assert 0.9 * 50 * 640 < len(heard) <= 50 * 640
    assert socket.spoken_at == [rate_hz]
    assert socket.switchboard.counts.defective_messages == 0


@pytest.mark.parametrize("encoding", ["opus", 7])
def test_a_format_that_is_not_as_ordered_is_counted_and_its_rate_obeyed(encoding: Any) -> None:
    socket = Socket()
    socket.take(metadata(24_000, 960, encoding=encoding))
    assert (socket.spoken_at, socket.switchboard.counts.defective_messages) == ([24_000], 1)


def test_of_several_channels_the_first_is_heard() -> None:
    socket = Socket()
    both = b"\x10\x00\x99\x00" * 320
    assert socket.take(metadata(length=1_280, channels="2"), audio(both), audio(b""), audio(both + b"\x10\x00")) == [
        FRAME,
        bytes(640),
        FRAME,
    ]
    assert socket.take(metadata(channels=99), audio())[-1] == FRAME


@pytest.mark.parametrize(("length", "silence"), [(1_280, 1_280), (0, 640), (7, 640), (10_000_000, 640)])
def test_the_length_of_silence_is_what_the_network_announces_if_it_can_be(length: int, silence: int) -> None:
    socket = Socket()
    assert [len(pcm) for pcm in socket.take(metadata(length=length), audio(b""))] == [silence]


@pytest.mark.parametrize(("participant", "pressed"), [(CALLER, True), (None, True), (OTHER, False)])
def test_keys_count_if_the_caller_presses_them(participant: str | None, pressed: bool) -> None:
    socket = Socket()
    socket.take(audio(), key("5", participant))
    assert socket.pressed == ([(Way.SOCKET, "5")] if pressed else [])


def test_what_means_nothing_here_is_counted_and_left() -> None:
    socket = Socket()
    socket.take('{"kind":"Weather"}', b"\x00\x01", b"{no json")
    assert socket.switchboard.counts.ignored_messages == 3
    assert socket.take(audio().encode()) == [FRAME], "JSON in a binary message is read"


@pytest.mark.parametrize("trusted", [True, False])
def test_only_a_socket_that_nobody_vouches_for_is_closed_for_what_it_sends(trusted: bool) -> None:
    socket = Socket(trusted=trusted)
    for _ in range(MAX_WRONG - 1):
        socket.take("{")
    assert socket.closed == []
    socket.take("{", audio())
    assert socket.session.heard == [FRAME]
    assert [code for code, _ in socket.closed] == ([] if trusted else [REFUSED])
    assert socket.switchboard.counts.defective_messages == MAX_WRONG


def test_a_rate_that_nobody_can_resample_is_refused_and_the_former_stays() -> None:
    socket = Socket()
    assert socket.take(metadata(11), audio()) == [FRAME]
    assert socket.switchboard.counts.defective_messages == 1

"""What the application may send on the media socket."""

import base64
import json
from typing import Any

import pytest

from tests.cloud.acs.outbound import Audio, ProtocolViolation, StopAudio, read_outbound

PCM = bytes(640)
DATA = base64.b64encode(PCM).decode()
AUDIO = {"Kind": "AudioData", "AudioData": {"Data": DATA}, "StopAudio": None}
STOP: dict[str, Any] = {"Kind": "StopAudio", "AudioData": None, "StopAudio": {}}
CAMEL = {"kind": "AudioData", "audioData": {"data": DATA}}


@pytest.mark.parametrize(
    ("message", "read"),
    [
        (AUDIO, Audio(PCM)),
        (STOP, StopAudio()),
        ({"Kind": "AudioData", "AudioData": {"Data": DATA, "Timestamp": "..", "IsSilent": False}}, Audio(PCM)),
    ],
)
def test_documented_messages_are_read(message: Any, read: Audio | StopAudio) -> None:
    assert read_outbound(json.dumps(message)) == read


@pytest.mark.parametrize(
    ("message", "what"),
    [
        ("[", "not JSON"),
        ("[]", "not an object"),
        (CAMEL, "not an object with the keys"),
        ({**AUDIO, "Mark": None}, "not an object with the keys"),
        ({**AUDIO, "Kind": "audioData"}, "Kind must be"),
        ({**AUDIO, "Kind": "DtmfData"}, "Kind must be"),
        ({**AUDIO, "AudioData": None}, "Data as text"),
        ({**AUDIO, "AudioData": {"data": DATA}}, "Data as text"),
        ({**AUDIO, "AudioData": {"Data": "?"}}, "not base64"),
        ({**AUDIO, "AudioData": {"Data": ""}}, "0 bytes"),
        ({**AUDIO, "AudioData": {"Data": "AAAA"}}, "3 bytes"),
        ({**AUDIO, "StopAudio": {}}, "must be null"),
        ({**STOP, "StopAudio": None}, "must be an object"),
        ({**STOP, "AudioData": {"Data": DATA}}, "must be null"),
        ({**AUDIO, "AudioData": {"Data": "AAAA" * 16_384}}, "65536 allowed"),
    ],
)
def test_anything_else_is_a_violation(message: Any, what: str) -> None:
    with pytest.raises(ProtocolViolation, match=what):
        read_outbound(message if isinstance(message, str) else json.dumps(message))


def test_a_lenient_service_takes_either_case() -> None:
    assert read_outbound(json.dumps(CAMEL), lenient=True) == Audio(PCM)
    assert read_outbound(json.dumps({"kind": "StopAudio", "stopAudio": {}}), lenient=True) == StopAudio()
    assert read_outbound(json.dumps(AUDIO), lenient=True) == Audio(PCM)

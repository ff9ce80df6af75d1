"""Whatever arrives from outside, a decoder answers, or raises its own error and nothing else.

`pytest -s` prints how many inputs each decoder took and refused.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol import calls, request_decoding
from protocol.acs import call_event_decoding, call_events, cloud_events, event_grid, media_fields, participants
from protocol.acs import media as acs_media
from tests.kit.repeating import times

CALL: dict[str, Any] = {"callConnectionId": "c1", "serverCallId": "s1", "correlationId": "k1"}
NUMBER = {"kind": "phoneNumber", "rawId": "4:+16041234567", "phoneNumber": {"value": "+16041234567"}}
EVENT_DATA = CALL | {
    "operationContext": "op",
    "resultInformation": {"code": 400, "subCode": 8581, "message": "no", "sipDetails": {"code": 486, "message": "b"}},
    "participant": NUMBER,
    "participants": [{"identifier": NUMBER, "isMuted": False, "isOnHold": False}],
    "sequenceNumber": 3,
    "mediaStreamingUpdate": {"contentType": "Audio", "mediaStreamingStatus": "mediaStreamingStarted"},
    "recognitionType": "dtmf",
    "dtmfResult": {"tones": ["one", "pound"]},
    "tone": "five",
    "sequenceId": 1,
    "recordingId": "r1",
}
EVENTS = [
    {
        "id": "e1",
        "source": "calling/callConnections/c1",
        "type": f"{call_event_decoding.PREFIX}{name}",
        "data": EVENT_DATA,
        "time": "2026-09-14T05:50:32.0263791+00:00",
        "specversion": "1.0",
    }
    for name in call_events.EVENTS
]
INCOMING = {
    "id": "e1",
    "data": {
        "to": NUMBER,
        "from": NUMBER,
        "serverCallId": "s1",
        "callerDisplayName": "",
        "incomingCallContext": "eyJ",
        "correlationId": "k1",
        "customContext": {"sipHeaders": {"a": "b"}, "voipHeaders": {}},
    },
    "eventType": "Microsoft.Communication.IncomingCall",
}
VALIDATION = {
    "id": "e2",
    "type": "Microsoft.EventGrid.SubscriptionValidationEvent",
    "data": {"validationCode": "512d"},
}
INITIATE = {
    "target_number": "+1234567890",
    "caller_id": "+1234567890",
    "context": {"browser_session_id": "b1"},
    "streaming_mode": "media",
    "agent": "a",
}
MEDIA_SESSION = {
    "call_connection_id": "c1",
    "sample_rate": 16000,
    "channels": 1,
    "audio_format": "pcm_16",
    "chunk_size": 1024,
    "enable_transcription": True,
    "enable_vad": True,
}
FRAMES: list[Any] = [
    {"kind": "AudioMetadata", "audioMetadata": {"encoding": "PCM", "sampleRate": 16000, "channels": 1, "length": 640}},
    {"kind": "AudioMetadata", "payload": {"format": "pcm", "rate": 16000}},
    {"kind": "AudioData", "audioData": {"timestamp": "t", "participantRawID": "8:", "data": "AQI=", "silent": False}},
    {"Kind": "AudioData", "AudioData": {"Data": "AQI="}, "StopAudio": None},
    {"kind": "DtmfData", "dtmfData": {"data": "3"}},
    {"kind": "TranscriptionMetadata", "transcriptionMetadata": {"subscriptionId": "", "locale": "en-us"}},
    {
        "kind": "TranscriptionData",
        "transcriptionData": {"text": "hi", "confidence": 0.7, "offset": 1, "duration": 2, "resultStatus": "Final"},
    },
]


def decode_media(message: bytes | str) -> None:
    """A frame, and that what comes out can be used without another look."""
    decoded = acs_media.decode(message)
    match decoded:
        case acs_media.AudioFrame(pcm=pcm, silent=silent, participant=participant, timestamp=timestamp):
            assert len(pcm) % 2 == 0
            assert isinstance(silent, bool)
            assert isinstance(participant, str)
            assert isinstance(timestamp, str | int | float)
        case acs_media.AudioMetadata():
            assert isinstance(acs_media.strangeness(decoded), str)
            acs_media.require_rate(decoded)
        case acs_media.DtmfTone(digit):
            assert digit in acs_media.DIGITS
        case acs_media.Unknown(kind):
            assert len(kind) <= acs_media.MAX_KIND_CHARS
        case _:
            pass


def decode_events(body: bytes | str) -> None:
    """Callbacks; each has a call to go to."""
    for event in call_event_decoding.decode(body):
        match event:
            case call_events.AcsEvent():
                assert event.call_connection_id or event.server_call_id
                msgspec.json.encode(event)
            case cloud_events.Malformed(_, reason):
                assert reason
            case _:
                pass


def decode_grid(body: bytes | str) -> None:
    """Deliveries of Event Grid; each call has what it takes to answer it."""
    for event in event_grid.decode(body):
        match event:
            case event_grid.IncomingCall():
                assert event.context
                if (caller := event.caller) is not None:
                    assert caller.raw_id
                    assert caller.kind in participants.Kind
                    assert caller.phone_number is None or caller.phone_number.startswith("+")
            case event_grid.Malformed(_, reason):
                assert reason
            case _:
                pass


def bodies(expected: type[msgspec.Struct]) -> Callable[[bytes | str], None]:
    """The decoder of that body."""

    def decode(body: bytes | str) -> None:
        request_decoding.decode_body(body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body, expected)

    return decode


def decode_query(query: bytes | str) -> None:
    """A query whose every value is the same odd thing."""
    text = query.decode("utf-8", "replace") if isinstance(query, bytes) else query
    asked = request_decoding.decode_query({"page": text, "limit": text, "status_filter": text})
    assert 1 <= asked.limit <= request_decoding.MAX_LIMIT


DECODERS: dict[str, tuple[Callable[[bytes | str], None], type[Exception], list[Any]]] = {
    "media": (decode_media, media_fields.MediaProtocolError, FRAMES),
    "callbacks": (decode_events, cloud_events.EventsError, [*EVENTS, EVENTS[:3]]),
    "event grid": (decode_grid, event_grid.EventsError, [INCOMING, [INCOMING, VALIDATION]]),
    "initiate": (bodies(calls.InitiateCall), request_decoding.RequestError, [INITIATE]),
    "terminate": (bodies(calls.TerminateCall), request_decoding.RequestError, [{"call_id": "c", "reason": "r"}]),
    "transfer": (bodies(calls.TransferCall), request_decoding.RequestError, [{"target": "+1234567890", "context": {}}]),
    "media session": (bodies(calls.MediaSessionRequest), request_decoding.RequestError, [MEDIA_SESSION]),
    "query": (decode_query, request_decoding.RequestError, ["1", "connected"]),
}

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.sampled_from(["", "AQI=", "AQ", "AudioData", "4:+1234567890", "+12", "five", "8" * 400])
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
SPELLINGS: list[Callable[[str], str]] = [str.lower, str.upper, str.swapcase, str.capitalize, lambda key: key + "x"]


def changed(value: Any, draw: Callable[[st.SearchStrategy[Any]], Any]) -> Any:
    """`value` with one thing in it replaced, left out, spelled otherwise, or added to."""
    if isinstance(value, dict) and value and draw(st.integers(0, 5)):
        key = draw(st.sampled_from(sorted(value)))
        match draw(st.integers(0, 5)):
            case 0:
                return {name: inner for name, inner in value.items() if name != key}
            case 1:
                spell = draw(st.sampled_from(SPELLINGS))
                return {spell(name) if name == key else name: inner for name, inner in value.items()}
            case 2:
                return value | {draw(st.text(max_size=8)): draw(JSON)}
            case _:
                return value | {key: changed(value[key], draw)}
    if isinstance(value, list) and value and draw(st.integers(0, 3)):
        index = draw(st.integers(0, len(value) - 1))
        return [*value[:index], changed(value[index], draw), *value[index + 1 :]]
    return draw(JSON)


@st.composite
def mutated(draw: Any, examples: list[Any]) -> bytes:
    """A real example with one to three changes, and at times bytes of it damaged."""
    value = draw(st.sampled_from(examples))
    for _ in range(draw(st.integers(1, 3))):
        value = changed(value, draw)
    raw = bytearray(json.dumps(value).encode())
    if raw and draw(st.integers(0, 4)) == 0:
        at = draw(st.integers(0, len(raw) - 1))
        raw[at : at + draw(st.integers(0, 3))] = draw(st.binary(max_size=3))
    return bytes(raw)


COUNTS: Counter[tuple[str, str, str]] = Counter()


@pytest.fixture(scope="module", autouse=True)
def summary() -> Iterator[None]:
    """Prints the counts once the tests of this module are over."""
    COUNTS.clear()
    yield
    for name in DECODERS:
        lines = [
            f"{kind} {COUNTS[name, kind, 'taken']}+{COUNTS[name, kind, 'refused']}"
            for kind in ("examples", "mutated", "json", "bytes", "text")
        ]
        print(f"\nfuzzed {name} (taken+refused): {', '.join(lines)}", end="")


def hold(name: str, kind: str, value: bytes | str) -> bool:
    """Decode; any error but the decoder's own ends the test. True if it was taken."""
    decode, error_type, _ = DECODERS[name]
    refusal: Exception | None = None
    try:
        decode(value)
    except error_type as error:
        refusal = error
    COUNTS[name, kind, "refused" if refusal else "taken"] += 1
    if isinstance(refusal, request_decoding.RequestError):
        assert all(wrong.field and wrong.message and wrong.code for wrong in refusal.errors)
    assert refusal is None or str(refusal)
    return refusal is None


@pytest.mark.parametrize("name", [name for name in DECODERS if name != "query"])
def test_the_examples_that_are_mutated_are_good(name: str) -> None:
    for example in DECODERS[name][2]:
        assert hold(name, "examples", json.dumps(example))


@pytest.mark.parametrize("name", DECODERS)
def test_examples_with_changes(name: str) -> None:
    @settings(max_examples=times(150))
    @given(mutated(DECODERS[name][2]))
    def each(value: bytes) -> None:
        hold(name, "mutated", value)

    each()


@pytest.mark.parametrize("name", DECODERS)
def test_any_json(name: str) -> None:
    @settings(max_examples=times(60))
    @given(JSON)
    def each(value: Any) -> None:
        hold(name, "json", json.dumps(value))

    each()


@pytest.mark.parametrize("name", DECODERS)
def test_any_bytes(name: str) -> None:
    @settings(max_examples=times(60))
    @given(st.binary(max_size=200))
    def each(value: bytes) -> None:
        hold(name, "bytes", value)

    each()


@pytest.mark.parametrize("name", DECODERS)
def test_any_text(name: str) -> None:
    @settings(max_examples=times(60))
    @given(st.text(st.characters(exclude_categories=()), max_size=200))
    def each(value: str) -> None:
        hold(name, "text", value)

    each()


@settings(max_examples=times(150))
@given(JSON)
def test_events_beside_any_json_are_found(value: Any) -> None:
    good = EVENTS[0]
    first, _, last = call_event_decoding.decode(json.dumps([good, value, good]))
    assert first == last
    assert isinstance(first, call_events.EVENTS["CallConnected"])
    call, _, validation = event_grid.decode(json.dumps([INCOMING, value, VALIDATION]))
    assert isinstance(call, event_grid.IncomingCall)
    assert isinstance(validation, event_grid.SubscriptionValidation)

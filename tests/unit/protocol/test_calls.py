"""The bodies and queries of the REST API's calls: what passes, and that what does not is named."""

import json
from typing import Any

import msgspec
import pytest

from protocol import calls
from protocol.calls import (
    AnsweredCall,
    CallbacksAnswer,
    CallEvent,
    CallList,
    CallsQuery,
    CallState,
    CallStatus,
    HeldCall,
    InitiateCall,
    InitiatedCall,
    MediaConfiguration,
    MediaSession,
    MediaSessionRequest,
    MediaStatus,
    NoEvents,
    Participant,
    TerminateCall,
    TerminatedCall,
    TransferCall,
    TransferringCall,
    ValidationAnswer,
)
from protocol.problems import FieldError
from protocol.request_decoding import decode_body

STATUS = CallStatus(
    call_id="c1",
    status=CallState.CONNECTED,
    duration=1.5,
    participants=(Participant(id="4:+16041234567", phone_number="+16041234567", role="caller", status="connected"),),
    events=(CallEvent("CallConnected", "2026-09-14T05:50:32Z", {}),),
)

ANSWERS: list[tuple[msgspec.Struct, dict[str, Any]]] = [
    (
        InitiatedCall(
            call_id="c1",
            target_number="+1234567890",
            message="on its way",
            session_id="s1",
            streaming_mode="media",
            initiated_at="2026-09-14T05:50:32Z",
        ),
        {
            "call_id": "c1",
            "status": "initiating",
            "target_number": "+1234567890",
            "message": "on its way",
            "session_id": "s1",
            "streaming_mode": "media",
            "initiated_at": "2026-09-14T05:50:32Z",
        },
    ),
    (
        CallList(calls=(STATUS,), total=1, page=1, limit=10),
        {
            "calls": [
                {
                    "call_id": "c1",
                    "status": "connected",
                    "duration": 1.5,
                    "participants": [
                        {
                            "id": "4:+16041234567",
                            "phone_number": "+16041234567",
                            "role": "caller",
                            "status": "connected",
                        }
                    ],
                    "events": [{"type": "CallConnected", "timestamp": "2026-09-14T05:50:32Z", "details": {}}],
                }
            ],
            "total": 1,
            "page": 1,
            "limit": 10,
        },
    ),
    (TerminatedCall("c1", "hung up"), {"call_id": "c1", "status": "terminated", "message": "hung up"}),
    (HeldCall("c1", "on_hold"), {"call_id": "c1", "status": "on_hold"}),
    (TransferringCall("c1"), {"call_id": "c1", "status": "transferring"}),
    (ValidationAnswer("512d38b6-.."), {"validationResponse": "512d38b6-.."}),
    (
        AnsweredCall(call_connection_id="c1", caller_id="+1234567890", answered_at="now"),
        {"status": "call answered", "call_connection_id": "c1", "caller_id": "+1234567890", "answered_at": "now"},
    ),
    (NoEvents(), {"status": "no events processed"}),
    (
        CallbacksAnswer(processed_events=2, failed_events=1, call_connection_id="c1"),
        {
            "status": "success",
            "processed_events": 2,
            "failed_events": 1,
            "call_connection_id": "c1",
            "processing_system": "earshot",
        },
    ),
    (
        MediaStatus(streaming_mode="media"),
        {
            "status": "available",
            "streaming_mode": "media",
            "websocket_endpoint": "/api/v1/media/stream",
            "protocols_supported": ["WebSocket"],
            "features": {
                "real_time_audio": True,
                "transcription": True,
                "orchestrator_support": True,
                "session_management": True,
            },
            "version": "v1",
            "calls": 0,
            "unknown_events": 0,
            "ignored_messages": 0,
            "defective_messages": 0,
        },
    ),
    (
        MediaSession(
            session_id="m1",
            websocket_url="wss://example.org/api/v1/media/stream",
            status="created",
            created_at="now",
            configuration=MediaConfiguration(),
        ),
        {
            "session_id": "m1",
            "websocket_url": "wss://example.org/api/v1/media/stream",
            "status": "created",
            "created_at": "now",
            "configuration": {
                "sample_rate": 16000,
                "channels": 1,
                "audio_format": "pcm_16",
                "chunk_size": 1024,
                "enable_transcription": True,
                "enable_vad": True,
            },
        },
    ),
]

BODIES: list[tuple[str, msgspec.Struct]] = [
    ('{"target_number":"+1234567890"}', InitiateCall(target_number="+1234567890")),
    (
        '{"target_number":"+1234567890","caller_id":"+12025550123","context":{"browser_session_id":"b1","n":1},'
        '"streaming_mode":"VOICE_LIVE","agent":"Concierge","more":1}',
        InitiateCall(
            target_number="+1234567890",
            caller_id="+12025550123",
            context={"browser_session_id": "b1", "n": 1},
            streaming_mode="voice_live",
            agent="Concierge",
        ),
    ),
    (
        '{"target_number":"+1234567890","caller_id":null,"context":null,"streaming_mode":null,"agent":null}',
        InitiateCall(target_number="+1234567890"),
    ),
    ('{"call_id":"c1"}', TerminateCall("c1")),
    ('{"call_id":"c1","session_id":"s1","reason":"normal"}', TerminateCall("c1", "s1", "normal")),
    ('{"target":"+1234567890","context":{"why":"billing"}}', TransferCall("+1234567890", {"why": "billing"})),
    ('{"target":"8:acs:a_b"}', TransferCall("8:acs:a_b")),
    ('{"target":"28:orgid:a-b"}', TransferCall("28:orgid:a-b")),
    ('{"call_connection_id":"c1"}', MediaSessionRequest(call_connection_id="c1")),
    (
        '{"call_connection_id":"c1","sample_rate":24000,"channels":1,"audio_format":"pcm_16","chunk_size":640,'
        '"enable_transcription":false,"enable_vad":false}',
        MediaSessionRequest(
            call_connection_id="c1",
            sample_rate=24000,
            channels=1,
            audio_format="pcm_16",
            chunk_size=640,
            enable_transcription=False,
            enable_vad=False,
        ),
    ),
]


@pytest.mark.parametrize(("answer", "wire"), ANSWERS, ids=lambda value: type(value).__name__)
def test_an_answer_has_its_fields_and_reads_back(answer: msgspec.Struct, wire: dict[str, Any]) -> None:
    encoded = msgspec.json.encode(answer)
    assert json.loads(encoded) == wire
    assert decode_body(encoded, type(answer)) == answer


def test_every_struct_that_is_sent_or_read_is_in_a_table() -> None:
    inner = {CallStatus, Participant, CallEvent, MediaConfiguration, calls.MediaFeatures, CallsQuery}
    tables = {type(answer) for answer, _ in ANSWERS} | {type(body) for _, body in BODIES}
    structs = {thing for thing in vars(calls).values() if isinstance(thing, type) and issubclass(thing, msgspec.Struct)}
    assert tables == structs - inner - {FieldError}


@pytest.mark.parametrize(("text", "body"), BODIES)
def test_a_body_is_understood_and_reads_back(text: str, body: msgspec.Struct) -> None:
    assert decode_body(text.encode(), type(body)) == body
    assert decode_body(msgspec.json.encode(body), type(body)) == body


@pytest.mark.parametrize(
    ("context", "session_id"),
    [(None, None), ({}, None), ({"browser_session_id": 7}, None), ({"browser_session_id": "b1"}, "b1")],
)
def test_the_browser_that_asked_is_known(context: dict[str, Any] | None, session_id: str | None) -> None:
    assert InitiateCall(target_number="+1234567890", context=context).browser_session_id == session_id

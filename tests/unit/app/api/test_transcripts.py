"""The transcript of a session in each of its formats."""

from io import StringIO

import msgspec
import webvtt

from actors.conversation import (
    ChatMessage,
    HandoffMade,
    PositionPrecision,
    Role,
    SessionRecord,
    SpokenWord,
    ToolRequest,
    UtteranceKind,
)
from app.api.transcripts import JSON, TEXT, TRANSCRIPT_TYPES, transcript_response

HEARD = ChatMessage(
    role=Role.USER,
    text="Hello there.",
    turn=1,
    at=1_002.0,
    confidence=0.91234,
    start_ms=700.0,
    end_ms=1_500.4,
    speaker="speaker 2",
    language="en-GB",
    words=(SpokenWord("hello", 700.0, 1_000.0), SpokenWord("there", 1_000.0, 1_500.4)),
)
SPOKEN = ChatMessage(
    role=Role.ASSISTANT, text="Good\nmorning.", turn=2, at=1_063.0, precision=PositionPrecision.EXACT, interrupted=True
)
TYPED = ChatMessage(role=Role.USER, text="Bye", turn=3, at=999.0)
NOT_SAID = (ChatMessage(role=Role.NOTE, text="A note."), ChatMessage(role=Role.ASSISTANT))
RECORD = SessionRecord(
    session_id="s1",
    mode="transcription",
    agent="tester",
    state="ended",
    created_at=1_000.0,
    updated_at=1_100.0,
    messages=(HEARD, *NOT_SAID, SPOKEN, TYPED),
)


def shown(media_type: str, record: SessionRecord = RECORD) -> str:
    response = transcript_response(record, str.title, media_type)
    assert response.headers["content-type"].partition(";")[0] == media_type
    return bytes(response.body).decode()


def test_json_says_who_said_what_where() -> None:
    document = msgspec.json.decode(shown(JSON))
    entries = document.pop("entries")
    assert document == {
        "session_id": "s1",
        "agent": "tester",
        "mode": "transcription",
        "speakers": ["speaker 2"],
        "languages": ["en-GB"],
    }
    assert entries == [
        {
            "role": "user",
            "text": "Hello there.",
            "turn": 1,
            "at": "1970-01-01T00:16:42.000Z",
            "confidence": 0.912,
            "speaker": "speaker 2",
            "language": "en-GB",
            "offset_ms": 700,
            "duration_ms": 800,
            "words": [
                {"text": "hello", "offset_ms": 700, "duration_ms": 300},
                {"text": "there", "offset_ms": 1000, "duration_ms": 500},
            ],
        },
        {
            "role": "assistant",
            "text": "Good\nmorning.",
            "turn": 2,
            "at": "1970-01-01T00:17:43.000Z",
            "agent": "tester",
            "kind": "reply",
            "heard": "exact",
            "interrupted": True,
        },
        {"role": "user", "text": "Bye", "turn": 3, "at": "1970-01-01T00:16:39.000Z", "confidence": 1.0},
    ]


def test_a_reply_names_the_passages_that_were_found_for_it_in_each_format() -> None:
    found = '{"passages":[{"source":"care.md#Ficus","text":"Weekly."},{"source":"a.txt","text":"x"},'
    found += '{"source":"care.md#Ficus","text":"y"}]}'
    asked = ToolRequest("c1", "search_knowledge_garden", "{}")
    messages = (
        ChatMessage(role=Role.USER, text="How often?", turn=1),
        ChatMessage(role=Role.ASSISTANT, turn=1, tool_requests=(asked, ToolRequest("c2", "look_up", "{}"))),
        ChatMessage(role=Role.TOOL, text=found, turn=1, call_id="c1"),
        ChatMessage(role=Role.TOOL, text=found.replace("care", "other"), turn=1, call_id="c2"),
        ChatMessage(role=Role.ASSISTANT, text="One moment.", turn=1, kind=UtteranceKind.FILLER),
        ChatMessage(role=Role.ASSISTANT, text="Once a week.", turn=1),
        ChatMessage(role=Role.ASSISTANT, text="Bye.", turn=2),
    )
    record = msgspec.structs.replace(RECORD, messages=messages)
    entries = msgspec.json.decode(shown(JSON, record))["entries"]
    assert [entry.get("sources") for entry in entries] == [None, None, ["care.md#Ficus", "a.txt"], None]
    assert [line for line in shown(TEXT, record).splitlines() if "sources" in line] == [
        "        sources: care.md#Ficus; a.txt"
    ]
    assert shown(TEXT, record).splitlines()[2].endswith("Once a week.")
    written = shown("text/vtt", record)
    assert written.count("NOTE ") == 1
    assert "NOTE sources: care.md#Ficus; a.txt\n\n" in written
    assert [c.text for c in webvtt.from_buffer(StringIO(written)).captions][-2:] == ["Once a week.", "Bye."]
    cut = msgspec.structs.replace(messages[2], text=found[:40])
    failed = msgspec.structs.replace(record, messages=(*messages[:2], cut, *messages[3:]))
    assert all("sources" not in entry for entry in msgspec.json.decode(shown(JSON, failed))["entries"])


def test_webvtt_shows_what_has_no_place_in_the_audio_when_it_was_recorded() -> None:
    captions = webvtt.from_buffer(StringIO(shown("text/vtt"))).captions
    assert [(c.start, c.end, c.voice, c.text) for c in captions] == [
        ("00:00:00.000", "00:00:01.000", "caller", "Bye"),
        ("00:00:00.700", "00:00:01.500", "speaker 2", "Hello there."),
        ("00:01:03.000", "00:01:04.000", "Tester", "Good morning."),
    ]


def test_plain_text_has_a_line_for_each() -> None:
    assert shown(TEXT).splitlines() == [
        "[00:00] speaker 2: Hello there.",
        "[01:03] Tester: Good morning.",
        "[00:00] caller: Bye",
    ]
    assert TRANSCRIPT_TYPES[0] == JSON


def test_each_reply_is_that_of_the_agent_that_spoke_then() -> None:
    said = tuple(ChatMessage(role=Role.ASSISTANT, text=f"{turn}", turn=turn, at=1_000.0) for turn in (1, 2, 3))
    handoffs = (HandoffMade(turn=2, from_agent="desk", to_agent="tester", at=1_000.0),)
    record = msgspec.structs.replace(RECORD, messages=said, handoffs=handoffs)
    entries = msgspec.json.decode(shown(JSON, record))["entries"]
    assert [entry["agent"] for entry in entries] == ["desk", "tester", "tester"]
    assert [line.split("] ")[1] for line in shown(TEXT, record).splitlines()] == ["Desk: 1", "Tester: 2", "Tester: 3"]

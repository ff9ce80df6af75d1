"""The browser's wire messages: what is understood, and that every message has its fields."""

import json
from contextlib import suppress

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.browser import (
    AssistantFinal,
    AudioData,
    Control,
    Envelope,
    Floor,
    HangUp,
    Ignored,
    Interrupt,
    Ping,
    PlayoutMark,
    Pong,
    ProtocolError,
    ServerMessage,
    SessionEnd,
    ToolEnd,
    ToolProgress,
    ToolStart,
    TurnMetrics,
    Typed,
    decode,
    encode,
    timestamp,
)

MESSAGES: dict[str, tuple[ServerMessage, set[str]]] = {
    "envelope": (
        Envelope(type="event", sender="User", payload={"message": "hi"}, session_id="s1", ts="now"),
        {"type", "topic", "session_id", "call_id", "user_id", "sender", "ts", "payload"},
    ),
    "audio_data": (
        AudioData(data=b"\1\2", frame_index=3, total_frames=0, sample_rate=48_000, is_final=False),
        {"type", "data", "frame_index", "total_frames", "sample_rate", "is_final"},
    ),
    "control": (
        Control(action="tts_cancelled", at="now", session_id="s1", reason="barge_in", turn=3),
        {"type", "action", "reason", "at", "session_id", "turn"},
    ),
    "assistant_final": (
        AssistantFinal(content="hello", speaker="Agent", turn=1, exactness="exact", interrupted=False),
        {"type", "content", "speaker", "turn", "exactness", "interrupted"},
    ),
    "tool_start": (
        ToolStart(call_id="c1", tool="look", ts="now", args=msgspec.Raw(b"{}")),
        {"type", "callId", "tool", "ts", "args"},
    ),
    "tool_progress": (
        ToolProgress(call_id="c1", tool="look", ts="now", pct=50), {"type", "callId", "tool", "ts", "pct"},
    ),
    "tool_end": (
        ToolEnd(call_id="c1", tool="look", ts="now", status="success", elapsed_ms=3.0, result=["nine"], error=None),
        {"type", "callId", "tool", "ts", "status", "elapsedMs", "result", "error"},
    ),
    "session_end": (SessionEnd("NORMAL", "now"), {"type", "reason", "ts"}),
    "turn_metrics": (
        TurnMetrics(
            turn=1, first_audio_ms=600.0, onset_to_pause_ms=None, onset_to_decision_ms=None,
            decision_to_silence_ms=None, heard_ms=900.0, interrupted=False,
        ),
        {
            "type", "turn", "first_audio_ms", "onset_to_pause_ms", "onset_to_decision_ms", "decision_to_silence_ms",
            "heard_ms", "interrupted",
        },
    ),
    "floor": (Floor("user", 1), {"type", "floor", "turn"}),
    "pong": (Pong("now"), {"type", "ts"}),
}  # fmt: skip


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_has_its_fields_on_the_wire(name: str) -> None:
    message, fields = MESSAGES[name]
    assert set(json.loads(encode(message))) == fields


def test_every_message_to_the_browser_is_in_the_table() -> None:
    assert {type(message) for message, _ in MESSAGES.values()} == set(ServerMessage.__args__)


def test_audio_is_base64() -> None:
    assert json.loads(encode(MESSAGES["audio_data"][0]))["data"] == "AQI="


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"type":"text","text":" hello "}', Typed("hello")),
        ("hello there", Typed("hello there")),
        ("{not json", Typed("{not json")),
        ('{"type":"interrupt"}', Interrupt()),
        ('{"type":"hang_up"}', HangUp()),
        ('{"type":"ping","more":1}', Ping()),
        ('{"type":"playout_mark","turn":3,"audio_ms":1240,"state":"playing"}', PlayoutMark(3, 1240, "playing")),
        ('{"kind":"AudioMetadata","payload":{"rate":16000}}', Ignored("AudioMetadata")),
        ('{"Kind":"AudioMetadata"}', Ignored("AudioMetadata")),
        ('{"type":"novelty"}', Ignored("novelty")),
        ('{"type":7}', Ignored("unknown")),
        ("  ", Ignored("empty")),
    ],
)
def test_what_browsers_send(text: str, message: object) -> None:
    assert decode(text) == message


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('{"type":"text"}', "`text`"),
        ('{"type":"text","text":7}', "$.text"),
        ('{"type":"playout_mark","turn":1,"audio_ms":2,"state":"flying"}', "$.state"),
        ("x" * 5_000, "at most 4000 characters"),
    ],
)
def test_what_cannot_be_understood_is_named(text: str, named: str) -> None:
    with pytest.raises(ProtocolError) as error:
        decode(text)
    assert named in str(error.value)


@given(st.text())
def test_no_text_breaks_the_decoder(text: str) -> None:
    with suppress(ProtocolError):
        decode(text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


@given(JSON)
def test_nor_does_any_json(value: object) -> None:
    with suppress(ProtocolError):
        decode(json.dumps(value))


def test_times_are_iso_8601_in_utc() -> None:
    assert timestamp(1_750_000_000.25) == "2025-06-15T15:06:40.250Z"


@pytest.mark.parametrize(
    ("text", "typed"),
    [
        ('\ufeff{"type":"text","text":"hi"}', "hi"),
        (r'{"type":"text","text":"hi \ud83d"}', "hi \ufffd"),
        ('{"type":"text","text":"hi","at":NaN}', "hi"),
        ('{"type":"text","text":"hi"}'.encode("utf-16-le").decode(), "hi"),
        ('{"type":"text","text":"a\nb"}', "a\nb"),
        ("\ufeffhi", "hi"),
        ("{hi", "{hi"),
    ],
)
def test_nobody_types_json(text: str, typed: str) -> None:
    """What is JSON but for its spelling is read as such, and not said to the agent as it stands."""
    assert decode(text) == Typed(typed)


def test_a_mark_that_is_no_number_is_named() -> None:
    with pytest.raises(ProtocolError, match=r"playout_mark: .*audio_ms"):
        decode('{"type":"playout_mark","turn":1,"audio_ms":NaN,"state":"playing"}')

"""Both dialects on the wire: what is written, and what is read of frames as the services send them."""

import base64
from typing import Any

import msgspec
import pytest

from protocol.realtime import commands, events
from protocol.realtime.codec import Codec, RealtimeProtocolError
from protocol.realtime.failure_kinds import FailureKind
from protocol.realtime.ga_dialect import GaDialect
from protocol.realtime.session_settings import SessionSettings
from protocol.realtime.voice_live_dialect import VoiceLiveDialect

GA = Codec(GaDialect())
VOICE_LIVE = Codec(VoiceLiveDialect())
BOTH = pytest.mark.parametrize("codec", [GA, VOICE_LIVE], ids=["ga", "voice live"])

PCM = b"\x01\x00\xff\x7f"


def written(codec: Codec, command: commands.Command, event_id: str = "") -> dict[str, Any]:
    return msgspec.json.decode(codec.encode(command, event_id), type=dict[str, Any])


def read(codec: Codec, **message: Any) -> events.Event:
    return codec.decode(msgspec.json.encode({"event_id": "event_1", **message}))


# commands


@BOTH
@pytest.mark.parametrize(
    ("command", "message"),
    [
        (
            commands.AppendAudio(PCM),
            {"type": "input_audio_buffer.append", "audio": base64.b64encode(PCM).decode()},
        ),
        (commands.CommitAudio(), {"type": "input_audio_buffer.commit"}),
        (commands.ClearAudio(), {"type": "input_audio_buffer.clear"}),
        (commands.DeleteItem("item_1"), {"type": "conversation.item.delete", "item_id": "item_1"}),
        (
            commands.TruncateItem("item_1", 1_240),
            {
                "type": "conversation.item.truncate",
                "item_id": "item_1",
                "content_index": 0,
                "audio_end_ms": 1_240,
            },
        ),
        (commands.CancelResponse(), {"type": "response.cancel"}),
        (commands.CancelResponse("resp_1"), {"type": "response.cancel", "response_id": "resp_1"}),
        (
            commands.CreateItem(commands.TextItem(role="user", text="Hello", item_id="mine")),
            {
                "type": "conversation.item.create",
                "item": {
                    "id": "mine",
                    "type": "message",
                    "role": "user",
                    "content": [{"type": "input_text", "text": "Hello"}],
                },
            },
        ),
        (
            commands.CreateItem(commands.CallItem(call_id="call_1", name="book", arguments="{}")),
            {
                "type": "conversation.item.create",
                "item": {"type": "function_call", "call_id": "call_1", "name": "book", "arguments": "{}"},
            },
        ),
        (
            commands.CreateItem(commands.CallOutputItem(call_id="call_1", output='"done"')),
            {
                "type": "conversation.item.create",
                "item": {"type": "function_call_output", "call_id": "call_1", "output": '"done"'},
            },
        ),
    ],
)
def test_a_command_is_spelt_alike_in_both_dialects(
    codec: Codec, command: commands.Command, message: dict[str, Any]
) -> None:
    assert written(codec, command) == message


@pytest.mark.parametrize(("codec", "kind"), [(GA, "output_text"), (VOICE_LIVE, "text")])
def test_what_the_model_said_has_a_type_of_its_own_in_each(codec: Codec, kind: str) -> None:
    item = commands.TextItem(role="assistant", text="Good morning.")
    content = written(codec, commands.CreateItem(item))["item"]["content"]
    assert content == [{"type": kind, "text": "Good morning."}]


@BOTH
def test_every_command_but_audio_carries_the_id_that_an_error_names(codec: Codec) -> None:
    assert written(codec, commands.CommitAudio(), "commit_3")["event_id"] == "commit_3"
    assert "event_id" not in written(codec, commands.AppendAudio(PCM), "append_4")


@BOTH
def test_settings_go_where_the_dialect_has_them(codec: Codec) -> None:
    message = written(codec, commands.UpdateSession(SessionSettings(instructions="Be brief.")))
    assert message["type"] == "session.update"
    assert message["session"]["instructions"] == "Be brief."


# events


@BOTH
@pytest.mark.parametrize(
    ("message", "event"),
    [
        (
            {"type": "session.created", "session": {"id": "sess_1", "model": "m", "expires_at": 1_790_000_000}},
            events.SessionCreated(session_id="sess_1", model="m", expires_at=1_790_000_000.0),
        ),
        (
            {"type": "session.created", "session": {"id": "sess_1", "model": None, "expires_at": 0}},
            events.SessionCreated(session_id="sess_1"),
        ),
        ({"type": "session.updated", "session": {"expires_at": None}}, events.SessionUpdated()),
        (
            {"type": "input_audio_buffer.speech_started", "audio_start_ms": 640, "item_id": "item_1"},
            events.InputSpeechStarted(640, "item_1"),
        ),
        (
            {"type": "input_audio_buffer.speech_stopped", "audio_end_ms": 2_016, "item_id": "item_1"},
            events.InputSpeechStopped(2_016, "item_1"),
        ),
        (
            {"type": "input_audio_buffer.committed", "previous_item_id": None, "item_id": "item_1"},
            events.InputCommitted("item_1"),
        ),
        (
            {
                "type": "conversation.item.input_audio_transcription.delta",
                "item_id": "item_1",
                "content_index": 0,
                "delta": "book",
            },
            events.InputTranscriptDelta("item_1", "book"),
        ),
        (
            {
                "type": "conversation.item.input_audio_transcription.completed",
                "item_id": "item_1",
                "content_index": 0,
                "transcript": "Book a table.",
                "usage": {"type": "duration", "seconds": 2},
            },
            events.InputTranscript("item_1", "Book a table."),
        ),
        (
            {
                "type": "conversation.item.input_audio_transcription.failed",
                "item_id": "item_1",
                "content_index": 0,
                "error": {
                    "type": "transcription_error",
                    "code": "audio_unintelligible",
                    "message": "...",
                    "param": None,
                },
            },
            events.InputTranscriptFailed("item_1", "audio_unintelligible"),
        ),
        (
            {
                "type": "response.created",
                "response": {"object": "realtime.response", "id": "resp_1", "status": "in_progress", "metadata": None},
            },
            events.ResponseCreated("resp_1"),
        ),
        (
            {"type": "response.created", "response": {"id": "resp_1", "metadata": {"request": "7"}}},
            events.ResponseCreated("resp_1", {"request": "7"}),
        ),
        (
            {
                "type": "response.audio_timestamp.delta",
                "response_id": "resp_1",
                "item_id": "item_2",
                "output_index": 0,
                "content_index": 0,
                "audio_offset_ms": 490,
                "audio_duration_ms": 387,
                "text": "morning",
                "timestamp_type": "word",
            },
            events.WordTime(
                response_id="resp_1", item_id="item_2", text="morning", audio_ms=490, audio_duration_ms=387
            ),
        ),
        (
            {
                "type": "response.output_item.done",
                "response_id": "resp_1",
                "output_index": 0,
                "item": {
                    "id": "item_3",
                    "object": "realtime.item",
                    "type": "function_call",
                    "status": "completed",
                    "name": "book",
                    "call_id": "call_1",
                    "arguments": '{"day": "friday"}',
                },
            },
            events.FunctionCalled(
                response_id="resp_1", item_id="item_3", call_id="call_1", name="book", arguments='{"day": "friday"}'
            ),
        ),
        (
            {
                "type": "rate_limits.updated",
                "rate_limits": [{"name": "tokens", "limit": 50_000, "remaining": 49_950, "reset_seconds": 0.06}],
            },
            events.RateLimitsUpdated(
                (events.RateLimit(name="tokens", limit=50_000, remaining=49_950, reset_seconds=0.06),)
            ),
        ),
        (
            {
                "type": "error",
                "error": {
                    "type": "invalid_request_error",
                    "code": "invalid_value",
                    "message": "Invalid value: 'x'.",
                    "param": "session.audio.output.voice",
                    "event_id": "update_1",
                },
            },
            events.ServiceFailed(
                failure=events.Failure(
                    kind=FailureKind.REFUSED, code="invalid_value", param="session.audio.output.voice"
                ),
                event_id="update_1",
            ),
        ),
        ({"type": "conversation.item.done", "item": {"id": "item_1"}}, events.Ignored("conversation.item.done")),
        ({"type": "response.mcp_call.completed"}, events.Ignored("response.mcp_call.completed")),
    ],
)
def test_a_message_is_read_alike_in_both_dialects(codec: Codec, message: dict[str, Any], event: events.Event) -> None:
    assert read(codec, **message) == event


@pytest.mark.parametrize(
    ("codec", "audio", "transcript"),
    [
        (GA, "response.output_audio", "response.output_audio_transcript"),
        (VOICE_LIVE, "response.audio", "response.audio_transcript"),
    ],
)
def test_the_models_audio_and_its_words_are_named_by_the_dialect(codec: Codec, audio: str, transcript: str) -> None:
    place = {"response_id": "resp_1", "item_id": "item_2", "output_index": 0, "content_index": 0}
    delta = base64.b64encode(PCM).decode()
    assert read(codec, type=f"{audio}.delta", delta=delta, **place) == events.AudioDelta("resp_1", "item_2", PCM)
    assert read(codec, type=f"{audio}.done", **place) == events.AudioDone("resp_1", "item_2")
    words = read(codec, type=f"{transcript}.delta", delta="Good", **place)
    assert words == events.TranscriptDelta("resp_1", "item_2", "Good")
    done = read(codec, type=f"{transcript}.done", transcript="Good morning.", **place)
    assert done == events.TranscriptDone("resp_1", "item_2", "Good morning.")


def test_the_names_of_the_other_dialect_are_unknown() -> None:
    place = {"response_id": "resp_1", "item_id": "item_2", "delta": "AAAA"}
    assert read(GA, type="response.audio.delta", **place) == events.Ignored("response.audio.delta")
    assert read(VOICE_LIVE, type="response.output_audio.delta", **place) == events.Ignored(
        "response.output_audio.delta"
    )


# what cannot be understood


@pytest.mark.parametrize(
    ("message", "named"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[]", "object"),
        (b"{}", "type"),
        (b'{"type": 3}', "type"),
        (b'{"type": "response.output_audio.delta", "response_id": "r", "item_id": "i"}', "delta"),
        (b'{"type": "response.output_audio.delta", "response_id": "r", "item_id": "i", "delta": "!"}', "delta"),
        (b'{"type": "response.done", "response": {}}', "response"),
        (b'{"type": "error", "error": []}', "error"),
        (b'{"type": "a", "b": ' + b"[" * 100_000, "nested too deeply"),
    ],
)
def test_what_cannot_be_understood_is_named(message: bytes, named: str) -> None:
    with pytest.raises(RealtimeProtocolError, match=named):
        GA.decode(message)


def test_an_error_names_no_text_of_the_service() -> None:
    with pytest.raises(RealtimeProtocolError) as raised:
        GA.decode(b'{"type": "response.output_audio_transcript.delta", "response_id": ["my secret"]}')
    assert "secret" not in str(raised.value)


def test_the_type_of_an_unknown_message_is_cut() -> None:
    event = read(GA, type="x" * 10_000)
    assert isinstance(event, events.Ignored)
    assert len(event.type) == 64


@pytest.mark.parametrize(("codec", "text"), [(GA, "response.output_text"), (VOICE_LIVE, "response.text")])
def test_the_words_of_a_model_that_only_writes_are_words_like_those_that_it_says(codec: Codec, text: str) -> None:
    place = {"response_id": "resp_1", "item_id": "item_1", "output_index": 0, "content_index": 0}
    told = read(codec, type=f"{text}.delta", delta="Good", **place)
    assert told == events.TranscriptDelta(response_id="resp_1", item_id="item_1", text="Good")


@BOTH
def test_what_is_of_no_use_by_itself_says_that_a_response_goes_on(codec: Codec) -> None:
    place = {"response_id": "resp_1", "output_index": 0}
    begun = read(codec, type="response.output_item.added", item={"id": "item_1", "type": "function_call"}, **place)
    piece = read(codec, type="response.function_call_arguments.delta", item_id="item_1", delta="{", **place)
    assert begun == piece == events.ResponseGoesOn("resp_1")

"""What a session shows, in the words of the browser's protocol."""

from typing import Any

import msgspec
import pytest

from actors.conversation import Ending, Floor, PositionPrecision, SpokenWord, UtteranceKind
from actors.messages.model import ToolFinished
from actors.messages.output import (
    AgentTookOver,
    AudioDiscarded,
    AudioFrame,
    ErrorShown,
    FloorChanged,
    OutputMessage,
    PlaybackPaused,
    PlaybackResumed,
    ReplyHeard,
    ReplyText,
    SessionEnded,
    ToolProgressed,
    ToolStarted,
    TurnMeasured,
)
from actors.messages.transcript import FinalTranscript, InterimTranscript
from actors.tool_outcome import ToolOutcome
from app.browser.wire_output import BrowserWords
from protocol.browser import encode


class Clock:
    def wall(self) -> float:
        return 1_780_477_200.5


def words() -> BrowserWords:
    return BrowserWords("s1", "Dentist", Clock())  # type: ignore[arg-type]


def wire(message: OutputMessage, by: BrowserWords | None = None) -> list[dict[str, Any]]:
    """What a browser is sent for a message."""
    return [msgspec.json.decode(encode(each)) for each in (by or words()).say(message)]


def payload(message: OutputMessage) -> dict[str, Any]:
    (sent,) = wire(message)
    found: dict[str, Any] = sent["payload"]
    return found


def heard(text: str, turn: int) -> ReplyHeard:
    return ReplyHeard(
        turn=turn, kind=UtteranceKind.REPLY, text=text, precision=PositionPrecision.EXACT, interrupted=True
    )


def test_an_envelope_says_whose_it_is_and_when() -> None:
    (sent,) = wire(ErrorShown("I am sorry."))
    assert sent == {
        "type": "error", "sender": "System", "payload": {"error_message": "I am sorry."}, "session_id": "s1",
        "ts": "2026-06-03T09:00:00.500Z", "topic": "session", "call_id": None, "user_id": None,
    }  # fmt: skip


def test_audio_is_each_connections_own() -> None:
    frame = AudioFrame(reply=1, turn=1, kind=UtteranceKind.REPLY, pcm=b"\0\0", sequence=0, audio_ms=0.0, last=False)
    assert wire(frame) == []


@pytest.mark.parametrize(
    ("message", "actions"),
    [
        (AudioDiscarded(3, "barge_in"), [("tts_cancelled", "barge_in"), ("audio_stop", "barge_in")]),
        (PlaybackPaused(3), [("pause", None)]),
        (PlaybackResumed(3), [("resume", None)]),
    ],
)
def test_the_player_is_told_what_to_do_with_which_turn(
    message: OutputMessage, actions: list[tuple[str, str | None]]
) -> None:
    sent = wire(message)
    assert [(each["action"], each.get("reason")) for each in sent] == actions
    assert {(each["type"], each["turn"]) for each in sent} == {("control", 3)}


def test_words_come_with_their_places_where_those_are_known() -> None:
    said = FinalTranscript(
        text="good day",
        start_ms=100.4,
        end_ms=900.6,
        confidence=0.87654,
        turn=2,
        speaker="Speaker 1",
        language="en-GB",
        words=(SpokenWord("good", 100.4, 400.0), SpokenWord("day", 400.0, 900.6)),
    )
    assert payload(said) == {
        "message": "good day", "turn": 2, "confidence": 0.877, "sender": "User", "speaker": "Speaker 1",
        "language": "en-GB", "offset_ms": 100, "duration_ms": 800,
        "words": [
            {"text": "good", "offset_ms": 100, "duration_ms": 300},
            {"text": "day", "offset_ms": 400, "duration_ms": 501},
        ],
    }  # fmt: skip


def test_what_was_typed_lies_nowhere_in_the_audio() -> None:
    assert payload(FinalTranscript(text="good day", turn=1)) == {
        "message": "good day", "turn": 1, "confidence": 1.0, "sender": "User",
    }  # fmt: skip


def test_interim_words_are_shown_as_such() -> None:
    assert payload(InterimTranscript("good", 100.0, 340.0, language="en-GB")) == {
        "content": "good", "message": "good", "event_type": "stt_partial", "language": "en-GB", "offset_ms": 100,
        "duration_ms": 240,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "type_", "content"),
    [
        (UtteranceKind.GREETING, "status", {"message": "Hello.", "turn": 0}),
        (
            UtteranceKind.FILLER,
            "assistant_streaming",
            {"content": "Hello.", "turn": 0, "kind": "filler", "streaming": True},
        ),
    ],
)
def test_the_greeting_is_shown_apart_from_replies(kind: UtteranceKind, type_: str, content: dict[str, Any]) -> None:
    (sent,) = wire(ReplyText(0, kind, "Hello."))
    assert (sent["type"], sent["sender"], sent["payload"]) == (type_, "Dentist", content)


def test_an_agent_that_has_handed_off_is_heard_out_under_its_own_name() -> None:
    by = words()
    (changed,) = wire(AgentTookOver(agent="billing", label="Billing", from_agent="dentist", turn=3), by)
    assert (changed["payload"]["event_type"], changed["payload"]["label"]) == ("agent_changed", "Billing")
    speakers = [wire(heard("Yes.", turn), by)[0]["speaker"] for turn in (2, 3, 4)]
    assert speakers == ["Dentist", "Billing", "Billing"]
    by.set_label("Reception")
    assert [wire(heard("Yes.", turn), by)[0]["speaker"] for turn in (2, 4)] == ["Reception", "Reception"]


@pytest.mark.parametrize(
    ("written", "arguments"),
    [('{"day":"today"}', {"day": "today"}), ("", {}), ("{day", {}), ('{"a":"\ud83d"}', {}), ("[" * 5_000, {})],
)
def test_the_arguments_of_a_tool_are_json_whatever_a_model_wrote(written: str, arguments: dict[str, Any]) -> None:
    (halfway,) = wire(ToolProgressed("c1", "look_up", 50))
    assert (halfway["type"], halfway["callId"], halfway["pct"]) == ("tool_progress", "c1", 50)
    (sent,) = wire(ToolStarted("c1", "look_up", written))
    assert (sent["type"], sent["callId"], sent["tool"], sent["args"]) == ("tool_start", "c1", "look_up", arguments)


@pytest.mark.parametrize(
    ("outcome", "status", "result", "error"),
    [
        (ToolOutcome({"price": 3}), "success", {"price": 3}, None),
        (ToolOutcome({"error": "no"}, failed=True), "error", None, "{'error': 'no'}"),
    ],
)
def test_a_tool_ends_with_a_result_or_an_error(outcome: ToolOutcome, status: str, result: Any, error: str) -> None:
    finished = ToolFinished(turn=1, call_id="c1", name="look_up", outcome=outcome, elapsed_ms=12.5)
    (sent,) = wire(finished)
    assert (sent["type"], sent["elapsedMs"]) == ("tool_end", 12.5)
    assert (sent["status"], sent["result"], sent["error"]) == (status, result, error)


def test_the_end_is_told_in_two_ways() -> None:
    left, ended = wire(SessionEnded(Ending.IDLE_TIMEOUT))
    assert (left["type"], left["payload"]) == ("exit", {"reason": "IDLE_TIMEOUT"})
    assert (ended["type"], ended["reason"]) == ("session_end", "IDLE_TIMEOUT")


def test_floor_and_times_of_a_turn() -> None:
    assert wire(FloorChanged(Floor.USER, 2)) == [{"type": "floor", "floor": "user", "turn": 2}]
    measured = TurnMeasured(
        turn=2,
        first_audio_ms=811.9999999,
        onset_to_pause_ms=None,
        onset_to_decision_ms=None,
        decision_to_silence_ms=None,
        heard_ms=0.0,
        interrupted=False,
    )
    (sent,) = wire(measured)
    assert (sent["type"], sent["first_audio_ms"], sent["onset_to_pause_ms"]) == ("turn_metrics", 812.0, None)

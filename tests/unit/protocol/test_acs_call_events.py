"""The events of a call: what each says, and what in them cannot be."""

from typing import Any

import msgspec
import pytest

from protocol.acs.call_events import (
    EVENTS,
    OF_A_SERVER_CALL,
    AcsEvent,
    CallConnected,
    ContinuousDtmfRecognitionToneReceived,
    ParticipantsUpdated,
    RecognizeCompleted,
    RecordingStateChanged,
)


def read(name: str, **fields: Any) -> AcsEvent:
    return msgspec.convert(fields, EVENTS[name], strict=False)


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_every_event_can_be_read_without_what_it_does_not_say(name: str) -> None:
    fields = {"tone": "five"} if name == "ContinuousDtmfRecognitionToneReceived" else {}
    event = read(name, callConnectionId="c", serverCallId="s", newField={"a": 1}, **fields)
    assert (event.call_connection_id, event.server_call_id, event.result, event.defect) == ("c", "s", None, "")


def test_events_are_named_as_the_service_names_them() -> None:
    assert EVENTS["CallConnected"] is CallConnected
    assert all(issubclass(event, AcsEvent) and name == event.__name__ for name, event in EVENTS.items())
    assert set(OF_A_SERVER_CALL) <= set(EVENTS.values())


def test_an_outcome_is_told_with_the_networks_own_numbers() -> None:
    result = {"code": 487, "subCode": 540_487, "sipDetails": {"code": 603, "message": "Decline"}}
    told = read("CreateCallFailed", resultInformation=result).result
    assert told is not None
    assert (told.code, told.sub_code, told.message, told.q850) == (487, 540_487, "", None)
    assert told.sip is not None
    assert told.sip.code == 603


@pytest.mark.parametrize(
    ("tones", "digits"), [((), ""), (("one", "pound", "a"), "1#A"), (("5", "*"), "5*"), (("zero",), "0")]
)
def test_keys_that_were_collected_are_digits(tones: tuple[str, ...], digits: str) -> None:
    event = read("RecognizeCompleted", recognitionType="dtmf", dtmfResult={"tones": list(tones)})
    assert isinstance(event, RecognizeCompleted)
    assert event.digits == digits


def test_what_was_spoken_has_no_digits() -> None:
    event = read("RecognizeCompleted", recognitionType="speech", speechResult={"speech": "five"})
    assert isinstance(event, RecognizeCompleted)
    assert event.digits == ""
    assert event.speech_result is not None


@pytest.mark.parametrize(("tone", "digit"), [("five", "5"), ("pound", "#"), ("asterisk", "*"), ("D", "D"), ("9", "9")])
def test_a_key_is_one_character(tone: str, digit: str) -> None:
    event = read("ContinuousDtmfRecognitionToneReceived", tone=tone, sequenceId=3)
    assert isinstance(event, ContinuousDtmfRecognitionToneReceived)
    assert (event.digit, event.sequence_id) == (digit, 3)


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("ContinuousDtmfRecognitionToneReceived", {"tone": "twelve"}),
        ("ContinuousDtmfRecognitionToneReceived", {}),
        ("RecognizeCompleted", {"dtmfResult": {"tones": ["one", "what"]}}),
    ],
)
def test_a_key_that_there_is_not_is_refused(name: str, fields: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        read(name, **fields)


def test_participants_and_recordings_are_told_by_their_ids() -> None:
    updated = read("ParticipantsUpdated", sequenceNumber=4, participants=[{"identifier": {"rawId": "4:+12065550100"}}])
    assert isinstance(updated, ParticipantsUpdated)
    assert updated.sequence_number == 4
    assert [each.identifier.phone_number for each in updated.participants] == ["+12065550100"]
    recording = read("RecordingStateChanged", recordingId="r", state="active")
    assert isinstance(recording, RecordingStateChanged)
    assert (recording.recording_id, recording.state) == ("r", "active")

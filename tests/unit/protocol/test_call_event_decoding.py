"""Callbacks: every type of event, what the service was recorded to send, and what becomes of the rest."""

import json
from typing import Any

import msgspec
import pytest

from protocol.acs.call_event_decoding import PREFIX, decode
from protocol.acs.call_events import (
    EVENTS,
    AcsEvent,
    CallConnected,
    CallDisconnected,
    ChoiceResult,
    ContinuousDtmfRecognitionToneReceived,
    Detail,
    DtmfResult,
    MediaStreamingFailed,
    MediaStreamingStarted,
    MediaStreamingUpdate,
    ParticipantsUpdated,
    PlayFailed,
    RecognizeCompleted,
    RecordingStateChanged,
    Result,
    SpeechResult,
    TranscriptionUpdate,
)
from protocol.acs.cloud_events import EventsError, Malformed, UnknownEvent
from protocol.acs.dtmf import DIGITS, digit
from protocol.acs.participants import CallParticipant, Identifier, Kind

NUMBER = {"kind": "phoneNumber", "rawId": "4:+16041234567", "phoneNumber": {"value": "+16041234567"}}
BOT = {"kind": "communicationUser", "rawId": "8:acs:b0", "communicationUser": {"id": "8:acs:b0"}}

COMMON = {"callConnectionId": "c1", "serverCallId": "s1", "correlationId": "k1"}

STREAMING = {"contentType": "Audio", "mediaStreamingStatus": "x", "mediaStreamingStatusDetails": "y"}
TRANSCRIBING = {"transcriptionStatus": "x", "transcriptionStatusDetails": "y"}

FIELDS: dict[str, dict[str, Any]] = {
    "CallConnected": {},
    "CallDisconnected": {},
    "CreateCallFailed": {},
    "AnswerFailed": {},
    "ConnectFailed": {},
    "CallTransferFailed": {},
    "CallTransferAccepted": {"transferTarget": NUMBER, "transferee": BOT},
    "ParticipantsUpdated": {
        "sequenceNumber": 3,
        "participants": [{"identifier": NUMBER, "isMuted": False, "isOnHold": True}],
    },
    "AddParticipantSucceeded": {"participant": NUMBER},
    "AddParticipantFailed": {"participant": NUMBER},
    "RemoveParticipantSucceeded": {"participant": NUMBER},
    "RemoveParticipantFailed": {"participant": NUMBER},
    "CancelAddParticipantSucceeded": {"invitationId": "i1"},
    "CancelAddParticipantFailed": {"invitationId": "i1"},
    "MoveParticipantSucceeded": {"participant": NUMBER, "fromCall": "c0"},
    "MoveParticipantFailed": {"participant": NUMBER, "fromCall": "c0"},
    "MediaStreamingStarted": {"mediaStreamingUpdate": STREAMING},
    "MediaStreamingStopped": {"mediaStreamingUpdate": STREAMING},
    "MediaStreamingFailed": {"mediaStreamingUpdate": STREAMING},
    "TranscriptionStarted": {"transcriptionUpdate": TRANSCRIBING},
    "TranscriptionStopped": {"transcriptionUpdate": TRANSCRIBING},
    "TranscriptionUpdated": {"transcriptionUpdate": TRANSCRIBING},
    "TranscriptionFailed": {"transcriptionUpdate": TRANSCRIBING},
    "PlayStarted": {},
    "PlayCompleted": {},
    "PlayCanceled": {},
    "PlayFailed": {"failedPlaySourceIndex": 1},
    "RecognizeFailed": {"failedPlaySourceIndex": 1},
    "RecognizeCompleted": {
        "recognitionType": "dtmf",
        "dtmfResult": {"tones": ["one", "two", "pound"]},
        "choiceResult": {"label": "yes", "recognizedPhrase": "yeah", "confidence": 0.5},
        "speechResult": {"speech": "yeah", "confidence": 0.5},
    },
    "RecognizeCanceled": {},
    "HoldFailed": {},
    "SendDtmfTonesCompleted": {},
    "SendDtmfTonesFailed": {},
    "ContinuousDtmfRecognitionStopped": {},
    "ContinuousDtmfRecognitionToneFailed": {},
    "ContinuousDtmfRecognitionToneReceived": {"sequenceId": 1, "tone": "five"},
    "RecordingStateChanged": {
        "recordingId": "r1",
        "state": "active",
        "startDateTime": "2026-09-15T07:05:05.1875275+00:00",
        "recordingKind": "azureCommunicationServices",
    },
    "StartRecordingFailed": {"recordingId": "r1"},
}
"""Every type of event of the API of 2026-03-12, and what it says besides what all say."""

DECODED: dict[str, Any] = {
    "mediaStreamingUpdate": MediaStreamingUpdate("Audio", "x", "y"),
    "transcriptionUpdate": TranscriptionUpdate("x", "y"),
    "dtmfResult": DtmfResult(("one", "two", "pound")),
    "choiceResult": ChoiceResult("yes", "yeah", 0.5),
    "speechResult": SpeechResult("yeah", 0.5),
}

RECORDED = """[{"id":"a3cd572e-5965-4404-b882-5c021f54ec35",
  "source":"calling/callConnections/03004b80-632d-4a75-84d4-1e58202f52cb",
  "type":"Microsoft.Communication.CallConnected",
  "data":{"resultInformation":{"code":200,"subCode":0,"message":""},"version":"2026-03-12",
          "callConnectionId":"03004b80-..","serverCallId":"aHR0..","correlationId":"8f88032d-..",
          "publicEventType":"Microsoft.Communication.CallConnected"},
  "time":"2026-09-14T05:50:32.0263791+00:00","specversion":"1.0","datacontenttype":"application/json",
  "subject":"calling/callConnections/03004b80-.."}]"""


def event(name: str, data: object, **envelope: object) -> dict[str, Any]:
    """A CloudEvent as ACS posts it."""
    return {"id": "e1", "type": PREFIX + name, "specversion": "1.0", "data": data} | envelope


def one(body: object) -> AcsEvent | UnknownEvent | Malformed:
    (decoded,) = decode(json.dumps(body))
    return decoded


def snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def test_there_is_a_struct_for_every_type_of_event() -> None:
    assert set(EVENTS) == set(FIELDS)
    assert len(EVENTS) == 38


@pytest.mark.parametrize("name", FIELDS)
def test_an_event_has_its_fields(name: str) -> None:
    result = {
        "code": 400,
        "subCode": 8581,
        "message": "no",
        "sipDetails": {"code": 486, "message": "busy"},
        "q850Details": {"code": 17, "message": "user busy"},
    }
    data = COMMON | FIELDS[name] | {"operationContext": "op", "resultInformation": result, "version": "2026-03-12"}
    decoded = one([event(name, data, time="2026-09-14T05:50:32.0263791+00:00")])
    assert isinstance(decoded, EVENTS[name])
    assert (decoded.call_connection_id, decoded.server_call_id, decoded.correlation_id) == ("c1", "s1", "k1")
    assert (decoded.operation_context, decoded.event_id) == ("op", "e1")
    assert decoded.time == "2026-09-14T05:50:32.0263791+00:00"
    assert decoded.result == Result(
        code=400, sub_code=8581, message="no", sip=Detail(486, "busy"), q850=Detail(17, "user busy")
    )
    for field, value in FIELDS[name].items():
        held = getattr(decoded, snake(field))
        match held:
            case Identifier():
                assert (held.raw_id, held.kind) == (value["rawId"], Kind(value["kind"].lower()))
            case (CallParticipant(identifier, is_muted, is_on_hold),):
                assert (identifier.phone_number, is_muted, is_on_hold) == ("+16041234567", False, True)
            case _:
                assert held == DECODED.get(field, value)


@pytest.mark.parametrize("name", FIELDS)
def test_what_is_optional_may_be_absent_or_null(name: str) -> None:
    required = {key: value for key, value in FIELDS[name].items() if key == "tone"}
    least = one(event(name, {"callConnectionId": "c1"} | required))
    assert isinstance(least, EVENTS[name])
    absent = {key: None for key in (*FIELDS[name], "operationContext", "resultInformation", "serverCallId")}
    assert one(event(name, {"callConnectionId": "c1"} | absent | required)) == least


def test_what_the_service_was_recorded_to_send_is_understood() -> None:
    assert decode(RECORDED) == [
        CallConnected(
            call_connection_id="03004b80-..",
            server_call_id="aHR0..",
            correlation_id="8f88032d-..",
            result=Result(code=200, sub_code=0, message=""),
            event_id="a3cd572e-5965-4404-b882-5c021f54ec35",
            time="2026-09-14T05:50:32.0263791+00:00",
        )
    ]


@pytest.mark.parametrize(
    ("name", "data", "check"),
    [
        (
            "MediaStreamingStarted",
            '{"mediaStreamingUpdate":{"contentType":"Audio","mediaStreamingStatus":"mediaStreamingStarted",'
            '"mediaStreamingStatusDetails":"subscriptionStarted"},"resultInformation":{"code":200,"subCode":0,'
            '"message":"Action completed successfully."}}',
            MediaStreamingStarted(
                call_connection_id="c1",
                event_id="e1",
                result=Result(code=200, sub_code=0, message="Action completed successfully."),
                media_streaming_update=MediaStreamingUpdate("Audio", "mediaStreamingStarted", "subscriptionStarted"),
            ),
        ),
        (
            "MediaStreamingFailed",
            '{"resultInformation":{"code":400,"subCode":8581,"message":"Action failed, Transport url is not valid or '
            'web socket server is not operational."}}',
            MediaStreamingFailed(
                call_connection_id="c1",
                event_id="e1",
                result=Result(
                    code=400,
                    sub_code=8581,
                    message="Action failed, Transport url is not valid or web socket server is not operational.",
                ),
            ),
        ),
        (
            "PlayFailed",
            '{"failedPlaySourceIndex":1,"resultInformation":{"code":400,"subCode":8535,"message":"Action failed, file '
            'format is invalid."}}',
            PlayFailed(
                failed_play_source_index=1,
                call_connection_id="c1",
                event_id="e1",
                result=Result(code=400, sub_code=8535, message="Action failed, file format is invalid."),
            ),
        ),
        (
            "CallDisconnected",
            '{"resultInformation":{"code":200,"subCode":7000,"message":"Call was ended by Azure Communication Service '
            'Call Automation API or a server bot. DiagCode: 0#7000.@"}}',
            CallDisconnected(
                call_connection_id="c1",
                event_id="e1",
                result=Result(
                    code=200,
                    sub_code=7000,
                    message="Call was ended by Azure Communication Service Call Automation API or a server bot. "
                    "DiagCode: 0#7000.@",
                ),
            ),
        ),
    ],
)
def test_recorded_bodies_are_understood(name: str, data: str, check: AcsEvent) -> None:
    assert one(event(name, json.loads(data) | {"callConnectionId": "c1"})) == check


def test_a_recording_belongs_to_a_server_call() -> None:
    source = "calling/recordings/aHR0cHM6Ly9h/eyJQbGF0Zm9ybUVuZHBvaW50SWQi/RecordingStateChanged"
    assert one(event("RecordingStateChanged", {"state": "active"}, source=source, subject=source)) == (
        RecordingStateChanged(
            server_call_id="aHR0cHM6Ly9h", recording_id="eyJQbGF0Zm9ybUVuZHBvaW50SWQi", state="active", event_id="e1"
        )
    )


@pytest.mark.parametrize("where", ["source", "subject"])
def test_the_connection_may_be_named_by_the_envelope_alone(where: str) -> None:
    decoded = one(event("PlayCompleted", {}, **{where: "/calling/callConnections/c7"}))
    assert isinstance(decoded, AcsEvent)
    assert decoded.call_connection_id == "c7"


@pytest.mark.parametrize(
    "source",
    [
        "calling/callConnections/c7",
        "/calling/callConnections/c7/CallDisconnected",
        "https://x.communication.azure.com/calling/callConnections/c7",
    ],
)
@pytest.mark.parametrize(
    "data", [{"data": {}}, {"data": None}, {"data": {"callConnectionId": 7}}, {"data": {"callConnectionId": ""}}]
)
def test_a_call_ends_though_only_the_source_says_which(source: str, data: dict[str, Any]) -> None:
    decoded = one({"id": "e1", "type": PREFIX + "CallDisconnected", "source": source, **data})
    assert isinstance(decoded, CallDisconnected)
    assert decoded.call_connection_id == "c7"


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        ("CallDisconnected", "operationContext", 42),
        ("CallDisconnected", "operationContext", {"a": 1}),
        ("CallDisconnected", "correlationId", 5),
        ("CallDisconnected", "serverCallId", []),
        ("CallTransferAccepted", "transferTarget", "4:+15550100"),
        ("CallTransferAccepted", "transferee", {"kind": "unknown"}),
        ("MediaStreamingFailed", "mediaStreamingUpdate", "failed"),
        ("TranscriptionFailed", "transcriptionUpdate", []),
        ("ParticipantsUpdated", "sequenceNumber", "the first"),
        ("ContinuousDtmfRecognitionToneReceived", "sequenceId", {}),
        ("AddParticipantFailed", "participant", {}),
    ],
)
def test_what_happened_is_known_whatever_stands_beside_it(name: str, field: str, value: object) -> None:
    good = one(event(name, COMMON | FIELDS[name] | {field: None}))
    odd = one(event(name, COMMON | FIELDS[name] | {field: value}))
    assert isinstance(odd, EVENTS[name])
    assert odd.defect.startswith(f"data.{field}")
    assert "15550100" not in odd.defect
    assert msgspec.structs.replace(odd, defect="") == good


def test_numbers_and_truth_may_be_written_as_text() -> None:
    listed = [{"identifier": NUMBER, "isMuted": "false", "isOnHold": "true"}]
    told = one(event("ParticipantsUpdated", COMMON | {"sequenceNumber": "4", "participants": listed}))
    assert isinstance(told, ParticipantsUpdated)
    assert (told.sequence_number, [one.is_on_hold for one in told.participants], told.defect) == (4, [True], "")


def test_one_participant_who_cannot_be_read_does_not_hide_the_others() -> None:
    listed: list[object] = [{"identifier": {}}, 7, {"identifier": NUMBER, "isOnHold": True}, {"identifier": BOT}]
    told = one(event("ParticipantsUpdated", COMMON | {"sequenceNumber": 4, "participants": listed}))
    assert isinstance(told, ParticipantsUpdated)
    assert [one.identifier.raw_id for one in told.participants] == ["4:+16041234567", "8:acs:b0"]


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        ("ParticipantsUpdated", "participants", {}),
        ("RecordingStateChanged", "state", {}),
        ("RecordingStateChanged", "recordingId", 7),
    ],
)
def test_an_event_that_would_say_something_else_is_malformed(name: str, field: str, value: object) -> None:
    told = one(event(name, COMMON | {field: value}))
    assert isinstance(told, Malformed)
    assert f"data.{field}" in told.reason


def test_names_are_known_in_any_case() -> None:
    one_of_them = {"Identifier": {"RawId": "4:+15550100", "Kind": "phoneNumber"}, "IsOnHold": True}
    data = {"CallConnectionId": "c1", "SequenceNumber": 3, "Participants": [one_of_them, "nobody"]}
    body = {"Type": "Microsoft.Communication.ParticipantsUpdated", "Id": "e1", "Data": data}
    (event,) = decode(json.dumps(body))
    assert isinstance(event, ParticipantsUpdated)
    assert (event.call_connection_id, event.event_id, event.sequence_number) == ("c1", "e1", 3)
    (participant,) = event.participants
    assert (participant.identifier.phone_number, participant.is_on_hold) == ("+15550100", True)


def test_types_are_known_in_any_case() -> None:
    assert isinstance(one({"type": "microsoft.communication.callconnected", "data": COMMON}), CallConnected)


def test_keys_are_digits() -> None:
    assert "".join(sorted(DIGITS.values())) == "#*0123456789ABCD"
    tone = one(event("ContinuousDtmfRecognitionToneReceived", COMMON | {"sequenceId": 1, "tone": "five"}))
    assert isinstance(tone, ContinuousDtmfRecognitionToneReceived)
    assert (tone.digit, tone.sequence_id) == ("5", 1)
    tones = {"recognitionType": "dtmf", "dtmfResult": {"tones": ["one", "two", "pound", "asterisk", "Three", "9"]}}
    recognized = one(event("RecognizeCompleted", COMMON | tones))
    assert isinstance(recognized, RecognizeCompleted)
    assert recognized.digits == "12#*39"
    assert RecognizeCompleted().digits == ""


@pytest.mark.parametrize("tone", ["", "ten", "12", "E"])
def test_what_is_no_key_is_refused(tone: str) -> None:
    with pytest.raises(ValueError, match="not a DTMF tone"):
        digit(tone)


def test_who_took_part_may_be_told_before_the_call_is_connected() -> None:
    first, second = decode(
        json.dumps(
            [
                event("ParticipantsUpdated", COMMON | FIELDS["ParticipantsUpdated"]),
                event("CallConnected", COMMON),
            ]
        )
    )
    assert isinstance(first, ParticipantsUpdated)
    assert isinstance(second, CallConnected)


@pytest.mark.parametrize(
    ("wire", "raw_id", "kind", "phone_number"),
    [
        (NUMBER, "4:+16041234567", Kind.PHONE_NUMBER, "+16041234567"),
        ({**NUMBER, "kind": "PhoneNumber"}, "4:+16041234567", Kind.PHONE_NUMBER, "+16041234567"),
        ({"rawId": "4:+16041234567"}, "4:+16041234567", Kind.PHONE_NUMBER, "+16041234567"),
        ({"phoneNumber": {"value": "+16041234567"}}, "4:+16041234567", Kind.PHONE_NUMBER, "+16041234567"),
        ({"rawId": "4:anonymous", "phoneNumber": {"isAnonymous": True}}, "4:anonymous", Kind.PHONE_NUMBER, None),
        ({"rawId": "4:611"}, "4:611", Kind.PHONE_NUMBER, None),
        (BOT, "8:acs:b0", Kind.COMMUNICATION_USER, None),
        ({"communicationUser": {"id": "8:acs:b0"}}, "8:acs:b0", Kind.COMMUNICATION_USER, None),
        ({"rawId": "8:orgid:u1", "microsoftTeamsUser": {}}, "8:orgid:u1", Kind.MICROSOFT_TEAMS_USER, None),
        ({"rawId": "28:orgid:a1"}, "28:orgid:a1", Kind.MICROSOFT_TEAMS_APP, None),
        ({"kind": "teamsExtensionUser", "rawId": "8:acs:x"}, "8:acs:x", Kind.TEAMS_EXTENSION_USER, None),
        ({"kind": "robot", "rawId": "99:x"}, "99:x", Kind.UNKNOWN, None),
    ],
)
def test_identifiers(wire: dict[str, Any], raw_id: str, kind: Kind, phone_number: str | None) -> None:
    decoded = one(event("AddParticipantFailed", COMMON | {"participant": wire}))
    participant = getattr(decoded, "participant", None)
    assert isinstance(participant, Identifier)
    assert (participant.raw_id, participant.kind, participant.phone_number) == (raw_id, kind, phone_number)


@pytest.mark.parametrize(
    ("name", "connection"),
    [
        ("Microsoft.Communication.TranscriptionResumed", "c1"),
        ("Microsoft.EventGrid.SubscriptionValidationEvent", "c1"),
        ("CallConnected", "c1"),
    ],
)
def test_an_unknown_type_is_no_error(name: str, connection: str) -> None:
    assert one({"type": name, "data": COMMON}) == UnknownEvent(name, connection)
    assert one({"type": name}) == UnknownEvent(name)


@pytest.mark.parametrize("result", [{"code": "two"}, "gone", [], {"sipDetails": {"code": "x"}}, {"q850Details": 7}])
def test_what_happened_is_known_whatever_its_reason_looks_like(result: object) -> None:
    (told,) = decode(json.dumps(event("CallDisconnected", COMMON | {"resultInformation": result})))
    assert isinstance(told, CallDisconnected)
    assert told.result is None


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("hello", "event: expected an object"),
        ({}, "type: missing"),
        ({"type": 7}, "type: expected text"),
        ({"type": PREFIX + "CallConnected"}, "data: missing"),
        ({"type": PREFIX + "CallConnected", "data": "{"}, "data: expected an object"),
        (event("CallConnected", {}), "data.callConnectionId: missing"),
        (event("RecordingStateChanged", {}), "data.callConnectionId: missing"),
        (event("CallConnected", {"callConnectionId": 7}), "data.callConnectionId: expected `str`"),
        (event("ContinuousDtmfRecognitionToneReceived", COMMON), "`tone`"),
        (event("ContinuousDtmfRecognitionToneReceived", COMMON | {"tone": "4711"}), "tone: not a DTMF tone"),
        (event("RecognizeCompleted", COMMON | {"dtmfResult": {"tones": ["4711"]}}), "`data.dtmfResult`"),
    ],
)
def test_a_malformed_event_does_not_spoil_the_others(body: object, reason: str) -> None:
    good = event("CallConnected", COMMON)
    first, bad, last = decode(json.dumps([good, body, good]))
    assert isinstance(first, CallConnected)
    assert first == last
    assert isinstance(bad, Malformed)
    assert reason in bad.reason
    assert "4711" not in bad.reason


def test_what_is_nested_too_deeply_beside_an_event_is_passed_over() -> None:
    deep = '{"type":"Microsoft.Communication.CallConnected","data":{"callConnectionId":"c1",%s}}'
    within = "[" * 900 + "]" * 900
    for field in ('"x":', '"operationContext":', '"resultInformation":'):
        first, second = decode("[" + deep % (field + within) + "," + deep % '"x":1' + "]")
        assert isinstance(first, CallConnected)
        assert isinstance(second, CallConnected)
        assert (first.defect == "") == (field == '"x":')
    with pytest.raises(EventsError, match="nested too deeply"):
        decode("[" + deep % ('"x":' + "[" * 100_000) + "]")


@pytest.mark.parametrize(
    "odd",
    [
        {"isMuted": "perhaps"},
        {"isMuted": []},
        {"identifier": NUMBER | {"kind": 7, "phoneNumber": []}},
        {"isMuted": None},
    ],
)
def test_a_participant_is_known_although_something_beside_their_id_is_odd(odd: dict[str, object]) -> None:
    listed = [{"identifier": NUMBER, "isOnHold": True} | odd]
    told = one(event("ParticipantsUpdated", COMMON | {"sequenceNumber": 4, "participants": listed}))
    assert isinstance(told, ParticipantsUpdated)
    assert [(each.identifier.raw_id, each.is_on_hold) for each in told.participants] == [("4:+16041234567", True)]

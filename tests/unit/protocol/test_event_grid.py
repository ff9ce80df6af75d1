"""Event Grid's deliveries, in both schemas."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from protocol.acs.event_grid import (
    CustomContext,
    EventsError,
    GridEvent,
    IncomingCall,
    Malformed,
    SubscriptionValidation,
    UnknownEvent,
    decode,
)
from protocol.acs.participants import Identifier, Kind

VALIDATION = """[{"id":"2d1781af-..","topic":"/subscriptions/..","subject":"","data":{"validationCode":"512d38b6-..",
  "validationUrl":"https://rp-eastus2.eventgrid.azure.net:553/eventsubscriptions/..."},
  "eventType":"Microsoft.EventGrid.SubscriptionValidationEvent","eventTime":"2022-10-28T04:23:35.1981776Z",
  "metadataVersion":"1","dataVersion":"1"}]"""

INCOMING = """[{"id":"d5546be8-..",
  "topic":"/subscriptions/{s}/resourcegroups/{g}/providers/microsoft.communication/communicationservices/{r}",
  "subject":"/caller/4:+16041234567/recipient/8:acs:..",
  "data":{"to":{"kind":"phoneNumber","rawId":"4:+18331234567","phoneNumber":{"value":"+18331234567"}},
          "from":{"kind":"phoneNumber","rawId":"4:+16041234567","phoneNumber":{"value":"+16041234567"}},
          "serverCallId":"aHR0cHM6Ly9hcGkuZmxpZ2h0cHJveHku..","callerDisplayName":"",
          "incomingCallContext":"eyJhbGciOiJub25lIi..","correlationId":"8f88032d-.."},
  "eventType":"Microsoft.Communication.IncomingCall","dataVersion":"1.0","metadataVersion":"1","eventTime":".."}]"""


def incoming(**fields: object) -> dict[str, Any]:
    """The call of the facts with other fields."""
    event: dict[str, Any] = json.loads(INCOMING)[0]
    return event | {"data": event["data"] | fields}


def one(body: object) -> GridEvent:
    (decoded,) = decode(json.dumps(body))
    return decoded


def as_cloud_event(event: dict[str, Any]) -> dict[str, Any]:
    """The same in the other schema."""
    return {
        "id": event["id"],
        "source": event["topic"],
        "subject": event["subject"],
        "type": event["eventType"],
        "time": event["eventTime"],
        "specversion": "1.0",
        "data": event["data"],
    }


def test_a_subscription_is_validated_by_its_code() -> None:
    assert decode(VALIDATION) == [SubscriptionValidation("512d38b6-..", "2d1781af-..")]


def test_a_call_comes_in() -> None:
    (call,) = decode(INCOMING)
    assert isinstance(call, IncomingCall)
    assert (call.event_id, call.context) == ("d5546be8-..", "eyJhbGciOiJub25lIi..")
    assert call.caller is not None
    assert call.callee is not None
    assert (call.caller.raw_id, call.caller.phone_number) == ("4:+16041234567", "+16041234567")
    assert (call.callee.raw_id, call.callee.phone_number) == ("4:+18331234567", "+18331234567")
    assert (call.server_call_id, call.correlation_id) == ("aHR0cHM6Ly9hcGkuZmxpZ2h0cHJveHku..", "8f88032d-..")
    assert (call.caller_display_name, call.custom_context) == ("", CustomContext())


@pytest.mark.parametrize("body", [VALIDATION, INCOMING])
def test_both_schemas_single_or_in_an_array_are_the_same(body: str) -> None:
    (event,) = json.loads(body)
    assert decode(json.dumps(event)) == decode(body)
    assert decode(json.dumps(as_cloud_event(event))) == decode(body)
    assert decode(json.dumps([as_cloud_event(event)])) == decode(body)
    assert decode(body.replace("Microsoft.", "microsoft.")) == decode(body)


def in_pascal_case(value: Any) -> Any:
    if isinstance(value, dict):
        return {name[:1].upper() + name[1:]: in_pascal_case(inner) for name, inner in value.items()}
    return value


@pytest.mark.parametrize("of_the_schema", [lambda event: event, as_cloud_event])
def test_names_are_known_in_any_case(of_the_schema: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    sent = {"sipHeaders": {"X-Ms-Custom-Order": "7"}}
    event = of_the_schema(incoming(customContext=sent))
    found = one(in_pascal_case(event))
    assert isinstance(found, IncomingCall)
    assert found == one(event)
    assert (found.caller and found.caller.phone_number, found.custom_context.sip_headers) == (
        "+16041234567",
        {"X-Ms-Custom-Order": "7"},
    )


def test_the_exact_name_comes_before_another() -> None:
    found = one(incoming(IncomingCallContext="another"))
    assert isinstance(found, IncomingCall)
    assert found.context == "eyJhbGciOiJub25lIi.."


@pytest.mark.parametrize(
    "wrapped", [lambda data: [data], lambda data: json.dumps([data]), lambda data: [json.dumps(data)]]
)
def test_a_list_of_one_is_that_one_also_as_text(wrapped: Callable[[object], object]) -> None:
    event = incoming()
    assert one(event | {"data": wrapped(event["data"])}) == one(event)


def test_a_list_of_several_is_no_data_of_one_event() -> None:
    event = incoming()
    assert one(event | {"data": [event["data"]] * 2}) == Malformed(event["eventType"], "data: expected an object")


def test_a_delivery_may_be_text_once_more() -> None:
    assert decode(json.dumps(INCOMING)) == decode(json.dumps([json.dumps(incoming())])) == decode(INCOMING)


def test_half_a_character_in_a_name_costs_no_call() -> None:
    found = one(incoming(callerDisplayName="Ann \ud83d"))
    assert isinstance(found, IncomingCall)
    assert found.caller_display_name == "Ann \ufffd"


def test_a_type_of_null_is_no_type() -> None:
    event = incoming()
    assert one(event | {"eventType": None, "type": event["eventType"]}) == one(event)


def test_what_is_nested_too_deeply_beside_a_call_is_passed_over() -> None:
    within = json.loads("[" * 800 + "]" * 800)
    assert one(incoming(more=within, customContext={"sipHeaders": {"a": "b"}, "more": within})) == one(
        incoming(customContext={"sipHeaders": {"a": "b"}})
    )


def test_a_context_of_any_length_passes() -> None:
    call = one(incoming(incomingCallContext="e" * 20_000))
    assert isinstance(call, IncomingCall)
    assert len(call.context) == 20_000


def test_callers_may_be_no_telephone_or_anonymous() -> None:
    user = {"kind": "communicationUser", "rawId": "8:acs:u1", "communicationUser": {"id": "8:acs:u1"}}
    call = one(incoming(**{"from": user}))
    assert isinstance(call, IncomingCall)
    assert call.caller is not None
    assert (call.caller.kind, call.caller.phone_number) == (Kind.COMMUNICATION_USER, None)
    hidden = one(incoming(**{"from": {"kind": "PhoneNumber", "rawId": "4:anonymous"}}))
    assert isinstance(hidden, IncomingCall)
    assert hidden.caller is not None
    assert (hidden.caller.kind, hidden.caller.phone_number) == (Kind.PHONE_NUMBER, None)


@pytest.mark.parametrize(
    "about",
    [
        {},
        {"from": None, "to": None},
        {"from": {}, "to": {"kind": "phoneNumber"}},
        {"from": "+15550100", "to": [], "correlationId": 4711, "serverCallId": {}, "callerDisplayName": None},
    ],
)
@pytest.mark.parametrize("form", ["object", "text", "base64"])
def test_its_context_is_all_that_a_call_needs(about: dict[str, object], form: str) -> None:
    data = {"incomingCallContext": "eyJ", **about}
    text = json.dumps(data)
    forms: dict[str, dict[str, Any]] = {
        "object": {"data": data},
        "text": {"data": text},
        "base64": {"data_base64": base64.b64encode(text.encode()).decode()},
    }
    event = {"type": "Microsoft.Communication.IncomingCall", "id": "e1", "specversion": "1.0", **forms[form]}
    assert one(event) == IncomingCall(context="eyJ", event_id="e1")


def test_who_calls_whom_is_taken_from_the_subject_where_the_data_do_not_say() -> None:
    call = one(incoming(**{"from": None, "to": {}}) | {"subject": "/caller/4:+15550100/recipient/4:+15550199"})
    assert isinstance(call, IncomingCall)
    assert (call.caller, call.callee) == (Identifier(raw_id="4:+15550100"), Identifier(raw_id="4:+15550199"))


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (
            {"sipHeaders": {"X-MS-Custom-a": "b"}, "voipHeaders": {"k": "v"}},
            CustomContext({"X-MS-Custom-a": "b"}, {"k": "v"}),
        ),
        ({"sipHeaders": {"a": 1, "b": "c"}}, CustomContext({"b": "c"})),
        ({"sipHeaders": "odd", "more": {}}, CustomContext()),
        ("odd", CustomContext()),
        (None, CustomContext()),
    ],
)
def test_what_was_sent_along_is_kept_where_it_is_text(sent: object, kept: CustomContext) -> None:
    call = one(incoming(customContext=sent, onBehalfOfCallee={"rawId": "8:acs:o"}, serverCallId=None))
    assert isinstance(call, IncomingCall)
    assert (call.custom_context, call.server_call_id) == (kept, "")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (7, "event: expected an object"),
        ({}, "eventType: missing"),
        ({"eventType": []}, "eventType: expected text"),
        ({"eventType": "Microsoft.Communication.IncomingCall"}, "data: missing"),
        ({"eventType": "Microsoft.Communication.IncomingCall", "data": []}, "data: expected an object"),
        (incoming(incomingCallContext=None), "`incomingCallContext`"),
        (incoming(incomingCallContext=""), "incomingCallContext: empty"),
        (incoming(incomingCallContext=4711), "`data.incomingCallContext`"),
        ({"type": "Microsoft.Communication.IncomingCall", "data": "{"}, "data: expected an object"),
        ({"type": "Microsoft.Communication.IncomingCall", "data_base64": "!"}, "data: expected an object"),
        ({"type": "Microsoft.EventGrid.SubscriptionValidationEvent", "data": {}}, "`validationCode`"),
        (
            {"type": "Microsoft.EventGrid.SubscriptionValidationEvent", "data": {"validationCode": ""}},
            "validationCode: empty",
        ),
    ],
)
def test_several_come_in_one_delivery_and_a_malformed_one_does_not_spoil_the_others(body: object, reason: str) -> None:
    call, bad, validation, unknown = decode(
        json.dumps([incoming(), body, json.loads(VALIDATION)[0], {"eventType": "Microsoft.Other", "data": 1}])
    )
    assert isinstance(call, IncomingCall)
    assert isinstance(validation, SubscriptionValidation)
    assert unknown == UnknownEvent("Microsoft.Other")
    assert isinstance(bad, Malformed)
    assert reason in bad.reason
    assert "4711" not in bad.reason


@pytest.mark.parametrize("body", ["", "[", "7", "null", "\ud800", "[" * 100_000])
def test_a_body_without_events_is_refused(body: str) -> None:
    with pytest.raises(EventsError, match=r"^body: "):
        decode(body)


@pytest.mark.parametrize(
    "caller",
    [
        "4:+15550100",
        [{"rawId": "4:+15550100"}],
        {"rawId": "4:+15550100", "kind": 7, "phoneNumber": "+15550100"},
        {"phoneNumber": "+15550100"},
        {"rawId": "4:+15550100", "phoneNumber": None, "communicationUser": []},
    ],
)
def test_who_calls_is_known_although_something_beside_their_id_is_odd(caller: object) -> None:
    call = one(incoming(**{"from": caller}) | {"subject": ""})
    assert isinstance(call, IncomingCall)
    assert call.caller is not None
    assert call.caller.phone_number == "+15550100"

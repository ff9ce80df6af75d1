"""What a delivery holds before it is known which events they are."""

import base64

import msgspec
import pytest

from protocol.acs.cloud_events import EventsError, delivered, event_data, fields_of, moment, structured, without_nulls


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b'{"a":"\xff"}', "not JSON"),
        ("\ud800", "not JSON"),
        ("7", "expected an event or an array of events"),
        ("null", "expected an event or an array of events"),
        ('"x"', "expected an event or an array of events"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_a_body_without_events_is_refused(body: str | bytes, named: str) -> None:
    with pytest.raises(EventsError) as error:
        delivered(body)
    assert named in str(error.value)


def test_a_delivery_may_be_empty() -> None:
    assert delivered("[]") == []


def test_a_byte_order_mark_is_no_reason_to_lose_a_delivery() -> None:
    assert delivered(b'\xef\xbb\xbf{"a": 1}') == delivered('\ufeff{"a": 1}') == [{"a": 1}]


@pytest.mark.parametrize(
    ("event", "data"),
    [
        ({"data": {"a": 1}}, {"a": 1}),
        ({"data": '{"a": 1}'}, {"a": 1}),
        ({"data_base64": base64.b64encode(b'{"a": 1}').decode()}, {"a": 1}),
        ({"data_base64": base64.urlsafe_b64encode(b'{"a": "??>"}').decode().rstrip("=")}, {"a": "??>"}),
        ({"data": "no JSON"}, "no JSON"),
        ({"data_base64": "no base64!"}, "no base64!"),
        ({}, None),
    ],
)
def test_the_data_of_an_event_may_be_an_object_or_hold_one(event: dict[str, object], data: object) -> None:
    assert event_data(event) == data


def test_fields_that_are_null_are_absent_at_every_depth() -> None:
    assert without_nulls({"a": None, "b": [{"c": None, "d": 0}], "e": None}) == {"b": [{"d": 0}]}


class _Event(msgspec.Struct, rename="camel"):
    state: str
    operation_context: str = ""
    result_code: int = 0
    recording_id: str = ""


def test_a_field_that_cannot_be_read_is_left_out_and_named() -> None:
    data = {"state": "on", "operationContext": 4711, "resultCode": "8522", "recordingId": None, "more": 1}
    fields, defect = fields_of(_Event, data)
    assert fields == {"state": "on", "resultCode": "8522"}
    assert defect == "data.operationContext: expected `str`, got `int`"
    assert fields_of(_Event, {"state": "on", "resultCode": 1}) == ({"state": "on", "resultCode": 1}, "")


def test_what_an_event_cannot_do_without_is_left_to_its_conversion() -> None:
    assert fields_of(_Event, {"state": 7, "recordingId": 8}, needed=("recordingId",)) == (
        {"state": 7, "recordingId": 8},
        "",
    )


def test_in_the_binary_mode_the_attributes_are_headers_and_the_body_is_the_data() -> None:
    headers = {"ce-type": "Microsoft.X", "ce-id": "e%201", "ce-source": "calling", "ce-more": "y", "content-type": "x"}
    (event,) = delivered(structured(headers, b'{"a": 1}'))
    assert event_data(event) == {"a": 1}
    del event["data_base64"]
    assert event == {"type": "Microsoft.X", "id": "e 1", "source": "calling"}


@pytest.mark.parametrize("headers", [{}, {"ce-id": "1"}, {"ce-type": ""}])
def test_any_other_body_is_left_as_it_is(headers: dict[str, str]) -> None:
    assert structured(headers, b'[{"type": "x"}]') == b'[{"type": "x"}]'


@pytest.mark.parametrize(
    ("time", "seconds"),
    [
        ("2026-09-14T05:50:32.0263791+00:00", 1_789_365_032.026379),
        ("2026-09-14T05:50:32Z", 1_789_365_032.0),
        ("2026-09-14T05:50:32", 1_789_365_032.0),
        ("", None),
        ("yesterday", None),
    ],
)
def test_the_time_of_an_event_is_read_if_it_is_one(time: str, seconds: float | None) -> None:
    assert moment(time) == pytest.approx(seconds)

"""What a delivery holds before it is known which events they are."""

import base64

import pytest

from protocol.acs.cloud_events import EventsError, delivered, event_data, without_nulls


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


@pytest.mark.parametrize(
    ("event", "data"),
    [
        ({"data": {"a": 1}}, {"a": 1}),
        ({"data": '{"a": 1}'}, {"a": 1}),
        ({"data_base64": base64.b64encode(b'{"a": 1}').decode()}, {"a": 1}),
        ({"data": "no JSON"}, "no JSON"),
        ({"data_base64": "no base64!"}, "no base64!"),
        ({}, None),
    ],
)
def test_the_data_of_an_event_may_be_an_object_or_hold_one(event: dict[str, object], data: object) -> None:
    assert event_data(event) == data


def test_fields_that_are_null_are_absent_at_every_depth() -> None:
    assert without_nulls({"a": None, "b": [{"c": None, "d": 0}], "e": None}) == {"b": [{"d": 0}]}

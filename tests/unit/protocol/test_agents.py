"""What operators may ask to change of an agent."""

import json

import pytest

from protocol.agents import MODIFIABLE_SETTINGS, decode_change
from protocol.request_decoding import RequestError


def test_only_what_was_given_is_changed() -> None:
    change = decode_change(b'{"model": {"temperature": 0.2}, "voice": {"voice_name": "other"}}')
    assert change.given() == {"model.temperature": 0.2, "voice.voice_name": "other"}
    assert decode_change(b"{}").given() == {}


def test_every_field_that_nobody_knows_is_named() -> None:
    body = json.dumps({"model": {"colour": 1, "temperature": 0.2}, "voice": {"size": 2}, "tools": []}).encode()
    with pytest.raises(RequestError) as refused:
        decode_change(body)
    assert [error.field for error in refused.value.errors] == ["tools", "model.colour", "voice.size"]


def test_of_a_flood_of_unknown_fields_a_few_are_named_and_none_at_length() -> None:
    body = json.dumps({"x" * 500 + str(number): 1 for number in range(100)}).encode()
    with pytest.raises(RequestError) as refused:
        decode_change(body)
    assert len(refused.value.errors) == 16
    assert all(len(error.field) <= 128 for error in refused.value.errors)


@pytest.mark.parametrize(
    "body", [b'{"model": {"temperature": 9}}', b'{"model": {"max_tokens": 0}}', b'{"model": 1}', b"["]
)
def test_a_value_that_cannot_be_is_refused(body: bytes) -> None:
    with pytest.raises(RequestError):
        decode_change(body)


def test_what_may_be_changed_is_described() -> None:
    assert MODIFIABLE_SETTINGS["temperature"]["type"] == "number"
    assert "model_deployment" in MODIFIABLE_SETTINGS

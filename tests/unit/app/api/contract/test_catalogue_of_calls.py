"""The examples of calls are what the server's own decoders take."""

import msgspec
import pytest

from app.api.contract.catalogue import OPERATIONS
from app.api.contract.operation import Operation
from protocol.acs import call_event_decoding, event_grid
from protocol.acs.call_events import CallConnected
from protocol.acs.event_grid import SubscriptionValidation
from protocol.request_decoding import decode_body


@pytest.mark.parametrize(
    "operation",
    [operation for operation in OPERATIONS.values() if isinstance(operation.example, msgspec.Struct)],
    ids=lambda operation: type(operation.example).__name__,
)
def test_a_body_can_be_read(operation: Operation) -> None:
    written = msgspec.json.encode(operation.example)
    assert decode_body(written, operation.body) == operation.example


def test_what_the_carrier_sends_can_be_read() -> None:
    answered = OPERATIONS["POST", "/api/v1/calls/answer"].example
    (validation,) = event_grid.decode(msgspec.json.encode(answered))
    assert isinstance(validation, SubscriptionValidation)
    called_back = OPERATIONS["POST", "/api/v1/calls/callbacks"].example
    (event,) = call_event_decoding.decode(msgspec.json.encode(called_back))
    assert isinstance(event, CallConnected)

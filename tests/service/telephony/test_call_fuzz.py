"""Whatever is posted to the routes of calls, the answer is never our fault, and no call is lost."""

import json
from collections import Counter
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.runtime.clock import run_virtual
from app.api.asgi import app_of_worker
from app.assembly import Assembly
from protocol.acs.call_events import EVENTS
from tests.kit.service_kit import running
from tests.service.telephony.telephone_kit import room

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "callConnectionId": st.sampled_from(["live-call", "nobody"]) | JSON,
        "serverCallId": JSON,
        "resultInformation": JSON,
        "participants": JSON,
        "sequenceNumber": JSON,
        "tone": st.sampled_from(["one", "pound", "x"]) | JSON,
        "recordingId": JSON,
        "state": JSON,
        "dtmfResult": JSON,
        "mediaStreamingUpdate": JSON,
    },
)
LASTING = sorted(
    set(EVENTS) - {"CallDisconnected", "CreateCallFailed", "AnswerFailed", "ConnectFailed", "CallTransferAccepted"}
)
EVENTS_OF_CALLS = st.builds(
    lambda number, kind, fields: {"id": str(number), "source": "s", "specversion": "1.0", "type": kind, "data": fields},
    st.integers(0, 999),
    st.sampled_from([f"Microsoft.Communication.{name}" for name in LASTING]) | st.text(max_size=20),
    FIELDS,
)
INCOMING = st.builds(
    lambda kind, body: {"id": "1", "eventType": kind, "data": body},
    st.sampled_from(["Microsoft.Communication.IncomingCall", "Microsoft.EventGrid.SubscriptionValidationEvent", "X"]),
    JSON
    | st.fixed_dictionaries(
        {},
        optional={"to": JSON, "from": JSON, "incomingCallContext": JSON, "validationCode": JSON, "correlationId": JSON},
    ),
)
BODIES = st.one_of(
    st.binary(max_size=60),
    JSON.map(lambda value: json.dumps(value).encode()),
    st.lists(EVENTS_OF_CALLS, max_size=3).map(lambda value: json.dumps(value).encode()),
    st.lists(INCOMING, max_size=3).map(lambda value: json.dumps(value).encode()),
    st.dictionaries(st.sampled_from(["target_number", "call_id", "agent", "target", "context", "caller_id"]), JSON).map(
        lambda value: json.dumps(value).encode()
    ),
)
PATHS = st.sampled_from(
    [
        "/calls/answer", "/calls/callbacks", "/calls/callbacks/guessed", "/calls/initiate", "/calls/terminate",
        "/calls/live-call/transfer", "/media/sessions",
    ]
)  # fmt: skip
COUNTED: Counter[int] = Counter()


async def posted(pairs: list[tuple[str, bytes]]) -> None:
    async with running() as service:
        worker = Assembly(service)
        switchboard = worker.switchboard
        await room(service)
        call = worker.new_calls.adopt("live-call", "")
        switchboard.connected(call)
        app: Any = app_of_worker(worker)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
            for path, body in pairs:
                answer = await client.post(f"/api/v1{path}", content=body)
                COUNTED[answer.status_code] += 1
                assert answer.status_code < 500 or answer.status_code == 503, (path, body)
                if answer.status_code >= 400:
                    assert isinstance(answer.json()["detail"], str)
            if not any(path == "/calls/terminate" for path, _ in pairs):
                assert not call.over.is_set()
        await switchboard.close()


@settings(max_examples=120)
@given(st.lists(st.tuples(PATHS, BODIES), min_size=1, max_size=12))
def test_no_body_is_our_fault(pairs: list[tuple[str, bytes]]) -> None:
    run_virtual(posted(pairs))


def test_how_many_bodies_there_were(capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        if COUNTED:
            print(
                f"\nroutes of calls: {sum(COUNTED.values())} made-up bodies, by status {dict(sorted(COUNTED.items()))}"
            )

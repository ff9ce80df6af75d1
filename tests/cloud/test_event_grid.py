"""Event Grid as a webhook meets it."""

import time
from typing import Any, Literal

import pytest
from azure.communication.callautomation.aio import CallAutomationClient
from azure.core.credentials import AzureKeyCredential

from tests.cloud.acs.caller import CallOver
from tests.cloud.acs.emulator import AcsEmulator
from tests.cloud.echo_app import EchoApp
from tests.cloud.event_grid import DELAY_S, wait_s
from tests.cloud.tokens import TokenIssuer

Schema = Literal["event_grid", "cloud_events"]


async def test_the_handshake_of_event_grid(acs: AcsEmulator, app: EchoApp) -> None:
    app.on_grid = lambda body: {"validationResponse": body[0]["data"]["validationCode"]}
    assert await acs.event_grid.validate(app.grid_url)
    (told,) = app.grid
    assert told.headers["aeg-event-type"] == "SubscriptionValidation"
    assert told.body[0]["eventType"] == "Microsoft.EventGrid.SubscriptionValidationEvent"
    app.on_grid = lambda _: {"validationResponse": "another"}
    assert not await acs.event_grid.validate(app.grid_url)
    app.status = 202
    app.on_grid = lambda body: {"validationResponse": body[0]["data"]["validationCode"]}
    assert not await acs.event_grid.validate(app.grid_url)


async def test_the_handshake_of_cloud_events(acs: AcsEmulator, app: EchoApp) -> None:
    acs.event_grid.schema = "cloud_events"
    assert await acs.event_grid.validate(app.grid_url)
    assert not await acs.event_grid.validate(app.callback_url)


@pytest.mark.parametrize("schema", ["event_grid", "cloud_events"])
async def test_a_call_comes_in(schema: Schema, acs: AcsEmulator, app: EchoApp) -> None:
    acs.event_grid.schema = schema
    async with CallAutomationClient(acs.endpoint, AzureKeyCredential(acs.access_key)) as client:

        async def answer(body: Any) -> dict[str, str]:
            event = body[0] if isinstance(body, list) else body
            await client.answer_call(event["data"]["incomingCallContext"], app.callback_url)
            return {"status": "call answered"}

        app.on_grid = answer
        caller = await acs.dial(app.grid_url, from_="+15550123", to="+15550199", headers={"X-MS-Custom-a": "b"})
        call = await caller.connected()
    assert caller.delivery is not None
    delivery = await caller.delivery
    assert delivery.json == {"status": "call answered"}
    (event,) = delivery.events
    about = event["data"]
    assert event["eventType" if schema == "event_grid" else "type"] == "Microsoft.Communication.IncomingCall"
    assert event["subject"] == "/caller/4:+15550123/recipient/4:+15550199"
    assert about["from"] == {"kind": "phoneNumber", "rawId": "4:+15550123", "phoneNumber": {"value": "+15550123"}}
    assert about["customContext"]["sipHeaders"] == {"X-MS-Custom-a": "b"}
    assert (about["correlationId"], about["serverCallId"]) == (call.correlation_id, call.server_call_id)
    assert 8_000 < len(about["incomingCallContext"]) < 10_000
    assert isinstance(app.grid[0].body, list) == (schema == "event_grid")


async def test_several_events_in_one_delivery(acs: AcsEmulator, app: EchoApp) -> None:
    events = [acs.incoming_call(acs.ring(from_=f"+1555010{n}")) for n in range(3)]
    await acs.event_grid.deliver(app.grid_url, events)
    assert [event["id"] for event in app.grid[0].body] == [event["id"] for event in events]
    acs.event_grid.schema = "cloud_events"
    await acs.event_grid.deliver(app.grid_url, events)
    assert app.grid[1].headers["Content-Type"].startswith("application/cloudevents-batch+json")


async def test_the_same_event_again(acs: AcsEmulator, app: EchoApp) -> None:
    caller = await acs.dial(app.grid_url, copies=2)
    assert caller.delivery is not None
    await caller.delivery
    first, second = app.grid
    assert first.body == second.body


async def test_a_delivery_that_fails_is_made_again_and_in_the_end_given_up(acs: AcsEmulator, app: EchoApp) -> None:
    acs.event_grid.time_scale = 0.0001
    acs.event_grid.attempts = 3
    app.status = 503
    delivery = await acs.event_grid.deliver(app.grid_url, [acs.incoming_call(acs.ring())])
    assert delivery.statuses == [503, 503, 503]
    assert [told.headers["aeg-delivery-count"] for told in app.grid] == ["0", "1", "2"]
    app.status = 401
    assert (await acs.event_grid.deliver(app.grid_url, [])).statuses == [401]
    assert (await acs.event_grid.deliver("http://127.0.0.1:1/", [])).statuses == [None] * 3


@pytest.mark.parametrize(
    ("attempt", "status", "expected_s"),
    [
        (1, 500, 10),
        (1, None, 10),
        (1, 503, 30),
        (1, 408, 120),
        (1, 404, 300),
        (2, 503, 30),
        (3, 503, 60),
        (20, 500, 3600),
    ],
)
def test_how_long_a_further_attempt_is_waited_for(attempt: int, status: int | None, expected_s: float) -> None:
    assert wait_s(attempt, status) == expected_s


async def test_an_endpoint_that_failed_ten_times_waits_for_new_events_too(acs: AcsEmulator, app: EchoApp) -> None:
    acs.event_grid.time_scale = 0.001
    acs.event_grid.attempts = 1
    app.status = 503
    for _ in range(10):
        assert not acs.event_grid.delays
        await acs.event_grid.deliver(app.grid_url, [])
    app.status = 200
    began_s = time.monotonic()
    await acs.event_grid.deliver(app.grid_url, [])
    assert time.monotonic() - began_s >= DELAY_S * 0.001
    assert not acs.event_grid.delays


async def test_what_a_delivery_carries_to_be_trusted(acs: AcsEmulator, app: EchoApp) -> None:
    acs.event_grid.secret = ("x-earshot-secret", "s3cret")
    acs.event_grid.tokens = app.tokens = TokenIssuer("https://sts.windows.net/t/", "api://earshot")
    await acs.event_grid.deliver(app.grid_url, [])
    acs.event_grid.forgery = "wrong_audience"
    await acs.event_grid.deliver(app.grid_url, [])
    acs.event_grid.forgery = "missing"
    await acs.event_grid.deliver(app.grid_url, [])
    assert [told.token for told in app.grid] == ["good", "InvalidAudienceError", "DecodeError"]
    assert app.grid[0].headers["x-earshot-secret"] == "s3cret"
    assert app.grid[0].headers["aeg-subscription-name"] == "INCOMING-CALLS"


async def test_a_caller_nobody_answers_hangs_up(acs: AcsEmulator, app: EchoApp) -> None:
    caller = await acs.dial(app.grid_url)
    caller.hang_up()
    with pytest.raises(CallOver):
        await caller.connected()

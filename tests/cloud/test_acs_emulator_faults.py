"""Everything that can be made to go wrong, as the real SDK and the application see it."""

import asyncio
import uuid

import pytest
from azure.communication.callautomation import (
    PhoneNumberIdentifier,
)
from azure.communication.callautomation.aio import CallAutomationClient
from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import HttpResponseError, ServiceRequestError

from tests.cloud.acs.emulator import AcsEmulator
from tests.cloud.acs.events import ENDED_BY_CALLER
from tests.cloud.acs.switchboard import Ringing
from tests.cloud.echo_app import EchoApp
from tests.cloud.sdk_options import media_options
from tests.cloud.tokens import Forgery

ANN, US = PhoneNumberIdentifier("+15550100"), PhoneNumberIdentifier("+15550199")


@pytest.fixture
def ringing(acs: AcsEmulator) -> Ringing:
    return acs.ring()


def repeatability() -> dict[str, str]:
    return {"Repeatability-Request-ID": str(uuid.uuid4()), "Repeatability-First-Sent": "Fri, 20 Nov 2026 17:40:42 GMT"}


@pytest.mark.parametrize("status", [500, 503])
async def test_a_refused_request_is_repeated_and_done_once(
    status: int, acs: AcsEmulator, app: EchoApp, client: CallAutomationClient, ringing: Ringing
) -> None:
    acs.faults.refuse("answer_call", status, times=2)
    await client.answer_call(ringing.context, app.callback_url)
    assert [request.status for request in acs.requests] == [status, status, 200]
    assert len({request.repeatability_id for request in acs.requests}) == 1
    assert acs.executions == {"answer_call": 1}


async def test_a_request_whose_answer_was_lost_is_done_once(
    acs: AcsEmulator, app: EchoApp, client: CallAutomationClient, ringing: Ringing
) -> None:
    acs.faults.lose_answer("answer_call", 503, times=2)
    answered = await client.answer_call(ringing.context, app.callback_url)
    assert acs.executions == {"answer_call": 1}
    assert list(acs.calls) == [answered.call_connection_id]
    await ringing.caller.connected()


async def test_a_call_made_with_lost_answers_is_one_call(
    acs: AcsEmulator, app: EchoApp, client: CallAutomationClient
) -> None:
    """The SDK does not repeat a POST whose connection broke: whoever does needs an id of their own."""
    acs.faults.lose_answer("create_call")
    named = repeatability()
    with pytest.raises(ServiceRequestError):
        await client.create_call(ANN, app.callback_url, source_caller_id_number=US, headers=named)
    assert [request.status for request in acs.requests] == [0]
    await client.create_call(ANN, app.callback_url, source_caller_id_number=US, headers=named)
    assert (acs.executions, len(acs.calls)) == ({"create_call": 1}, 1)
    await app.event("CallConnected")


async def test_too_many_requests_says_when_to_come_back(
    acs: AcsEmulator, app: EchoApp, client: CallAutomationClient, ringing: Ringing
) -> None:
    acs.faults.refuse("answer_call", 429, retry_after_s=0.2)
    await client.answer_call(ringing.context, app.callback_url)
    first, second = acs.requests
    assert second.at_s - first.at_s >= 0.19


async def test_a_fault_may_be_of_one_call(acs: AcsEmulator, app: EchoApp, client: CallAutomationClient) -> None:
    first, second = acs.ring(), acs.ring()
    for ringing in (first, second):
        await client.answer_call(ringing.context, app.callback_url)
    there, here = await first.caller.connected(), await second.caller.connected()
    acs.faults.refuse("terminate", 403, call=there.connection_id)
    await client.get_call_connection(here.connection_id).hang_up(True)
    with pytest.raises(HttpResponseError, match="7504"):
        await client.get_call_connection(there.connection_id).hang_up(True)


async def test_an_answer_is_late(
    acs: AcsEmulator, app: EchoApp, client: CallAutomationClient, ringing: Ringing
) -> None:
    acs.faults.delay("answer_call", 0.15)
    began_s = asyncio.get_running_loop().time()
    await client.answer_call(ringing.context, app.callback_url)
    assert asyncio.get_running_loop().time() - began_s >= 0.15


async def test_a_connection_is_broken(
    acs: AcsEmulator, app: EchoApp, client: CallAutomationClient, ringing: Ringing
) -> None:
    acs.faults.reset("answer_call", times=10)
    with pytest.raises(ServiceRequestError):
        await client.answer_call(ringing.context, app.callback_url)
    assert acs.executions == {}
    acs.faults.clear()
    await client.answer_call(ringing.context, app.callback_url)


async def test_the_service_falls_silent(
    acs: AcsEmulator, app: EchoApp, client: CallAutomationClient, ringing: Ringing
) -> None:
    acs.faults.silence("answer_call")
    answered = await client.answer_call(ringing.context, app.callback_url, media_streaming=media_options(app))
    other = acs.ring(from_="+15550101")
    await client.answer_call(other.context, app.callback_url, media_streaming=media_options(app))
    await app.event("MediaStreamingStarted")
    assert {told.body[0]["data"]["callConnectionId"] for told in app.callbacks} == {list(acs.calls)[1]}
    assert next(iter(acs.calls)) == answered.call_connection_id
    assert len(app.upgrades) == 1


async def test_events_come_twice(
    acs: AcsEmulator, app: EchoApp, client: CallAutomationClient, ringing: Ringing
) -> None:
    acs.faults.duplicate("CallConnected")
    await client.answer_call(ringing.context, app.callback_url)
    await app.event("ParticipantsUpdated")
    assert app.names() == ["CallConnected", "CallConnected", "ParticipantsUpdated"]
    assert app.callbacks[0].body[0]["id"] == app.callbacks[1].body[0]["id"]


async def test_events_come_in_another_order(
    acs: AcsEmulator, app: EchoApp, client: CallAutomationClient, ringing: Ringing
) -> None:
    acs.faults.swap("CallConnected", "ParticipantsUpdated")
    await client.answer_call(ringing.context, app.callback_url)
    await app.event("CallConnected")
    assert app.names() == ["ParticipantsUpdated", "CallConnected"]


async def test_events_come_late_or_never(
    acs: AcsEmulator, app: EchoApp, client: CallAutomationClient, ringing: Ringing
) -> None:
    acs.faults.drop("ParticipantsUpdated")
    acs.faults.hold_back("CallConnected", 0.2)
    await client.answer_call(ringing.context, app.callback_url)
    (await ringing.caller.connected()).end(ENDED_BY_CALLER)
    await app.event("CallConnected")
    assert app.names() == ["CallDisconnected", "CallConnected"]


async def test_an_event_that_is_not_taken_is_sent_again(
    acs: AcsEmulator, app: EchoApp, client: CallAutomationClient, ringing: Ringing
) -> None:
    app.status = 500
    await client.answer_call(ringing.context, app.callback_url)
    await app.callbacks.until(lambda _: len(app.callbacks) == 2)
    assert app.names() == ["CallConnected", "CallConnected"], "the next event waits its turn"
    app.status = 200
    delivery = await acs.callbacks.taken("CallConnected")
    assert delivery.attempts[0].status == 500
    assert delivery.attempts[-1].status == 200
    assert len({told.body[0]["id"] for told in app.callbacks if told.body[0]["type"].endswith("CallConnected")}) == 1


async def test_an_event_nobody_takes_is_given_up(
    acs: AcsEmulator, client: CallAutomationClient, ringing: Ringing
) -> None:
    await client.answer_call(ringing.context, "http://127.0.0.1:1/callbacks")
    delivery = await acs.callbacks.deliveries.until(lambda delivery: delivery.name == "CallConnected")
    assert (delivery.taken, [attempt.status for attempt in delivery.attempts]) == (False, [None] * 4)


@pytest.mark.parametrize(
    ("kind", "verdict"),
    [("missing", "DecodeError"), ("expired", "ExpiredSignatureError"), ("wrong_key", "InvalidSignatureError")],
)
async def test_tokens_are_wrong(
    kind: Forgery, verdict: str, acs: AcsEmulator, app: EchoApp, client: CallAutomationClient, ringing: Ringing
) -> None:
    acs.faults.callback_token = acs.faults.socket_token = kind
    await client.answer_call(ringing.context, app.callback_url, media_streaming=media_options(app))
    await app.event("MediaStreamingStarted")
    assert {told.token for told in app.callbacks} == {verdict}
    assert app.upgrades[0].token == verdict
    assert ("Authorization" in app.upgrades[0].headers) == (kind != "missing")


async def test_a_socket_names_another_call(
    acs: AcsEmulator, app: EchoApp, client: CallAutomationClient, ringing: Ringing
) -> None:
    acs.faults.socket_call = "another"
    await client.answer_call(ringing.context, app.callback_url, media_streaming=media_options(app))
    told = await app.upgrades.until(lambda _: True)
    assert told.headers["x-ms-call-connection-id"] == "another"


async def test_every_event_has_a_token_of_its_own(
    acs: AcsEmulator, app: EchoApp, client: CallAutomationClient, ringing: Ringing
) -> None:
    await client.answer_call(ringing.context, app.callback_url)
    await app.event("ParticipantsUpdated")
    assert [told.token for told in app.callbacks] == ["good", "good"]
    assert len({told.headers["Authorization"] for told in app.callbacks}) == 2


async def test_the_emulator_ends_in_the_midst_of_it_all(app: EchoApp) -> None:
    app.status = 500
    async with AcsEmulator() as acs:
        acs.faults.delay(None, 60)
        async with CallAutomationClient(acs.endpoint, AzureKeyCredential(acs.access_key), retry_total=0) as client:
            callers = [await acs.dial(app.grid_url, from_=f"+1555010{number}") for number in range(5)]
            asking = asyncio.ensure_future(client.create_call(ANN, app.callback_url, source_caller_id_number=US))
            await acs.requests.until(lambda request: request.operation == "create_call")
            await app.grid.until(lambda _: len(app.grid) == 5)
            asking.cancel()
    assert [caller.delivery.cancelled() for caller in callers if caller.delivery] == [True] * 5


async def test_a_repeatability_id_names_one_request(
    acs: AcsEmulator, app: EchoApp, client: CallAutomationClient
) -> None:
    named = repeatability()
    made = [
        await client.create_call(ANN, app.callback_url, source_caller_id_number=US, headers=named) for _ in range(2)
    ]
    assert made[0].call_connection_id == made[1].call_connection_id
    with pytest.raises(HttpResponseError, match="another request"):
        await client.create_call(US, app.callback_url, source_caller_id_number=US, headers=named)

"""What ACS and Event Grid are answered: for calls that come in, for events of calls, and for what nobody knows."""

import asyncio
import json
from collections.abc import Callable
from typing import Any
from unittest.mock import Mock

import httpx
import pytest
from starlette.applications import Starlette

from app.api.problems import ProblemError, on_problem
from app.telephony.acs.callback_routes import CallbackRoutes
from app.telephony.call import Call
from app.telephony.call_log import CallLog
from app.telephony.counts import TelephonyCounts
from app.telephony.errors import NotConfiguredError
from app.telephony.inbound.incoming_call import IncomingCall
from protocol.calls import CallState
from tests.unit.app.telephony.call_kit import CALLER, new_call

NAMESPACE = "Microsoft.Communication."


class Network:
    """The routes with a switchboard that has one call, `call-1`, whose address ends with `secret`."""

    def __init__(self, *, checks: bool = True) -> None:
        self.call = new_call()
        self.hung_up: list[str] = []
        self.taken: list[IncomingCall] = []
        self.answer: Callable[[IncomingCall], Call | None] = lambda _: None
        self.board = Mock(log=CallLog(), counts=TelephonyCounts(), nobody_has=self.hung_up.append)
        self.board.log.add(self.call)
        clock = Mock(wall=lambda: 1_000.0, now=lambda: 0.0)
        routes = CallbackRoutes(Mock(on=checks), clock, self, self.board).routes()  # type: ignore[arg-type]
        handlers: dict[Any, Any] = {ProblemError: on_problem}
        self._app = Starlette(routes=routes, exception_handlers=handlers)

    async def take(self, incoming: IncomingCall) -> Call | None:
        self.taken.append(incoming)
        return self.answer(incoming)

    def ask(self, path: str, content: Any, method: str = "POST", **headers: str) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
                body = content if isinstance(content, bytes) else json.dumps(content).encode()
                return await client.request(method, path, content=body, headers=headers)

        return asyncio.run(ask())


def event(name: str, call_id: str = "call-1", **data: Any) -> dict[str, Any]:
    return {"type": NAMESPACE + name, "data": {"callConnectionId": call_id, **data}}


def ring(context: str = "context") -> dict[str, Any]:
    return {"eventType": NAMESPACE + "IncomingCall", "id": "e1", "data": {"incomingCallContext": context}}


VALIDATION = {
    "eventType": "Microsoft.EventGrid.SubscriptionValidationEvent",
    "data": {"validationCode": "code"},
}


def test_event_grid_is_told_that_its_events_are_wanted() -> None:
    network = Network()
    answer = network.ask("/calls/answer", b"", "OPTIONS", **{"WebHook-Request-Origin": "eventgrid.azure.net"})
    assert answer.headers["WebHook-Allowed-Origin"] == "eventgrid.azure.net"
    assert network.ask("/calls/answer", b"", "OPTIONS").status_code == 204
    assert network.ask("/calls/answer", [VALIDATION]).json() == {"validationResponse": "code"}


@pytest.mark.parametrize("name", ["eventType", "type"])
def test_that_the_subscription_was_deleted_is_a_line_of_the_log(name: str, caplog: pytest.LogCaptureFixture) -> None:
    network = Network()
    deleted = {"id": "1", name: "Microsoft.EventGrid.SubscriptionDeletedEvent", "data": {"eventSubscriptionId": "/s"}}
    answer = network.ask("/calls/answer", [deleted])
    assert (answer.status_code, answer.json()) == (200, {"status": "no events processed"})
    assert "the Event Grid subscription was deleted" in caplog.text
    assert network.board.counts.unknown_events == 0


def test_a_call_that_comes_in_with_that_question_rings_all_the_same() -> None:
    network = Network()
    answer = network.ask("/calls/answer", [VALIDATION, ring()])
    assert answer.json() == {"validationResponse": "code"}
    assert [incoming.handle for incoming in network.taken] == ["context"]


def test_each_call_of_a_delivery_is_dealt_with_and_one_that_is_answered_told() -> None:
    network = Network()
    network.answer = lambda incoming: network.call if incoming.handle == "first" else None
    answer = network.ask("/calls/answer", [ring("first"), ring("second")]).json()
    assert (answer["call_connection_id"], answer["caller_id"]) == ("call-1", CALLER)
    assert [incoming.handle for incoming in network.taken] == ["first", "second"]


def test_a_delivery_without_a_call_is_taken_and_the_unknown_is_counted() -> None:
    network = Network()
    answer = network.ask("/calls/answer", [{"eventType": "Other.Event", "data": {}}, {"eventType": 3}])
    assert (answer.status_code, answer.json()) == (200, {"status": "no events processed"})
    assert network.board.counts.unknown_events == 1


def test_without_a_telephone_network_a_call_is_a_problem() -> None:
    network = Network()

    def answer(_: IncomingCall) -> Call | None:
        raise NotConfiguredError("set ACS_ENDPOINT")

    network.answer = answer
    refused = network.ask("/calls/answer", [ring()])
    assert refused.status_code >= 400
    assert "ACS_ENDPOINT" in refused.text


@pytest.mark.parametrize("path", ["/calls/answer", "/calls/callbacks", "/calls/callbacks/secret"])
@pytest.mark.parametrize("body", [b"", b"no json", b"3"])
def test_a_body_that_is_no_delivery_is_refused(path: str, body: bytes) -> None:
    assert Network().ask(path, body).status_code == 400


def test_events_reach_the_call_whose_secret_is_in_the_path() -> None:
    network = Network()
    answer = network.ask("/calls/callbacks/secret", [event("CallConnected")])
    assert answer.json()["processed_events"] == 1
    network.board.connected.assert_called_once_with(network.call)


@pytest.mark.parametrize("named", [{"call_id": "call-1"}, {"call_id": "", "serverCallId": "server-1"}])
def test_without_a_secret_events_reach_the_call_that_they_name(named: dict[str, str]) -> None:
    network = Network()
    answer = network.ask("/calls/callbacks", [event("RecordingStateChanged", state="active", recordingId="r", **named)])
    assert (answer.json()["processed_events"], answer.json()["failed_events"]) == (1, 0)


def test_one_event_that_cannot_be_understood_does_not_spoil_the_others() -> None:
    network = Network()
    events = [{"type": NAMESPACE + "CallConnected", "data": 3}, event("Unheard"), event("CallConnected")]
    answer = network.ask("/calls/callbacks/secret", events).json()
    assert (answer["processed_events"], answer["failed_events"]) == (2, 1)
    assert network.board.counts.unknown_events == 1
    network.board.connected.assert_called_once_with(network.call)


def test_an_event_of_another_call_at_a_calls_address_is_not_taken_and_that_call_is_nobodys() -> None:
    network = Network()
    answer = network.ask("/calls/callbacks/secret", [event("CallConnected", "call-2")]).json()
    assert (answer["processed_events"], answer["failed_events"]) == (0, 1)
    assert network.hung_up == ["call-2"]


def test_a_call_that_is_up_and_that_nobody_knows_is_hung_up_and_one_that_has_ended_is_not() -> None:
    network = Network()
    events = [event("CallConnected", "lost"), event("CallConnected", "over"), event("CallDisconnected", "over")]
    assert network.ask("/calls/callbacks/former", events).status_code == 200
    assert network.hung_up == ["lost"]


@pytest.mark.parametrize("kinds", [["AnswerFailed", "CallConnected"], ["CallConnected", "AnswerFailed"]])
def test_one_that_is_said_not_to_have_come_about_and_is_connected_is_hung_up(kinds: list[str]) -> None:
    network = Network()
    network.ask("/calls/callbacks/former", [event(kind, "lost") for kind in kinds])
    assert network.hung_up == ["lost"]


@pytest.mark.parametrize("kind", ["CallConnected", "ParticipantsUpdated", "MediaStreamingStarted"])
def test_of_two_orders_to_answer_a_call_the_one_that_connects_is_the_call(kind: str) -> None:
    network = Network()
    network.call.progress.state, network.call.is_answer_in_doubt = CallState.RINGING, True
    events = [event("AnswerFailed", "other"), event(kind, "call-2"), event("CallConnected", "call-2")]
    assert network.ask("/calls/callbacks/secret", events).json()["failed_events"] == 0
    assert (network.call.call_id, network.hung_up) == ("call-2", [])


def test_a_failure_does_not_name_a_call_whose_answer_is_still_under_way() -> None:
    network = Network()
    network.call.progress.state, network.call.call_id = CallState.RINGING, ""
    events = [event("AnswerFailed", "other"), event("CallConnected", "call-2")]
    assert network.ask("/calls/callbacks/secret", events).json()["failed_events"] == 0
    assert (network.call.call_id, network.hung_up) == ("call-2", [])


@pytest.mark.parametrize(
    ("checks", "events"),
    [
        (False, [event("CallConnected", "lost")]),
        (True, []),
        (True, [event("CallConnected", "call-1")]),
    ],
    ids=["anybody may tell", "no call is named", "a call of ours with a wrong address"],
)
def test_a_wrong_address_hangs_nobody_up(checks: bool, events: list[dict[str, Any]]) -> None:
    network = Network(checks=checks)
    assert network.ask("/calls/callbacks/wrong", events).status_code == 404
    assert network.hung_up == []

"""Orders in the types of the SDK for Call Automation: who is meant, how often one is repeated, and what is logged."""

import logging
from types import SimpleNamespace
from typing import Any
from unittest.mock import AsyncMock, Mock

import pytest
from azure.communication.callautomation import PhoneNumberIdentifier
from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import AzureError
from azure.core.pipeline.policies import SansIOHTTPPolicy

from app.providers.azure.credential import SharedCredential
from app.telephony.acs import sdk
from app.telephony.acs.resource import AcsResource
from app.telephony.acs.sdk import MOST_RETRY_AFTER_S, QUIET_LOGGERS, SdkCalls
from app.telephony.call_control import MediaOptions
from config.secret import Secret

KEYED = AcsResource("http://localhost:1", Secret("a2V5"))
MEDIA = MediaOptions("wss://localhost/media")
CALLER, OURS, TEAMS = "+15550100", "+15550199", "8:orgid:an-id"


class Client:
    """The SDK's client: what it was made with, and a connection for each call."""

    def __init__(self, endpoint: str, credential: Any, **policies: Any) -> None:
        self.endpoint, self.credential, self.policies = endpoint, credential, policies
        self.call = AsyncMock()
        self.call_id = ""
        self.close = AsyncMock()
        self.answer_call = AsyncMock(return_value=SimpleNamespace(call_connection_id="call-1"))
        self.create_call = AsyncMock(return_value=SimpleNamespace(call_connection_id="call-1"))
        self.start_recording = AsyncMock(return_value=SimpleNamespace(recording_id="recording-1"))

    def get_call_connection(self, call_id: str) -> AsyncMock:
        self.call_id = call_id
        return self.call


@pytest.fixture(autouse=True)
def client(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sdk, "CallAutomationClient", Client)


def made(resource: AcsResource = KEYED, retries: int = 3) -> tuple[SdkCalls, Client]:
    calls = SdkCalls(resource, retries)
    client: Any = calls._client
    return calls, client


async def test_a_key_proves_who_we_are_or_else_an_identity_which_is_closed_too(monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(made()[1].credential, AzureKeyCredential)
    closed = AsyncMock(side_effect=SharedCredential.close)
    monkeypatch.setattr(SharedCredential, "close", lambda hold: closed(hold))
    calls, client = made(AcsResource("https://acs.example"))
    assert isinstance(client.credential, SharedCredential)
    client.close.side_effect = OSError
    with pytest.raises(OSError):  # noqa: PT011  what the client raises
        await calls.close()
    assert closed.await_count == 1


@pytest.mark.parametrize(
    ("endpoint", "key", "is_unencrypted"),
    [
        ("http://localhost:1", None, True),
        ("https://acs.example", None, False),
        ("http://localhost:1", Secret("a2V5"), False),
    ],
)
def test_a_token_is_sent_unencrypted_to_an_emulator_on_this_machine_alone(
    endpoint: str, key: Secret | None, is_unencrypted: bool
) -> None:
    _, client = made(AcsResource(endpoint, key))
    policy = client.policies.get("headers_policy")
    assert (policy is not None) is is_unencrypted
    if policy is not None:
        request = SimpleNamespace(context=SimpleNamespace(options={}))
        policy.on_request(request)
        assert request.context.options == {"enforce_https": False}


def test_nothing_of_a_request_is_logged() -> None:
    for name in QUIET_LOGGERS:
        logging.getLogger(name).setLevel(logging.DEBUG)
    _, client = made()
    assert type(client.policies["http_logging_policy"]) is SansIOHTTPPolicy
    assert [logging.getLogger(name).level for name in QUIET_LOGGERS] == [logging.WARNING] * len(QUIET_LOGGERS)


@pytest.mark.parametrize(
    ("method", "status", "retry_after", "is_retried"),
    [
        ("POST", 503, None, True),
        ("DELETE", 503, None, True),
        ("PUT", 503, None, False),
        ("POST", 400, None, False),
        ("POST", 503, str(MOST_RETRY_AFTER_S), True),
        ("POST", 503, str(MOST_RETRY_AFTER_S + 1), False),
    ],
)
def test_an_order_is_repeated_unless_that_takes_long(
    method: str, status: int, retry_after: str | None, is_retried: bool
) -> None:
    policy = made(retries=2)[1].policies["retry_policy"]
    settings = policy.configure_retries({})
    assert settings["total"] == 2
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    answer = SimpleNamespace(http_response=Mock(status_code=status, headers=headers), http_request=Mock(method=method))
    assert policy.is_retry(settings, answer) is is_retried


@pytest.mark.parametrize(
    "unreadable", ["soon", "5 s", " ", "-1", "Mon, 30 Foo 2026 00:00:00 GMT", "Mon, 1 Jan 99999999999 00:00:00 GMT"]
)
@pytest.mark.parametrize(("status", "is_retried"), [(200, False), (204, False), (429, True), (503, True)])
def test_an_unreadable_wait_neither_loses_an_answer_nor_lengthens_the_wait(
    unreadable: str, status: int, is_retried: bool
) -> None:
    policy = made()[1].policies["retry_policy"]
    headers = {"Retry-After": unreadable}
    answer = SimpleNamespace(http_response=Mock(status_code=status, headers=headers), http_request=Mock(method="POST"))
    assert policy.get_retry_after(answer) is None
    assert policy.is_retry(policy.configure_retries({}), answer) is is_retried


async def test_an_incoming_call_is_answered_with_the_context_that_announced_it() -> None:
    calls, client = made()
    assert await calls.answer("context", "https://localhost/events", MEDIA, "") == "call-1"
    answered = client.answer_call.await_args
    assert answered is not None
    assert answered.args == ("context", "https://localhost/events")
    assert answered.kwargs["operation_context"] is None
    assert answered.kwargs["media_streaming"].transport_url == MEDIA.url


async def test_an_answer_without_an_id_is_a_failure() -> None:
    calls, client = made()
    client.create_call.return_value = SimpleNamespace(call_connection_id=None)
    with pytest.raises(AzureError, match="without an id"):
        await calls.create(CALLER, OURS, "https://localhost/events", MEDIA, "order-1")


@pytest.mark.parametrize(("target", "source"), [(CALLER, OURS), (TEAMS, None)])
async def test_only_somebody_on_the_telephone_network_is_called_from_a_number(target: str, source: str | None) -> None:
    calls, client = made()
    await calls.create(target, OURS, "https://localhost/events", MEDIA, "order-1")
    await calls.transfer("call-2", target, CALLER, OURS, "order-2")
    placed, transferred = client.create_call.await_args, client.call.transfer_call_to_participant.await_args
    assert client.call_id == "call-2"
    assert placed is not None
    for given in (placed.kwargs["source_caller_id_number"], transferred.kwargs["source_caller_id_number"]):
        assert (given and given.properties["value"]) == source
    assert transferred.kwargs["transferee"] == PhoneNumberIdentifier(CALLER)


@pytest.mark.parametrize(("order", "for_everyone"), [("hang_up", True), ("leave", False)])
async def test_to_leave_a_call_is_not_to_end_it(order: str, for_everyone: bool) -> None:
    calls, client = made()
    await getattr(calls, order)("call-1")
    client.call.hang_up.assert_awaited_once_with(is_for_everyone=for_everyone)


@pytest.mark.parametrize(
    ("server_call_id", "names"), [("server-1", {"server_call_id": "server-1"}), ("", {"call_connection_id": "call-1"})]
)
async def test_a_recording_names_the_call_by_the_id_that_all_its_legs_share(
    server_call_id: str, names: dict[str, str]
) -> None:
    calls, client = made()
    assert await calls.start_recording("call-1", server_call_id, "") == "recording-1"
    started = client.start_recording.await_args
    assert started is not None
    assert names.items() <= started.kwargs.items()
    assert started.kwargs["recording_state_callback_url"] is None

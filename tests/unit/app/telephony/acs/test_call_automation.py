"""Orders to Call Automation: each reaches the SDK as it was given, in time or not at all, or fails as the port says."""

import asyncio
import inspect
from typing import Any

import pytest

from app.telephony.acs import call_automation
from app.telephony.acs.call_automation import CallAutomation
from app.telephony.acs.resource import AcsResource
from app.telephony.call_control import CallControl, MediaOptions
from app.telephony.errors import CallControlError, Trouble

NOT_ORDERS = {"open", "close", "ready"}
ORDERS = sorted(
    name for name, method in vars(CallControl).items() if inspect.iscoroutinefunction(method) and name not in NOT_ORDERS
)
MEDIA = MediaOptions("wss://localhost/media")


class SdkError(Exception):
    """What the SDK raises; its text names a number."""


class Sdk:
    """The SDK's client: notes what it was asked, fails as it is told to, or does not answer."""

    failures = (SdkError,)

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self.trouble: Trouble | None = None
        self.code, self.status = "", 0
        self.is_silent = False
        self.is_closed = False

    def understood(self, name: str, error: Exception) -> CallControlError:
        assert self.trouble is not None
        return CallControlError(self.trouble, f"{name}: status {self.status}", status=self.status, code=self.code)

    async def close(self) -> None:
        self.is_closed = True

    def __getattr__(self, name: str) -> Any:
        async def order(*arguments: Any) -> str:
            self.asked.append((name, *arguments))
            if self.is_silent:
                await asyncio.Event().wait()
            if self.trouble is not None:
                raise SdkError("+12065550100 is not on the call")
            return f"{name}-id"

        return order


@pytest.fixture
def sdk(monkeypatch: pytest.MonkeyPatch) -> Sdk:
    sdk = Sdk()
    monkeypatch.setattr(call_automation, "_load", lambda resource, retries: sdk)
    return sdk


def calls(**options: Any) -> CallAutomation:
    return CallAutomation(AcsResource("http://localhost:1"), **options)


@pytest.mark.parametrize("name", ORDERS)
async def test_each_order_of_the_port_is_the_sdks_with_all_that_was_said(sdk: Sdk, name: str) -> None:
    method = getattr(calls(), name)
    given: dict[str, Any] = {parameter: f"{parameter}-1" for parameter in inspect.signature(method).parameters}
    if "media" in given:
        given["media"] = MEDIA
    answer = await method(**given)
    ((asked, *arguments),) = sdk.asked
    assert asked == name
    assert sorted(map(str, arguments)) == sorted(map(str, given.values()))
    assert answer in (None, f"{name}-id")


async def test_what_is_answered_is_handed_on(sdk: Sdk) -> None:
    acs = calls()
    assert await acs.create("+1", "+2", "https://localhost", MEDIA) == "create-id"
    assert await acs.start_recording("call-1") == "start_recording-id"


async def test_an_order_without_an_answer_is_given_up_in_time_and_a_caller_who_rings_sooner(sdk: Sdk) -> None:
    sdk.is_silent = True
    acs = calls(answer_budget_s=0.02, budget_s=0.05)
    for order, seconds in ((acs.hang_up("call-1"), "0.05"), (acs.answer("handle", "url", MEDIA), "0.02")):
        with pytest.raises(CallControlError, match=f"no answer within {seconds} s") as failed:
            await order
        assert failed.value.trouble is Trouble.UNAVAILABLE


async def test_a_refusal_is_told_without_the_words_of_the_sdk(sdk: Sdk) -> None:
    sdk.trouble = Trouble.CONFLICT
    with pytest.raises(CallControlError) as failed:
        await calls().hold("call-1", "4:caller")
    assert (failed.value.trouble, failed.value.__cause__, failed.value.__suppress_context__) == (
        Trouble.CONFLICT,
        None,
        True,
    )


@pytest.mark.parametrize(
    ("trouble", "status", "code", "is_ready"),
    [
        (None, 0, "", True),
        (Trouble.NOT_FOUND, 404, "8522", True),
        (Trouble.UNAVAILABLE, 404, "8522", True),
        (Trouble.UNAVAILABLE, 404, "", False),
        (Trouble.UNAUTHORIZED, 401, "", False),
        (Trouble.THROTTLED, 429, "", False),
        (Trouble.REJECTED, 400, "", True),
    ],
)
async def test_acs_is_ready_when_it_says_itself_that_there_is_no_such_call(
    sdk: Sdk, trouble: Trouble | None, status: int, code: str, is_ready: bool
) -> None:
    sdk.trouble, sdk.status, sdk.code = trouble, status, code
    if is_ready:
        await calls().ready()
        return
    with pytest.raises(CallControlError, match="ACS ") as failed:
        await calls().ready()
    assert failed.value.trouble is trouble


async def test_after_the_end_of_the_worker_no_order_is_taken(sdk: Sdk) -> None:
    acs = calls()
    await acs.open()
    await acs.close()
    assert sdk.is_closed
    with pytest.raises(CallControlError, match="this worker is ending") as failed:
        await acs.hang_up("call-1")
    assert failed.value.trouble is Trouble.UNAVAILABLE


async def test_an_identity_that_cannot_be_is_told_as_one_that_is_not_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(resource: AcsResource, retries: int) -> Sdk:
        raise ValueError("AZURE_CLIENT_ID is no id")

    monkeypatch.setattr(call_automation, "_load", refused)
    with pytest.raises(CallControlError, match="AZURE_") as failed:
        await calls().open()
    assert failed.value.trouble is Trouble.UNAUTHORIZED

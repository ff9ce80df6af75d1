"""Call Automation: implements `CallControl` by the SDK in `sdk.py`."""

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Literal, TypeVar

from app.sdk_loading import LoadedSdk, SdkClosedError
from app.telephony.acs.resource import AcsResource
from app.telephony.call_control import CallProperties, MediaOptions, OnTheCall
from app.telephony.errors import CallControlError, Trouble

if TYPE_CHECKING:
    from app.telephony.acs.sdk import SdkCalls

T = TypeVar("T")

ANSWER_BUDGET_S = 5.0
"""Seconds in which the order to answer a call is repeated; callers do not wait longer."""
BUDGET_S = 10.0
RETRIES = 3
NOT_READY = {
    Trouble.UNAUTHORIZED: "ACS does not accept our key or identity",
    Trouble.UNAVAILABLE: "ACS does not answer as it should",
    Trouble.THROTTLED: "ACS is asked too much",
    Trouble.CONFLICT: "ACS answers what it should not",
}
"""By kind of refusal, why ACS may take no orders, in words for operators; any other refusal shows that it does."""
NO_CALL = "00000000-0000-0000-0000-000000000000"


class CallAutomation:
    """See `CallControl`. One per worker; belongs to its loop. An order is tried again `retries` times at most, and
    within its budget of seconds.

    The SDK is loaded in a thread when it is first needed, or by `open`.
    """

    def __init__(
        self,
        resource: AcsResource,
        *,
        answer_budget_s: float = ANSWER_BUDGET_S,
        budget_s: float = BUDGET_S,
        retries: int = RETRIES,
    ) -> None:
        self._resource = resource
        self._answer_budget_s = answer_budget_s
        self._budget_s = budget_s
        self._loaded = LoadedSdk(lambda: _load(resource, retries))

    async def open(self) -> None:
        """Load the SDK now, so that the first call need not wait for it; nothing is sent."""
        await self._sdk("open")

    async def close(self) -> None:
        """Close the SDK's client; see `CallControl.close`."""
        await self._loaded.close()

    async def answer(self, handle: str, callback_url: str, media: MediaOptions, operation_context: str = "") -> str:
        """Answer a ringing call by Call Automation; see `CallControl.answer`."""
        return await self._order(
            "answer",
            lambda sdk: sdk.answer(handle, callback_url, media, operation_context),
            self._answer_budget_s,
        )

    async def reject(self, handle: str, reason: Literal["none", "busy", "forbidden"] = "busy") -> None:
        """Reject a ringing call by Call Automation; see `CallControl.reject`."""
        await self._order("reject", lambda sdk: sdk.reject(handle, reason))

    async def redirect(self, handle: str, target: str) -> None:
        """Redirect a ringing call by Call Automation; see `CallControl.redirect`."""
        await self._order("redirect", lambda sdk: sdk.redirect(handle, target))

    async def create(
        self, target: str, source: str, callback_url: str, media: MediaOptions, operation_context: str = ""
    ) -> str:
        """Place a call by Call Automation; see `CallControl.create`."""
        return await self._order(
            "create", lambda sdk: sdk.create(target, source, callback_url, media, operation_context)
        )

    async def hang_up(self, call_id: str) -> None:
        """End a call by Call Automation; see `CallControl.hang_up`."""
        await self._order("hang_up", lambda sdk: sdk.hang_up(call_id))

    async def leave(self, call_id: str) -> None:
        """Leave a call by Call Automation; see `CallControl.leave`."""
        await self._order("leave", lambda sdk: sdk.leave(call_id))

    async def join(self, call_id: str, from_call_id: str, target: str, operation_context: str = "") -> None:
        """Move a participant by Call Automation; see `CallControl.join`."""
        await self._order("join", lambda sdk: sdk.join(call_id, from_call_id, target, operation_context))

    async def transfer(
        self, call_id: str, target: str, transferee: str = "", *, source: str = "", operation_context: str = ""
    ) -> None:
        """Transfer a call by Call Automation; see `CallControl.transfer`."""
        await self._order("transfer", lambda sdk: sdk.transfer(call_id, target, transferee, source, operation_context))

    async def send_dtmf(self, call_id: str, target: str, keys: str, operation_context: str = "") -> None:
        """Send DTMF tones by Call Automation; see `CallControl.send_dtmf`."""
        await self._order("send_dtmf", lambda sdk: sdk.send_dtmf(call_id, target, keys, operation_context))

    async def hold(self, call_id: str, target: str, operation_context: str = "") -> None:
        """Put a participant on hold by Call Automation; see `CallControl.hold`."""
        await self._order("hold", lambda sdk: sdk.hold(call_id, target, operation_context))

    async def unhold(self, call_id: str, target: str, operation_context: str = "") -> None:
        """Take a participant off hold by Call Automation; see `CallControl.unhold`."""
        await self._order("unhold", lambda sdk: sdk.unhold(call_id, target, operation_context))

    async def start_continuous_dtmf(self, call_id: str, target: str) -> None:
        """Have DTMF tones reported; see `CallControl.start_continuous_dtmf`."""
        await self._order("start_continuous_dtmf", lambda sdk: sdk.start_continuous_dtmf(call_id, target))

    async def stop_continuous_dtmf(self, call_id: str, target: str) -> None:
        """Have DTMF tones reported no more; see `CallControl.stop_continuous_dtmf`."""
        await self._order("stop_continuous_dtmf", lambda sdk: sdk.stop_continuous_dtmf(call_id, target))

    async def start_media_streaming(self, call_id: str) -> None:
        """Have ACS open the media socket; see `CallControl.start_media_streaming`."""
        await self._order("start_media_streaming", lambda sdk: sdk.start_media_streaming(call_id))

    async def stop_media_streaming(self, call_id: str) -> None:
        """Have ACS close the media socket; see `CallControl.stop_media_streaming`."""
        await self._order("stop_media_streaming", lambda sdk: sdk.stop_media_streaming(call_id))

    async def start_transcription(self, call_id: str, locale: str) -> None:
        """Have ACS open the transcription socket; see `CallControl.start_transcription`."""
        await self._order("start_transcription", lambda sdk: sdk.start_transcription(call_id, locale))

    async def stop_transcription(self, call_id: str) -> None:
        """Have ACS close the transcription socket; see `CallControl.stop_transcription`."""
        await self._order("stop_transcription", lambda sdk: sdk.stop_transcription(call_id))

    async def start_recording(self, call_id: str, server_call_id: str = "", callback_url: str = "") -> str:
        """Start a recording by Call Automation; see `CallControl.start_recording`."""
        return await self._order(
            "start_recording", lambda sdk: sdk.start_recording(call_id, server_call_id, callback_url)
        )

    async def resume_recording(self, recording_id: str) -> None:
        """Resume a recording by Call Automation; see `CallControl.resume_recording`."""
        await self._order("resume_recording", lambda sdk: sdk.resume_recording(recording_id))

    async def stop_recording(self, recording_id: str) -> None:
        """Stop a recording by Call Automation; see `CallControl.stop_recording`."""
        await self._order("stop_recording", lambda sdk: sdk.stop_recording(recording_id))

    async def properties(self, call_id: str) -> CallProperties:
        """Ask Call Automation how a call stands; see `CallControl.properties`."""
        return await self._order("properties", lambda sdk: sdk.properties(call_id))

    async def participants(self, call_id: str) -> tuple[OnTheCall, ...]:
        """Ask Call Automation who is on a call; see `CallControl.participants`."""
        return await self._order("participants", lambda sdk: sdk.participants(call_id))

    async def ready(self) -> None:
        """See `CallControl`. Asks for a call that does not exist, which only those are told who may ask."""
        try:
            await self._order("ready", lambda sdk: sdk.properties(NO_CALL))
        except CallControlError as error:
            # A code shows that the service itself has looked, and not what stands before it.
            if error.trouble in NOT_READY and not (error.status == HTTPStatus.NOT_FOUND and error.code):
                detail = f"{NOT_READY[error.trouble]} ({error.detail})"
                raise CallControlError(
                    error.trouble, detail, status=error.status, code=error.code, retry_after_s=error.retry_after_s
                ) from None

    async def _order(self, name: str, give: "Callable[[SdkCalls], Awaitable[T]]", budget_s: float | None = None) -> T:
        """Give an order, within its budget.

        Raises:
            CallControlError: it was not taken. What caused that is not chained: its text may hold numbers.
        """
        allowed_s = self._budget_s if budget_s is None else budget_s
        try:
            async with asyncio.timeout(allowed_s):
                sdk = await self._sdk(name)
                try:
                    return await give(sdk)
                except sdk.failures as error:
                    raise sdk.understood(name, error) from None
        except TimeoutError:
            raise CallControlError(Trouble.UNAVAILABLE, f"{name}: no answer within {allowed_s:g} s") from None

    async def _sdk(self, name: str) -> "SdkCalls":
        try:
            return await self._loaded.client()
        except SdkClosedError as error:
            raise CallControlError(Trouble.UNAVAILABLE, f"{name}: {error}") from None
        except ValueError:
            raise CallControlError(Trouble.UNAUTHORIZED, f"{name}: AZURE_* variables name no identity") from None


def _load(resource: AcsResource, retries: int) -> "SdkCalls":
    from app.telephony.acs.sdk import SdkCalls

    return SdkCalls(resource, retries)

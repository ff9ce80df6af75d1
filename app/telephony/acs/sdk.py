"""The SDK's client, with orders in our types. Importing this takes long: `call_automation.py` does so in a thread."""

import logging
from typing import Any

from azure.communication.callautomation import (
    CommunicationIdentifier,
    PhoneNumberIdentifier,
    RecordingChannel,
    RecordingContent,
    RecordingFormat,
)
from azure.communication.callautomation.aio import CallAutomationClient, CallConnectionClient
from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import AzureError
from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import AsyncRetryPolicy, SansIOHTTPPolicy

from app.providers.azure.credential import SharedCredential
from app.providers.retry_after import retry_after_s
from app.telephony.acs.refusals import MILLISECONDS, understood
from app.telephony.acs.resource import AcsResource
from app.telephony.acs.sdk_types import identifier, media_arguments, on_the_call, properties, tones
from app.telephony.call_control import CallProperties, MediaOptions, OnTheCall

CONNECT_TIMEOUT_S = 2.0
READ_TIMEOUT_S = 4.0
BACKOFF_S = 0.2
MOST_RETRY_AFTER_S = 1.0
"""The longest Retry-After in seconds that is waited for here; for a longer one the order fails, and its giver decides
what to do."""
RETRIED_METHODS = ("GET", "DELETE", "POST")
"""The HTTP methods that are retried. POST is among them: its repetitions have one Repeatability-Request-ID, or are
harmless."""
QUIET_LOGGERS = ("azure", "msal")


class SdkCalls:
    """A client of one resource, which raises the SDK's exceptions; `understood` says what they mean.

    Raises:
        ValueError: the variables of azure-identity name no identity that there could be.
    """

    failures = (AzureError, ValueError)
    understood = staticmethod(understood)

    def __init__(self, resource: AcsResource, retries: int) -> None:
        _be_quiet()
        self._credential = SharedCredential() if resource.key is None else None
        self._client = CallAutomationClient(
            resource.endpoint,
            self._credential or AzureKeyCredential(resource.key.reveal() if resource.key else ""),
            **_policies(resource, retries),
        )

    async def close(self) -> None:
        """Close the connections, and those of the credential."""
        try:
            await self._client.close()
        finally:
            if self._credential is not None:
                await self._credential.close()

    def _call(self, call_id: str) -> CallConnectionClient:
        return self._client.get_call_connection(call_id)

    # each as in `CallControl`

    async def answer(self, context: str, callback_url: str, media: MediaOptions, operation_context: str) -> str:
        found = await self._client.answer_call(
            context, callback_url, operation_context=operation_context or None, **media_arguments(media)
        )
        return _given(found.call_connection_id)

    async def reject(self, context: str, reason: str) -> None:
        await self._client.reject_call(context, call_reject_reason=reason)

    async def redirect(self, context: str, target: str) -> None:
        await self._client.redirect_call(context, identifier(target))

    async def create(
        self, target: str, source: str, callback_url: str, media: MediaOptions, operation_context: str
    ) -> str:
        whom = identifier(target)
        found = await self._client.create_call(
            whom,
            callback_url,
            source_caller_id_number=_source(source, whom),
            operation_context=operation_context or None,
            **media_arguments(media),
        )
        return _given(found.call_connection_id)

    async def hang_up(self, call_id: str) -> None:
        await self._call(call_id).hang_up(is_for_everyone=True)

    async def leave(self, call_id: str) -> None:
        await self._call(call_id).hang_up(is_for_everyone=False)

    async def join(self, call_id: str, from_call_id: str, target: str, operation_context: str) -> None:
        await self._call(call_id).move_participants(
            [identifier(target)], from_call_id, operation_context=operation_context or None
        )

    async def transfer(self, call_id: str, target: str, transferee: str, source: str, operation_context: str) -> None:
        whom = identifier(transferee) if transferee else None
        whither = identifier(target)
        await self._call(call_id).transfer_call_to_participant(
            whither,
            transferee=whom,
            source_caller_id_number=_source(source, whither),
            operation_context=operation_context or None,
        )

    async def send_dtmf(self, call_id: str, target: str, keys: str, operation_context: str) -> None:
        await self._call(call_id).send_dtmf_tones(
            tones(keys), identifier(target), operation_context=operation_context or None
        )

    async def hold(self, call_id: str, target: str, operation_context: str) -> None:
        await self._call(call_id).hold(identifier(target), operation_context=operation_context or None)

    async def unhold(self, call_id: str, target: str, operation_context: str) -> None:
        await self._call(call_id).unhold(identifier(target), operation_context=operation_context or None)

    async def start_continuous_dtmf(self, call_id: str, target: str) -> None:
        await self._call(call_id).start_continuous_dtmf_recognition(identifier(target))

    async def stop_continuous_dtmf(self, call_id: str, target: str) -> None:
        await self._call(call_id).stop_continuous_dtmf_recognition(identifier(target))

    async def start_media_streaming(self, call_id: str) -> None:
        await self._call(call_id).start_media_streaming()

    async def stop_media_streaming(self, call_id: str) -> None:
        await self._call(call_id).stop_media_streaming()

    async def start_transcription(self, call_id: str, locale: str) -> None:
        await self._call(call_id).start_transcription(locale=locale)

    async def stop_transcription(self, call_id: str) -> None:
        await self._call(call_id).stop_transcription()

    async def start_recording(self, call_id: str, server_call_id: str, callback_url: str) -> str:
        what: dict[str, Any] = {
            "recording_state_callback_url": callback_url or None,
            "recording_content_type": RecordingContent.AUDIO,
            "recording_channel_type": RecordingChannel.MIXED,
            "recording_format_type": RecordingFormat.WAV,
        }
        if server_call_id:
            started = await self._client.start_recording(server_call_id=server_call_id, **what)
        else:
            started = await self._client.start_recording(call_connection_id=call_id, **what)
        return _given(started.recording_id)

    async def resume_recording(self, recording_id: str) -> None:
        await self._client.resume_recording(recording_id)

    async def stop_recording(self, recording_id: str) -> None:
        await self._client.stop_recording(recording_id)

    async def properties(self, call_id: str) -> CallProperties:
        return properties(await self._call(call_id).get_call_properties())

    async def participants(self, call_id: str) -> tuple[OnTheCall, ...]:
        return tuple([on_the_call(one) async for one in self._call(call_id).list_participants()])


class _Retries(AsyncRetryPolicy[Any, Any]):
    """Retries each method, and leaves long waits to the caller."""

    def configure_retries(self, options: dict[str, Any]) -> dict[str, Any]:
        options.setdefault("retry_on_methods", RETRIED_METHODS)
        return super().configure_retries(options)

    def get_retry_after(self, response: PipelineResponse[Any, Any]) -> float | None:
        # The base class raises an error for a header that it cannot read, also where the order was carried out.
        return retry_after_s(response.http_response.headers, MILLISECONDS)

    def is_retry(self, settings: dict[str, Any], response: PipelineResponse[Any, Any]) -> bool:
        patience_s = self.get_retry_after(response) or 0.0
        return patience_s <= MOST_RETRY_AFTER_S and bool(super().is_retry(settings, response))


class _AllowHttp(SansIOHTTPPolicy[Any, Any]):
    """Lets a token out unencrypted, to an emulator on this machine. Runs before the policy that would refuse to."""

    def on_request(self, request: PipelineRequest[Any]) -> None:
        request.context.options["enforce_https"] = False


def _policies(resource: AcsResource, retries: int) -> dict[str, Any]:
    policies: dict[str, Any] = {
        "retry_policy": _Retries(
            retry_total=retries, retry_backoff_factor=BACKOFF_S, retry_backoff_max=2 * MOST_RETRY_AFTER_S
        ),
        # Addresses hold identities: nothing of a request is logged, whatever the level.
        "http_logging_policy": SansIOHTTPPolicy(),
        "connection_timeout": CONNECT_TIMEOUT_S,
        "read_timeout": READ_TIMEOUT_S,
    }
    if resource.key is None and not resource.encrypted:
        policies["headers_policy"] = _AllowHttp()
    return policies


def _be_quiet() -> None:
    """The SDKs tell of each request, and of each identity that they try."""
    for name in QUIET_LOGGERS:
        logger = logging.getLogger(name)
        logger.setLevel(max(logger.level, logging.WARNING))
    # It warns of an argument of its own whenever somebody is held.
    logging.getLogger("azure.communication.callautomation._generated").setLevel(logging.ERROR)


def _source(number: str, target: CommunicationIdentifier) -> PhoneNumberIdentifier | None:
    """The number that somebody on the telephone network is called from; others are called without."""
    return PhoneNumberIdentifier(number) if number and isinstance(target, PhoneNumberIdentifier) else None


def _given(value: str | None) -> str:
    if not value:
        raise AzureError("an answer without an id")
    return value

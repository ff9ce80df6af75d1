"""Call Automation as the product uses it: the real SDK against the emulator."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from app.telephony.acs.call_automation import CallAutomation
from app.telephony.acs.refusals import masked
from app.telephony.acs.resource import AcsResource, parse_connection_string
from app.telephony.call_control import CallControl, MediaOptions, OnTheCall, Transcription
from app.telephony.errors import CallControlError, Trouble
from config.secret import Secret
from tests.cloud.acs.emulator import AcsEmulator
from tests.cloud.acs.refusals import CODES
from tests.cloud.acs.rest import Exchange
from tests.cloud.echo_app import EchoApp
from tests.cloud.entra import EntraEmulator
from tests.cloud.web_server import WebServer

CALLER, CALLEE, US = "+15550100", "+15550101", "+15550199"


class Line:
    """An emulated resource, an application that it can reach, and the client under test."""

    def __init__(self, acs: AcsEmulator, app: EchoApp, calls: CallAutomation) -> None:
        self.acs = acs
        self.app = app
        self.calls = calls
        self.media = MediaOptions(app.media_url)

    async def connected(self) -> str:
        """Answer a call from `CALLER`; its id once it is connected."""
        call_id = await self.calls.answer(self.acs.ring(CALLER, US).context, self.app.callback_url, self.media)
        await self.app.event("CallConnected")
        return call_id

    async def streaming(self) -> str:
        """The same, once its media socket is open."""
        call_id = await self.connected()
        await self.app.event("MediaStreamingStarted")
        return call_id

    def sent(self, operation: str) -> list[Exchange]:
        """The requests of an operation."""
        return self.acs.requests.where(lambda request: request.operation == operation)

    def body(self, operation: str) -> Any:
        """Of the last request of an operation."""
        return self.sent(operation)[-1].body


@asynccontextmanager
async def line(entra: EntraEmulator | None = None, **limits: Any) -> AsyncIterator[Line]:
    async with AcsEmulator(entra=entra) as acs, EchoApp(acs.tokens) as app:
        resource = AcsResource(acs.endpoint) if entra else parse_connection_string(acs.connection_string)
        calls = CallAutomation(resource, **limits)
        try:
            yield Line(acs, app, calls)
        finally:
            await calls.close()


@asynccontextmanager
async def by_identity(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Line, EntraEmulator]]:
    async with EntraEmulator() as entra:
        for name, value in entra.app_service().items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "ManagedIdentityCredential")
        monkeypatch.delenv("AZURE_CLIENT_ID", raising=False)
        async with line(entra) as connected:
            yield connected, entra


async def trouble(order: Awaitable[Any]) -> CallControlError:
    with pytest.raises(CallControlError) as raised:
        await order
    # What an exception was raised from is printed with it, and the SDK's texts hold numbers.
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__ or raised.value.__context__ is None
    return raised.value


def is_a_call_control(calls: CallAutomation) -> CallControl:
    """The type checker holds the class to the port."""
    return calls


async def test_a_call_is_answered_with_audio_both_ways() -> None:
    async with line() as end:
        ringing = end.acs.ring(CALLER, US)
        call_id = await end.calls.answer(ringing.context, end.app.callback_url, end.media, "in")
        assert (await end.app.event("CallConnected"))["callConnectionId"] == call_id
        assert end.body("answer_call") == {
            "incomingCallContext": ringing.context,
            "callbackUri": end.app.callback_url,
            "operationContext": "in",
            "mediaStreamingOptions": {
                "transportType": "websocket",
                "audioChannelType": "unmixed",
                "transportUrl": end.app.media_url,
                "contentType": "audio",
                "startMediaStreaming": True,
                "enableBidirectional": True,
                "audioFormat": "pcm16KMono",
                "enableDtmfTones": True,
            },
        }
        await end.app.event("MediaStreamingStarted")
        properties = await end.calls.properties(call_id)
        assert (properties.call_id, properties.state, properties.media_streaming) == (call_id, "connected", "active")
        assert (properties.server_call_id, properties.correlation_id) == (
            ringing.server_call_id, ringing.correlation_id
        )  # fmt: skip


async def test_audio_of_all_in_one_at_24_khz_started_later_and_transcribed() -> None:
    async with line() as end:
        transcription = Transcription(end.app.media_url, "https://ai.example", locale="de-DE", start=False)
        media = MediaOptions(
            end.app.media_url, 24_000, mixed=True, dtmf=False, start=False, transcription=transcription
        )
        await end.calls.answer(end.acs.ring(CALLER, US).context, end.app.callback_url, media)
        body = end.body("answer_call")
        assert "operationContext" not in body
        streaming = body["mediaStreamingOptions"]
        assert streaming["enableDtmfTones"] is False
        assert (streaming["audioChannelType"], streaming["audioFormat"], streaming["startMediaStreaming"]) == (
            "mixed", "pcm24KMono", False
        )  # fmt: skip
        assert body["callIntelligenceOptions"] == {"cognitiveServicesEndpoint": "https://ai.example"}
        assert body["transcriptionOptions"] == {
            "transportType": "websocket",
            "transportUrl": end.app.media_url,
            "locale": "de-DE",
            "startTranscription": False,
            "enableIntermediateResults": True,
        }


async def test_a_call_is_refused() -> None:
    async with line() as end:
        context = end.acs.ring(CALLER, US).context
        await end.calls.reject(context)
        assert end.body("reject_call") == {"incomingCallContext": context, "callRejectReason": "busy"}
        refused = await trouble(end.calls.answer(context, end.app.callback_url, end.media))
        assert (refused.trouble, refused.status, refused.code) == (Trouble.NOT_FOUND, 404, "8522")


async def test_a_call_is_placed_and_hung_up_for_everybody() -> None:
    async with line() as end:
        call_id = await end.calls.create(CALLEE, US, end.app.callback_url, end.media, "out")
        assert (await end.app.event("CallConnected"))["callConnectionId"] == call_id
        body = end.body("create_call")
        assert body["targets"] == [{"rawId": f"4:{CALLEE}", "phoneNumber": {"value": CALLEE}}]
        assert (body["sourceCallerIdNumber"], body["operationContext"]) == ({"value": US}, "out")
        assert body["mediaStreamingOptions"]["transportUrl"] == end.app.media_url
        await end.calls.hang_up(call_id)
        assert [request.status for request in end.sent("terminate")] == [204]
        await end.app.event("CallDisconnected")
        assert (await trouble(end.calls.hang_up(call_id))).trouble is Trouble.NOT_FOUND


async def test_who_is_on_the_call_page_by_page() -> None:
    async with line() as end:
        call_id = await end.connected()
        everybody = await end.calls.participants(call_id)
        assert OnTheCall(f"4:{CALLER}", CALLER, is_muted=False, is_on_hold=False) in everybody
        assert [one for one in everybody if one.phone_number is None and one.raw_id.startswith("8:acs:")]
        end.acs.behaviour.page_size = 1
        assert await end.calls.participants(call_id) == everybody
        assert len(end.sent("list_participants")) == 1 + len(everybody)


@pytest.mark.parametrize("transferee", ["", CALLER])
async def test_a_call_is_put_through(transferee: str) -> None:
    async with line() as end:
        call_id = await end.connected()
        await end.calls.transfer(call_id, CALLEE, transferee)
        await end.app.event("CallTransferAccepted")
        body = end.body("transfer_call_to_participant")
        assert body["targetParticipant"] == {"rawId": f"4:{CALLEE}", "phoneNumber": {"value": CALLEE}}
        assert body.get("transferee", {}).get("rawId") == (f"4:{CALLER}" if transferee else None)


async def test_a_call_is_put_through_to_a_user_of_the_resource() -> None:
    async with line() as end:
        call_id = await end.connected()
        await end.calls.transfer(call_id, "8:acs:resource_user")
        target = end.body("transfer_call_to_participant")["targetParticipant"]
        assert target == {"rawId": "8:acs:resource_user", "communicationUser": {"id": "8:acs:resource_user"}}


async def test_keys_are_sent_and_listened_for() -> None:
    async with line() as end:
        call_id = await end.connected()
        await end.calls.send_dtmf(call_id, CALLER, "19*#aD")
        assert end.body("send_dtmf_tones")["tones"] == ["one", "nine", "asterisk", "pound", "a", "d"]
        await end.calls.send_dtmf(call_id, f"4:{CALLER}", "0")
        for keys in ("", "1-2", "x"):
            refused = await trouble(end.calls.send_dtmf(call_id, CALLER, keys))
            assert (refused.trouble, refused.status) == (Trouble.REJECTED, 0)
        assert len(end.sent("send_dtmf_tones")) == 2
        await end.calls.start_continuous_dtmf(call_id, CALLER)
        end.acs.calls[call_id].callers()[0].press("5")
        assert (await end.app.event("ContinuousDtmfRecognitionToneReceived"))["tone"] == "five"
        await end.calls.stop_continuous_dtmf(call_id, CALLER)
        await end.app.event("ContinuousDtmfRecognitionStopped")


async def test_the_media_socket_is_closed_and_opened_again() -> None:
    async with line() as end:
        call_id = await end.streaming()
        assert (await trouble(end.calls.start_media_streaming(call_id))).trouble is Trouble.CONFLICT
        await end.calls.stop_media_streaming(call_id)
        await end.app.event("MediaStreamingStopped")
        await end.calls.start_media_streaming(call_id)
        await end.app.event("MediaStreamingStarted", 2)


async def test_a_call_is_recorded_by_either_of_its_ids() -> None:
    async with line() as end:
        call_id = await end.connected()
        server_call_id = (await end.calls.properties(call_id)).server_call_id
        recording = await end.calls.start_recording(call_id, server_call_id, end.app.callback_url)
        body = end.body("start_recording")
        assert body["callLocator"] == {"serverCallId": server_call_id, "kind": "serverCallLocator"}
        assert "callConnectionId" not in body
        assert (body["recordingContentType"], body["recordingFormatType"]) == ("audio", "wav")
        assert (await end.app.event("RecordingStateChanged"))["recordingId"] == recording
        await end.calls.stop_recording(recording)
        assert (await trouble(end.calls.stop_recording(recording))).trouble is Trouble.NOT_FOUND
        await end.calls.start_recording(call_id)
        body = end.body("start_recording")
        assert (body["callConnectionId"], "callLocator" in body) == (call_id, False)
        assert "recordingStateCallbackUri" not in body


async def test_it_is_ready_if_the_service_is_there_and_knows_us() -> None:
    async with line(retries=0) as end:
        await end.calls.ready()
        unready = {401: Trouble.UNAUTHORIZED, 429: Trouble.THROTTLED, 503: Trouble.UNAVAILABLE}
        for status, kind in unready.items():
            end.acs.faults.refuse("get_call_properties", status)
            assert (await trouble(end.calls.ready())).trouble is kind
        assert {request.method for request in end.acs.requests} == {"GET"}


async def test_an_identity_of_the_platform_is_as_good_as_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    async with by_identity(monkeypatch) as (end, entra):
        call_id = await end.streaming()
        await end.calls.stop_media_streaming(call_id)
        await end.calls.hang_up(call_id)
        assert {request.headers["Authorization"].split()[0] for request in end.acs.requests} == {"Bearer"}
        assert [request.resource for request in entra.requests] == ["https://communication.azure.com/"]


async def test_an_identity_that_is_refused_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    async with by_identity(monkeypatch) as (end, entra):
        monkeypatch.setenv("IDENTITY_HEADER", "wrong")
        refused = await trouble(end.calls.properties("a-call"))
        assert (refused.trouble, refused.status) == (Trouble.UNAUTHORIZED, 0)
        assert not refused.retryable
        assert list(end.acs.requests) == []
        assert len(entra.requests) >= 1


async def test_variables_that_name_no_identity(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "NoSuchCredential")
    calls = CallAutomation(AcsResource("https://r.example"))
    for _ in range(2):
        refused = await trouble(calls.open())
        assert (refused.trouble, refused.detail) == (Trouble.UNAUTHORIZED, "open: AZURE_* variables name no identity")
    await calls.close()


async def test_a_wrong_key_is_refused() -> None:
    async with AcsEmulator() as acs:
        calls = CallAutomation(parse_connection_string(f"endpoint={acs.endpoint};accesskey=d3Jvbmc="))
        refused = await trouble(calls.properties("a-call"))
        assert (refused.trouble, refused.status) == (Trouble.UNAUTHORIZED, 401)
        await calls.close()


@pytest.mark.parametrize(
    ("status", "kind", "retryable"),
    [
        (400, Trouble.REJECTED, False),
        (401, Trouble.UNAUTHORIZED, False),
        (403, Trouble.UNAUTHORIZED, False),
        (404, Trouble.NOT_FOUND, False),
        (405, Trouble.REJECTED, False),
        (408, Trouble.UNAVAILABLE, True),
        (409, Trouble.CONFLICT, False),
        (410, Trouble.UNAVAILABLE, True),
        (412, Trouble.CONFLICT, False),
        (422, Trouble.REJECTED, False),
        (429, Trouble.THROTTLED, True),
        (500, Trouble.UNAVAILABLE, True),
        (502, Trouble.UNAVAILABLE, True),
        (503, Trouble.UNAVAILABLE, True),
        (504, Trouble.UNAVAILABLE, True),
        (202, Trouble.UNAVAILABLE, True),
    ],
)
async def test_what_a_status_means(status: int, kind: Trouble, retryable: bool) -> None:
    async with line(retries=0) as end:
        end.acs.faults.refuse("create_call", status)
        refused = await trouble(end.calls.create(CALLEE, US, end.app.callback_url, end.media))
        assert (refused.trouble, refused.status, refused.retryable) == (kind, status, retryable)
        code = CODES.get(status, "9999")
        assert refused.code == code
        assert refused.detail == f"create: status {status}, code {code}, 'Refused as the test wants it.'"
        assert len(end.sent("create_call")) == 1


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (404, "8522", Trouble.NOT_FOUND),
        (404, "8543", Trouble.NOT_FOUND),
        (400, "8528", Trouble.NOT_FOUND),
        (404, "9999", Trouble.UNAVAILABLE),
        (400, "8501", Trouble.CONFLICT),
        (400, "8585", Trouble.CONFLICT),
        (412, "8583", Trouble.CONFLICT),
        (405, "8522", Trouble.REJECTED),
        (403, "7507", Trouble.UNAUTHORIZED),
        (500, "8522", Trouble.UNAVAILABLE),
    ],
)
async def test_what_a_code_of_the_service_means(status: int, code: str, kind: Trouble) -> None:
    async with line(retries=0) as end:
        end.acs.faults.refuse("terminate", status, code=code)
        refused = await trouble(end.calls.hang_up("a-call"))
        assert (refused.trouble, refused.status, refused.code) == (kind, status, code)


async def test_a_gateway_that_knows_no_calls_does_not_say_that_one_is_over() -> None:
    async with line() as end:
        call_id = await end.connected()
        end.acs.faults.misroute(None, times=3)
        for order in (end.calls.hang_up(call_id), end.calls.properties(call_id), end.calls.ready()):
            refused = await trouble(order)
            assert (refused.trouble, refused.status, refused.code) == (Trouble.UNAVAILABLE, 404, "")
            assert "No HTTP resource was found" in refused.detail
            assert end.acs.endpoint not in refused.detail


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Callee +1 (206) 555-0100 is busy", "Callee [number] is busy"),
        ("participant 4:+15550100 not found", "participant [identity] not found"),
        ("user 8:acs:1b2c_3d4e, gone", "user [identity], gone"),
        ("see https://r.example/calling/x?y=1 for more", "see [address] for more"),
        ("token eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.e30", "token [...]"),
        ("Action is invalid\n  in 8501", "Action is invalid in 8501"),
    ],
)
def test_what_is_shown_of_a_text_of_the_service(text: str, shown: str) -> None:
    assert masked(text) == shown


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
async def test_an_order_is_repeated_under_one_id(status: int) -> None:
    async with line() as end:
        end.acs.faults.refuse("answer_call", status, 2)
        await end.connected()
        first, *_, last = end.sent("answer_call")
        assert [request.status for request in end.sent("answer_call")] == [status, status, 200]
        assert len({request.repeatability_id for request in end.sent("answer_call")}) == 1
        assert first.repeatability_id
        assert first.headers["x-ms-date"]
        assert first.body == last.body


@pytest.mark.parametrize("status", [None, 503])
async def test_an_order_whose_answer_is_lost_is_carried_out_once(status: int | None) -> None:
    async with line() as end:
        end.acs.faults.lose_answer("create_call", status)
        call_id = await end.calls.create(CALLEE, US, end.app.callback_url, end.media)
        assert len(end.sent("create_call")) == 2
        assert end.acs.executions["create_call"] == 1
        assert list(end.acs.calls) == [call_id]


async def test_a_connection_that_breaks_is_made_again_for_every_kind_of_request() -> None:
    async with line() as end:
        call_id = await end.streaming()
        end.acs.faults.reset("get_call_properties")
        assert (await end.calls.properties(call_id)).state == "connected"
        end.acs.faults.reset("stop_media_streaming")
        await end.calls.stop_media_streaming(call_id)
        end.acs.faults.reset("terminate")
        await end.calls.hang_up(call_id)


async def test_retries_come_to_an_end() -> None:
    async with line(retries=2) as end:
        end.acs.faults.refuse("answer_call", 503, 10)
        refused = await trouble(end.calls.answer(end.acs.ring().context, end.app.callback_url, end.media))
        assert (refused.trouble, refused.status) == (Trouble.UNAVAILABLE, 503)
        assert len(end.sent("answer_call")) == 3


async def test_a_refusal_is_not_repeated() -> None:
    async with line() as end:
        assert (await trouble(end.calls.properties("no-such-call"))).trouble is Trouble.NOT_FOUND
        assert len(end.sent("get_call_properties")) == 1


async def test_a_service_that_wants_patience_is_not_waited_for_and_says_how_long() -> None:
    async with line() as end:
        end.acs.faults.refuse("answer_call", 429, 1, retry_after_s=30)
        refused = await trouble(end.calls.answer(end.acs.ring().context, end.app.callback_url, end.media))
        assert (refused.trouble, refused.status, refused.retry_after_s) == (Trouble.THROTTLED, 429, 30.0)
        assert len(end.sent("answer_call")) == 1


async def test_an_answer_has_its_budget_and_the_others_theirs() -> None:
    async with line(answer_budget_s=0.2, budget_s=0.4) as end:
        await end.calls.open()
        end.acs.faults.delay(None, 60.0)
        late = await trouble(end.calls.answer(end.acs.ring().context, end.app.callback_url, end.media))
        assert (late.trouble, late.status, late.detail) == (Trouble.UNAVAILABLE, 0, "answer: no answer within 0.2 s")
        later = await trouble(end.calls.properties("a-call"))
        assert later.detail == "properties: no answer within 0.4 s"
        assert not end.acs.executions, "nothing has been carried out yet, let alone answered"


@pytest.mark.parametrize("status", [200, 502])
@pytest.mark.parametrize(
    ("content_type", "text"),
    [
        ("text/html", "<p>+15550100 is busy"),
        ("application/json", "{"),
        ("application/json", "[]"),
        ("application/json", '{"error": "+15550100"}'),
    ],
)
async def test_an_answer_that_nobody_understands(status: int, content_type: str, text: str) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status, text=text, content_type=content_type)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    server = WebServer(app)
    await server.listen()
    calls = CallAutomation(AcsResource(f"http://{server.address}", Secret("a2V5")), retries=0)
    try:
        refused = await trouble(calls.create(CALLEE, US, "http://127.0.0.1/", MediaOptions("ws://127.0.0.1/")))
        assert (refused.trouble, "1555" in str(refused)) == (Trouble.UNAVAILABLE, False)
    finally:
        await calls.close()
        await server.close()


async def test_nobody_at_the_address() -> None:
    async with AcsEmulator() as acs:
        resource = parse_connection_string(acs.connection_string)
    calls = CallAutomation(resource, retries=1)
    refused = await trouble(calls.properties("a-call"))
    assert (refused.trouble, refused.status) == (Trouble.UNAVAILABLE, 0)
    assert refused.retryable
    await calls.close()


async def test_orders_that_come_together_share_one_client_and_one_that_gives_up_takes_none_along() -> None:
    async with line() as end:
        first = asyncio.create_task(end.calls.properties("one"))
        await asyncio.sleep(0)
        first.cancel()
        others = await asyncio.gather(*(trouble(end.calls.properties(f"call-{n}")) for n in range(5)))
        assert {other.trouble for other in others} == {Trouble.NOT_FOUND}


async def test_a_closed_client_takes_no_orders_and_may_never_have_been_used() -> None:
    async with line() as end:
        await end.calls.close()
        assert (await trouble(end.calls.properties("a-call"))).detail == "properties: this worker is ending"
        await end.calls.close()


async def test_one_that_is_closed_while_it_loads_leaves_nothing_open() -> None:
    async with line() as end:
        opening = asyncio.create_task(end.calls.open())
        await asyncio.sleep(0)
        await end.calls.close()
        await opening


async def test_neither_logs_nor_errors_tell_numbers_contexts_or_keys(caplog: pytest.LogCaptureFixture) -> None:
    async with line() as end:
        await end.calls.open()
        assert logging.getLogger("azure").level >= logging.WARNING
        for name in ("", "azure", "azure.core.pipeline.policies.http_logging_policy"):
            caplog.set_level(logging.DEBUG, name)
        call_id = await end.connected()
        context = end.acs.ring(CALLEE, US).context
        end.acs.faults.refuse("answer_call", 400)
        errors = [
            await trouble(end.calls.answer(context, end.app.callback_url, end.media)),
            await trouble(end.calls.send_dtmf(call_id, CALLEE, "1")),
            await trouble(end.calls.transfer(call_id, US, CALLEE)),
        ]
        said = caplog.text + "".join(f"{error}{error!r}{error.args}" for error in errors)
        assert "Request URL" not in said
        for secret in (CALLER, CALLEE, US, "15550101", context, end.acs.access_key, "HMAC-SHA256"):
            assert secret not in said
    assert all(error.trouble is Trouble.REJECTED for error in errors)

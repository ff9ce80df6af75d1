"""What goes wrong in a session, and what its owner is told of it: each error of the service, in both dialects."""

import asyncio
import base64
import logging
from collections.abc import AsyncIterator, Callable

import pytest

from actors.ports import realtime as port
from actors.ports import realtime_events as reported
from app.providers.realtime import session as client_session
from app.providers.realtime.model import RealtimeService
from app.providers.realtime.resource import RealtimeResource
from protocol.realtime.failure_kinds import FailureKind
from tests.cloud.realtime.emulator import RealtimeEmulator
from tests.cloud.realtime.replies import Reply
from tests.cloud.realtime.scripted import Close, Expect, Send
from tests.service.providers.realtime.conversing import OPTIONS, Conversing, conversing, ga, voice_live

Make = Callable[[RealtimeEmulator], RealtimeResource]
BOTH = pytest.mark.parametrize("resource", [ga, voice_live], ids=["ga", "voice live"])
RATE_HZ: dict[Make, int] = {ga: 24_000, voice_live: 16_000}
"""At which nothing is resampled."""


@pytest.fixture
async def service() -> AsyncIterator[RealtimeEmulator]:
    async with RealtimeEmulator() as emulator:
        yield emulator


async def failed(both: Conversing, operation: reported.Operation) -> reported.RealtimeFailed:
    return await both.told(reported.RealtimeFailed, lambda each: each.operation is operation)


# the session goes on


@BOTH
async def test_what_cannot_be_done_any_more_is_harmless(service: RealtimeEmulator, resource: Make) -> None:
    service.plan.replies.append(Reply(text="one two three"))
    async with conversing(service, resource(service)) as both:
        both.client.cancel("resp_none")
        assert (await failed(both, reported.Operation.CANCEL)).kind is FailureKind.HARMLESS
        both.client.commit()
        assert (await failed(both, reported.Operation.COMMIT)).kind is FailureKind.HARMLESS
        first = both.client.respond(port.ResponseRequest())
        second = both.client.respond(port.ResponseRequest())
        refused = await failed(both, reported.Operation.RESPOND)
        assert (refused.kind, refused.request) == (FailureKind.HARMLESS, second)
        assert (await both.told(reported.ResponseStarted)).request == first
        await both.told(reported.ResponseFinished)
        assert not any(isinstance(each, reported.RealtimeClosed) for each in both.reports)


@BOTH
async def test_a_turn_too_short_to_be_one_does_not_move_the_next(service: RealtimeEmulator, resource: Make) -> None:
    async with conversing(service, resource(service)) as both:
        both.client.commit()
        await failed(both, reported.Operation.COMMIT)
        both.speak(400)
        both.client.commit()
        committed = await both.told(reported.CallerCommitted)
        assert committed.start_ms == 0.0
        assert committed.end_ms == pytest.approx(400, abs=1)


@BOTH
async def test_a_limit_of_the_service_asks_for_patience(service: RealtimeEmulator, resource: Make) -> None:
    error = {"type": "invalid_request_error", "code": "rate_limit_exceeded", "message": "..."}
    service.plan.replies.append(Reply(status="failed", error=error))
    async with conversing(service, resource(service)) as both:
        both.client.respond(port.ResponseRequest())
        finished = await both.told(reported.ResponseFinished)
        assert (finished.status, finished.failure) == (reported.ResponseStatus.FAILED, FailureKind.RATE_LIMITED)
        limit = await both.told(reported.RateLimited)
        assert (limit.name, limit.limit, limit.remaining) == ("tokens", 50_000, 49_950)


@BOTH
@pytest.mark.parametrize(
    ("reply", "status"),
    [
        (Reply(text="one two", status="incomplete", reason="max_output_tokens"), reported.ResponseStatus.CUT),
        (Reply(text="one two", status="incomplete", reason="content_filter"), reported.ResponseStatus.FILTERED),
        (
            Reply(status="failed", error={"type": "invalid_request_error", "code": "content_filter", "message": ""}),
            reported.ResponseStatus.FILTERED,
        ),
        (
            Reply(text="a b c", after_ms=300, status="failed", error={"type": "server_error", "message": ""}),
            reported.ResponseStatus.FAILED,
        ),
    ],
)
async def test_a_response_that_does_not_come_to_its_end(
    service: RealtimeEmulator, resource: Make, reply: Reply, status: reported.ResponseStatus
) -> None:
    service.plan.replies.append(reply)
    async with conversing(service, resource(service)) as both:
        both.client.respond(port.ResponseRequest())
        assert (await both.told(reported.ResponseFinished)).status is status
        both.client.respond(port.ResponseRequest())
        await both.told(reported.ResponseFinished, lambda each: each.status is reported.ResponseStatus.COMPLETED)


# the session is over


@BOTH
@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("session_expired", FailureKind.EXPIRED),
        ("server_error", FailureKind.TRANSIENT),
        ("insufficient_quota", FailureKind.FATAL),
        ("credit_balance_exhausted", FailureKind.FATAL),
        ("billing_hard_limit_reached", FailureKind.FATAL),
        ("invalid_api_key", FailureKind.FATAL),
        ("account_deactivated", FailureKind.FATAL),
    ],
)
async def test_an_error_that_ends_the_session(
    service: RealtimeEmulator, resource: Make, code: str, kind: FailureKind, caplog: pytest.LogCaptureFixture
) -> None:
    async with conversing(service, resource(service)) as both:
        with caplog.at_level(logging.WARNING, "app.providers.realtime"):
            await both.far.fail(code, "What you said was: hello")
            closed = await both.told(reported.RealtimeClosed)
        assert closed.kind is kind
        assert code in closed.detail
        await both.far.closed.until(lambda _: True)
    assert len([each for each in caplog.records if code in each.getMessage()]) == 1
    assert "hello" not in caplog.text


@BOTH
@pytest.mark.parametrize("code", [0, 1001, 1011, 1012, 1013])
async def test_a_socket_that_is_lost_in_the_midst_of_an_answer(
    service: RealtimeEmulator, resource: Make, code: int
) -> None:
    service.plan.replies.append(Reply(text="one two three", after_ms=300, drops=code))
    async with conversing(service, resource(service)) as both:
        both.client.respond(port.ResponseRequest())
        closed = await both.told(reported.RealtimeClosed)
        assert closed.kind is FailureKind.TRANSIENT
        assert str(code or "broke") in closed.detail
        assert isinstance(both.reports[-1], reported.RealtimeClosed), "nothing is told afterwards"


@BOTH
async def test_the_end_of_a_session_is_told_ahead(service: RealtimeEmulator, resource: Make) -> None:
    service.plan.limit_s = 4.0
    async with conversing(service, resource(service)) as both:
        expiring = await both.told(reported.RealtimeExpiring)
        assert 0 < expiring.left_s <= 1.0
        assert not any(isinstance(each, reported.RealtimeClosed) for each in both.reports)
        assert (await both.told(reported.RealtimeClosed)).kind is FailureKind.EXPIRED
        assert await both.far.closed.until(lambda _: True) in (1000, 1001, 1006)


async def test_settings_that_are_refused_end_the_session(service: RealtimeEmulator) -> None:
    error = {"type": "invalid_request_error", "code": "invalid_value", "param": "session.voice", "event_id": "open_1"}
    service.script(Expect("session.update"), Send({"type": "error", "error": error}))
    closed = await _closed(service)
    assert closed.kind is FailureKind.FATAL
    assert "session.voice" in closed.detail


async def test_a_service_that_takes_no_settings_is_given_up(
    service: RealtimeEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_session, "READY_TIMEOUT_S", 0.2)
    service.script(Expect("session.update"))
    closed = await _closed(service)
    assert closed.kind is FailureKind.TRANSIENT
    assert "settings" in closed.detail


async def test_a_service_that_nobody_understands_is_given_up(service: RealtimeEmulator) -> None:
    service.script(Expect("session.update"), *[Send({"no": "type"})] * 30, Close(1000))
    reports: list[reported.RealtimeEvent] = []
    closed = await _closed(service, reports)
    assert closed.kind is FailureKind.FATAL
    assert len([each for each in reports if isinstance(each, reported.RealtimeFailed)]) == client_session.MAX_UNREADABLE


async def test_one_message_that_cannot_be_understood_costs_nothing(service: RealtimeEmulator) -> None:
    async with conversing(service, ga(service)) as both:
        await both.far.send("response.done", response=[])
        assert (await failed(both, reported.Operation.UNKNOWN)).kind is FailureKind.REFUSED
        both.client.respond(port.ResponseRequest())
        await both.told(reported.ResponseFinished)


@BOTH
async def test_what_cannot_be_understood_amid_audio_costs_none_of_it(service: RealtimeEmulator, resource: Make) -> None:
    service.plan.replies.append(Reply(text=" ".join(["word"] * 20)))
    async with conversing(service, resource(service), rate_hz=RATE_HZ[resource]) as both:
        both.client.respond(port.ResponseRequest())
        first = await both.told(reported.ResponseAudio)
        place = {"response_id": first.response_id, "item_id": first.item_id}
        delta = f"{both.far.dialect.audio}.delta"
        for _ in range(15):
            await both.far.send(delta, **place, delta="no base64")
            await both.far.send(delta, **place)
            await asyncio.sleep(0.02)
        await both.told(reported.ResponseFinished)
        failures = [each for each in both.reports if isinstance(each, reported.RealtimeFailed)]
    assert both.audio() == audio_sent(both, first.item_id)
    assert {(each.kind, each.operation) for each in failures} == {(FailureKind.REFUSED, reported.Operation.UNKNOWN)}
    assert len(failures) == 30
    assert not any(isinstance(each, reported.RealtimeClosed) for each in both.reports)


@BOTH
@pytest.mark.parametrize("code", [0, 1011])
async def test_audio_that_was_left_unread_is_told_before_the_loss(
    service: RealtimeEmulator, resource: Make, code: int
) -> None:
    service.plan.replies.append(Reply(text=" ".join(["word"] * 20), after_ms=3_000, drops=code))
    async with conversing(service, resource(service), rate_hz=RATE_HZ[resource]) as both:
        both.client.respond(port.ResponseRequest())
        await both.told(reported.RealtimeClosed)
        *_, before, _ = both.reports
    assert isinstance(before, reported.ResponseAudio)
    assert both.audio() == audio_sent(both, before.item_id)
    assert len(both.audio()) == 3 * RATE_HZ[resource] * 2


def audio_sent(both: Conversing, item_id: str) -> bytes:
    """All audio of an item that the service has sent, apart from what is none."""
    deltas = both.far.sent.where(lambda event: event["type"] == f"{both.far.dialect.audio}.delta")
    given = [event.get("delta", "") for event in deltas if event["item_id"] == item_id]
    return b"".join(base64.b64decode(delta) for delta in given if delta != "no base64")


async def _closed(
    service: RealtimeEmulator, reports: list[reported.RealtimeEvent] | None = None
) -> reported.RealtimeClosed:
    told: asyncio.Future[reported.RealtimeClosed] = asyncio.get_running_loop().create_future()

    def report(event: reported.RealtimeEvent) -> None:
        if reports is not None:
            reports.append(event)
        if isinstance(event, reported.RealtimeClosed):
            told.set_result(event)

    model = RealtimeService(ga(service))
    try:
        client = await model.open(OPTIONS, report)
        closed = await asyncio.wait_for(told, 30)
        await client.close()
        return closed
    finally:
        await model.close()

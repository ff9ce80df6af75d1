"""Each error that the services are known to tell, met in a conversation: harmless, helped, or told to the caller.

The client is ours, the service is the emulated one, the engines beside are fakes. The rows of a table go wrong at once,
each in a session with a service of its own.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

import msgspec
import pytest

from actors.conversation import Ending, UtteranceKind
from actors.messages.caller import TextEntered
from actors.messages.output import AudioFrame, ReplyHeard
from actors.session.modes.voice_live import VOICE_LIVE
from app.providers.absent import AbsentRecognizer
from app.providers.realtime.model import RealtimeService
from tests.cloud.realtime.emulator import RealtimeEmulator, Refusal
from tests.cloud.realtime.replies import Heard, Reply
from tests.cloud.realtime.service_session import ServiceSession
from tests.kit.fakes import FakeModel
from tests.kit.session_kit import AGENT, Stage, stage
from tests.service.providers.realtime.conversing import voice_live

WAIT_S = 60.0
SILENT = msgspec.structs.replace(AGENT, greeting="")
ANSWER = "It is open."


class Error(msgspec.Struct, frozen=True):
    """A row: an `error` event that comes by itself."""

    code: str
    type: str = "invalid_request_error"
    message: str = "Something was wrong with: hello"


class Failed(msgspec.Struct, frozen=True):
    """A row: the next response fails."""

    code: str


class Stalled(msgspec.Struct, frozen=True):
    """A row: the next response is begun, and nothing more comes of the session, which stays open."""


class Closed(msgspec.Struct, frozen=True):
    """A row: the service closes the socket; with 0 it breaks."""

    code: int


class Refused(msgspec.Struct, frozen=True):
    """A row: the first request for a connection is refused."""

    status: int


Row = Error | Failed | Stalled | Closed | Refused

HARMLESS: tuple[Row, ...] = (
    Error("response_cancel_not_active"),
    Error("conversation_already_has_active_response"),
    Error("input_audio_buffer_commit_empty"),
    Error("item_create_duplicate_item_id"),
    Error("item_retrieve_invalid_item_id"),
    Error("item_already_truncated"),
    Error("", "response_cancel_not_active"),
    Error("", message="Audio content of 300 ms is already shorter than 385 ms"),
)
OURS = (Error("invalid_value"), Error("unknown_parameter"), Error("missing_required_parameter"), Error("who_knows"))
HELPED: tuple[Row, ...] = (
    Error("session_expired"),
    Error("", "server_error"),
    Error("server_error", "server_error"),
    *(Closed(code) for code in (0, 1000, 1001, 1011, 1012, 1013)),
    *(Refused(status) for status in (408, 429, 500, 503)),
    Failed("rate_limit_exceeded"),
    Failed("server_error"),
    Failed("session_expired"),
    Stalled(),
)
FATAL: tuple[Row, ...] = (
    *(
        Error(code)
        for code in (
            "insufficient_quota",
            "credit_balance_exhausted",
            "billing_hard_limit_reached",
            "invalid_api_key",
            "account_deactivated",
            "model_not_found",
        )
    ),
    Error("", "insufficient_quota"),
    *(Closed(code) for code in (1008, 3000)),
    *(Refused(status) for status in (401, 403, 404)),
    Failed("insufficient_quota"),
)


@asynccontextmanager
async def going_wrong(row: Row, *, falls_back: bool = True) -> AsyncIterator[tuple[Stage, RealtimeEmulator]]:
    """A session in which that has gone wrong by the time when the caller has said something."""
    async with RealtimeEmulator() as service:
        service.plan.default = Reply(text=ANSWER)
        model = RealtimeService(voice_live(service))
        if isinstance(row, Refused):
            service.refusals.append(Refusal(row.status, {"Retry-After": "1"}))
        if isinstance(row, Stalled):
            service.plan.replies.append(Reply(text=ANSWER, after_ms=0, stalls=True))
        if isinstance(row, Failed):
            service.plan.replies.append(Reply(status="failed", error={"code": row.code, "message": "hello"}))
            # What the caller said is known to the model alone, whichever of both comes first.
            service.plan.heard.append(Heard())
        async with stage(
            mode=VOICE_LIVE,
            agent=SILENT,
            recognizer=AbsentRecognizer(),
            model=FakeModel(),
            realtime=model,
            realtime_falls_back=falls_back,
        ) as on:
            if isinstance(row, Error | Closed):
                async with asyncio.timeout(WAIT_S):
                    far = await service.session()
                await far.received.until(lambda message: message["type"] == "session.update", WAIT_S)
                await inject(far, row)
            yield on, service
        await model.close()


async def inject(far: ServiceSession, row: Error | Closed) -> None:
    if isinstance(row, Error):
        await far.fail(row.code, row.message, kind=row.type)
    else:
        await far.drop(row.code)


async def side_by_side(rows: Sequence[Row], test: Callable[[Row], Awaitable[None]]) -> None:
    """Test every row; what fails names its row."""
    outcomes = await asyncio.gather(*(test(row) for row in rows), return_exceptions=True)
    failures = {row: outcome for row, outcome in zip(rows, outcomes, strict=True) if outcome is not None}
    assert failures == {}


async def said(on: Stage, kind: UtteranceKind = UtteranceKind.REPLY) -> str:
    """The first that the caller has heard of this kind."""
    await on.ear.until(lambda ear: any(reply.kind is kind for reply in ear.of(ReplyHeard)), WAIT_S)
    return next(reply.text for reply in on.ear.of(ReplyHeard) if reply.kind is kind)


def lines(caplog: pytest.LogCaptureFixture, level: int) -> list[str]:
    """What was logged at this level or above, without a word of what was said."""
    told = [record.getMessage() for record in caplog.records if record.levelno >= level]
    assert not [line for line in told if "hello" in line]
    return told


async def test_what_is_harmless_is_heard_by_nobody(caplog: pytest.LogCaptureFixture) -> None:
    async def test(row: Row) -> None:
        async with going_wrong(row) as (on, service):
            await on.talk(500)
            assert await said(on) == ANSWER
            assert len(service.sessions) == 1

    with caplog.at_level(logging.WARNING):
        await side_by_side(HARMLESS, test)
        assert [line for line in lines(caplog, logging.WARNING) if "speech" in line] == []


async def test_what_we_have_sent_wrongly_is_told_to_operators_alone(caplog: pytest.LogCaptureFixture) -> None:
    async def test(row: Row) -> None:
        async with going_wrong(row) as (on, service):
            await on.talk(500)
            assert await said(on) == ANSWER
            assert len(service.sessions) == 1

    with caplog.at_level(logging.WARNING):
        await side_by_side(OURS, test)
        for row in OURS:
            assert len([line for line in lines(caplog, logging.WARNING) if f" {row.code}" in line]) == 1


async def test_what_another_attempt_helps_against_costs_the_caller_a_moment(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def test(row: Row) -> None:
        async with going_wrong(row) as (on, _):
            await on.talk(500)
            assert await said(on) == ANSWER
            assert not on.entry.checkpoint.realtime_given_up

    with caplog.at_level(logging.WARNING):
        await side_by_side(HELPED, test)
        told = [line for line in lines(caplog, logging.WARNING) if "speech" in line]
        assert len(told) == len(HELPED), "a line each"


async def test_what_nothing_helps_against_leaves_the_call_to_the_other_engines(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def test(row: Row) -> None:
        async with going_wrong(row) as (on, _):
            if isinstance(row, Failed):
                await on.talk(500)
                await said(on, UtteranceKind.APOLOGY)
            async with asyncio.timeout(WAIT_S):
                while not on.entry.checkpoint.realtime_given_up:  # noqa: ASYNC110  nobody is told
                    await asyncio.sleep(0.05)
            on.entry.deliver(TextEntered("hi"))
            assert "hi" in await said(on)
            assert on.ear.ended is None

    with caplog.at_level(logging.WARNING):
        await side_by_side(FATAL, test)
        told = lines(caplog, logging.WARNING)
        assert len([line for line in told if "given up" in line]) == len(FATAL)
        assert len([line for line in told if "speech" in line and "given up" not in line]) == len(FATAL), "a line each"


async def test_without_them_the_caller_is_told_before_the_end() -> None:
    async def test(row: Row) -> None:
        async with going_wrong(row, falls_back=False) as (on, _):
            if isinstance(row, Failed):
                await on.talk(500)
            await on.ear.until(lambda ear: ear.ended, WAIT_S)
            assert on.ear.ended is Ending.ERROR
            assert on.ear.samples(*{frame.reply for frame in on.ear.of(AudioFrame)}), "the apology"

    await side_by_side(FATAL, test)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(text="Well, that", status="incomplete", reason="content_filter"),
        Reply(status="failed", error={"code": "content_filter", "message": ""}),
    ],
)
async def test_what_was_filtered_is_apologised_for_and_not_tried_again(reply: Reply) -> None:
    async with RealtimeEmulator() as service:
        service.plan.replies.append(reply)
        model = RealtimeService(voice_live(service))
        async with stage(mode=VOICE_LIVE, agent=SILENT, recognizer=AbsentRecognizer(), realtime=model) as on:
            await on.talk(500)
            if reply.text:
                await said(on)
            else:
                await said(on, UtteranceKind.APOLOGY)
            far = await service.session()
            assert len(far.received.where(lambda message: message["type"] == "response.create")) == 1
        await model.close()


async def test_a_limit_that_is_used_up_is_waited_for_and_nothing_is_refused() -> None:
    async with RealtimeEmulator() as service:
        service.plan.default = Reply(text=ANSWER)
        model = RealtimeService(voice_live(service))
        async with stage(mode=VOICE_LIVE, agent=SILENT, recognizer=AbsentRecognizer(), realtime=model) as on:
            async with asyncio.timeout(WAIT_S):
                far = await service.session()
            await far.received.until(lambda message: message["type"] == "session.update", WAIT_S)
            limit = {"name": "requests", "limit": 10, "remaining": 0, "reset_seconds": 3}
            told_at = asyncio.get_running_loop().time()
            await far.send("rate_limits.updated", rate_limits=[limit])
            await on.talk(500)
            await far.received.until(lambda message: message["type"] == "response.create", WAIT_S)
            assert asyncio.get_running_loop().time() - told_at >= 3
            assert await said(on) == ANSWER
            assert not far.sent.where(lambda message: message["type"] == "error")
        await model.close()

"""Connections that are made while the telephone rings: used by their session, or closed."""

import asyncio
from collections.abc import AsyncIterator, Callable

import msgspec
import pytest

from actors.ports import realtime as port
from actors.ports import realtime_events as reported
from actors.ports.expects_sessions import ExpectsSessions
from app.providers.realtime import expected_connections
from app.providers.realtime.expected_connections import MOST
from app.providers.realtime.model import RealtimeService
from tests.cloud.realtime.emulator import RealtimeEmulator, Refusal
from tests.service.providers.realtime.conversing import OPTIONS, ga, voice_live

BOUND_S = 30.0


@pytest.fixture
async def service() -> AsyncIterator[RealtimeEmulator]:
    async with RealtimeEmulator() as emulator:
        yield emulator


@pytest.fixture(params=[ga, voice_live])
async def model(request: pytest.FixtureRequest, service: RealtimeEmulator) -> AsyncIterator[RealtimeService]:
    made = RealtimeService(request.param(service))
    assert isinstance(made, ExpectsSessions)
    yield made
    await made.close()


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(BOUND_S):
        while not holds():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.005)


async def ready(model: RealtimeService, session_id: str) -> port.RealtimeSession:
    """A session that the service has taken the settings of."""
    is_ready = asyncio.Event()
    options = msgspec.structs.replace(OPTIONS, session_id=session_id)
    session = await model.open(
        options, lambda event: is_ready.set() if isinstance(event, reported.RealtimeReady) else None
    )
    async with asyncio.timeout(BOUND_S):
        await is_ready.wait()
    return session


async def test_a_session_takes_the_connection_that_was_made_for_it(
    service: RealtimeEmulator, model: RealtimeService
) -> None:
    model.expect("called")
    await until(lambda: len(service.requests) == 1)
    other, called = await ready(model, "other"), await ready(model, "called")
    assert len(service.requests) == 2, "the other one has connected by itself"
    await asyncio.gather(other.close(), called.close())


async def test_a_session_waits_for_a_connection_that_is_being_made(
    service: RealtimeEmulator, model: RealtimeService
) -> None:
    model.expect("called")
    session = await ready(model, "called")
    assert len(service.requests) == 1
    await session.close()


async def test_one_that_failed_is_made_anew(service: RealtimeEmulator, model: RealtimeService) -> None:
    service.refusals.append(Refusal(503))
    model.expect("called")
    await until(lambda: not service.refusals)
    session = await ready(model, "called")
    await session.close()


async def test_one_that_the_service_has_ended_is_made_anew(service: RealtimeEmulator, model: RealtimeService) -> None:
    model.expect("called")
    await until(lambda: len(service.sessions) == 1)
    await service.sessions[0].drop()
    await until(lambda: not len(model._expected))
    session = await ready(model, "called")
    assert len(service.requests) == 2
    await session.close()


async def test_one_that_nobody_takes_is_closed(
    service: RealtimeEmulator, model: RealtimeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expected_connections, "KEPT_S", 0.05)
    model.expect("called")
    await until(lambda: len(service.requests) == 1)
    await until(lambda: not len(model._expected))
    session = await ready(model, "called")
    assert len(service.requests) == 2
    await session.close()


async def test_no_more_are_made_ahead_than_that(service: RealtimeEmulator, model: RealtimeService) -> None:
    for number in range(MOST + 10):
        model.expect(f"called-{number}")
        model.expect(f"called-{number}")
    await until(lambda: len(service.requests) == MOST)
    session = await ready(model, f"called-{MOST + 1}")
    assert len(service.requests) == MOST + 1
    await session.close()


async def test_a_session_that_is_given_up_while_it_connects_leaves_nothing(
    service: RealtimeEmulator, model: RealtimeService
) -> None:
    model.expect("called")
    opening = asyncio.create_task(model.open(msgspec.structs.replace(OPTIONS, session_id="called"), lambda _: None))
    await asyncio.sleep(0)
    opening.cancel()
    await asyncio.wait([opening], timeout=BOUND_S)
    assert opening.cancelled()
    assert not len(model._expected)


@pytest.mark.parametrize("is_made", [False, True])
async def test_one_whose_session_will_not_begin_is_closed_at_once(
    service: RealtimeEmulator, model: RealtimeService, is_made: bool
) -> None:
    """Also while it is being made: the service is not left with a connection on which nobody ever says anything."""
    model.expect("called")
    await until(lambda: len(service.sessions) == is_made)
    model.forget("called")
    model.forget("called")
    model.forget("another")
    assert not len(model._expected)
    if is_made:
        async with asyncio.timeout(BOUND_S):
            await service.sessions[0].closed.until(lambda _: True)
    session = await ready(model, "called")
    assert len(service.sessions) == 1 + is_made
    await session.close()


async def test_a_session_that_has_begun_is_not_forgotten(service: RealtimeEmulator, model: RealtimeService) -> None:
    model.expect("called")
    session = await ready(model, "called")
    model.forget("called")
    await asyncio.sleep(0.2)
    assert not len(service.sessions[0].closed)
    await session.close()

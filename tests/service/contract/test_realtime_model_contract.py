"""What every speech-to-speech model does, whatever it says."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import msgspec
import pytest

from actors.conversation import ChatMessage, Role
from actors.ports import realtime as port
from actors.ports import realtime_events as reported
from actors.ports.realtime import RealtimeModel, RealtimeSession
from tests.cloud.journal import Journal
from tests.service.contract.adapters import REALTIME_MODELS, Speaking

E = TypeVar("E")

OPTIONS = port.RealtimeOptions(session_id="session", instructions="You answer the telephone.")
FRAME = bytes([0, 32, 0, 224] * 160)
WITHIN_S = 20.0


@pytest.fixture(params=REALTIME_MODELS, ids=lambda case: case.name)
async def model(request: pytest.FixtureRequest) -> AsyncIterator[RealtimeModel]:
    case: Speaking = request.param
    async with case.create() as engine:
        yield engine
        await engine.close()


class Opened:
    """One session, and what it reports."""

    def __init__(self, session: RealtimeSession, reports: Journal[reported.RealtimeEvent]) -> None:
        self.session = session
        self.reports = reports

    async def told(self, kind: type[E], wanted: Callable[[E], bool] = lambda _: True) -> E:
        event = await self.reports.until(lambda each: isinstance(each, kind) and wanted(each), WITHIN_S)
        assert isinstance(event, kind)
        return event

    def say(self, ms: int) -> None:
        for _ in range(ms // 20):
            self.session.append(FRAME)

    def audio(self, response_id: str) -> list[bytes]:
        return [
            each.pcm
            for each in self.reports
            if isinstance(each, reported.ResponseAudio) and each.response_id == response_id
        ]


@asynccontextmanager
async def opened(model: RealtimeModel, **changes: object) -> AsyncIterator[Opened]:
    reports: Journal[reported.RealtimeEvent] = Journal()
    session = await model.open(msgspec.structs.replace(OPTIONS, **changes), reports.append)
    try:
        yield Opened(session, reports)
    finally:
        await session.close()


async def test_we_decide_when_it_speaks(model: RealtimeModel) -> None:
    assert model.abilities.kind is port.RealtimeKind.TURNS
    async with opened(model) as one:
        await one.told(reported.RealtimeReady)
        one.say(400)
        one.session.commit()
        await one.told(reported.CallerCommitted)
        await asyncio.sleep(0.3)
        assert not any(isinstance(each, reported.ResponseStarted) for each in one.reports)


async def test_a_turn_is_answered_under_its_number_from_beginning_to_end(model: RealtimeModel) -> None:
    async with opened(model) as one:
        one.say(400)
        one.session.commit()
        number = one.session.respond(port.ResponseRequest())
        finished = await one.told(reported.ResponseFinished)
        assert finished.status is reported.ResponseStatus.COMPLETED
        started = await one.told(reported.ResponseStarted)
        assert (started.request, started.response_id) == (number, finished.response_id)
        audio = one.audio(finished.response_id)
        assert audio
        assert all(pcm and len(pcm) % 2 == 0 for pcm in audio)
        text = "".join(each.text for each in one.reports if isinstance(each, reported.ResponseTranscript))
        assert text.strip()
        kinds = [type(each) for each in one.reports]
        assert kinds.index(reported.ResponseStarted) < kinds.index(reported.ResponseTranscript)
        assert kinds.index(reported.ResponseAudioFinished) < kinds.index(reported.ResponseFinished)


async def test_a_response_that_is_cancelled_ends_and_another_one_can_be_asked_for(model: RealtimeModel) -> None:
    async with opened(model) as one:
        one.session.respond(port.ResponseRequest())
        audio = await one.told(reported.ResponseAudio)
        one.session.cancel(audio.response_id)
        first = await one.told(reported.ResponseFinished)
        assert first.response_id == audio.response_id
        assert first.status is reported.ResponseStatus.CANCELLED
        one.session.truncate(audio.item_id, 40.0)
        second = one.session.respond(port.ResponseRequest())
        assert (await one.told(reported.ResponseStarted, lambda each: each.request == second)).response_id
        last = await one.told(reported.ResponseFinished, lambda each: each.response_id != first.response_id)
        assert last.status is reported.ResponseStatus.COMPLETED
        assert not any(isinstance(each, reported.RealtimeClosed) for each in one.reports)


async def test_noise_that_is_cleared_is_no_turn(model: RealtimeModel) -> None:
    async with opened(model) as one:
        one.say(400)
        one.session.clear()
        one.say(200)
        one.session.commit()
        await one.told(reported.CallerCommitted)
        await asyncio.sleep(0.2)
        assert len([each for each in one.reports if isinstance(each, reported.CallerCommitted)]) == 1


async def test_history_and_what_is_added_are_taken_without_complaint(model: RealtimeModel) -> None:
    history = (
        ChatMessage(role=Role.USER, text="Are you open?", turn=1),
        ChatMessage(role=Role.ASSISTANT, text="Yes.", turn=1),
    )
    async with opened(model, history=history) as one:
        one.session.add(ChatMessage(role=Role.USER, text="On Monday, too?", turn=2))
        one.session.respond(port.ResponseRequest())
        await one.told(reported.ResponseFinished)
        assert not any(isinstance(each, reported.RealtimeFailed) for each in one.reports)


async def test_a_closed_session_reports_nothing(model: RealtimeModel) -> None:
    async with opened(model) as one:
        one.session.respond(port.ResponseRequest())
        await one.told(reported.ResponseAudio)
        await one.session.close()
        before = len(one.reports)
        await asyncio.sleep(0.5)
        assert len(one.reports) == before


async def test_sessions_do_not_know_of_each_other(model: RealtimeModel) -> None:
    async with opened(model) as one, opened(model) as other:
        one.session.respond(port.ResponseRequest())
        await one.told(reported.ResponseFinished)
        assert not any(isinstance(each, reported.ResponseStarted) for each in other.reports)

"""A speech-to-speech model that one client may ask so often: over its limit it is told when to ask again."""

import asyncio

import pytest

from actors.ports import realtime as port
from actors.ports import realtime_events as reported
from actors.runtime.clock import run_virtual
from app.auth.exposure import Exposure
from app.limits.client_limits import Rate
from app.limits.clients import Clients
from app.limits.metered_realtime import MeteredRealtimeModel
from config.settings import Settings
from protocol.realtime.failure_kinds import FailureKind
from tests.kit.fake_realtime import FakeRealtime

CLIENT = ("a",)
OPTIONS = port.RealtimeOptions(session_id="s", instructions="")


class Metered:
    """One session of a client, and what it reports."""

    def __init__(self, **variables: str) -> None:
        settings = Settings.read({"HOST": "0.0.0.0", **variables})
        self.clients = Clients(settings, Exposure(settings), asyncio.get_running_loop().time)
        self.inner = FakeRealtime("One.", "Two.", "Three.")
        self.model = MeteredRealtimeModel(self.inner, self.clients, CLIENT)
        self.reports: list[reported.RealtimeEvent] = []

    async def open(self) -> port.RealtimeSession:
        return await self.model.open(OPTIONS, self.reports.append)

    def refusals(self) -> list[reported.RealtimeFailed]:
        return [each for each in self.reports if isinstance(each, reported.RealtimeFailed)]


def test_all_but_the_order_to_respond_is_passed_on() -> None:
    async def main() -> None:
        metered = Metered()
        session = await metered.open()
        assert metered.model.abilities == metered.inner.abilities
        session.append(bytes(3_200))
        session.commit()
        session.clear()
        session.truncate("item", 100.0)
        assert session.respond(port.ResponseRequest()) == 1
        await asyncio.sleep(1)
        (inner,) = metered.inner.sessions
        assert (inner.turns, inner.cleared, inner.truncated) == ([100], 1, {"item": 100.0})
        assert isinstance(metered.reports[-1], reported.ResponseFinished)
        await session.close()
        await metered.model.close()
        assert inner.is_closed

    run_virtual(main())


@pytest.mark.parametrize("limit", ["CLIENT_MODEL_REQUESTS_PER_MINUTE", "CLIENT_MODEL_TOKENS_PER_MINUTE"])
def test_a_client_over_its_limit_is_told_when_it_may_ask_again(limit: str) -> None:
    async def main() -> None:
        metered = Metered(**{limit: "20"})
        rate = Rate.MODEL_REQUESTS if "REQUESTS" in limit else Rate.MODEL_TOKENS
        metered.clients.spend(CLIENT, rate, 21)
        session = await metered.open()
        numbers = [session.respond(port.ResponseRequest()) for _ in range(2)]
        assert metered.refusals() == [], "nobody expects an event in the midst of an order"
        await asyncio.sleep(0)
        refused = metered.refusals()
        assert [each.request for each in refused] == numbers
        assert all(each.kind is FailureKind.RATE_LIMITED for each in refused)
        assert refused[0].retry_after_s is not None
        await asyncio.sleep(refused[0].retry_after_s + 0.1)
        assert session.respond(port.ResponseRequest()) == 1
        await session.close()

    run_virtual(main())


def test_what_a_response_costs_is_counted_when_it_is_over() -> None:
    async def main() -> None:
        metered = Metered(CLIENT_MODEL_TOKENS_PER_MINUTE="600")
        session = await metered.open()
        over = reported.ResponseFinished(
            response_id="r", status=reported.ResponseStatus.COMPLETED, prompt_tokens=500, completion_tokens=200
        )
        metered.inner.sessions[0].tell(over)
        assert metered.clients.wait_s(CLIENT, Rate.MODEL_TOKENS) > 0
        assert over in metered.reports
        await session.close()

    run_virtual(main())

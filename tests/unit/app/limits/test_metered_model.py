"""A language model that one client may ask so often: it waits a while for its turn, and counts what replies cost."""

import asyncio
from collections.abc import Sequence

import pytest

from actors.conversation import ChatMessage, Role
from actors.errors import ErrorKind, ModelError
from actors.ports.llm import ModelEvent, ModelRequest, ReplyGenerated, TextGenerated
from actors.runtime.clock import run_virtual
from app.auth.exposure import Exposure
from app.limits.client_limits import Rate
from app.limits.clients import Clients
from app.limits.metered_model import LONGEST_WAIT_S, MeteredModel
from config.settings import Settings
from tests.kit.fakes import FakeModel
from tests.kit.session_kit import AGENT

CLIENT = ("a",)
REQUEST = ModelRequest(session_id="s", turn=1, agent=AGENT, messages=(ChatMessage(role=Role.USER, text="x" * 400),))


def metered(events: Sequence[ModelEvent], **variables: str) -> tuple[MeteredModel, Clients, FakeModel]:
    settings = Settings.read({"HOST": "0.0.0.0", **variables})
    clients = Clients(settings, Exposure(settings), asyncio.get_running_loop().time)
    model = FakeModel(lambda _: list(events))
    return MeteredModel(model, clients, CLIENT), clients, model


async def told(model: MeteredModel) -> list[ModelEvent]:
    return [event async for event in model.reply(REQUEST)]


def test_a_reply_is_passed_on_as_it_is() -> None:
    async def main() -> None:
        events: list[ModelEvent] = [TextGenerated("Yes."), ReplyGenerated(50, 20)]
        assert await told(metered(events)[0]) == events

    run_virtual(main())


def test_it_waits_for_its_turn_but_not_for_longer_than_somebody_listens() -> None:
    async def main() -> None:
        model, clients, inner = metered([ReplyGenerated()], CLIENT_MODEL_REQUESTS_PER_MINUTE="20")
        clients.spend(CLIENT, Rate.MODEL_REQUESTS, 20)
        began_s = asyncio.get_running_loop().time()
        await told(model)
        assert asyncio.get_running_loop().time() - began_s == pytest.approx(3, abs=0.1)
        clients.spend(CLIENT, Rate.MODEL_REQUESTS, 20)
        began_s = asyncio.get_running_loop().time()
        with pytest.raises(ModelError) as caught:
            await told(model)
        assert caught.value.kind is ErrorKind.THROTTLED
        assert asyncio.get_running_loop().time() - began_s < LONGEST_WAIT_S
        assert len(inner.requests) == 1

    run_virtual(main())


def test_what_a_reply_costs_is_known_at_its_end_and_estimated_before() -> None:
    async def main() -> None:
        model, clients, _ = metered(
            [TextGenerated("Yes."), ReplyGenerated(500, 100)], CLIENT_MODEL_TOKENS_PER_MINUTE="600"
        )
        reply = aiter(model.reply(REQUEST))
        await anext(reply)
        # 400 characters are 100 tokens: 500 are left.
        assert clients.wait_s(CLIENT, Rate.MODEL_TOKENS) == 0
        async for _ in reply:
            pass
        assert clients.wait_s(CLIENT, Rate.MODEL_TOKENS) > 0

    run_virtual(main())


def test_the_model_that_all_sessions_share_is_not_closed_with_one() -> None:
    async def main() -> None:
        model, _, inner = metered([ReplyGenerated()])
        await model.close()
        await told(model)
        assert len(inner.requests) == 1

    run_virtual(main())

"""The parts of one worker: made at once, started, and closed whatever one of them does."""

import asyncio
import logging
from unittest.mock import Mock

import pytest

from actors.runtime.clock import run_virtual
from app.server.lifecycle import Lifecycle
from app.services import CLOSE_S, Services
from config.settings import Settings
from tests.kit.service_kit import FAKES, running
from tests.kit.session_kit import AGENT


def test_every_part_is_there_before_the_start() -> None:
    async def main() -> None:
        services = Services(Settings.read(FAKES), Lifecycle(), {"tester": AGENT}, {})
        assert services.sessions.live == {}
        assert services.capacity.left == 0, "it is not ready yet"
        assert services.claim_check is None
        await services.stop()

    run_virtual(main())


def test_an_engine_that_does_not_close_is_left_to_itself(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def hang() -> None:
        await asyncio.sleep(3600)

    async def main() -> float:
        async with running() as services:
            monkeypatch.setattr(services.engines.model, "close", hang)
            began_s = asyncio.get_running_loop().time()
        return asyncio.get_running_loop().time() - began_s

    with caplog.at_level(logging.WARNING, logger="app.services"):
        assert run_virtual(main()) == pytest.approx(CLOSE_S, abs=0.1)
    assert [r.getMessage() for r in caplog.records] == ["an engine was not closed within 5 s and is left to itself"]


def test_a_session_that_another_worker_has_gone_on_with_is_silent_here() -> None:
    async def main() -> None:
        async with running() as services:
            output = services.outputs.of("s")
            output.connection = connection = Mock()
            services.leave("s")
            connection.close.assert_called_once()
            services.leave("never known")

    run_virtual(main())


def test_an_agent_that_is_replaced_is_the_one_of_new_sessions() -> None:
    async def main() -> None:
        async with running() as services:
            changed = AGENT.__class__(name=AGENT.name, label="New", greeting="Good day.")
            services.replace_agent(changed)
            assert services.agents.default is changed
            assert services.agents["tester"] is changed

    run_virtual(main())

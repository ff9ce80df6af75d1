"""What an operator changes of an agent or of the log at one machine holds at all, and at those that start later."""

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import httpx

from tests.kit.serving import AUTHORITIES
from tests.service.cluster.machines import machines
from tests.service.telephony.processes import Processes

BY_THEN_S = 60.0


def rest_of(machine: Processes) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=f"{machine.url}/api/v1", trust_env=False, verify=AUTHORITIES, timeout=30)


async def model_at(machine: Processes) -> dict[str, Any]:
    """The model of the agent as a machine tells."""
    async with rest_of(machine) as rest:
        model: dict[str, Any] = (await rest.get("/agents/tester")).json()["model"]
        return model


async def put(machine: Processes, **model: object) -> httpx.Response:
    async with rest_of(machine) as rest:
        return await rest.put("/agents/tester", json={"model": model})


async def level_at(machine: Processes) -> str:
    """The level of the log as a machine tells."""
    async with rest_of(machine) as rest:
        level: str = (await rest.get("/logs")).json()["level"]
        return level


async def test_a_change_holds_at_all_machines_and_the_later_one_wins(tmp_path: Path) -> None:
    async with machines(tmp_path, count=3) as at:
        one, other, third = at.all
        answer = await put(one, temperature=1.5, max_tokens=99)
        assert answer.status_code == 200, answer.text
        assert (await put(other, temperature=0.5)).status_code == 200
        for machine in at.all:
            assert ((await model_at(machine))["temperature"], (await model_at(machine))["max_tokens"]) == (0.5, 99)
        async with rest_of(one) as rest:
            assert (await rest.put("/logs", json={"level": "error"})).status_code == 200
        async with rest_of(other) as rest:
            assert (await rest.put("/logs", json={"level": "warning"})).status_code == 200
        assert [await level_at(machine) for machine in at.all] == ["warning"] * 3
        await at.restart(third)
        async with asyncio.timeout(BY_THEN_S):
            while (await model_at(third))["temperature"] != 0.5:  # noqa: ASYNC110  another process learns it
                await asyncio.sleep(0.05)
        assert (await model_at(third))["max_tokens"] == 99
        async with asyncio.timeout(BY_THEN_S):
            while await level_at(third) != "warning":  # noqa: ASYNC110  another process learns it
                await asyncio.sleep(0.05)
        (worker,) = other.workers()
        os.kill(worker, signal.SIGSTOP)
        try:
            refused = await put(one, temperature=0.75)
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
            assert "1 of them do not answer" in refused.text
        finally:
            os.kill(worker, signal.SIGCONT)
        async with asyncio.timeout(BY_THEN_S):
            # It hears of it once it goes on.
            while (await model_at(other))["temperature"] != 0.75:  # noqa: ASYNC110  another process does it
                await asyncio.sleep(0.05)

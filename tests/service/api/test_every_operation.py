"""Every documented operation succeeds on a running server, with live calls, and answers as it is described."""

import asyncio
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs
from websockets.asyncio.client import connect

from tests.cloud.acs.caller import Caller
from tests.cloud.acs.emulator import AcsEmulator
from tests.eval.phone import AGENTS, SECRET, answering
from tests.kit.clients.session_follower import relay_of
from tests.kit.service_kit import FAKES
from tests.kit.serving import AUTHORITIES
from tests.service.api.test_routes_approvals import AGENT_FILE, REFUNDER

TOKEN = "an-operator-token-of-32-characters"
ENGINES = {**FAKES, "SPEECH_SYNTHESIZER": "tests.kit.fakes:fast_synthesizer", "LANGUAGE_MODEL": REFUNDER}
BY_THE_NETWORK = {("POST", "/api/v1/calls/callbacks"), ("POST", "/api/v1/calls/callbacks/{call_secret}")}
"""What the emulated network asks for; the shared address is for those who are told no other."""

Operation = tuple[str, str]

NOT_YET: dict[Operation, int] = {
    ("GET", "/api/v1/sessions/{session_id}/record"): httpx.codes.CONFLICT,
    ("GET", "/api/v1/sessions/{session_id}/audio"): httpx.codes.NOT_FOUND,
}
"""What is answered until there is something to be had; asked again then."""


class Documented:
    """The operations of a document, and those that have succeeded."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.operations = {
            (method.upper(), path): operation
            for path, methods in document["paths"].items()
            for method, operation in methods.items()
        }
        self.succeeded: set[Operation] = set()
        self._components = document["components"]

    def of(self, method: str, path: str) -> Operation:
        """The operation that such a request asks for; a path without parameters comes before one with them."""
        for operation in sorted(self.operations, key=lambda operation: operation[1].count("{")):
            if operation[0] == method and re.fullmatch(re.sub(r"{\w+}", "[^/]+", operation[1]), path):
                return operation
        raise AssertionError(f"{method} {path} is not documented")

    async def check(self, response: httpx.Response) -> None:
        """See that an answer is as described; count one that is a success."""
        await response.aread()
        operation = self.of(response.request.method, response.request.url.path)
        described = self.operations[operation]["responses"]
        assert str(response.status_code) in described, f"{operation}: {response.status_code} is not described"
        if response.status_code == NOT_YET.get(operation):
            return
        assert response.is_success, f"{operation}: {response.status_code} {response.text}"
        self.succeeded.add(operation)
        kind = response.headers.get("content-type", "").partition(";")[0]
        content = described[str(response.status_code)].get("content", {})
        assert kind in content or "*/*" in content or not response.content, f"{operation}: {kind} is not described"
        if kind == "application/json":
            schema = {**content[kind]["schema"], "components": self._components}
            jsonschema_rs.Draft202012Validator(schema).validate(response.json())


@asynccontextmanager
async def client_of(url: str) -> AsyncIterator[tuple[httpx.AsyncClient, Documented]]:
    """An operator's client, each of whose requests has to succeed as it is described."""
    async with httpx.AsyncClient(trust_env=False, verify=AUTHORITIES) as stranger:
        documented = Documented((await stranger.get(f"{url}/openapi.json")).json())
    async with httpx.AsyncClient(
        base_url=url,
        headers={"Authorization": f"Bearer {TOKEN}"},
        event_hooks={"response": [documented.check]},
        timeout=30,
        trust_env=False,
        verify=AUTHORITIES,
    ) as client:
        yield client, documented


async def placed(client: httpx.AsyncClient, acs: AcsEmulator, number: str) -> tuple[str, Caller]:
    """A call that the server has placed and that is up; its id, and who has picked up."""
    body = {"target_number": number, "context": {"case": "7"}}
    call_id = str((await client.post("/api/v1/calls/initiate", json=body)).json()["call_id"])
    callee = await acs.callee(number)
    await callee.connected()
    return call_id, callee


async def look_at_everything(client: httpx.AsyncClient) -> None:
    """Pages, documents, health and lists."""
    for path in ("/", "/docs", "/console", "/static/earshot.js", "/openapi.json", "/asyncapi.json", "/metrics"):
        await client.get(path)
    for path in (
        "health",
        "health/live",
        "health/readiness",
        "readiness",
        "health/actors",
        "logs",
        "sessions",
        "calls",
    ):
        await client.get(f"/api/v1/{path}")
    for path in ("agents", "agents/dentist", "realtime/status", "media/status"):
        await client.get(f"/api/v1/{path}")


async def change_what_can_be_changed(client: httpx.AsyncClient) -> None:
    """The log, an agent, a browser's token."""
    assert (await client.put("/api/v1/logs", json={"level": "warning"})).json()["level"] == "warning"
    await client.put("/api/v1/agents/hotel", json={"model": {"temperature": 0.125}})
    assert (await client.get("/api/v1/agents/hotel")).json()["model"]["temperature"] == 0.125
    token = (await client.post("/api/v1/realtime/token", json={"agent": "hotel", "ttl_s": 60})).json()
    assert token["agent"] == "hotel"


async def order_in_a_call(client: httpx.AsyncClient, acs: AcsEmulator, url: str) -> str:
    """Everything that can be done about a live call, its session and its actors; the id of the session."""
    call_id, callee = await placed(client, acs, "+15550123")
    async with relay_of(url, call_id, TOKEN) as (_, session_id):
        await client.get(f"/api/v1/calls/{call_id}")
        for part in (f"sessions/{session_id}", f"sessions/{session_id}/timeline", f"health/actors/{session_id}"):
            await client.get(f"/api/v1/{part}")
        for kind in ("application/json", "text/vtt", "text/plain"):
            shown = await client.get(f"/api/v1/sessions/{session_id}/transcript", headers={"Accept": kind})
            assert shown.headers["content-type"].startswith(kind)
        await client.post(f"/api/v1/health/actors/{session_id}/synthesizer/restart")
        await client.post(f"/api/v1/calls/{call_id}/hold")
        await client.post(f"/api/v1/calls/{call_id}/unhold")
        made = (await client.post("/api/v1/media/sessions", json={"call_connection_id": call_id})).json()
        await client.get(f"/api/v1/media/sessions/{made['session_id']}")
        await client.post(f"/api/v1/calls/{call_id}/transfer", json={"target": "+15550166"})
        await callee.ended(20)
    return session_id


async def decide_what_waits(client: httpx.AsyncClient, url: str) -> None:
    """A call of a tool that an operator approves."""
    address = f"{url.replace('http', 'ws', 1)}/api/v1/realtime/conversation?session_id=waits&agent=tester"
    async with connect(address, proxy=None, max_size=None) as socket:
        await socket.recv()
        await socket.send('{"type": "text", "text": "my money, please"}')
        path = "/api/v1/sessions/waits/approvals"
        async with asyncio.timeout(60):
            while not (found := (await client.get(path)).json()["approvals"]):  # noqa: ASYNC110  nobody tells
                await asyncio.sleep(0.05)
        await client.post(f"{path}/{found[0]['approval_id']}", json={"decision": "approve"})


async def hear_what_was_recorded(client: httpx.AsyncClient, url: str) -> None:
    """The audio of a browser's session that is over."""
    address = f"{url.replace('http', 'ws', 1)}/api/v1/realtime/conversation?session_id=heard&agent=tester"
    async with connect(address, proxy=None, max_size=None) as socket:
        async with asyncio.timeout(60):
            while '"assistant_final"' not in str(await socket.recv()):  # the notice that it is recorded
                pass
        for _ in range(25):
            await socket.send(bytes(640))
            await asyncio.sleep(0.02)
        await socket.send('{"type": "hang_up"}')
    async with asyncio.timeout(60):
        while not (await client.get("/api/v1/sessions/heard/audio")).is_success:  # noqa: ASYNC110  nobody tells
            await asyncio.sleep(0.1)


async def test_every_operation_succeeds_and_answers_as_described(tmp_path: Path) -> None:
    agents = shutil.copytree(AGENTS.parent, tmp_path / "config") / AGENTS.name
    (agents / "tester.yaml").write_text(AGENT_FILE)
    async with (
        answering(
            **ENGINES,
            AGENTS_DIRECTORY=str(agents),
            OPERATOR_TOKEN=TOKEN,
            OTEL_METRICS_EXPORTER="prometheus",
            RECORD_SESSIONS="all",
            RECORD_AUDIO="on",
            RECORD_DIRECTORY=str(tmp_path / "files"),
        ) as (acs, url),
        client_of(url) as (client, documented),
    ):
        await look_at_everything(client)
        await change_what_can_be_changed(client)
        await decide_what_waits(client, url)
        await hear_what_was_recorded(client, url)
        session_id = await order_in_a_call(client, acs, url)
        for _ in range(200):
            if (await client.get(f"/api/v1/sessions/{session_id}/record")).is_success:
                break
            await asyncio.sleep(0.1)

        call_id, _ = await placed(client, acs, "+15550124")
        async with relay_of(url, call_id, TOKEN) as (_, of_another):
            await client.delete(f"/api/v1/sessions/{of_another}")
        call_id, _ = await placed(client, acs, "+15550125")
        await client.delete(f"/api/v1/calls/{call_id}")
        call_id, _ = await placed(client, acs, "+15550126")
        await client.post("/api/v1/calls/terminate", json={"call_id": call_id})

        announced = acs.incoming_call(acs.ring())
        proof = {"x-earshot-event-grid-secret": SECRET, "aeg-event-type": "Notification"}
        await client.post("/api/v1/calls/answer", json=[announced], headers=proof)
        await client.options("/api/v1/calls/answer", headers={"WebHook-Request-Origin": "eventgrid.azure.net"})

        worker = (await client.get("/api/v1/health/actors")).json()["worker"]
        await client.post(f"/api/v1/workers/{worker}/drain")
        assert documented.operations.keys() - documented.succeeded - BY_THE_NETWORK == set()
        assert [
            delivery.name for delivery in acs.callbacks.deliveries if delivery.attempts and not delivery.taken
        ] == []

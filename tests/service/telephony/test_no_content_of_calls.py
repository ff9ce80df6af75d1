"""With content logging off nothing of a call is told: of its headers, its keys, its tools, or what a provider says."""

import asyncio
import json
import re
import sys
from collections.abc import AsyncIterator, Callable
from itertools import count
from pathlib import Path

import httpx
from websockets.sync.client import connect

from actors.conversation import Role
from actors.ports.llm import ModelEvent, ModelRequest, ReplyGenerated, TextGenerated, ToolCalled
from actors.tools import tool
from tests.cloud.acs.caller import Caller
from tests.kit.collector import http_collector
from tests.kit.redis_server import RedisServer, redis_server
from tests.service.console.console_kit import TOKEN, subprotocols
from tests.service.telephony.processes import Processes, processes
from tests.service.telephony.telephone_kit import UNHURRIED

HERE = "tests.service.telephony.test_no_content_of_calls"
CALLER, PERSON = "+12065550142", "+12065550177"
KEYS = "73915"
PLANTED = {
    "the caller's number": "5550142",
    "a header of the call": "peppercorn",
    "the caller's name": "Hopkins",
    "keys": KEYS,
    "an argument for an MCP server": "tarragon",
    "an argument that is to be approved": "saffron",
    "an argument of a tool that fails": "lovage",
    "what a provider says": "marjoram",
    "the briefing of a warm transfer": "juniper",
    "the operator's token": TOKEN,
}

AGENT = f"""
name: tester
label: Tester
greeting: Hello there.
tools: [transfer_with_briefing, "{HERE}:refund", "{HERE}:fails"]
limits: {{no_input_s: 300}}
mcp_servers:
  - name: crm
    command: {sys.executable}
    args: [-m, tests.kit.mcp_servers.crm]
    tools: [find_customer]
"""


@tool(approval="operator")
async def refund(to: str) -> str:
    """Give somebody their money back."""
    return f"refunded {to}"


@tool
async def fails(because: str) -> str:
    """Fail with the words that it is given."""
    raise ValueError(f"it fails because of {because}")


class Loose:
    """Says what is planted in every call of a tool; at last fails with it."""

    async def reply(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
        """One reply: the tools first, each with something that nobody else may read."""
        told = sum(message.role is Role.TOOL for message in request.messages)
        calls = (
            ("crm_find_customer", {"number": "tarragon"}),
            ("fails", {"because": "lovage"}),
            ("refund", {"to": "saffron"}),
            ("transfer_with_briefing", {"briefing": "juniper wants to cancel"}),
        )
        if not any(each.parameters.get("properties") for each in request.tools if each.name == "crm_find_customer"):
            yield TextGenerated("One moment.")
        elif told < len(calls):
            name, arguments = calls[told]
            yield ToolCalled(call_id=f"c{told}", name=name, arguments=json.dumps(arguments))
        elif request.messages[-1].role is Role.USER:
            raise RuntimeError("the provider says marjoram")
        else:
            yield TextGenerated("That is done.")
        yield ReplyGenerated()

    async def close(self) -> None:
        """Nothing is held."""


def loose() -> Loose:
    """The plug-in."""
    return Loose()


def asked(server: Processes, path: str, method: str = "GET", **body: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    return httpx.request(method, server.url + path, headers=headers, json=body or None, trust_env=False, timeout=60)


def of_console(server: Processes) -> str:
    """What a console is sent first."""
    address = server.url.replace("http", "ws", 1) + "/api/v1/console"
    with connect(address, subprotocols=subprotocols(TOKEN), proxy=None, open_timeout=60, close_timeout=1) as socket:
        return str(socket.recv(timeout=60))


async def pressing(caller: Caller, happened: Callable[[], bool]) -> None:
    """Press the keys, now and then, until something has happened."""
    async with asyncio.timeout(90):
        for attempt in count():
            if attempt % 30 == 0:
                caller.press(f"{KEYS}#")
            if await asyncio.to_thread(happened):
                return
            await asyncio.sleep(0.1)


async def shown(server: Processes, session_id: str) -> list[str]:
    """What operators are shown of the session."""
    paths = (
        *(f"/api/v1/sessions/{session_id}{part}" for part in ("", "/timeline", "/record", "/approvals")),
        f"/api/v1/health/actors/{session_id}",
        "/api/v1/health/actors",
        "/api/v1/readiness",
        "/metrics",
    )
    return [(await asyncio.to_thread(asked, server, path)).text for path in paths] + [
        await asyncio.to_thread(of_console, server)
    ]


def keys_of(redis: RedisServer) -> str:
    """The names of all that Redis has; what is in records is to be as private as the server."""
    return redis.command("KEYS", "*")


IDS = re.compile(r"\b(?=\d*[a-f])[0-9a-f]{8,}\b")
"""Of traces, spans and requests: hexadecimal, with a letter at least."""


def is_told(secret: str, text: str) -> bool:
    """Whether a text holds a secret; digits in the middle of a number or an id are those of a time, or of chance."""
    if not secret.isdecimal():
        return secret in text
    return re.search(rf"(?<![\d.]){secret}", IDS.sub("", text)) is not None


async def test_nothing_of_a_call_is_told_to_anybody(tmp_path: Path) -> None:
    files = tmp_path / "sessions"
    with http_collector() as collector, redis_server(tmp_path) as redis:
        async with processes(tmp_path, AGENT) as (acs, server):
            await server.start(
                OPERATOR_TOKEN=TOKEN,
                LOG_LEVEL="debug",
                LANGUAGE_MODEL=f"{HERE}:loose",
                SPEECH_SYNTHESIZER=UNHURRIED,
                REDIS_URL=redis.url,
                HANDOFF_PHONE_NUMBER=PERSON,
                RECORD_SESSIONS="all",
                RECORD_DIRECTORY=str(files),
                OTEL_EXPORTER_OTLP_ENDPOINT=collector.url,
                OTEL_METRICS_EXPORTER="otlp,prometheus",
                OTEL_METRIC_EXPORT_INTERVAL="500",
                OTEL_BSP_SCHEDULE_DELAY="200",
            )
            ringing = acs.ring(CALLER)
            event = acs.incoming_call(ringing, {"User-To-User": "peppercorn"})
            event["data"]["callerDisplayName"] = "Hopkins"
            await acs.event_grid.deliver(f"{server.url}/api/v1/calls/answer", [event])
            caller: Caller = ringing.caller
            await caller.connected()
            await caller.hears_reply(quiet_ms=300, since_s=caller.ear.started_s)
            (session,) = (await asyncio.to_thread(asked, server, "/api/v1/sessions")).json()["sessions"]
            session_id = session["session_id"]
            path = f"/api/v1/sessions/{session_id}/approvals"
            # The MCP server has told its tools by then.
            await pressing(caller, lambda: bool(asked(server, path).json()["approvals"]))
            (waiting,) = (await asyncio.to_thread(asked, server, path)).json()["approvals"]
            outputs = await shown(server, session_id)
            decided = f"{path}/{waiting['approval_id']}"
            assert (await asyncio.to_thread(asked, server, decided, "POST", decision="approve")).status_code == 200
            person = await acs.callee(PERSON)
            person.hang_up()
            outputs += await shown(server, session_id)
            await pressing(caller, lambda: "RuntimeError" in server.log())
            outputs += await shown(server, session_id)
            caller.hang_up()
            async with asyncio.timeout(60):
                while not (list(files.glob("*.jsonl")) if files.exists() else []):  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
                while not any(span.name == "session" for span in collector.spans):  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
            outputs += await shown(server, session_id)
            record = (await asyncio.to_thread(asked, server, f"/api/v1/sessions/{session_id}/record")).json()
            outputs += [file.read_text("utf-8") for file in files.glob("*.jsonl")]
            outputs += [body.decode("latin-1") for body in collector.raw]
            outputs += [keys_of(redis), server.log()]
    found = {what: text[:300] for text in outputs for what, secret in PLANTED.items() if is_told(secret, text)}
    assert found == {}
    assert {"crm_find_customer", "fails", "refund", "transfer_with_briefing"} <= {
        each["name"] for each in record["tools"]
    }
    assert "fails" in {each["name"] for each in record["tools"] if each["failed"]}

"""Operators approve and decline calls of tools by REST: who may, what they are shown, and at whichever worker."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from unittest.mock import Mock
from urllib.parse import quote

import httpx
import msgspec
import pytest
from websockets.sync.client import connect

from actors.conversation import Role
from actors.messages.caller import InterruptRequested
from actors.ports.llm import ModelEvent, ModelRequest, ReplyGenerated, TextGenerated, ToolCalled
from actors.session.tools.approvals import PendingApproval
from actors.tools import tool
from app.console.summary import Summaries
from tests.kit.service_kit import FAKES, running
from tests.kit.serving import AUTHORITIES, EARSHOT, eventually, serving
from tests.kit.session_kit import AGENT
from tests.service.auth.test_browser import CONVERSATION, OPERATOR, Guarded

MADE: list[str] = []
TOLD: list[str] = []
AS_OPERATOR = {"authorization": f"Bearer {OPERATOR}"}
REFUNDER = "tests.service.api.test_routes_approvals:refunder"
ARGUMENTS = '{"to": "Ada"}'


class Refunder:
    """Calls the tool for whatever the user says, twice at once if they say so, then says what came of it."""

    async def reply(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
        """One reply."""
        last = request.messages[-1]
        if last.role is Role.TOOL:
            TOLD.append(last.text)
            yield TextGenerated("It is done." if last.text == '"refunded"' else "It is not done.")
        else:
            for call_id in ("c1", "c2") if "twice" in last.text else ("c1",):
                yield ToolCalled(call_id=call_id, name="refund", arguments=ARGUMENTS)
        yield ReplyGenerated()

    async def close(self) -> None:
        """Nothing is held."""


def refunder() -> Refunder:
    """The plug-in."""
    return Refunder()


@tool(approval="operator")
async def refund(to: str) -> str:
    """Give somebody their money back."""
    MADE.append(to)
    return "refunded"


REFUNDING = msgspec.structs.replace(AGENT, greeting="", tools=("refund",))


def pending(guard: Guarded) -> tuple[PendingApproval, ...]:
    return guard.service.sessions.live["s1"].tool_runs.approvals.pending()


@asynccontextmanager
async def waiting(**environ: str) -> AsyncIterator[tuple[Guarded, dict[str, Any]]]:
    """A session `s1` with a call that waits, and that call as an operator is shown it."""
    MADE.clear()
    TOLD.clear()
    access = {"BROWSER_AUTH": "token", "OPERATOR_TOKEN": OPERATOR, "ALLOWED_HOSTS": "voice.example"}
    model = {"LANGUAGE_MODEL": REFUNDER}
    async with running({**access, **model, **environ}, REFUNDING, {"refund": refund}) as service:
        guard = Guarded(service)
        try:
            await guard.announced(session_id="s1", token=await guard.token(session_id="s1"))
            guard.sockets[0].send('{"type": "text", "text": "my money, please"}')
            async with asyncio.timeout(60):
                while not pending(guard):  # noqa: ASYNC110  nobody tells when a tool is called
                    await asyncio.sleep(0.005)
            (found,) = (await guard.get("/sessions/s1/approvals", OPERATOR)).json()["approvals"]
            yield guard, found
        finally:
            for socket in guard.sockets:
                socket.close()


async def decide(guard: Guarded, approval_id: str, session_id: str = "s1", **asked: Any) -> httpx.Response:
    path = f"/api/v1/sessions/{session_id}/approvals/{quote(approval_id, safe='')}"
    return await guard.client.post(path, json=asked, headers=AS_OPERATOR)


async def told() -> str:
    """What the model is told."""
    async with asyncio.timeout(60):
        while not TOLD:  # noqa: ASYNC110  nobody tells when a model is asked
            await asyncio.sleep(0.005)
    return TOLD[0]


async def test_what_waits_is_shown_and_run_when_it_is_approved(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with waiting() as (guard, call):
        assert set(call) == {"approval_id", "tool", "arguments", "asked_at", "expires_at"}
        assert (call["tool"], call["arguments"]) == ("refund", None)
        assert MADE == []
        answer = await decide(guard, call["approval_id"], decision="approve", reason="the usual")
        assert (answer.status_code, answer.json()) == (
            200,
            {"session_id": "s1", "approval_id": call["approval_id"], "decision": "approve"},
        )
        assert (await told(), MADE) == ('"refunded"', ["Ada"])
        assert (await guard.get("/sessions/s1/approvals", OPERATOR)).json()["approvals"] == []
        (line,) = [record for record in caplog.records if record.getMessage() == "tool call decided"]
        noted = {name: getattr(line, name) for name in ("about_session_id", "about_approval_id", "tool", "decision")}
        assert (line.name, noted) == (
            "earshot.audit",
            {
                "about_session_id": "s1",
                "about_approval_id": call["approval_id"],
                "tool": "refund",
                "decision": "approve",
            },
        )
        assert not any("Ada" in record.getMessage() for record in caplog.records)


async def test_the_model_is_told_the_reason_of_what_is_declined() -> None:
    async with waiting() as (guard, call):
        assert (await decide(guard, call["approval_id"], decision="decline", reason="too late")).status_code == 200
        assert json.loads(await told()) == {"error": "not done: an operator declined it: too late"}
        assert MADE == []


async def test_the_first_decision_holds() -> None:
    async with waiting() as (guard, call):
        assert (await decide(guard, call["approval_id"], decision="decline")).status_code == 200
        again = await decide(guard, call["approval_id"], decision="approve")
        assert (again.status_code, again.json()["detail"]) == (
            404,
            "no call of that id waits: it was decided or given up, or nobody decided in time",
        )
        await told()
        assert MADE == []


async def test_what_was_interrupted_cannot_be_approved_any_more() -> None:
    async with waiting() as (guard, call):
        guard.service.sessions.live["s1"].deliver(InterruptRequested())
        async with asyncio.timeout(60):
            while pending(guard):  # noqa: ASYNC110  as above
                await asyncio.sleep(0.005)
        assert (await guard.get("/sessions/s1/approvals", OPERATOR)).json()["approvals"] == []
        assert (await decide(guard, call["approval_id"], decision="approve")).status_code == 404
        assert MADE == []


async def test_nobody_but_an_operator_decides() -> None:
    async with waiting() as (guard, call):
        own = await guard.token(session_id="s1")
        path = f"/api/v1/sessions/s1/approvals/{call['approval_id']}"
        for headers in ({}, {"origin": "http://voice.example"}, {"authorization": f"Bearer {own}"}):
            asked = {"decision": "approve"}
            assert (await guard.client.post(path, json=asked, headers=headers)).status_code == 401
            assert (await guard.client.get("/api/v1/sessions/s1/approvals", headers=headers)).status_code == 401
        assert MADE == []
        assert len(pending(guard)) == 1


@pytest.mark.parametrize(
    ("asked", "field", "part"),
    [
        ({}, "decision", "required"),
        ({"decision": "yes"}, "decision", "expected one of approve, decline"),
        ({"decision": None}, "decision", ""),
        ({"decision": "decline", "reason": "x" * 301}, "reason", "length"),
        ({"decision": "decline", "reason": 7}, "reason", "expected str"),
    ],
)
async def test_what_cannot_be_used_is_named(asked: dict[str, Any], field: str, part: str) -> None:
    async with waiting() as (guard, call):
        answer = await decide(guard, call["approval_id"], **asked)
        assert answer.status_code == 422
        (error,) = answer.json()["errors"]
        assert error["field"] == field
        assert part in error["message"]
        assert len(pending(guard)) == 1


async def test_what_is_not_there_is_not_found() -> None:
    async with waiting() as (guard, call):
        for session_id, approval_id in (("s2", call["approval_id"]), ("s1", "1-x"), ("s1", "\u00e4 b")):
            assert (await decide(guard, approval_id, session_id, decision="approve")).status_code == 404
        assert (await guard.get("/sessions/s2/approvals", OPERATOR)).status_code == 404


@pytest.mark.parametrize("content", [False, True])
async def test_arguments_are_shown_where_content_may_be(content: bool) -> None:
    async with waiting(LOG_CONTENT="on" if content else "off") as (guard, call):
        assert call["arguments"] == (ARGUMENTS if content else None)
        assert (await guard.get("/sessions/s1/approvals", OPERATOR)).json()["content"] is content
        summaries = Summaries(
            lifecycle=guard.service.lifecycle,
            engines=guard.service.engines,
            sessions=guard.service.sessions,
            watchdog=Mock(lag=Mock(recent_ms=1.0)),
            limits=guard.service.settings.limits,
            content=content,
        )
        (shown,) = summaries.present().approvals
        assert (shown.session_id, shown.approval_id, shown.tool) == ("s1", call["approval_id"], "refund")
        assert shown.arguments == (ARGUMENTS if content else "")


AGENT_FILE = """
name: tester
label: Tester
greeting: Hello there.
tools: ["tests.service.api.test_routes_approvals:refund"]
"""


def test_an_operator_is_answered_by_whichever_worker_they_come_to(tmp_path: Path) -> None:
    (tmp_path / "tester.yaml").write_text(AGENT_FILE)
    environ = {
        **FAKES,
        "AGENTS_DIRECTORY": str(tmp_path),
        "LANGUAGE_MODEL": REFUNDER,
        "OPERATOR_TOKEN": OPERATOR,
        "WEB_CONCURRENCY": "2",
    }
    with serving(EARSHOT, **environ) as server:
        address = f"{server.url.replace('http', 'ws', 1)}{CONVERSATION}?session_id=s1"
        with connect(address, proxy=None, open_timeout=60, close_timeout=1, max_size=None, max_queue=None) as socket:
            socket.recv(timeout=60)
            socket.send('{"type": "text", "text": "my money, please"}')
            listed: dict[int, list[dict[str, Any]]] = {}
            refused: dict[int, str] = {}
            approvals, decision = "/sessions/s1/approvals", {"decision": "approve"}

            def is_waiting_at_both() -> bool:
                # One connection is one worker.
                with httpx.Client(
                    base_url=f"{server.url}/api/v1", headers=AS_OPERATOR, trust_env=False, verify=AUTHORITIES
                ) as client:
                    worker = client.get("/health/actors").json()["worker"]
                    listed[worker] = client.get(approvals).json()["approvals"]
                    refused[worker] = client.post(f"{approvals}/unknown", json=decision).json()["detail"]
                    return len(listed) == 2 and all(listed.values())

            eventually(is_waiting_at_both, 60)
            (one,), (other,) = listed.values()
            assert one == other
            # The worker that has the session has answered both.
            assert all(detail.startswith("no call of that id waits") for detail in refused.values())
            path = f"{server.url}/api/v1{approvals}/{one['approval_id']}"
            answer = httpx.post(
                path, json=decision, headers=AS_OPERATOR, trust_env=False, verify=AUTHORITIES, timeout=60
            )
            assert answer.status_code == 200, answer.text
            heard: list[str] = []

            def is_done() -> bool:
                heard.append(str(socket.recv(timeout=60)))
                return "It is done." in heard[-1]

            eventually(is_done, 60)

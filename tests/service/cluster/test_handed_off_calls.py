"""A call that was handed off goes on with the agent that has it when the worker of the call is killed."""

import asyncio
from pathlib import Path
from typing import Any

import httpx

from tests.kit.redis_server import redis_server
from tests.kit.serving import AUTHORITIES, eventually
from tests.service.telephony.processes import greeted, processes

DESK = """
name: tester
label: Desk
greeting: Hello there.
tools: [end_conversation]
handoffs: [{agent: billing, when: It is about money.}]
dialogue:
  fallback: {escalate_after: 1, escalation: [One moment.], tool: handoff_to_billing}
"""
BILLING = """
name: billing
label: Billing
introduction: This is billing.
tools: [end_conversation]
dialogue:
  taken_over: ["What is it?"]
  fallback: {reply: [Billing does not know.]}
"""
GOES_ON_S = 60.0


def heard(url: str) -> list[tuple[str, str]]:
    """What was heard in the only session, each with the name of the agent that said it."""
    with httpx.Client(base_url=f"{url}/api/v1", trust_env=False, verify=AUTHORITIES, timeout=GOES_ON_S) as rest:
        (session,) = rest.get("/sessions").json()["sessions"]
        transcript: dict[str, Any] = rest.get(f"/sessions/{session['session_id']}/transcript").json()
    return [(entry["agent"], entry["text"]) for entry in transcript["entries"] if entry["role"] == "assistant"]


async def until_heard(url: str, text: str) -> list[tuple[str, str]]:
    """The same, once `text` is in it."""

    def is_heard() -> bool:
        return text in [said for _, said in heard(url)]

    await asyncio.to_thread(eventually, is_heard, GOES_ON_S)
    return heard(url)


async def test_the_caller_goes_on_with_the_agent_that_has_the_conversation(tmp_path: Path) -> None:
    with redis_server(tmp_path) as redis:
        async with processes(tmp_path, DESK) as (acs, server):
            (tmp_path / "agents" / "billing.yaml").write_text(BILLING)
            await server.start(REDIS_URL=redis.url, LANGUAGE_MODEL="script", DEFAULT_AGENT="tester")
            caller = await greeted(acs, server.url, 1)
            caller.press("5#")
            assert await until_heard(server.url, "What is it?") == [
                ("tester", "Hello there."),
                ("tester", "One moment."),
                ("billing", "This is billing."),
                ("billing", "What is it?"),
            ]
            killed_s = asyncio.get_running_loop().time()
            server.kill_workers()
            # It is told that the line was cut, by the agent that it talked with.
            await caller.hears_voice(since_s=killed_s + 0.5, timeout_s=GOES_ON_S)
            await caller.hears_silence(1_000)
            caller.press("7#")
            found = await until_heard(server.url, "Billing does not know.")
            assert {agent for agent, _ in found[2:]} == {"billing"}
            assert "This is billing." not in [text for _, text in found[4:]]
            caller.hang_up()
            await caller.ended()

"""A browser's conversation with a speech-to-speech model goes on at another server, by its resume token: real processes
and a real Redis. The model of the new session knows what was said in the former one, as it was heard."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from websockets.asyncio.client import connect

from app.stores.redis_store import checkpoint_key
from tests.cloud.realtime.emulator import RealtimeEmulator
from tests.cloud.realtime.replies import Heard, Reply
from tests.kit.clients.spoken_caller import SpokenCaller
from tests.kit.redis_server import redis_server
from tests.kit.service_kit import FAKES
from tests.kit.serving import AUTHORITIES, EARSHOT, Server, children, serving
from tests.service.cluster.test_open_orders import ENDS, until
from tests.service.voice_live_kit import TURN, WAIT_S

AGENT = """
name: tester
label: Tester
greeting: Hello there.
limits: {no_input_s: 300, reconnect_s: 120, filler_after_ms: 300_000}
"""
"""Waits for whoever says nothing, or is away, and says nothing of its own, however long a busy machine takes."""
LONG_WORDS = 40
ASKED = ("Are you open?", "Tell me more.", "And on Sunday?")
GONE_S = 60.0


@asynccontextmanager
async def browsing(server: Server, asked: str) -> AsyncIterator[SpokenCaller]:
    """A browser's conversation at this server."""
    url = f"{server.url.replace('http', 'ws', 1)}/api/v1/realtime/conversation?{asked}"
    async with connect(url, max_size=None, proxy=None, open_timeout=WAIT_S) as socket:
        person = SpokenCaller(socket, snr_db=None)
        try:
            yield person
        finally:
            await person.leave()


async def told(person: SpokenCaller) -> dict[str, Any]:
    """What the server says first: who the session is, and how it is resumed."""
    await person.until(lambda caller: caller.events or caller.closed, WAIT_S)
    payload: dict[str, Any] = person.events[0]["payload"]
    return payload


async def said(server: Server, session_id: str) -> list[str]:
    """What was said in the session, as the API of this server has it."""
    async with httpx.AsyncClient(base_url=f"{server.url}/api/v1", trust_env=False, verify=AUTHORITIES) as rest:
        entries = (await rest.get(f"/sessions/{session_id}/transcript")).json().get("entries", [])
    return [entry["text"] for entry in entries]


async def until_said(server: Server, session_id: str, texts: list[str]) -> None:
    """Wait until just this was said in the session."""
    found: list[str] = []

    async def is_so() -> bool:
        found[:] = await said(server, session_id)
        return found == texts

    try:
        await until(is_so)
    except TimeoutError:
        raise AssertionError(f"what was said is {found}") from None


@ENDS
async def test_a_browser_s_conversation_goes_on_in_the_midst_of_a_reply(tmp_path: Path, how: str) -> None:
    (tmp_path / "agents").mkdir()
    (tmp_path / "agents" / "tester.yaml").write_text(AGENT)
    short = Reply(text="It is open until six.", tone_hz=500)
    long = Reply(text=" ".join(f"word{number}" for number in range(LONG_WORDS)), tone_hz=700)
    async with RealtimeEmulator() as model:
        model.plan.default, model.plan.speed = short, 10.0
        model.plan.replies.extend([short, long])
        model.plan.heard.extend(Heard(text=text) for text in ASKED)
        with redis_server(tmp_path) as redis, ExitStack() as stack:
            own = {"REDIS_URL": redis.url, "AGENTS_DIRECTORY": str(tmp_path / "agents"), "DRAIN_POLICY": "hand_over"}
            variables = {**FAKES, **model.environment(), **own, "DRAIN_GRACE_S": "20"}
            former, later = [
                await asyncio.to_thread(stack.enter_context, serving(EARSHOT, **variables)) for _ in range(2)
            ]
            async with browsing(former, "streaming_mode=voice_live") as first:
                session = await told(first)
                session_id = session["session_id"]
                await first.reply(0)
                await first.say(TURN)
                await until_said(former, session_id, ["Hello there.", ASKED[0], short.text])
                heard_s = first.heard_s
                await first.say(TURN)
                await first.until(lambda caller: caller.heard_s > heard_s + 0.5 or caller.closed, WAIT_S)

                async def is_kept() -> bool:
                    return long.text.split()[-1] in redis.command("GET", checkpoint_key(session_id))

                if how == "kill":
                    # Who is told to end waits by itself until the model has told all that it says.
                    await until(is_kept)
                    for pid in children(former.process.pid):
                        os.kill(pid, signal.SIGKILL)
                else:
                    former.signal(signal.SIGTERM)
                await first.until(lambda caller: caller.closed, GONE_S)
            resumes = f"session_id={session_id}&resume_token={session['resume_token']}&streaming_mode=voice_live"
            async with browsing(later, resumes) as second:
                assert (await told(second))["resumed"]
                whole = ["Hello there.", ASKED[0], short.text, ASKED[1], long.text]
                await until_said(later, session_id, whole)
                await second.say(TURN)
                await until_said(later, session_id, [*whole, ASKED[2], short.text])
            items = model.sessions[-1].conversation.items.values()
            known = [content.get("text") or content.get("transcript") for item in items for content in item["content"]]
            assert known == [*whole, ASKED[2], short.text], "its model knows all of it, in that order"

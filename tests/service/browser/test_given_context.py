"""A backend begins a browser's session for a user it knows: what it says of them reaches the agent, and no page."""

import asyncio
import base64
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import jwt
import msgspec
import pytest
from websockets.sync.client import connect

from actors.conversation import Ending
from actors.messages.caller import EndSession
from actors.ports.llm import ModelEvent, ModelRequest, ReplyGenerated, TextGenerated
from actors.session.sessions import SessionEntry
from actors.session_context import Channel, SessionContext
from app.auth.browser import AUDIENCE, ISSUER
from tests.kit.clients.asgi_socket import AsgiSocket
from tests.kit.service_kit import FAKES, running
from tests.kit.serving import AUTHORITIES, EARSHOT, serving
from tests.kit.session_kit import AGENT
from tests.service.auth.test_browser import CONVERSATION, OPERATOR, Guarded, behind_entra, of_tenant

SEEN: list[ModelRequest] = []
ASKED: list[SessionContext] = []
BACKEND = {"authorization": f"Bearer {OPERATOR}"}
PAGE = {"origin": "http://voice.example"}
GIVEN = {"context": {"customer": "Ada Lovelace", "orders": [{"id": 7}]}, "caller_name": "Ada", "language": "DE-de"}


class Curious:
    """A model that notes what it is asked."""

    async def reply(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
        """One reply."""
        SEEN.append(request)
        yield TextGenerated("I see.")
        yield ReplyGenerated()

    async def close(self) -> None:
        """Nothing is held."""


def curious() -> Curious:
    """The plug-in."""
    return Curious()


async def look_up(about: SessionContext) -> dict[str, str]:
    """The hook `on_session`."""
    ASKED.append(about)
    return {"balance": f"{len(about.context)} dollars"}


KNOWING = msgspec.structs.replace(
    AGENT,
    greeting="Hello, {{caller_name}}. {{customer}} has {{balance}}.",
    variables={"customer": "nobody", "balance": "nothing"},
    languages=("en-US", "de-DE"),
    on_session="tests.service.browser.test_given_context:look_up",
)


@asynccontextmanager
async def knowing(host: str = "203.0.113.5", **environ: str) -> AsyncIterator[Guarded]:
    SEEN.clear()
    ASKED.clear()
    access = {"BROWSER_AUTH": "token", "OPERATOR_TOKEN": OPERATOR, "ALLOWED_HOSTS": "voice.example"}
    model = {"LANGUAGE_MODEL": "tests.service.browser.test_given_context:curious"}
    async with running({**access, **model, **environ}, KNOWING) as service:
        guard = Guarded(service, host)
        try:
            yield guard
        finally:
            for socket in guard.sockets:
                socket.close()


async def issued(guard: Guarded, **asked: Any) -> dict[str, str]:
    answer = await guard.ask(BACKEND, **asked)
    assert answer.status_code == 200, answer.text
    found: dict[str, str] = answer.json()
    return found


async def begun(guard: Guarded, session_id: str) -> SessionEntry:
    """The session, once the hook has answered."""
    entry = guard.service.sessions.live[session_id]
    async with asyncio.timeout(60):
        while entry.session is None:  # noqa: ASYNC110  nobody tells when a supervisor is started
            await asyncio.sleep(0.005)
    return entry


async def over(guard: Guarded, session_id: str) -> None:
    """End a session, and wait until it is."""
    guard.service.sessions.live[session_id].deliver(EndSession(Ending.NORMAL, politely=False))
    async with asyncio.timeout(60):
        while session_id in guard.service.sessions.live:  # noqa: ASYNC110  as above
            await asyncio.sleep(0.005)


async def test_it_reaches_greeting_hook_tools_and_model(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with knowing() as guard:
        token = (await issued(guard, session_id="s1", **GIVEN))["token"]
        announced = await guard.announced(token=token)
        entry = await begun(guard, "s1")
        assert ASKED[0].context == GIVEN["context"]
        assert (ASKED[0].channel, ASKED[0].caller_name, ASKED[0].language) == (Channel.BROWSER, "Ada", "de-DE")
        assert entry.plan.agent.greeting == "Hello, Ada. Ada Lovelace has 2 dollars."
        assert entry.plan.agent.languages == ("de-DE",)
        guard.sockets[0].send('{"type": "text", "text": "hello"}')
        async with asyncio.timeout(60):
            while not SEEN:  # noqa: ASYNC110  as above
                await asyncio.sleep(0.005)
        for part in ('"caller_name":"Ada"', "They speak de-DE", '"orders":[{"id":7}]', '"balance":"2 dollars"'):
            assert part in SEEN[0].preamble
        assert "Lovelace" not in json.dumps(announced)
        for path in ("/sessions", "/sessions/s1"):
            assert "Lovelace" not in (await guard.get(path, token)).text
        assert not any("Lovelace" in record.getMessage() for record in caplog.records)


async def test_the_page_can_neither_read_nor_change_it() -> None:
    async with knowing() as guard:
        known = (await issued(guard, session_id="s1", **GIVEN))["token"]
        other = (await issued(guard, session_id="s1", context={"customer": "Eve"}))["token"]
        head, body, signature = known.split(".")
        claims = jwt.decode(known, options={"verify_signature": False})
        assert b"Ada" not in base64.urlsafe_b64decode(body + "==")
        assert b"Ada" not in base64.urlsafe_b64decode(claims["given"])
        spliced = f"{head}.{other.split('.')[1]}.{signature}"
        assert await guard.refusal(session_id="s1", token=spliced) == "token forged"
        access = guard.service.browser_access
        opened = {"iss": ISSUER, "aud": AUDIENCE, **claims, "given": '{"context": {"customer": "Eve"}}'}
        unsealed = jwt.encode(opened, access._key, "HS256")
        refusal = await guard.refusal(session_id="s1", token=unsealed)
        assert refusal == "token with a context that is not this server's"
        assert await guard.refusal(session_id="s2", token=known) == "token for another session"
        assert guard.service.sessions.live == {}


@pytest.mark.parametrize("given", [{"context": {}}, {"caller_name": "Eve"}, {"language": "en-US"}])
async def test_nobody_but_an_operator_gives_any(given: dict[str, Any]) -> None:
    refusal = "context, caller_name and language are an operator's to give, such as a backend with OPERATOR_TOKEN"
    async with knowing() as guard:
        answer = await guard.ask(PAGE, **given)
        assert (answer.status_code, answer.json()["detail"]) == (403, refusal)
        assert (await guard.ask({"authorization": "Bearer wrong"}, **given)).status_code == 401
    async with knowing(BROWSER_AUTH="off") as guard:
        for headers in (PAGE, {}, {"authorization": "Bearer wrong"}):
            assert (await guard.ask(headers, **given)).status_code == 403
    async with behind_entra() as (guard, entra):
        user = await guard.ask({"authorization": f"Bearer {of_tenant(entra)}"}, **given)
        assert (user.status_code, user.json()["detail"]) == (403, refusal)
        operator = of_tenant(entra, roles=["Earshot.Operator"])
        assert (await guard.ask({"authorization": f"Bearer {operator}"}, **given)).status_code == 200


def nested(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(levels - 1):
        value = {"deeper": value}
    return value


@pytest.mark.parametrize(
    ("asked", "field", "part"),
    [
        ({"context": nested(5)}, "context", "at most 4 levels"),
        ({"context": {str(n): n for n in range(51)}}, "context", "50 entries"),
        ({"context": {"list": [1] * 51}}, "context", "50 entries"),
        ({"context": {"k" * 65: 1}}, "context", "64 characters in a key"),
        ({"context": {"text": "x" * 501}}, "context", "500 in a text"),
        ({"context": {f"k{n}": "x" * 400 for n in range(5)}}, "context", "at most 2,000 bytes"),
        ({"context": {"text": "<" * 400}}, "context", "at most 2,000 bytes"),
        ({"context": ["Ada"]}, "context", "expected object"),
        ({"context": "Ada"}, "context", "expected object"),
        ({"caller_name": "x" * 129}, "caller_name", "length"),
        ({"caller_name": 7}, "caller_name", "expected str"),
        ({"language": "fr-FR"}, "language", "one of en-US, de-DE"),
        ({"language": "x" * 36}, "language", "length"),
    ],
)
async def test_what_cannot_be_used_is_named(asked: dict[str, Any], field: str, part: str) -> None:
    async with knowing() as guard:
        answer = await guard.ask(BACKEND, **asked)
        assert answer.status_code == 422
        (error,) = answer.json()["errors"]
        assert error["field"] == field
        assert part in error["message"]


async def test_the_most_that_is_taken_is_told_whole_and_fits_into_an_address() -> None:
    most = {f"k{n}": "x" * 489 for n in range(4)}
    async with knowing() as guard:
        token = (await issued(guard, session_id="s" * 128, context=most, caller_name="\U0001f600" * 128))["token"]
        assert len(f"{CONVERSATION}?{urlencode({'token': token, 'session_id': 's' * 128})}") < 8_000
        await guard.announced(token=token)
        assert (await begun(guard, "s" * 128)).plan.about.context == {**most, "balance": "4 dollars"}


async def test_a_session_keeps_what_it_was_begun_with() -> None:
    async with knowing() as guard:
        known = (await issued(guard, session_id="s1", **GIVEN))["token"]
        other = (await issued(guard, session_id="s1", context={"customer": "Eve"}))["token"]
        resume = (await guard.announced(token=known))["resume_token"]
        entry = await begun(guard, "s1")
        await guard.announced(token=other, session_id="s1", resume_token=resume)
        assert guard.service.sessions.live["s1"] is entry
        assert entry.plan.about.context["customer"] == "Ada Lovelace"
        assert entry.session is not None
        record = entry.session.record()
        # It is gone on with where it is not live, with a token that the page got by itself, or with another context.
        for token in (await guard.token(session_id="s1"), other):
            await over(guard, "s1")
            await guard.service.engines.store.save(record)
            assert (await guard.announced(token=token, session_id="s1", resume_token=resume))["resumed"]
            later = await begun(guard, "s1")
            assert later is not entry
            assert later.plan.about.context["customer"] == "Ada Lovelace"
            assert (later.plan.about.caller_name, later.plan.agent.languages) == ("Ada", ("de-DE",))


async def test_where_no_token_is_demanded_one_with_a_context_is_heeded_all_the_same() -> None:
    async with knowing(BROWSER_AUTH="off") as guard:
        token = (await issued(guard, session_id="s1", **GIVEN))["token"]
        assert await guard.refusal(session_id="s2", token=token) == "token for another session"
        assert (await guard.announced(token=token))["session_id"] == "s1"
        assert (await begun(guard, "s1")).plan.about.caller_name == "Ada"
        for unknown in ("x.y.z", f"{token}x"):
            announced = await guard.announced(token=unknown)
            entry = await begun(guard, announced["session_id"])
            assert (entry.plan.about.caller_name, entry.plan.given) == ("", None)


async def test_a_program_on_this_machine_is_a_backend_where_there_is_no_operators_token() -> None:
    async with running({"ALLOWED_HOSTS": "voice.example"}, KNOWING) as service:
        guard = Guarded(service, "127.0.0.1")
        here = {"host": "localhost:8000"}
        token = (await guard.ask(here, **GIVEN)).json()["token"]
        assert (await guard.ask({**here, "origin": "http://localhost:8000"}, **GIVEN)).status_code == 403
        socket = AsgiSocket(guard.app, CONVERSATION, here, token=token)
        guard.sockets.append(socket)
        announced = msgspec.json.decode(await asyncio.wait_for(socket.recv(), 60))["payload"]
        assert (await begun(guard, announced["session_id"])).plan.about.caller_name == "Ada"
        socket.close()


AGENT_FILE = """
name: tester
label: Tester
greeting: Hello, {{customer}}.
variables: {customer: nobody}
"""


def greeting_at(url: str, token: str) -> str:
    """What a browser with this token is greeted with."""
    with connect(f"{url.replace('http', 'ws', 1)}{CONVERSATION}?token={token}", proxy=None, open_timeout=60) as socket:
        while True:
            message = socket.recv(timeout=60)
            if isinstance(message, str) and "Hello, " in message:
                return message


def test_the_token_may_come_to_any_worker(tmp_path: Path) -> None:
    (tmp_path / "tester.yaml").write_text(AGENT_FILE)
    environ = {"AGENTS_DIRECTORY": str(tmp_path), "BROWSER_AUTH": "token", "WEB_CONCURRENCY": "2"}
    with serving(EARSHOT, **FAKES, **environ) as server:
        workers: dict[int, list[str]] = {}
        # One connection is one worker; its tokens are opened by new connections, which come to both.
        while len(workers) < 2:
            assert sum(map(len, workers.values())) < 200
            with httpx.Client(
                base_url=f"{server.url}/api/v1", trust_env=False, verify=AUTHORITIES, timeout=60
            ) as client:
                worker = client.get("/health/actors").json()["worker"]
                asked = {"context": {"customer": f"Ada of {worker}"}}
                workers.setdefault(worker, []).append(client.post("/realtime/token", json=asked).json()["token"])
        for worker, (token, *_) in workers.items():
            assert f"Hello, Ada of {worker}." in greeting_at(server.url, token)
            for _ in range(3):
                with httpx.Client(
                    base_url=f"{server.url}/api/v1", trust_env=False, verify=AUTHORITIES, timeout=60
                ) as client:
                    asked = {"context": {"customer": f"Ada of {worker}"}}
                    again = client.post("/realtime/token", json=asked).json()["token"]
                assert f"Hello, Ada of {worker}." in greeting_at(server.url, again)

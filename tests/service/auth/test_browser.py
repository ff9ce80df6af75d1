"""BROWSER_AUTH: whom the sockets, the REST and the operators' routes let in."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode

import httpx
import jwt
import msgspec
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from actors.conversation import SessionRecord
from app.api.asgi import app_of
from app.auth.browser import AUDIENCE, ISSUER, BrowserAccess, Grant, browser_auth
from app.auth.jwt import TokenError
from app.services import Services
from config.errors import SettingsError
from config.groups.access import BrowserAuth
from config.secret import Secret
from config.settings import Settings
from tests.kit import token_issuer as issuing
from tests.kit.clients.asgi_socket import AsgiSocket, Closed
from tests.kit.service_kit import FAKES, running
from tests.kit.serving import AUTHORITIES, EARSHOT, serving
from tests.kit.token_issuer import TokenIssuer, token_issuer

OPERATOR = "an-operator-token-of-32-characters"
SIGNING_KEY = "7f3a9c51e8d2406b9a4c1fe07d835b62"
SERVER = Secret("a server's own secret")
TENANT = "11111111-2222-4333-8444-555555555555"
CONVERSATION = "/api/v1/realtime/conversation"
RELAY = "/api/v1/realtime/dashboard/relay"


class Guarded:
    """A worker's app that demands something, and clients of it."""

    def __init__(self, service: Services, host: str = "203.0.113.5") -> None:
        self.service = service
        self.app = app_of(service)
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False, client=(host, 1))
        self.client = httpx.AsyncClient(transport=transport, base_url="http://voice.example")
        self.sockets: list[AsgiSocket] = []

    async def token(self, **asked: Any) -> str:
        """As our own page gets it."""
        answer = await self.ask({"origin": "http://voice.example"}, **asked)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["token"])

    async def ask(self, headers: Mapping[str, str], **asked: Any) -> httpx.Response:
        return await self.client.post("/api/v1/realtime/token", json=asked, headers=dict(headers))

    async def get(self, path: str, bearer: str = "") -> httpx.Response:
        headers = {"authorization": f"Bearer {bearer}"} if bearer else {}
        return await self.client.get(f"/api/v1{path}", headers=headers)

    async def announced(self, **query: str) -> dict[str, Any]:
        """Open a conversation; the session that it announces."""
        socket = AsgiSocket(self.app, CONVERSATION, None, **query)
        self.sockets.append(socket)
        payload: dict[str, Any] = msgspec.json.decode(await asyncio.wait_for(socket.recv(), 60))["payload"]
        return payload

    async def refusal(self, path: str = CONVERSATION, headers: Mapping[str, str] | None = None, **query: str) -> str:
        """Open a socket that is refused; the reason."""
        socket = AsgiSocket(self.app, path, headers, **query)
        with pytest.raises(Closed) as closed:
            await asyncio.wait_for(socket.recv(), 60)
        assert closed.value.code == 1008
        return closed.value.reason


@asynccontextmanager
async def guarded(host: str = "203.0.113.5", **environ: str) -> AsyncIterator[Guarded]:
    async with running({"BROWSER_AUTH": "token", "ALLOWED_HOSTS": "voice.example", **environ}) as service:
        guard = Guarded(service, host)
        try:
            yield guard
        finally:
            for socket in guard.sockets:
                socket.close()


@asynccontextmanager
async def behind_entra(**environ: str) -> AsyncIterator[tuple[Guarded, TokenIssuer]]:
    async with (
        token_issuer() as entra,
        guarded(
            BROWSER_AUTH="entra",
            AZURE_TENANT_ID=TENANT,
            AZURE_CLIENT_ID=issuing.AUDIENCE,
            ENTRA_AUTHORITY=entra.url,
            **environ,
        ) as guard,
    ):
        yield guard, entra


def of_tenant(entra: TokenIssuer, **claims: Any) -> str:
    return entra.token(**{"iss": f"{entra.url}/{TENANT}/v2.0", "azp": "app-1", **claims})


def own(key: bytes, **claims: Any) -> str:
    """A token of the server's kind, with other claims."""
    content = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "exp": int(time.time()) + 60,
        "session_id": "s1",
        "agent": "tester",
        "vouched": True,
    }
    return jwt.encode(content | claims, key, "HS256")


@pytest.mark.parametrize(
    ("environ", "mode"),
    [
        ({}, BrowserAuth.TOKEN),
        ({"HOST": "127.0.0.1"}, BrowserAuth.OFF),
        ({"HOST": "localhost"}, BrowserAuth.OFF),
        ({"HOST": "::1"}, BrowserAuth.OFF),
        ({"HOST": "::"}, BrowserAuth.TOKEN),
        ({"HOST": "voice.example"}, BrowserAuth.TOKEN),
        ({"HOST": "127.0.0.1", "BROWSER_AUTH": "token"}, BrowserAuth.TOKEN),
        ({"HOST": "127.0.0.1", "BASE_URL": "https://voice.example"}, BrowserAuth.TOKEN),
        ({"HOST": "127.0.0.1", "BASE_URL": "http://localhost:8000"}, BrowserAuth.OFF),
        ({"BROWSER_AUTH": "off"}, BrowserAuth.OFF),
    ],
)
def test_the_mode(environ: dict[str, str], mode: BrowserAuth) -> None:
    assert browser_auth(Settings.read(environ)) is mode


@pytest.mark.parametrize("given", [{}, {"AZURE_TENANT_ID": TENANT}, {"AZURE_CLIENT_ID": "x"}])
def test_entra_without_a_tenant_or_an_application_is_one_line(given: dict[str, str]) -> None:
    settings = Settings.read({"BROWSER_AUTH": "entra", **given})
    with pytest.raises(SettingsError, match=r"^BROWSER_AUTH is entra; it needs AZURE_TENANT_ID and AZURE_CLIENT_ID$"):
        BrowserAccess(settings, SERVER)


def access(secret: Secret = SERVER, **environ: str) -> BrowserAccess:
    return BrowserAccess(Settings.read({"BROWSER_AUTH": "token", **environ}), secret)


async def accepted(by: BrowserAccess, token: str) -> bool:
    try:
        await by.grant_of(token)
    except TokenError:
        return False
    return True


async def test_who_takes_whose_tokens() -> None:
    token = access().issue(Grant("s1", "tester"), 60).token
    grant = await access().grant_of(token)
    assert (grant.session_id, grant.agent, grant.vouched) == ("s1", "tester", False)
    assert not await accepted(access(Secret("another server")), token)
    of_many = access(TOKEN_SIGNING_KEY=SIGNING_KEY).issue(Grant("s1"), 60).token
    assert await accepted(access(Secret("another server"), TOKEN_SIGNING_KEY=SIGNING_KEY), of_many)
    assert not await accepted(access(), of_many)
    assert not await accepted(access(TOKEN_SIGNING_KEY=SIGNING_KEY[::-1]), of_many)


async def test_no_guess_at_the_operators_token_can_be_tried_on_a_browsers_token() -> None:
    token = access(OPERATOR_TOKEN=OPERATOR).issue(Grant("s1"), 60).token
    assert not await accepted(access(Secret("another server"), OPERATOR_TOKEN=OPERATOR), token)
    assert await accepted(access(OPERATOR_TOKEN=OPERATOR[::-1]), token)


async def test_what_a_server_without_access_control_gives_out_opens_no_other() -> None:
    token = access(TOKEN_SIGNING_KEY=SIGNING_KEY, BROWSER_AUTH="off").issue(Grant("s1"), 60).token
    assert not await accepted(access(TOKEN_SIGNING_KEY=SIGNING_KEY), token)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"exp": 1}, "expired"),
        ({"aud": "another"}, "of a wrong audience"),
        ({"iss": "another"}, "of a wrong issuer"),
    ],
)
async def test_claims_that_are_not_accepted(change: dict[str, Any], reason: str) -> None:
    by = access()
    with pytest.raises(TokenError, match=f"^{reason}$"):
        await by.grant_of(own(by._key, **change))


async def test_no_forged_token_is_accepted() -> None:
    by = access()
    good = by.issue(Grant("s1", "tester"), 60).token
    head, body, signature = good.split(".")
    other = own(by._key, session_id="s2").split(".")[1]
    unsigned = jwt.encode({"iss": ISSUER, "aud": AUDIENCE, "exp": time.time() + 60}, "", "none")
    for token in ("", "x", f"{head}.{other}.{signature}", f"{head}.{body}.", unsigned, own(OPERATOR.encode())):
        assert not await accepted(by, token)
    async with token_issuer() as entra:
        assert not await accepted(by, entra.token())


async def test_a_conversation_needs_a_token_for_it() -> None:
    async with guarded() as guard:
        good = await guard.token(session_id="s1")
        spent = guard.service.browser_access.issue(Grant("s1", "tester"), -1).token
        assert await guard.refusal(session_id="s1") == "token missing"
        assert await guard.refusal(session_id="s1", token="x.y.z") == "token malformed"
        assert await guard.refusal(session_id="s1", token=spent) == "token expired"
        assert await guard.refusal(session_id="s2", token=good) == "token for another session"
        assert await guard.refusal(session_id="s1", token=good[:-6] + "AAAAAA") == "token forged"
        assert guard.service.sessions.live == {}
        assert (await guard.announced(session_id="s1", token=good))["session_id"] == "s1"


async def test_a_token_is_for_one_agent() -> None:
    async with guarded() as guard:
        token = guard.service.browser_access.issue(Grant("s1", "somebody"), 60).token
        assert await guard.refusal(session_id="s1", token=token, agent="tester") == "token for another agent"
        assert (await guard.refusal(session_id="s1", token=token)).startswith("agent: one of")


async def test_a_client_that_names_no_session_gets_the_tokens() -> None:
    async with guarded() as guard:
        answer = (await guard.ask({"origin": "http://voice.example"})).json()
        announced = await guard.announced(token=answer["token"])
        assert announced["session_id"] == answer["session_id"]
        assert announced["session_id"] in guard.service.sessions.live


async def test_a_session_id_is_not_a_password() -> None:
    async with guarded() as guard:
        announced = await guard.announced(session_id="s1", token=await guard.token(session_id="s1"))
        again = await guard.token(session_id="s1")
        resume = announced["resume_token"]
        needed = "a session is gone on with by its resume token only"
        assert await guard.refusal(session_id="s1", token=again) == needed
        assert await guard.refusal(token=again) == needed
        wrong = await guard.refusal(session_id="s1", token=again, resume_token="another")
        assert wrong == "the resume token is not this session's"
        assert await guard.refusal(session_id="s1", resume_token=resume) == "token missing"
        spent = guard.service.browser_access.issue(Grant("s1", "tester"), -1).token
        assert await guard.refusal(session_id="s1", token=spent, resume_token=resume) == "token expired"
        assert (await guard.announced(session_id="s1", token=again, resume_token=resume))["resume_token"] == resume


async def test_of_two_who_begin_a_session_at_once_one_begins_it(monkeypatch: pytest.MonkeyPatch) -> None:
    async with guarded() as guard:
        load, both = guard.service.engines.store.load, asyncio.Barrier(2)

        async def slowly(session_id: str) -> SessionRecord | None:
            await both.wait()
            return await load(session_id)

        monkeypatch.setattr(guard.service.engines.store, "load", slowly)
        token = await guard.token(session_id="s1")
        ended = await asyncio.gather(
            *(guard.announced(session_id="s1", token=token) for _ in range(2)), return_exceptions=True
        )
        assert [type(one) for one in ended if isinstance(one, BaseException)] == [Closed]
        assert len(guard.service.sessions.live) == 1


async def test_nor_is_the_id_of_a_session_that_is_over() -> None:
    async with guarded(OPERATOR_TOKEN=OPERATOR) as guard:
        announced = await guard.announced(session_id="s1", token=await guard.token(session_id="s1"))
        entry = guard.service.sessions.live["s1"]
        assert entry.session is not None
        await guard.service.engines.store.save(entry.session.record())
        del guard.service.sessions.sessions.live["s1"]
        try:
            again = await guard.token(session_id="s1")
            assert "resume token only" in await guard.refusal(session_id="s1", token=again)
            assert "resume token only" in await guard.refusal(RELAY, session_id="s1", token=again)
        finally:
            guard.service.sessions.sessions.live["s1"] = entry
        assert announced["resume_token"]


async def test_a_dashboard_needs_a_token_and_for_what_others_say_more() -> None:
    async with guarded(OPERATOR_TOKEN=OPERATOR) as guard:
        page = await guard.token(session_id="s1")
        assert await guard.refusal(RELAY, session_id="s1") == "token missing"
        assert await guard.refusal(RELAY, session_id="s2", token=page) == "token for another session"
        before = AsgiSocket(guard.app, RELAY, session_id="s1", token=page)
        announced = await guard.announced(session_id="s1", token=page)
        assert await asyncio.wait_for(before.recv(), 60)
        refusal = await guard.refusal(RELAY, session_id="s1", token=await guard.token(session_id="s1"))
        assert refusal == "a session is gone on with by its resume token only"
        own_one = AsgiSocket(guard.app, RELAY, session_id="s1", token=page, resume_token=announced["resume_token"])
        answer = await guard.ask({"authorization": f"Bearer {OPERATOR}"}, session_id="s1")
        operators = AsgiSocket(guard.app, RELAY, token=answer.json()["token"])
        output = guard.service.outputs.of("s1")
        async with asyncio.timeout(60):
            while len(output.dashboards) < 3:  # noqa: ASYNC110  nobody tells when a dashboard is there
                await asyncio.sleep(0.005)
        for socket in (before, own_one, operators):
            socket.close()


async def test_a_dashboard_on_a_foreign_page_or_of_an_impossible_session_is_refused() -> None:
    async with running() as service:
        guard = Guarded(service)
        foreign = {"origin": "https://evil.example", "host": "localhost:8000"}
        refusal = await guard.refusal(RELAY, foreign, session_id="s1")
        assert refusal == "this origin may not open a conversation, see ALLOWED_ORIGINS"
        assert (await guard.refusal(RELAY, session_id="../s1")).startswith("session_id:")


async def test_a_browsers_rest_shows_its_own_session() -> None:
    async with guarded(OPERATOR_TOKEN=OPERATOR) as guard:
        tokens = [await guard.token(session_id=name) for name in ("s1", "s2")]
        for name, token in zip(("s1", "s2"), tokens, strict=True):
            await guard.announced(session_id=name, token=token)
        for path in ("/sessions", "/sessions/s1"):
            answer = await guard.get(path)
            assert (answer.status_code, answer.json()["detail"]) == (401, "token missing")
            assert answer.headers["www-authenticate"] == "Bearer"
            assert (await guard.get(path, "x.y.z")).status_code == 401
        assert (await guard.get("/sessions/s1", tokens[0])).json()["session_id"] == "s1"
        assert (await guard.get("/sessions/s1", tokens[1])).status_code == 403
        mine, everybodys = [(await guard.get("/sessions", t)).json() for t in (tokens[1], OPERATOR)]
        assert [s["session_id"] for s in mine["sessions"]] == ["s2"]
        assert {s["session_id"] for s in everybodys["sessions"]} == {"s1", "s2"}
        for path in ("/sessions/s1/transcript",):
            assert (await guard.get(path, tokens[0])).status_code == 401
            assert (await guard.get(path, OPERATOR)).status_code == 200


async def test_the_status_says_what_is_demanded() -> None:
    async with guarded() as guard:
        assert (await guard.get("/realtime/status")).json()["browser_auth"] == "token"


async def test_entra_users_come_in_and_change_their_token_for_one_of_a_session() -> None:
    async with behind_entra() as (guard, entra):
        assert (await guard.get("/realtime/status")).json()["browser_auth"] == "entra"
        user = of_tenant(entra)
        announced = await guard.announced(session_id="s1", token=user)
        assert announced["session_id"] == "s1"
        answer = await guard.ask({"authorization": f"Bearer {user}"}, session_id="s2")
        assert (await guard.announced(token=answer.json()["token"]))["session_id"] == "s2"
        assert await guard.refusal(session_id="s1", token=user) == "a session is gone on with by its resume token only"
        assert "resume token" in await guard.refusal(RELAY, session_id="s1", token=user)
        assert (await guard.get("/sessions/s2", answer.json()["token"])).status_code == 200
        assert (await guard.get("/sessions/s2", user)).status_code == 403


async def test_entra_tokens_that_are_not_accepted() -> None:
    async with behind_entra(ALLOWED_CLIENT_IDS="app-1,app-2") as (guard, entra):
        wrong = {
            of_tenant(entra, exp=1): "token expired",
            of_tenant(entra, aud="another"): "token of a wrong audience",
            of_tenant(entra, iss=f"{entra.url}/another/v2.0"): "token of a wrong issuer",
            of_tenant(entra, azp="app-3"): "token of an application that is not allowed",
            of_tenant(entra, azp=None): "token of an application that is not allowed",
            entra.token("other", kid="first", iss=f"{entra.url}/{TENANT}/v2.0"): "token forged",
            own(b"guessed key of thirty-two bytes!"): "token forged",
            "": "token missing",
        }
        reasons = {token: await guard.refusal(session_id="s1", token=token) for token in wrong}
        assert reasons == wrong
        for token in wrong:
            answer = await guard.ask({"authorization": f"Bearer {token}", "origin": "http://voice.example"})
            assert answer.status_code == 401
        assert await guard.announced(session_id="s1", token=of_tenant(entra, azp=None, appid="app-2"))


async def test_nobody_comes_in_while_the_keys_cannot_be_had() -> None:
    async with behind_entra() as (guard, entra):
        entra.failing = True
        user = of_tenant(entra)
        answer = await guard.ask({"authorization": f"Bearer {user}"})
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert (await guard.get("/sessions", user)).status_code == 503
        assert (
            await guard.client.delete("/api/v1/sessions/s1", headers={"authorization": f"Bearer {user}"})
        ).status_code == 503
        socket = AsgiSocket(guard.app, CONVERSATION, token=user)
        with pytest.raises(Closed) as closed:
            await asyncio.wait_for(socket.recv(), 60)
        assert closed.value.code == 1013


async def test_the_operators_role_opens_what_the_operators_token_does() -> None:
    async with behind_entra(OPERATOR_TOKEN=OPERATOR) as (guard, entra):
        operator = of_tenant(entra, roles=["Reader", "Earshot.Operator"])
        await guard.announced(session_id="s1", token=of_tenant(entra))
        restart = "/api/v1/health/actors/s1/recognizer/restart"

        async def status(bearer: str) -> int:
            return (await guard.client.post(restart, headers={"authorization": f"Bearer {bearer}"})).status_code

        for wrong in ("", "x", of_tenant(entra, roles=["Earshot.Operator"], exp=1)):
            assert await status(wrong) == 401
        for roles in ([], ["Reader"], "Earshot.Operator", None, {"Earshot.Operator": True}):
            assert await status(of_tenant(entra, roles=roles)) == 403
        assert await status(operator) == 200
        assert await status(OPERATOR) == 200
        assert (await guard.get("/sessions/s1/transcript", operator)).status_code == 200
        assert (await guard.get("/sessions", operator)).json()["live"] == 1
        watching = AsgiSocket(guard.app, RELAY, session_id="s1", token=operator)
        async with asyncio.timeout(60):
            while not guard.service.outputs.of("s1").dashboards:  # noqa: ASYNC110  as above
                await asyncio.sleep(0.005)
        watching.close()


async def test_the_role_opens_nothing_where_entra_is_not_asked() -> None:
    async with token_issuer() as entra, guarded(OPERATOR_TOKEN=OPERATOR) as guard:
        assert (await guard.get("/sessions/s1/transcript", entra.token(roles=["Earshot.Operator"]))).status_code == 401


def conversation_at(url: str, **query: str) -> dict[str, Any]:
    """The session that a server announces to a browser.

    Raises:
        ConnectionClosed: it refuses.
    """
    address = f"{url.replace('http', 'ws', 1)}{CONVERSATION}?{urlencode(query)}"
    with connect(address, proxy=None, open_timeout=60, close_timeout=1) as socket:
        payload: dict[str, Any] = msgspec.json.decode(socket.recv(timeout=60))["payload"]
    return payload


def test_every_worker_takes_the_tokens_of_every_other_and_no_other_server_does() -> None:
    with serving(EARSHOT, **FAKES, BROWSER_AUTH="token", WEB_CONCURRENCY="2") as server:
        tokens: dict[str, str] = {}
        order: list[int] = []

        def status(client: httpx.Client, session_id: str, token: str) -> int:
            headers = {"authorization": f"Bearer {token}", "x-forwarded-for": "203.0.113.5"}
            return client.get(f"/sessions/{session_id}", headers=headers).status_code

        # One connection is one worker; until the first of two has seen what the second issued.
        while len(set(order)) < 2 or order[-1] != order[0]:
            assert len(order) < 200
            with httpx.Client(base_url=f"{server.url}/api/v1", trust_env=False, verify=AUTHORITIES) as client:
                order.append(client.get("/health/actors").json()["worker"])
                issued = client.post("/realtime/token", json={}).json()
                tokens[issued["session_id"]] = issued["token"]
                assert {status(client, session, token) for session, token in tokens.items()} == {404}
                assert status(client, "s1", access().issue(Grant("s1", "tester"), 60).token) == 401
        session, token = next(iter(tokens.items()))
        assert conversation_at(server.url, token=token)["session_id"] == session
        with pytest.raises(ConnectionClosed) as closed:
            conversation_at(server.url, session_id=session)
        assert closed.value.rcvd is not None
        assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1008, "token missing")

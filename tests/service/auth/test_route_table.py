"""Who gets in at every route of the server, under the ways in which it is reached."""

import asyncio
import base64
import itertools
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import unquote

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute

from app.api.asgi import app_of
from app.api.request_target import PlainPath
from app.auth.browser import Grant
from app.auth.route_table import (
    API,
    SOCKET,
    STATIC_FILES,
    TABLE,
    Check,
    UnlistedRouteError,
    check_of,
    require_listed,
    served,
)
from app.services import Services
from tests.kit import token_issuer as issuing
from tests.kit.clients.asgi_socket import CONVERSATION, AsgiSocket, Closed
from tests.kit.service_kit import running
from tests.kit.token_issuer import TokenIssuer, token_issuer

OPERATOR = "an-operator-token-of-32-characters"
TENANT = "11111111-2222-4333-8444-555555555555"
OWN, OTHERS = "session-of-the-page", "session-of-somebody-else"
NAMES = {
    "name": "tester",
    "approval_id": "1-a",
    "actor": "nobody",
    "call_id": "c1",
    "call_secret": "guessed",
    "file": "x",
    "worker": "1",
}

REFUSED = (401, 403)
Bearer = Callable[[str], str]
"""Makes what somebody brings, given the id of the session that they ask for."""
OPERATORS = (Check.OPERATOR, Check.CONSOLE)
SOCKETS_OF_BROWSERS = (Check.CONVERSATION, Check.WATCH)


class Reached:
    """A server as somebody reaches it: the address that they come from, and the headers that arrive."""

    def __init__(self, service: Services, client: str, headers: Mapping[str, str]) -> None:
        self.service = service
        self.client = client
        self.headers = dict(headers)
        self.app: Any = app_of(service)
        self._numbers = itertools.count()

    @property
    def routes(self) -> list[tuple[str, str]]:
        assert isinstance(self.app, PlainPath)
        starlette = self.app._app
        assert isinstance(starlette, Starlette)
        return list(served(starlette.routes))

    async def gets_in(self, method: str, path: str, bearer: str | Bearer = "") -> bool:
        """Whether the check of a route lets somebody through; what its handler then thinks of it does not matter."""
        session_id = f"{OWN}-{next(self._numbers)}"
        path = path.format(session_id=session_id, **NAMES)
        bearer = bearer if isinstance(bearer, str) else bearer(session_id)
        if method == SOCKET:
            return await self._opens(path, session_id, bearer)
        headers = {**self.headers, **({"authorization": f"Bearer {bearer}"} if bearer else {})}
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False, client=(self.client, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            answer = await client.request(method, path, headers=headers, content=b"{}")
        assert answer.status_code != 500, (method, path, answer.text)
        return answer.status_code not in REFUSED

    async def _opens(self, path: str, session_id: str, token: str) -> bool:
        query = {"session_id": session_id, **({"token": token} if token else {})}
        # The console's page brings its token as a subprotocol: an address is in the logs of proxies.
        encoded = base64.urlsafe_b64encode(token.encode()).decode().rstrip("=")
        offered = {"sec-websocket-protocol": f"earshot.console, bearer.{encoded}"} if path.endswith("/console") else {}
        socket = AsgiSocket(self.app, path, {**self.headers, **offered}, client=self.client, **query)
        try:
            async with asyncio.timeout(0.3):
                await socket.recv()
        except TimeoutError:
            return True
        except Closed as closed:
            return closed.code != 1008 or closed.reason == "there is no such call"
        finally:
            socket.close()
        return True


@asynccontextmanager
async def reached(
    client: str = "127.0.0.1", headers: Mapping[str, str] | None = None, **environ: str
) -> AsyncIterator[Reached]:
    async with running({"OPERATOR_TOKEN": OPERATOR, **environ}) as service:
        yield Reached(service, client, headers or {"host": "localhost:8000"})


PUBLIC = {"BASE_URL": "https://voice.example"}
FROM_OUTSIDE: dict[str, tuple[dict[str, str], str, dict[str, str]]] = {
    "listening on every address, asked from this machine": ({"HOST": "0.0.0.0"}, "127.0.0.1", {"host": "localhost"}),
    "listening on every address": ({"HOST": "0.0.0.0"}, "203.0.113.5", {"host": "198.51.100.7:8000"}),
    "a public address, a proxy that adds nothing": (PUBLIC, "127.0.0.1", {"host": "127.0.0.1:8000"}),
    "a public address, a tunnel that keeps the host": (PUBLIC, "127.0.0.1", {"host": "voice.example"}),
    "a proxy that adds X-Forwarded-For": ({}, "127.0.0.1", {"host": "localhost", "x-forwarded-for": "203.0.113.5"}),
    "a proxy that adds X-Real-IP": ({}, "127.0.0.1", {"host": "localhost", "x-real-ip": "203.0.113.5"}),
    "a proxy that adds Forwarded": ({}, "127.0.0.1", {"host": "localhost", "forwarded": "for=203.0.113.5"}),
    "a proxy that adds Via": ({}, "127.0.0.1", {"host": "localhost", "via": "1.1 edge"}),
    "a content network": ({}, "127.0.0.1", {"host": "localhost", "cf-connecting-ip": "203.0.113.5"}),
    "a proxy that names its upstream": ({}, "127.0.0.1", {"host": "earshot_upstream"}),
    "a tunnel that keeps an allowed host": ({"ALLOWED_HOSTS": "a.example"}, "127.0.0.1", {"host": "a.example"}),
}


def test_every_row_of_the_table_is_a_route_and_every_route_has_a_row() -> None:
    async def routes() -> list[tuple[str, str]]:
        async with reached() as server:
            return server.routes

    found = {(m, STATIC_FILES if p.startswith("/static/") else p) for m, p in asyncio.run(routes())}
    assert found == set(TABLE)


async def _answer(_: Request) -> Response:
    return PlainTextResponse("served")


@pytest.mark.parametrize(
    "route",
    [
        Route("/api/v1/forgotten", _answer),
        Route("/api/v1/agents", _answer, methods=["POST"]),
        WebSocketRoute("/api/v1/forgotten", _answer),
        Mount("/api/v1", routes=[Route("/forgotten", _answer)]),
        Mount("/forgotten", app=PlainTextResponse("served")),
    ],
)
async def test_a_route_without_a_row_is_neither_built_nor_served(route: Any) -> None:
    with pytest.raises(UnlistedRouteError):
        require_listed([route])
    async with reached() as server:
        starlette = server.app._app
        starlette.router.routes.insert(0, route)
        method = "POST" if "POST" in (getattr(route, "methods", None) or ()) else "GET"
        if isinstance(route, WebSocketRoute):
            method = SOCKET
        path = "/api/v1/agents" if method == "POST" else "/api/v1/forgotten"
        path = "/forgotten/any" if route.path == "/forgotten" else path
        assert not await server.gets_in(method, path, OPERATOR)


async def test_on_this_machine_a_browser_needs_nothing_and_an_operator_the_token_that_is_set() -> None:
    async with reached() as server:
        for method, path in server.routes:
            check = check_of(method, path)
            assert await server.gets_in(method, path) == (check not in OPERATORS), (method, path)
            assert await server.gets_in(method, path, OPERATOR), (method, path)


async def test_on_this_machine_without_an_operators_token_everything_is_open() -> None:
    async with running() as service:
        server = Reached(service, "127.0.0.1", {"host": "localhost:8000"})
        for method, path in server.routes:
            assert await server.gets_in(method, path), (method, path)


@pytest.mark.parametrize("way", FROM_OUTSIDE)
async def test_from_outside_nobody_gets_in_without_proof(way: str) -> None:
    """Also without an OPERATOR_TOKEN, and with BROWSER_AUTH left to its default."""
    environ, client, headers = FROM_OUTSIDE[way]
    async with running(environ) as service:
        server = Reached(service, client, headers)
        for method, path in server.routes:
            check = check_of(method, path)
            open_to_all = check is Check.PUBLIC
            # Whoever has the secret of a call has been given it; a guessed one is of no call.
            open_to_all = open_to_all or path.endswith("{call_secret}")
            for bearer in ("", "guessed", OPERATOR):
                assert await server.gets_in(method, path, bearer) == open_to_all, (method, path, bearer)


SPELLINGS: tuple[Callable[[str], str], ...] = (
    lambda path: path + "/",
    lambda path: path + "%2f",
    lambda path: path + "//",
    lambda path: path + "/%2e",
    lambda path: path + "%00",
    lambda path: path + ";a=b",
    lambda path: path + "?token=" + OPERATOR,
    lambda path: "/" + path,
    lambda path: "/static/.." + path,
    lambda path: path.replace("/", "%2f"),
    lambda path: path.replace("/", "//"),
    lambda path: path.replace("/", "/./"),
    lambda path: path.upper(),
    lambda path: "".join(f"%{ord(c):02x}" if c.isalnum() else c for c in path),
    lambda path: path.replace("/api/v1/", "/api/v1/agents/..%2f"),
    lambda path: "http://localhost" + path,
)
"""Other ways to write a path, some of which mean the same."""


async def status_of(server: Reached, method: str, target: str, kind: str = "http") -> int:
    """The status with which a target is answered that is written as it stands, as no client's library would."""
    raw_path, _, query = target.partition("?")
    scope = {
        "type": kind,
        "extensions": {"websocket.http.response": {}},
        "method": method,
        "path": unquote(raw_path),
        "raw_path": raw_path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in server.headers.items()],
        "client": (server.client, 1),
        "scheme": "http",
        "http_version": "1.1",
    }
    said: list[int] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request" if kind == "http" else "websocket.connect", "body": b"{}", "more_body": False}

    async def send(event: dict[str, Any]) -> None:
        said.append(event.get("status", 0))

    await server.app(scope, receive, send)
    return said[0]


@pytest.mark.parametrize("way", ["listening on every address", "a public address, a proxy that adds nothing"])
async def test_from_outside_no_other_spelling_or_method_opens_an_operators_route(way: str) -> None:
    environ, client, headers = FROM_OUTSIDE[way]
    async with reached(client, headers, **environ) as server:
        operators = [(m, p.format(session_id=OWN, **NAMES)) for m, p in server.routes if check_of(m, p) in OPERATORS]
        for method, path in operators:
            # Agents may be read by everybody, and be changed by operators.
            public = check_of("GET", path.replace("tester", "{name}")) is Check.PUBLIC
            methods = ("GET" if method == SOCKET else method, "TRACE", *(() if public else ("OPTIONS", "HEAD")))
            for spelling, asked in itertools.product(SPELLINGS, methods):
                status = await status_of(server, asked, spelling(path))
                assert 400 <= status < 500, (asked, spelling(path), status)


OTHER_PATHS: tuple[Callable[[str], str], ...] = (
    lambda path: path + "%0a",
    lambda path: path + "%0A/",
    lambda path: path + "/%0a",
    lambda path: path + "%0d%0a",
    lambda path: path + "%00",
    lambda path: path + "%09",
    lambda path: path + "%c2%85",
    lambda path: path + "%2f",
    lambda path: path + "%5c",
    lambda path: path + "\\",
    lambda path: path + "//",
    lambda path: path + "/.",
    lambda path: path + "/%2e%2e" + path,
    lambda path: "/" + path,
    lambda path: "/." + path,
    lambda path: "/static/.." + path,
    lambda path: API + "/" + path + "%0a",
    lambda path: path[0] + "%0a" + path[1:],
    lambda path: path[0] + path[1:].replace("/", "%2f") if path.count("/") > 1 else path + "%2f",
    lambda path: path[0] + path[1:].replace("/", "\\") if path.count("/") > 1 else path + "\\",
    lambda path: "http://localhost" + path + "%0a",
)
"""Ways to write a path that look like it to some programs and are none, which no route has."""
OTHER_NAMES: tuple[Callable[[str], str], ...] = (
    lambda path: path + "%250a",
    lambda path: path + "%252f",
    lambda path: path + ";a=b",
    lambda path: path + ";a=b/",
    lambda path: path + "%20",
    lambda path: path + ".json",
    lambda path: path + "%3ftoken=" + OPERATOR,
    lambda path: path + "%23",
    lambda path: path + "%e2%80%a8",
    lambda path: path.replace("o", "%256f"),
    lambda path: path[:-1] + path[-1].upper(),
)
"""Ways to write a path that make other names of its last one."""


@pytest.mark.parametrize("spelling", OTHER_PATHS)
async def test_no_route_answers_to_another_path_than_its_own(spelling: Callable[[str], str]) -> None:
    """Not even to an operator: 404 is said of what is not there, and never what another route says."""
    async with running() as service:
        server = Reached(service, "127.0.0.1", {"host": "localhost:8000"})
        for method, path in server.routes:
            target = spelling(path).format(session_id=OWN, **NAMES)
            if method == SOCKET:
                assert await status_of(server, method, target, kind="websocket") == 404, target
            else:
                assert await status_of(server, method, target) == 404, (method, target)


@pytest.mark.parametrize("spelling", OTHER_NAMES)
async def test_no_route_answers_to_another_name_than_its_own(spelling: Callable[[str], str]) -> None:
    """What stands where others have an id is one, of nothing, and has the methods of ids."""
    async with running() as service:
        server = Reached(service, "127.0.0.1", {"host": "localhost:8000"})
        literal = [(method, path) for method, path in server.routes if not path.endswith("}") and path != "/"]
        for method, path in literal:
            plain = path.format(session_id=OWN, **NAMES)
            target = spelling(plain)
            if target == plain:
                continue
            kind = "websocket" if method == SOCKET else "http"
            status = await status_of(server, method, target, kind=kind)
            assert status in (404, 405, 422 if "{" in path else 404), (method, target)


@pytest.mark.parametrize(("host", "refused"), [("earshot_upstream", True), ("localhost:8000", False)])
async def test_a_whole_url_as_the_target_makes_nobody_a_program_on_this_machine(host: str, refused: bool) -> None:
    """A proxy may pass it on as it came, and say by the Host header alone that it is one."""
    async with running() as service:
        server = Reached(service, "127.0.0.1", {"host": host})
        for target in ("http://localhost:8000", "http://127.0.0.1"):
            status = await status_of(server, "GET", f"{target}{API}/health/actors")
            assert status == (403 if refused else 200)


@pytest.mark.parametrize("way", FROM_OUTSIDE)
async def test_from_outside_a_page_sees_its_own_session_and_operators_see_all(way: str) -> None:
    environ, client, headers = FROM_OUTSIDE[way]
    async with reached(client, headers, **environ) as server:
        issue = server.service.browser_access.issue

        def own(session_id: str) -> str:
            return issue(Grant(session_id, "tester"), 60).token

        for method, path in server.routes:
            check = check_of(method, path)
            if check is Check.PUBLIC or check in (Check.ACS_CALLBACK, Check.EVENT_GRID, Check.ACS_MEDIA):
                continue
            wanted = (check in (Check.OWN_SESSION, *SOCKETS_OF_BROWSERS), check not in SOCKETS_OF_BROWSERS)
            got = (
                await server.gets_in(method, path, own),
                await server.gets_in(method, path, OPERATOR),
            )
            assert got == wanted, (method, path)
            # The list of sessions is open to a token for another session, and shows that one.
            listed = path == f"{API}/sessions"
            assert await server.gets_in(method, path, own(OTHERS)) == listed, (method, path)


async def test_behind_entra_its_users_come_in_and_its_operators_see_all() -> None:
    async with (
        token_issuer() as entra,
        reached(
            "203.0.113.5",
            HOST="0.0.0.0",
            BROWSER_AUTH="entra",
            AZURE_TENANT_ID=TENANT,
            AZURE_CLIENT_ID=issuing.AUDIENCE,
            ENTRA_AUTHORITY=entra.url,
        ) as server,
    ):
        user, operator = _of_tenant(entra), _of_tenant(entra, roles=["Earshot.Operator"])
        for method, path in server.routes:
            check = check_of(method, path)
            if check in (Check.ACS_CALLBACK, Check.EVENT_GRID, Check.ACS_MEDIA):
                continue
            stranger = await server.gets_in(method, path)
            assert stranger == (check is Check.PUBLIC), (method, path)
            own = path == f"{API}/sessions/{{session_id}}"
            wanted = check not in OPERATORS and not own
            assert await server.gets_in(method, path, user) == wanted, (method, path)
            assert await server.gets_in(method, path, operator), (method, path)


def _of_tenant(entra: TokenIssuer, **claims: Any) -> str:
    return entra.token(**{"iss": f"{entra.url}/{TENANT}/v2.0", "azp": "app-1", **claims})


@pytest.mark.parametrize(
    "name", ["evil.example:8000", "127.0.0.1.evil.example", "10.0.0.7:8000", "[", "voice.example."]
)
async def test_a_loopback_server_answers_to_no_foreign_name(name: str) -> None:
    async with reached(headers={"host": name, "origin": f"http://{name}"}) as server:
        for method, path in server.routes:
            assert not await server.gets_in(method, path, OPERATOR), (method, path)


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({"ALLOWED_HOSTS": "voice.example,other.example"}, "Other.Example:8000"),
        ({"BASE_URL": "https://voice.example/below"}, "voice.example"),
        ({"ALLOWED_HOSTS": "*"}, "any.example"),
        ({"HOST": "0.0.0.0"}, "any.example"),
        ({}, "[::1]:8000"),
        ({}, "localhost"),
    ],
)
async def test_it_answers_to_its_own_names(environ: dict[str, str], name: str) -> None:
    async with reached(headers={"host": name}, **environ) as server:
        assert await server.gets_in("GET", f"{API}/health")


async def test_with_allowed_hosts_a_server_on_every_address_answers_to_them_only() -> None:
    environ = {"HOST": "0.0.0.0", "ALLOWED_HOSTS": "voice.example"}
    async with reached("203.0.113.5", {"host": "evil.example"}, **environ) as server:
        assert not await server.gets_in("GET", f"{API}/health")


async def test_a_token_that_was_issued_after_a_session_began_does_not_show_it() -> None:
    """A page is given a token for whatever session it names, so anybody who learns an id could have one."""
    async with reached("203.0.113.5", HOST="0.0.0.0") as server:
        issue = server.service.browser_access.issue
        first = issue(Grant(OWN, "tester"), 60).token
        socket = AsgiSocket(server.app, CONVERSATION, server.headers, session_id=OWN, token=first)
        await socket.recv()
        await asyncio.sleep(0.05)
        later = issue(Grant(OWN, "tester"), 60).token
        path = f"{API}/sessions/{OWN}"
        assert await server.gets_in("GET", path, first)
        assert not await server.gets_in("GET", path, later)
        resume = server.service.sessions.live[OWN].plan.resume_token
        assert await server.gets_in("GET", f"{path}?resume_token={resume}", later)
        assert not await server.gets_in("GET", f"{path}?resume_token=guessed", later)
        transport = httpx.ASGITransport(server.app, client=("203.0.113.5", 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://a.example") as client:
            for token, seen in ((first, [OWN]), (later, [])):
                answer = await client.get(f"{API}/sessions", headers={"authorization": f"Bearer {token}"})
                assert [s["session_id"] for s in answer.json()["sessions"]] == seen
        socket.close()


@pytest.mark.parametrize("path", ["/api/v1/realtime/conversations", "/api/v1/health", "/", "/ws"])
async def test_a_socket_where_there_is_none_is_told_so_and_not_that_it_is_forbidden(path: str) -> None:
    async with reached() as server:
        socket = AsgiSocket(server.app, path, server.headers)
        with pytest.raises(Closed, match="there is no WebSocket at this address"):
            await asyncio.wait_for(socket.recv(), 30)
        stranger = AsgiSocket(server.app, path, {"host": "evil.example"})
        with pytest.raises(Closed, match="not a name of this server"):
            await asyncio.wait_for(stranger.recv(), 30)

"""The checks of the table of routes: what each finds out, and what the sender is refused with."""

import base64
from http import HTTPStatus
from typing import Any
from unittest.mock import AsyncMock, Mock

import pytest
from starlette.datastructures import Headers

from app.api.problems import ProblemError
from app.auth.acs import AccessRefusedError
from app.auth.browser import OPERATOR_ROLE, Grant
from app.auth.checks import AccessPolicy, Admitted, Asking, Checks, refused, token_of_subprotocol
from app.auth.jwt import TokenError, TokensUnavailableError
from app.auth.route_table import Check
from app.auth.socket_auth import SocketRefusedError
from app.server.asgi_relay import RELAYED
from config.groups.access import BrowserAuth
from config.settings import Settings

TOKEN = "an-operator-token-of-32-characters"


class Door:
    """The checks of a server, and how it is reached."""

    def __init__(self, mode: BrowserAuth = BrowserAuth.OFF, *, local: bool = True, **environ: str) -> None:
        self.access = Mock(mode=mode)
        self.access.demanded.return_value = mode
        self.acs = Mock(require_callback=AsyncMock(), require_media=AsyncMock(), require_event_grid=AsyncMock())
        self.acs.on = True
        self.clients = Mock()
        exposure = Mock()
        exposure.from_this_machine.return_value = exposure.reached_on_this_machine.return_value = local
        self.checks = Checks(
            AccessPolicy(
                settings=Settings.read(environ),
                exposure=exposure,
                browser_access=self.access,
                acs_access=self.acs,
                clients=self.clients,
                sessions=Mock(),
            )
        )

    async def admit(
        self,
        check: Check,
        *,
        headers: dict[str, str] | None = None,
        query: dict[str, str] | None = None,
        path: dict[str, str] | None = None,
        forwarded: bool = False,
    ) -> Admitted:
        scope = {
            "type": "http",
            "headers": [(name.encode(), value.encode()) for name, value in {"host": "here", **(headers or {})}.items()],
            "client": ("10.0.0.1", 1),
            "server": ("here", 80),
            "scheme": "http",
            RELAYED: forwarded,
        }
        asking = Asking(scope=scope, query=query or {}, path_params=path or {})
        return await self.checks.admit(check, asking, "GET /somewhere")


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


async def status_of(door: Door, check: Check, **more: Any) -> HTTPStatus:
    with pytest.raises(ProblemError) as raised:
        await door.admit(check, **more)
    return raised.value.status


async def test_what_is_public_asks_nobody() -> None:
    admitted = await Door(BrowserAuth.TOKEN, local=False).admit(Check.PUBLIC)
    assert admitted == Admitted(browser_auth=BrowserAuth.TOKEN, local=False)


async def test_an_operator_shows_the_token_or_is_on_this_machine() -> None:
    with_token = Door(OPERATOR_TOKEN=TOKEN)
    assert (await with_token.admit(Check.OPERATOR, headers=bearer(TOKEN))).operator
    assert await status_of(with_token, Check.OPERATOR) is HTTPStatus.UNAUTHORIZED
    assert await status_of(with_token, Check.OPERATOR, headers=bearer("wrong")) is HTTPStatus.UNAUTHORIZED
    assert (await Door().admit(Check.OPERATOR)).operator
    assert await status_of(Door(local=False), Check.OPERATOR) is HTTPStatus.FORBIDDEN


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({"roles": [OPERATOR_ROLE]}, None),
        ({"roles": ["another"]}, HTTPStatus.FORBIDDEN),
        (TokenError("expired"), HTTPStatus.UNAUTHORIZED),
        (TokensUnavailableError(), HTTPStatus.SERVICE_UNAVAILABLE),
    ],
)
async def test_a_role_of_entra_makes_an_operator(claims: Any, status: HTTPStatus | None) -> None:
    door = Door(BrowserAuth.ENTRA, local=False)
    door.access.entra_claims = AsyncMock(**{"side_effect" if isinstance(claims, Exception) else "return_value": claims})
    if status is None:
        assert (await door.admit(Check.OPERATOR, headers=bearer("t"))).operator
    else:
        assert await status_of(door, Check.OPERATOR, headers=bearer("t")) is status


async def test_the_console_opens_its_socket_from_its_own_page_only() -> None:
    door = Door()
    assert (await door.admit(Check.CONSOLE)).operator
    foreign = {"origin": "https://elsewhere.example"}
    assert await status_of(door, Check.CONSOLE, headers=foreign) is HTTPStatus.FORBIDDEN


async def test_the_token_of_a_session_opens_that_session_and_no_other() -> None:
    door = Door(BrowserAuth.TOKEN, local=False, OPERATOR_TOKEN=TOKEN)
    door.access.grant_of = AsyncMock(return_value=Grant("mine", "dentist"))
    assert (await door.admit(Check.OWN_SESSION, headers=bearer("t"), path={"session_id": "mine"})).grant is not None
    another = {"session_id": "another"}
    assert await status_of(door, Check.OWN_SESSION, headers=bearer("t"), path=another) is HTTPStatus.FORBIDDEN
    assert (await door.admit(Check.OWN_SESSION, headers=bearer(TOKEN), path=another)).operator
    door.access.grant_of.side_effect = TokenError("expired")
    assert await status_of(door, Check.OWN_SESSION, headers=bearer("t"), path=another) is HTTPStatus.UNAUTHORIZED


async def test_without_access_control_this_machine_sees_every_session() -> None:
    assert not (await Door().admit(Check.OWN_SESSION, path={"session_id": "any"})).operator


async def test_a_token_is_given_to_our_page_and_to_operators() -> None:
    door = Door(BrowserAuth.TOKEN, local=False, OPERATOR_TOKEN=TOKEN)
    assert (await door.admit(Check.TOKEN_ISSUE, headers=bearer(TOKEN))).operator
    own = {"origin": "http://here", "host": "here"}
    assert not (await door.admit(Check.TOKEN_ISSUE, headers=own)).operator
    assert await status_of(door, Check.TOKEN_ISSUE) is HTTPStatus.UNAUTHORIZED
    assert await status_of(door, Check.TOKEN_ISSUE, headers=bearer("wrong")) is HTTPStatus.UNAUTHORIZED
    elsewhere = {"origin": "https://elsewhere.example"}
    assert await status_of(door, Check.TOKEN_ISSUE, headers=elsewhere) is HTTPStatus.FORBIDDEN
    assert door.clients.require.call_count == 5, "whoever asks is counted first"


async def test_a_conversation_is_opened_from_an_allowed_origin() -> None:
    door = Door(ALLOWED_ORIGINS="https://shop.example")
    for origin in ("", "http://here", "https://shop.example"):
        await door.admit(Check.CONVERSATION, headers={"origin": origin} if origin else {})
    with pytest.raises(SocketRefusedError, match="this origin may not open a conversation, see ALLOWED_ORIGINS"):
        await door.admit(Check.CONVERSATION, headers={"origin": "https://elsewhere.example"})


async def test_where_a_token_is_demanded_it_has_to_be_good_and_for_this_session() -> None:
    door = Door(BrowserAuth.TOKEN, local=False)
    door.access.grant_of = AsyncMock(return_value=Grant("mine", "dentist"))
    query = {"token": "t", "session_id": "mine"}
    assert (await door.admit(Check.CONVERSATION, query=query)).grant == Grant("mine", "dentist")
    with pytest.raises(SocketRefusedError, match=r"^token "):
        await door.admit(Check.CONVERSATION, query={"token": "t", "session_id": "another"})
    door.access.grant_of.side_effect = TokensUnavailableError()
    with pytest.raises(SocketRefusedError, match="cannot be had, try again soon"):
        await door.admit(Check.CONVERSATION, query=query)


async def test_a_connection_that_another_worker_forwards_was_counted_there() -> None:
    door = Door()
    await door.admit(Check.CONVERSATION, forwarded=True)
    assert door.clients.require.call_count == 0
    await door.admit(Check.CONVERSATION)
    assert door.clients.require.call_count == 1


async def test_the_network_is_held_to_its_token_and_to_the_address_of_the_call() -> None:
    door = Door()
    await door.admit(Check.EVENT_GRID)
    door.acs.require_event_grid.assert_awaited_once()
    for check in (Check.ACS_CALLBACK, Check.ACS_MEDIA):
        await door.admit(check, path={"call_secret": "s"})
        with pytest.raises(AccessRefusedError, match="only the address that ACS was given"):
            await door.admit(check)
    with pytest.raises(AccessRefusedError, match="this origin may not open a media socket"):
        await door.admit(Check.ACS_MEDIA, headers={"origin": "https://elsewhere.example"}, path={"call_secret": "s"})
    door.acs.on = False
    await door.admit(Check.ACS_CALLBACK)


def test_a_page_puts_its_token_into_the_subprotocol() -> None:
    def found(value: str) -> str:
        return token_of_subprotocol(Headers({"sec-websocket-protocol": value}))

    encoded = base64.urlsafe_b64encode("grüß-gott".encode()).decode().rstrip("=")
    assert found(f"console.v1, bearer.{encoded}") == "grüß-gott"
    assert found("console.v1") == found("bearer.%%%") == found("bearer._w") == ""
    assert token_of_subprotocol(Headers()) == ""


def test_a_token_that_cannot_be_checked_is_not_called_wrong() -> None:
    assert refused(TokenError("expired")).status is HTTPStatus.UNAUTHORIZED
    later = refused(TokensUnavailableError())
    assert (later.status, later.headers) == (HTTPStatus.SERVICE_UNAVAILABLE, {"Retry-After": "5"})

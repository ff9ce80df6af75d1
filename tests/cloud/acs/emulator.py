"""The emulator of Azure Communication Services, whole.

async with AcsEmulator(audience=...) as acs:
    caller = await acs.dial(webhook_url, from_="+15550100", to="+15550199")
    call = await caller.connected()
    spoken = await caller.say(pcm)
    await caller.hears_voice(since_s=spoken.ended_s)
    caller.hang_up()
"""

import asyncio
import base64
from typing import Any, Self

import aiohttp
from aiohttp import web

from tests.cloud.acs import remote_caller
from tests.cloud.acs.behaviour import Behaviour, Pickup
from tests.cloud.acs.callbacks import Callbacks
from tests.cloud.acs.caller import Caller
from tests.cloud.acs.calls import Call
from tests.cloud.acs.events import OK
from tests.cloud.acs.faults import Faults
from tests.cloud.acs.identifiers import anybody
from tests.cloud.acs.rest import Exchange, RestApi
from tests.cloud.acs.switchboard import Decide, Ringing, Switchboard
from tests.cloud.background import Background
from tests.cloud.entra import EntraEmulator
from tests.cloud.event_grid import EventGrid
from tests.cloud.journal import PATIENCE_S, Journal
from tests.cloud.tokens import Forgery, TokenIssuer
from tests.cloud.web_server import WebServer

ISSUER = "https://acscallautomation.communication.azure.com"
ACCESS_KEY = base64.b64encode(b"an access key of the emulator").decode()
AUDIENCE = "3c0f4f5e-7a1c-4ce5-9a55-0d6b6b5b7c11"
CLIENT_TIMEOUT_S = 10.0


class AcsEmulator:
    """`audience`: the immutable id of the resource. `entra`: whose tokens are taken besides the access key."""

    def __init__(
        self,
        *,
        audience: str = AUDIENCE,
        access_key: str = ACCESS_KEY,
        issuer: str = ISSUER,
        entra: EntraEmulator | None = None,
        port: int = 0,
    ) -> None:
        self.audience = audience
        self.access_key = access_key
        self.tokens = TokenIssuer(issuer, audience)
        self.faults = Faults()
        self._entra = entra
        self._port = port
        self._background = Background()

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=CLIENT_TIMEOUT_S))
        self._board = Switchboard(self._session, self.tokens, self.faults, self._background)
        self._rest = RestApi(self._board, self.access_key, self._entra.tokens if self._entra else None)
        self.event_grid = EventGrid(self._session)
        app = web.Application()
        app.router.add_get("/calling/keys", self._keys)
        app.router.add_get("/calling/.well-known/acsopenidconfiguration", self._openid)
        app.router.add_get(remote_caller.PATH, self._remote_caller)
        app.router.add_route("*", "/{path:.*}", self._rest.answer)
        self._server = WebServer(app)
        await self._server.listen(self._port)
        self.endpoint = self._rest.endpoint = f"http://{self._server.address}"
        return self

    async def __aexit__(self, *failure: object) -> None:
        for call in self._board.calls.values():
            call.end(OK, tell=False)
        await asyncio.gather(*(call.close_sockets() for call in self._board.calls.values()))
        try:
            await self._background.close()
        finally:
            await self._session.close()
            await self._server.close()

    @property
    def connection_string(self) -> str:
        """As the portal shows it."""
        return f"endpoint={self.endpoint}/;accesskey={self.access_key}"

    @property
    def issuer(self) -> str:
        """Of the tokens with events and media sockets."""
        return self.tokens.issuer

    @property
    def jwks_url(self) -> str:
        """Where the public keys are."""
        return f"{self.endpoint}/calling/keys"

    @property
    def openid_url(self) -> str:
        """Where issuer and keys are said."""
        return f"{self.endpoint}/calling/.well-known/acsopenidconfiguration"

    @property
    def behaviour(self) -> Behaviour:
        """How the service behaves; may be changed."""
        return self._board.behaviour

    @property
    def callbacks(self) -> Callbacks:
        """The events and how they were taken."""
        return self._board.callbacks

    @property
    def requests(self) -> Journal[Exchange]:
        """Every request of the application's."""
        return self._rest.requests

    @property
    def answered(self) -> Journal[Exchange]:
        """The same requests as they were answered, less those whose connection was broken."""
        return self._rest.answered

    @property
    def executions(self) -> dict[str, int]:
        """How often each operation was carried out."""
        return self._rest.executions

    @property
    def calls(self) -> dict[str, Call]:
        """Every call by its connection id, ended ones too."""
        return self._board.calls

    @property
    def callers(self) -> Journal[Caller]:
        """Everybody who called or was called."""
        return self._board.callers

    def ring(self, from_: str = "+15550100", to: str = "+15550199", caller: Caller | None = None) -> Ringing:
        """An incoming call that Event Grid tells nobody about: its `context` is what to answer it by."""
        return self._board.ring(caller or Caller(anybody(from_)), anybody(to))

    async def dial(
        self,
        webhook_url: str,
        *,
        from_: str = "+15550100",
        to: str = "+15550199",
        caller: Caller | None = None,
        copies: int = 1,
        headers: dict[str, str] | None = None,
    ) -> Caller:
        """Somebody calls, and Event Grid tells the webhook (`copies` times); `caller.delivery` says how that was taken.

        `headers`: SIP headers that came with the call.
        """
        ringing = self.ring(from_, to, caller)
        event = self.incoming_call(ringing, headers)
        delivery = self.event_grid.deliver(webhook_url, [event], copies=copies)
        ringing.caller.delivery = self._background.start(delivery)
        return ringing.caller

    def incoming_call(self, ringing: Ringing, headers: dict[str, str] | None = None) -> dict[str, Any]:
        """The event of an incoming call."""
        caller = ringing.caller
        about: dict[str, Any] = {
            "to": ringing.to.wire(),
            "from": caller.identity.wire(),
            "serverCallId": ringing.server_call_id,
            "callerDisplayName": "",
            "incomingCallContext": ringing.context,
            "correlationId": ringing.correlation_id,
        }
        if headers:
            about["customContext"] = {"sipHeaders": headers, "voipHeaders": {}}
        subject = f"/caller/{caller.raw_id}/recipient/{ringing.to.raw}"
        return self.event_grid.event("Microsoft.Communication.IncomingCall", about, subject)

    def on_outbound(self, decide: Decide | Pickup) -> None:
        """What becomes of calls, transfers and invitations to somebody."""
        self._board.decide = decide if callable(decide) else lambda _: decide

    async def callee(self, number: str, timeout_s: float = PATIENCE_S) -> Caller:
        """Who is called, or was, at that number."""
        return await self.callers.until(lambda caller: caller.raw_id == anybody(number).raw, timeout_s)

    def forge(self, kind: Forgery) -> str:
        """A token of the service's that must be refused; empty if none is to be sent."""
        return self.tokens.forge(kind)

    async def _remote_caller(self, request: web.Request) -> web.WebSocketResponse:
        return await remote_caller.serve_caller(
            request, lambda webhook, caller, to: self.dial(webhook, caller=caller, to=to)
        )

    async def _keys(self, request: web.Request) -> web.Response:
        if self.faults.keys_down:
            return web.Response(status=503)
        return web.json_response(self.tokens.jwks())

    async def _openid(self, request: web.Request) -> web.Response:
        configuration = {
            "issuer": self.issuer,
            "jwks_uri": self.jwks_url,
            "id_token_signing_alg_values_supported": ["RS256"],
        }
        return web.json_response(configuration)

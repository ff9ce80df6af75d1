"""Microsoft Entra as a managed identity meets it: App Service's endpoint, the instance metadata service, public keys.

async with EntraEmulator() as entra:
    for name, value in entra.app_service().items(): monkeypatch.setenv(name, value)
"""

import time
import uuid
from typing import Any, Self

import msgspec
from aiohttp import web

from tests.cloud.journal import Journal
from tests.cloud.tokens import TokenIssuer
from tests.cloud.web_server import WebServer

TENANT = "11111111-2222-4333-8444-555555555555"
APP_SERVICE, INSTANCE_METADATA = "/msi/token", "/metadata/identity/oauth2/token"


class TokenRequest(msgspec.Struct, frozen=True):
    """A request for a token: whose way it was asked for, for what, and how it was answered."""

    path: str
    resource: str
    client_id: str
    status: int


class EntraEmulator:
    """`ttl_s`: how long tokens live, those handed out later too. `refusals`: so many of the next requests fail.

    `leeway_s`: for how much longer services take a token than its holder is told, as the real ones do for minutes.
    """

    def __init__(self, *, ttl_s: float = 86_400, leeway_s: float = 0.0, tenant: str = TENANT) -> None:
        self.tokens = TokenIssuer(f"https://sts.windows.net/{tenant}/", "https://communication.azure.com/", key=5)
        self.tenant = tenant
        self.ttl_s = ttl_s
        self.leeway_s = leeway_s
        self.refusals = 0
        self.refusal_status = 500
        self.requests: Journal[TokenRequest] = Journal()
        self.secret = uuid.uuid4().hex
        self._server: WebServer | None = None
        self.endpoint = ""

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get(APP_SERVICE, self._app_service)
        app.router.add_get(INSTANCE_METADATA, self._instance_metadata)
        app.router.add_get("/{tenant}/discovery/v2.0/keys", self._keys)
        app.router.add_get("/{tenant}/v2.0/.well-known/openid-configuration", self._openid)
        self._server = WebServer(app)
        await self._server.listen()
        self.endpoint = f"http://{self._server.address}"
        return self

    async def __aexit__(self, *failure: object) -> None:
        if self._server is not None:
            await self._server.close()

    @property
    def issuer(self) -> str:
        """Of the tokens."""
        return self.tokens.issuer

    @property
    def jwks_url(self) -> str:
        """Where the public keys are."""
        return f"{self.endpoint}/{self.tenant}/discovery/v2.0/keys"

    def app_service(self) -> dict[str, str]:
        """The variables by which azure-identity finds the App Service endpoint."""
        return {"IDENTITY_ENDPOINT": f"{self.endpoint}{APP_SERVICE}", "IDENTITY_HEADER": self.secret}

    def instance_metadata(self) -> dict[str, str]:
        """The variables by which azure-identity finds the instance metadata service."""
        return {"AZURE_POD_IDENTITY_AUTHORITY_HOST": self.endpoint}

    async def _app_service(self, request: web.Request) -> web.Response:
        if request.headers.get("X-IDENTITY-HEADER") != self.secret:
            return self._refused(request, 401, "the X-IDENTITY-HEADER is wrong")
        return self._answer(request, "2019-08-01")

    async def _instance_metadata(self, request: web.Request) -> web.Response:
        if request.headers.get("Metadata") != "true":
            return self._refused(request, 400, "the header Metadata: true is missing")
        return self._answer(request, "2018-02-01")

    def _answer(self, request: web.Request, version: str) -> web.Response:
        if self.refusals > 0:
            self.refusals -= 1
            return self._refused(request, self.refusal_status, "switched off")
        if request.query.get("api-version") != version:
            return self._refused(request, 400, f"api-version must be {version}")
        if not (resource := request.query.get("resource")):
            return self._refused(request, 400, "resource is missing")
        self._note(request, 200)
        answer = {
            "access_token": self.tokens.issue(ttl_s=self.ttl_s + self.leeway_s, aud=resource, tid=self.tenant),
            "expires_on": str(int(time.time() + self.ttl_s)),
            "expires_in": str(int(self.ttl_s)),
            "resource": resource,
            "token_type": "Bearer",
        }
        return web.json_response(answer)

    def _refused(self, request: web.Request, status: int, why: str) -> web.Response:
        self._note(request, status)
        return web.json_response({"error": "invalid_request", "error_description": why}, status=status)

    def _note(self, request: web.Request, status: int) -> None:
        query = request.query
        noted = TokenRequest(request.path, query.get("resource", ""), query.get("client_id", ""), status)
        self.requests.append(noted)

    async def _keys(self, request: web.Request) -> web.Response:
        return web.json_response(self.tokens.jwks())

    async def _openid(self, request: web.Request) -> web.Response:
        configuration: dict[str, Any] = {"issuer": self.issuer, "jwks_uri": self.jwks_url}
        return web.json_response({**configuration, "id_token_signing_alg_values_supported": ["RS256"]})

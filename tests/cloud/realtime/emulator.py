"""The Realtime service: Azure OpenAI and OpenAI in the GA dialect, and Azure Voice Live, from one state machine.

async with RealtimeEmulator() as service:
    service.plan.replies.append(Reply(text="Good morning."))
    AsyncOpenAI(websocket_base_url=service.base_url, api_key=service.key)  # or azure.ai.voicelive at service.endpoint
    session = await service.session()
    await session.received.until(lambda message: message["type"] == "response.create")
    await session.fail("server_error")
"""

import asyncio
import contextlib
import uuid
from collections import deque
from typing import Self

import jwt
import msgspec
from aiohttp import web

from tests.cloud.journal import Journal
from tests.cloud.realtime.dialects import GA, VOICE_LIVE, Dialect
from tests.cloud.realtime.plan import Plan
from tests.cloud.realtime.scripted import ScriptedConversation, Step
from tests.cloud.realtime.service_session import ServiceSession
from tests.cloud.tokens import TokenIssuer

AUDIENCE = "https://ai.azure.com"
VERSIONS = {"2025-10-01", "2026-04-10", "2026-07-15", "2026-06-01-preview"}
MOST_BYTES = 15 * 2**20
PROFILES = {"byom-azure-openai-realtime", "byom-azure-openai-chat-completion", "byom-foundry-anthropic-messages"}


class Refusal(msgspec.Struct, frozen=True):
    """A connection that is not made."""

    status: int
    headers: dict[str, str] = {}
    after_s: float = 0.0


class RealtimeEmulator:
    """A service on a free port of this machine, or on `port`.

    Args:
        key: what clients have to bring.
        entra: who signs the tokens that are taken beside the key, on Azure's paths only.
        models: the models and deployments that there are; empty: whatever is asked for.
    """

    def __init__(
        self, *, key: str = "", entra: TokenIssuer | None = None, models: tuple[str, ...] = (), port: int = 0
    ) -> None:
        self.key = key or uuid.uuid4().hex
        self.plan = Plan()
        self.sessions: Journal[ServiceSession] = Journal()
        self.requests: Journal[dict[str, str]] = Journal()
        """The query of each request for a connection, with its path."""
        self.refused: Journal[int] = Journal()
        self.refusals: deque[Refusal] = deque()
        """The next requests are refused so."""
        self.endpoint = ""
        self._entra = entra
        self._models = models
        self._port = port
        self._scripts: deque[ScriptedConversation] = deque()
        self._run: list[ScriptedConversation] = []
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/openai/v1/realtime", self._azure)
        app.router.add_get("/v1/realtime", self._compatible)
        app.router.add_get("/voice-live/realtime", self._voice_live)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2, handler_cancellation=True)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        self.endpoint = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *failure: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
        unfinished = [line for script in (*self._run, *self._scripts) for line in script.unfinished]
        if unfinished and failure[0] is None:
            raise AssertionError("the script was not followed:\n" + "\n".join(unfinished))

    @property
    def base_url(self) -> str:
        """For clients of OpenAI's API."""
        return f"{self.endpoint}/v1"

    def environment(self, model: str = "emulated-realtime") -> dict[str, str]:
        """The variables by which a product finds it as Azure Voice Live."""
        return {
            "AZURE_VOICE_LIVE_ENDPOINT": self.endpoint,
            "AZURE_VOICE_LIVE_API_KEY": self.key,
            "AZURE_VOICE_LIVE_MODEL": model,
        }

    def ga_environment(self, model: str = "emulated-realtime") -> dict[str, str]:
        """The variables by which a product finds it as a service of the GA Realtime API."""
        return {"OPENAI_BASE_URL": self.base_url, "OPENAI_API_KEY": self.key, "OPENAI_REALTIME_MODEL": model}

    def script(self, *steps: Step) -> None:
        """Have the next connection follow a script instead of talking."""
        self._scripts.append(ScriptedConversation(steps))

    async def session(self, number: int = 0) -> ServiceSession:
        """The session of connection `number`, from 0, as soon as there is one."""
        while len(self.sessions) <= number:
            await self.sessions.until(lambda _: True, after=number)
        return self.sessions[number]

    # the request for a connection

    async def _azure(self, request: web.Request) -> web.StreamResponse:
        # A version on the path that has its own is answered like a wrong key.
        wrong = 401 if "api-version" in request.query else self._unproved(request, azure=True)
        return await self._connect(request, GA, wrong, azure=True)

    async def _compatible(self, request: web.Request) -> web.StreamResponse:
        return await self._connect(request, GA, self._unproved(request, azure=False), azure=False)

    async def _voice_live(self, request: web.Request) -> web.StreamResponse:
        wrong = self._unproved(request, azure=True)
        if request.query.get("api-version") not in VERSIONS:
            wrong = wrong or 404
        if request.query.get("profile", next(iter(PROFILES))) not in PROFILES:
            wrong = wrong or 400
        return await self._connect(request, VOICE_LIVE, wrong, azure=True)

    def _unproved(self, request: web.Request, *, azure: bool) -> int:
        scheme, _, bearer = request.headers.get("Authorization", request.query.get("Authorization", "")).partition(" ")
        key = request.headers.get("api-key", request.query.get("api-key"))
        if azure and key is not None:
            return 0 if key == self.key else 401
        if scheme != "Bearer":
            return 401
        if not azure:
            return 0 if bearer == self.key else 401
        if self._entra is not None:
            with contextlib.suppress(jwt.InvalidTokenError):
                self._entra.verify(bearer, AUDIENCE)
                return 0
        return 401

    async def _connect(self, request: web.Request, dialect: Dialect, wrong: int, *, azure: bool) -> web.StreamResponse:
        self.requests.append({**request.query, "path": request.path})
        if self.refusals:
            refusal = self.refusals.popleft()
            await asyncio.sleep(refusal.after_s)
            return self._refuse(refusal.status, refusal.headers)
        model = request.query.get("model", "")
        if not wrong and (not model or (self._models and model not in self._models)):
            wrong = 404
        if wrong:
            return self._refuse(wrong, {})
        socket = web.WebSocketResponse(max_msg_size=2 * MOST_BYTES, compress=False)
        await socket.prepare(request)
        if self._scripts:
            self._run.append(self._scripts.popleft())
            await self._run[-1].run(socket)
            return socket
        session = ServiceSession(socket, dialect, self.plan, azure=azure)
        session.settings.session["model"] = model
        self.sessions.append(session)
        await session.run()
        return socket

    def _refuse(self, status: int, headers: dict[str, str]) -> web.Response:
        self.refused.append(status)
        return web.json_response(
            {"error": {"code": str(status), "message": "Refused."}}, status=status, headers=headers
        )

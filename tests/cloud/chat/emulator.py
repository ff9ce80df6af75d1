"""Chat completions, as Azure OpenAI and as any server that speaks OpenAI's API.

async with ChatEmulator() as chat:
    chat.script(Reply("Good morning."), Refusal(500), Reply(calls=(Call("book", {"day": "friday"}),)))
    chat.answer(r"hours", Reply("From nine to five."))
    AsyncAzureOpenAI(azure_endpoint=chat.endpoint, api_key=chat.key, ...)  # or AsyncOpenAI(base_url=chat.base_url, ...)
"""

import asyncio
import contextlib
import re
import socket
import struct
import time
import uuid
from collections import deque
from typing import Any, Self

import jwt
import msgspec
from aiohttp import web

from tests.cloud.chat.scripted import Answer, Fault, Refusal, Reply, Silence
from tests.cloud.chat.wire import Chunks, prompt_tokens, refused
from tests.cloud.journal import Journal
from tests.cloud.tokens import TokenIssuer
from tests.cloud.web_server import WebServer

AUDIENCE = "https://cognitiveservices.azure.com"
WRONG_KEY = "Access denied due to invalid subscription key or wrong API endpoint."


class ChatRequest(msgspec.Struct, frozen=True):
    """A request for a completion. `at` is in seconds, monotonic; `proof` is the key or token that came with it."""

    number: int
    path: str
    model: str
    body: dict[str, Any]
    proof: str
    at: float
    traceparent: str = ""
    """The W3C trace context that came with it."""

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The conversation."""
        messages: list[dict[str, Any]] = self.body["messages"]
        return messages


class Ended(msgspec.Struct, frozen=True):
    """The answer to request `number` is over; not `complete` if the client went away first."""

    number: int
    complete: bool
    at: float


class Piece(msgspec.Struct, frozen=True):
    """A piece of the answer to request `number` goes out."""

    number: int
    at: float


class ChatEmulator:
    """A service on a free port of this machine, or on `port`.

    Args:
        key: what clients have to bring.
        entra: who signs the tokens that are taken beside the key, on Azure's paths only.
        deployments: those of Azure; others are not found. Empty: there is every one.
        reasoning: deployments and models that know no max_tokens and no temperature.
    """

    def __init__(
        self,
        *,
        key: str = "",
        entra: TokenIssuer | None = None,
        deployments: tuple[str, ...] = (),
        reasoning: tuple[str, ...] = (),
        port: int = 0,
    ) -> None:
        self.key = key or uuid.uuid4().hex
        self.entra = entra
        self.deployments = deployments
        self.reasoning = reasoning
        self.default = Reply("Certainly. What else can I do for you?")
        self.requests: Journal[ChatRequest] = Journal()
        self.pieces: Journal[Piece] = Journal()
        self.refused: Journal[int] = Journal()
        self.ended: Journal[Ended] = Journal()
        self.listings: Journal[float] = Journal()
        self.connections = 0
        self.endpoint = ""
        self.down: Refusal | None = None
        self._port = port
        self._script: deque[Answer] = deque()
        self._answers: list[tuple[re.Pattern[str], Answer]] = []
        self._seen: set[object] = set()
        self._server: WebServer | None = None

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=8 * 2**20)
        app.router.add_post("/openai/deployments/{deployment}/chat/completions", self._azure)
        app.router.add_get("/openai/models", self._list_azure)
        app.router.add_post("/v1/chat/completions", self._compatible)
        app.router.add_get("/v1/models", self._list_compatible)
        # With this a client that goes away is seen at once: what answers it is cancelled.
        self._server = WebServer(app, shutdown_s=0.2, handler_cancellation=True)
        await self._server.listen(self._port)
        self.endpoint = f"http://{self._server.address}"
        return self

    async def __aexit__(self, *failure: object) -> None:
        if self._server is not None:
            await self._server.close()

    @property
    def base_url(self) -> str:
        """For clients of OpenAI's API."""
        return f"{self.endpoint}/v1"

    def environment(self, deployment: str = "gpt-4o") -> dict[str, str]:
        """The variables by which a product finds it as Azure OpenAI."""
        return {
            "AZURE_OPENAI_ENDPOINT": self.endpoint,
            "AZURE_OPENAI_KEY": self.key,
            "AZURE_OPENAI_CHAT_DEPLOYMENT_ID": deployment,
        }

    def script(self, *answers: Answer) -> None:
        """The answers to the next requests, in order; they come before all others."""
        self._script.extend(answers)

    def answer(self, pattern: str, answer: Answer) -> None:
        """The answer to a request whose last message matches; the latest one that does is taken."""
        self._answers.insert(0, (re.compile(pattern, re.IGNORECASE), answer))

    # routes

    async def _azure(self, request: web.Request) -> web.StreamResponse:
        deployment = request.match_info["deployment"]
        if not request.query.get("api-version"):
            return self._refuse(Refusal(404, "404", "Resource not found"))
        if (refusal := self._unproved(request, azure=True)) is not None:
            return self._refuse(refusal)
        if self.deployments and deployment not in self.deployments:
            message = "The API deployment for this resource does not exist."
            return self._refuse(Refusal(404, "DeploymentNotFound", message))
        return await self._complete(request, deployment, azure=True)

    async def _compatible(self, request: web.Request) -> web.StreamResponse:
        if (refusal := self._unproved(request, azure=False)) is not None:
            return self._refuse(refusal)
        return await self._complete(request, "", azure=False)

    async def _list_azure(self, request: web.Request) -> web.StreamResponse:
        return self._list(request, azure=True)

    async def _list_compatible(self, request: web.Request) -> web.StreamResponse:
        return self._list(request, azure=False)

    def _list(self, request: web.Request, *, azure: bool) -> web.Response:
        self._count(request)
        self.listings.append(time.monotonic())
        if (refusal := self.down or self._unproved(request, azure=azure)) is not None:
            return self._refuse(refusal)
        models = [{"id": "gpt-4o", "object": "model", "created": 1_715_367_049, "owned_by": "system"}]
        return web.json_response({"object": "list", "data": models})

    def _unproved(self, request: web.Request, *, azure: bool) -> Refusal | None:
        scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
        if not azure:
            refusal = Refusal(401, "invalid_api_key", "Incorrect API key provided.")
            return None if scheme == "Bearer" and bearer == self.key else refusal
        if "api-key" in request.headers:
            return None if request.headers["api-key"] == self.key else Refusal(401, "401", WRONG_KEY)
        if bearer and self.entra is not None:
            with contextlib.suppress(jwt.InvalidTokenError):
                self.entra.verify(bearer, AUDIENCE)
                return None
        return Refusal(401, "401", "Unauthorized. Access token is missing, invalid, audience is incorrect or expired.")

    def _refuse(self, refusal: Refusal) -> web.Response:
        self.refused.append(refusal.status)
        return web.json_response(refusal.body, status=refusal.status, headers=refusal.headers)

    def _count(self, request: web.Request) -> None:
        if request.transport not in self._seen:
            self._seen.add(request.transport)
            self.connections += 1

    # a completion

    async def _complete(self, request: web.Request, deployment: str, *, azure: bool) -> web.StreamResponse:
        self._count(request)
        try:
            body = msgspec.json.decode(await request.read(), type=dict[str, Any])
        except msgspec.DecodeError:
            return self._refuse(Refusal(400, "invalid_json", "We could not parse the JSON body of your request."))
        model = deployment or str(body.get("model", ""))
        if (refusal := refused(body, reasoning=model in self.reasoning)) is not None:
            return self._refuse(refusal)
        proof = request.headers.get("api-key") or request.headers.get("Authorization", "").removeprefix("Bearer ")
        trace = request.headers.get("traceparent", "")
        noted = ChatRequest(len(self.requests), request.path, model, body, proof, time.monotonic(), trace)
        self.requests.append(noted)
        complete = False
        try:
            response = await self._answer(request, noted, azure=azure)
            complete = True
            return response
        finally:
            self.ended.append(Ended(noted.number, complete, time.monotonic()))

    def _next_answer(self, noted: ChatRequest) -> Answer:
        if self.down is not None:
            return self.down
        if self._script:
            return self._script.popleft()
        last = str(noted.messages[-1].get("content") or "")
        return next((answer for pattern, answer in self._answers if pattern.search(last)), self.default)

    async def _answer(self, request: web.Request, noted: ChatRequest, *, azure: bool) -> web.StreamResponse:
        match self._next_answer(noted):
            case Refusal() as refusal:
                await asyncio.sleep(refusal.after_s)
                return self._refuse(refusal)
            case Silence(after_headers):
                response = _event_stream()
                if after_headers:
                    await response.prepare(request)
                await asyncio.Event().wait()
                return response
            case Reply() as reply:
                await asyncio.sleep(reply.first_token_s)
                return await self._stream(request, noted, reply, azure=azure)

    async def _stream(
        self, request: web.Request, noted: ChatRequest, reply: Reply, *, azure: bool
    ) -> web.StreamResponse:
        usage = bool((noted.body.get("stream_options") or {}).get("include_usage"))
        chunks = Chunks(reply, noted.model, prompt_tokens(noted.body), azure=azure, usage=usage)
        response = _event_stream()
        await response.prepare(request)
        for chunk in chunks.opening():
            await response.write(chunk)
        for sent, chunk in enumerate(chunks.said()):
            if reply.fault is not None and sent == reply.fault_after:
                break
            if reply.tokens_per_s and sent:
                await asyncio.sleep(1 / reply.tokens_per_s)
            self.pieces.append(Piece(noted.number, time.monotonic()))
            await response.write(chunk)
        if reply.fault is not None:
            await _go_wrong(request, response, reply.fault)
            return response
        for chunk in chunks.closing():
            await response.write(chunk)
        await response.write_eof()
        return response


def _event_stream() -> web.StreamResponse:
    headers = {"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-cache"}
    response = web.StreamResponse(headers=headers)
    response.enable_chunked_encoding()
    return response


async def _go_wrong(request: web.Request, response: web.StreamResponse, fault: Fault) -> None:
    match fault:
        case Fault.STALL:
            await asyncio.Event().wait()
        case Fault.RESET:
            if request.transport is not None:
                linger = struct.pack("ii", 1, 0)
                request.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                request.transport.abort()
        case Fault.TRUNCATED:
            await response.write_eof()
        case Fault.MALFORMED:
            await response.write(b'data: {"id": "chatcmpl-1", "choices": [{"del\n\n')
            await response.write_eof()
        case Fault.OVERLONG:
            for _ in range(160):
                await response.write(b"data: " + b"x" * 65_530 + b"\n")
            await asyncio.Event().wait()
        case Fault.ERROR:
            error = (
                b'{"error": {"message": "The server had an error.", "type": "server_error", "code": "server_error"}}'
            )
            await response.write(b"data: " + error + b"\n\n")
            await response.write_eof()

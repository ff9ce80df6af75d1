"""The REST face of the service: who may ask, what was asked, what is answered; every request is kept for the test."""

import asyncio
from typing import Any
from urllib.parse import quote, unquote

import jwt
import msgspec
from aiohttp import web

from tests.cloud.acs.failures import tell_failure
from tests.cloud.acs.faults import RequestFault
from tests.cloud.acs.identifiers import Wire
from tests.cloud.acs.operations import Operation, every_operation
from tests.cloud.acs.refusals import Refusal
from tests.cloud.acs.signatures import check_signature
from tests.cloud.acs.switchboard import Switchboard
from tests.cloud.journal import Journal
from tests.cloud.tokens import TokenIssuer

API_VERSION = "2026-03-12"
REPEATABILITY = ("Repeatability-Request-ID", "Repeatability-First-Sent")


class Exchange(msgspec.Struct):
    """A request and what was answered. `status` is 0 if the connection was broken, or still waits."""

    at_s: float
    operation: str
    method: str
    path: str
    headers: dict[str, str]
    body: Any
    status: int = 0
    answer: Any = None

    @property
    def repeatability_id(self) -> str | None:
        """Names the request, however often it is sent."""
        return self.headers.get(REPEATABILITY[0])


class _Answered(msgspec.Struct):
    """What a repeatable request led to: asked again, the same is answered."""

    asked: tuple[str, bytes]
    outcome: asyncio.Future[tuple[int, Any]]


class RestApi:
    """`executions`: how often each operation was carried out, which repeated requests do not add to."""

    def __init__(self, board: Switchboard, access_key: str, entra: TokenIssuer | None) -> None:
        self.requests: Journal[Exchange] = Journal()
        self.answered: Journal[Exchange] = Journal()
        self.executions: dict[str, int] = {}
        self.endpoint = ""
        self._board = board
        self._access_key = access_key
        self._entra = entra
        self._operations = [(operation, operation.pattern) for operation in every_operation(board)]
        self._repeatable: dict[str, _Answered] = {}

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Any request below /calling."""
        raw_path, _, _ = request.raw_path.partition("?")
        body = await request.read()
        operation, names = self._find(request.method, raw_path)
        exchange = Exchange(
            at_s=asyncio.get_running_loop().time(),
            operation=operation.name if operation else "",
            method=request.method,
            path=request.raw_path,
            headers=dict(request.headers),
            body=_read(body),
        )
        self.requests.append(exchange)
        if operation is None:
            message = f"No HTTP resource was found that matches the request URI '{self.endpoint}{raw_path}'."
            unknown = Refusal(404, message=message, gateway=True)
            return self._respond(exchange, unknown.status, unknown.wire())
        try:
            self._check_credentials(request, names, body)
            self._check_version(request)
            fault = self._board.faults.request(operation.name, names.get("call"))
            await asyncio.sleep(fault.delay_s)
            if fault.after:
                await self._run_repeatably(request, operation, names, body, fault)
            if fault.reset:
                return _broken(request)
            if fault.status is not None:
                return self._refused(exchange, fault)
            status, answer = await self._run_repeatably(request, operation, names, body, fault)
        except Refusal as refusal:
            status, answer = refusal.status, refusal.wire()
        return self._respond(exchange, status, answer)

    async def _run_repeatably(
        self, request: web.Request, operation: Operation, names: dict[str, str], body: bytes, fault: RequestFault
    ) -> tuple[int, Any]:
        given = [name for name in REPEATABILITY if name in request.headers]
        if not operation.repeatable or not given:
            return self._run(request, operation, names, body, fault)
        if len(given) < len(REPEATABILITY):
            raise Refusal(400, "BadRequest", f"{' and '.join(REPEATABILITY)} go together", given[0])
        repeatability_id, asked = request.headers[REPEATABILITY[0]], (request.raw_path, body)
        before = self._repeatable.get(repeatability_id)
        if before is None:
            outcome: asyncio.Future[tuple[int, Any]] = asyncio.get_running_loop().create_future()
            before = self._repeatable[repeatability_id] = _Answered(asked, outcome)
            try:
                outcome.set_result(self._run(request, operation, names, body, fault))
            except Refusal as refusal:
                outcome.set_result((refusal.status, refusal.wire()))
        if before.asked != asked:
            raise Refusal(400, "BadRequest", "the id was used for another request", REPEATABILITY[0])
        return await before.outcome

    def _run(
        self, request: web.Request, operation: Operation, names: dict[str, str], body: bytes, fault: RequestFault
    ) -> tuple[int, Any]:
        arguments: list[Any] = [unquote(name) for name in names.values()]
        order: Wire | None = None
        if operation.body is not None:
            try:
                order = msgspec.json.decode(body, type=operation.body)
                arguments.append(order)
            except msgspec.DecodeError as error:
                raise Refusal(400, "BadRequest", f"Invalid request body: {error}") from None
        elif body.strip():
            raise Refusal(400, "BadRequest", "Invalid request body: there must be none")
        self.executions[operation.name] = self.executions.get(operation.name, 0) + 1
        if operation.name == "list_participants":
            page, following = operation.run(*arguments, _skip(request))
            path, _, _ = request.raw_path.partition("?")
            link = f"{self.endpoint}{path}?api-version={API_VERSION}&skip={following}" if following else None
            return operation.status, {"value": page, "nextLink": link} if link else {"value": page}
        answer = operation.run(*arguments, silent=fault.silent or fault.fails is not None)
        if fault.fails is not None:
            failure = tell_failure(self._board, operation.name, names.get("call"), order, answer, fault.fails)
            self._board.background.later(self._board.behaviour.action_delay_s, failure)
        return operation.status, answer

    def _find(self, method: str, raw_path: str) -> tuple[Operation | None, dict[str, str]]:
        for operation, pattern in self._operations:
            if operation.method == method and (found := pattern.fullmatch(raw_path)):
                return operation, found.groupdict()
        return None, {}

    def _check_credentials(self, request: web.Request, names: dict[str, str], body: bytes) -> None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        try:
            if scheme == "Bearer" and self._entra is not None:
                self._entra.verify(token)
            else:
                check_signature(self._access_key, request.method, _signed_target(request, names), request.headers, body)
        except (ValueError, jwt.InvalidTokenError) as error:
            raise Refusal(401, "7509", f"HMAC validation error: {error}.") from None

    def _check_version(self, request: web.Request) -> None:
        version = request.query.get("api-version")
        if version != API_VERSION:
            raise Refusal(400, "BadRequest", f"api-version must be {API_VERSION}, not {version}.", "api-version")

    def _refused(self, exchange: Exchange, fault: RequestFault) -> web.Response:
        message = "Refused as the test wants it."
        if fault.gateway:
            message = f"No HTTP resource was found that matches the request URI '{self.endpoint}{exchange.path}'."
        refusal = Refusal(fault.status or 500, fault.code, message, gateway=fault.gateway)
        response = self._respond(exchange, refusal.status, refusal.wire())
        if fault.retry_after_s is not None:
            response.headers["Retry-After"] = f"{fault.retry_after_s:g}"
        return response

    def _respond(self, exchange: Exchange, status: int, answer: Any) -> web.Response:
        exchange.status, exchange.answer = status, answer
        self.answered.append(exchange)
        if answer is None:
            return web.Response(status=status)
        given = {key: value for key, value in answer.items() if value is not None}
        return web.Response(status=status, body=msgspec.json.encode(given), content_type="application/json")


def _read(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body) if body else None
    except msgspec.DecodeError:
        return body


def _signed_target(request: web.Request, names: dict[str, str]) -> str:
    """Path and query as the client signed them: the SDK encodes every colon of a raw id, of which its asynchronous
    transport undoes some on the wire.
    """
    raw_id = names.get("participant")
    return request.raw_path.replace(raw_id, quote(unquote(raw_id), safe="")) if raw_id else request.raw_path


def _skip(request: web.Request) -> int:
    return int(request.query.get("skip", "0"))


def _broken(request: web.Request) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()

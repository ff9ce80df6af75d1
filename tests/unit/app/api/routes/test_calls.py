"""What operators are answered about calls: each trouble of the telephone network has its status and its words."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, cast
from unittest.mock import AsyncMock, Mock

import httpx
import msgspec
import pytest
from starlette.applications import Starlette

from actors.errors import ErrorKind, StoreError
from actors.ports.call_controls import CallError, CallTrouble
from actors.runtime.clock import run_virtual
from app.agents.roster import AgentRoster
from app.api.problems import ProblemError, on_problem
from app.api.routes.calls import CallRoutes
from app.sessions.modes import Modes
from app.telephony.call import Call
from app.telephony.call_log import CallLog
from app.telephony.call_orders import CallOrders
from app.telephony.errors import CallControlError, NoCapacityError, NotConfiguredError, TelephonyError, Trouble
from protocol.calls import CallState, InitiateCall
from tests.kit.session_kit import AGENT
from tests.unit.app.telephony.call_kit import CALLER, new_call

GERMAN = msgspec.structs.replace(AGENT, languages=("en-US", "de-DE"))


class Answered(msgspec.Struct):
    """An answer to an operator."""

    status: int
    body: dict[str, Any]
    retry_after: str | None


class Desk:
    """The routes of a worker, with the calls that it has."""

    def __init__(self, *calls: Call) -> None:
        self.log = CallLog()
        for call in calls:
            self.log.add(call)
        self.hung_up: list[Call] = []
        self.on_hang_up: Callable[[Call], object] = lambda call: None
        self.placed: list[tuple[InitiateCall, str]] = []
        self.trouble: TelephonyError | None = None
        """Why no call can be placed; None: it can."""
        self.cluster = Mock(gather=AsyncMock(return_value=([], 0)))
        routes = CallRoutes(
            clients=Mock(),
            clock=Mock(wall=lambda: 100.0),
            agents=AgentRoster({GERMAN.name: GERMAN}),
            modes=Modes("media", speech_to_speech=False),
            new_calls=cast(Any, SimpleNamespace(place=self._place)),
            switchboard=cast(Any, SimpleNamespace(log=self.log, hang_up=self._hang_up)),
            cluster=self.cluster,
        )
        self._app = Starlette(routes=list(routes.routes()), exception_handlers={ProblemError: on_problem})

    async def _place(self, asked: InitiateCall, agent: Any, mode: str) -> Call:
        if self.trouble is not None:
            raise self.trouble
        self.placed.append((asked, mode))
        return new_call(CallState.INITIATING)

    def _hang_up(self, call: Call) -> None:
        self.hung_up.append(call)
        self.on_hang_up(call)

    async def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Answered:
        async with self._client() as client:
            answer = await client.request(method, path, json=body)
        return Answered(answer.status_code, answer.json(), answer.headers.get("Retry-After"))

    @asynccontextmanager
    async def _client(self) -> AsyncIterator[httpx.AsyncClient]:
        transport = httpx.ASGITransport(self._app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            yield client


async def test_a_call_is_placed_in_a_language_and_a_mode_that_there_are() -> None:
    desk = Desk()
    asked = {"target_number": CALLER, "language": "DE", "streaming_mode": "Media"}
    answer = await desk.ask("POST", "/calls/initiate", asked)
    assert (answer.status, answer.body["call_id"], answer.body["streaming_mode"]) == (200, "call-1", "media")
    ((placed, mode),) = desk.placed
    assert (placed.language, mode) == ("de-DE", "media")


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"agent": "nobody"}, "agent"),
        ({"language": "fr-FR"}, "language"),
        ({"streaming_mode": "voice_live"}, "streaming_mode"),
        ({"context": {"browser_session_id": "no such id"}}, "context.browser_session_id"),
        ({"target_number": "12"}, "target_number"),
    ],
)
async def test_what_is_wrong_with_an_order_is_named(asked: dict[str, Any], field: str) -> None:
    desk = Desk()
    answer = await desk.ask("POST", "/calls/initiate", {"target_number": CALLER, **asked})
    assert answer.status == 422
    assert field in answer.body["detail"]
    assert desk.placed == []


@pytest.mark.parametrize(
    ("trouble", "status", "retry_after"),
    [
        (NotConfiguredError("no telephone network is configured"), 503, None),
        (NoCapacityError("no capacity left"), 503, "5"),
        (CallControlError(Trouble.REJECTED, "status 400"), 422, None),
        (CallControlError(Trouble.UNAUTHORIZED, "status 401"), 502, None),
        (CallControlError(Trouble.THROTTLED, "status 429", retry_after_s=7.2), 503, "8"),
        (CallControlError(Trouble.UNAVAILABLE, "no answer"), 503, "5"),
    ],
    ids=lambda value: value.__class__.__name__ if isinstance(value, Exception) else None,
)
async def test_a_call_that_does_not_come_about_says_why(
    trouble: TelephonyError, status: int, retry_after: str | None
) -> None:
    desk = Desk()
    desk.trouble = trouble
    answer = await desk.ask("POST", "/calls/initiate", {"target_number": CALLER})
    assert (answer.status, answer.retry_after) == (status, retry_after)
    assert getattr(trouble, "detail", str(trouble)) in answer.body["detail"]


async def test_the_calls_of_all_workers_are_shown_newest_first_a_page_at_a_time() -> None:
    def begun(number: int) -> Call:
        call = new_call()
        call.secret, call.call_id, call.created_at = f"secret-{number}", f"call-{number}", float(number)
        return call

    here, there = Desk(begun(1), begun(3)), Desk(begun(2), begun(4))
    tell = there.cluster.on.call_args.args[1]
    asked: list[bytes] = []

    async def gather(what: str, payload: bytes) -> tuple[list[bytes], int]:
        asked.append(payload)
        return [await tell(payload)], 0

    here.cluster.gather = gather
    pages = [(await here.ask("GET", f"/calls?page={page}&limit=3")).body for page in (1, 2)]
    assert [[call["call_id"] for call in page["calls"]] for page in pages] == [
        ["call-4", "call-3", "call-2"],
        ["call-1"],
    ]
    assert [page["total"] for page in pages] == [4, 4]
    assert "missing" not in pages[0]


@pytest.mark.parametrize(
    ("gather", "missing"),
    [
        (AsyncMock(return_value=([], 2)), "the calls of workers that do not answer: 2"),
        (
            AsyncMock(side_effect=StoreError(ErrorKind.UNAVAILABLE, "fake")),
            "the calls of other workers: it cannot be found out which there are",
        ),
    ],
)
async def test_what_is_missing_of_the_calls_is_said(gather: AsyncMock, missing: str) -> None:
    desk = Desk(new_call())
    desk.cluster.gather = gather
    answer = await desk.ask("GET", "/calls")
    assert (answer.status, len(answer.body["calls"]), answer.body["missing"]) == (200, 1, missing)


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("DELETE", ""), ("POST", "/hold"), ("POST", "/transfer")])
async def test_a_call_that_nobody_knows_is_not_found(method: str, path: str) -> None:
    assert (await Desk().ask(method, f"/calls/call-1{path}", {"target": CALLER})).status == 404


async def test_a_call_is_hung_up_and_one_that_was_over_is_left_alone() -> None:
    up, over = new_call(), new_call()
    desk = Desk(up)
    desk.on_hang_up = lambda call: call.change_state(CallState.DISCONNECTED, 1.0)
    assert (await desk.ask("DELETE", "/calls/call-1")).body["message"] == "the call was hung up"
    over.change_state(CallState.DISCONNECTED, 1.0)
    desk = Desk(over)
    assert (await desk.ask("DELETE", "/calls/call-1")).body["message"] == "the call was over"
    assert desk.hung_up == []


@pytest.mark.parametrize(
    ("refusal", "status", "retry_after"),
    [
        (None, 503, "5"),
        (CallControlError(Trouble.THROTTLED, "status 429", retry_after_s=20.0), 503, "20"),
        (CallControlError(Trouble.UNAUTHORIZED, "status 401"), 502, None),
    ],
    ids=["no answer", "busy", "not accepted"],
)
def test_whoever_ends_a_call_is_told_in_time_that_it_is_not_over_yet(
    refusal: CallControlError | None, status: int, retry_after: str | None
) -> None:
    async def main() -> None:
        call = new_call()
        call.hang_up_order.refusal = refusal
        desk = Desk(call)
        answer = await desk.ask("POST", "/calls/terminate", {"call_id": "call-1"})
        assert (answer.status, answer.retry_after) == (status, retry_after)
        assert desk.hung_up == [call]

    run_virtual(main())


@pytest.mark.parametrize(
    ("trouble", "status", "retry_after"),
    [
        (CallTrouble.NOT_CONNECTED, 409, None),
        (CallTrouble.GONE, 409, None),
        (CallTrouble.REFUSED, 422, None),
        (CallTrouble.NOT_CONFIGURED, 503, None),
        (CallTrouble.UNAUTHORIZED, 502, None),
        (CallTrouble.UNAVAILABLE, 503, "3"),
    ],
)
@pytest.mark.parametrize("order", ["transfer", "hold", "unhold"])
async def test_an_order_in_a_call_that_is_not_carried_out_says_why(
    monkeypatch: pytest.MonkeyPatch, order: str, trouble: CallTrouble, status: int, retry_after: str | None
) -> None:
    error = CallError(trouble, "it was not done", cause="status 500", retry_after_s=3.0)
    name = {"transfer": "begin_transfer"}.get(order, order)
    monkeypatch.setattr(CallOrders, name, AsyncMock(side_effect=error))
    answer = await Desk(new_call()).ask("POST", f"/calls/call-1/{order}", {"target": "+12065550177"})
    assert (answer.status, answer.retry_after) == (status, retry_after)
    assert answer.body["detail"] == "it was not done (status 500)"


@pytest.mark.parametrize(("order", "shown"), [("hold", "on_hold"), ("unhold", "connected")])
async def test_a_caller_is_held_and_brought_back(monkeypatch: pytest.MonkeyPatch, order: str, shown: str) -> None:
    given = AsyncMock()
    monkeypatch.setattr(CallOrders, order, given)
    answer = await Desk(new_call()).ask("POST", f"/calls/call-1/{order}")
    assert (answer.status, answer.body["status"], given.await_count) == (200, shown, 1)

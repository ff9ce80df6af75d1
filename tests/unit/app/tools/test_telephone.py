"""The tools of a telephone call: what is ordered of the call, and what the model is told when that fails."""

from typing import Any, cast

import pytest

from actors.conversation import KeyPattern
from actors.ports.call_controls import CallControls, CallError, CallTrouble
from actors.tools import AnyTool, ToolContext, ToolEnding, ToolOutcome
from app.tools import load_tools

TOOLS = load_tools()


class Call:
    """The controls of a call, which note what they are told, or fail."""

    def __init__(self, failure: CallError | None = None) -> None:
        self.orders: list[tuple[Any, ...]] = []
        self._failure = failure

    def _order(self, *order: Any) -> None:
        self.orders.append(order)
        if self._failure is not None:
            raise self._failure

    async def transfer(self, number: str) -> None:
        self._order("transfer", number)

    async def transfer_with_briefing(self, briefing: str, number: str) -> None:
        self._order("transfer_with_briefing", briefing, number)

    async def hold(self) -> None:
        self._order("hold")

    async def unhold(self) -> None:
        self._order("unhold")

    async def send_keys(self, keys: str) -> None:
        self._order("send_keys", keys)

    async def start_recording(self) -> str:
        self._order("start_recording")
        return "recording-1"

    async def stop_recording(self) -> None:
        self._order("stop_recording")


async def run(name: str, arguments: str, call: Call | None) -> ToolOutcome:
    tool: AnyTool = TOOLS[name]
    return await tool.run(arguments, ToolContext(session_id="s", call=cast(CallControls | None, call)))


ORDERS = [
    ("transfer_call", '{"number":"+12065550100"}', ("transfer", "+12065550100"), "transferred"),
    ("transfer_to_person", "", ("transfer", ""), "transferred"),
    (
        *("transfer_with_briefing", '{"briefing":"Ann asks for a refund."}'),
        *(("transfer_with_briefing", "Ann asks for a refund.", ""), "connected"),
    ),
    ("put_on_hold", "", ("hold",), "on_hold"),
    ("take_off_hold", "", ("unhold",), "connected"),
    ("send_keys", '{"keys":"12#"}', ("send_keys", "12#"), "sent"),
    ("start_recording", "", ("start_recording",), "recording"),
    ("stop_recording", "", ("stop_recording",), "stopped"),
]


@pytest.mark.parametrize(("name", "arguments", "order", "status"), ORDERS, ids=[each[0] for each in ORDERS])
async def test_what_is_ordered_and_what_the_model_is_told(
    name: str, arguments: str, order: tuple[Any, ...], status: str
) -> None:
    call = Call()
    outcome = await run(name, arguments, call)
    assert call.orders == [order]
    assert (outcome.failed, outcome.result["status"]) == (False, status)
    assert outcome.ending is (ToolEnding.HANDOFF if name.startswith("transfer") else ToolEnding.NONE)


@pytest.mark.parametrize(("name", "arguments"), [each[:2] for each in ORDERS], ids=[each[0] for each in ORDERS])
async def test_an_order_that_fails_is_told_to_the_model_and_ends_nothing(name: str, arguments: str) -> None:
    outcome = await run(name, arguments, Call(CallError(CallTrouble.NOT_CONNECTED, "the call is over")))
    assert outcome == ToolOutcome({"error": "the call is over"}, failed=True)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [each[:2] for each in ORDERS if each[0] != "transfer_to_person"],
    ids=[each[0] for each in ORDERS if each[0] != "transfer_to_person"],
)
async def test_a_browser_has_no_telephone_call(name: str, arguments: str) -> None:
    outcome = await run(name, arguments, None)
    assert outcome.failed
    assert "there is no telephone call" in outcome.result["error"]


async def test_a_person_can_be_asked_for_in_a_browser_too() -> None:
    outcome = await run("transfer_to_person", "", None)
    assert (outcome.result, outcome.ending) == ({"status": "transferring"}, ToolEnding.HANDOFF)


@pytest.mark.parametrize(
    ("arguments", "pattern"),
    [
        ("", KeyPattern(0, "#", 5.0)),
        ('{"length":4,"terminator":"","timeout_s":2.5}', KeyPattern(4, "", 2.5)),
        ('{"length":99,"timeout_s":600}', KeyPattern(32, "#", 60.0)),
        ('{"length":-1,"timeout_s":0}', KeyPattern(0, "#", 0.5)),
    ],
)
async def test_keys_are_collected_within_bounds(arguments: str, pattern: KeyPattern) -> None:
    outcome = await run("collect_digits", arguments, Call())
    assert (outcome.failed, outcome.keys) == (False, pattern)


async def test_keys_cannot_be_collected_in_a_browser() -> None:
    outcome = await run("collect_digits", "", None)
    assert (outcome.failed, outcome.keys) == (True, None)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("transfer_call", '{"number":"call me"}'),
        ("send_keys", '{"keys":""}'),
        ("send_keys", '{"keys":"12x"}'),
        ("collect_digits", '{"terminator":"##"}'),
        ("transfer_with_briefing", '{"briefing":""}'),
    ],
)
async def test_what_no_telephone_takes_is_not_ordered(name: str, arguments: str) -> None:
    call = Call()
    outcome = await run(name, arguments, call)
    assert outcome.failed
    assert call.orders == []

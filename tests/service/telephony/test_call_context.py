"""What comes with a call reaches the agent that answers it, its tools and its model; no log has it."""

import logging
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from actors.ports.llm import ModelEvent, ModelRequest, ReplyGenerated, TextGenerated, ToolCalled
from actors.tools import ToolContext, tool
from app.api.asgi import create_app
from app.server.lifecycle import Lifecycle
from config.errors import SettingsError
from config.settings import Settings
from tests.cloud.acs.caller import Caller
from tests.kit.session_kit import AGENT
from tests.kit.virtual_time import on_virtual_time
from tests.service.telephony.telephone_kit import OURS, Telephone, answered, over, telephone

SEEN: list[ModelRequest] = []
TOLD: list[ToolContext] = []


class Curious:
    """A model that notes what it is asked, and asks a tool once."""

    async def reply(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
        """One reply."""
        SEEN.append(request)
        if request.messages[-1].role == "user":
            yield ToolCalled(call_id="c1", name="look", arguments="{}")
        else:
            yield TextGenerated("I see.")
        yield ReplyGenerated()

    async def close(self) -> None:
        """Nothing is held."""


def curious() -> Curious:
    """The plug-in."""
    return Curious()


@tool
async def look(context: ToolContext) -> str:
    """Look at what is known."""
    TOLD.append(context)
    return "seen"


LOOKING = msgspec.structs.replace(AGENT, tools=("look",))
MODEL = "tests.service.telephony.test_call_context:curious"


async def asked(phone: Telephone, caller: Caller) -> tuple[ModelRequest, ToolContext]:
    """What model and tool are told when the caller wants something."""
    SEEN.clear()
    TOLD.clear()
    caller.press("5#")
    await caller.hears_reply(quiet_ms=300)
    caller.hang_up()
    await over(phone, caller)
    return SEEN[-1], TOLD[-1]


@on_virtual_time
async def test_what_comes_with_an_incoming_call(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "app")
    async with telephone(LOOKING, {"look": look}, LANGUAGE_MODEL=MODEL) as phone:
        ringing = phone.acs.ring("+15550142")
        event = phone.acs.incoming_call(ringing, {"User-To-User": "order=7", "X-MS-Custom-Tier": "gold"})
        event["data"]["callerDisplayName"] = "Ada"
        await phone.acs.event_grid.deliver(phone.webhook, [event])
        await ringing.caller.connected()
        await ringing.caller.hears_reply(quiet_ms=300, since_s=ringing.caller.ear.started_s)
        request, context = await asked(phone, ringing.caller)
        for part in ('"+15550142"', f'"{OURS}"', '"Ada"', '"User-To-User":"order=7"', "they have called"):
            assert part in request.preamble
        assert (context.about.caller, context.about.called, context.about.caller_name) == ("+15550142", OURS, "Ada")
        assert context.about.headers["X-MS-Custom-Tier"] == "gold"
        assert not any("5550142" in record.getMessage() or "Ada" in record.getMessage() for record in caplog.records)


@on_virtual_time
async def test_what_is_said_of_a_call_that_is_placed() -> None:
    async with telephone(LOOKING, {"look": look}, TIME_ZONE="Asia/Tokyo", LANGUAGE_MODEL=MODEL) as phone:
        context: dict[str, Any] = {"order": {"id": 7}, "browser_session_id": "b-1"}
        number = {"target_number": "+15550123", "caller_name": "Ada"}
        refused = await phone.rest.post("/calls/initiate", json={**number, "language": "fr-FR"})
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "language")
        placed = await phone.rest.post("/calls/initiate", json={**number, "context": context, "language": "en"})
        assert placed.status_code == 200
        callee = await phone.acs.callee("+15550123")
        await callee.connected()
        await callee.hears_reply(quiet_ms=300, since_s=callee.ear.started_s)
        request, told = await asked(phone, callee)
        assert '"context":{"order":{"id":7}}' in request.preamble
        assert "you have called them" in request.preamble
        assert "(Asia/Tokyo)" in request.preamble
        assert told.about.context == {"order": {"id": 7}}
        assert told.call is not None
        assert told.call.context == told.about.context
        assert (told.about.caller_name, told.about.language) == ("Ada", "en-US")
        assert "They speak en-US" in request.preamble


@on_virtual_time
async def test_the_number_that_was_called_says_who_answers() -> None:
    other = msgspec.structs.replace(AGENT, name="other")
    async with telephone(other, AGENT_BY_NUMBER=f"+12065550100=tester,{OURS}=other") as phone:
        phone.service.agents.put(AGENT)
        caller = await answered(phone)
        (call,) = phone.switchboard.log.live
        assert call.agent.name == "other"
        caller.hang_up()
        await over(phone, caller)


def test_a_number_whose_agent_is_not_there_stops_the_start_and_is_not_named() -> None:
    settings = Settings.read({"AGENT_BY_NUMBER": "+12065550100=nobody"})
    with pytest.raises(SettingsError) as error:
        create_app(settings, Lifecycle())
    assert "AGENT_BY_NUMBER names the agent 'nobody'; it must be one of " in str(error.value)
    assert "5550100" not in str(error.value)


@pytest.mark.parametrize("text", ["5550100=hotel", "+12065550100", "+1206=a,+1206=b", "+12065550100=No Agent"])
def test_what_is_no_route_stops_the_start(text: str) -> None:
    with pytest.raises(SettingsError, match="AGENT_BY_NUMBER has a value that cannot be used"):
        Settings.read({"AGENT_BY_NUMBER": text})


@pytest.mark.parametrize("text", ["Nowhere", "../etc/passwd", "Europe", "Europe/Zürich"])
def test_a_time_zone_that_is_none_stops_the_start(text: str) -> None:
    with pytest.raises(SettingsError, match="TIME_ZONE"):
        Settings.read({"TIME_ZONE": text})

"""Two of the shipped agents in one conversation of a running server, without a language model."""

import asyncio
from collections.abc import Iterator

import httpx
import pytest

from earshot_client import Conversation, Event, HandedOff, Heard, Opened
from tests.kit.service_kit import FAKES
from tests.kit.serving import AUTHORITIES, EARSHOT, Server, serving

LIMIT_S = 60


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    fast = {"SPEECH_SYNTHESIZER": "tests.kit.fakes:fast_synthesizer"}
    with serving(EARSHOT, **{**FAKES, **fast, "LANGUAGE_MODEL": "script"}) as started:
        yield started


async def until_heard(call: Conversation, text: str) -> list[Event]:
    """The events up to a reply in which `text` was heard."""
    found: list[Event] = []
    async with asyncio.timeout(LIMIT_S):
        async for event in call:
            found.append(event)
            if isinstance(event, Heard) and text in event.text:
                return found
    raise AssertionError(f"it ended without {text!r}: {found}")


async def test_a_guest_is_handed_off_comes_back_and_is_never_asked_twice(server: Server) -> None:
    async with Conversation(server.url, agent="hotel") as call:
        opened = (await until_heard(call, "Harbour House"))[0]
        assert isinstance(opened, Opened)
        assert opened.label == "Harbour House"
        await call.say("i would like to book a table")
        events = await until_heard(call, "need not book")
        assert [event for event in events if isinstance(event, HandedOff)] == [
            HandedOff(turn=2, agent="restaurant", label="Harbour Kitchen")
        ]
        assert [event.text for event in events if isinstance(event, Heard)] == [
            "One moment.",
            "Harbour Kitchen here, good evening.",
            "Guests of the house need not book, there is a table for you whenever you come.",
        ]

        # Who comes back to it by a new connection is told whom they talk with.
        transport = call._socket.get_extra_info("socket")
        transport.shutdown(2)
        again = await _reopened(call)
        assert (again.resumed, again.agent, again.label) == (True, "restaurant", "Harbour Kitchen")

        async with httpx.AsyncClient(base_url=server.url, trust_env=False, verify=AUTHORITIES) as client:
            sessions = (await client.get("/api/v1/health/actors")).json()["sessions"]
            described = next(each for each in sessions if each["session_id"] == call.session_id)
            assert (described["agent"], described["handoffs"]) == ("restaurant", ["restaurant"])

            await call.say("what is the wifi password")
            await until_heard(call, "seagull")
            transcript = (await client.get(f"/api/v1/sessions/{call.session_id}/transcript")).json()
            speakers = [entry["agent"] for entry in transcript["entries"] if entry["role"] == "assistant"]
            assert (speakers[0], speakers[1], speakers[2], speakers[-1]) == ("hotel", "hotel", "restaurant", "hotel")
            timeline = (await client.get(f"/api/v1/sessions/{call.session_id}/timeline")).json()
            assert [each["name"] for each in timeline["events"] if each["kind"] == "handoff"] == ["restaurant", "hotel"]


async def _reopened(call: Conversation) -> Opened:
    async with asyncio.timeout(LIMIT_S):
        async for event in call:
            if isinstance(event, Opened):
                return event
    raise AssertionError("it was not opened again")

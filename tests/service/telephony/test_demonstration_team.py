"""The demonstration team on the telephone, by voice: the real openai SDK and the real ACS SDK, over emulators.

One caller has a slow tool, an interruption, two hand-overs and a warm transfer; then the team calls somebody whose
answering machine takes the call. The recognizer says what it is told to for each utterance; all else is the product's.
"""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from actors.conversation import Role
from app.agents.agent_files import load_agents
from app.tools import broadband, load_tools
from protocol.calls import CallState
from tests.cloud.acs.caller import Caller
from tests.cloud.chat.emulator import ChatEmulator
from tests.cloud.chat.scripted import Call, Reply
from tests.kit.fakes import FakeRecognizer
from tests.kit.source import ROOT
from tests.kit.speech import RATE_HZ, silence
from tests.kit.virtual_time import on_virtual_time
from tests.service.telephony.telephone_kit import Telephone, answered, telephone, tone

CALLER, PERSON, CALLEE = "+15550102", "+15550177", "+15550123"
OUTAGE = "There is an outage in your whole street, and it will be mended by this evening. I am very sorry about that."
SAID = (
    "i have no internet",
    "no stop what do i owe you",
    "i want to talk to a person please",
    "you have reached carla please leave a message after the tone",
)


def recognizer() -> FakeRecognizer:
    """The plug-in."""
    return FakeRecognizer(SAID)


def answers(chat: ChatEmulator) -> None:
    """What the model answers to what it is told last, whichever of the two agents it is."""
    for told, answer in (
        ("no internet", Reply("One moment. ", (Call("handoff_to_support"),))),
        ("Support here", Reply("I measure your line. ", (Call("measure_line"),))),
        ('"status":"faulty"', Reply(OUTAGE)),
        ("front desk again", Reply("", (Call("find_customer"),))),
        ("do i owe", Reply("One moment. ", (Call("handoff_to_front_desk"),))),
        ('"status":"in_debt"', Reply("You have not paid for April and May.")),
        ("a person", Reply("I ask a colleague. ", (Call("transfer_with_briefing", {"briefing": "It is Carla."}),))),
        ('"status":"connected"', Reply("This is my colleague. Goodbye.")),
    ):
        chat.answer(told, answer)


async def until(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110  nobody tells what is in the conversation
            await asyncio.sleep(0.02)


def heard(phone: Telephone, role: Role = Role.ASSISTANT) -> list[str]:
    """What was heard of the agents, or what the user has said, in the one session that is live."""
    (entry,) = (each for each in phone.service.sessions.live.values() if each.plan.model is None)
    assert entry.session is not None
    return [message.text for message in entry.session.record().messages if message.role is role]


def is_written(phone: Telephone, text: str) -> bool:
    """Whether the model has said something of which not all is heard yet."""
    (entry,) = phone.service.sessions.live.values()
    return any(text in each.text for each in entry.checkpoint.pending_replies.values())


async def speaks(caller: Caller) -> None:
    await caller.say(tone(1_600) + silence(900), RATE_HZ)


@on_virtual_time
async def test_the_team_by_voice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broadband, "LINE_TEST_S", 4.0)
    tools = dict(load_tools())
    agents = load_agents(ROOT / "config/team", tools)
    async with ChatEmulator(key="secret") as chat:
        answers(chat)
        environ = {"LANGUAGE_MODEL": "openai", "OPENAI_MODEL": "m", "OPENAI_BASE_URL": chat.base_url}
        environ |= {"OPENAI_API_KEY": "secret", "SPEECH_RECOGNIZER": f"{__name__}:recognizer"}
        async with telephone(agents["front-desk"], tools, None, HANDOFF_PHONE_NUMBER=PERSON, **environ) as phone:
            phone.service.agents.put(agents["support"])
            caller = await answered(phone, CALLER)
            await _line_and_bill(phone, caller)
            await _person(phone, caller)
            await _machine(phone)


async def _line_and_bill(phone: Telephone, caller: Caller) -> None:
    await speaks(caller)
    await until(lambda: "I am still measuring." in heard(phone))
    assert "Support here." in heard(phone)
    # It is interrupted in the middle of what it has found out.
    await until(lambda: is_written(phone, OUTAGE))
    await caller.hears_voice()
    await speaks(caller)
    await until(lambda: "You have not paid for April and May." in heard(phone))
    assert "The front desk again." in heard(phone)
    (cut,) = [text for text in heard(phone) if text.startswith("I measure your line.")]
    assert OUTAGE not in cut
    assert heard(phone, Role.USER) == list(SAID[:2])


async def _person(phone: Telephone, caller: Caller) -> None:
    await speaks(caller)
    person = await phone.acs.callee(PERSON)
    await person.connected()
    await person.hears_reply(quiet_ms=300, since_s=person.ear.started_s)
    person.press("1")
    async with asyncio.timeout(60):
        await phone.service.sessions.emptied()
    assert caller.call is person.call
    (call,) = [each for each in (await phone.rest.get("/sessions")).json()["sessions"] if each["agent"] == "front-desk"]
    assert call["ended_reason"] == "HUMAN_HANDOFF"
    caller.hang_up()
    await person.ended()


async def _machine(phone: Telephone) -> None:
    placed = await phone.rest.post("/calls/initiate", json={"target_number": CALLEE, "agent": "front-desk"})
    assert placed.status_code == 200, placed.text
    machine = await phone.acs.callee(CALLEE)
    await machine.connected()
    await speaks(machine)
    await machine.ended()
    session = placed.json()["session_id"]
    call = phone.switchboard.log.of_session(session)
    assert call is not None
    await call.over.wait()
    assert call.state is CallState.DISCONNECTED
    told = await phone.rest.get(f"/sessions/{session}/record")
    assert told.json()["outcome"] == "MESSAGE_LEFT"

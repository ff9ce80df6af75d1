"""Calls that the agent places, and who picks up: a person, or a machine with a greeting and a beep. By voice.

What they say is made before they pick up: who says nothing for two seconds is greeted.
"""

import asyncio
import math
from array import array
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import httpx
import pytest
import pytest_asyncio

from tests.cloud.acs.caller import Caller as Telephone
from tests.cloud.acs.caller import CallOver
from tests.cloud.acs.emulator import AcsEmulator
from tests.eval.phone import answering
from tests.kit.clients.phone_caller import PhoneCaller
from tests.kit.serving import AUTHORITIES
from tests.kit.speech import HIBARI, RATE_HZ, say_aside, silence

pytestmark = [pytest.mark.timeout(400), pytest.mark.asyncio(loop_scope="module")]

AGENTS = {"library": "leave_message", "branch": "hang_up"}
"""What each does when a machine picks up."""
MESSAGE = "This is the library. Your book has arrived."
GREETING = "Hello, this is the library."
MACHINE = "you have reached anna miller. i can not take your call. please leave a message after the tone"
PERSON = (
    "hello this is anna miller speaking i was just about to leave the house and i have to catch a train in ten minutes "
    "so please tell me what this is about as quickly as you can because i am really in a hurry this morning"
)
AGENT = """
name: {name}
label: Library
greeting: {greeting}
instructions: You tell people that their book has arrived.
voicemail: {voicemail}
phrases:
  voicemail: {message}
dialogue:
  intents:
    - name: hours
      examples: [when do you open, when are you open, what are your opening hours]
      reply: [We open at nine.]
  fallback: {{reply: [Your book is here.]}}
"""


def beep(ms: int = 500, frequency_hz: float = 1_000.0) -> bytes:
    step = 2 * math.pi * frequency_hz / RATE_HZ
    return array("h", (round(9_000 * math.sin(step * n)) for n in range(ms * RATE_HZ // 1000))).tobytes()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def line(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[AcsEmulator, str]]:
    """The network, and the address of one server with both agents: its models take seconds to load."""
    folder = tmp_path_factory.mktemp("agents")
    for name, voicemail in AGENTS.items():
        text = AGENT.format(name=name, greeting=GREETING, voicemail=voicemail, message=MESSAGE)
        (folder / f"{name}.yaml").write_text(text)
    async with answering(AGENTS_DIRECTORY=str(folder), DEFAULT_AGENT="library") as (acs, url):
        yield acs, url


@asynccontextmanager
async def picked_up(
    line: tuple[AcsEmulator, str], agent: str, number: str
) -> AsyncIterator[tuple[PhoneCaller, httpx.AsyncClient]]:
    """Somebody whom the agent calls, at a number of their own, has picked up, or something."""
    acs, url = line
    async with httpx.AsyncClient(base_url=f"{url}/api/v1", trust_env=False, verify=AUTHORITIES) as rest:
        placed = await rest.post("/calls/initiate", json={"target_number": number, "agent": agent})
        assert placed.status_code == 200, placed.text
        async with PhoneCaller.on(await acs.callee(number), url) as person:
            yield person, rest


async def record(rest: httpx.AsyncClient, person: PhoneCaller) -> Any:
    """The record of the conversation, once it is there."""
    async with asyncio.timeout(60):
        while (told := await rest.get(f"/sessions/{person.session_id}/record")).status_code != 200:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    return told.json()


def heard_ms(telephone: Telephone) -> float:
    return sum(span.ms for span in telephone.ear.timeline if span.kind == "audio")


async def test_a_machine_is_left_the_message_after_its_tone(line: tuple[AcsEmulator, str]) -> None:
    greeting = await say_aside(MACHINE, HIBARI)
    async with picked_up(line, "library", "+15550123") as (machine, rest):
        telephone = machine.caller
        await machine.say(greeting + silence(1_200))
        assert heard_ms(telephone) == 0
        toned = await machine.say(beep() + silence(200))
        began_s = await telephone.hears_voice(since_s=telephone.ear.started_s, timeout_s=30)
        assert began_s >= toned.started_s + 0.5
        await telephone.ended(60)
        assert (await record(rest, machine))["outcome"] == "MESSAGE_LEFT"
    assert machine.said_by_agent() == MESSAGE
    (ended,) = machine.of("session_end")
    assert ended["reason"] == "MESSAGE_LEFT"


async def test_a_machine_is_hung_up_on(line: tuple[AcsEmulator, str]) -> None:
    greeting = await say_aside(MACHINE, HIBARI)
    async with picked_up(line, "branch", "+15550124") as (machine, rest):
        with suppress(CallOver):
            await machine.say(greeting + silence(20_000))
        await machine.caller.ended(60)
        assert heard_ms(machine.caller) == 0
        assert (await record(rest, machine))["outcome"] == "VOICEMAIL"


async def test_a_person_with_a_long_sentence_is_talked_with(line: tuple[AcsEmulator, str]) -> None:
    sentence = await say_aside(PERSON, HIBARI)
    async with picked_up(line, "branch", "+15550125") as (person, rest):
        said = await person.say(sentence + silence(300))
        assert said.ended_s - said.started_s > 8
        # Where they paused for breath the greeting may have begun, and they have cut it short.
        await person.reply()
        before = len(person.events)
        await person.caller.hears_silence(500)
        await person.say(await say_aside("when do you open", HIBARI))
        assert "nine" in await person.reply(before)
        person.hang_up()
        await person.caller.ended(60)
        assert (await record(rest, person))["outcome"] not in ("VOICEMAIL", "MESSAGE_LEFT")


async def test_hello_is_answered_by_the_greeting(line: tuple[AcsEmulator, str]) -> None:
    hello = await say_aside("hello", HIBARI)
    async with picked_up(line, "library", "+15550126") as (person, _):
        await person.say(hello + silence(300))
        assert await person.reply() == GREETING
        person.hang_up()
        await person.caller.ended(60)

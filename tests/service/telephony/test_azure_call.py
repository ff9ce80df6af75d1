"""A telephone call on the real Azure SDKs, all of the cloud emulated, in which one part after the other fails."""

import asyncio
from datetime import UTC, datetime, timedelta

from tests.cloud.acs.ear import Ear
from tests.cloud.chat.emulator import ChatEmulator
from tests.cloud.chat.scripted import Call, Fault, Reply
from tests.cloud.entra import EntraEmulator
from tests.cloud.speech.emulator import RESOURCE_ID, Scripted, SpeechEmulator
from tests.eval.phone import answering, calling
from tests.kit.clients.phone_caller import PhoneCaller
from tests.kit.speech import HIBARI, say_aside

TOKEN_S = 25

SAID = (
    "hello i need an appointment",
    "a cleaning please",
    "tomorrow morning",
    "sorry what did you say",
    "nine o'clock then",
    "yes please book it",
)


def longest_silence_s(ear: Ear, from_s: float, to_s: float) -> float:
    """The longest time, between two moments of the loop's clock, in which the caller heard nothing."""
    ends = [from_s]
    longest = 0.0
    for voice in ear.voices(pause_ms=100):
        if voice.ended_s <= from_s or voice.started_s >= to_s:
            continue
        longest = max(longest, voice.started_s - max(ends))
        ends.append(voice.ended_s)
    return max(longest, to_s - max(ends))


async def ask(person: PhoneCaller, number: int) -> float:
    """Say a line and hear the answer out; the longest silence until it began."""
    before = len(person.events)
    spoken = await person.say(await say_aside(SAID[number], HIBARI))
    heard_s = await person.caller.hears_voice(since_s=spoken.ended_s + 0.1, timeout_s=60)
    silence_s = longest_silence_s(person.caller.ear, spoken.ended_s, heard_s)
    await person.reply(before)
    return silence_s


async def test_a_call_in_which_everything_fails_once_books_its_appointment() -> None:
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).date().isoformat()
    async with (
        EntraEmulator(ttl_s=TOKEN_S) as entra,
        SpeechEmulator(recognition=Scripted(*SAID), entra=entra) as speech,
        ChatEmulator() as chat,
    ):
        chat.script(
            Reply("Of course. What is it for?"),
            Reply("A cleaning, fine. Which day would you like?"),
            # Broken off in the middle; the rest of it is asked for.
            Reply("Tomorrow I have nine or ten thirty. Which would you like?", fault=Fault.RESET, fault_after=4),
            Reply("nine or ten thirty."),
            Reply("I have nine or ten thirty."),
            Reply("Nine it is. Shall I book it?"),
            Reply(
                "",
                (Call("book_appointment", {"day": tomorrow, "time": "09:00", "reason": "cleaning", "name": "Ann"}),),
            ),
            Reply("You are booked."),
        )
        azure = {
            "AZURE_SPEECH_ENDPOINT": speech.endpoint,
            "AZURE_SPEECH_RESOURCE_ID": RESOURCE_ID,
            "AZURE_TOKEN_CREDENTIALS": "ManagedIdentityCredential",
            **entra.app_service(),
            **chat.environment(),
        }
        async with answering(**azure) as (acs, url), calling(acs, url) as person:
            silences = await hold(person, speech)
            shown = [(tool["tool"], tool["status"]) for tool in person.tools()]
    assert shown == [("book_appointment", "success")]
    assert person.understood() == list(SAID)
    assert max(silences) < 3.0, silences


async def hold(person: PhoneCaller, speech: SpeechEmulator) -> list[float]:
    """The conversation, a fault before each line; the longest silence after each."""
    silences = []
    await person.reply()
    silences.append(await ask(person, 0))
    # Those who live longer than their token have been given the next one by now.
    await asyncio.sleep(max(0.0, TOKEN_S + 2 - person.now_s))
    assert speech.expire_tokens() > 0
    silences.append(await ask(person, 1))
    speech.faults.stall_recognition()
    # The model breaks in the middle of this answer.
    silences.append(await ask(person, 2))
    silences.append(await ask(person, 3))
    speech.faults.refuse("synthesis", 429, times=2)
    speech.faults.drop_synthesis(code=4429)
    silences.append(await ask(person, 4))
    silences.append(await ask(person, 5))
    await asyncio.sleep(0)
    return silences

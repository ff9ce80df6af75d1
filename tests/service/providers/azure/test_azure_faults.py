"""A telephone call on the real Speech SDK goes on whatever the service does to it: a test for each way to fail.

The ways are those that were found out about the SDK, by trying. Those of one kind strike at the same time, each in a
call of its own: speech to text in one, text to speech in another.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

import msgspec
import numpy as np
import pytest

from actors.agent import Phrases
from actors.conversation import ChatMessage, Role, UtteranceKind
from actors.ports.llm import ModelEvent, ModelRequest, ReplyGenerated, TextGenerated
from tests.cloud.acs import pcm
from tests.cloud.acs.caller import Caller
from tests.cloud.acs.identifiers import phone as number_of
from tests.cloud.speech.emulator import ALWAYS, Embedded, SpeechEmulator
from tests.kit.fakes import FakeRecognizer
from tests.kit.session_kit import AGENT
from tests.kit.speech import RATE_HZ
from tests.service.telephony.telephone_kit import Telephone, answered, over, telephone, tone

SAID = ("One.", "Two.")
PITCHES_HZ = {"One.": 400.0, "Two.": 900.0}
"""What each sentence sounds like. The service knows it by that, however late it hears it and however often."""
SPEECH_DBFS = -10.0
INTERIM_EVERY_MS = 200.0
BRIEF = msgspec.structs.replace(
    AGENT,
    greeting="Hello.",
    phrases=Phrases(hold_on="Wait.", fillers=("Wait.",), no_input=("Well?",)),
    limits=msgspec.structs.replace(AGENT.limits, no_input_s=300),
)
"""Asks nobody whether they are still there whom a busy machine lets wait for their turn to speak."""
WITHIN_S = 60.0
"""A wait that is given up: how soon the caller is answered is held elsewhere."""
DOWN_S = 1.5
"""A host that is down comes back while the session still tries."""


class Repeating:
    """A model that repeats what was said."""

    async def reply(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
        yield TextGenerated(f"You said {request.messages[-1].text}")
        yield ReplyGenerated()

    async def close(self) -> None:
        return


def repeating() -> Repeating:
    """The plug-in."""
    return Repeating()


def takes_over() -> FakeRecognizer:
    """A plug-in behind Azure: understands the same."""
    return FakeRecognizer(SAID)


Strike = Callable[[SpeechEmulator], Awaitable[None] | None]


class Way(msgspec.Struct, frozen=True):
    """A way to fail, of one half of the service."""

    strike: Strike
    befalls: str = ""
    """The emulator's name of it, if it has one."""
    environ: Mapping[str, str] = {}


def refusing(lane: str, status: int, times: int, **environ: str) -> Way:
    """New connections are refused, and there are none but new ones."""

    def strike(speech: SpeechEmulator) -> None:
        speech.faults.refuse(lane, status, times)  # type: ignore[arg-type]
        speech.break_connections(lane, 1011)  # type: ignore[arg-type]

    return Way(strike, "refuse", environ)


def hanging(lane: str) -> Way:
    """The next connection is taken, and never answered."""

    def strike(speech: SpeechEmulator) -> None:
        speech.faults.hang(lane)  # type: ignore[arg-type]
        speech.break_connections(lane, 1011)  # type: ignore[arg-type]

    return Way(strike, "hang")


async def away(speech: SpeechEmulator) -> None:
    """Nobody listens at the port, for a while."""
    await speech.stop_listening()
    speech.break_connections()
    await asyncio.sleep(DOWN_S)
    await speech.listen()


OTHER_EARS = {"SPEECH_RECOGNIZER_FALLBACK": "tests.service.providers.azure.test_azure_faults:takes_over"}
OTHER_VOICE = {"SPEECH_SYNTHESIZER_FALLBACK": "tests.kit.fakes:synthesizer"}

WAYS: dict[str, tuple[Way, ...]] = {
    "401 or 403": (
        refusing("recognition", 401, ALWAYS, **OTHER_EARS),
        refusing("recognition", 403, ALWAYS, **OTHER_EARS),
        refusing("synthesis", 401, ALWAYS, **OTHER_VOICE),
    ),
    "429": (refusing("recognition", 429, 2), refusing("synthesis", 429, 1)),
    "500 or 503": (
        refusing("recognition", 500, 1),
        refusing("recognition", 503, 5),
        refusing("synthesis", 503, 1),
    ),
    "refused port": (Way(away),),
    "upgrade hangs": (hanging("recognition"), hanging("synthesis")),
    "close 1000, 1011 or abort in mid-turn": (
        Way(lambda speech: speech.faults.drop_at_partial(1000), "drop_at_partial"),
        Way(lambda speech: speech.faults.drop_at_partial(1011), "drop_at_partial"),
        Way(lambda speech: speech.faults.drop_at_partial(None), "drop_at_partial"),
        Way(lambda speech: speech.faults.drop_synthesis(200, 1011), "drop_synthesis"),
    ),
    "repeated abort without progress": (
        Way(lambda speech: speech.faults.drop_recognition(times=6), "drop_recognition"),
    ),
    "close 1007": (
        Way(lambda speech: speech.faults.drop_at_partial(1007), "drop_at_partial"),
        Way(lambda speech: speech.faults.drop_synthesis(200, 1007), "drop_synthesis"),
    ),
    "close 4429": (
        Way(lambda speech: speech.faults.drop_at_partial(4429), "drop_at_partial"),
        Way(lambda speech: speech.faults.drop_synthesis(0, 4429), "drop_synthesis"),
    ),
    "phrase Error, TooManyRequests or Forbidden": tuple(
        Way(lambda speech, status=status: speech.faults.error_phrase(status, 5), "error_phrase")  # type: ignore[misc]
        for status in ("Error", "TooManyRequests", "Forbidden")
    ),
    "stall in mid-turn": (
        Way(lambda speech: speech.faults.stall_recognition(), "stall_recognition"),
        Way(lambda speech: speech.faults.stall_synthesis(200), "stall_synthesis"),
    ),
    "first audio late": (Way(lambda speech: speech.faults.slow_first_byte(4.0), "slow_first_byte"),),
}


def on_azure(speech: SpeechEmulator) -> dict[str, str]:
    """Hears and speaks by the emulator."""
    return {
        "SPEECH_RECOGNIZER": "azure",
        "SPEECH_SYNTHESIZER": "azure",
        "AZURE_SPEECH_ENDPOINT": speech.endpoint,
        "AZURE_SPEECH_KEY": speech.key,
        "LANGUAGE_MODEL": "tests.service.providers.azure.test_azure_faults:repeating",
    }


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not holds():  # noqa: ASYNC110  emulator and session tell nobody
            await asyncio.sleep(0.02)


def remembered(phone: Telephone) -> list[ChatMessage]:
    (entry,) = phone.service.sessions.live.values()
    assert entry.session is not None
    return list(entry.session.record().messages)


def replies(phone: Telephone) -> list[str]:
    """What was heard to its end of the replies to the caller."""
    ours = [message for message in remembered(phone) if message.role is Role.ASSISTANT]
    return [message.text for message in ours if message.kind is UtteranceKind.REPLY and not message.interrupted]


def sound(text: str) -> bytes:
    """How a sentence sounds that the service understands."""
    return pcm.tone(900, RATE_HZ, PITCHES_HZ[text], SPEECH_DBFS)


def understood(heard: bytes, rate_hz: int) -> str:
    """The sentence whose pitch is next to that of what was heard."""
    samples = np.frombuffer(heard, "<i2")
    pitch_hz = float(np.argmax(np.abs(np.fft.rfft(samples)))) * rate_hz / len(samples)
    return min(PITCHES_HZ, key=lambda text: abs(PITCHES_HZ[text] - pitch_hz))


async def exchange(phone: Telephone, caller: Caller, number: int, speech: bytes) -> None:
    """Say something, and hear the answer out."""
    spoken = await caller.say(speech, RATE_HZ)
    await caller.hears_voice(since_s=spoken.ended_s + 0.1, timeout_s=WITHIN_S)
    await until(lambda: len(replies(phone)) > number)


async def go_on(way: Way) -> None:
    async with (
        SpeechEmulator(recognition=Embedded(understood, partial_every_ms=INTERIM_EVERY_MS)) as speech,
        telephone(BRIEF, None, None, **on_azure(speech), **way.environ) as phone,
    ):
        caller = await answered(phone)
        # Phrases that are kept are made in the background: what strikes is to strike the conversation.
        await until(lambda: all(request.outcome for request in speech.syntheses))
        struck = way.strike(speech)
        striking = asyncio.ensure_future(struck) if struck is not None else None
        for number, text in enumerate(SAID):
            await exchange(phone, caller, number, sound(text))
        if striking is not None:
            await striking
        words = [message.text for message in remembered(phone) if message.role is Role.USER]
        kinds = {message.kind for message in remembered(phone) if message.role is Role.ASSISTANT}
        assert words == list(SAID)
        assert replies(phone) == [f"You said {text}" for text in SAID]
        assert kinds <= {UtteranceKind.GREETING, UtteranceKind.REPLY, UtteranceKind.FILLER}
        assert not way.befalls or way.befalls in {fault.name for fault in speech.faults.befallen}
        caller.hang_up()
        await over(phone, caller)


@pytest.mark.parametrize("ways", WAYS.values(), ids=WAYS)
async def test_the_caller_is_answered_after(ways: tuple[Way, ...]) -> None:
    async with asyncio.TaskGroup() as calls:
        for way in ways:
            calls.create_task(go_on(way))


NOISE_DBFS = -40.0
"""20 dB below a voice on the telephone."""
UNANSWERED_S = 6.0
"""Longer than speech may go on without a word of the service about it."""


def decoded(pcm: bytes, _rate_hz: int) -> str:
    """What somebody said into the noise, nothing if nobody did."""
    return "One." if max(memoryview(pcm).cast("h"), default=0) > 10_000 else ""


async def test_the_caller_is_answered_in_loud_steady_noise() -> None:
    """The service takes the noise for speech that goes on and on, of which it can say nothing."""
    async with (
        SpeechEmulator(recognition=Embedded(decoded)) as speech,
        telephone(BRIEF, None, None, VOICE_ACTIVITY="energy", **on_azure(speech)) as phone,
    ):
        caller = Caller(number_of("+15550100"), noise_dbfs=NOISE_DBFS)
        await phone.acs.dial(phone.webhook, caller=caller)
        await caller.connected()
        await caller.hears_reply(quiet_ms=300, since_s=caller.ear.started_s)
        await asyncio.sleep(UNANSWERED_S)
        await exchange(phone, caller, 0, tone(900))
        assert replies(phone) == ["You said One."]
        (entry,) = phone.service.sessions.live.values()
        assert entry.session is not None
        assert [actor.restarts for actor in entry.session.tree()] == [0] * 4
        assert len(speech.connections.where(lambda connection: connection.lane == "recognition")) == 1
        caller.hang_up()
        await over(phone, caller)

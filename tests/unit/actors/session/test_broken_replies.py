"""A reply that fails is apologised for once; the second one in a row ends the session, whoever fails."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import msgspec
import pytest

from actors.conversation import Ending, Role
from actors.errors import ErrorKind, ModelError
from actors.messages.caller import TextEntered
from actors.messages.output import ReplyHeard
from actors.messages.transcript import FinalTranscript
from actors.ports.llm import ModelEvent, ModelRequest, ReplyGenerated, TextGenerated
from actors.ports.tts import SpokenPhrase
from actors.runtime.clock import run_virtual
from tests.kit.fakes import FakeModel
from tests.kit.faults import Fault, Faults, Plan
from tests.kit.session_kit import AGENT, RATE_HZ, Ear, stage

QUIET = msgspec.structs.replace(AGENT, greeting="")
PHRASES = AGENT.phrases
KEPT = {text: SpokenPhrase(b"\1\0" * RATE_HZ) for text in (PHRASES.apology, PHRASES.say_again)}


async def heard_or_ended(ear: Ear, count: int) -> None:
    await ear.until(lambda ear: ear.ended or len(ear.of(ReplyHeard)) >= count, 30)


def answer(_: ModelRequest) -> Sequence[ModelEvent | float]:
    return [0.2, TextGenerated("Nine to five, every day but Sunday."), ReplyGenerated()]


@pytest.mark.parametrize("fault", [Fault.STALL, Fault.FAIL])
def test_a_synthesizer_that_never_says_its_reply_is_not_apologised_for_without_end(fault: Fault) -> None:
    async def main() -> None:
        faults = Faults(Plan("synthesizer.write", fault, times=1000))
        async with stage(agent=QUIET, model=FakeModel(answer), faults=faults, kept=KEPT) as on:
            await asyncio.sleep(0.2)
            for count in (1, 2, 3):
                if on.ear.ended is None:
                    on.entry.deliver(TextEntered("what are your hours"))
                    await heard_or_ended(on.ear, count)
            await on.ear.until(lambda ear: ear.ended, 30)
            assert on.ear.ended is Ending.ERROR
            texts = [m.text for m in on.ear.of(ReplyHeard) if m.text in (PHRASES.apology, PHRASES.say_again)]
            assert texts == [PHRASES.say_again, PHRASES.apology]

    run_virtual(main())


def test_a_reply_that_is_heard_between_two_failures_starts_the_count_anew() -> None:
    async def main() -> None:
        faults = Faults(*(Plan("synthesizer.write", Fault.STALL, first, 2) for first in (1, 4, 7)))
        async with stage(agent=QUIET, model=FakeModel(answer), faults=faults, kept=KEPT) as on:
            await asyncio.sleep(0.2)
            for count in range(1, 7):
                on.entry.deliver(TextEntered(f"question number {count} is this"))
                await heard_or_ended(on.ear, count)
            assert on.ear.ended is None
            assert [m.text for m in on.ear.of(ReplyHeard)][::2] == [PHRASES.say_again] * 3

    run_virtual(main())


@pytest.mark.parametrize(
    ("again", "read"),
    [
        ("what are your hours", "what are your hours"),
        ("what are your hours please", "what are your hours please"),
        ("I mean the dentist", "what are your hours I mean the dentist"),
    ],
)
def test_words_said_again_after_a_failure_are_read_once(again: str, read: str) -> None:
    class FailsOnce(FakeModel):
        async def reply(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
            self.requests.append(request)
            if len(self.requests) == 1:
                raise ModelError(ErrorKind.UNAVAILABLE, "fake")
            yield TextGenerated("Nine to five.")
            yield ReplyGenerated()

    async def main() -> None:
        model = FailsOnce()
        async with stage(agent=QUIET, model=model, kept=KEPT) as on:
            await asyncio.sleep(0.2)
            on.entry.deliver(TextEntered("what are your hours"))
            await on.ear.until_count(ReplyHeard, 1, 20)
            on.entry.deliver(TextEntered(again))
            await on.ear.until_count(ReplyHeard, 2, 20)
            assert [m.text for m in model.requests[-1].messages if m.role is Role.USER] == [read]
            assert on.ear.of(FinalTranscript)[-1].text == read
            assert [m.text for m in on.session.record().messages if m.role is Role.USER] == [read]

    run_virtual(main())

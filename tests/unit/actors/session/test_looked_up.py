"""A session whose caller is looked up before the greeting: what comes meanwhile waits, and is answered."""

import asyncio

import msgspec
import pytest

from actors.agent import Agent
from actors.conversation import Ending
from actors.messages.caller import ConnectionAttached, EndSession, TextEntered
from actors.messages.output import ReplyHeard, ReplyText
from actors.messages.transcript import FinalTranscript
from actors.runtime.clock import run_virtual
from actors.session.checkpoint_transfer import decode, encode
from actors.session.modes.media import MEDIA
from actors.session.modes.transcription import TRANSCRIPTION
from actors.session.sessions import LOOK_UP_S
from actors.session_context import SessionContext
from tests.kit.fakes import FakeModel
from tests.kit.heedless import Heedless
from tests.kit.session_kit import AGENT, stage

KNOWN: Agent = msgspec.structs.replace(
    AGENT,
    greeting="Hello {{name}}.",
    instructions="You talk with {{name}}.",
    variables={"name": "there"},
)


async def find_ada(about: SessionContext) -> SessionContext:
    await asyncio.sleep(1.0)
    return msgspec.structs.replace(about, context={"name": "Ada", "city": "London"})


def test_the_greeting_waits_and_knows_who_calls() -> None:
    async def main() -> None:
        model = FakeModel()
        async with stage(agent=KNOWN, look_up=find_ada, model=model) as on:
            await on.ear.until_count(ReplyHeard, 1)
            assert on.ear.times(ReplyText)[0] >= 1.0
            assert on.ear.of(ReplyText)[0].text.strip() == "Hello Ada."
            on.entry.deliver(TextEntered("hello"))
            await on.ear.until_count(ReplyHeard, 2)
            (request,) = model.requests
            assert request.agent.instructions == "You talk with Ada."
            assert "London" in request.preamble
            assert request.messages[-1].text == "hello"

    run_virtual(main())


def test_a_session_without_a_lookup_has_the_defaults_at_once() -> None:
    async def main() -> None:
        async with stage(agent=KNOWN) as on:
            await on.ear.until_count(ReplyText, 1)
            assert on.ear.of(ReplyText)[0].text.strip() == "Hello there."

    run_virtual(main())


def test_one_who_hangs_up_while_they_are_looked_up_leaves_nothing_behind() -> None:
    async def main() -> None:
        async with stage(agent=KNOWN, look_up=find_ada) as on:
            on.entry.deliver(EndSession(Ending.NORMAL, politely=False))
            async with asyncio.timeout(5):
                await on.sessions.emptied()
            assert not on.ear.of(ReplyText)

    run_virtual(main())


@pytest.mark.parametrize("mode", [MEDIA, TRANSCRIPTION])
@pytest.mark.parametrize("how", ["hang up", "line lost", "ended politely"])
def test_who_goes_does_not_keep_the_session_until_they_are_found(mode: str, how: str) -> None:
    async def main() -> None:
        before = len(asyncio.all_tasks())
        async with stage(agent=KNOWN, look_up=nobody_answers, mode=mode) as on:
            await asyncio.sleep(0.5)
            if how == "line lost":
                on.detach()
            else:
                on.entry.deliver(EndSession(Ending.NORMAL, politely=how != "hang up"))
            async with asyncio.timeout(0.1 if how != "ended politely" else 5):
                await on.sessions.emptied()
            assert on.ear.ended is (None if how == "line lost" else Ending.NORMAL)
        await asyncio.sleep(LOOK_UP_S + 1)
        assert len(asyncio.all_tasks()) == before

    run_virtual(main())


@pytest.mark.parametrize("how", ["a call", "has typed"])
def test_who_comes_back_meanwhile_is_greeted_by_name(how: str) -> None:
    async def main() -> None:
        async with stage(agent=KNOWN, look_up=find_ada, model=FakeModel()) as on:
            if how == "a call":
                on.entry.change_plan(call_id="call")
            else:
                on.entry.deliver(TextEntered("hello"))
            await asyncio.sleep(0.3)
            on.detach()
            await asyncio.sleep(0.3)
            on.attach("connection-2")
            await on.ear.until_count(ReplyHeard, 1)
            said = on.ear.of(ReplyHeard)[0].text
            assert said == ("Hello Ada." if how == "a call" else "You said hello. What else?")
            assert on.entry.plan.agent.instructions == "You talk with Ada."

    run_virtual(main())


def test_what_is_typed_and_not_read_any_more_is_in_the_record() -> None:
    async def main() -> None:
        async with stage(agent=KNOWN, look_up=find_ada) as on:
            on.entry.deliver(TextEntered("are you"))
            on.entry.deliver(TextEntered("open"))
            on.entry.deliver(EndSession(Ending.NORMAL, politely=False))
            await asyncio.sleep(1)
            assert [m.text for m in on.ear.of(FinalTranscript)] == ["are you open"]
            record = await on.engines.store.load("test-session")
            assert record is not None
            assert [message.text for message in record.messages] == ["are you open"]

    run_virtual(main())


def test_a_lookup_that_heeds_no_cancellation_is_not_waited_for() -> None:
    async def main() -> None:
        heedless = Heedless()

        async def finds_nobody(about: SessionContext) -> SessionContext:
            await heedless.work()
            return msgspec.structs.replace(about, context={"name": "Ada"})

        async with stage(agent=KNOWN, look_up=finds_nobody) as on:
            await on.ear.until_count(ReplyText, 1)
            assert on.ear.of(ReplyText)[0].text.strip() == "Hello there."
            heedless.free()
            await asyncio.sleep(0.1)
            assert on.entry.plan.agent.instructions == "You talk with there.", "it comes too late"

    run_virtual(main())


async def nobody_answers(_: SessionContext) -> SessionContext:
    await asyncio.sleep(3_600)
    raise AssertionError("can't happen because it is given up before")


def test_a_lookup_that_never_ends_is_given_up() -> None:
    async def main() -> None:
        async with stage(agent=KNOWN, look_up=nobody_answers) as on:
            await on.ear.until_count(ReplyText, 1)
            assert LOOK_UP_S <= on.ear.times(ReplyText)[0] < LOOK_UP_S + 1
            assert on.ear.of(ReplyText)[0].text.strip() == "Hello there."

    run_virtual(main())


def test_whoever_goes_on_with_a_session_does_not_look_its_caller_up_again() -> None:
    looked_up: list[str] = []

    async def look_up(about: SessionContext) -> SessionContext:
        looked_up.append(about.caller)
        return await find_ada(about)

    async def main() -> None:
        async with stage(agent=KNOWN, look_up=look_up) as on:
            await on.ear.until_count(ReplyHeard, 1)
            moved = decode(encode(on.entry.checkpoint, on.engines.clock, 0), on.engines.clock)
            plan = msgspec.structs.replace(on.entry.plan, session_id="moved", agent=KNOWN, look_up=look_up)
            attached = ConnectionAttached(connection_id="other", lead=on.lead, rate_hz=16_000)
            entry = on.sessions.open(plan, on.ear, attached, moved)
            await asyncio.sleep(0.1)
            assert entry.session is not None
            assert entry.plan.agent.instructions == "You talk with Ada."
            assert entry.plan.about.context["city"] == "London"
            assert len(looked_up) == 1
            entry.deliver(EndSession(Ending.NORMAL, politely=False))

    run_virtual(main())

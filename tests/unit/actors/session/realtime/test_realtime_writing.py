"""A speech-to-speech model that writes, and the summaries of long conversations that it makes so, on virtual time."""

import asyncio
from collections.abc import Callable

import msgspec
import pytest

from actors.conversation import ChatMessage, Role
from actors.errors import ErrorKind, ProviderError
from actors.messages.caller import TextEntered
from actors.messages.output import ReplyHeard
from actors.ports import realtime as port
from actors.ports import realtime_events as reported
from actors.ports.llm import ModelEvent, ModelRequest, ReplyGenerated, TextGenerated
from actors.rules.reply_bounds import MAX_REPLY_CHARS
from actors.rules.summary import READ_AS
from actors.runtime.clock import run_virtual
from actors.session.realtime.realtime_agent import MAX_SPOKEN_CHARS
from actors.session.realtime.realtime_writing import WritingModel
from actors.session.replies.summaries import AGAIN_AFTER_TURNS
from protocol.realtime.failure_kinds import FailureKind
from tests.kit.fake_realtime import FakeRealtime, FakeRealtimeSession, Scripted
from tests.kit.session_kit import Stage
from tests.kit.virtual_time import on_virtual_time
from tests.unit.actors.session.realtime.realtime_kit import SILENT, speaking

REQUEST = ModelRequest(
    session_id="s",
    turn=4,
    agent=msgspec.structs.replace(SILENT, instructions="Sum it up."),
    messages=(ChatMessage(role=Role.USER, text="User: hello", turn=5),),
)
LONG = msgspec.structs.replace(
    SILENT,
    model=msgspec.structs.replace(SILENT.model, context_chars=2_000),
    limits=msgspec.structs.replace(SILENT.limits, no_input_s=600, max_session_s=86_400),
)
NAME = "My name is Ada Kowalczyk."
SUMMARY = "The user is Ada Kowalczyk."
WORDS = "word " * 45


async def written(model: port.RealtimeModel) -> list[ModelEvent]:
    return [event async for event in WritingModel(model).reply(REQUEST)]


@on_virtual_time
async def test_it_writes_in_a_session_that_neither_hears_nor_speaks_and_leaves_none() -> None:
    model = FakeRealtime()
    assert await written(model) == [TextGenerated("They have talked."), ReplyGenerated(0, 0)]
    (aside,) = model.asides
    assert aside.options.instructions == "Sum it up."
    assert not aside.options.speaks
    assert aside.options.tools == ()
    assert aside.added == list(REQUEST.messages)
    await asyncio.sleep(0.1)
    assert aside.is_closed


FAILED = reported.ResponseFinished(
    response_id="", status=reported.ResponseStatus.FAILED, failure=FailureKind.TRANSIENT, detail="fake"
)


class Refusing(FakeRealtime):
    """Opens sessions, and takes no orders in them."""

    async def open(
        self, options: port.RealtimeOptions, report: Callable[[reported.RealtimeEvent], None]
    ) -> FakeRealtimeSession:
        session = await super().open(options, report)
        session.respond = lambda request: self.refuse(report)  # type: ignore[method-assign]
        return session

    def refuse(self, report: Callable[[reported.RealtimeEvent], None]) -> int:
        failed = reported.RealtimeFailed(
            kind=FailureKind.RATE_LIMITED, operation=reported.Operation.RESPOND, detail="busy", request=1
        )
        asyncio.get_running_loop().call_soon(report, failed)
        return 1


class Dropping(Refusing):
    """Opens sessions, and drops them."""

    def refuse(self, report: Callable[[reported.RealtimeEvent], None]) -> int:
        self.asides[-1].drop()
        return 1


def saying(reply: Scripted) -> FakeRealtime:
    model = FakeRealtime()
    model.written = lambda: reply
    return model


def refused() -> FakeRealtime:
    model = FakeRealtime()
    model.refusals.append(ErrorKind.THROTTLED)
    return model


@pytest.mark.parametrize(
    "make",
    [refused, Refusing, Dropping, lambda: saying(FAILED), lambda: saying("x" * (MAX_REPLY_CHARS + 1))],
    ids=["no session", "no order", "dropped", "failed", "endless"],
)
@on_virtual_time
async def test_what_fails_is_raised_and_leaves_no_session(make: Callable[[], FakeRealtime]) -> None:
    model = make()
    with pytest.raises(ProviderError):
        await written(model)
    await asyncio.sleep(0.1)
    assert all(aside.is_closed for aside in model.asides)


async def talk(on: Stage, turns: int, first: int = 0) -> None:
    for turn in range(first, first + turns):
        on.entry.deliver(TextEntered(NAME if turn == 0 else f"{turn} {WORDS}"))
        await on.ear.until_count(ReplyHeard, turn + 1)
        await asyncio.sleep(0.5)


def known(session: FakeRealtimeSession) -> int:
    """How many characters of the conversation a session was told."""
    return sum(len(message.text) for message in (*session.options.history, *session.added))


@on_virtual_time
async def test_a_long_call_goes_on_in_a_session_that_begins_with_a_summary() -> None:
    model = FakeRealtime()
    model.written = lambda: SUMMARY
    async with speaking(model, LONG, caller=False) as on:
        await talk(on, 8)
        (aside,) = model.asides
        assert NAME in aside.added[0].text
        first, second = model.sessions
        assert first.is_closed
        assert second.options.history[0].role is Role.NOTE
        assert second.options.history[0].text == READ_AS + SUMMARY
        assert NAME not in [message.text for message in second.options.history]
        assert [reply.text for reply in on.ear.of(ReplyHeard)] == ["I see."] * 8
        assert NAME in [message.text for message in on.session.record().messages]
        await talk(on, 40, first=8)
        assert all(known(session) <= LONG.model.context_chars + 600 for session in model.sessions)
        assert all(SUMMARY in each.added[0].text for each in model.asides[1:])
        assert 6 < len(model.asides) < 16
        assert not on.entry.checkpoint.realtime_given_up


@pytest.mark.parametrize("after_s", [0.0, 0.1, 0.2, 0.3, 0.5])
@on_virtual_time
async def test_who_speaks_while_the_session_is_replaced_by_one_with_a_summary_is_heard_and_answered(
    after_s: float,
) -> None:
    model = FakeRealtime()
    model.written = lambda: SUMMARY
    async with speaking(model, LONG) as on:
        turn = 0
        while not model.asides:
            turn += 1
            on.entry.deliver(TextEntered(f"{turn} {WORDS}"))
            await on.ear.until_count(ReplyHeard, turn)
            await asyncio.sleep(0)
        await asyncio.sleep(after_s)
        await on.talk(900)
        await on.ear.until_count(ReplyHeard, turn + 1)
        await asyncio.sleep(1)
        assert [reply.text for reply in on.ear.of(ReplyHeard)] == ["I see."] * (turn + 1)
        assert len(model.sessions) == 2
        assert [length >= 900 for session in model.sessions for length in session.turns] in ([True], [True] * 2)


@pytest.mark.parametrize("reply", [FAILED, "", " \n"], ids=["fails", "empty", "blank"])
@on_virtual_time
async def test_one_that_fails_costs_the_call_nothing(reply: Scripted) -> None:
    model = saying(reply)
    async with speaking(model, LONG, caller=False) as on:
        await talk(on, 8 + AGAIN_AFTER_TURNS)
        assert len(model.asides) == 2
        assert len(model.sessions) == 1
        assert on.entry.checkpoint.summary is None
        assert [each.text for each in on.ear.of(ReplyHeard)] == ["I see."] * (8 + AGAIN_AFTER_TURNS)


def test_no_model_is_told_more_than_its_context_holds_whatever_the_file_of_the_agent_says() -> None:
    wide = msgspec.structs.replace(LONG, model=msgspec.structs.replace(LONG.model, context_chars=2_000_000))

    async def main() -> None:
        model = saying(FAILED)
        async with speaking(model, wide, caller=False) as on:
            for turn in range(2 * MAX_SPOKEN_CHARS // 1_000):
                on.entry.deliver(TextEntered("word " * 200))
                await on.ear.until_count(ReplyHeard, turn + 1)
            assert model.asides
            model.sessions[0].drop()
            await asyncio.sleep(0.5)
            assert known(model.sessions[-1]) <= MAX_SPOKEN_CHARS

    run_virtual(main())

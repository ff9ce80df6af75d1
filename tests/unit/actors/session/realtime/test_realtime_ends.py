"""Responses whose end a model never tells, or that break off for good: what was heard is remembered."""

import asyncio
import logging

import pytest

from actors.conversation import Ending, Role, UtteranceKind
from actors.messages.caller import EndSession, TextEntered
from actors.messages.output import AudioFrame, ReplyHeard, ReplyText
from actors.ports.llm import ModelEvent, ModelRequest, ReplyGenerated, TextGenerated, ToolCalled
from actors.rules.realtime.progress import WAITS
from actors.runtime.clock import run_virtual
from actors.tools import AnyTool, tool
from protocol.realtime.failure_kinds import FailureKind
from tests.kit.fake_realtime import MS_PER_CHAR, FakeRealtime
from tests.kit.fakes import FakeModel, FakeRecognizer
from tests.kit.session_kit import Stage
from tests.kit.virtual_time import on_virtual_time
from tests.unit.actors.session.realtime.realtime_kit import LONG, heard, messages, speaking

LONGER = f"{LONG} And this is the last of it"
END_S = next((wait.within_s or 0.0 for wait in WAITS if "the end of the response, or" in wait.awaited), 8.0)


def booking(done: list[str]) -> AnyTool:
    @tool()
    async def book(slot: str = "") -> str:
        """Book a slot.

        Args:
            slot: Which one.
        """
        done.append(slot)
        return "booked"

    return book


BOOK = ToolCalled(call_id="c1", name="book", arguments='{"slot": "nine"}')


async def until_heard(on: Stage, ms: float) -> None:
    """Wait until so much of the first reply was heard, and a bit."""
    await on.ear.until_count(AudioFrame, 1)
    await asyncio.sleep(ms / 1_000 + 0.2)


@pytest.mark.parametrize("word_times", [False, True])
@pytest.mark.parametrize("how", ["hangs up", "types"])
@pytest.mark.parametrize("reply", [LONGER, f"{LONGER}."])
@on_virtual_time
async def test_who_leaves_or_interrupts_before_the_end_is_told_has_heard_what_sounded(
    how: str, reply: str, *, word_times: bool
) -> None:
    model = FakeRealtime(reply, "Certainly.", words="go on", word_times=word_times)
    model.tells_ends = False
    async with speaking(model) as on:
        await on.talk(600)
        await until_heard(on, (len(reply) - 6) * MS_PER_CHAR)
        if how == "hangs up":
            on.entry.deliver(EndSession(Ending.NORMAL, politely=False))
            await asyncio.sleep(0.5)
        else:
            on.entry.deliver(TextEntered("stop"))
        (cut, *_) = await heard(on)
        assert reply.startswith(cut.text)
        assert len(cut.text) >= len(reply) - 12
        assert (Role.ASSISTANT, cut.text) in messages(on)


@on_virtual_time
async def test_words_are_written_as_they_sound_where_the_model_stops_in_mid_sentence() -> None:
    model = FakeRealtime("It is open until six on all days but on Sundays", word_times=True)
    async with speaking(model) as on:
        await on.talk(600)
        await on.ear.until_count(AudioFrame, 1)
        model.sessions[0].stall()
        await asyncio.sleep(4)
        on.entry.deliver(EndSession(Ending.NORMAL, politely=False))
        await asyncio.sleep(0.5)
        (cut,) = await heard(on)
        frames_ms = 20 * len(on.ear.of(AudioFrame))
        assert 0 < len(cut.text) * MS_PER_CHAR <= frames_ms
        assert len(cut.text) * MS_PER_CHAR > frames_ms - 600


def test_a_reply_whose_end_is_not_told_is_whole_and_costs_no_turn(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        model = FakeRealtime("It is open.", "Until six.", "On Sundays, too.", words="go on")
        model.tells_ends = False
        async with speaking(model) as on:
            for turn in range(3):
                await on.talk(600)
                await asyncio.sleep(END_S + 3)
                assert len(model.sessions) == turn + 2
            spoken = [reply for reply in on.ear.of(ReplyHeard) if reply.kind is UtteranceKind.REPLY]
            assert [(reply.text, reply.interrupted) for reply in spoken] == [
                ("It is open.", False),
                ("Until six.", False),
                ("On Sundays, too.", False),
            ]
            remembered = [text for role, text in messages(on) if text != "One moment."]
            assert remembered[-2:] == ["go on", "On Sundays, too."]
            assert not on.entry.checkpoint.realtime_given_up

    run_virtual(main())
    lines = [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]
    assert len(lines) == 3
    assert all("its end was not reported" in line for line in lines)


@on_virtual_time
async def test_who_speaks_before_the_end_is_missed_is_answered_by_another_session() -> None:
    model = FakeRealtime(LONG, "Certainly.", words="go on")
    model.tells_ends = False
    async with speaking(model) as on:
        await on.talk(600)
        await until_heard(on, 1_000)
        on.entry.deliver(TextEntered("stop"))
        await on.ear.until(lambda ear: any(reply.text == "Certainly." for reply in ear.of(ReplyHeard)))
        assert len(model.sessions) >= 2


@pytest.mark.parametrize("loss", [None, FailureKind.TRANSIENT, FailureKind.EXPIRED, FailureKind.FATAL])
def test_a_tool_that_was_called_is_run_once_though_the_end_of_the_response_never_comes(
    loss: FailureKind | None,
) -> None:
    done: list[str] = []

    def script(_: ModelRequest) -> list[ModelEvent | float]:
        return [0.1, TextGenerated("It is booked."), ReplyGenerated()]

    async def main() -> None:
        model = FakeRealtime(BOOK, "It is booked.", words="book nine")
        model.tells_ends = False
        async with speaking(
            model,
            tools={"book": booking(done)},
            model=FakeModel(script),
            recognizer=FakeRecognizer(["book nine"]),
            realtime_falls_back=True,
        ) as on:
            on.entry.deliver(TextEntered("book nine"))
            await asyncio.sleep(0.5)
            model.tells_ends = True
            if loss is not None:
                model.sessions[0].drop(loss)
            await on.ear.until(lambda ear: any(reply.text == "It is booked." for reply in ear.of(ReplyHeard)))
            assert done == ["nine"]

    run_virtual(main())


@pytest.mark.parametrize("word_times", [False, True])
@pytest.mark.parametrize("after_ms", [120, 400, 700])
def test_the_engines_that_take_over_in_mid_reply_go_on_behind_what_has_sounded(
    after_ms: int, *, word_times: bool
) -> None:
    """All that is heard of both is remembered, and shown when it is heard."""
    done: list[str] = []
    rest = "Nine is booked for you. Is there anything else that I can do for you?"

    def script(_: ModelRequest) -> list[ModelEvent | float]:
        return [0.1, TextGenerated(rest), ReplyGenerated()]

    async def main() -> None:
        model = FakeRealtime(BOOK, LONG, word_times=word_times)
        async with speaking(
            model,
            tools={"book": booking(done)},
            model=FakeModel(script),
            recognizer=FakeRecognizer([]),
            realtime_falls_back=True,
        ) as on:
            on.entry.deliver(TextEntered("book nine"))
            await on.ear.until_count(AudioFrame, 1)
            await asyncio.sleep(after_ms / 1_000)
            model.sessions[0].drop(FailureKind.FATAL)
            (reply,) = await heard(on)
            before, after, _ = reply.text.partition(rest)
            assert after == rest
            assert LONG.startswith(before.strip())
            assert bool(before)
            assert not reply.interrupted
            assert (Role.ASSISTANT, reply.text) in messages(on)
            shown = [(at, m.text) for at, m in on.ear.shown if isinstance(m, ReplyText)]
            shown_at = next(at for at, text in shown if "Nine is booked" in text)
            ended_at = on.ear.times(ReplyHeard)[0]
            assert ended_at - shown_at == pytest.approx(len(rest) * MS_PER_CHAR / 1_000, abs=0.5)

    run_virtual(main())

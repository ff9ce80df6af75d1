"""A session with a speech-to-speech model, on virtual time: it hears and speaks, and turn-taking decides."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest

from actors.agent import Agent, BargeIn
from actors.conversation import Ending, Role
from actors.errors import ErrorKind
from actors.messages.caller import EndSession, KeyPressed, TextEntered
from actors.messages.output import AudioDiscarded, AudioFrame, ReplyHeard, ToolStarted
from actors.messages.transcript import FinalTranscript
from actors.ports import realtime as port
from actors.ports.llm import ToolCalled
from actors.runtime.clock import run_virtual
from actors.session.modes.voice_live import VOICE_LIVE
from actors.tools import tool
from app.providers.absent import AbsentRecognizer
from protocol.realtime.failure_kinds import FailureKind
from tests.kit.fake_realtime import MS_PER_CHAR, FakeRealtime
from tests.kit.fakes import FakeModel
from tests.kit.session_kit import AGENT, Stage, stage

SILENT = msgspec.structs.replace(AGENT, greeting="")
LONG = "This answer is so long that there is all the time in the world to interrupt it. It has a second sentence, too."


@asynccontextmanager
async def speaking(realtime: FakeRealtime, agent: Agent = SILENT, **more: Any) -> AsyncIterator[Stage]:
    """A session with this model whose caller has said nothing yet."""
    more.setdefault("recognizer", AbsentRecognizer())
    async with stage(mode=VOICE_LIVE, agent=agent, realtime=realtime, **more) as on:
        await asyncio.sleep(0.3)
        yield on


async def heard(on: Stage, count: int = 1) -> list[ReplyHeard]:
    await on.ear.until_count(ReplyHeard, count)
    return on.ear.of(ReplyHeard)


def messages(on: Stage) -> list[tuple[Role, str]]:
    return [(message.role, message.text) for message in on.entry.checkpoint.messages]


def test_the_model_hears_the_caller_from_before_the_onset_and_answers() -> None:
    async def main() -> None:
        model = FakeRealtime("It is open.", words="are you open")
        async with speaking(model) as on:
            await on.talk(800)
            (reply,) = await heard(on)
            (session,) = model.sessions
            assert reply.text == "It is open."
            assert len(session.turns) == 1
            # The pre-roll, the voice, and the silence that ended it.
            assert 800 + 250 <= session.turns[0] <= 800 + 300 + 460
            audio = on.ear.samples(reply.turn)
            assert audio == [1 + n % 30_000 for n in range(len(audio))]
            assert [m.text for m in on.ear.of(FinalTranscript)] == ["are you open"]
            assert messages(on) == [(Role.USER, "are you open"), (Role.ASSISTANT, "It is open.")]

    run_virtual(main())


def test_words_that_never_come_are_not_waited_for() -> None:
    async def main() -> None:
        model = FakeRealtime("It is open.", "Yes.")
        async with speaking(model) as on:
            await on.talk(800)
            await heard(on)
            await on.talk(400)
            await heard(on, 2)
            assert messages(on)[0] == (Role.USER, "[speech]")
            assert len(model.sessions[0].turns) == 2

    run_virtual(main())


def test_the_greeting_is_ours_and_the_model_is_told_of_it() -> None:
    async def main() -> None:
        model = FakeRealtime("It is open.")
        async with speaking(model, AGENT) as on:
            await heard(on)
            await on.talk(800)
            replies = await heard(on, 2)
            assert [reply.text for reply in replies] == ["Hello there.", "It is open."]
            assert [(m.role, m.text) for m in model.sessions[0].added] == [(Role.ASSISTANT, "Hello there.")]

    run_virtual(main())


@pytest.mark.parametrize("after_ms", [700, 1_500, 2_600])
def test_an_interruption_truncates_to_what_was_heard(after_ms: int) -> None:
    async def main() -> None:
        model = FakeRealtime(LONG, "Certainly.")
        async with speaking(model) as on:
            await on.talk(600)
            await on.ear.until_count(AudioFrame, 1)
            await asyncio.sleep(after_ms / 1_000)
            await on.talk(1_200)
            cut, answer = await heard(on, 2)
            (session,) = model.sessions
            shown = [message for _, message in on.ear.shown]
            until = next(at for at, message in enumerate(shown) if isinstance(message, AudioDiscarded))
            # While the voice that paused it was not confirmed yet, all that was on its way has been heard.
            sent_ms = 20 * sum(isinstance(message, AudioFrame) for message in shown[:until])
            assert cut.interrupted
            assert answer.text == "Certainly."
            assert abs(session.truncated["item-1"] - sent_ms) <= 20
            share = session.truncated["item-1"] / MS_PER_CHAR
            assert abs(len(cut.text) - share) <= max(12, share * 0.35)
            assert on.ear.audio_after_clear() == 0

    run_virtual(main())


def test_a_response_that_is_being_made_is_cancelled_and_its_late_audio_dropped() -> None:
    async def main() -> None:
        model = FakeRealtime(LONG * 8, "Certainly.")
        async with speaking(model) as on:
            await on.talk(600)
            await on.ear.until_count(AudioFrame, 1)
            await asyncio.sleep(1)
            await on.talk(1_200)
            _, answer = await heard(on, 2)
            assert answer.text == "Certainly."
            assert model.sessions[0].cancelled == ["response-1"]
            assert on.ear.audio_after_clear() == 0

    run_virtual(main())


def test_a_cough_pauses_and_loses_nothing() -> None:
    async def main() -> None:
        model = FakeRealtime(LONG)
        async with speaking(model, msgspec.structs.replace(SILENT, barge_in=BargeIn())) as on:
            await on.talk(600)
            await on.ear.until_count(AudioFrame, 1)
            await asyncio.sleep(1)
            await on.talk(220)
            (reply,) = await heard(on)
            audio = on.ear.samples(*{m.reply for m in on.ear.of(AudioFrame)})
            assert reply.text == LONG
            assert not reply.interrupted
            assert len(audio) >= len(LONG) * MS_PER_CHAR * 16 - 80
            assert model.sessions[0].truncated == {}
            assert model.sessions[0].cleared == 1
            assert len(model.sessions[0].turns) == 1

    run_virtual(main())


def test_typed_text_and_keys_are_added_and_answered() -> None:
    async def main() -> None:
        model = FakeRealtime("One.", "Two.")
        async with speaking(model) as on:
            on.entry.deliver(TextEntered("hello"))
            await heard(on)
            on.entry.deliver(KeyPressed("4"))
            on.entry.deliver(KeyPressed("#"))
            await heard(on, 2)
            assert [m.text for m in model.sessions[0].added] == ["hello", "4"]

    run_virtual(main())


def test_a_tool_is_run_and_its_result_answered() -> None:
    @tool
    async def opening_hours(day: str) -> dict[str, str]:
        """Tell when we are open.

        Args:
            day: the day of the week.
        """
        return {"open": f"{day}, nine to five"}

    async def main() -> None:
        call = ToolCalled(call_id="c1", name="opening_hours", arguments='{"day":"Monday"}')
        model = FakeRealtime(call, "From nine to five.")
        async with speaking(model, tools={"opening_hours": opening_hours}) as on:
            await on.talk(600)
            (reply,) = await heard(on)
            assert reply.text == "From nine to five."
            assert len(on.ear.of(ToolStarted)) == 1
            (result,) = model.sessions[0].added
            assert result.call_id == "c1"
            assert "nine to five" in result.text

    run_virtual(main())


@pytest.mark.parametrize("after_ms", range(50, 3_000, 295))
def test_a_lost_session_is_replaced_and_the_call_goes_on(after_ms: int) -> None:
    async def main() -> None:
        model = FakeRealtime(LONG, "Once more.", "Later.")
        async with speaking(model) as on:
            asyncio.get_running_loop().call_later(after_ms / 1_000, lambda: model.sessions[0].drop())
            await on.talk(800)
            await heard(on)
            await on.talk(800)
            await heard(on, 2)
            assert len(model.sessions) == 2
            assert on.ear.ended is None
            last = model.sessions[-1]
            # What was not answered was heard again; what was, is told in words.
            assert last.turns
            assert all(m.role is not Role.USER or m.text for m in last.options.history)

    run_virtual(main())


def test_a_session_that_expires_is_replaced_in_a_silence() -> None:
    async def main() -> None:
        model = FakeRealtime("It is open.", "Yes, it really is.", "No, it really is not.", words="well")
        async with speaking(model) as on:
            for turn in range(3):
                await on.talk(600)
                await on.ear.until_count(AudioFrame, 1 + len(on.ear.of(AudioFrame)))
                model.sessions[turn].tell(port.RealtimeExpiring(5))
                await heard(on, turn + 1)
                await asyncio.sleep(0.5)
            assert len(model.sessions) == 4
            assert all(session.is_closed for session in model.sessions[:3])
            assert [m.text for m in model.sessions[3].options.history] == [
                *("well", "It is open.", "well", "Yes, it really is.", "well", "No, it really is not."),
            ]

    run_virtual(main())


def test_a_session_that_stalls_is_replaced() -> None:
    async def main() -> None:
        model = FakeRealtime("It is open.", "It is open again.")
        async with speaking(model) as on:
            model.sessions[0].respond = lambda request: 1  # type: ignore[method-assign]
            await on.talk(600)
            await on.ear.until(lambda ear: any(r.text == "It is open." for r in ear.of(ReplyHeard)))
            assert len(model.sessions) == 2

    run_virtual(main())


@pytest.mark.parametrize("kind", [ErrorKind.AUTHENTICATION, ErrorKind.BAD_REQUEST])
def test_a_service_that_refuses_leaves_the_call_to_the_other_engines(kind: ErrorKind) -> None:
    async def main() -> None:
        model = FakeRealtime()
        model.refusals.append(kind)
        async with speaking(model, model=FakeModel()) as on:
            on.entry.deliver(TextEntered("hello"))
            replies = await heard(on)
            assert replies[0].text
            assert on.entry.checkpoint.realtime_given_up
            assert on.ear.ended is None

    run_virtual(main())


def test_a_service_that_ends_for_good_in_the_call_leaves_it_to_the_other_engines() -> None:
    async def main() -> None:
        model = FakeRealtime("It is open.")
        async with speaking(model) as on:
            await on.talk(600)
            await heard(on)
            model.sessions[0].drop(FailureKind.FATAL)
            await asyncio.sleep(1)
            on.entry.deliver(TextEntered("hello"))
            await heard(on, 2)
            assert on.ear.ended is None

    run_virtual(main())


def test_the_session_ends_politely() -> None:
    async def main() -> None:
        model = FakeRealtime()
        async with speaking(model) as on:
            on.entry.deliver(EndSession(Ending.NORMAL, politely=True))
            await on.ear.until(lambda ear: ear.ended)
            await asyncio.sleep(0.2)
            assert on.ear.ended is Ending.NORMAL
            assert model.sessions[0].is_closed

    run_virtual(main())

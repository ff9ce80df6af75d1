"""A user on hold is not prompted, and not waited for without end."""

import asyncio

import msgspec

from actors.agent import Agent, Limits
from actors.conversation import UtteranceKind
from actors.messages.caller import HoldEnded, HoldStarted
from actors.messages.output import ReplyTextShown, SessionEnded
from actors.rules.turn_taking.effects import (
    End,
    Ending,
    OffHold,
    OnHold,
    ReplyWritten,
    Say,
    SoundDrained,
    SoundStarted,
    Started,
    Timer,
    TimerDue,
    Typed,
)
from actors.rules.turn_taking.machine import TurnTaking
from actors.rules.turn_taking.state import AgentActivity
from actors.runtime.clock import run_virtual
from tests.kit.session_kit import AGENT as TESTER
from tests.kit.session_kit import stage
from tests.unit.actors.turn_script import AGENT, acts, play, timers

QUIET = msgspec.structs.replace(AGENT, greeting="")


def on_hold(agent: Agent = QUIET) -> TurnTaking:
    turn = TurnTaking(agent)
    play(turn, Started(0.0), OnHold(5.0))
    return turn


def test_on_hold_nobody_is_prompted_and_the_hold_has_a_limit() -> None:
    turn = TurnTaking(QUIET)
    turn.handle(Started(0.0))
    effects = turn.handle(OnHold(5.0))
    assert timers(effects) == {"no_input": None, "hold": 300}
    assert turn.handle(TimerDue(10.0, Timer.NO_INPUT)) == []


def test_being_told_twice_does_not_begin_the_limit_again() -> None:
    assert on_hold().handle(OnHold(200.0)) == []


def test_back_from_hold_silence_counts_from_the_beginning() -> None:
    turn = on_hold()
    effects = turn.handle(OffHold(100.0))
    assert timers(effects) == {"hold": None, "no_input": 10}
    assert turn.handle(OffHold(101.0)) == []


def test_a_reply_that_ends_on_hold_is_not_followed_by_a_prompt() -> None:
    turn = TurnTaking(QUIET)
    play(turn, Started(0.0), Typed(1.0, "hello"), SoundStarted(2.0, 1), ReplyWritten(2.1, 1, spoken=True), OnHold(3.0))
    assert "no_input" not in timers(turn.handle(SoundDrained(4.0, 1, 2000)))
    assert timers(turn.handle(OffHold(60.0)))["no_input"] == 10


def test_back_from_hold_while_a_reply_sounds_it_is_listened_after_the_reply() -> None:
    turn = TurnTaking(QUIET)
    play(turn, Started(0.0), OnHold(0.5), Typed(1.0, "hello"), SoundStarted(2.0, 1))
    turn.handle(ReplyWritten(2.1, 1, spoken=True))
    assert "no_input" not in timers(turn.handle(OffHold(3.0)))
    assert timers(turn.handle(SoundDrained(4.0, 1, 2000))) == {"no_input": 10}


def test_after_the_limit_the_session_ends_with_a_goodbye() -> None:
    turn = on_hold()
    effects = turn.handle(TimerDue(305.0, Timer.HOLD))
    assert acts(effects) == [Say(1, 0, UtteranceKind.GOODBYE)]
    assert turn.state.doing is AgentActivity.LEAVING
    assert acts(turn.handle(OffHold(306.0))) == []
    assert acts(play(turn, SoundStarted(306.0, 1), SoundDrained(308.0, 1, 900))) == [End(Ending.IDLE_TIMEOUT)]


def test_rules_that_go_on_from_a_former_state_keep_the_limit() -> None:
    state = msgspec.structs.replace(on_hold().state)
    effects = TurnTaking(QUIET, state=state).resume(50.0, 500)
    assert timers(effects) == {"session": 500, "hold": 300}


def said(kinds: list[ReplyTextShown]) -> list[UtteranceKind]:
    return [shown.kind for shown in kinds]


def test_a_session_on_hold_is_silent_until_its_caller_is_back() -> None:
    async def main() -> None:
        async with stage() as on_stage:
            await asyncio.sleep(3)
            on_stage.entry.lines.take(HoldStarted())
            await asyncio.sleep(120)
            assert said(on_stage.ear.of(ReplyTextShown)) == [UtteranceKind.GREETING]
            on_stage.entry.lines.take(HoldEnded())
            await asyncio.sleep(7)
            assert said(on_stage.ear.of(ReplyTextShown)) == [UtteranceKind.GREETING]
            await asyncio.sleep(2)
            assert said(on_stage.ear.of(ReplyTextShown)) == [UtteranceKind.GREETING, UtteranceKind.PROMPT]

    run_virtual(main())


def test_a_session_whose_caller_stays_on_hold_ends() -> None:
    async def main() -> None:
        agent = msgspec.structs.replace(TESTER, limits=Limits(no_input_s=8, max_hold_s=60))
        async with stage(agent=agent) as on_stage:
            await asyncio.sleep(3)
            on_stage.entry.lines.take(HoldStarted())
            await asyncio.sleep(59)
            assert not on_stage.ear.of(SessionEnded)
            await asyncio.sleep(10)
            assert on_stage.ear.of(SessionEnded) == [SessionEnded(Ending.IDLE_TIMEOUT)]
            assert said(on_stage.ear.of(ReplyTextShown)) == [UtteranceKind.GREETING, UtteranceKind.GOODBYE]

    run_virtual(main())

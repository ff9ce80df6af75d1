"""When the telephone keys that are pressed are one input."""

import msgspec

from actors.rules.turn_taking.effects import Key, KeysWanted, SoundStopped, Started, StartReply, Timer, TimerDue
from actors.rules.turn_taking.keys import KeyPattern
from actors.rules.turn_taking.machine import TurnTaking
from tests.unit.actors.turn_script import AGENT, acts, play, timers

QUIET = msgspec.structs.replace(AGENT, greeting="")


def listening(pattern: KeyPattern) -> TurnTaking:
    turn = TurnTaking(msgspec.structs.replace(QUIET, keys=pattern))
    turn.handle(Started(0.0))
    return turn


def test_an_agent_that_expects_one_key_answers_it_at_once() -> None:
    assert acts(listening(KeyPattern(length=1)).handle(Key(1.0, "5"))) == [StartReply(1, 1, "5")]


def test_an_agent_may_wait_for_less_than_the_usual_pause() -> None:
    turn = listening(KeyPattern(wait_s=0.5))
    assert timers(turn.handle(Key(1.0, "5")))["keys"] == 0.5
    assert acts(turn.handle(TimerDue(1.5, Timer.KEYS))) == [StartReply(1, 1, "5")]


def test_what_a_tool_asks_for_goes_before_what_the_agent_expects_and_holds_once() -> None:
    turn = listening(KeyPattern(length=1))
    play(turn, KeysWanted(0.5, KeyPattern(length=2)), Key(1.0, "5"))
    assert acts(turn.handle(Key(1.2, "6"))) == [StartReply(1, 1, "5 6")]
    turn.handle(Key(9.0, "7"))
    assert acts(turn.handle(SoundStopped(9.1, 0)))[-1] == StartReply(2, 2, "5 6 7", continues=True)

"""A reply is begun when the caller is probably done: used for the same words, thrown away for all else."""

from typing import Any

import msgspec
import pytest

from actors.messages.caller import HoldStarted, InterruptRequested, TextEntered
from actors.messages.lifecycle import Timer
from actors.messages.transcript import EndOfTurnLikely, NoSpeechRecognized, SpeechContinued, SpeechStarted
from actors.rules.turn_taking.effects import BeginPreemptiveReply, DiscardCause, DiscardPreemptiveReply, StartReply
from actors.rules.turn_taking.preemption import WENT_ON_MS
from actors.rules.turn_taking.state import Preemption
from actors.rules.turn_taking.waits import END_WAIT_S
from actors.turn_taking_settings import PreemptiveGeneration
from tests.unit.actors.rules.turn_taking.script import AGENT, Talk, acts

SAID = "when are you open"


def pausing(said: str = SAID, talk: Talk | None = None) -> Talk:
    """The caller has said something, is silent, and is probably done."""
    talk = talk or Talk()
    return talk.voice(400).tell(EndOfTurnLikely(said))


def discarded(talk: Talk) -> list[DiscardCause]:
    return [effect.cause for effect in talk.effects if isinstance(effect, DiscardPreemptiveReply)]


def begun(talk: Talk) -> list[str]:
    return [effect.text for effect in talk.effects if isinstance(effect, BeginPreemptiveReply)]


def started(talk: Talk) -> list[tuple[str, bool]]:
    return [(effect.text, effect.is_preempted) for effect in talk.effects if isinstance(effect, StartReply)]


def test_the_reply_to_the_same_words_is_used_however_they_are_written() -> None:
    talk = pausing()
    assert acts(talk.effects) == [BeginPreemptiveReply(turn=1, text=SAID)]
    talk.interim("When are you open").pause(300).final("When are you open?")
    assert started(talk) == [("When are you open?", True)]
    assert discarded(talk) == []
    assert talk.turn.state.preemption is Preemption.NONE


@pytest.mark.parametrize("is_final", [True, False])
def test_a_reply_to_other_words_is_thrown_away(is_final: bool) -> None:
    talk = pausing()
    if is_final:
        talk.pause(300).final("when are you open on sunday")
        assert [type(effect) for effect in acts(talk.effects)] == [DiscardPreemptiveReply, StartReply]
        assert started(talk) == [("when are you open on sunday", False)]
    else:
        talk.interim("when are you open on")
    assert discarded(talk) == [DiscardCause.OTHER_WORDS]


def test_voice_that_comes_back_throws_it_away_once_it_lasts() -> None:
    talk = pausing()
    talk.tell(SpeechContinued(440.0, 0.0), SpeechContinued(440.0 + WENT_ON_MS - 1, 0.0))
    assert discarded(talk) == []
    talk.tell(SpeechContinued(440.0 + WENT_ON_MS, 0.0))
    assert discarded(talk) == [DiscardCause.WENT_ON]


def test_an_utterance_that_begins_before_the_words_are_final_throws_it_away_once_it_lasts() -> None:
    talk = pausing().pause(300)
    talk.tell(SpeechStarted(0.0), SpeechContinued(20.0, 0.0))
    assert discarded(talk) == []
    talk.tell(SpeechContinued(20.0 + WENT_ON_MS, 0.0))
    assert discarded(talk) == [DiscardCause.WENT_ON]


def test_the_same_words_in_the_same_pause_begin_one_reply_and_others_another() -> None:
    talk = pausing().tell(EndOfTurnLikely("When are you open?"))
    assert acts(talk.effects) == []
    talk.tell(EndOfTurnLikely("when are you open today"))
    assert (discarded(talk), begun(talk)) == ([DiscardCause.OTHER_WORDS], ["when are you open today"])


def test_it_is_begun_so_often_in_one_turn_and_anew_in_the_next() -> None:
    settings = PreemptiveGeneration(max_per_turn=2)
    talk = Talk(msgspec.structs.replace(AGENT, preemptive_generation=settings)).voice(400)
    counts = [len(begun(talk.tell(EndOfTurnLikely(text)))) for text in ("one", "one two", "one two three")]
    assert counts == [1, 1, 0]
    talk.pause().final("one two three").starts().written().ends()
    assert begun(pausing(talk=talk)) == [SAID]


def test_an_agent_that_does_not_want_it_has_none() -> None:
    settings = PreemptiveGeneration(enabled=False)
    assert begun(pausing(talk=Talk(msgspec.structs.replace(AGENT, preemptive_generation=settings)))) == []


@pytest.mark.parametrize("talk", [Talk().speaking(), Talk().thinking()], ids=["while it speaks", "while it thinks"])
def test_none_is_begun_while_the_agent_has_something_to_say(talk: Talk) -> None:
    assert begun(pausing(talk=talk)) == []


@pytest.mark.parametrize("text", ["", " ", "..."])
def test_none_is_begun_to_no_words(text: str) -> None:
    assert begun(pausing(text)) == []


def test_none_is_begun_where_nobody_transcribes() -> None:
    assert begun(pausing(talk=Talk(transcribes=False))) == []


@pytest.mark.parametrize("event", [InterruptRequested(), HoldStarted(), TextEntered("stop"), NoSpeechRecognized(0.0)])
def test_whatever_takes_its_place_throws_it_away(event: Any) -> None:
    talk = pausing().pause(300).tell(event)
    is_needless = isinstance(event, InterruptRequested)
    assert (talk.turn.state.preemption is Preemption.NONE) is not is_needless
    assert len(discarded(talk)) == (0 if is_needless else 1)


def test_words_after_those_that_were_not_answered_are_answered_together() -> None:
    talk = Talk().says("book an appointment").tell(InterruptRequested()).stopped()
    pausing("for monday", talk)
    assert begun(talk) == ["book an appointment for monday"]
    talk.pause(300).final("For Monday.")
    assert started(talk) == [("book an appointment For Monday.", True)]


def test_a_turn_that_does_not_end_is_not_waited_for() -> None:
    talk = pausing()
    assert talk.due[Timer.PREEMPTION] == pytest.approx(talk.at + END_WAIT_S)
    for _ in range(int(END_WAIT_S / 0.5) + 1):
        talk.at += 0.5
        talk.tell(SpeechContinued(400.0, 500.0))
    talk.wait(0.1)
    assert discarded(talk) == [DiscardCause.NOT_ENDED]
    assert Timer.PREEMPTION not in talk.due


def test_a_successor_knows_nothing_of_it() -> None:
    talk = pausing()
    successor = Talk(state=msgspec.structs.replace(talk.turn.state))
    successor.turn.resume(0.0, 600.0)
    assert successor.turn.state.preemption is Preemption.NONE

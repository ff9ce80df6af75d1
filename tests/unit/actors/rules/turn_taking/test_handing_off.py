"""A turn in which the conversation goes to another agent."""

import msgspec
import pytest

from actors.conversation import KeyPattern, UtteranceKind
from actors.messages.model import HandedOff, KeysExpected, ToolsFinished, ToolsStarted
from actors.messages.playback import PlaybackStarted, PlaybackStopped, StopPlayback, StopReason
from actors.rules.phrases import INTRODUCTION
from actors.rules.turn_taking.effects import Say, StartReply
from actors.rules.turn_taking.machine import TurnTaking, UnexpectedEventError
from actors.rules.turn_taking.state import AgentActivity, Opening
from tests.unit.actors.rules.turn_taking.script import AGENT, Talk, acts

BILLING = msgspec.structs.replace(AGENT, name="billing", introduction="This is billing.")


def handed_off(*, has_text: bool) -> Talk:
    talk = Talk().thinking().tell(ToolsStarted(1), ToolsFinished(1))
    return talk.tell(HandedOff(1, has_text=has_text))


def test_the_new_agent_has_a_turn_of_its_own_in_which_the_caller_says_nothing() -> None:
    talk = handed_off(has_text=False)
    s = talk.turn.state
    assert (s.turn_number, s.agent, s.asked, s.opening) == (2, AgentActivity.THINKING, "", Opening.INTRODUCTION)
    assert s.utterances == ()
    assert talk.did == []


def test_keys_that_the_former_agent_asked_for_are_not_expected_any_more() -> None:
    talk = Talk().thinking().tell(ToolsStarted(1), KeysExpected(KeyPattern(length=4)), ToolsFinished(1))
    assert talk.tell(HandedOff(1, has_text=False)).turn.state.key_pattern is None


def test_what_the_former_agent_has_said_is_heard_out() -> None:
    talk = handed_off(has_text=True)
    assert [(u.turn, u.kind) for u in talk.turn.state.utterances] == [(1, UtteranceKind.REPLY)]


@pytest.mark.parametrize("has_text", [True, False])
def test_its_orchestrator_introduces_it_and_then_asks_its_model(has_text: bool) -> None:
    state = msgspec.structs.replace(handed_off(has_text=has_text).turn.state)
    effects = acts(TurnTaking(BILLING, strict=True, state=state).resume(9.0, 600))
    assert effects == [
        Say(reply=2, turn=2, kind=UtteranceKind.GREETING, index=INTRODUCTION),
        StartReply(turn=2, reply=3, text="", continues=True),
    ]
    assert state.opening is Opening.NONE


def test_an_agent_without_an_introduction_answers_at_once() -> None:
    state = msgspec.structs.replace(handed_off(has_text=False).turn.state)
    (effect,) = acts(TurnTaking(AGENT, strict=True, state=state).resume(9.0, 600))
    assert effect == StartReply(turn=2, reply=2, text="", continues=True)


def test_a_handoff_of_a_turn_that_is_over_does_nothing() -> None:
    talk = Talk().thinking().tell(ToolsStarted(1), ToolsFinished(1))
    talk.turn.state.turn_number = 2
    talk.tell(HandedOff(1, has_text=False))
    assert talk.turn.state.turn_number == 2
    talk.turn.state.agent = AgentActivity.IDLE
    talk.tell(HandedOff(2, has_text=False))
    assert talk.turn.state.turn_number == 2


def test_a_handoff_of_a_turn_to_come_cannot_happen() -> None:
    with pytest.raises(UnexpectedEventError):
        Talk().tell(HandedOff(7, has_text=False))


@pytest.mark.parametrize("was_introduced", [True, False])
def test_a_first_reply_that_was_written_in_part_and_not_heard_is_made_anew(was_introduced: bool) -> None:
    state = msgspec.structs.replace(handed_off(has_text=False).turn.state)
    turn = TurnTaking(BILLING, strict=True, state=state)
    turn.resume(9.0, 600)
    if was_introduced:
        turn.handle(PlaybackStarted(2), 9.5)
    again = TurnTaking(BILLING, strict=True, state=msgspec.structs.replace(turn.state))
    stop, *made = acts(again.resume(10.0, 599, has_text=True))
    assert stop == StopPlayback(2, 3, StopReason.SUPERSEDED)
    introduction = Say(reply=4, turn=2, kind=UtteranceKind.GREETING, index=INTRODUCTION)
    reply = StartReply(turn=2, reply=5 - was_introduced, text="", continues=True)
    assert made == ([reply] if was_introduced else [introduction, reply])


def test_words_that_come_while_it_changes_hands_are_answered_behind_the_introduction() -> None:
    talk = handed_off(has_text=False).says("no wait")
    assert talk.turn.state.utterances[0].kind is UtteranceKind.REPLY
    state = msgspec.structs.replace(talk.turn.state)
    effects = acts(TurnTaking(BILLING, strict=True, state=state).resume(talk.at, 600))
    assert effects == [
        Say(reply=3, turn=3, kind=UtteranceKind.GREETING, index=INTRODUCTION),
        StartReply(turn=3, reply=4, text="no wait", continues=True),
    ]


def test_what_the_former_agent_has_written_meanwhile_is_not_heard_and_the_words_are_answered_anew() -> None:
    talk = handed_off(has_text=False).says("no wait")
    state = msgspec.structs.replace(talk.turn.state)
    turn = TurnTaking(BILLING, strict=True, state=state)
    assert StopPlayback(3, 3, StopReason.SUPERSEDED) in turn.resume(talk.at, 600, has_text=True)
    assert acts(turn.handle(PlaybackStopped(3, ()), talk.at)) == [
        StartReply(turn=4, reply=4, text="no wait", continues=True)
    ]


def test_voice_that_holds_a_reply_nobody_is_asked_for_yet_lets_playback_go_on_when_it_takes_the_floor() -> None:
    talk = handed_off(has_text=False).voice(700)
    assert talk.did == ["PausePlayback"]
    talk.pause().final("book a table for two")
    assert talk.did == ["ResumePlayback", "CancelReply", "StartReply"]

"""How turn-taking goes on from a former state, as examples."""

import msgspec

from actors.conversation import UtteranceKind
from actors.messages.caller import KeyPressed, TextEntered
from actors.messages.lifecycle import Timer
from actors.messages.transcript import SpeechContinued
from actors.rules.turn_taking.effects import Say, StartReply
from actors.rules.turn_taking.machine import TurnTaking
from actors.rules.turn_taking.state import CallerActivity, Course, Opening, TurnSnapshot
from actors.rules.turn_taking.waits import AUDIO_WAIT_S
from tests.unit.actors.rules.turn_taking.script import AGENT, GREETER, Talk, acts, asked


class TestResuming:
    def resumed(self, talk: Talk, **what: bool) -> Talk:
        talk.turn = TurnTaking(talk.turn.agent, state=msgspec.structs.replace(talk.turn.state), strict=True)
        talk.due = {}
        talk.effects = []
        talk._note(talk.turn.resume(talk.at, 600.0, **what))
        return talk

    def test_the_unanswered_question_is_asked_again(self) -> None:
        assert acts(self.resumed(Talk().thinking()).effects) == [
            StartReply(turn=1, reply=1, text="book an appointment", continues=True)
        ]

    def test_what_was_written_in_part_and_not_heard_is_asked_anew(self) -> None:
        talk = self.resumed(Talk().thinking(), has_text=True)
        assert talk.did == ["StopPlayback"]
        assert asked(talk.stopped()) == ["book an appointment"]

    def test_what_is_heard_is_heard_out(self) -> None:
        assert self.resumed(Talk().thinking().starts()).did == []

    def test_unless_it_only_bridged_tools(self) -> None:
        assert self.resumed(Talk().thinking().starts(), owes_answer=True).did == ["StartReply"]

    def test_a_reply_that_was_not_begun_gets_a_number(self) -> None:
        talk = Talk().thinking()
        talk.turn.state.utterances = ()
        assert acts(self.resumed(talk).effects) == [
            StartReply(turn=1, reply=2, text="book an appointment", continues=True)
        ]

    def test_a_caller_in_mid_word_is_still_talking_to_a_recognizer_that_goes_on(self) -> None:
        talk = self.resumed(Talk().voice(200))
        assert talk.turn.state.caller is CallerActivity.TALKING
        assert asked(talk.tell(SpeechContinued(240, 0)).pause().final("book an appointment")) == ["book an appointment"]

    def test_a_caller_in_mid_word_of_whom_nothing_more_comes_is_waited_for(self) -> None:
        talk = self.resumed(Talk().voice(200))
        assert talk.due[Timer.AUDIO] == talk.at + AUDIO_WAIT_S
        talk.wait(AUDIO_WAIT_S)
        assert talk.did == ["EndUtterance"]
        assert talk.turn.state.caller is CallerActivity.AWAITED
        assert Timer.TRANSCRIPT in talk.due

    def test_a_final_of_former_words_does_not_take_a_caller_in_mid_word_for_silent(self) -> None:
        talk = Talk().thinking().voice(700).pause().voice(200)
        self.resumed(talk).final("no wait")
        talk.tell(SpeechContinued(240, 100))
        talk.pause()
        assert talk.turn.state.caller is CallerActivity.AWAITED

    def test_keys_are_still_one_input(self) -> None:
        talk = self.resumed(Talk().tell(KeyPressed("1")))
        assert asked(talk.tell(KeyPressed("2")).wait(2)) == ["1 2"]

    def test_a_session_that_is_over_does_nothing(self) -> None:
        assert TurnTaking(AGENT, state=TurnSnapshot(course=Course.OVER)).handle(TextEntered("hi"), 1.0) == []


def test_a_caller_whose_greeting_was_cut_off_is_greeted_before_the_conversation_goes_on() -> None:
    turn = TurnTaking(GREETER, state=TurnSnapshot(turn_number=3, last_reply=5, opening=Opening.GREETING), strict=True)
    said = [effect for effect in turn.resume(100.0, 600.0) if isinstance(effect, Say)]
    assert said == [Say(reply=6, turn=3, kind=UtteranceKind.GREETING)]
    again = TurnTaking(GREETER, state=msgspec.structs.replace(turn.state), strict=True)
    assert not [effect for effect in again.resume(101.0, 600.0) if isinstance(effect, Say)]

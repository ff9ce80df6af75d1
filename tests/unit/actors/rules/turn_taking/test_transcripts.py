"""Utterances and their transcripts, those that do not come included, as examples."""

from actors.conversation import UtteranceKind
from actors.messages.transcript import (
    EndUtterance,
    NoiseStopped,
    NoSpeechRecognized,
    ReopenRecognition,
    SpeechContinued,
)
from actors.rules.turn_taking.answering import SAY_AGAIN
from actors.rules.turn_taking.effects import Say
from actors.rules.turn_taking.state import CallerActivity
from tests.unit.actors.rules.turn_taking.script import Talk, asked, kinds


class TestTranscripts:
    def test_a_transport_that_stops_ends_the_utterance(self) -> None:
        talk = Talk().voice(200).wait(1.0)
        assert EndUtterance() in talk.effects
        assert talk.turn.state.caller is CallerActivity.AWAITED
        assert asked(talk.final("book it")) == ["book it"]

    def test_frames_that_come_back_are_a_new_utterance(self) -> None:
        talk = Talk().voice(200).wait(1.2).tell(SpeechContinued(300.0, 0.0))
        assert talk.turn.state.caller is CallerActivity.TALKING
        assert Talk().voice(200).wait(1.2).tell(SpeechContinued(300.0, 50.0)).did == []

    def test_audio_that_comes_sets_no_timer_each(self) -> None:
        talk = Talk().voice(1_000)
        assert sum(type(effect).__name__ == "SetTimer" for effect in talk.effects) == 1
        assert talk.wait(0.5).did == []

    def test_interim_words_stand_for_a_final_that_does_not_come(self) -> None:
        talk = Talk().voice(300).interim("book it").pause().wait(3.0)
        assert ReopenRecognition(again=False) in talk.effects
        assert asked(talk) == ["book it"]

    def test_else_it_is_recognised_once_more_and_then_the_caller_is_asked(self) -> None:
        talk = Talk().voice(300).pause().wait(3.0)
        assert ReopenRecognition(again=True) in talk.effects
        assert (
            Say(reply=2, turn=0, kind=UtteranceKind.APOLOGY, index=SAY_AGAIN) in talk.starts().ends().wait(3.0).effects
        )

    def test_over_a_reply_nobody_is_asked(self) -> None:
        talk = Talk().speaking().voice(200).pause().wait(6.5)
        assert kinds(talk) == []

    def test_noise_does_not_cost_the_final_that_is_owed(self) -> None:
        talk = Talk().voice(300).pause().voice(40).tell(NoiseStopped())
        assert talk.turn.state.caller is CallerActivity.AWAITED
        assert asked(talk.final("book it")) == ["book it"]

    def test_what_is_not_recognised_while_the_caller_goes_on_is_no_end(self) -> None:
        talk = Talk().voice(100).tell(NoSpeechRecognized(0.0))
        assert talk.turn.state.caller is CallerActivity.TALKING


class TestEndsOfUtterances:
    def test_an_end_that_was_found_by_the_clock_is_not_told_twice(self) -> None:
        talk = Talk().voice(200).wait(1.0)
        awaited_at = talk.turn.state.awaited_at
        assert talk.pause(900).did == []
        assert talk.turn.state.awaited_at == awaited_at

    def test_noise_found_after_the_end_does_not_cost_the_final_either(self) -> None:
        talk = Talk().voice(300).pause().tell(NoiseStopped())
        assert talk.turn.state.caller is CallerActivity.AWAITED
        assert asked(talk.final("book it")) == ["book it"]

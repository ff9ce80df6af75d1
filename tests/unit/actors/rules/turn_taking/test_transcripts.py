"""Utterances and their transcripts, those that do not come included, as examples."""

import msgspec
import pytest

from actors.conversation import UtteranceKind
from actors.messages.transcript import (
    EndUtterance,
    NoiseStopped,
    NoSpeechRecognized,
    ReopenRecognition,
    SpeechContinued,
)
from actors.rules.phrases import SAY_AGAIN
from actors.rules.turn_taking.effects import ReportBackchannel, Say
from actors.rules.turn_taking.state import CallerActivity
from tests.unit.actors.rules.turn_taking.script import GREETER, Talk, agent_for, asked, kinds


class TestTranscripts:
    def test_a_transport_that_stops_ends_the_utterance(self) -> None:
        talk = Talk().voice(200).wait(1.0)
        assert EndUtterance() in talk.effects
        assert talk.turn.state.caller is CallerActivity.AWAITED
        assert asked(talk.final("book it")) == ["book it"]

    def test_noise_in_which_the_transport_stops_owes_no_words(self) -> None:
        talk = Talk().voice(60).wait(1.0)
        assert EndUtterance() in talk.effects
        assert talk.tell(NoiseStopped()).turn.state.caller is CallerActivity.SILENT
        talk.wait(7.0)
        assert UtteranceKind.APOLOGY not in kinds(talk)
        assert not any(isinstance(effect, ReopenRecognition) for effect in talk.effects)

    def test_noise_in_which_the_transport_stops_leaves_an_earlier_final_owed(self) -> None:
        talk = Talk().voice(300).pause().voice(60).wait(1.0).tell(NoiseStopped())
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

    @pytest.mark.parametrize("voice_ms", [200, 1_000])
    def test_what_was_said_over_a_reply_is_asked_for_once_when_that_is_over(self, voice_ms: int) -> None:
        talk = Talk().speaking().voice(voice_ms).pause().wait(6.5)
        assert "ResumePlayback" in talk.did
        assert kinds(talk) == []
        assert kinds(talk.ends()) == [UtteranceKind.APOLOGY]
        assert kinds(talk.starts().ends()) == []

    @pytest.mark.parametrize(("text", "reported"), [("uh-huh", 1), ("no, on friday please", 0), ("friday", 0)])
    def test_a_sign_of_listening_into_a_reply_is_reported_once_and_nothing_else_is(
        self, text: str, reported: int
    ) -> None:
        talk = Talk().speaking().says(text)
        assert sum(isinstance(effect, ReportBackchannel) for effect in talk.effects) == reported
        talk = Talk().says(text)
        assert not any(isinstance(effect, ReportBackchannel) for effect in talk.effects)

    def test_an_agent_that_has_fallen_silent_goes_on_while_it_is_recognised_once_more(self) -> None:
        talk = Talk().speaking().voice(1_000).pause().wait(2.9)
        assert "ResumePlayback" not in talk.did
        assert talk.wait(0.2).did == ["ReopenRecognition", "ResumePlayback"]
        assert "StopPlayback" in talk.final("no, on friday please").did

    def test_words_that_are_understood_meanwhile_are_answered_instead(self) -> None:
        talk = Talk().speaking().voice(300).pause().wait(6.5).says("no, on friday please")
        assert asked(talk.stopped()) == ["no, on friday please"]
        assert kinds(talk.starts().written().ends()) == []

    def test_noise_does_not_cost_the_final_that_is_owed(self) -> None:
        talk = Talk().voice(300).pause().voice(40).tell(NoiseStopped())
        assert talk.turn.state.caller is CallerActivity.AWAITED
        assert asked(talk.final("book it")) == ["book it"]

    def test_what_is_not_recognised_while_the_caller_goes_on_is_no_end(self) -> None:
        talk = Talk().voice(100).tell(NoSpeechRecognized(0.0))
        assert talk.turn.state.caller is CallerActivity.TALKING

    @pytest.mark.parametrize("has_asked", [True, False])
    @pytest.mark.parametrize(("more_ms", "is_asked"), [(0, False), (100, False), (900, True)])
    def test_who_was_understood_before_the_utterance_was_over_is_asked_again_only_for_what_they_said_behind_that(
        self, more_ms: int, *, is_asked: bool, has_asked: bool
    ) -> None:
        """An engine that cuts speech by rules of its own tells a final in mid-utterance, and owes none at its end."""
        talk = Talk()
        talk.turn.state.has_asked = has_asked
        talk.voice(900).final("book it").starts().written().ends()
        if more_ms:
            talk.tell(SpeechContinued(900.0 + more_ms, 0.0))
        talk.pause().tell(NoSpeechRecognized(talk.at * 1000))
        assert kinds(talk) == ([UtteranceKind.APOLOGY] if is_asked else [])

    @pytest.mark.parametrize("over_reply", [True, False])
    def test_nor_are_they_where_nothing_comes_at_its_end(self, over_reply: bool) -> None:
        talk = Talk()
        if over_reply:
            talk.speaking()
        said = talk.voice(900).final("book it please").stopped().starts().written().ends().pause().wait(9.0)
        assert UtteranceKind.APOLOGY not in kinds(said)
        assert talk.turn.state.owed_apology == 0
        assert talk.turn.state.caller is CallerActivity.SILENT


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


class TestVoiceOfWhichNothingIsRecognised:
    def test_a_caller_who_spoke_for_long_to_a_silent_agent_is_asked_to_say_it_again(self) -> None:
        talk = Talk().voice(1_000).pause().tell(NoSpeechRecognized(0.0))
        assert talk.effects[:1] == [Say(reply=1, turn=0, kind=UtteranceKind.APOLOGY, index=SAY_AGAIN)]

    def test_a_final_without_text_is_the_same(self) -> None:
        assert kinds(Talk().voice(1_000).pause().final(" ")) == [UtteranceKind.APOLOGY]

    def test_the_agent_waits_until_its_filler_is_over(self) -> None:
        talk = Talk().voice(1_000).pause().wait(2.0)
        assert kinds(talk) == [UtteranceKind.FILLER]
        talk.starts().tell(NoSpeechRecognized(0.0))
        assert kinds(talk) == [UtteranceKind.APOLOGY]

    def test_it_is_asked_once_until_something_is_understood(self) -> None:
        talk = Talk().voice(1_000).pause().tell(NoSpeechRecognized(0.0)).starts().ends()
        assert kinds(talk.voice(1_000).pause().tell(NoSpeechRecognized(0.0))) == []
        talk.thinking().starts().written().ends()
        assert kinds(talk.voice(1_000).pause().tell(NoSpeechRecognized(0.0))) == [UtteranceKind.APOLOGY]

    def test_a_short_noise_is_nothing(self) -> None:
        assert kinds(Talk().voice(460).pause().tell(NoSpeechRecognized(0.0))) == []

    def test_noise_behind_long_voice_does_not_make_that_short(self) -> None:
        talk = Talk().voice(1_000).pause().voice(40).tell(NoiseStopped(), NoSpeechRecognized(0.0))
        assert kinds(talk) == [UtteranceKind.APOLOGY]

    def test_long_voice_that_was_understood_does_not_make_a_noise_long(self) -> None:
        talk = Talk().says("book it", 1_000).starts().written().ends()
        assert kinds(talk.voice(100).pause().tell(NoSpeechRecognized(0.0))) == []

    def test_over_a_reply_it_is_nothing(self) -> None:
        talk = Talk().speaking().voice(1_000).pause().tell(NoSpeechRecognized(0.0))
        assert talk.did == ["ResumePlayback"]
        assert kinds(talk.ends()) == []

    @pytest.mark.parametrize(
        ("voice_ms", "question_s", "kinds_said"),
        [
            (240, 1.0, []),
            (260, 1.0, [UtteranceKind.APOLOGY]),
            (460, 1.0, [UtteranceKind.APOLOGY]),
            (460, 0.0, []),
            (620, 0.0, [UtteranceKind.APOLOGY]),
        ],
    )
    def test_to_a_question_a_short_word_is_an_answer_and_a_cough_is_none(
        self, voice_ms: int, question_s: float, kinds_said: list[UtteranceKind]
    ) -> None:
        talk = Talk().speaking(question_s=question_s).ends()
        assert kinds(talk.voice(voice_ms).pause().tell(NoSpeechRecognized(0.0))) == kinds_said

    def test_the_question_of_the_greeting_counts_until_it_is_answered(self) -> None:
        talk = Talk(msgspec.structs.replace(GREETER, greeting="What is your name?")).starts().ends()
        assert kinds(talk.voice(300).pause().tell(NoSpeechRecognized(0.0))) == [UtteranceKind.APOLOGY]
        talk.starts().ends().says("laura").starts().written().ends()
        assert kinds(talk.voice(300).pause().tell(NoSpeechRecognized(0.0))) == []

    def test_who_is_asked_whether_they_are_there_need_not_say_much(self) -> None:
        talk = Talk().wait(10.0)
        assert kinds(talk) == [UtteranceKind.PROMPT]
        talk.starts().ends()
        assert kinds(talk.voice(300).pause().tell(NoSpeechRecognized(0.0))) == [UtteranceKind.APOLOGY]

    def test_a_filler_and_an_apology_leave_the_question_open(self) -> None:
        talk = Talk().speaking(question_s=1.0).ends()
        talk.voice(300).pause().wait(2.0)
        assert kinds(talk) == [UtteranceKind.FILLER]
        assert kinds(talk.starts().ends().tell(NoSpeechRecognized(0.0))) == [UtteranceKind.APOLOGY]
        assert talk.starts().ends().turn.state.has_asked


def test_nobody_is_asked_to_say_it_again_when_the_longest_session_is_over_meanwhile() -> None:
    talk = Talk(agent_for(9)).wait(8.5).voice(900).pause()
    assert kinds(talk.wait(2.0)) == [UtteranceKind.FILLER]
    talk.starts().ends().wait(1.5)
    assert kinds(talk.wait(2.6)) == [UtteranceKind.GOODBYE]

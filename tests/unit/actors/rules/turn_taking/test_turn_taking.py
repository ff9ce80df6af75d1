"""The rules of turn-taking, as examples: each is a conversation and what must come of it."""

from itertools import pairwise

import msgspec
import pytest

from actors.agent import Agent, Limits, PhasePolicy
from actors.conversation import Ending, Floor, KeyPattern, UtteranceKind
from actors.messages.caller import EndSession, HoldEnded, HoldStarted, InterruptRequested, KeyPressed, TextEntered
from actors.messages.lifecycle import SessionFailed, Timer
from actors.messages.model import EndingDecided, KeysExpected, ToolsFinished, ToolsStarted
from actors.messages.output import TurnMeasured
from actors.messages.playback import EndAtSentence, PlaybackYielded, StopPlayback, StopReason, YieldPlayback
from actors.messages.transcript import (
    EndUtterance,
    NoiseStopped,
    NoSpeechRecognized,
    ReopenRecognition,
    SpeechContinued,
)
from actors.rules.turn_taking.answering import SAY_AGAIN
from actors.rules.turn_taking.effects import End, Say, StartReply
from actors.rules.turn_taking.machine import TurnTaking, UnexpectedEventError
from actors.rules.turn_taking.state import AgentActivity, CallerActivity, Interruption, TurnSnapshot
from tests.unit.actors.rules.turn_taking.script import AGENT, Talk, acts, agent_with

GREETER = msgspec.structs.replace(AGENT, greeting="Hello there.")


def kinds(talk: Talk) -> list[UtteranceKind]:
    return [effect.kind for effect in talk.effects if isinstance(effect, Say)]


def asked(talk: Talk) -> list[str]:
    return [effect.text for effect in talk.effects if isinstance(effect, StartReply)]


class TestBeginning:
    def test_an_agent_with_a_greeting_greets(self) -> None:
        talk = Talk(GREETER)
        assert kinds(talk) == [UtteranceKind.GREETING]
        assert set(talk.due) == {Timer.SESSION}

    def test_without_one_it_listens(self) -> None:
        assert Talk().due == {Timer.SESSION: 600, Timer.NO_INPUT: 10}

    def test_after_the_greeting_it_listens(self) -> None:
        talk = Talk(GREETER).starts().ends()
        assert Timer.NO_INPUT in talk.due
        assert talk.turn.floor is Floor.NOBODY


class TestAnswering:
    def test_a_final_is_answered(self) -> None:
        talk = Talk().says("hello world")
        assert asked(talk) == ["hello world"]
        assert talk.turn.floor is Floor.AGENT

    def test_typed_text_is_answered(self) -> None:
        assert asked(Talk().tell(TextEntered("hi"))) == ["hi"]

    def test_going_on_before_the_answer_continues_the_turn(self) -> None:
        talk = Talk().thinking().voice(300).interim("for tomorrow").stopped().pause().final("for tomorrow")
        assert asked(talk) == ["book an appointment for tomorrow"]

    def test_a_final_of_audio_that_was_dealt_with_is_dropped(self) -> None:
        talk = Talk().says("yes please")
        talk.turn.state.settled_ms = 99_999
        assert talk.says("yes please").did == ["PausePlayback", "ResumePlayback"][: len(talk.did)]
        assert asked(talk) == []

    def test_an_empty_final_is_nothing(self) -> None:
        assert asked(Talk().says("  ")) == []

    def test_a_reply_without_text_is_asked_for_again(self) -> None:
        assert acts(Talk().thinking().written(has_text=False).effects)[-1] == Say(
            reply=2, turn=1, kind=UtteranceKind.APOLOGY, index=SAY_AGAIN
        )

    def test_two_failures_in_a_row_end_the_session(self) -> None:
        talk = Talk().thinking().failed().starts().ends().says("book an appointment").failed()
        assert kinds(talk) == [UtteranceKind.APOLOGY]
        assert talk.starts().ends().effects[-1] == End(Ending.ERROR)

    def test_a_reply_that_is_never_spoken_counts_as_failed(self) -> None:
        """However often it is written: the caller is not asked to say it again without end."""
        talk = Talk()
        for _ in range(2):
            talk.says("book an appointment").written().breaks()
            if talk.turn.state.agent is not AgentActivity.LEAVING:
                talk.starts().ends()
        assert talk.turn.state.agent is AgentActivity.LEAVING
        assert talk.turn.state.ending is Ending.ERROR

    def test_failures_long_ago_do_not_count(self) -> None:
        talk = Talk().thinking().failed().starts().ends().speaking().ends().thinking().failed()
        assert talk.turn.state.agent is AgentActivity.IDLE

    def test_no_apology_is_spoken_over_the_caller(self) -> None:
        talk = Talk().thinking().voice(40).failed()
        assert kinds(talk) == []
        talk.tell(NoiseStopped())
        assert kinds(talk) == [UtteranceKind.APOLOGY]

    def test_words_over_a_failure_are_the_question_said_again(self) -> None:
        talk = Talk().thinking().failed().starts().says("book an appointment", ms=60).ends()
        assert asked(talk) == [] or asked(talk) == ["book an appointment"]
        assert talk.turn.state.asked == "book an appointment"


class TestInterruption:
    def test_voice_pauses_and_nothing_more(self) -> None:
        talk = Talk().speaking().voice(60)
        assert talk.did == ["PausePlayback"]
        assert talk.turn.floor is Floor.USER

    def test_a_cough_costs_nothing(self) -> None:
        assert Talk().speaking().voice(80).tell(NoiseStopped()).did == ["ResumePlayback"]

    def test_voice_that_is_not_followed_by_words_lets_it_go_on(self) -> None:
        talk = Talk().speaking().voice(100).wait(0.79)
        assert talk.did == []
        assert "ResumePlayback" in talk.wait(0.02).did

    def test_lasting_voice_silences_at_once_and_keeps_the_rest(self) -> None:
        talk = Talk().speaking().voice(400)
        assert acts(talk.effects)[-1] == YieldPlayback(1, StopReason.BARGE_IN)
        assert talk.turn.state.utterances != ()

    def test_noise_however_long_gives_the_reply_back(self) -> None:
        talk = Talk().speaking().voice(460).pause()
        assert talk.did == []
        assert talk.tell(NoSpeechRecognized(0.0)).did == ["ResumePlayback"]
        assert kinds(talk) == []

    def test_after_lasting_voice_a_single_word_is_enough(self) -> None:
        talk = Talk().speaking().voice(460).pause().final("tuesday")
        assert talk.did == ["StopPlayback"]
        assert asked(talk.stopped()) == ["tuesday"]

    def test_words_take_the_floor(self) -> None:
        talk = Talk().speaking().voice(100).interim("what about tuesday")
        assert acts(talk.effects) == [StopPlayback(1, 1, StopReason.BARGE_IN)]

    def test_a_second_transcript_does_not_stop_twice(self) -> None:
        talk = Talk().speaking().voice(100).interim("what about").interim("what about tuesday").pause()
        assert talk.did == []
        assert asked(talk.final("what about tuesday")) == ["what about tuesday"]

    def test_interim_words_stand_where_no_final_has_any(self) -> None:
        talk = Talk().speaking().voice(100).interim("what about tuesday").stopped().pause()
        assert asked(talk.tell(NoSpeechRecognized(0.0))) == ["what about tuesday"]

    def test_the_same_when_what_was_said_is_taken_for_noise(self) -> None:
        talk = Talk().speaking().voice(80).interim("what about tuesday").stopped().tell(NoiseStopped())
        assert asked(talk) == ["what about tuesday"]

    @pytest.mark.parametrize("word", ["stop", "wait", "no", "Hold on!", "no thanks"])
    def test_words_that_stop_stop_at_once(self, word: str) -> None:
        assert Talk().speaking().voice(100).interim(word).did == ["StopPlayback"]

    @pytest.mark.parametrize(
        ("language", "word"),
        [("de-DE", "stopp"), ("de-DE", "Moment"), ("es-ES", "espere"), ("fr-FR", "attendez"), ("zh-CN", "等一下")],
    )
    def test_in_other_languages_too(self, language: str, word: str) -> None:
        agent = msgspec.structs.replace(AGENT, languages=(language,))
        assert Talk(agent).speaking().voice(100).interim(word).did == ["StopPlayback"]

    def test_an_agent_has_words_of_its_own(self) -> None:
        agent = msgspec.structs.replace(AGENT, barge_in=msgspec.structs.replace(AGENT.barge_in, stop_words=("basta",)))
        assert Talk(agent).speaking().voice(100).interim("basta").did == ["StopPlayback"]
        assert Talk(agent).speaking().voice(100).interim("stop").did == []

    @pytest.mark.parametrize("text", ["uh huh", "yeah", "okay", "no problem"])
    def test_a_backchannel_costs_nothing(self, text: str) -> None:
        talk = Talk().speaking().voice(200).interim(text).pause().final(text)
        assert "StopPlayback" not in talk.did
        assert asked(talk) == []
        assert talk.turn.state.interruption is Interruption.NONE

    @pytest.mark.parametrize("text", ["two", "tuesday", "Müller"])
    def test_a_word_that_is_no_backchannel_is_answered_after_the_reply(self, text: str) -> None:
        talk = Talk().speaking().says(text, ms=200)
        assert asked(talk) == []
        assert asked(talk.ends()) == [text]

    def test_a_backchannel_into_the_end_is_an_answer(self) -> None:
        talk = Talk().speaking().says("yes", ms=100)
        assert asked(talk.wait(0.2).ends()) == ["yes"]

    def test_one_long_before_the_end_is_none(self) -> None:
        assert asked(Talk().speaking().says("yes", ms=100).wait(3).ends()) == []

    def test_to_a_question_it_is_an_answer_even_so(self) -> None:
        assert asked(Talk().speaking(question_s=3.5).says("yes", ms=100).wait(3).ends()) == ["yes"]

    def test_before_the_question_was_begun_it_is_none(self) -> None:
        assert asked(Talk().speaking(question_s=1.0).says("yes", ms=100).wait(3).ends()) == []

    @pytest.mark.parametrize("text", ["yes", "uh huh", "hello"])
    def test_any_word_is_a_sign_of_life(self, text: str) -> None:
        talk = Talk().wait(10).starts().voice(200).pause().final(text)
        assert asked(talk.stopped()) == [text]

    def test_keys_typing_and_requests_are_decided_at_once(self) -> None:
        for event in (KeyPressed("1"), TextEntered("hi"), InterruptRequested()):
            assert Talk().speaking().tell(event).did[0] == "StopPlayback"

    def test_a_request_while_nothing_is_heard_changes_nothing(self) -> None:
        assert Talk().tell(InterruptRequested()).did == []

    def test_a_protected_greeting_is_heard_out_and_then_the_words_are_answered(self) -> None:
        talk = Talk(agent_with(GREETER, greeting=PhasePolicy(protected=True))).starts().says("book an appointment")
        assert talk.did == []
        talk.wait(2.0).ends()
        assert asked(talk) == ["book an appointment"]
        assert kinds(talk.wait(1.0)) == [], "no filler so soon after our own voice"

    def test_an_immediate_policy_yields_at_the_pause(self) -> None:
        talk = Talk(agent_with(speaking=PhasePolicy(immediate=True))).speaking().voice(60)
        assert talk.did == ["PausePlayback", "YieldPlayback"]

    def test_two_false_interruptions_double_the_pause(self) -> None:
        talk = Talk().speaking()
        for _ in range(2):
            talk.voice(80).tell(NoiseStopped())
        assert talk.voice(100).did == []
        assert talk.tell(SpeechContinued(120.0, 0.0)).did == ["PausePlayback"]

    def test_a_transport_that_cannot_hold_is_yielded_to(self) -> None:
        talk = Talk(holdable=False).speaking().voice(100)
        assert talk.did == []
        assert talk.tell(SpeechContinued(400.0, 0.0)).did == ["YieldPlayback"]

    def test_without_a_recognizer_lasting_voice_decides(self) -> None:
        assert "StopPlayback" in Talk(transcribes=False).speaking().voice(400).did
        assert "CancelReply" in Talk(transcribes=False).thinking().voice(400).did

    def test_backchannels_get_more_time(self) -> None:
        talk = Talk().speaking().voice(200).interim("uh huh")
        assert "YieldPlayback" not in talk.tell(SpeechContinued(600.0, 0.0)).did
        assert "YieldPlayback" in talk.tell(SpeechContinued(1_200.0, 0.0)).did

    def test_silence_is_when_playback_yielded_however_long_the_words_take(self) -> None:
        talk = Talk().speaking().voice(400)
        talk.at += 0.004
        talk.tell(PlaybackYielded()).pause().final("what about tuesday")
        (measured,) = [effect for effect in talk.stopped().effects if isinstance(effect, TurnMeasured)]
        assert measured.decision_to_silence_ms == pytest.approx(4)

    def test_one_that_was_taken_back_was_none(self) -> None:
        talk = Talk().speaking().voice(400).tell(PlaybackYielded()).pause().tell(NoSpeechRecognized(0.0)).ends()
        (measured,) = [effect for effect in talk.effects if isinstance(effect, TurnMeasured)]
        assert not measured.interrupted
        assert measured.decision_to_silence_ms is None

    def test_the_times_of_an_interruption_are_shown(self) -> None:
        talk = Talk().speaking().voice(400).pause().final("what about tuesday")
        talk.at += 0.004
        (measured,) = [effect for effect in talk.stopped().effects if isinstance(effect, TurnMeasured)]
        assert measured.onset_to_pause_ms == pytest.approx(60)
        assert measured.onset_to_decision_ms == pytest.approx(400)
        assert measured.interrupted


class TestWhileThinking:
    def test_noise_never_costs_a_question(self) -> None:
        talk = Talk().thinking().voice(340)
        assert talk.did == ["PausePlayback"]
        talk.tell(SpeechContinued(2_000.0, 0.0))
        assert talk.did == []
        assert talk.pause().tell(NoSpeechRecognized(0.0)).did == ["ResumePlayback"]
        assert kinds(talk) == []

    def test_the_reply_is_held_for_the_words_and_not_for_ever(self) -> None:
        talk = Talk().thinking().voice(340).pause().written()
        assert "ResumePlayback" not in talk.wait(1.4).did
        assert "ResumePlayback" in talk.wait(0.2).did

    @pytest.mark.parametrize("text", ["hello?", "uh huh", "are you there", "hello hello"])
    def test_impatience_does_not_restart_the_model(self, text: str) -> None:
        talk = Talk().thinking()
        for _ in range(4):
            talk.says(text)
            assert "CancelReply" not in talk.did
            assert asked(talk) == []
        assert talk.turn.state.asked == "book an appointment"

    def test_other_words_do(self) -> None:
        assert "CancelReply" in Talk().thinking().voice(200).interim("tomorrow").did


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


class TestFillers:
    def test_a_filler_is_due_from_the_end_of_speech(self) -> None:
        talk = Talk().thinking()
        assert kinds(talk.wait(0.8)) == []
        assert kinds(talk.wait(0.2)) == [UtteranceKind.FILLER]

    def test_further_ones_come_at_growing_intervals_and_none_twice_in_a_row(self) -> None:
        talk, said = Talk().thinking().tell(ToolsStarted(1)), list[tuple[float, int]]()
        for _ in range(300):
            talk.wait(0.1)
            for effect in talk.effects:
                if isinstance(effect, Say):
                    said.append((talk.at, effect.index))
                    talk.starts(effect.reply).ends(effect.reply)
        times = [at for at, _ in said]
        gaps = [later - earlier for earlier, later in pairwise(times)]
        assert 3 <= len(said) <= 5
        assert gaps == sorted(gaps)
        assert len({index for _, index in said}) == len(said)

    def test_one_filler_bridges_a_slow_recognizer_and_a_quick_model_adds_none(self) -> None:
        talk = Talk().voice(300).pause().wait(1.0)
        assert kinds(talk) == [UtteranceKind.FILLER]
        talk.starts().ends()
        assert kinds(talk.final("book it").wait(1.4)) == []

    def test_words_that_come_late_do_not_interrupt_the_filler(self) -> None:
        talk = Talk().voice(300).pause().wait(1.0).starts().interim("yes please do that")
        assert talk.did == []
        assert asked(talk.final("yes please do that")) == ["yes please do that"]

    def test_none_while_the_caller_speaks(self) -> None:
        talk = Talk().thinking().voice(40)
        for _ in range(100):
            talk.at += 0.02
            talk.tell(SpeechContinued(40.0, 30.0))
            assert kinds(talk) == []

    def test_one_after_words_of_the_model_while_a_tool_runs(self) -> None:
        talk = Talk().thinking().starts().tell(ToolsStarted(1)).ends()
        assert kinds(talk.wait(1.6)) == [UtteranceKind.FILLER]

    def test_typed_text_waits_as_long(self) -> None:
        assert kinds(Talk().tell(TextEntered("hi")).wait(1.6)) == [UtteranceKind.FILLER]


class TestTools:
    def test_the_time_of_a_tool_is_not_the_models(self) -> None:
        talk = Talk().thinking().tell(ToolsStarted(1))
        assert Timer.REPLY not in talk.due
        talk.wait(29).tell(ToolsFinished(1))
        assert talk.due[Timer.REPLY] == pytest.approx(talk.at + 30)

    def test_stale_ones_are_ignored(self) -> None:
        talk = Talk().thinking().says("no wait i want something else").stopped()
        assert talk.tell(ToolsStarted(1), ToolsFinished(1)).did == []
        assert talk.written().tell(ToolsFinished(talk.turn.state.turn)).did == []

    def test_a_reply_that_does_not_begin_is_given_up(self) -> None:
        talk = Talk(msgspec.structs.replace(AGENT, limits=Limits(filler_after_ms=60_000))).thinking().wait(30)
        assert talk.did[:2] == ["StopPlayback", "CancelReply"]
        assert kinds(talk) == [UtteranceKind.APOLOGY]

    def test_a_hand_over_stands_whatever_the_caller_says(self) -> None:
        talk = Talk().thinking().tell(ToolsStarted(1)).says("okay thank you very much").stopped()
        talk.tell(EndingDecided(Ending.HUMAN_HANDOFF)).written().starts().ends()
        assert talk.effects[-1] == End(Ending.HUMAN_HANDOFF)

    def test_a_goodbye_is_taken_back_by_the_callers_words(self) -> None:
        talk = Talk().thinking().tell(ToolsStarted(1), EndingDecided(Ending.NORMAL), ToolsFinished(1)).starts()
        talk.says("wait one more question").stopped()
        assert asked(talk) == ["wait one more question"]
        assert not any(isinstance(effect, End) for effect in talk.starts().written().ends().effects)

    def test_an_ending_without_words_ends(self) -> None:
        talk = Talk().thinking().tell(EndingDecided(Ending.NORMAL)).written(has_text=False)
        assert talk.effects[-1] == End(Ending.NORMAL)


class TestKeys:
    def test_keys_are_one_input(self) -> None:
        talk = Talk().tell(KeysExpected(KeyPattern(length=4)))
        for key in "123":
            assert asked(talk.tell(KeyPressed(key))) == []
        assert asked(talk.tell(KeyPressed("4"))) == ["1 2 3 4"]

    def test_the_terminator_ends_it(self) -> None:
        assert asked(Talk().tell(KeyPressed("1"), KeyPressed("#"))) == ["1"]

    def test_a_terminator_alone_is_a_key(self) -> None:
        assert asked(Talk().tell(KeyPressed("#")).wait(2)) == ["#"]

    def test_a_pause_ends_it_and_takes_the_floor(self) -> None:
        talk = Talk().tell(KeyPressed("1"))
        talk.turn.state.utterances = Talk().speaking().turn.state.utterances
        assert talk.wait(2).did[0] == "StopPlayback"

    def test_words_complete_the_keys(self) -> None:
        talk = Talk().tell(KeysExpected(KeyPattern(length=4, wait_s=5)), KeyPressed("1"), KeyPressed("2"))
        assert asked(talk.says("that was wrong")) == ["1 2 that was wrong"]
        assert Timer.KEYS not in talk.due

    def test_no_key_that_no_telephone_has(self) -> None:
        with pytest.raises(UnexpectedEventError):
            Talk().tell(KeyPressed("x"))


class TestSilence:
    def test_prompts_and_then_a_goodbye(self) -> None:
        talk = Talk().wait(10)
        assert kinds(talk) == [UtteranceKind.PROMPT]
        talk.starts().ends().wait(10)
        assert kinds(talk) == [UtteranceKind.PROMPT]
        talk.starts().ends().wait(10)
        assert kinds(talk) == [UtteranceKind.GOODBYE]
        assert talk.starts().ends().effects[-1] == End(Ending.IDLE_TIMEOUT)

    def test_nobody_is_prompted_on_hold(self) -> None:
        talk = Talk().tell(HoldStarted(), HoldStarted()).wait(200)
        assert kinds(talk) == []
        assert kinds(talk.tell(HoldEnded()).wait(10)) == [UtteranceKind.PROMPT]

    def test_hold_has_a_limit(self) -> None:
        assert kinds(Talk().tell(HoldStarted()).wait(300)) == [UtteranceKind.GOODBYE]


class TestEnding:
    def test_an_order_to_end_says_goodbye(self) -> None:
        talk = Talk().speaking().tell(EndSession(Ending.NORMAL))
        assert talk.did == ["StopPlayback", "Say"]
        assert talk.stopped().starts().ends().effects[-1] == End(Ending.NORMAL)

    def test_last_words_that_are_not_heard_are_not_waited_for(self) -> None:
        assert Talk().tell(SessionFailed()).wait(15).effects[-1] == End(Ending.ERROR)

    def test_nothing_interrupts_last_words(self) -> None:
        talk = Talk().tell(EndSession(Ending.NORMAL)).starts().says("no wait please", ms=600)
        assert talk.did == []
        assert talk.tell(KeyPressed("1"), TextEntered("wait"), SessionFailed()).did == []

    def test_nothing_happens_after_the_end(self) -> None:
        talk = Talk().tell(EndSession(Ending.NORMAL)).starts().ends()
        assert talk.tell(TextEntered("hello")).effects == []
        assert talk.due == {}

    def test_the_longest_session_ends_with_its_sentence(self) -> None:
        talk = Talk(short(30)).wait(25).says("tell me all").starts().written().wait(8)
        assert EndAtSentence(1) in talk.effects
        assert kinds(talk.ends()) == [UtteranceKind.GOODBYE]

    def test_at_most_ten_seconds_later(self) -> None:
        talk = Talk(short(30)).wait(25).says("tell me all").starts().written().wait(20)
        assert kinds(talk) == [UtteranceKind.GOODBYE]

    def test_a_caller_who_speaks_is_heard_out(self) -> None:
        talk = Talk(short(9)).wait(8.5).voice(900)
        assert kinds(talk) == []
        assert kinds(talk.pause().final("one more thing")) == [UtteranceKind.GOODBYE]

    def test_where_nobody_speaks_it_ends_at_once(self) -> None:
        assert kinds(Talk(short(9)).wait(9)) == [UtteranceKind.GOODBYE]
        assert kinds(Talk(short(9)).wait(8).says("hm hm hm").wait(2)) == [UtteranceKind.GOODBYE]


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

    def test_a_caller_in_mid_word_is_waited_for(self) -> None:
        talk = self.resumed(Talk().voice(200))
        assert talk.turn.state.caller is CallerActivity.AWAITED
        assert Timer.TRANSCRIPT in talk.due

    def test_keys_are_still_one_input(self) -> None:
        talk = self.resumed(Talk().tell(KeyPressed("1")))
        assert asked(talk.tell(KeyPressed("2")).wait(2)) == ["1 2"]

    def test_a_session_that_is_over_does_nothing(self) -> None:
        assert TurnTaking(AGENT, state=TurnSnapshot(finished=True)).handle(TextEntered("hi"), 1.0) == []


def test_what_cannot_happen_is_reported_in_service_and_raised_in_tests() -> None:
    turn = TurnTaking(AGENT)
    turn.start(0.0)
    reported = [type(effect).__name__ for effect in turn.handle(KeyPressed("x"), 1.0)]
    assert "ReportUnexpected" in reported
    with pytest.raises(UnexpectedEventError, match="KeyPressed cannot happen with agent idle"):
        Talk().tell(KeyPressed("x"))


def short(seconds: float) -> Agent:
    return msgspec.structs.replace(AGENT, limits=Limits(max_session_s=seconds, no_input_s=600))

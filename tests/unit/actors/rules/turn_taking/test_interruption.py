"""What pauses the agent, what silences it and what gives the reply back, as examples."""

import msgspec
import pytest

from actors.agent import Agent
from actors.conversation import Floor
from actors.messages.caller import InterruptRequested, KeyPressed, TextEntered
from actors.messages.model import ToolsFinished, ToolsStarted
from actors.messages.output import TurnMeasured
from actors.messages.playback import PlaybackYielded, StopPlayback, StopReason, YieldPlayback
from actors.messages.transcript import (
    NoiseStopped,
    NoSpeechRecognized,
    SpeechContinued,
)
from actors.rules.turn_taking.event_rules import TurnEvent
from actors.rules.turn_taking.state import Interruption
from actors.turn_taking_settings import PhasePolicy
from tests.unit.actors.rules.turn_taking.script import AGENT, GREETER, Talk, acts, agent_with, asked, kinds


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

    @pytest.mark.parametrize("word", ["stop", "wait", "Hold on!", "no thanks"])
    def test_words_that_stop_stop_at_once(self, word: str) -> None:
        assert Talk().speaking().voice(100).interim(word).did == ["StopPlayback"]

    def test_a_word_that_may_be_the_beginning_of_something_harmless_silences_and_drops_nothing_yet(self) -> None:
        talk = Talk().speaking().voice(100).interim("no")
        assert talk.did == ["YieldPlayback"]
        assert talk.interim("no").did == []
        assert talk.pause().final("No.").did == ["StopPlayback"]
        assert asked(talk.stopped()) == ["No."]

    @pytest.mark.parametrize("holdable", [True, False])
    @pytest.mark.parametrize(
        ("language", "so_far"),
        [
            ("en-US", ("no", "no prob", "no problem")),
            ("en-US", ("no", "no rush")),
            ("es-ES", ("no", "no hay", "no hay problema")),
        ],
    )
    def test_then_the_reply_goes_on(self, language: str, so_far: tuple[str, ...], holdable: bool) -> None:
        agent = msgspec.structs.replace(AGENT, languages=(language,))
        talk = Talk(agent, holdable=holdable).speaking().voice(100)
        did = [name for text in so_far for name in talk.interim(text).did]
        assert did[:1] == ["YieldPlayback"]
        if so_far[-1] == "no rush":
            # Encouragement is no sign of listening: it is answered, but not on the strength of its first word.
            return
        assert did == ["YieldPlayback"]
        assert talk.pause().final(so_far[-1]).did == ["ResumePlayback"]

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

    @pytest.mark.parametrize("seconds", [0.2, 1.2])
    def test_to_the_question_of_an_apology_too(self, seconds: float) -> None:
        """Said into its question of about 1.3 s, "Shall I try again?", not only into its last second."""
        talk = Talk().thinking().failed().starts()
        talk.at += 2.0
        assert asked(talk.says("yes", ms=100).wait(seconds).ends()) == ["book an appointment yes"]

    def test_to_the_request_to_say_it_again_too(self) -> None:
        talk = Talk().voice(700).pause().tell(NoSpeechRecognized(0.0)).starts()
        assert asked(talk.says("yes", ms=100).wait(1.2).ends()) == ["yes"]

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

    def test_a_sign_of_listening_to_it_is_not_answered(self) -> None:
        talk = Talk(agent_with(GREETER, greeting=PhasePolicy(protected=True))).starts().says("uh huh")
        assert asked(talk.wait(2.0).ends()) == []

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

    def test_it_is_silenced_by_less_voice_if_that_is_more_than_a_cough(self) -> None:
        talk = Talk(holdable=False).speaking().voice(220)
        assert talk.did == []
        assert acts(talk.tell(SpeechContinued(240.0, 0.0)).effects) == [YieldPlayback(1, StopReason.BARGE_IN)]
        assert talk.turn.state.interruption is Interruption.HELD

    def test_the_same_voice_pauses_what_is_not_heard_yet(self) -> None:
        assert "PausePlayback" in Talk(holdable=False).thinking().voice(60).did

    def test_where_no_words_follow_it_goes_on(self) -> None:
        talk = Talk(holdable=False).speaking().voice(240).wait(0.79)
        assert talk.did == []
        assert "ResumePlayback" in talk.wait(0.02).did

    def test_a_word_after_so_much_voice_is_answered_after_the_reply(self) -> None:
        talk = Talk(holdable=False).speaking().says("tuesday", ms=300)
        assert talk.turn.state.interruption is Interruption.NONE
        assert asked(talk) == []
        assert asked(talk.ends()) == ["tuesday"]

    def test_two_false_interruptions_double_that_too(self) -> None:
        talk = Talk(holdable=False).speaking()
        for _ in range(2):
            talk.voice(240).tell(NoiseStopped())
        assert talk.voice(240).did == []
        assert talk.tell(SpeechContinued(460.0, 0.0)).did == ["YieldPlayback"]

    def test_an_agent_that_waits_longer_before_it_pauses_waits_as_long_there(self) -> None:
        talk = Talk(agent_with(speaking=PhasePolicy(pause_ms=300)), holdable=False).speaking().voice(280)
        assert talk.did == []
        assert talk.tell(SpeechContinued(300.0, 0.0)).did == ["YieldPlayback"]

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

    @pytest.mark.parametrize("event", [TextEntered("hi"), InterruptRequested()], ids=["typed", "asked for"])
    @pytest.mark.parametrize("voice_ms", [0, 100])
    def test_what_interrupts_without_a_sound_has_no_times_from_one(self, event: TurnEvent, voice_ms: int) -> None:
        talk = Talk().speaking()
        talk = (talk.voice(voice_ms) if voice_ms else talk).tell(event)
        talk.at += 0.004
        (measured,) = [effect for effect in talk.stopped().effects if isinstance(effect, TurnMeasured)]
        assert (measured.onset_to_pause_ms, measured.onset_to_decision_ms) == (None, None)
        assert measured.decision_to_silence_ms == pytest.approx(4)
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

    @pytest.mark.parametrize(
        "text", ["hello?", "uh huh", "are you there", "hello hello", "hi", "hey, anyone there", "thank you very much"]
    )
    def test_impatience_does_not_restart_the_model(self, text: str) -> None:
        talk = Talk().thinking()
        for _ in range(4):
            talk.says(text)
            assert "CancelReply" not in talk.did
            assert asked(talk) == []
        assert talk.turn.state.asked == "book an appointment"

    @pytest.mark.parametrize(
        ("language", "text"),
        [
            ("en-US", "yo you there"),
            ("en-GB", "oi, anybody home?"),
            ("de-DE", "ey, sind Sie noch dran?"),
            ("es-MX", "oye, ¿me escuchas?"),
            ("fr-FR", "hé ho, vous m'écoutez ?"),
            ("it-IT", "ehi, mi ascolta?"),
            ("nl-NL", "hé, bent u nog aan de lijn?"),
        ],
    )
    def test_nor_does_impatience_in_other_languages_and_other_tones(self, language: str, text: str) -> None:
        talk = Talk(Agent(name="tester", label="Tester", languages=(language,))).thinking().voice(200)
        words = text.split()
        for count in range(1, len(words) + 1):
            assert talk.interim(" ".join(words[:count])).did == []
        assert talk.pause().final(text).did == ["ResumePlayback"]
        assert talk.turn.state.waiting_text == ""

    def test_other_words_do(self) -> None:
        assert "CancelReply" in Talk().thinking().voice(200).interim("tomorrow").did

    @pytest.mark.parametrize("text", ["are you there", "can you hear me", "i see", "thank you so much", "no rush"])
    @pytest.mark.parametrize("is_tool", [False, True])
    def test_nor_does_the_beginning_of_such_words(self, text: str, is_tool: bool) -> None:
        talk = Talk().thinking()
        if is_tool:
            talk.tell(ToolsStarted(1))
        talk.voice(200)
        words = text.split()
        for count in range(1, len(words) + 1):
            assert talk.interim(" ".join(words[:count])).did == []
        assert talk.pause().final(text).did == ["ResumePlayback"]

    @pytest.mark.parametrize("text", ["are you open tomorrow", "can you make it two"])
    def test_words_that_only_begin_like_that_do(self, text: str) -> None:
        assert "CancelReply" in Talk().thinking().voice(200).interim(text).did

    @pytest.mark.parametrize(("text", "interrupts"), [("hello hello hello", False), ("no make it two", True)])
    def test_words_that_are_known_when_the_reply_has_begun_mean_what_they_did(
        self, text: str, interrupts: bool
    ) -> None:
        talk = Talk().thinking().voice(340).pause().wait(1.0)
        talk.written().starts()
        talk.at += 0.2
        assert ("StopPlayback" in talk.final(text).did) is interrupts
        assert asked(talk.ends()) == []

    def test_the_same_words_said_into_the_reply_are_words(self) -> None:
        talk = Talk().thinking().written().starts()
        talk.at += 0.2
        assert "StopPlayback" in talk.says("hello hello hello").did

    def behind_words_and_a_tool(self) -> Talk:
        """The model has said "let me check", which was heard, and its tool is back."""
        talk = Talk().thinking().starts().tell(ToolsStarted(turn=1)).catches_up()
        return talk.wait(1.0).tell(ToolsFinished(turn=1))

    @pytest.mark.parametrize("text", ["okay", "hello hello hello", "thank you very much"])
    def test_nor_is_a_reply_lost_that_goes_on_behind_its_tools(self, text: str) -> None:
        talk = self.behind_words_and_a_tool().voice(340).pause()
        assert "CancelReply" not in talk.final(text).did
        talk = self.behind_words_and_a_tool().voice(340).pause().wait(0.3).written().starts()
        talk.at += 0.2
        assert "StopPlayback" not in talk.final(text).did
        assert asked(talk.ends()) == [], "it was said before the answer, and is no answer to that"

    @pytest.mark.parametrize(("text", "answered"), [("hello?", []), ("thank you", []), ("at two", ["at two"])])
    def test_nor_are_they_answered_when_all_of_the_answer_was_heard(self, text: str, answered: list[str]) -> None:
        talk = Talk().thinking().voice(340).pause().wait(0.3)
        talk.written().starts().wait(0.4).ends()
        assert asked(talk.final(text)) == answered

    def test_the_same_words_said_into_what_goes_on_are_words(self) -> None:
        talk = self.behind_words_and_a_tool().written().starts()
        talk.at += 0.2
        assert "StopPlayback" in talk.says("hello hello hello").did


class TestVoiceIntoAPause:
    """Playback is paused for a noise whose transcript is owed, or has just gone on."""

    @staticmethod
    def paused() -> Talk:
        return Talk().speaking().voice(300).pause()

    @classmethod
    def going_on(cls, seconds: float) -> Talk:
        return cls.paused().tell(NoSpeechRecognized(1.0)).wait(seconds)

    @pytest.mark.parametrize(
        "text", ["hello?", "hello hello hello", "are you still there", "okay", "thank you very much"]
    )
    @pytest.mark.parametrize("ms", [240, 900])
    def test_who_calls_an_agent_that_has_fallen_silent_hears_the_rest(self, text: str, ms: int) -> None:
        for talk in (self.paused().wait(0.1), self.going_on(0.2)):
            done = [*talk.voice(ms).did, *talk.pause().did, *talk.final(text).did]
            assert not {"StopPlayback", "StartReply"} & {*done}
            assert done[-1] == "ResumePlayback"
            assert asked(talk.ends()) == []

    @pytest.mark.parametrize("text", ["stop", "when are you open on sunday", "hello what about sunday"])
    def test_other_words_there_take_the_floor(self, text: str) -> None:
        for talk in (self.paused().wait(0.1), self.going_on(0.2)):
            assert "StopPlayback" in talk.voice(300).pause().final(text).did

    def test_a_call_into_what_has_gone_on_for_a_while_is_words(self) -> None:
        assert "StopPlayback" in self.going_on(1.0).says("hello hello hello").did


class TestVoiceAgain:
    def test_voice_that_comes_back_while_playback_is_held_is_the_same_interruption(self) -> None:
        talk = Talk().speaking().voice(100)
        onset_at = talk.turn.timings.onset_at
        talk.pause().voice(100)
        assert talk.turn.timings.onset_at == onset_at
        assert talk.did == []

    def test_voice_after_it_was_let_go_is_another(self) -> None:
        talk = Talk().speaking().voice(100).tell(NoiseStopped())
        onset_at = talk.turn.timings.onset_at
        assert talk.voice(100).did == ["PausePlayback"]
        assert talk.turn.timings.onset_at != onset_at

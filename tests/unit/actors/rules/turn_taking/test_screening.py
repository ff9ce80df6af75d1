"""Who has answered a call of ours, as examples: people are greeted, machines are hung up on or left a message."""

import msgspec
import pytest

from actors.agent import Agent, Phrases, VoicemailAction
from actors.conversation import Ending, UtteranceKind
from actors.messages.caller import HoldEnded, HoldStarted, KeyPressed, TextEntered
from actors.messages.transcript import NoSpeechRecognized, ToneEnded
from actors.rules.turn_taking.effects import End, NoteWords, ReportMachine, Say
from actors.rules.turn_taking.machine import TurnTaking
from actors.rules.turn_taking.state import AgentActivity, Screening, ScreeningStage, TurnSnapshot
from tests.unit.actors.rules.turn_taking.script import GREETER, Talk, asked, kinds

HANGS_UP = msgspec.structs.replace(GREETER, voicemail=VoicemailAction.HANG_UP)
LEAVES_MESSAGE = msgspec.structs.replace(GREETER, voicemail=VoicemailAction.LEAVE_MESSAGE)
GREETING = [UtteranceKind.GREETING]
MESSAGE = [UtteranceKind.VOICEMAIL]
TONE = ToneEnded(0.0, 400.0)


def call(agent: Agent = LEAVES_MESSAGE) -> Talk:
    """A call of ours that was answered just now."""
    return Talk(agent, state=TurnSnapshot(screening=Screening()))


def endings(talk: Talk) -> list[Ending]:
    return [effect.ending for effect in talk.effects if isinstance(effect, End)]


def said_to_be_a_machine(talk: Talk) -> bool:
    return any(isinstance(effect, ReportMachine) for effect in talk.effects)


class TestPeople:
    def test_hello_is_answered_by_the_greeting_at_once(self) -> None:
        talk = call()
        assert kinds(talk) == []
        talk.says("Hello?")
        assert kinds(talk.wait(0.0)) == GREETING
        assert talk.turn.state.turn_number == 0

    def test_their_name_is_noted_and_not_answered(self) -> None:
        talk = call().says("Anna Miller speaking.").wait(0.0)
        assert NoteWords("Anna Miller speaking.") in talk.effects
        assert asked(talk.starts().ends().says("Yes, that suits me.")) == ["Yes, that suits me."]
        assert talk.turn.state.screening is None

    def test_a_long_sentence_is_answered_after_the_greeting(self) -> None:
        text = "Hello, I am driving just now so could you call me again in the evening please"
        talk = call().says(text, ms=6_000).wait(0.0)
        assert kinds(talk) == GREETING
        assert asked(talk.starts().ends()) == [text]

    def test_to_a_greeting_that_asks_something_the_answer_is_awaited(self) -> None:
        asks = msgspec.structs.replace(LEAVES_MESSAGE, greeting="May I put a caller through?")
        text = "Hello, I am driving just now so could you call me again in the evening please"
        talk = call(asks).says(text, ms=6_000).wait(0.0)
        assert NoteWords(text) in talk.effects
        assert asked(talk.starts().ends()) == []

    def test_a_long_sentence_of_ten_seconds_is_no_machine(self) -> None:
        text = "Hello, this is Anna, I was just leaving the house and have hardly any time so please be quick"
        talk = call().says(text, ms=10_000).wait(2.5)
        assert not said_to_be_a_machine(talk)
        assert kinds(talk) == GREETING

    def test_who_says_nothing_is_greeted_after_two_seconds(self) -> None:
        talk = call()
        assert kinds(talk.wait(1.9)) == []
        assert kinds(talk.wait(0.2)) == GREETING

    def test_who_is_not_understood_is_greeted_and_not_asked_to_repeat(self) -> None:
        talk = call().voice(900).pause()
        talk.tell(NoSpeechRecognized(talk.at * 1000))
        assert kinds(talk.wait(2.0)) == GREETING

    def test_a_sign_of_a_machine_has_them_listened_to_for_longer(self) -> None:
        talk = call().says("You've reached Anna Miller.")
        assert kinds(talk.wait(1.0)) == []
        assert kinds(talk.wait(1.0)) == GREETING

    def test_no_filler_and_no_prompt_is_said_meanwhile(self) -> None:
        talk = call().voice(300).pause()
        assert kinds(talk.wait(2.9)) == []
        talk = call().says("please leave a message after the tone", ms=3_000)
        assert kinds(talk.wait(3.0)) == []

    def test_who_never_falls_silent_is_greeted_all_the_same(self) -> None:
        talk, said = call(), list[UtteranceKind]()
        while not said and talk.at < 100:
            talk.voice(980).tell(NoSpeechRecognized(talk.at * 1000))
            said += kinds(talk.wait(0.0))
        assert said == GREETING
        assert talk.at == pytest.approx(45, abs=2)

    def test_a_tone_before_any_voice_says_nothing(self) -> None:
        talk = call().tell(TONE).says("you've reached Anna")
        assert not said_to_be_a_machine(talk)

    def test_a_receptionist_may_offer_to_take_a_message(self) -> None:
        talk = call().says("He is not available. Would you like to leave a message?", ms=4_000).wait(0.0)
        assert kinds(talk) == GREETING

    def test_who_answers_to_the_greeting_is_not_judged_any_more(self) -> None:
        talk = call().says("Hello?").wait(0.0).starts().ends()
        talk.says("Go on, I am listening.").starts().written().ends()
        talk.says("Then leave a message after the tone.")
        assert not said_to_be_a_machine(talk)
        assert asked(talk) == ["Then leave a message after the tone."]

    def test_who_talks_into_the_greeting_for_long_is_no_machine_by_that(self) -> None:
        talk = call().says("Anna here.", ms=1_000).wait(0.0).starts().wait(1.0)
        talk.voice(7_500).interim("i can't take your call now").stopped().pause()
        talk.final("I can't take your call now, I am at the dentist's.")
        assert not said_to_be_a_machine(talk)

    @pytest.mark.parametrize("act", [KeyPressed("1"), TextEntered("hi")])
    def test_who_presses_a_key_or_types_is_a_person(self, act: KeyPressed | TextEntered) -> None:
        talk = call().tell(act).wait(3.0)
        assert talk.turn.state.screening is None
        assert talk.turn.state.agent is AgentActivity.THINKING

    def test_an_agent_without_a_greeting_answers_their_first_words(self) -> None:
        silent = msgspec.structs.replace(LEAVES_MESSAGE, greeting="")
        assert asked(call(silent).says("Hello?").wait(0.0)) == ["Hello?"]
        assert call(silent).wait(3.0).turn.state.screening == Screening(stage=ScreeningStage.GREETED, since=2.0)

    def test_nobody_is_greeted_on_hold(self) -> None:
        talk = call().tell(HoldStarted()).wait(5.0)
        assert kinds(talk) == []
        assert kinds(talk.tell(HoldEnded()).wait(0.0)) == GREETING


class TestMachines:
    def test_it_is_hung_up_on_without_a_word(self) -> None:
        talk = call(HANGS_UP).says("Please leave a message after the beep.", ms=3_000)
        assert endings(talk) == [Ending.VOICEMAIL]
        assert kinds(talk) == []

    def test_it_is_left_the_message_after_the_tone(self) -> None:
        talk = call().says("Please leave a message after the beep.", ms=3_000)
        assert kinds(talk.wait(1.0)) == []
        assert kinds(talk.tell(TONE)) == MESSAGE
        assert endings(talk.starts().ends()) == [Ending.MESSAGE_LEFT]

    def test_the_words_may_be_known_only_after_the_tone(self) -> None:
        talk = call().voice(3_000).tell(TONE).pause().final("Please leave a message after the beep.")
        assert kinds(talk) == MESSAGE

    def test_a_sign_and_the_tone_are_enough(self) -> None:
        talk = call().says("You've reached Anna.", ms=2_000).wait(0.5).tell(TONE)
        assert said_to_be_a_machine(talk)
        assert kinds(talk) == MESSAGE

    def test_without_a_tone_the_message_is_left_in_the_silence(self) -> None:
        talk = call().says("Please leave a message after the beep.", ms=3_000)
        assert kinds(talk.wait(3.3)) == []
        assert kinds(talk.wait(0.2)) == MESSAGE

    def test_a_greeting_that_goes_on_is_heard_to_its_end(self) -> None:
        talk = call().says("Please leave a message after the beep.", ms=3_000).wait(2.0)
        talk.says("For other options press one.", ms=2_000)
        assert kinds(talk.wait(3.3)) == []
        assert kinds(talk.wait(0.2)) == MESSAGE

    def test_nothing_that_it_says_interrupts_the_message(self) -> None:
        talk = call().says("Leave a message after the beep.", ms=3_000).tell(TONE).starts()
        assert talk.says("To listen to your message press two.", ms=2_000).did == []

    def test_a_greeting_in_parts_is_known_by_all_of_them_though_the_agent_has_begun_to_greet(self) -> None:
        talk = call().says("Anna here.").wait(0.0)
        assert kinds(talk) == GREETING
        talk.starts().voice(1_000).interim("i can't take your call right now").stopped()
        talk.pause().final("I can't take your call right now, leave a message.")
        assert said_to_be_a_machine(talk)
        assert kinds(talk.stopped().wait(0.5).tell(TONE)) == MESSAGE

    def test_a_reply_that_is_being_made_to_its_first_words_is_dropped(self) -> None:
        talk = call().says("I'm home, what do you want").wait(0.0).starts()
        talk.voice(800).interim("you can talk to").stopped().pause().final("you can talk to me")
        assert talk.did.count("StartReply") == 1
        talk.says("after the beep", ms=1_000)
        assert said_to_be_a_machine(talk)
        assert talk.did.count("CancelReply") == 1

    def test_who_says_hello_to_an_agent_that_waits_for_the_tone_is_a_person(self) -> None:
        talk = call().says("After the beep it is too late, ha ha.", ms=3_000)
        assert said_to_be_a_machine(talk)
        assert kinds(talk.wait(1.0).says("Hello?").wait(0.0)) == GREETING

    def test_one_that_never_falls_silent_is_hung_up_on(self) -> None:
        talk = call().says("Leave a message after the beep.", ms=3_000)
        over = list[Ending]()
        while not over and talk.at < 100:
            over += endings(talk.voice(980).final("la la").wait(0.0))
        assert over == [Ending.VOICEMAIL]
        assert talk.at == pytest.approx(64, abs=2)

    @pytest.mark.parametrize(
        "agent", [HANGS_UP, msgspec.structs.replace(LEAVES_MESSAGE, phrases=Phrases(voicemail=""))]
    )
    def test_without_a_message_it_is_hung_up_on(self, agent: Agent) -> None:
        assert endings(call(agent).says("Leave a message after the beep.", ms=3_000)) == [Ending.VOICEMAIL]

    def test_a_message_that_cannot_be_spoken_was_not_left(self) -> None:
        talk = call().says("Leave a message after the beep.", ms=3_000).tell(TONE)
        assert endings(talk.breaks()) == [Ending.VOICEMAIL]

    def test_a_message_whose_end_is_never_told_was_not_left(self) -> None:
        talk = call().says("Leave a message after the beep.", ms=3_000).tell(TONE).starts()
        assert endings(talk.wait(80.0)) == []
        assert endings(talk.wait(11.0)) == [Ending.VOICEMAIL]


class TestAnotherActor:
    def test_a_successor_goes_on_to_listen(self) -> None:
        talk = call().voice(500)
        turn = TurnTaking(LEAVES_MESSAGE, state=msgspec.structs.replace(talk.turn.state))
        turn.resume(100.0, 500.0)
        screening = turn.state.screening
        assert screening is not None
        assert (screening.since, screening.talks_since) == (100.0, 100.0)
        silent = TurnTaking(LEAVES_MESSAGE, state=TurnSnapshot(screening=Screening()))
        silent.resume(100.0, 500.0)
        assert silent.state.screening == Screening(since=100.0)

    def test_words_that_were_not_judged_any_more_are_judged_by_a_successor(self) -> None:
        heard = Screening(words="please leave a message after the tone", talks_since=3.0)
        turn = TurnTaking(HANGS_UP, state=TurnSnapshot(screening=heard))
        effects = turn.resume(100.0, 500.0)
        assert [each.ending for each in effects if isinstance(each, End)] == [Ending.VOICEMAIL]

    def test_one_that_waits_for_the_tone_leaves_the_message(self) -> None:
        talk = call().says("Leave a message after the beep.", ms=3_000)
        turn = TurnTaking(LEAVES_MESSAGE, state=msgspec.structs.replace(talk.turn.state))
        turn.resume(100.0, 500.0)
        assert [e.kind for e in turn.handle(TONE, 101.0) if isinstance(e, Say)] == MESSAGE

    def test_an_agent_that_has_taken_over_and_ignores_machines_judges_nobody(self) -> None:
        talk = call().says("Hello?").wait(0.0)
        turn = TurnTaking(GREETER, state=msgspec.structs.replace(talk.turn.state))
        turn.resume(100.0, 500.0)
        assert turn.state.screening is None

    def test_nobody_is_screened_anew_by_a_successor(self) -> None:
        turn = TurnTaking(LEAVES_MESSAGE, state=TurnSnapshot())
        turn.resume(100.0, 500.0)
        assert turn.state.screening is None

    def test_tones_say_nothing_where_nobody_is_screened(self) -> None:
        assert Talk(GREETER).tell(TONE).did == []

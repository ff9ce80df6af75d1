"""How a session ends, as examples."""

import pytest

from actors.conversation import Ending, UtteranceKind
from actors.messages.caller import EndSession, KeyPressed, TextEntered
from actors.messages.lifecycle import SessionFailed
from actors.messages.model import EndingDecided, SessionSpent, ToolsFinished, ToolsStarted
from actors.messages.playback import EndAtSentence
from actors.messages.transcript import (
    FinalTranscript,
    NoiseStopped,
    SpeechContinued,
)
from actors.rules.turn_taking.effects import End
from actors.rules.turn_taking.endings import ORDERED_WAIT_S
from actors.rules.turn_taking.state import Course
from tests.unit.actors.rules.turn_taking.script import Talk, agent_for, asked, kinds


class TestEnding:
    def test_an_order_to_end_says_goodbye(self) -> None:
        talk = Talk().tell(EndSession(Ending.NORMAL))
        assert kinds(talk) == [UtteranceKind.GOODBYE]
        assert talk.starts().ends().effects[-1] == End(Ending.NORMAL)

    def test_a_sentence_in_hand_is_heard_to_its_end_before_it(self) -> None:
        talk = Talk().speaking().tell(EndSession(Ending.NORMAL))
        assert talk.did == ["EndAtSentence"]
        assert kinds(talk.ends()) == [UtteranceKind.GOODBYE]
        assert talk.starts().ends().effects[-1] == End(Ending.NORMAL)

    def test_one_that_is_long_is_waited_for_four_seconds(self) -> None:
        talk = Talk().speaking().tell(EndSession(Ending.NORMAL)).wait(ORDERED_WAIT_S - 0.1)
        assert kinds(talk) == []
        assert kinds(talk.wait(0.2)) == [UtteranceKind.GOODBYE]
        assert talk.stopped().starts().ends().effects[-1] == End(Ending.NORMAL)

    def test_so_is_a_caller_who_speaks_when_the_order_comes(self) -> None:
        talk = Talk().voice(900).tell(EndSession(Ending.NORMAL))
        assert kinds(talk) == []
        assert kinds(talk.pause().final("one more thing")) == [UtteranceKind.GOODBYE]

    def test_last_words_of_another_kind_wait_for_nobody(self) -> None:
        talk = Talk().speaking().tell(EndSession(Ending.IDLE_TIMEOUT))
        assert talk.did == ["StopPlayback", "Say"]
        assert talk.stopped().starts().ends().effects[-1] == End(Ending.IDLE_TIMEOUT)

    def test_last_words_that_are_not_heard_are_not_waited_for(self) -> None:
        assert Talk().tell(SessionFailed()).wait(15).effects[-1] == End(Ending.ERROR)

    def test_nothing_interrupts_last_words(self) -> None:
        talk = Talk().tell(EndSession(Ending.NORMAL)).starts().says("no wait please", ms=600)
        assert talk.did == []
        assert talk.tell(KeyPressed("1"), TextEntered("wait"), SessionFailed()).did == []

    def test_what_is_said_meanwhile_is_kept_once_and_answered_by_nobody(self) -> None:
        talk = Talk().tell(EndSession(Ending.NORMAL)).starts()
        final = FinalTranscript(text="no wait please", end_ms=900)
        text = TextEntered("and on sunday", number=1)
        assert talk.tell(final, final, text, text, FinalTranscript(text="bye", end_ms=1_900)).did == []
        assert talk.turn.state.unanswered == "no wait please and on sunday"

    def test_keys_are_kept_too_whether_pressed_before_or_meanwhile(self) -> None:
        talk = Talk().tell(KeyPressed("4", number=1), EndSession(Ending.ERROR)).starts()
        assert talk.turn.state.keys == ""
        assert talk.tell(KeyPressed("7", number=2), KeyPressed("7", number=2)).did == []
        assert talk.turn.state.unanswered == "4 7"

    def test_what_a_machine_says_into_the_message_is_not(self) -> None:
        talk = Talk().tell(EndSession(Ending.MESSAGE_LEFT)).starts()
        assert talk.tell(FinalTranscript(text="please speak after the tone", end_ms=900)).did == []
        assert talk.turn.state.unanswered == ""

    def test_nothing_happens_after_the_end(self) -> None:
        talk = Talk().tell(EndSession(Ending.NORMAL)).starts().ends()
        assert talk.tell(TextEntered("hello")).effects == []
        assert talk.due == {}

    def test_the_longest_session_ends_with_its_sentence(self) -> None:
        talk = Talk(agent_for(30)).wait(25).says("tell me all").starts().written().wait(8)
        assert EndAtSentence(1) in talk.effects
        assert kinds(talk.ends()) == [UtteranceKind.GOODBYE]

    def test_at_most_ten_seconds_later(self) -> None:
        talk = Talk(agent_for(30)).wait(25).says("tell me all").starts().written().wait(20)
        assert kinds(talk) == [UtteranceKind.GOODBYE]

    def test_a_caller_who_speaks_is_heard_out(self) -> None:
        talk = Talk(agent_for(9)).wait(8.5).voice(900)
        assert kinds(talk) == []
        assert kinds(talk.pause().final("one more thing")) == [UtteranceKind.GOODBYE]

    def test_where_nobody_speaks_it_ends_at_once(self) -> None:
        assert kinds(Talk(agent_for(9)).wait(9)) == [UtteranceKind.GOODBYE]
        assert kinds(Talk(agent_for(9)).wait(8).says("hm hm hm").wait(2)) == [UtteranceKind.GOODBYE]


class TestTheLastSentence:
    def closing(self) -> Talk:
        talk = Talk(agent_for(30)).wait(25).says("tell me all").starts().written().wait(5)
        assert EndAtSentence(1) in talk.effects
        return talk

    def test_no_goodbye_is_spoken_over_a_caller_who_has_begun_to_speak(self) -> None:
        talk = self.closing().voice(40).ends()
        assert kinds(talk) == []
        assert kinds(talk.tell(NoiseStopped())) == [UtteranceKind.GOODBYE]

    def test_a_caller_who_goes_on_for_long_is_said_goodbye_to_even_so(self) -> None:
        talk = self.closing().voice(40).ends()
        for _ in range(600):
            talk.at += 0.02
            talk.tell(SpeechContinued(40.0, 0.0)).wait(0)
            if kinds(talk):
                break
        assert kinds(talk) == [UtteranceKind.GOODBYE]
        assert talk.at <= 40.1


class TestAGoodbye:
    """A tool has ended the session, and its last words are being heard."""

    def saying_goodbye(self, ending: Ending = Ending.NORMAL) -> Talk:
        talk = Talk().thinking().tell(ToolsStarted(1), EndingDecided(ending), ToolsFinished(1)).starts().written()
        talk.at += 1.0
        return talk

    @pytest.mark.parametrize("text", ["bye", "thank you, bye bye", "okay thanks you too", "yes"])
    def test_is_not_interrupted_by_one(self, text: str) -> None:
        talk = self.saying_goodbye().voice(300).interim(text).pause().final(text)
        assert asked(talk) == []
        assert talk.ends().effects[-1] == End(Ending.NORMAL)

    @pytest.mark.parametrize("text", ["sunday", "hello"])
    def test_is_taken_back_by_a_single_word_when_it_is_over(self, text: str) -> None:
        talk = self.saying_goodbye().says(text, ms=200).ends()
        assert asked(talk) == [text]
        talk.starts().written()
        assert not any(isinstance(effect, End) for effect in talk.ends().effects)

    def test_does_not_end_the_session_while_the_caller_speaks(self) -> None:
        talk = self.saying_goodbye().voice(40).ends()
        assert not any(isinstance(effect, End) for effect in talk.effects)
        assert asked(talk.pause().final("one more question")) == ["one more question"]

    def test_nor_while_their_words_are_awaited(self) -> None:
        talk = self.saying_goodbye().voice(200).pause().wait(1).ends()
        assert asked(talk.final("one more question")) == ["one more question"]

    @pytest.mark.parametrize("said", ["bye", "okay"])
    def test_ends_after_a_last_word_of_theirs(self, said: str) -> None:
        talk = self.saying_goodbye().voice(40).ends().pause()
        assert talk.final(said).effects[-1] == End(Ending.NORMAL)

    def test_ends_after_a_noise(self) -> None:
        talk = self.saying_goodbye().voice(40).ends()
        assert talk.tell(NoiseStopped()).effects[-1] == End(Ending.NORMAL)

    def test_ends_where_the_words_never_come(self) -> None:
        talk = self.saying_goodbye().voice(40).ends().pause().wait(1.6)
        assert kinds(talk) == [UtteranceKind.FILLER]
        talk.starts().ends().wait(20)
        assert UtteranceKind.APOLOGY not in kinds(talk)
        assert talk.effects[-1] == End(Ending.NORMAL)

    def test_waits_for_nobody_who_was_put_through(self) -> None:
        talk = self.saying_goodbye(Ending.HUMAN_HANDOFF).voice(40).ends()
        assert talk.effects[-1] == End(Ending.HUMAN_HANDOFF)


def test_ordered_last_words_end_the_session_though_the_caller_speaks() -> None:
    talk = Talk().voice(40).tell(EndSession(Ending.NORMAL)).wait(ORDERED_WAIT_S).starts()
    assert talk.ends().effects[-1] == End(Ending.NORMAL)


class TestAFillerAtTheEnd:
    """The longest session is over while a filler is heard, and nothing may ever come of the reply that it bridges."""

    def bridged(self) -> Talk:
        talk = Talk(agent_for(30)).wait(25).says("tell me all").wait(1.5)
        assert kinds(talk) == [UtteranceKind.FILLER]
        return talk.starts().wait(30 - talk.at)

    def test_it_is_heard_out_and_the_goodbye_follows_soon(self) -> None:
        talk = self.bridged()
        assert "CancelReply" in talk.did
        assert kinds(talk.ends()) == []
        assert kinds(talk.wait(1.01)) == [UtteranceKind.GOODBYE]

    def test_what_was_written_of_the_reply_is_heard_before(self) -> None:
        talk = self.bridged()
        filler = talk.reply
        talk.ends(filler).starts(filler - 1)
        assert kinds(talk.wait(5)) == []
        assert kinds(talk.ends(filler - 1)) == [UtteranceKind.GOODBYE]


class TestASessionThatIsSpent:
    def test_hears_its_last_reply_however_long_that_is(self) -> None:
        talk = Talk().thinking().starts().tell(SessionSpent()).written().wait(60)
        assert kinds(talk) == []
        assert kinds(talk.ends()) == [UtteranceKind.GOODBYE]

    def test_waits_for_the_tool_whose_call_was_the_last_it_may_cost(self) -> None:
        talk = Talk().thinking().tell(SessionSpent(), ToolsStarted(1)).wait(29)
        assert UtteranceKind.GOODBYE not in kinds(talk)
        assert "CancelReply" not in talk.did

    def test_does_not_offer_to_try_again(self) -> None:
        talk = Talk().thinking().tell(SessionSpent()).failed()
        assert kinds(talk) == [UtteranceKind.GOODBYE]

    def test_answers_nothing_more(self) -> None:
        talk = Talk().speaking().tell(SessionSpent()).says("and on sunday too", ms=500).stopped()
        assert asked(talk) == []
        assert kinds(talk) == [UtteranceKind.GOODBYE]

    def test_goes_on_with_its_reply_after_a_sign_of_listening(self) -> None:
        talk = Talk().speaking().tell(SessionSpent()).says("uh huh", ms=1_300)
        assert talk.did[-2:] == ["YieldPlayback", "ResumePlayback"]
        assert kinds(talk.ends()) == [UtteranceKind.GOODBYE]

    def test_is_no_longer_than_any_other(self) -> None:
        talk = Talk(agent_for(30)).wait(25).says("tell me all").starts().tell(SessionSpent()).written().wait(8)
        assert EndAtSentence(1) in talk.effects
        assert kinds(talk.wait(10)) == [UtteranceKind.GOODBYE]

    def test_ends_no_later_if_it_was_to_end_already(self) -> None:
        talk = Talk().speaking().tell(EndSession(Ending.NORMAL), SessionSpent())
        assert talk.turn.state.course is Course.CLOSING
        assert kinds(talk.wait(ORDERED_WAIT_S)) == [UtteranceKind.GOODBYE]


def test_words_over_the_last_reply_do_not_take_a_hand_over_back() -> None:
    talk = Talk().thinking().tell(ToolsStarted(1), EndingDecided(Ending.HUMAN_HANDOFF), ToolsFinished(1))
    talk.starts().says("wait one more question").stopped()
    assert asked(talk) == ["wait one more question"]
    assert talk.starts().written().ends().effects[-1] == End(Ending.HUMAN_HANDOFF)

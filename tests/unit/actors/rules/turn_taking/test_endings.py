"""How a session ends, as examples."""

from actors.conversation import Ending, UtteranceKind
from actors.messages.caller import EndSession, KeyPressed, TextEntered
from actors.messages.lifecycle import SessionFailed
from actors.messages.model import EndingDecided, ToolsFinished, ToolsStarted
from actors.messages.playback import EndAtSentence
from actors.messages.transcript import (
    NoiseStopped,
    SpeechContinued,
)
from actors.rules.turn_taking.effects import End
from tests.unit.actors.rules.turn_taking.script import Talk, agent_for, asked, kinds


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


def test_words_over_the_last_reply_do_not_take_a_hand_over_back() -> None:
    talk = Talk().thinking().tell(ToolsStarted(1), EndingDecided(Ending.HUMAN_HANDOFF), ToolsFinished(1))
    talk.starts().says("wait one more question").stopped()
    assert asked(talk) == ["wait one more question"]
    assert talk.starts().written().ends().effects[-1] == End(Ending.HUMAN_HANDOFF)

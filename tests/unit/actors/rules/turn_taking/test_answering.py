"""Replies that are asked for, fail or call tools, as examples."""

import msgspec
import pytest

from actors.agent import Limits
from actors.conversation import Ending, Floor, UtteranceKind
from actors.messages.caller import InterruptRequested, KeyPressed, TextEntered
from actors.messages.lifecycle import Timer
from actors.messages.model import (
    EndingDecided,
    ReplyFailed,
    ReplyGoesOn,
    ReplyTrouble,
    ReplyWritten,
    SessionSpent,
    ToolsFinished,
    ToolsStarted,
)
from actors.messages.transcript import (
    NoiseStopped,
)
from actors.rules.phrases import GUARDRAIL, NO_ANSWER
from actors.rules.turn_taking.answering import APOLOGIES
from actors.rules.turn_taking.effects import End, Say
from actors.rules.turn_taking.state import AgentActivity, Interruption
from tests.unit.actors.rules.turn_taking.script import AGENT, Talk, acts, asked, kinds


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

    def test_for_a_reply_without_text_the_caller_is_not_asked_to_repeat_what_was_understood(self) -> None:
        assert acts(Talk().thinking().written(has_text=False).effects)[-1] == Say(
            reply=2, turn=1, kind=UtteranceKind.APOLOGY, index=NO_ANSWER
        )

    @pytest.mark.parametrize("trouble", list(ReplyTrouble))
    def test_each_trouble_has_words_of_its_own(self, trouble: ReplyTrouble) -> None:
        talk = Talk().thinking().tell(ReplyFailed(turn=1, has_text=False, trouble=trouble))
        assert acts(talk.effects)[-1] == Say(reply=2, turn=1, kind=UtteranceKind.APOLOGY, index=APOLOGIES[trouble])

    def test_to_try_again_asks_what_was_not_answered(self) -> None:
        talk = Talk().thinking().failed().starts().ends().says("yes please do")
        assert asked(talk) == ["book an appointment yes please do"]

    def test_what_is_refused_is_not_asked_again_and_ends_nothing(self) -> None:
        talk = Talk().thinking()
        for turn in (1, 2, 3):
            talk.tell(ReplyFailed(turn=turn, has_text=False, trouble=ReplyTrouble.REFUSED)).starts().ends()
            talk.says(f"question number {turn}")
            assert asked(talk) == [f"question number {turn}"]

    def test_what_a_session_may_cost_is_spent_after_the_reply_in_hand(self) -> None:
        talk = Talk().thinking().tell(SessionSpent()).starts().written().ends()
        assert kinds(talk) == [UtteranceKind.GOODBYE]
        assert talk.starts().ends().effects[-1] == End(Ending.NORMAL)

    def test_a_session_that_is_spent_while_nobody_speaks_ends_at_once(self) -> None:
        assert kinds(Talk().tell(SessionSpent(), SessionSpent())) == [UtteranceKind.GOODBYE]

    @pytest.mark.parametrize("how", [TextEntered("hello?"), KeyPressed("1")])
    def test_what_is_entered_into_the_reply_of_a_session_that_is_spent_cuts_it_short(
        self, how: TextEntered | KeyPressed
    ) -> None:
        """However often that is done: what was to be the last reply is not followed by another one."""
        talk = Talk().thinking().tell(SessionSpent()).starts().tell(how).stopped()
        assert asked(talk) == []
        assert kinds(talk) == [UtteranceKind.GOODBYE]

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
        assert asked(talk) == []
        assert talk.turn.state.asked == "book an appointment"


class TestTools:
    def test_the_time_of_a_tool_is_not_the_models(self) -> None:
        talk = Talk().thinking().tell(ToolsStarted(1))
        assert Timer.REPLY not in talk.due
        talk.wait(29).tell(ToolsFinished(1))
        assert talk.due[Timer.REPLY] == pytest.approx(talk.at + 30)

    def test_what_follows_them_is_owed_like_another_answer_until_it_begins(self) -> None:
        talk = Talk().thinking().starts().tell(ToolsStarted(1)).catches_up().tell(ToolsFinished(1))
        asked_at = talk.at
        assert talk.due[Timer.REPLY] == pytest.approx(asked_at + talk.turn.agent.limits.max_turn_s)
        talk.wait(3).tell(ReplyGoesOn(0), ReplyGoesOn(1))
        assert talk.due[Timer.REPLY] == pytest.approx(talk.at + talk.turn.agent.model.next_token_s)
        assert talk.wait(1).tell(ReplyGoesOn(1)).due[Timer.REPLY] == pytest.approx(asked_at + 3 + 8)

    def test_stale_ones_are_ignored(self) -> None:
        talk = Talk().thinking().says("no wait i want something else").stopped()
        assert talk.tell(ToolsStarted(1), ToolsFinished(1)).did == []
        assert talk.written().tell(ToolsFinished(talk.turn.state.turn_number)).did == []

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


class TestTheLastAct:
    """What becomes of a session that a tool has ended, whose reply is silent or fails."""

    @pytest.mark.parametrize("fails", [False, True])
    @pytest.mark.parametrize("failures", [0, 1])
    def test_without_a_word_of_the_models_it_is_a_goodbye(self, fails: bool, failures: int) -> None:
        talk = Talk()
        if failures:
            talk.thinking().failed().starts().ends()
        talk.thinking().tell(EndingDecided(Ending.NORMAL))
        talk = talk.failed() if fails else talk.written(has_text=False)
        assert kinds(talk) == [UtteranceKind.GOODBYE]
        assert talk.starts().ends().effects[-1] == End(Ending.NORMAL)

    @pytest.mark.parametrize("fails", [False, True])
    @pytest.mark.parametrize("failures", [0, 1])
    def test_nothing_is_said_to_somebody_who_was_put_through(self, fails: bool, failures: int) -> None:
        talk = Talk()
        if failures:
            talk.thinking().failed().starts().ends()
        talk.thinking().tell(EndingDecided(Ending.HUMAN_HANDOFF))
        talk = talk.failed() if fails else talk.written(has_text=False)
        assert kinds(talk) == []
        assert talk.effects[-1] == End(Ending.HUMAN_HANDOFF)

    def test_words_that_were_said_before_it_failed_are_heard_to_their_end(self) -> None:
        talk = Talk().thinking().starts().tell(EndingDecided(Ending.NORMAL)).failed(has_text=True)
        assert not any(isinstance(effect, End) for effect in talk.effects)
        assert talk.ends().effects[-1] == End(Ending.NORMAL)

    def test_a_goodbye_that_breaks_in_its_middle_ends_the_session(self) -> None:
        talk = Talk().thinking().tell(EndingDecided(Ending.NORMAL)).starts().written().breaks()
        assert kinds(talk) == []
        assert talk.effects[-1] == End(Ending.NORMAL)

    def test_a_goodbye_that_is_never_heard_is_said_by_us(self) -> None:
        talk = Talk().thinking().tell(EndingDecided(Ending.NORMAL)).written().breaks()
        assert kinds(talk) == [UtteranceKind.GOODBYE]


class TestStaleReports:
    """The model's reports of a turn that is over change nothing."""

    def test_a_reply_that_was_written_is_not_written_again(self) -> None:
        talk = Talk().thinking().written()
        assert talk.written(has_text=False).did == []
        assert talk.failed().did == []

    def test_nor_does_a_failure_of_a_former_turn_count(self) -> None:
        talk = Talk().thinking().says("no wait i want something else").stopped()
        assert talk.tell(ReplyFailed(turn=1, has_text=False), ReplyWritten(turn=1, has_text=False)).did == []
        assert talk.turn.state.failures == 0


class TestAFailureAfterWords:
    def test_what_was_said_stands_and_is_apologised_for_when_it_was_heard(self) -> None:
        talk = Talk().thinking().starts().failed(has_text=True)
        assert talk.did == ["CancelReply"]
        assert acts(talk.ends().effects) == [Say(reply=2, turn=1, kind=UtteranceKind.APOLOGY, index=NO_ANSWER)]
        assert talk.starts().ends().turn.floor is Floor.NOBODY
        assert Timer.NO_INPUT in talk.due

    def test_the_same_where_all_of_it_was_heard_before_it_failed(self) -> None:
        talk = Talk().thinking().starts().ends().failed(has_text=True)
        assert talk.did == ["CancelReply", "Say"]
        assert kinds(talk) == [UtteranceKind.APOLOGY]

    @pytest.mark.parametrize("trouble", [each for each in ReplyTrouble if each is not ReplyTrouble.FORBIDDEN])
    def test_each_trouble_has_its_words_then_too(self, trouble: ReplyTrouble) -> None:
        talk = Talk().thinking().starts().tell(ReplyFailed(turn=1, has_text=True, trouble=trouble)).ends()
        assert acts(talk.effects) == [Say(reply=2, turn=1, kind=UtteranceKind.APOLOGY, index=APOLOGIES[trouble])]

    def test_what_must_not_be_said_is_silenced_at_once_and_ends_nothing(self) -> None:
        talk = Talk().thinking().starts()
        forbidden = ReplyFailed(turn=1, has_text=True, trouble=ReplyTrouble.FORBIDDEN, apology=GUARDRAIL)
        assert talk.tell(forbidden).did == ["StopPlayback", "CancelReply", "Say"]
        assert acts(talk.effects)[-1] == Say(reply=2, turn=1, kind=UtteranceKind.APOLOGY, index=GUARDRAIL)
        assert acts(talk.stopped().starts(2).ends(2).effects) == []
        assert asked(talk.says("and on friday please")) == ["and on friday please"]
        assert talk.turn.state.failures == 0

    def test_what_comes_of_a_reply_that_is_not_in_hand_silences_nothing(self) -> None:
        talk = Talk().speaking().tell(ReplyFailed(turn=1, has_text=False, trouble=ReplyTrouble.FORBIDDEN))
        assert talk.did == []

    def test_words_over_what_was_said_are_answered_instead(self) -> None:
        talk = Talk().thinking().starts().failed(has_text=True).says("no on friday please").stopped()
        assert asked(talk) == ["no on friday please"]
        assert kinds(talk.starts().written().ends()) == []

    def test_nobody_is_apologised_to_who_speaks_when_it_ends(self) -> None:
        talk = Talk().thinking().starts().failed(has_text=True).voice(40).ends()
        assert kinds(talk) == []
        assert kinds(talk.tell(NoiseStopped())) == [UtteranceKind.APOLOGY]

    def test_the_next_failure_ends_the_session_all_the_same(self) -> None:
        talk = Talk().thinking().failed().starts().ends().thinking().failed(has_text=True)
        assert kinds(talk) == [UtteranceKind.APOLOGY]
        assert talk.turn.state.agent is AgentActivity.LEAVING


def test_after_a_request_to_be_silent_the_agent_listens() -> None:
    talk = Talk().speaking().tell(InterruptRequested())
    assert talk.turn.state.interruption is Interruption.DECIDED
    assert talk.stopped().turn.state.interruption is Interruption.NONE
    assert kinds(talk.wait(10)) == [UtteranceKind.PROMPT]

"""The rules of turns, as examples."""

import msgspec
import pytest

from actors.agent import Agent, PhasePolicy
from actors.conversation import Floor, UtteranceKind
from actors.rules.turn_taking.effects import (
    End,
    Ending,
    EndWanted,
    FinalText,
    Interrupt,
    Key,
    KeysWanted,
    NoiseOver,
    NoText,
    PartialText,
    ReopenEars,
    ReplyBroken,
    ReplyWritten,
    Say,
    ShowTurn,
    SoundDrained,
    SoundFailed,
    SoundStarted,
    SoundStopped,
    Started,
    StartReply,
    Stop,
    StopReason,
    Timer,
    TimerDue,
    ToolsRunning,
    Trouble,
    Typed,
    VoiceGoesOn,
    VoiceOnset,
    VoiceOver,
)
from actors.rules.turn_taking.keys import KeyPattern
from actors.rules.turn_taking.machine import SAY_AGAIN, TurnTaking
from actors.rules.turn_taking.state import AgentActivity, CallerActivity, Interruption
from tests.unit.actors.turn_script import AGENT, acts, agent_with, names, play, timers

QUIET = msgspec.structs.replace(AGENT, greeting="")


def listening(agent: Agent = QUIET, *, holdable: bool = True) -> TurnTaking:
    """A turn in which both are silent."""
    turn = TurnTaking(agent, holdable=holdable)
    turn.handle(Started(0.0))
    return turn


def thinking(agent: Agent = QUIET, *, holdable: bool = True) -> TurnTaking:
    """The user asked for a thing at 1 s and is to be answered as reply 1 of turn 1."""
    turn = listening(agent, holdable=holdable)
    play(turn, VoiceOnset(0.2), VoiceOver(1.6, 600), FinalText(1.7, "book an appointment", 1000))
    assert turn.state.doing is AgentActivity.THINKING
    return turn


def speaking(agent: Agent = QUIET, *, holdable: bool = True, written: bool = True) -> TurnTaking:
    """Reply 1 is being heard since 2 s."""
    turn = thinking(agent, holdable=holdable)
    turn.handle(SoundStarted(2.0, 1))
    if written:
        turn.handle(ReplyWritten(2.1, 1, spoken=True))
    return turn


def answered() -> TurnTaking:
    """Reply 1 was heard to its end, and both are silent."""
    turn = speaking()
    turn.handle(SoundDrained(4.0, 1, 2000))
    return turn


def held(**options: bool) -> TurnTaking:
    """As speaking, paused by voice at 3 s."""
    turn = speaking(**options)  # type: ignore[arg-type]
    play(turn, VoiceOnset(2.94), VoiceGoesOn(3.0, 60, 0))
    assert turn.state.interruption is Interruption.HELD
    return turn


class TestBeginning:
    def test_greets(self) -> None:
        effects = TurnTaking(AGENT).handle(Started(0.0))
        assert acts(effects) == [Say(1, 0, UtteranceKind.GREETING)]
        assert timers(effects) == {"session": 600}

    def test_without_a_greeting_it_listens(self) -> None:
        effects = TurnTaking(QUIET).handle(Started(0.0))
        assert acts(effects) == []
        assert timers(effects) == {"session": 600, "no_input": 10}

    def test_after_the_greeting_it_listens(self) -> None:
        turn = TurnTaking(AGENT)
        effects = play(turn, Started(0.0), SoundStarted(0.1, 1), SoundDrained(2.0, 1, 1900))
        assert timers(effects) == {"no_input": 10}
        assert turn.floor is Floor.NOBODY


class TestAnswering:
    def test_a_final_is_answered(self) -> None:
        turn = listening()
        play(turn, VoiceOnset(0.2), VoiceOver(1.6, 600))
        effects = turn.handle(FinalText(1.7, "hello there", 1000))
        assert acts(effects) == [StartReply(1, 1, "hello there")]
        assert timers(effects)["answer"] == 30
        assert turn.floor is Floor.AGENT

    def test_the_filler_is_due_from_the_end_of_speech(self) -> None:
        turn = listening()
        effects = play(turn, VoiceOnset(0.2), VoiceOver(1.6, 600))
        assert timers(effects)["filler"] == pytest.approx(0.9)
        effects = turn.handle(FinalText(2.0, "hello there", 1000))
        assert timers(effects)["filler"] == pytest.approx(0.5)

    def test_a_filler_comes_while_the_answer_is_awaited(self) -> None:
        turn = thinking()
        effects = turn.handle(TimerDue(2.5, Timer.FILLER))
        assert acts(effects) == [Say(2, 1, UtteranceKind.FILLER, 0)]
        play(turn, SoundStarted(2.5, 2))
        effects = turn.handle(SoundDrained(3.3, 2, 800))
        assert timers(effects)["filler"] == 1.5
        assert acts(turn.handle(TimerDue(4.8, Timer.FILLER))) == [Say(3, 1, UtteranceKind.FILLER, 1)]

    def test_a_filler_also_covers_a_slow_recognizer(self) -> None:
        turn = listening()
        play(turn, VoiceOnset(0.2), VoiceOver(1.6, 600))
        assert acts(turn.handle(TimerDue(2.5, Timer.FILLER))) == [Say(1, 0, UtteranceKind.FILLER, 0)]

    def test_a_filler_covers_a_slow_recognizer_after_an_answer_too(self) -> None:
        turn = answered()
        play(turn, VoiceOnset(20.0), VoiceOver(21.0, 600))
        assert acts(turn.handle(TimerDue(22.0, Timer.FILLER))) == [Say(2, 1, UtteranceKind.FILLER)]

    def test_words_that_come_late_are_an_answer_and_do_not_interrupt_the_filler(self) -> None:
        turn = answered()
        play(turn, VoiceOnset(20.0), VoiceOver(21.0, 600), TimerDue(22.0, Timer.FILLER), SoundStarted(22.0, 2))
        assert acts(turn.handle(PartialText(22.2, "yes please do that"))) == []
        assert acts(turn.handle(FinalText(22.4, "yes", 20_800))) == [StartReply(2, 3, "yes")]

    def test_who_speaks_into_such_a_filler_interrupts_it(self) -> None:
        turn = answered()
        play(turn, VoiceOnset(20.0), VoiceOver(21.0, 600), TimerDue(22.0, Timer.FILLER), SoundStarted(22.0, 2))
        play(turn, VoiceOnset(22.1))
        assert "Stop" in names(turn.handle(VoiceGoesOn(22.6, 500, 0)))

    def test_a_filler_that_voice_has_paused_goes_on_when_the_words_are_answered(self) -> None:
        turn = answered()
        play(turn, VoiceOnset(20.0), VoiceOver(21.0, 600), TimerDue(22.0, Timer.FILLER), SoundStarted(22.0, 2))
        play(turn, VoiceOnset(22.1), VoiceGoesOn(22.2, 100, 0), VoiceOver(22.9, 600))
        assert turn.state.interruption is Interruption.HELD
        effects = turn.handle(FinalText(23.0, "yes", 20_800))
        assert names(effects) == ["Resume", "StartReply"]
        assert timers(effects)["resume"] is None

    def test_no_filler_once_the_reply_is_heard(self) -> None:
        turn = speaking(written=False)
        assert acts(turn.handle(TimerDue(2.5, Timer.FILLER))) == []

    def test_no_filler_into_the_users_speech(self) -> None:
        turn = thinking()
        assert acts(play(turn, VoiceOnset(2.0), TimerDue(2.1, Timer.FILLER))) == []

    def test_first_audio_is_measured_from_the_end_of_speech(self) -> None:
        turn = speaking()
        (shown,) = acts(turn.handle(SoundDrained(4.0, 1, 2000)))
        assert isinstance(shown, ShowTurn)
        assert shown.first_audio_ms == pytest.approx(1000)
        assert shown.heard_ms == 2000
        assert not shown.interrupted

    def test_a_reply_that_begins_again_is_measured_once(self) -> None:
        turn = speaking()
        turn.handle(SoundStarted(3.5, 1))
        (shown,) = acts(turn.handle(SoundDrained(4.0, 1, 2000)))
        assert isinstance(shown, ShowTurn)
        assert shown.first_audio_ms == pytest.approx(1000)

    def test_typed_text_is_answered(self) -> None:
        assert acts(listening().handle(Typed(1.0, "hi"))) == [StartReply(1, 1, "hi")]

    def test_going_on_before_the_answer_continues_the_turn(self) -> None:
        turn = thinking()
        play(turn, VoiceOnset(1.8), VoiceGoesOn(2.1, 300, 0), SoundStopped(2.1, 0))
        effects = play(turn, VoiceOver(3.0, 600), FinalText(3.1, "for tomorrow", 2400))
        assert acts(effects) == [StartReply(2, 2, "book an appointment for tomorrow", continues=True)]

    def test_a_final_that_came_late_is_dropped(self) -> None:
        turn = thinking()
        assert names(turn.handle(FinalText(1.9, "book an appointment", 990))) == []

    def test_words_of_a_later_time_count(self) -> None:
        turn = thinking()
        turn.handle(ReplyWritten(1.8, 1, spoken=False))
        assert turn.state.consumed_ms == 1000


class TestInterruption:
    def test_voice_pauses_after_pause_ms(self) -> None:
        turn = speaking()
        play(turn, VoiceOnset(2.94))
        assert names(turn.handle(VoiceGoesOn(2.98, 40, 0))) == []
        effects = turn.handle(VoiceGoesOn(3.0, 60, 0))
        assert names(effects) == ["Pause"]
        assert timers(effects)["resume"] == pytest.approx(0.8)
        assert turn.floor is Floor.USER

    def test_it_pauses_once(self) -> None:
        assert names(held().handle(VoiceGoesOn(3.02, 80, 0))) == []

    def test_silence_inside_the_voice_decides_nothing(self) -> None:
        turn = speaking()
        turn.handle(VoiceOnset(2.94))
        assert names(turn.handle(VoiceGoesOn(3.3, 400, 32))) == []

    @pytest.mark.parametrize(
        "confirmation",
        [VoiceGoesOn(3.4, 400, 0), PartialText(3.3, "what about"), FinalText(3.3, "what about friday", 3000)],
        ids=["duration", "partial", "final"],
    )
    def test_confirmed_voice_is_a_barge_in(self, confirmation: VoiceGoesOn | PartialText | FinalText) -> None:
        turn = held()
        effects = turn.handle(confirmation)
        assert acts(effects)[0] == Stop(1, 1, StopReason.BARGE_IN)
        assert turn.state.interruption is Interruption.DECIDED

    @pytest.mark.parametrize("text", ["uh-huh", "Yeah, okay.", "mm hmm", "right"])
    def test_backchannels_do_not_interrupt(self, text: str) -> None:
        turn = held()
        assert names(turn.handle(PartialText(3.1, text.replace("mm hmm", "mm-hmm")))) == []
        assert names(play(turn, VoiceGoesOn(3.4, 400, 0))) == []
        assert names(play(turn, VoiceOver(3.9, 600), FinalText(4.0, text.replace("mm hmm", "mm-hmm"), 3400))) == [
            "Resume"
        ]

    def test_long_voice_is_a_barge_in_whatever_the_words(self) -> None:
        turn = held()
        turn.handle(PartialText(3.1, "yeah"))
        assert "Stop" in names(turn.handle(VoiceGoesOn(4.2, 1200, 0)))

    def test_one_word_needs_more(self) -> None:
        turn = held()
        assert names(turn.handle(PartialText(3.2, "tuesday"))) == []

    def test_not_confirmed_in_time_it_resumes(self) -> None:
        turn = held()
        assert names(turn.handle(TimerDue(3.8, Timer.RESUME))) == ["Resume"]
        assert turn.floor is Floor.AGENT

    def test_a_noise_resumes_at_once(self) -> None:
        assert names(held().handle(NoiseOver(3.2))) == ["Resume"]

    def test_nothing_intelligible_resumes(self) -> None:
        assert names(play(held(), VoiceOver(3.7, 600), NoText(3.8))) == ["Resume"]

    def test_a_second_onset_is_the_same_interruption(self) -> None:
        turn = held()
        turn.handle(VoiceGoesOn(3.4, 400, 0))
        assert names(play(turn, VoiceOnset(3.6), VoiceGoesOn(3.7, 100, 0), VoiceGoesOn(4.1, 500, 0))) == []

    def test_the_generation_is_cancelled_after_the_silence(self) -> None:
        turn = held(written=False)
        assert names(turn.handle(VoiceGoesOn(3.4, 400, 0))) == ["Stop", "CancelReply"]

    def test_the_answer_waits_for_what_was_heard(self) -> None:
        turn = held()
        assert names(turn.handle(FinalText(3.5, "no make it friday", 3000))) == ["Stop"]
        effects = turn.handle(SoundStopped(3.5, 1500))
        assert names(effects) == ["ShowTurn", "StartReply"]
        shown = acts(effects)[0]
        assert isinstance(shown, ShowTurn)
        assert shown.interrupted
        assert shown.heard_ms == 1500
        assert shown.onset_to_pause_ms == pytest.approx(60)
        assert shown.onset_to_decision_ms == pytest.approx(560)
        assert shown.decision_to_silence_ms == pytest.approx(0)

    def test_a_synthesizer_that_reports_nothing_is_not_waited_for(self) -> None:
        turn = held()
        effects = turn.handle(FinalText(3.5, "no make it friday", 3000))
        assert timers(effects)["stopped"] == 0.5
        assert "StartReply" in names(turn.handle(TimerDue(4.0, Timer.STOPPED)))

    def test_a_report_that_nobody_waits_for_changes_nothing(self) -> None:
        assert names(speaking().handle(SoundStopped(3.0, 100))) == []

    def test_a_voice_that_comes_to_nothing_is_asked_to_repeat(self) -> None:
        turn = held()
        play(turn, VoiceGoesOn(3.4, 400, 0), SoundStopped(3.4, 900), VoiceOver(4.0, 600))
        assert acts(turn.handle(NoText(4.1))) == [Say(2, 1, UtteranceKind.APOLOGY, SAY_AGAIN)]

    def test_two_false_interruptions_double_the_pause(self) -> None:
        turn = speaking()
        for at in (3.0, 5.0):
            play(turn, VoiceOnset(at), VoiceGoesOn(at + 0.06, 60, 0), NoiseOver(at + 0.3))
        turn.handle(VoiceOnset(7.0))
        assert names(turn.handle(VoiceGoesOn(7.06, 60, 0))) == []
        assert names(turn.handle(VoiceGoesOn(7.12, 120, 0))) == ["Pause"]

    def test_false_interruptions_far_apart_do_not(self) -> None:
        turn = speaking()
        for at in (3.0, 20.0):
            play(turn, VoiceOnset(at), VoiceGoesOn(at + 0.06, 60, 0), NoiseOver(at + 0.3))
        assert names(play(turn, VoiceOnset(21.0), VoiceGoesOn(21.06, 60, 0))) == ["Pause"]

    def test_immediate_policy_decides_at_the_pause(self) -> None:
        agent = msgspec.structs.replace(agent_with(speaking=PhasePolicy(immediate=True)), greeting="")
        turn = speaking(agent)
        assert names(play(turn, VoiceOnset(2.94), VoiceGoesOn(3.0, 60, 0))) == ["Stop"]

    def test_without_holding_nothing_happens_until_the_decision(self) -> None:
        turn = speaking(holdable=False)
        turn.handle(VoiceOnset(2.94))
        assert names(turn.handle(VoiceGoesOn(3.0, 60, 0))) == []
        assert names(turn.handle(VoiceGoesOn(3.4, 400, 0))) == ["Stop"]

    def test_before_the_first_frame_it_is_held_on_every_transport(self) -> None:
        turn = thinking(holdable=False)
        assert names(play(turn, VoiceOnset(1.8), VoiceGoesOn(1.86, 60, 0))) == ["Pause"]

    def test_while_thinking_one_word_interrupts(self) -> None:
        turn = thinking()
        turn.handle(VoiceOnset(1.8))
        assert "CancelReply" in names(turn.handle(PartialText(1.9, "wait")))

    def test_while_a_tool_runs_its_own_policy_holds(self) -> None:
        turn = thinking()
        turn.handle(ToolsRunning(1.8, 1, running=True))
        turn.handle(VoiceOnset(1.9))
        assert names(turn.handle(PartialText(2.0, "wait"))) == []
        assert "CancelReply" in names(turn.handle(PartialText(2.2, "wait a second")))

    def test_tools_of_another_turn_change_nothing(self) -> None:
        turn = thinking()
        turn.handle(ToolsRunning(1.8, 7, running=True))
        assert turn.state.doing is AgentActivity.THINKING

    def test_a_protected_greeting_is_heard_out_and_then_answered(self) -> None:
        turn = TurnTaking(agent_with(greeting=PhasePolicy(protected=True)))
        play(turn, Started(0.0), SoundStarted(0.1, 1), VoiceOnset(0.5))
        assert names(play(turn, VoiceGoesOn(1.0, 500, 0), PartialText(1.1, "i want to book"))) == []
        assert names(play(turn, VoiceOver(1.9, 600), FinalText(2.0, "i want to book", 1300))) == []
        assert acts(turn.handle(SoundDrained(3.0, 1, 2900))) == [StartReply(1, 2, "i want to book")]

    def test_an_answer_over_the_tail_of_a_reply_counts(self) -> None:
        turn = held()
        play(turn, VoiceOver(3.4, 300), FinalText(3.5, "yes", 3100))
        assert names(turn.handle(SoundDrained(4.2, 1, 2000))) == ["ShowTurn", "StartReply"]

    def test_a_backchannel_long_before_the_end_does_not(self) -> None:
        turn = held()
        play(turn, VoiceOver(3.4, 300), FinalText(3.5, "yes", 3100))
        assert names(turn.handle(SoundDrained(6.0, 1, 4000))) == ["ShowTurn"]

    def test_a_reply_that_ends_while_held_lets_go(self) -> None:
        turn = held()
        assert names(turn.handle(SoundDrained(3.1, 1, 1000))) == ["Resume", "ShowTurn"]

    def test_nobody_to_interrupt(self) -> None:
        turn = listening()
        assert (
            names(play(turn, VoiceOnset(1.0), VoiceGoesOn(1.5, 500, 0), PartialText(1.5, "hello there friend"))) == []
        )


class TestOtherWaysToTakeTheFloor:
    def test_typed_text_interrupts_at_once(self) -> None:
        turn = speaking()
        assert names(turn.handle(Typed(3.0, "stop"))) == ["Stop"]
        assert names(turn.handle(SoundStopped(3.0, 900))) == ["ShowTurn", "StartReply"]

    def test_an_interrupt_message_only_silences(self) -> None:
        turn = speaking()
        assert names(turn.handle(Interrupt(3.0))) == ["Stop"]
        effects = turn.handle(SoundStopped(3.0, 900))
        assert names(effects) == ["ShowTurn"]
        assert timers(effects)["no_input"] == 10

    def test_interrupting_a_silent_agent_does_nothing(self) -> None:
        assert names(listening().handle(Interrupt(3.0))) == []

    def test_keys_interrupt_and_are_answered_together(self) -> None:
        turn = speaking()
        assert names(turn.handle(Key(3.0, "1"))) == ["Stop"]
        turn.handle(SoundStopped(3.0, 900))
        effects = turn.handle(Key(3.5, "2"))
        assert timers(effects)["keys"] == 2
        assert acts(turn.handle(TimerDue(5.5, Timer.KEYS))) == [StartReply(2, 2, "1 2")]

    def test_hash_ends_a_number(self) -> None:
        turn = listening()
        play(turn, Key(1.0, "4"), Key(1.2, "2"))
        assert acts(turn.handle(Key(1.4, "#"))) == [StartReply(1, 1, "4 2")]

    def test_a_lone_hash_is_a_key(self) -> None:
        turn = listening()
        turn.handle(Key(1.0, "#"))
        assert acts(turn.handle(TimerDue(3.0, Timer.KEYS))) == [StartReply(1, 1, "#")]

    def test_keys_that_are_wanted_are_complete_as_they_were_asked_for(self) -> None:
        turn = listening()
        turn.handle(KeysWanted(1.0, KeyPattern(length=3, terminator="*", wait_s=5)))
        assert timers(turn.handle(Key(1.2, "4")))["keys"] == 5
        assert acts(turn.handle(Key(1.4, "#"))) == []
        assert acts(turn.handle(Key(1.6, "7"))) == [StartReply(1, 1, "4 # 7")]

    def test_keys_that_were_wanted_end_at_their_own_terminator(self) -> None:
        turn = listening()
        turn.handle(KeysWanted(1.0, KeyPattern(length=4, terminator="*")))
        turn.handle(Key(1.2, "4"))
        assert acts(turn.handle(Key(1.4, "*"))) == [StartReply(1, 1, "4")]

    def test_what_was_wanted_of_keys_holds_for_one_input(self) -> None:
        turn = listening()
        play(turn, KeysWanted(1.0, KeyPattern(length=1)), Key(1.2, "4"))
        turn.handle(Key(2.0, "5"))
        assert turn.state.keys == "5"


class TestSilence:
    def test_prompts_then_a_polite_end(self) -> None:
        turn = listening()
        at = 0.0
        for index, reply in ((0, 1), (1, 2)):
            at += 10
            assert acts(turn.handle(TimerDue(at, Timer.NO_INPUT))) == [Say(reply, 0, UtteranceKind.PROMPT, index)]
            play(turn, SoundStarted(at, reply), SoundDrained(at + 1, reply, 1000))
        assert acts(turn.handle(TimerDue(at + 11, Timer.NO_INPUT))) == [Say(3, 0, UtteranceKind.GOODBYE)]
        assert acts(turn.handle(SoundDrained(at + 13, 3, 2000))) == [End(Ending.IDLE_TIMEOUT)]

    def test_an_answer_begins_the_count_anew(self) -> None:
        turn = listening()
        play(turn, TimerDue(10, Timer.NO_INPUT), SoundStarted(10, 1), SoundDrained(11, 1, 1000))
        play(turn, Typed(12, "hi"), SoundStarted(12.5, 2), ReplyWritten(12.6, 1, spoken=True), SoundDrained(13, 2, 500))
        assert acts(turn.handle(TimerDue(23, Timer.NO_INPUT))) == [Say(3, 1, UtteranceKind.PROMPT, 0)]

    @pytest.mark.parametrize("turn", [speaking(), thinking()], ids=["speaking", "thinking"])
    def test_no_prompt_while_the_agent_is_busy(self, turn: TurnTaking) -> None:
        assert names(turn.handle(TimerDue(30, Timer.NO_INPUT))) == []

    def test_a_user_who_begins_stops_the_clock(self) -> None:
        assert timers(listening().handle(VoiceOnset(3.0))) == {"no_input": None, "final": None, "filler": None}


class TestTheRecognizerOwesAFinal:
    def test_the_last_partial_stands_in(self) -> None:
        turn = listening()
        effects = play(turn, VoiceOnset(1.0), PartialText(1.5, "book a visit"), VoiceOver(2.6, 600))
        assert timers(effects)["final"] == 3
        assert acts(turn.handle(TimerDue(5.6, Timer.FINAL)))[1] == StartReply(1, 1, "book a visit")

    def test_without_a_partial_it_is_recognised_once_more_behind_a_filler(self) -> None:
        turn = listening()
        play(turn, VoiceOnset(1.0), VoiceOver(3.0, 600))
        effects = turn.handle(TimerDue(6.0, Timer.FINAL))
        assert acts(effects) == [ReopenEars(again=True)]
        assert timers(effects) == {"final": 3.0, "filler": 0.0}
        assert acts(turn.handle(TimerDue(6.0, Timer.FILLER))) == [Say(1, 0, UtteranceKind.FILLER)]
        assert acts(turn.handle(FinalText(7.0, "on friday", 2400))) == [StartReply(1, 2, "on friday")]

    def test_what_stays_unintelligible_is_asked_for_again(self) -> None:
        turn = listening()
        play(turn, VoiceOnset(1.0), VoiceOver(3.0, 600), TimerDue(6.0, Timer.FINAL))
        effects = turn.handle(TimerDue(9.0, Timer.FINAL))
        assert acts(effects) == [ReopenEars(again=True), Say(1, 0, UtteranceKind.APOLOGY, SAY_AGAIN)]
        assert turn.state.user is CallerActivity.SILENT

    def test_a_murmur_into_a_reply_is_not_asked_for_again(self) -> None:
        turn = speaking()
        play(turn, VoiceOnset(3.0), VoiceOver(4.0, 600), TimerDue(7.0, Timer.FINAL))
        assert acts(turn.handle(TimerDue(10.0, Timer.FINAL))) == [ReopenEars(again=True)]

    def test_not_if_the_user_speaks_again(self) -> None:
        turn = listening()
        play(turn, VoiceOnset(1.0), VoiceOver(2.6, 600), VoiceOnset(3.0))
        assert names(turn.handle(TimerDue(5.6, Timer.FINAL))) == []

    def test_an_end_without_a_beginning_is_nothing(self) -> None:
        turn = listening()
        assert timers(turn.handle(VoiceOver(1.0, 600))) == {}
        assert turn.state.user is CallerActivity.SILENT

    def test_words_without_an_endpoint_count(self) -> None:
        turn = listening()
        turn.handle(VoiceOnset(1.0))
        assert names(turn.handle(FinalText(2.0, "hello there", 1500))) == ["StartReply"]


class TestThingsThatFail:
    def test_a_model_that_fails_before_a_word(self) -> None:
        turn = thinking()
        effects = turn.handle(ReplyBroken(2.0, 1, spoken=False))
        assert acts(effects)[-1] == Say(2, 1, UtteranceKind.APOLOGY, SAY_AGAIN)

    def test_twice_in_a_row_ends_the_session(self) -> None:
        turn = thinking()
        play(turn, ReplyBroken(2.0, 1, spoken=False), SoundStarted(2.1, 2), SoundDrained(3.0, 2, 900))
        turn.handle(Typed(4.0, "again"))
        effects = turn.handle(ReplyBroken(5.0, 2, spoken=False))
        assert acts(effects)[-1] == Say(4, 2, UtteranceKind.APOLOGY)
        assert acts(turn.handle(SoundDrained(9.0, 4, 3000))) == [End(Ending.ERROR)]

    def test_what_was_said_before_it_failed_stands(self) -> None:
        turn = speaking(written=False)
        assert names(turn.handle(ReplyBroken(2.5, 1, spoken=True))) == ["CancelReply"]
        assert timers(turn.handle(SoundDrained(3.0, 1, 1000)))["no_input"] == 10

    def test_what_was_said_may_be_over_already(self) -> None:
        turn = speaking(written=False)
        turn.handle(SoundDrained(2.4, 1, 400))
        assert timers(turn.handle(ReplyBroken(2.5, 1, spoken=True)))["no_input"] == 10

    def test_an_empty_reply_is_a_failure(self) -> None:
        assert acts(thinking().handle(ReplyWritten(2.0, 1, spoken=False)))[-1] == Say(
            2, 1, UtteranceKind.APOLOGY, SAY_AGAIN
        )

    def test_a_failure_of_another_turn_is_none(self) -> None:
        turn = thinking()
        assert acts(turn.handle(ReplyBroken(2.0, 9, spoken=False))) == []
        assert acts(turn.handle(ReplyWritten(2.0, 9, spoken=True))) == []

    def test_an_answer_that_does_not_begin_is_given_up(self) -> None:
        turn = thinking()
        assert names(turn.handle(TimerDue(31.7, Timer.ANSWER))) == ["Stop", "CancelReply", "Say"]

    def test_also_when_only_its_sound_is_missing(self) -> None:
        turn = thinking()
        turn.handle(ReplyWritten(2.0, 1, spoken=True))
        assert "Say" in names(turn.handle(TimerDue(31.7, Timer.ANSWER)))

    def test_one_that_began_is_not(self) -> None:
        assert names(speaking(written=False).handle(TimerDue(31.7, Timer.ANSWER))) == []

    def test_a_reply_that_cannot_be_spoken(self) -> None:
        assert acts(speaking().handle(SoundFailed(2.5, 1)))[-1] == Say(2, 1, UtteranceKind.APOLOGY, SAY_AGAIN)

    def test_a_filler_that_cannot_be_spoken_is_missed_by_nobody(self) -> None:
        turn = thinking()
        turn.handle(TimerDue(2.5, Timer.FILLER))
        assert acts(turn.handle(SoundFailed(2.6, 2))) == []

    def test_trouble_is_apologised_for_and_ends(self) -> None:
        turn = speaking()
        assert names(turn.handle(Trouble(3.0))) == ["Stop", "Say"]
        assert acts(turn.handle(TimerDue(18.0, Timer.GOODBYE))) == [End(Ending.ERROR)]


class TestTheEnd:
    def test_after_the_reply_in_hand(self) -> None:
        turn = speaking(written=False)
        turn.handle(EndWanted(2.5, Ending.NORMAL, after_reply=True))
        turn.handle(ReplyWritten(2.6, 1, spoken=True))
        assert acts(turn.handle(SoundDrained(3.0, 1, 1000))) == [End(Ending.NORMAL)]

    def test_at_once_when_there_is_nothing_to_say(self) -> None:
        turn = thinking()
        turn.handle(EndWanted(2.5, Ending.HUMAN_HANDOFF, after_reply=True))
        assert acts(turn.handle(ReplyWritten(2.6, 1, spoken=False))) == [End(Ending.HUMAN_HANDOFF)]

    def test_a_barge_in_into_the_goodbye_of_a_reply_takes_it_back(self) -> None:
        turn = speaking()
        turn.handle(EndWanted(2.5, Ending.NORMAL, after_reply=True))
        play(turn, VoiceOnset(2.6), VoiceGoesOn(3.0, 400, 0), SoundStopped(3.0, 500))
        assert turn.state.ending is None

    def test_last_words_are_not_interrupted(self) -> None:
        turn = speaking()
        effects = turn.handle(EndWanted(3.0, Ending.NORMAL, after_reply=False))
        assert acts(effects) == [Stop(1, 1, StopReason.SUPERSEDED), Say(2, 1, UtteranceKind.GOODBYE)]
        events = [
            VoiceOnset(3.1), VoiceGoesOn(3.6, 500, 0), PartialText(3.6, "wait a second"), VoiceOver(4.3, 600),
            FinalText(4.4, "wait a second", 3700), Typed(4.5, "wait"), Key(4.6, "1"), Interrupt(4.7),
            SoundStopped(4.8, 0), EndWanted(4.9, Ending.NORMAL, after_reply=True), Trouble(4.9),
            TimerDue(4.9, Timer.ANSWER),
        ]  # fmt: skip
        for event in events:
            assert names(turn.handle(event)) in ([], ["ShowTurn"])  # type: ignore[arg-type]
        assert acts(turn.handle(SoundDrained(5.0, 2, 1000))) == [End(Ending.NORMAL)]

    def test_the_longest_session(self) -> None:
        assert acts(listening().handle(TimerDue(600, Timer.SESSION))) == [Say(1, 0, UtteranceKind.GOODBYE)]

    def test_afterwards_nothing_happens(self) -> None:
        turn = listening()
        play(turn, EndWanted(1.0, Ending.NORMAL, after_reply=False), TimerDue(16.0, Timer.GOODBYE))
        assert turn.handle(Typed(17.0, "hello")) == []

    def test_the_floor_is_the_agents_to_the_last(self) -> None:
        turn = listening()
        turn.handle(EndWanted(1.0, Ending.NORMAL, after_reply=False))
        assert turn.floor is Floor.AGENT


class TestSoundsOfOthers:
    def test_unknown_replies_are_ignored(self) -> None:
        turn = listening()
        for event in (SoundStarted(1.0, 99), SoundDrained(1.0, 99, 0), SoundFailed(1.0, 99)):
            assert names(turn.handle(event)) == []

    def test_who_holds_the_floor_while_a_final_is_owed(self) -> None:
        turn = listening()
        play(turn, VoiceOnset(1.0), VoiceOver(2.6, 600))
        assert turn.floor is Floor.USER


class TestGoingOn:
    """A restarted orchestrator goes on from a copy of the state."""

    @staticmethod
    def resumed(turn: TurnTaking) -> TurnTaking:
        return TurnTaking(turn.agent, state=msgspec.structs.replace(turn.state))

    def test_an_unanswered_user_is_answered(self) -> None:
        turn = self.resumed(thinking())
        effects = turn.resume(2.0, 500)
        assert acts(effects) == [StartReply(1, 1, "book an appointment", continues=True)]
        assert timers(effects)["session"] == 500

    def test_also_when_the_reply_had_no_number_left(self) -> None:
        former = thinking()
        former.state.sounds = ()
        assert acts(self.resumed(former).resume(2.0, 500)) == [StartReply(1, 2, "book an appointment", continues=True)]

    def test_a_reply_being_spoken_can_be_interrupted_in_the_next_frame(self) -> None:
        turn = self.resumed(speaking(written=False))
        assert acts(turn.resume(2.5, 500)) == []
        turn.handle(VoiceOnset(2.5))
        assert names(turn.handle(VoiceGoesOn(2.56, 60, 0))) == ["Pause"]

    def test_a_final_is_still_awaited(self) -> None:
        former = listening()
        former.handle(VoiceOnset(1.0))
        assert timers(self.resumed(former).resume(2.0, 500))["final"] == 3

    def test_a_pause_still_ends(self) -> None:
        assert timers(self.resumed(held()).resume(3.1, 500))["resume"] == 0.8

    def test_a_stop_is_still_awaited(self) -> None:
        former = held()
        former.handle(Typed(3.1, "stop"))
        assert timers(self.resumed(former).resume(3.1, 500))["stopped"] == 0.5

    def test_last_words_are_still_waited_for(self) -> None:
        former = listening()
        former.handle(EndWanted(1.0, Ending.NORMAL, after_reply=False))
        assert timers(self.resumed(former).resume(2.0, 500))["goodbye"] == 15

    def test_in_silence_it_listens(self) -> None:
        assert timers(self.resumed(listening()).resume(2.0, 500))["no_input"] == 10

    def test_a_reply_of_which_text_was_written_and_nothing_heard_is_made_anew(self) -> None:
        turn = self.resumed(thinking())
        assert names(turn.resume(2.0, 500, begun=True)) == ["Stop"]
        assert acts(turn.handle(SoundStopped(2.1, 0.0)))[-1:] == [
            StartReply(2, 2, "book an appointment", continues=True)
        ]

    def test_a_reply_that_only_bridged_the_time_of_tools_goes_on(self) -> None:
        turn = self.resumed(speaking(written=False))
        assert names(turn.resume(3.0, 500, owed=True)) == ["StartReply"]

    def test_keys_are_waited_for_as_before(self) -> None:
        former = listening()
        former.handle(Key(2.0, "1"))
        assert timers(self.resumed(former).resume(2.5, 500))["keys"] == former.agent.keys.wait_s


class TestRepliesThatFail:
    def test_words_said_again_replace_those_that_were_not_answered(self) -> None:
        turn = thinking()
        turn.handle(ReplyBroken(2.0, 1, spoken=False))
        turn.handle(SoundStarted(2.1, 2))
        turn.handle(SoundDrained(3.0, 2, 900))
        (begun,) = [e for e in turn.handle(Typed(4.0, "book an appointment")) if isinstance(e, StartReply)]
        assert begun.text == "book an appointment"
        turn.handle(Typed(5.0, "for me"))
        (begun,) = [e for e in turn.handle(SoundStopped(5.1, 0.0)) if isinstance(e, StartReply)]
        assert begun.text == "book an appointment for me"

    def test_the_second_one_in_a_row_ends_it_though_the_model_wrote_both(self) -> None:
        turn = thinking()
        for number, reply in ((1, 1), (2, 3)):
            turn.handle(ReplyWritten(3.0 * number, number, spoken=True))
            effects = turn.handle(SoundFailed(3.0 * number + 0.5, reply))
            if number == 1:
                play(turn, SoundDrained(4.5, 2, 900), Typed(5.0, "again"))
        assert turn.state.ending is Ending.ERROR
        assert "Say" in names(effects)

    def test_a_reply_that_was_interrupted_while_it_was_heard_worked(self) -> None:
        turn = speaking()
        turn.state.broken = 1
        turn.handle(Typed(3.0, "and friday"))
        assert turn.state.broken == 0

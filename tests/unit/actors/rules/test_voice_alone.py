"""Turn-taking where nobody tells the caller's words."""

import msgspec
import pytest

from actors.agent import Agent, VoicemailAction
from actors.conversation import Ending, PositionPrecision, UtteranceKind
from actors.messages.caller import KeyPressed, TextEntered
from actors.messages.lifecycle import Timer, TimerFired
from actors.messages.model import ReplyWritten
from actors.messages.playback import PlaybackFinished, PlaybackStarted, ResumePlayback, StopPlayback
from actors.messages.transcript import (
    FinalTranscript,
    NoiseStopped,
    NoSpeechRecognized,
    SpeechContinued,
    SpeechStarted,
    SpeechStopped,
)
from actors.rules.turn_taking.effects import (
    SPOKEN,
    CommitSpeech,
    DiscardSpeech,
    Effect,
    End,
    RecallSpeech,
    Say,
    StartReply,
)
from actors.rules.turn_taking.machine import TurnTaking
from actors.rules.turn_taking.state import Screening, TurnSnapshot
from actors.turn_taking_settings import BargeIn, PhasePolicy

AGENT = Agent(name="tester", label="Tester", greeting="Hello there.")
SILENT = msgspec.structs.replace(AGENT, greeting="")


def begun(agent: Agent = SILENT) -> TurnTaking:
    turn = TurnTaking(agent, transcribes=False, strict=True)
    turn.start(0.0)
    return turn


def spoken(turn: TurnTaking, at: float, voiced_ms: float) -> list[Effect]:
    effects = turn.handle(SpeechStarted(at * 1_000), at)
    effects += turn.handle(SpeechContinued(voiced_ms, 0.0), at + voiced_ms / 1_000)
    over = SpeechStopped(start_ms=at * 1_000, end_ms=at * 1_000 + voiced_ms, voiced_ms=voiced_ms, silence_ms=400)
    return effects + turn.handle(over, at + voiced_ms / 1_000 + 0.4)


def kinds(effects: list[Effect]) -> list[type]:
    wanted = (CommitSpeech, DiscardSpeech, RecallSpeech, StartReply, StopPlayback, ResumePlayback)
    return [type(effect) for effect in effects if isinstance(effect, wanted)]


def test_an_utterance_is_answered_at_its_end_and_its_words_are_not_answered_again() -> None:
    turn = begun()
    effects = spoken(turn, 1.0, 500)
    assert kinds(effects) == [CommitSpeech, StartReply]
    assert turn.state.asked == SPOKEN
    assert turn.handle(FinalTranscript(text="are you open", start_ms=1_000, end_ms=1_600), 2.5) == []
    assert kinds(turn.handle(NoSpeechRecognized(1_600), 2.6)) == []


def test_a_short_one_into_the_greeting_is_dropped_and_playback_goes_on() -> None:
    turn = begun(AGENT)
    turn.handle(PlaybackStarted(1), 0.1)
    assert kinds(spoken(turn, 1.0, 250)) == [DiscardSpeech, ResumePlayback]


def test_a_lasting_one_takes_the_floor() -> None:
    turn = begun(AGENT)
    turn.handle(PlaybackStarted(1), 0.1)
    effects = spoken(turn, 1.0, 1_500)
    assert kinds(effects)[0] is StopPlayback
    assert kinds(effects)[-1] is CommitSpeech
    assert turn.state.waiting_text == SPOKEN


def test_what_is_said_into_a_protected_greeting_is_answered_after_it() -> None:
    barge_in = msgspec.structs.replace(BargeIn(), greeting=PhasePolicy(protected=True))
    turn = begun(msgspec.structs.replace(AGENT, barge_in=barge_in))
    turn.handle(PlaybackStarted(1), 0.1)
    assert kinds(spoken(turn, 1.0, 800)) == [CommitSpeech]
    over = PlaybackFinished(reply=1, precision=PositionPrecision.NETWORK, heard_ms=3_000, text_end=12)
    assert kinds(turn.handle(over, 3.0)) == [StartReply]


def test_speech_after_keys_completes_them() -> None:
    turn = begun()
    turn.handle(KeyPressed("4"), 0.5)
    effects = spoken(turn, 0.8, 500)
    assert [effect.text for effect in effects if isinstance(effect, StartReply)] == [f"4 {SPOKEN}"]


def test_noise_is_forgotten() -> None:
    turn = begun()
    turn.handle(SpeechStarted(0.0), 1.0)
    assert kinds(turn.handle(NoiseStopped(), 1.2)) == [DiscardSpeech]
    assert kinds(turn.handle(NoiseStopped(), 1.3)) == []


@pytest.mark.parametrize("tells_end", [True, False])
def test_an_utterance_whose_audio_stops_is_answered(tells_end: bool) -> None:
    from actors.messages.lifecycle import Timer, TimerFired

    turn = begun()
    turn.handle(SpeechStarted(0.0), 1.0)
    turn.handle(SpeechContinued(500.0, 0.0), 1.5)
    turn.handle(TimerFired(Timer.AUDIO, 1), 2.6)
    if tells_end:
        effects = turn.handle(SpeechStopped(start_ms=0, end_ms=500, voiced_ms=500, silence_ms=0), 2.7)
    else:
        effects = turn.handle(TimerFired(Timer.TRANSCRIPT, 2), 6.0)
    assert kinds(effects) == [CommitSpeech, StartReply]


def test_what_is_said_when_the_longest_session_is_over_is_not_answered() -> None:
    turn = begun(AGENT)
    turn.handle(PlaybackStarted(1), 0.1)
    turn.handle(TimerFired(Timer.SESSION, 1), AGENT.limits.max_session_s)
    assert DiscardSpeech in kinds(spoken(turn, AGENT.limits.max_session_s, 250))


class TestAnAnswerToAQuestion:
    """Voice too short to take the floor, said into a reply that ends with a question of two seconds."""

    def asking(self, question_s: float = 2.0) -> TurnTaking:
        turn = begun()
        spoken(turn, 1.0, 500)
        turn.handle(PlaybackStarted(1), 2.0)
        turn.handle(ReplyWritten(turn=1, has_text=True, question_s=question_s), 2.1)
        return turn

    def heard(self, turn: TurnTaking, at: float) -> list[Effect]:
        over = PlaybackFinished(reply=1, precision=PositionPrecision.NETWORK, heard_ms=3_000, text_end=12)
        return turn.handle(over, at)

    def test_is_recalled_and_answered_when_the_question_is_over(self) -> None:
        turn = self.asking()
        assert kinds(spoken(turn, 4.0, 300)) == [DiscardSpeech, ResumePlayback]
        assert kinds(self.heard(turn, 6.0)) == [RecallSpeech, StartReply]
        assert turn.state.asked == SPOKEN

    def test_is_none_before_the_question_was_begun(self) -> None:
        turn = self.asking()
        spoken(turn, 4.0, 300)
        assert kinds(self.heard(turn, 8.0)) == []

    def test_is_none_where_nothing_is_asked(self) -> None:
        turn = self.asking(question_s=0.0)
        spoken(turn, 4.0, 300)
        assert kinds(self.heard(turn, 5.0)) == []

    def test_is_no_cough(self) -> None:
        turn = self.asking()
        spoken(turn, 4.0, 220)
        assert kinds(self.heard(turn, 5.0)) == []

    def test_is_still_one_after_a_noise(self) -> None:
        turn = self.asking()
        assert DiscardSpeech(may_be_recalled=True) in spoken(turn, 4.0, 300)
        turn.handle(SpeechStarted(5_000.0), 5.0)
        assert DiscardSpeech() in turn.handle(NoiseStopped(), 5.2)
        assert kinds(self.heard(turn, 6.0)) == [RecallSpeech, StartReply]

    def test_is_not_recalled_where_the_caller_goes_on(self) -> None:
        turn = self.asking()
        spoken(turn, 4.0, 300)
        turn.handle(SpeechStarted(5_500.0), 5.5)
        assert kinds(self.heard(turn, 5.6)) == []
        over = SpeechStopped(start_ms=5_500, end_ms=6_500, voiced_ms=900, silence_ms=400)
        assert kinds(turn.handle(over, 7.0)) == [CommitSpeech, StartReply]


class TestWhoeverHasAnswered:
    """A call of ours, of which nobody knows yet whether a person or a machine has taken it."""

    def called(self) -> TurnTaking:
        agent = msgspec.structs.replace(AGENT, voicemail=VoicemailAction.HANG_UP)
        turn = TurnTaking(agent, transcribes=False, strict=True, state=TurnSnapshot(screening=Screening()))
        turn.start(0.0)
        return turn

    def said(self, effects: list[Effect]) -> list[UtteranceKind]:
        return [effect.kind for effect in effects if isinstance(effect, Say)]

    def test_is_heard_out_and_greeted_when_their_words_are_those_of_a_person(self) -> None:
        turn = self.called()
        effects = spoken(turn, 1.0, 500)
        assert [effect for effect in effects if isinstance(effect, CommitSpeech)] == [CommitSpeech(is_answered=False)]
        assert self.said(effects) == []
        turn.handle(FinalTranscript(text="hello?"), 2.2)
        assert self.said(turn.handle(TimerFired(Timer.ANSWERED, 1), 2.2)) == [UtteranceKind.GREETING]

    def test_is_greeted_after_two_seconds_of_silence_where_no_words_come(self) -> None:
        turn = self.called()
        spoken(turn, 1.0, 500)
        turn.handle(FinalTranscript(text=" "), 2.2)
        assert self.said(turn.handle(TimerFired(Timer.ANSWERED, 1), 3.0)) == []
        assert self.said(turn.handle(TimerFired(Timer.ANSWERED, 1), 3.6)) == [UtteranceKind.GREETING]

    @pytest.mark.parametrize("is_greeted", [False, True])
    def test_is_hung_up_on_where_the_words_are_those_of_a_machine_however_late(self, is_greeted: bool) -> None:
        turn = self.called()
        spoken(turn, 1.0, 500)
        if is_greeted:
            turn.handle(TimerFired(Timer.ANSWERED, 1), 3.6)
            turn.handle(PlaybackStarted(1), 3.7)
        effects = turn.handle(FinalTranscript(text="please leave a message after the tone"), 4.0)
        assert [effect.ending for effect in effects if isinstance(effect, End)] == [Ending.VOICEMAIL]

    def test_is_no_machine_any_more_who_is_answered_for_the_second_time(self) -> None:
        turn = self.called()
        spoken(turn, 1.0, 500)
        turn.handle(TimerFired(Timer.ANSWERED, 1), 3.6)
        turn.handle(PlaybackStarted(1), 3.7)
        turn.handle(PlaybackFinished(reply=1, precision=PositionPrecision.NETWORK, heard_ms=900, text_end=12), 4.6)
        assert kinds(spoken(turn, 5.0, 500)) == [CommitSpeech, StartReply]
        assert turn.state.screening is not None, "these words may still be a machine's"
        turn.handle(PlaybackStarted(2), 6.5)
        turn.handle(ReplyWritten(turn=1, has_text=True), 6.6)
        turn.handle(PlaybackFinished(reply=2, precision=PositionPrecision.NETWORK, heard_ms=900, text_end=12), 8.0)
        assert kinds(spoken(turn, 9.0, 500)) == [CommitSpeech, StartReply]
        assert turn.state.screening is None


@pytest.mark.parametrize(
    ("voiced_ms", "protected"), [(1_000.0, False), (400.0, False), (300.0, False), (1_000.0, True)]
)
def test_what_was_said_before_the_reply_to_what_was_typed_began_is_answered(voiced_ms: float, protected: bool) -> None:
    """It is known to be over when that reply sounds already: voice as short as a sign of listening is one."""
    speaking = PhasePolicy(protected=protected)
    turn = begun(msgspec.structs.replace(SILENT, barge_in=BargeIn(speaking=speaking)))
    turn.handle(SpeechStarted(1_000.0), 1.0)
    ends = 1.0 + voiced_ms / 1_000
    turn.handle(SpeechContinued(voiced_ms, 0.0), ends)
    effects = turn.handle(TextEntered("are you open", number=1), ends + 0.05)
    (start,) = [effect for effect in effects if isinstance(effect, StartReply)]
    turn.handle(PlaybackStarted(start.reply), ends + 0.2)
    over = SpeechStopped(start_ms=1_000.0, end_ms=ends * 1_000, voiced_ms=voiced_ms, silence_ms=400.0)
    effects = turn.handle(over, ends + 0.4)
    if voiced_ms < PhasePolicy().confirm_ms:
        assert kinds(effects) == [DiscardSpeech]
    elif protected:
        assert kinds(effects) == [CommitSpeech]
        assert turn.state.waiting_text == SPOKEN
    else:
        assert kinds(effects)[:2] == [CommitSpeech, StopPlayback]


def test_what_was_said_into_a_reply_that_is_heard_is_judged_as_ever() -> None:
    turn = begun()
    turn.handle(TextEntered("are you open", number=1), 1.0)
    turn.handle(PlaybackStarted(turn.reply_of(1)), 1.2)
    effects = turn.handle(SpeechStarted(2_000.0), 2.0)
    effects = turn.handle(SpeechStopped(start_ms=2_000.0, end_ms=2_300.0, voiced_ms=300.0, silence_ms=400.0), 2.7)
    assert kinds(effects) == [DiscardSpeech]


class TestWordsOfAnUtteranceThatGoesOn:
    def going_on(self, turn: TurnTaking, text: str, at: float = 1.0) -> list[Effect]:
        """A recognizer beside has finished with the first words of an utterance that goes on."""
        effects = turn.handle(SpeechStarted(at * 1_000), at)
        effects += turn.handle(SpeechContinued(200.0, 0.0), at + 0.2)
        final = FinalTranscript(text=text, start_ms=at * 1_000, end_ms=at * 1_000 + 200)
        return effects + turn.handle(final, at + 0.3)

    def over(self, turn: TurnTaking, voiced_ms: float, at: float = 1.0) -> list[Effect]:
        end_ms = at * 1_000 + voiced_ms
        over = SpeechStopped(start_ms=at * 1_000, end_ms=end_ms, voiced_ms=voiced_ms, silence_ms=400)
        return turn.handle(over, end_ms / 1_000 + 0.4)

    def test_are_answered_with_it_and_not_by_themselves(self) -> None:
        turn = begun()
        assert kinds(self.going_on(turn, "what about")) == []
        assert kinds(self.over(turn, 800)) == [CommitSpeech, StartReply]
        assert (turn.state.asked, turn.state.overheard) == (SPOKEN, "")

    def test_take_the_floor_for_it(self) -> None:
        turn = begun(AGENT)
        turn.handle(PlaybackStarted(1), 0.1)
        assert StopPlayback in kinds(self.going_on(turn, "no stop that please"))

    def test_count_by_themselves_where_it_is_dropped(self) -> None:
        turn = begun(AGENT)
        turn.handle(PlaybackStarted(1), 0.1)
        self.going_on(turn, "tomorrow")
        assert kinds(self.over(turn, 260)) == [DiscardSpeech, ResumePlayback]
        assert (turn.state.waiting_text, turn.state.tail_text) == ("tomorrow", ""), "once, and not as voice again"

    def test_count_by_themselves_where_it_was_noise(self) -> None:
        turn = begun()
        self.going_on(turn, "tomorrow")
        assert kinds(turn.handle(NoiseStopped(), 1.5)) == [DiscardSpeech, StartReply]
        assert turn.state.asked == "tomorrow"

    def test_of_the_one_before_it_are_answered(self) -> None:
        """It was dropped as voice, and is known only when the next one has begun."""
        turn = begun()
        turn.handle(SpeechStarted(1_000.0), 1.0)
        turn.handle(FinalTranscript(text="tomorrow", start_ms=200, end_ms=600), 1.1)
        assert turn.state.asked == "tomorrow"

    def test_are_forgotten_with_it_where_its_end_was_never_told(self) -> None:
        turn = begun()
        self.going_on(turn, "what about")
        for timer in (Timer.AUDIO, Timer.TRANSCRIPT):
            turn.handle(TimerFired(timer, 0), 20.0 if timer is Timer.AUDIO else 40.0)
        assert (turn.state.asked, turn.state.overheard) == (SPOKEN, "")

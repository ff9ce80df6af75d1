"""Fillers, prompts and calls on hold, as examples."""

from itertools import pairwise

import msgspec
import pytest

from actors.conversation import Ending, Floor, UtteranceKind
from actors.messages.caller import HoldEnded, HoldStarted, InterruptRequested, TextEntered
from actors.messages.lifecycle import CallerCutOff, CallerIsBack
from actors.messages.model import ToolsFinished, ToolsStarted
from actors.messages.transcript import (
    NoiseStopped,
    NoSpeechRecognized,
    SpeechContinued,
)
from actors.rules.phrases import CONNECTING, phrase_of
from actors.rules.turn_taking.effects import End, Say
from tests.unit.actors.rules.turn_taking.script import AGENT, Talk, asked, kinds


def phrases_of_half_a_minute(talk: Talk) -> list[str]:
    """What is said while nothing comes, each of it heard at once."""
    said = []
    for _ in range(300):
        talk.wait(0.1)
        for effect in talk.effects:
            if isinstance(effect, Say):
                said.append(phrase_of(AGENT, effect.kind, effect.index))
                talk.starts(effect.reply).ends(effect.reply)
    return said


class TestFillers:
    def test_a_filler_is_due_from_the_end_of_speech(self) -> None:
        talk = Talk().thinking()
        assert kinds(talk.wait(0.8)) == []
        assert kinds(talk.wait(0.2)) == [UtteranceKind.FILLER]

    def test_the_reply_has_its_time_also_where_a_long_silence_has_shown_the_end(self) -> None:
        talk = Talk().wait(3.0).voice(300).pause(1_600)
        assert kinds(talk.final("my car broke down").wait(0.3)) == []
        assert kinds(talk.wait(0.3)) == [UtteranceKind.FILLER]
        assert kinds(Talk().wait(3.0).voice(300).pause(1_600).wait(0.6)) == [UtteranceKind.FILLER]

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

    def test_who_waits_for_somebody_else_hears_so_again_and_again(self) -> None:
        talk = Talk().thinking().tell(ToolsStarted(1, connects=True))
        said = phrases_of_half_a_minute(talk)
        assert said[:4] == [*AGENT.phrases.connecting] * 2
        talk.tell(ToolsFinished(1))
        assert kinds(talk.wait(60)) != []
        assert [e.index for e in talk.effects if isinstance(e, Say) and e.index >= CONNECTING] == []

    def test_who_waits_for_an_operator_hears_first_that_they_have_to(self) -> None:
        talk = Talk().thinking().tell(ToolsStarted(1, awaits_approval=True))
        said = phrases_of_half_a_minute(talk)
        told = [AGENT.phrases.hold_on, *AGENT.phrases.fillers]
        assert said[:3] == [told[index % len(told)] for index in range(3)]
        talk.tell(ToolsFinished(1))
        assert kinds(talk.wait(60)) != []
        assert [e.index for e in talk.effects if isinstance(e, Say) and e.index >= CONNECTING] == []

    def test_typed_text_waits_as_long(self) -> None:
        assert kinds(Talk().tell(TextEntered("hi")).wait(1.6)) == [UtteranceKind.FILLER]


class TestSilence:
    def test_prompts_and_then_a_goodbye(self) -> None:
        talk = Talk().wait(10)
        assert kinds(talk) == [UtteranceKind.PROMPT]
        talk.starts().ends().wait(10)
        assert kinds(talk) == [UtteranceKind.PROMPT]
        talk.starts().ends().wait(10)
        assert kinds(talk) == [UtteranceKind.GOODBYE]
        assert talk.starts().ends().effects[-1] == End(Ending.IDLE_TIMEOUT)

    def test_who_asked_for_a_minute_has_it_and_then_silence_is_silence(self) -> None:
        talk = Talk().tell(TextEntered("hold on a minute please")).starts().written().ends()
        assert kinds(talk.wait(59)) == []
        assert kinds(talk.wait(1)) == [UtteranceKind.PROMPT]
        assert kinds(talk.starts().ends().wait(10)) == [UtteranceKind.PROMPT]

    @pytest.mark.parametrize(
        ("language", "text"),
        [
            ("de-DE", "Moment mal, ich schau mal."),
            ("de-AT", "Bleiben Sie bitte dran."),
            ("es-ES", "Un momentito, por favor."),
            ("es-MX", "Espéreme un segundo, no cuelgue."),
        ],
    )
    def test_so_has_who_asks_for_it_in_another_language(self, language: str, text: str) -> None:
        agent = msgspec.structs.replace(AGENT, languages=(language,))
        talk = Talk(agent).tell(TextEntered(text)).starts().written().ends()
        assert kinds(talk.wait(59)) == []
        assert kinds(talk.wait(1)) == [UtteranceKind.PROMPT]

    def test_whoever_says_more_after_that_has_not_asked_for_it_any_more(self) -> None:
        talk = Talk().tell(TextEntered("hold on")).starts().written().ends()
        talk.tell(TextEntered("here I am, on Monday")).starts().written().ends()
        assert kinds(talk.wait(10)) == [UtteranceKind.PROMPT]

    def test_nobody_is_prompted_on_hold(self) -> None:
        talk = Talk().tell(HoldStarted(), HoldStarted()).wait(200)
        assert kinds(talk) == []
        assert kinds(talk.tell(HoldEnded()).wait(10)) == [UtteranceKind.PROMPT]

    def test_hold_has_a_limit(self) -> None:
        assert kinds(Talk().tell(HoldStarted()).wait(300)) == [UtteranceKind.GOODBYE]

    def test_what_is_being_heard_is_kept_until_the_caller_is_back(self) -> None:
        talk = Talk().speaking().tell(HoldStarted())
        assert talk.did == ["YieldPlayback"]
        assert talk.wait(60).did == []
        assert talk.tell(HoldEnded()).did == ["ResumePlayback"]
        assert talk.ends().turn.floor is Floor.NOBODY

    def test_so_is_what_is_about_to_be(self) -> None:
        talk = Talk().thinking().tell(HoldStarted())
        assert talk.did == ["PausePlayback"]
        assert talk.wait(10).did == []
        assert talk.written().wait(10).did == []
        assert talk.tell(HoldEnded()).did == ["ResumePlayback"]
        assert kinds(talk.wait(1.4)) == [], "no filler for the time of the hold"

    def test_so_is_the_answer_to_what_was_said_before_the_hold_and_understood_in_it(self) -> None:
        talk = Talk().voice(340).pause().tell(HoldStarted()).final("are you open")
        assert talk.did.index("PausePlayback") < talk.did.index("StartReply")
        assert talk.written().wait(10).did == []
        assert "ResumePlayback" in talk.tell(HoldEnded()).did
        assert talk.starts().ends().turn.floor is Floor.NOBODY

    def test_so_is_the_answer_that_takes_the_place_of_a_reply(self) -> None:
        talk = Talk().speaking().voice(400).pause().tell(HoldStarted()).final("are you open on sunday").stopped()
        assert talk.did.index("PausePlayback") < talk.did.index("StartReply")
        assert "ResumePlayback" in talk.written().tell(HoldEnded()).did

    def test_an_end_of_hold_that_is_told_twice_is_one(self) -> None:
        talk = Talk().speaking().tell(HoldStarted(), HoldEnded())
        assert talk.tell(HoldEnded()).did == []
        assert talk.voice(80).tell(HoldEnded()).did == []

    def test_a_noise_on_hold_lets_nothing_be_heard(self) -> None:
        talk = Talk().speaking().tell(HoldStarted()).voice(80).tell(NoiseStopped())
        assert talk.did == []
        talk.voice(700).pause().tell(NoSpeechRecognized(0.0))
        assert talk.did == []
        assert talk.tell(HoldEnded()).did == ["ResumePlayback"]

    def test_a_caller_who_speaks_as_they_come_back_is_listened_to(self) -> None:
        talk = Talk().speaking().tell(HoldStarted()).voice(80).tell(HoldEnded())
        assert talk.did == []
        assert talk.tell(NoiseStopped()).did == ["ResumePlayback"]

    def test_what_was_stopped_already_stays_stopped(self) -> None:
        assert Talk().speaking().tell(InterruptRequested(), HoldStarted()).did == ["StopPlayback"]

    def test_a_caller_who_never_comes_back_is_said_goodbye_to_instead(self) -> None:
        talk = Talk().speaking().tell(HoldStarted()).wait(300)
        assert kinds(talk) == [UtteranceKind.GOODBYE]
        assert "StopPlayback" in talk.did


class TestCallersWhoAreCutOff:
    def test_nobody_is_prompted(self) -> None:
        talk = Talk().tell(CallerCutOff()).wait(60)
        assert kinds(talk) == []
        assert kinds(talk.tell(CallerIsBack()).wait(9.9)) == []
        assert kinds(talk.wait(0.2)) == [UtteranceKind.PROMPT]

    def test_no_filler_is_said_that_would_be_stale_when_they_are_back(self) -> None:
        talk = Talk().thinking().tell(CallerCutOff()).wait(10)
        assert kinds(talk) == []
        assert kinds(talk.tell(CallerIsBack()).wait(1.4)) == [], "they wait since then"
        assert kinds(talk.wait(0.2)) == [UtteranceKind.FILLER]

    def test_the_reply_is_not_late_for_somebody_who_could_not_hear_it(self) -> None:
        talk = Talk().thinking().written().tell(CallerCutOff())
        assert talk.wait(200).did == []
        talk.tell(CallerIsBack())
        assert UtteranceKind.APOLOGY not in kinds(talk.wait(29))

    def test_to_be_told_twice_changes_nothing(self) -> None:
        talk = Talk().thinking().tell(CallerCutOff(), CallerCutOff()).wait(5).tell(CallerIsBack()).wait(1)
        assert kinds(talk.tell(CallerIsBack()).wait(0.6)) == [UtteranceKind.FILLER]

    def test_no_filler_is_said_to_somebody_on_hold(self) -> None:
        talk = Talk().tell(HoldStarted(), TextEntered("are you open")).wait(10)
        assert kinds(talk) == []

"""What the port that decides about the end of a turn is asked, and what it is told of pauses."""

from actors.conversation import ExpectedAnswer
from actors.messages.transcript import InterimTranscript
from actors.ports.end_of_turn import SpeechSoFar
from actors.session.checkpoint import AskedQuestion, Checkpoint
from actors.session.recognition.turn_end import CURRENT_MS, LISTENED_MS, WENT_ON_MS, TurnEnd
from actors.turn_taking_settings import Endpointing


class Rule:
    """Notes what it is asked and told."""

    def __init__(self) -> None:
        self.asked: list[SpeechSoFar] = []
        self.pauses: list[tuple[float, bool]] = []

    def silence_ms(self, speech: SpeechSoFar, settings: Endpointing) -> float:
        self.asked.append(speech)
        return settings.end_silence_ms

    def went_on(self, pause_ms: float, *, was_over: bool) -> None:
        self.pauses.append((pause_ms, was_over))


def turn_end(rule: Rule, checkpoint: Checkpoint | None = None) -> TurnEnd:
    return TurnEnd(rule, Endpointing(end_silence_ms=500), checkpoint or Checkpoint(), "en-US")


def test_words_count_when_they_came_in_the_pause_and_hold_all_of_the_voice() -> None:
    rule = Rule()
    end = turn_end(rule)
    end.started(0)
    assert end.silence_ms(1_000) == 500
    assert rule.asked[-1] == SpeechSoFar(text="", is_current=False, language="en-US")
    end.heard(InterimTranscript("i want", 0, 1_000))
    end.continued(40)
    end.silence_ms(1_000)
    assert (rule.asked[-1].text, rule.asked[-1].is_current) == ("i want", False)
    end.heard(InterimTranscript("i want that", 0, 1_000 - CURRENT_MS, end_confidence=0.8, ended_by_engine=True))
    end.silence_ms(1_000)
    asked = rule.asked[-1]
    assert (asked.text, asked.is_current, asked.end_confidence, asked.ended_by_engine) == (
        "i want that",
        True,
        0.8,
        True,
    )
    end.silence_ms(1_001)
    assert not rule.asked[-1].is_current
    end.started(3_000)
    end.silence_ms(3_100)
    assert rule.asked[-1].text == ""


def test_words_of_a_pause_that_begins_sooner_for_the_recognizer_count_when_it_has_begun() -> None:
    rule = Rule()
    end = turn_end(rule)
    end.started(0)
    end.heard(InterimTranscript("i want", 0, 1_000, end_confidence=0.8))
    end.continued(40)
    for voice_end_ms, is_current in ((1_000 + CURRENT_MS, True), (1_001 + CURRENT_MS, False)):
        end.silence_ms(voice_end_ms)
        assert rule.asked[-1].is_current is is_current


def test_the_end_is_likely_once_in_a_pause_where_the_rule_waits_for_less_than_the_usual_silence() -> None:
    end = turn_end(Rule())
    end.started(0)
    end.continued(40)
    assert end.likely_end(1_000, 200) == ""
    end.heard(InterimTranscript("i want that", 0, 1_000))
    assert [end.likely_end(1_000, silence_ms) for silence_ms in (900, 500, 499, 200)] == ["", "", "i want that", ""]
    end.heard(InterimTranscript("i want that one", 0, 1_000))
    assert end.likely_end(1_000, 200) == "i want that one"
    end.heard(InterimTranscript("i want that one", 0, 2_000))
    assert end.likely_end(2_000, 200) == "i want that one"


def test_the_end_is_likely_once_the_usual_silence_has_passed_unless_the_words_go_on() -> None:
    settings = Endpointing(end_silence_ms=500, max_silence_ms=1_600)
    end = TurnEnd(Rule(), settings, Checkpoint(), "en-US")
    end.started(0)
    end.continued(40)
    end.heard(InterimTranscript("i want that", 0, 1_000))
    end.continued(499)
    assert end.likely_end(1_000, 1_550) == ""
    end.continued(500)
    assert end.likely_end(1_000, 1_600) == ""
    assert end.likely_end(1_000, 1_550) == "i want that"
    assert end.likely_end(1_000, 1_550) == ""


def test_where_the_rule_has_no_choice_the_end_is_likely_with_the_silence_that_there_is() -> None:
    settings = Endpointing(min_silence_ms=500, end_silence_ms=500)
    end = TurnEnd(Rule(), settings, Checkpoint(), "en-US")
    end.started(0)
    end.continued(40)
    end.heard(InterimTranscript("i want that", 0, 1_000))
    assert [end.likely_end(1_000, silence_ms) for silence_ms in (501, 500)] == ["", "i want that"]


def test_the_question_of_the_agent_is_what_is_answered() -> None:
    rule, checkpoint = Rule(), Checkpoint()
    end = turn_end(rule, checkpoint)
    checkpoint.agent_asked(AskedQuestion("Your name?", ExpectedAnswer.NAME))
    end.silence_ms(0)
    assert (rule.asked[-1].question, rule.asked[-1].expected) == ("Your name?", ExpectedAnswer.NAME)
    checkpoint.agent_asked(None)
    end.silence_ms(0)
    assert (rule.asked[-1].question, rule.asked[-1].expected) == ("", ExpectedAnswer.ANYTHING)


def test_pauses_are_told_within_an_utterance_and_after_one_that_was_taken_for_complete() -> None:
    rule = Rule()
    end = turn_end(rule)
    end.started(0)
    for silence_ms in (0, 20, 300, 0, 0, 200):
        end.continued(silence_ms)
    end.stopped(1_000)
    end.started(1_700)
    end.stopped(2_000)
    end.started(2_000 + WENT_ON_MS + 1)
    assert rule.pauses == [(300, False), (700, True)]


def test_whoever_has_listened_to_the_agent_for_a_moment_interrupts_it_and_was_not_cut_off() -> None:
    rule = Rule()
    end = turn_end(rule)
    for listened_ms in (0, LISTENED_MS - 1, LISTENED_MS):
        end.started(0, listened_ms)
        end.stopped(1_000)
        end.started(1_800, listened_ms)
    assert rule.pauses == [(800, True)] * 2


def is_ended(end: TurnEnd, rule: Rule, voice_end_ms: float) -> bool:
    end.silence_ms(voice_end_ms)
    return rule.asked[-1].ended_by_engine


def test_a_model_that_hears_too_takes_the_turn_for_complete_until_the_caller_goes_on() -> None:
    rule = Rule()
    end = turn_end(rule)
    end.started(0)
    end.heard(InterimTranscript("i", 0, 200))
    end.continued(0)
    end.ended_by_model()
    assert not is_ended(end, rule, 1_000), "they are speaking"
    end.continued(40)
    end.ended_by_model()
    assert is_ended(end, rule, 1_000)
    assert (rule.asked[-1].is_current, rule.asked[-1].text) == (True, ""), "it heard more than was written"
    end.continued(80)
    assert is_ended(end, rule, 1_000)
    end.continued(0)
    end.continued(40)
    assert not is_ended(end, rule, 1_200)
    end.ended_by_model()
    end.started(5_000)
    end.continued(40)
    assert not is_ended(end, rule, 5_500)

"""How much silence ends a turn: by words, question, speaker and settings."""

from typing import Any

import msgspec
import pytest

from actors.conversation import ExpectedAnswer
from actors.ports.end_of_turn import SpeechSoFar
from actors.rules.end_of_turn.by_words import EndOfTurnByWords, FixedSilence, bounds_ms, question_of
from actors.turn_taking_settings import Endpointing, QuestionEndpointing

SETTINGS = Endpointing(min_silence_ms=200, end_silence_ms=600, max_silence_ms=1_600)
SENTENCE = SpeechSoFar(text="I'd like to make a booking.", is_current=True, end_confidence=0.95)


def wait_ms(rule: EndOfTurnByWords | None = None, settings: Endpointing = SETTINGS, **changes: Any) -> float:
    return (rule or EndOfTurnByWords()).silence_ms(msgspec.structs.replace(SENTENCE, **changes), settings)


@pytest.mark.parametrize(
    ("changes", "silence_ms"),
    [
        ({}, 200),
        ({"end_confidence": 0.83}, 200),
        ({"end_confidence": 0.7}, 1_550),
        ({"end_confidence": 0.3}, 1_600),
        ({"is_current": False}, 600),
        ({"text": "yes", "expected": ExpectedAnswer.YES_NO}, 200),
        ({"text": "yes", "expected": ExpectedAnswer.YES_NO, "end_confidence": 0.5}, 200),
        ({"text": "yes", "expected": ExpectedAnswer.YES_NO, "end_confidence": 0.2}, 600),
        ({"text": "Thank you."}, 200),
        ({"text": "Thank you.", "end_confidence": 0.7}, 1_550),
        ({"text": "My tooth hurts."}, 200),
        ({"text": "It's Emma.", "expected": ExpectedAnswer.NAME, "end_confidence": 0.7}, 200),
        ({"text": "M. E. Y.", "expected": ExpectedAnswer.SPELLING}, 1_550),
        ({"text": "I can't make it today", "end_confidence": 0.5}, 1_550),
        ({"text": "Are you open on Sunday?", "end_confidence": 0.9}, 200),
        ({"text": "Are you open on Sunday?", "end_confidence": 0.7}, 1_550),
        ({"text": "Are you open on Sunday?", "end_confidence": 0.4}, 1_600),
        ({"text": "Is there any?", "end_confidence": 0.8}, 1_550),
        ({"text": "to monday", "end_confidence": 0.5}, 1_550),
        ({"text": "I'd like to"}, 1_550),
        ({"text": "I'd like to", "end_confidence": 0.5}, 1_600),
        ({"text": "next monday", "end_confidence": 0.5, "ended_by_engine": True}, 200),
        ({"text": "I'd like to", "ended_by_engine": True}, 1_550),
        ({"text": "", "end_confidence": 0.0}, 600),
        ({"text": "", "end_confidence": 0.0, "expected": ExpectedAnswer.NUMBER}, 1_600),
    ],
)
def test_the_more_complete_the_words_the_less_silence(changes: dict[str, Any], silence_ms: float) -> None:
    assert wait_ms(**changes) == silence_ms


@pytest.mark.parametrize(
    ("changes", "silence_ms"),
    [
        ({}, 400),
        ({"text": "yes", "expected": ExpectedAnswer.YES_NO}, 200),
        ({"text": "Friday please"}, 600),
        ({"text": "to monday"}, 1_550),
        ({"text": "I'd like to"}, 1_600),
        ({"text": ""}, 600),
        ({"language": "de-DE"}, 600),
        ({"text": "next monday", "ended_by_engine": True}, 200),
        ({"text": "", "ended_by_engine": True}, 200),
        ({"text": "I'd like to", "ended_by_engine": True}, 1_600),
    ],
)
def test_where_the_recognizer_does_not_tell_words_alone_count(changes: dict[str, Any], silence_ms: float) -> None:
    assert wait_ms(**{"end_confidence": None, **changes}) == silence_ms


@pytest.mark.parametrize(
    ("settings", "bounds"),
    [
        (Endpointing(), (160, 600, 1_600)),
        (Endpointing(end_silence_ms=100), (100, 100, 1_600)),
        (Endpointing(end_silence_ms=2_000), (160, 2_000, 2_000)),
        (Endpointing(min_silence_ms=900, max_silence_ms=900, end_silence_ms=900), (900, 900, 900)),
    ],
)
def test_the_silences_are_in_order_whatever_the_settings_are(
    settings: Endpointing, bounds: tuple[float, float, float]
) -> None:
    assert bounds_ms(settings) == bounds


@pytest.mark.parametrize(
    ("question", "bounds"),
    [
        (QuestionEndpointing(asks="x"), (200, 600, 1_600)),
        (QuestionEndpointing(asks="x", min_silence_ms=800), (800, 800, 1_600)),
        (QuestionEndpointing(asks="x", max_silence_ms=400), (200, 400, 400)),
        (QuestionEndpointing(asks="x", min_silence_ms=2_000, max_silence_ms=300), (2_000, 2_000, 2_000)),
    ],
)
def test_a_question_has_bounds_of_its_own(question: QuestionEndpointing, bounds: tuple[float, float, float]) -> None:
    assert bounds_ms(SETTINGS, question) == bounds


def test_the_first_question_whose_words_are_asked_counts() -> None:
    number = QuestionEndpointing(asks="Phone Number", expects=ExpectedAnswer.NUMBER, max_silence_ms=2_500)
    settings = msgspec.structs.replace(SETTINGS, questions=(number, QuestionEndpointing(asks="number")))
    assert question_of("What is your phone number?", settings) is number
    assert question_of("How are you?", settings) is None
    assert question_of("", settings) is None
    assert wait_ms(settings=settings, text="two zero", end_confidence=0.3, question="And your phone number?") == 2_500
    assert wait_ms(settings=settings, text="two zero", end_confidence=0.3, question="") == 1_600


def test_a_speaker_who_was_cut_off_is_given_more_time() -> None:
    rule = EndOfTurnByWords()
    rule.went_on(700, was_over=True)
    assert wait_ms(rule) == 350
    assert wait_ms(rule, end_confidence=None) == 550
    rule.went_on(900, was_over=True)
    rule.went_on(900, was_over=True)
    assert wait_ms(rule) == 500
    fixed = msgspec.structs.replace(SETTINGS, adaptive=False)
    assert wait_ms(rule, fixed) == 200


def test_a_speaker_who_pauses_is_waited_for_up_to_the_most() -> None:
    rule = EndOfTurnByWords()
    for pause_ms in (1_260, 1_300):
        rule.went_on(pause_ms, was_over=False)
    assert wait_ms(rule, text="next monday", end_confidence=None) == 1_575
    rule.went_on(3_000, was_over=False)
    rule.went_on(3_000, was_over=False)
    assert wait_ms(rule, text="next monday", end_confidence=None) == 1_600


def test_a_fixed_silence_hears_no_words() -> None:
    rule = FixedSilence()
    rule.went_on(900, was_over=True)
    assert rule.silence_ms(SENTENCE, SETTINGS) == 600

"""What the service says of a final besides its words, read from its own account of a phrase."""

import pytest

from app.providers.azure.stt.results import PhraseDetails, TimedWord, phrase_details


@pytest.mark.parametrize(
    ("phrase", "confidence"),
    [
        ('{"NBest": [{"Confidence": 0.7}, {"Confidence": 0.9}]}', 0.7),
        (b'{"NBest": [{"Confidence": 0.7}]}', 0.7),
        ('{"NBest": [{}]}', 1.0),
        ('{"NBest": []}', 1.0),
        ('{"DisplayText": "Hello."}', 1.0),
        ('{"NBest": [{"Confidence": 7}]}', 1.0),
        ('{"NBest": [{"Confidence": -7}]}', 0.0),
    ],
)
def test_the_confidence_is_that_of_the_first_reading_and_between_0_and_1(
    phrase: str | bytes, confidence: float
) -> None:
    assert phrase_details(phrase).confidence == confidence


@pytest.mark.parametrize("phrase", ['{"NBest": 3}', "", "[]", b"\xff"])
def test_of_what_cannot_be_read_nothing_is_known(phrase: str | bytes) -> None:
    assert phrase_details(phrase) == PhraseDetails(confidence=1.0, language="", words=())


def test_language_and_words_are_told_where_the_service_tells_them() -> None:
    phrase = """{"PrimaryLanguage": {"Language": "de-DE", "Confidence": "High"},
                 "NBest": [{"Words": [{"Word": "guten", "Offset": 100, "Duration": 20}]}, {"Words": []}]}"""
    details = phrase_details(phrase)
    assert (details.language, details.words) == ("de-DE", (TimedWord("guten", 100, 20),))

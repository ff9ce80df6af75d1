"""The words of people who are asked to take a call: each language has each kind, and none stands for two things."""

import msgspec
import pytest

from app.telephony.transfer.consult import Answer, meaning_of
from app.telephony.transfer.consult_words import BY_LANGUAGE, ENGLISH, words_for


@pytest.mark.parametrize("language", sorted(BY_LANGUAGE))
def test_each_phrase_means_what_its_list_says(language: str) -> None:
    expected = {"takes": Answer.YES, "declines": Answer.NO, "repeats": Answer.AGAIN, "agrees": Answer.YES}
    for kind, phrases in msgspec.structs.asdict(BY_LANGUAGE[language]).items():
        assert phrases
        for phrase in phrases:
            assert meaning_of(phrase, (language,)) is expected[kind], phrase


def test_an_unknown_language_has_the_english_words_and_several_have_all_of_theirs() -> None:
    assert words_for(("xx-XX",)) == [ENGLISH]
    assert words_for(("de-DE", "en-US", "de-AT")) == [BY_LANGUAGE["de"], ENGLISH]

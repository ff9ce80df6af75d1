"""The lists of abbreviations are as they are looked up."""

from actors.rules.text.abbreviations import ABBREVIATED_ENDINGS, ABBREVIATIONS, MONTHS, SHORT_WORDS, STARTERS, TITLES


def test_words_are_in_small_letters_without_their_last_stop() -> None:
    for words in (TITLES, ABBREVIATIONS, STARTERS, SHORT_WORDS, MONTHS, frozenset(ABBREVIATED_ENDINGS)):
        assert words
        assert all(word == word.lower().rstrip(".") for word in words)


def test_a_word_has_one_meaning() -> None:
    assert not TITLES & ABBREVIATIONS
    assert not (TITLES | ABBREVIATIONS | MONTHS) & SHORT_WORDS
    assert not (TITLES | ABBREVIATIONS) & STARTERS - {"no", "sun", "sat", "may"}

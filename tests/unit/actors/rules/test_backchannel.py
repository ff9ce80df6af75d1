"""What words are to somebody who is speaking: a sign of listening, an order to stop, or something to be answered."""

import pytest

from actors.rules.backchannel import begins_with, is_without_blanks, may_become, meaningful_words, words_of
from actors.rules.language_words import BY_LANGUAGE


@pytest.mark.parametrize(
    ("text", "count"),
    [("", 0), ("...", 0), ("uh huh", 0), ("uh huh tuesday", 1), ("Uh-huh, I see.", 0), ("yes on tuesday", 2)],
)
def test_words_that_only_say_that_somebody_listens_do_not_count(text: str, count: int) -> None:
    assert meaningful_words(text, BY_LANGUAGE["en"].backchannels) == count


@pytest.mark.parametrize(
    ("language", "text", "count"),
    [
        ("zh", "好的", 0),
        ("zh", "好的明天", 1),
        ("zh", "我想预约", 2),
        ("zh", "我想预约 tuesday", 3),
        ("ja", "なるほど、はい", 0),
        ("ja", "明日です", 2),
        ("en", "พรุ่งนี้", 2),
    ],
)
def test_where_no_blanks_are_written_two_characters_are_a_word(language: str, text: str, count: int) -> None:
    assert meaningful_words(text, BY_LANGUAGE[language].backchannels) == count


@pytest.mark.parametrize(
    ("text", "stops"),
    [("stop", True), ("Wait, please", True), ("no", True), ("no problem", False), ("nothing", False), ("", False)],
)
def test_an_order_to_stop_is_known_by_its_first_words_unless_they_are_part_of_something_harmless(
    text: str, stops: bool
) -> None:
    english = BY_LANGUAGE["en"]
    assert begins_with(text, english.stop_words, unless=english.backchannels) is stops


@pytest.mark.parametrize(
    ("language", "text", "stops"),
    [
        ("en", "okay stop", True),
        ("en", "Uh-huh, wait.", True),
        ("en", "no problem, hold on", True),
        ("en", "oh okay no problem", False),
        ("en", "okay tuesday, no", False),
        ("en", "okay", False),
        ("de", "ja ja, stopp", True),
        ("fr", "oui attendez", True),
        ("fr", "oui, pas de problème", False),
        ("zh", "好的\uff0c等一下", True),
        ("zh", "对不对\uff1f", False),
        ("zh", "是不是", False),
        ("zh", "是的不错", False),
        ("zh", "好的停一下", True),
        ("ja", "はい、ちょっと待って", True),
    ],
)
def test_signs_of_listening_before_an_order_to_stop_hide_it_from_nobody(language: str, text: str, stops: bool) -> None:
    words = BY_LANGUAGE[language]
    assert begins_with(text, words.stop_words, unless=words.backchannels) is stops


@pytest.mark.parametrize(
    ("text", "may"),
    [
        ("no", True),
        ("No prob", True),
        ("no problem", False),
        ("no thanks", False),
        ("stop", False),
        ("", False),
        ("okay no", True),
        ("yeah okay, no prob", True),
        ("okay no problem", False),
        ("okay", False),
        ("tuesday no", False),
    ],
)
def test_what_is_said_so_far_may_become_something_harmless(text: str, may: bool) -> None:
    assert may_become(text, BY_LANGUAGE["en"].backchannels) is may


def test_a_word_that_is_not_whole_yet_does_not_count_in_a_phrase() -> None:
    assert meaningful_words("no prob", ("no problem",), so_far=True) == 0
    assert meaningful_words("no prob", ("no problem",)) == 2


def test_the_apostrophe_of_a_telephone_is_one_of_a_typewriter() -> None:
    assert words_of("C\u2019est \u00e7a") == ["c'est", "\u00e7a"]
    assert not is_without_blanks("c'est")
    assert is_without_blanks("Tokyo 東京")


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("are", 0),
        ("are you", 0),
        ("are you there", 0),
        ("are you there tomorrow", 1),
        ("hello are you", 0),
        ("are you open", 3),
        ("i", 0),
        ("i want", 2),
        ("tuesday i", 1),
    ],
)
def test_the_beginning_of_a_phrase_does_not_count_until_it_is_known_how_it_goes_on(text: str, count: int) -> None:
    english = BY_LANGUAGE["en"]
    assert meaningful_words(text, english.backchannels, english.attention, so_far=True) == count


def test_what_is_whole_is_no_beginning() -> None:
    english = BY_LANGUAGE["en"]
    assert meaningful_words("are you", english.backchannels, english.attention) == 2
    assert meaningful_words("我想", BY_LANGUAGE["zh"].waiting, so_far=True) == 1
    assert meaningful_words("我看", BY_LANGUAGE["zh"].waiting, so_far=True) == 0

"""Where the words of a reply lie in its audio, told by its model or estimated."""

from actors.rules.realtime.spoken_words import MS_PER_CHAR, SpokenWords

TEXT = "We are open, I think, until six."


def said(words: SpokenWords, audio_ms: float) -> str:
    return words.said_by(audio_ms)


def test_without_times_the_text_is_estimated_by_its_length_in_whole_words() -> None:
    words = SpokenWords()
    words.add(TEXT)
    assert said(words, 0.0) == ""
    assert said(words, 4 * MS_PER_CHAR) == "We"
    assert said(words, 6 * MS_PER_CHAR) == "We are"
    assert said(words, 1_000 * MS_PER_CHAR) == TEXT


def test_with_times_the_text_is_known_to_the_word() -> None:
    words = SpokenWords()
    words.add(TEXT)
    for number, word in enumerate(["We", "are", "open", "I", "think"]):
        words.place(word, number * 300.0, 300.0)
    assert said(words, 899.0) == "We are"
    assert said(words, 900.0) == "We are open"
    assert said(words, 9_000.0) == "We are open, I think"
    assert said(words, 100.0) == ""


def test_words_are_told_once_and_only_when_their_audio_has_come() -> None:
    words = SpokenWords()
    words.add(TEXT)
    for number, word in enumerate(["We", "are", "open"]):
        words.place(word, number * 300.0, 300.0)
    assert [(w.text_start, w.text_end, w.audio_ms) for w in words.take_placed(650.0)] == [(0, 2, 0.0), (3, 6, 300.0)]
    assert words.take_placed(650.0) == []
    assert [TEXT[w.text_start : w.text_end] for w in words.take_placed()] == ["open"]
    assert words.take_placed() == []


def test_a_word_that_is_not_in_the_text_is_none() -> None:
    words = SpokenWords()
    words.add(TEXT)
    words.place("", 0.0, 300.0)
    words.place("closed", 0.0, 300.0)
    words.place("six", 0.0, 300.0)
    words.place("We", 300.0, 300.0)
    assert [w.text_start for w in words.take_placed()] == [TEXT.index("six")]


def test_another_part_follows_what_was_said_before() -> None:
    words = SpokenWords("We are", 500.0)
    assert [words.is_empty] == [True]
    assert said(words, 500.0) == "We are"
    assert said(words, 300.0) == "We are"
    words.add("open")
    words.add(".")
    assert words.text == "We are open."
    assert [words.is_empty] == [False]
    assert said(words, 500.0 + 5 * MS_PER_CHAR) == "We are open"
    words.place("open", 500.0, 200.0)
    assert said(words, 600.0) == "We are"
    assert said(words, 700.0) == "We are open"


def test_the_audio_that_has_come_reaches_to_the_last_word_that_ends_in_it() -> None:
    words = SpokenWords()
    words.add(TEXT)
    for number, word in enumerate(["We", "are", "open"]):
        words.place(word, number * 300.0, 300.0)
    assert words.sounds_to(650.0) == 0
    words.take_placed(650.0)
    assert words.sounds_to(650.0) == len("We are")
    words.take_placed()
    assert words.sounds_to(650.0) == len("We are open")


def test_without_times_the_audio_that_has_come_reaches_about_so_far() -> None:
    words = SpokenWords("We are", 500.0)
    words.add("open")
    assert words.sounds_to(500.0) == len("We are")
    assert words.sounds_to(300.0) == len("We are")
    assert words.sounds_to(500.0 + 4 * MS_PER_CHAR) == len("We are") + 4

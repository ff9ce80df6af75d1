"""Where the words that the service speaks lie in the text that it was given."""

from app.providers.azure.tts.word_places import WordPlaces


def test_words_are_found_in_their_order() -> None:
    places = WordPlaces("the cat and the dog")
    assert [places.find(word) for word in ("the", "cat", "the")] == [(0, 3), (4, 7), (12, 15)]


def test_one_that_is_looked_at_can_still_be_found() -> None:
    places = WordPlaces("Hello there.")
    assert places.next("there") == 6
    assert places.find("Hello") == (0, 5)


def test_case_does_not_matter_unless_it_would_move_the_words() -> None:
    assert WordPlaces("HELLO there").find("hello") == (0, 5)
    # In lower case this text is longer, so that places would be wrong.
    assert WordPlaces("\N{LATIN CAPITAL LETTER I WITH DOT ABOVE} Hello").find("hello") is None


def test_what_is_not_there_changes_nothing() -> None:
    places = WordPlaces("one two")
    assert places.find("three") is None
    assert places.find(" ") is None
    assert places.find("two") == (4, 7)


def test_there_may_be_more_words_until_the_last_and_again_when_text_is_added() -> None:
    def more(said: str, added: str = "") -> bool:
        places = WordPlaces("one two.")
        places.find(said)
        places.extend(added)
        return places.more

    assert more("one")
    assert not more("two")
    assert more("two", " three.")

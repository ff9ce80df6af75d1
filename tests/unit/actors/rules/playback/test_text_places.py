"""Where the text of a reply is in its audio: by words, by pieces, and by proportion."""

from actors.rules.playback.text_places import BLANKS, TextPlaces


def test_text_in_the_making_is_heard_in_proportion() -> None:
    places = TextPlaces(0)
    places.estimate_piece(20, 1_000)
    assert (places.text_ended(500), places.text_begun(500), places.text_ended(2_000)) == (10, 10, 20)
    assert places.by_proportion
    places.add_piece(20, 2_000)
    assert places.growing is None
    assert places.text_ended(500) == 5
    places.estimate_piece(40, 3_000)
    assert (places.text_ended(2_500), places.text_begun(2_500)) == (30, 30)


def test_the_end_of_a_piece_is_known_with_the_white_space_around_it() -> None:
    places = TextPlaces(4)
    places.add_piece(24, 1_000)
    ends = range(24 - BLANKS - 1, 26)
    assert [places.known_end_ms(text_end) for text_end in ends] == [None, 1_000, 1_000, 1_000, None]


def test_text_inside_a_piece_ends_where_the_next_word_begins() -> None:
    places = TextPlaces(0)
    places.add_piece(20, 1_000)
    places.add_word(16, 450)
    places.add_word(8, 300)
    assert (places.known_end_ms(5), places.known_end_ms(10), places.known_end_ms(16)) == (300, 450, None)


def test_the_length_of_text_tells_about_where_it_ends() -> None:
    places = TextPlaces(4)
    assert places.estimated_end_ms(14) is None
    places.add_piece(24, 1_000)
    places.add_piece(34, 3_000)
    assert [places.estimated_end_ms(text_end) for text_end in (14, 24, 29, 35)] == [500, 1_000, 2_000, None]


def test_places_behind_text_that_is_taken_back_are_forgotten() -> None:
    places = TextPlaces(2)
    places.add_word(6, 0)
    places.add_word(12, 200)
    places.add_piece(8, 150)
    places.add_piece(14, 400)
    places.drop_after(8)
    assert (places.words, places.pieces, places.text_last) == ([(0, 6)], [(150, 8)], 8)
    places.drop_after(2)
    assert places.text_last == 2

"""Phrases get a bonus when they begin, and more while they go on; nothing else does."""

import numpy as np

from app.providers.moonshine.hints import BEGIN_BONUS, CONTINUE_BONUS, Floats, Hints
from app.providers.moonshine.vocabulary import Vocabulary

PIECES = ["\u2581iced", "\u2581Iced", "\u2581mocha", "\u2581I", "\u2581locker", ",", "\u2581lat", "te"]
VOCABULARY = Vocabulary([piece.encode() for piece in PIECES])
ICED, ICED_CAPITAL, MOCHA, PRONOUN, LOCKER, COMMA, LAT, TE = range(8)


def scores(**logits: float) -> Floats:
    by_name = {
        "iced": ICED,
        "Iced": ICED_CAPITAL,
        "mocha": MOCHA,
        "i": PRONOUN,
        "locker": LOCKER,
        "comma": COMMA,
        "te": TE,
    }
    made = np.zeros(len(PIECES), np.float32)
    for name, value in logits.items():
        made[by_name[name]] = value
    return made


def test_the_beginning_of_a_phrase_wins_by_a_little() -> None:
    hints = Hints(VOCABULARY, ["iced mocha"])
    assert hints.best(scores(iced=5.0, i=5.0 + BEGIN_BONUS - 0.1), []) == ICED
    assert hints.best(scores(iced=5.0, i=5.0 + BEGIN_BONUS + 0.1), []) == PRONOUN


def test_a_phrase_that_has_begun_wins_by_more() -> None:
    hints = Hints(VOCABULARY, ["iced mocha"])
    begun = hints.after([], ICED)
    assert hints.best(scores(mocha=5.0, locker=5.0 + CONTINUE_BONUS - 0.1), begun) == MOCHA
    assert hints.best(scores(mocha=5.0, locker=5.0 + CONTINUE_BONUS + 0.1), begun) == LOCKER
    assert hints.best(scores(mocha=5.0, locker=5.1), []) == LOCKER


def test_a_phrase_may_begin_a_sentence() -> None:
    hints = Hints(VOCABULARY, ["iced mocha"])
    assert hints.best(scores(mocha=5.0, locker=5.1), hints.after([], ICED_CAPITAL)) == MOCHA


def test_a_phrase_that_was_left_is_forgotten() -> None:
    hints = Hints(VOCABULARY, ["iced mocha"])
    assert hints.after(hints.after([], ICED), LOCKER) == []


def test_without_phrases_the_best_wins() -> None:
    hints = Hints(VOCABULARY, [])
    assert hints.best(scores(locker=0.1), hints.after([], ICED)) == LOCKER


def test_scores_are_left_as_they_are() -> None:
    hints, logits = Hints(VOCABULARY, ["iced mocha"]), scores(i=1.0)
    hints.best(logits, hints.after([], ICED))
    assert logits.tolist() == scores(i=1.0).tolist()


def test_no_word_is_put_in_where_a_comma_is_heard_and_the_phrase_goes_on_after_it() -> None:
    hints = Hints(VOCABULARY, ["iced mocha"])
    begun = hints.after([], ICED)
    assert hints.best(scores(mocha=5.0, comma=5.1), begun) == COMMA
    assert hints.best(scores(iced=5.0, comma=5.1), []) == COMMA
    assert hints.best(scores(mocha=5.0, locker=5.1), hints.after(begun, COMMA)) == MOCHA


def test_a_word_is_completed_where_a_comma_is_heard() -> None:
    hints = Hints(VOCABULARY, ["latte"])
    assert hints.best(scores(te=5.0, comma=5.0 + CONTINUE_BONUS - 0.1), hints.after([], LAT)) == TE
    assert hints.best(scores(te=5.0, comma=5.0 + CONTINUE_BONUS + 0.1), hints.after([], LAT)) == COMMA

"""Words and their sounds."""

from pathlib import Path

import pytest

from app.providers.pocketsphinx.pronunciation import guess, read_dictionary, write_dictionary


@pytest.mark.parametrize(
    ("word", "phones"),
    [
        ("bright", "B R AY T"),
        ("lane", "L EY N"),
        ("cindy", "S IH N D IY"),
        ("phonetic", "F AA N EH T IH K"),
        ("42", ""),
    ],
)
def test_guesses_follow_the_spelling(word: str, phones: str) -> None:
    assert guess(word) == phones


def test_a_dictionary_is_written_as_it_is_read(tmp_path: Path) -> None:
    known = {"a": ["AH", "EY"], "unused": ["AH N"]}
    path = tmp_path / "words.dict"
    write_dictionary({"a", "brim"}, known, path)
    assert path.read_text() == "a AH\na(2) EY\nbrim B R IH M\n"
    assert read_dictionary(path) == {"a": ["AH", "EY"], "brim": ["B R IH M"]}

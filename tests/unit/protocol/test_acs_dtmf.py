"""The keys of a telephone by the names that the carrier and others give them."""

import pytest

from protocol.acs.dtmf import DIGITS, digit


@pytest.mark.parametrize(
    ("tone", "key"),
    [
        *(("five", "5"), ("FIVE", "5"), ("5", "5"), ("pound", "#"), ("hash", "#"), ("#", "#")),
        *(("asterisk", "*"), ("star", "*"), ("*", "*"), ("a", "A"), ("D", "D")),
    ],
)
def test_a_key_by_any_of_its_names(tone: str, key: str) -> None:
    assert digit(tone) == key


def test_each_name_is_another_key() -> None:
    assert len(set(DIGITS.values())) == len(DIGITS) == 16


@pytest.mark.parametrize("tone", ["", "ten", "12", "E", "five ", "\N{SUPERSCRIPT TWO}"])
def test_what_is_no_key_is_refused_and_not_repeated(tone: str) -> None:
    with pytest.raises(ValueError, match=r"^tone: not a DTMF tone$"):
        digit(tone)

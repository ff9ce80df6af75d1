"""What counts as a telephone number."""

import re

import msgspec
import pytest

from protocol.phone_numbers import PATTERN, PhoneNumber, is_e164

NUMBERS = ["+12025550123", "+12", "+491234567890123"]
NO_NUMBERS = [
    "", "+", "+1", "12025550123", "+02025550123", "+1234567890123456", "+1 202", "+1202555012a", "+12025550123\n",
    " +12025550123", "+1٢٣٤", "4:+12025550123", "anonymous",
]  # fmt: skip


@pytest.mark.parametrize("text", NUMBERS)
def test_a_number_is_one(text: str) -> None:
    assert is_e164(text)
    assert msgspec.convert(text, PhoneNumber) == text
    assert re.search(PATTERN, text)


@pytest.mark.parametrize("text", NO_NUMBERS)
def test_anything_else_is_none(text: str) -> None:
    assert not is_e164(text)


def test_the_schema_has_the_pattern_of_the_contract() -> None:
    assert msgspec.json.schema(PhoneNumber) == {"type": "string", "pattern": PATTERN}

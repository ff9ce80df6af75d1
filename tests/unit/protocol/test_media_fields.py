"""The fields of a message of the media socket: each is read, or named by what is wrong with it."""

from typing import Any

import pytest

from protocol.acs.media_fields import MOST_WHOLE, Defects, MediaFields, MediaProtocolError


def fields(**values: Any) -> MediaFields:
    return MediaFields("audioMetadata.", values)


@pytest.mark.parametrize(("value", "read"), [(16_000, 16_000), (16_000.0, 16_000), (-5, -5), (MOST_WHOLE, MOST_WHOLE)])
def test_a_whole_number_may_be_written_with_a_fraction_of_nothing(value: float, read: int) -> None:
    assert fields(sampleRate=value).whole("sampleRate") == read


@pytest.mark.parametrize(
    ("value", "wrong"),
    [
        (10**400, "out of range"),
        (-(10**400), "out of range"),
        (2**63, "out of range"),
        (1e300, "out of range"),
        (0.5, "expected a whole number"),
        (True, "expected a whole number"),
        ("16000", "expected a whole number"),
        (None, "missing"),
    ],
)
def test_what_is_no_whole_number_of_64_bits_is_named(value: Any, wrong: str) -> None:
    with pytest.raises(MediaProtocolError, match=rf"^audioMetadata\.sampleRate: {wrong}$"):
        fields(sampleRate=value).whole("sampleRate")


@pytest.mark.parametrize(("value", "read"), [("16000", 16_000), (" 24000.0 ", 24_000), (16_000, 16_000), (None, 5)])
def test_a_whole_number_may_be_a_text(value: Any, read: int) -> None:
    assert fields(sampleRate=value).whole_or_text("sampleRate", default=5) == read


@pytest.mark.parametrize("value", ["", "16 kHz", "1e5", "-16000", "16000.5", "9" * 400, "\u0661\u0662", [16_000]])
def test_a_text_that_is_no_whole_number_is_named(value: Any) -> None:
    with pytest.raises(MediaProtocolError, match=r"^audioMetadata\.sampleRate: expected a whole number$"):
        fields(sampleRate=value).whole_or_text("sampleRate")


@pytest.mark.parametrize(("value", "wrong"), [(10**400, "out of range"), (-1e300, "out of range"), ("1", "expected a")])
def test_what_is_no_number_that_can_be_reckoned_with_is_named(value: Any, wrong: str) -> None:
    with pytest.raises(MediaProtocolError, match=rf"^audioMetadata\.confidence: {wrong}"):
        fields(confidence=value).number("confidence")


def test_the_first_defect_is_kept_and_reading_goes_on() -> None:
    defects = Defects()
    assert defects.of(lambda: fields(length=640).whole("length"), 0) == 640
    assert defects.first == ""
    assert defects.of(lambda: fields(length="640").whole("length"), 320) == 320
    assert defects.of(lambda: fields(silent=1).flag("silent"), False) is False
    defects.add("a third one")
    assert defects.first == "audioMetadata.length: expected a whole number"

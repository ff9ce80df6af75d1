"""JSON that is none to the letter: what is meant is read, and what is not plain is refused."""

from collections.abc import Callable
from typing import Any

import pytest

from protocol.tolerant_json import MOST_CHARS, JsonError, decode_json

HALF, OTHER_HALF = r"\ud83d", r"\ude00"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("\ufeff[1]", [1]),
        ("[1]\0\0", [1]),
        (b"\xef\xbb\xbf[1]", [1]),
        ('["é"]'.encode("utf-16"), ["é"]),
        ('["é"]'.encode("utf-16-be"), ["é"]),
        ('["é"]'.encode("utf-32-le"), ["é"]),
        ('["ab"]'.encode("utf-16-le").decode(), ["ab"]),
        ("[NaN, -Infinity, 1e999, 0.5]", [None, None, None, 0.5]),
        (f'["a{HALF}b", NaN]', ["a\ufffdb", None]),
        (f'["{HALF}{OTHER_HALF}", NaN]', ["\U0001f600", None]),
        (f'{{"{OTHER_HALF}": 1}}', {"\ufffd": 1}),
        (b'["\xed\xa0\xbd"]', ["\ufffd"]),
        ('["a\nb"]', ["a\nb"]),
    ],
)
def test_what_is_meant_is_read(text: str | bytes, value: Any) -> None:
    assert decode_json(text) == value


@pytest.mark.parametrize("text", ["", "\ufeff", "[1", "[1] [2]", "{'a': 1}", "[1,]", b"[\xff]", f"[{'9' * 5_000}]"])
def test_what_is_not_plain_is_refused(text: str | bytes) -> None:
    with pytest.raises(JsonError, match="not JSON"):
        decode_json(text)


@pytest.mark.parametrize("form", [str, str.encode])
def test_a_long_text_is_not_read_twice(form: Callable[[str], str | bytes]) -> None:
    """Whatever is in it, one message must not hold the loop up; only a byte order mark costs nothing."""
    long = " " * MOST_CHARS
    assert decode_json(form(f"\ufeff{long}[1]")) == [1]
    with pytest.raises(JsonError, match="not JSON"):
        decode_json(form(f"{long}[NaN]"))
    assert decode_json(form(f"{long}[NaN]"), 2 * MOST_CHARS) == [None]


@pytest.mark.parametrize("begin", ["", "\ufeff"])
def test_no_depth_is_too_much(begin: str) -> None:
    with pytest.raises(JsonError, match="nested too deeply"):
        decode_json(begin + "[" * 100_000)

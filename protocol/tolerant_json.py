"""JSON as it is found in the wild: behind a byte order mark, in UTF-16, with NaN, with half a character.

Such a text is no JSON to the letter, and says plainly what is meant. What is not plain, such as a missing bracket, is
refused.
"""

import json
import math
from codecs import BOM_UTF8
from typing import Any

import msgspec

from protocol.errors import WireError

BYTE_ORDER_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"
"""The mark that some programs write before JSON, and that RFC 8259 (8.1) lets readers ignore."""
MOST_CHARS = 16_384
"""The longest text in characters that is repaired; longer ones must be valid JSON, a byte order mark apart. To read a
text twice takes 3 ms at this length."""
AROUND = BYTE_ORDER_MARK + "\0 \t\r\n"
"""What may stand before and after a JSON text without meaning anything."""


class JsonError(WireError, ValueError):
    """The text is no JSON in any spelling; says why."""


def decode_json(text: str | bytes, most_chars: int = MOST_CHARS) -> Any:
    """What a JSON text holds.

    Tolerated are a byte order mark, UTF-16 and UTF-32, halves of a character (each becomes U+FFFD), NUL, control
    characters in strings, and numbers that are none, such as NaN, which become null.

    Raises:
        JsonError: it is no JSON, or nested too deeply.
    """
    mark = BYTE_ORDER_MARK if isinstance(text, str) else BOM_UTF8
    text = text.removeprefix(mark)  # type: ignore[arg-type]
    try:
        return msgspec.json.decode(text)
    except RecursionError:
        raise JsonError("nested too deeply") from None
    except ValueError as error:
        if len(text) > most_chars:
            raise JsonError(f"not JSON: {error}") from error
    try:
        return _decode_tolerantly(text if isinstance(text, str) else _characters(text))
    except RecursionError:
        raise JsonError("nested too deeply") from None
    except ValueError as error:
        raise JsonError(f"not JSON: {error}") from error


def _characters(raw: bytes) -> str:
    return raw.decode(json.detect_encoding(raw), "surrogatepass")


def _decode_tolerantly(text: str) -> Any:
    # NUL never stands in JSON, but between the characters of UTF-16 that was taken for UTF-8.
    plain = text.replace("\0", "").strip(AROUND)
    value = json.loads(plain, strict=False, parse_float=_finite, parse_constant=_nothing)
    # Both halves of a character may have been escaped, or one: only the whole text tells.
    written = json.dumps(value, ensure_ascii=False).encode("utf-16-le", "surrogatepass")
    return msgspec.json.decode(written.decode("utf-16-le", "replace"))


def _finite(number: str) -> float | None:
    value = float(number)
    return value if math.isfinite(value) else None


def _nothing(_: str) -> None:
    return None

"""Base64 as it is found in the wild: unpadded, with line breaks, in the alphabet for URLs."""

import binascii
import re

from protocol.errors import WireError

_ALPHABET = re.compile("[A-Za-z0-9+/]*")
_FROM_URL_ALPHABET = str.maketrans("-_", "+/")


class Base64Error(WireError, ValueError):
    """The text is no base64 in any spelling."""


def decode_base64(text: str) -> tuple[bytes, str]:
    """What `text` encodes, and what is wrong with its spelling, empty for nothing.

    Whitespace, missing or surplus padding and the URL alphabet are tolerated. A last character that encodes less than
    a byte is left out.

    Raises:
        Base64Error: there are other characters in it, or padding in its middle.
    """
    try:
        return binascii.a2b_base64(text, strict_mode=True), ""
    except ValueError:
        pass
    compact = "".join(text.split()).rstrip("=").translate(_FROM_URL_ALPHABET)
    if _ALPHABET.fullmatch(compact) is None:
        raise Base64Error("not base64")
    if len(compact) % 4 == 1:
        compact = compact[:-1]
    return binascii.a2b_base64(compact + "=" * (-len(compact) % 4)), "unusual base64"

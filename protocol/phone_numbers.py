"""Telephone numbers as E.164 has them: a plus sign, then 2 to 15 digits of which the first is no zero."""

import re
from typing import Annotated

import msgspec

PATTERN = r"^\+[1-9]\d{1,14}$"
"""As the public contract states it."""

_exact = re.compile(r"\+[1-9][0-9]{1,14}")

PhoneNumber = Annotated[str, msgspec.Meta(pattern=PATTERN)]
"""The type of a field that holds one, for its JSON schema. In Python the pattern lets a trailing line break and digits
of any script pass: a Struct that has such a field also asks `is_e164`."""


def is_e164(text: str) -> bool:
    """True for a telephone number, whole and without blanks."""
    return _exact.fullmatch(text) is not None

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


RAW_ID = r"(8:(acs|orgid|dod|gcch):|28:)[0-9A-Za-z_.:@-]{1,200}"
"""A user or application of ACS or Teams, as ACS names them."""

TARGET_PATTERN = rf"^(\+[1-9]\d{{1,14}}|{RAW_ID})$"

_exact_raw_id = re.compile(RAW_ID)

CallTarget = Annotated[str, msgspec.Meta(pattern=TARGET_PATTERN)]
"""The type of a field that holds a telephone number or a raw id; a Struct that has one also asks `is_call_target`."""


def is_call_target(text: str) -> bool:
    """True for whoever a caller may be put through to: a telephone number, or a raw id of ACS or Teams."""
    return is_e164(text) or _exact_raw_id.fullmatch(text) is not None


def is_e164(text: str) -> bool:
    """True for a telephone number, whole and without blanks."""
    return _exact.fullmatch(text) is not None

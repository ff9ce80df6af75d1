"""Telephone numbers as E.164 has them: a plus sign, then 2 to 15 digits of which the first is no zero."""

import re
from typing import Annotated

import msgspec

PATTERN = r"^\+[1-9]\d{1,14}$"
"""E.164 as a regular expression, for JSON schemas."""

_exact = re.compile(r"\+[1-9][0-9]{1,14}")

PhoneNumber = Annotated[str, msgspec.Meta(pattern=PATTERN)]
"""The type of a field that holds a telephone number.

Its pattern is for the JSON schema. In Python it also matches digits of any script and a line break at the end, so that
a Struct with such a field has to check `is_e164` as well.
"""


RAW_ID = r"(8:(acs|orgid|dod|gcch):|28:)[0-9A-Za-z_.:@-]{1,200}"
"""A regular expression for the raw id of a user or an application of ACS or Teams."""

TARGET_PATTERN = rf"^(\+[1-9]\d{{1,14}}|{RAW_ID})$"

_exact_raw_id = re.compile(RAW_ID)

CallTarget = Annotated[str, msgspec.Meta(pattern=TARGET_PATTERN)]
"""The type of a field that holds a telephone number or a raw id; a Struct that has one also checks `is_call_target`."""


def is_call_target(text: str) -> bool:
    """Return whether `text` names somebody to whom a call can be transferred: a telephone number or a raw id."""
    return is_e164(text) or _exact_raw_id.fullmatch(text) is not None


def is_e164(text: str) -> bool:
    """Return whether all of `text` is a telephone number in E.164, without blanks."""
    return _exact.fullmatch(text) is not None

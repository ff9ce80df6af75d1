"""The fields of a message of the media socket, read one by one: a field that is wrong is named."""

import re
from collections.abc import Callable
from typing import Any, TypeVar

from protocol.errors import WireError

T = TypeVar("T")

MOST_WHOLE = 2**63 - 1
"""The largest whole number that is read: ACS counts in 64 bits. Python's integers have no limit, and one that is too
large cannot be divided as a float."""

_WHOLE = re.compile(r"[0-9]{1,9}(\.0{1,9})?", re.ASCII)
"""Matches the text of a whole number, as of a sample rate."""


class MediaProtocolError(WireError):
    """A message that cannot be understood or served; the text names the field, never what was said or dialled."""


class MediaFields:
    """An object read by its keys, in whatever case; errors name a key as ACS spells it. A null counts as absent.

    Each method that reads raises `MediaProtocolError` for a field that is missing without a default, or wrong.
    """

    def __init__(self, path: str, values: dict[str, Any]) -> None:
        self._path = path
        self._values = {key.lower(): value for key, value in values.items() if value is not None}

    def payload(self, name: str) -> "MediaFields":
        """The object below `name`; some clients call it `payload` whatever its kind."""
        value = self._value((name, "payload"))
        if not isinstance(value, dict):
            raise self._wrong(name, value, "an object")
        return MediaFields(f"{name}.", value)

    def text(self, *names: str, default: str | None = None) -> str:
        """The text below the first of `names` that is there."""
        value = self._value(names, default)
        if not isinstance(value, str):
            raise self._wrong(names[0], value, "text")
        return value

    def text_or_whole(self, name: str) -> str:
        """The text below `name`, or the whole number there as text."""
        value = self._value((name,))
        return str(self.whole(name)) if isinstance(value, int | float) else self.text(name)

    def whole(self, *names: str, default: int | None = None) -> int:
        """The whole number of 64 bits below the first of `names` that is there, also if it is written as 16000.0."""
        value = self._value(names, default)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self._wrong(names[0], value, "a whole number")
        if abs(value) > MOST_WHOLE:
            raise self.wrong(names[0], "out of range")
        return value

    def whole_or_text(self, *names: str, default: int | None = None) -> int:
        """The whole number below the first of `names` that is there, also if it is written as the text of one."""
        value = self._value(names, default)
        if isinstance(value, str) and _WHOLE.fullmatch(value.strip()) is not None:
            return int(float(value))
        return self.whole(*names, default=default)

    def number(self, name: str) -> float | None:
        """The number below `name`; None if there is none."""
        value = self._value((name,))
        if value is None:
            return None
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise self._wrong(name, value, "a number")
        if abs(value) > MOST_WHOLE:
            raise self.wrong(name, "out of range")
        return float(value)

    def items(self, name: str) -> list[dict[str, Any]]:
        """The objects of a list; none where there is no list."""
        value = self._value((name,))
        return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []

    def flag(self, name: str) -> bool:
        """True or false; false where it is not said."""
        value = self._value((name,), False)
        if not isinstance(value, bool):
            raise self._wrong(name, value, "true or false")
        return value

    def time(self, name: str) -> str | int | float:
        """A time as it was sent, as text or a number; empty where there is none."""
        value = self._value((name,), "")
        if not isinstance(value, str | int | float) or isinstance(value, bool):
            raise self._wrong(name, value, "text or a number")
        return value

    def wrong(self, name: str, what: str) -> MediaProtocolError:
        """The error that says what is wrong with a field, by its whole path."""
        return MediaProtocolError(f"{self._path}{name}: {what}")

    def _value(self, names: tuple[str, ...], default: Any = None) -> Any:
        return next((self._values[name.lower()] for name in names if name.lower() in self._values), default)

    def _wrong(self, name: str, value: Any, expected: str) -> MediaProtocolError:
        return self.wrong(name, "missing" if value is None else f"expected {expected}")


class Defects:
    """What is wrong with the fields of a message that is taken all the same, without those fields."""

    def __init__(self) -> None:
        self.first = ""
        """The first defect, in the words of `MediaProtocolError`; empty for none."""

    def add(self, defect: str) -> None:
        """Note what is wrong with a field; only the first such note is kept."""
        self.first = self.first or defect

    def of(self, read: Callable[[], T], otherwise: T) -> T:
        """What `read` reads; `otherwise` if that cannot be read, which is noted."""
        try:
            return read()
        except MediaProtocolError as error:
            self.add(str(error))
            return otherwise

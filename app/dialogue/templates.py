"""Replies with their placeholders filled: values as they are said, not as they are stored."""

import re
from collections.abc import Mapping
from datetime import date, time
from typing import Any

import msgspec

from app.dialogue.schema import PLACEHOLDER, CallStep, ChoiceSlot, Dialogue
from app.dialogue.spoken_days import say_day
from app.dialogue.spoken_numbers import say_number
from app.dialogue.spoken_times import say_time

_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_TIME = re.compile(r"\d\d:\d\d(?::\d\d)?")


class Wording:
    """Fills the texts of one dialogue with values: dates, times, numbers and choices in words."""

    def __init__(self, dialogue: Dialogue) -> None:
        self._choices = {
            name: {choice.value: choice.say or choice.value.replace("_", " ") for choice in slot.choices}
            for name, slot in dialogue.slots.items()
            if isinstance(slot, ChoiceSlot)
        }

    def fill(self, template: str, values: Mapping[str, Any]) -> str:
        """`template` with every placeholder said; one without a value is left out."""

        def said(found: re.Match[str]) -> str:
            name = found[1]
            value = values.get(name)
            return self._choices.get(name, {}).get(str(value), "") or say(value)

        return re.sub(r"\s+([,.?!])", r"\1", " ".join(PLACEHOLDER.sub(said, template).split()))


def say(value: Any) -> str:
    """A stored value in spoken words: ISO days and times, numbers, lists of them."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case int():
            return say_number(value)
        case str() if _DAY.fullmatch(value):
            return say_day(date.fromisoformat(value))
        case str() if _TIME.fullmatch(value):
            return say_time(time.fromisoformat(value))
        case [*several, last] if several:
            return f"{', '.join(say(item) for item in several)} and {say(last)}"
        case [only]:
            return say(only)
        case _:
            return str(value)


def arguments_of(step: CallStep, values: Mapping[str, Any], ignoring: frozenset[str] = frozenset()) -> str:
    """The arguments of a call as JSON; those whose slot has no value, or is one of `ignoring`, are left out."""
    arguments: dict[str, Any] = {}
    for name, template in step.arguments.items():
        placeholder = PLACEHOLDER.fullmatch(template) if isinstance(template, str) else None
        value = values.get(placeholder[1]) if placeholder else template
        if value is not None and not (placeholder and placeholder[1] in ignoring):
            arguments[name] = value
    return msgspec.json.encode(arguments, order="sorted").decode()

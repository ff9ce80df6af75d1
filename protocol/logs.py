"""The REST API's log: what is logged at present, and what an operator may change of it."""

from typing import Literal

import msgspec

Level = Literal["debug", "info", "warning", "error"]


class LogChange(msgspec.Struct, frozen=True):
    """The body of PUT /logs. `level`: the least important thing that is logged from now on."""

    level: Level


class LogState(msgspec.Struct, frozen=True, kw_only=True):
    """What is logged. `content`: whether it may hold what people say, which only a new start can change."""

    level: Level
    format: Literal["key=value", "json"]
    content: bool

"""Messages of the REST API about logging: the settings in force, and the level that an operator may change."""

from typing import Literal

import msgspec

Level = Literal["debug", "info", "warning", "error"]


class LogChange(msgspec.Struct, frozen=True):
    """The body of PUT /logs. `level` is the lowest level that is logged from now on."""

    level: Level


class LogState(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of the log in force. `content` says whether lines may hold what people say (LOG_CONTENT).

    `content` can be changed only by a restart.
    """

    level: Level
    format: Literal["key=value", "json"]
    content: bool

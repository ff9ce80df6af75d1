"""Settings: what is logged, and whether it may hold what people say."""

from enum import StrEnum
from typing import Annotated

import msgspec

from config import kinds
from config.variables import Variable


class LogLevel(StrEnum):
    """The least important thing that is still logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(StrEnum):
    """How a line of the log is written."""

    KEY_VALUE = "key=value"
    JSON = "json"


class Logs(msgspec.Struct, frozen=True, kw_only=True):
    """What is logged, and whether it may hold what people say."""

    level: Annotated[
        LogLevel, Variable("LOG_LEVEL", "The least important thing that is logged", kinds.one_of(LogLevel))
    ] = LogLevel.INFO
    format: Annotated[
        LogFormat, Variable("LOG_FORMAT", "How a line of the log is written", kinds.one_of(LogFormat))
    ] = LogFormat.KEY_VALUE
    content: Annotated[
        bool, Variable("LOG_CONTENT", "Whether what people say may appear in logs and operators' views", kinds.switch())
    ] = False

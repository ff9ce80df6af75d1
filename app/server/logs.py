"""Logging: one line for each record, of `key=value` pairs or of JSON, on standard error."""

import json
import logging
import sys
import traceback
from datetime import UTC, datetime

from actors.runtime.described_errors import traced
from actors.runtime.log_context import CONTENT, ids_of_line
from config.groups.logs import LogFormat, LogLevel

OURS = ("app", "actors", "protocol", "config", "earshot")
"""The product's own loggers. All others log warnings and errors only: some SDKs log request bodies, and so what people
say."""

AUDIT = "earshot.audit"
"""The logger of what operators do. It logs at every level, so that nobody can hide an action by raising the level."""

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}


class KeyValueFormatter(logging.Formatter):
    """`ts=… level=… logger=… pid=… msg="…"`, then the ids of session, call, turn and trace, as far as the line is about
    one, then the record's extras, then `exc="…"`, with no line break anywhere.

    Whatever raises an exception may quote what somebody has said: its words are there only with `content`, and marked.
    """

    def __init__(self, *, content: bool = False) -> None:
        super().__init__()
        self._content = content

    def format(self, record: logging.LogRecord) -> str:
        """Format a log record as one line, without the line feed."""
        return " ".join(f"{name}={_written(value)}" for name, value in self.pairs(record).items())

    def pairs(self, record: logging.LogRecord) -> dict[str, object]:
        """The names and values of the line, in their order."""
        pairs: dict[str, object] = {
            "ts": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "pid": record.process,
            "msg": record.getMessage(),
            **ids_of_line(),
        }
        pairs.update((name, value) for name, value in vars(record).items() if name not in _STANDARD)
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            pairs["exc"] = "".join(traceback.format_exception(error)) if self._content else traced(error)
            if self._content:
                pairs[CONTENT] = f"{pairs.get(CONTENT, '')} exc".strip()
        return pairs


class JsonFormatter(KeyValueFormatter):
    """Writes each line as an object of JSON; what JSON has no form for is its text."""

    def format(self, record: logging.LogRecord) -> str:
        """Format a log record as one line, without the line feed."""
        return json.dumps(self.pairs(record), ensure_ascii=True, default=str)


FORMATTERS = {LogFormat.KEY_VALUE: KeyValueFormatter, LogFormat.JSON: JsonFormatter}


class _Wanted:
    """A filter that decides by level and logger whether a record is written."""

    def __init__(self) -> None:
        self.level = LogLevel.INFO
        self._least = self._least_of_others = logging.INFO
        self.change(LogLevel.INFO)

    def change(self, level: LogLevel) -> None:
        """Write records of at least this level from now on."""
        self.level = level
        self._least = logging.getLevelNamesMapping()[level.value.upper()]
        self._least_of_others = max(self._least, logging.WARNING)

    def __call__(self, record: logging.LogRecord) -> bool:
        if record.name == AUDIT:
            return True
        ours = record.name.partition(".")[0] in OURS
        return record.levelno >= (self._least if ours else self._least_of_others)


_wanted = _Wanted()


def configure_logging(level: LogLevel, form: LogFormat = LogFormat.KEY_VALUE, *, content: bool = False) -> None:
    """Log to standard error from now on, in place of any other configuration.

    LOG_LEVEL (`level`) is the least level of our own loggers; libraries log warnings and errors only, whatever it says.
    `content`: whether the words of exceptions are logged, which may quote what somebody has said.
    """
    lines = logging.StreamHandler(sys.stderr)
    lines.setFormatter(FORMATTERS[form](content=content))
    # Loggers may be given levels of their own later, by whoever owns them: what is written is decided here.
    lines.addFilter(_wanted)
    logging.basicConfig(handlers=[lines], force=True)
    change_level(level)


def change_level(level: LogLevel) -> None:
    """Log in this process what is at least this important, from now on."""
    _wanted.change(level)
    least = logging.getLevelNamesMapping()[level.value.upper()]
    logging.getLogger().setLevel(max(least, logging.WARNING))
    for name in OURS:
        logging.getLogger(name).setLevel(least)
    logging.getLogger(AUDIT).setLevel(logging.INFO)


def current_level() -> LogLevel:
    """The lowest level that this process logs at present."""
    return _wanted.level


def _written(value: object) -> str:
    text = str(value)
    plain = text and text.isprintable() and not any(character in text for character in ' ="')
    return text if plain else json.dumps(text)

"""Logging: one line of `key=value` pairs for each record, on standard error."""

import json
import logging
import sys
from datetime import UTC, datetime

from config.groups.logs import LogLevel

OURS = ("app", "actors", "protocol", "config", "earshot")
"""Our loggers. All others log warnings and errors only: some SDKs log request bodies, so what people say."""

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}


class KeyValueFormatter(logging.Formatter):
    """`ts=… level=… logger=… pid=… msg="…"`, then the record's extras, then `exc="…"`, with no line break anywhere."""

    def format(self, record: logging.LogRecord) -> str:
        """Format a log record as one line, without the line feed."""
        pairs: dict[str, object] = {
            "ts": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "pid": record.process,
            "msg": record.getMessage(),
        }
        pairs.update((name, value) for name, value in vars(record).items() if name not in _STANDARD)
        if record.exc_info:
            pairs["exc"] = self.formatException(record.exc_info)
        return " ".join(f"{name}={_written(value)}" for name, value in pairs.items())


def configure_logging(level: LogLevel) -> None:
    """Log to standard error from now on, in place of any other configuration.

    LOG_LEVEL (`level`) is the least level of our own loggers; libraries log warnings and errors only, whatever it says.
    """
    least = logging.getLevelNamesMapping()[level.value.upper()]
    least_of_others = max(least, logging.WARNING)

    def is_wanted(record: logging.LogRecord) -> bool:
        ours = record.name.partition(".")[0] in OURS
        return record.levelno >= (least if ours else least_of_others)

    lines = logging.StreamHandler(sys.stderr)
    lines.setFormatter(KeyValueFormatter())
    # Loggers may be given levels of their own later, by whoever owns them: what is written is decided here.
    lines.addFilter(is_wanted)
    logging.basicConfig(level=least_of_others, handlers=[lines], force=True)
    for name in OURS:
        logging.getLogger(name).setLevel(least)


def _written(value: object) -> str:
    text = str(value)
    plain = text and text.isprintable() and not any(character in text for character in ' ="')
    return text if plain else json.dumps(text)

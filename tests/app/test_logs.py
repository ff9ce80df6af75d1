import logging
import sys

import pytest

from app.logs import KeyValueFormatter, configure_logging
from config.settings import LogLevel


@pytest.fixture(autouse=True)
def loggers_as_they_were() -> object:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name in ("app", "actors", "protocol", "config"):
        logging.getLogger(name).setLevel(logging.NOTSET)


def formatted(message: str, exception: BaseException | None = None, **extra: object) -> str:
    record = logging.LogRecord("app.x", logging.WARNING, "x.py", 1, message, (), None)
    record.__dict__.update(extra)
    record.created, record.process = 0.0, 7
    if exception is not None:
        record.exc_info = (type(exception), exception, None)
    return KeyValueFormatter().format(record)


def test_a_record_is_pairs_with_its_extras() -> None:
    line = formatted("worker ended", status=-9, reason="")
    assert line == (
        'ts=1970-01-01T00:00:00.000+00:00 level=warning logger=app.x pid=7 msg="worker ended" status=-9 reason=""'
    )


def test_quotes_and_line_breaks_stay_inside_one_line() -> None:
    line = formatted('a "b"\nts=forged', ValueError("c\nd"))
    assert "\n" not in line
    assert r'msg="a \"b\"\nts=forged"' in line
    assert r"ValueError: c\nd" in line


def test_our_loggers_obey_the_level_and_others_never_go_below_warning(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(LogLevel.DEBUG)
    logging.getLogger("app.somewhere").debug("ours")
    logging.getLogger("openai").info("a request with what somebody said")
    logging.getLogger("openai").warning("theirs")
    assert [line.split("msg=")[1] for line in capsys.readouterr().err.splitlines()] == ["ours", "theirs"]


def test_a_higher_level_is_obeyed_too(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(LogLevel.ERROR)
    logging.getLogger("actors.turn").warning("not important enough")
    assert capsys.readouterr().err == ""
    assert logging.getLogger().handlers[0].stream is sys.stderr  # type: ignore[attr-defined]

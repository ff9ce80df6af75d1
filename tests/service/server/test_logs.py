import json
import logging
import re
import sys
from contextvars import copy_context
from http import HTTPStatus

import pytest

from actors.runtime.log_context import SessionIds, work_for
from app.server.logs import (
    AUDIT,
    OURS,
    JsonFormatter,
    KeyValueFormatter,
    change_level,
    configure_logging,
    current_level,
)
from config.groups.logs import LogFormat, LogLevel
from tests.kit.serving import run
from tests.kit.source import modules


@pytest.fixture(autouse=True)
def loggers_as_they_were() -> object:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name in OURS:
        logging.getLogger(name).setLevel(logging.NOTSET)


def formatted(message: str, exception: BaseException | None = None, *, content: bool = False, **extra: object) -> str:
    record = logging.LogRecord("app.x", logging.WARNING, "x.py", 1, message, (), None)
    record.__dict__.update(extra)
    record.created, record.process = 0.0, 7
    if exception is not None:
        record.exc_info = (type(exception), exception, None)
    return KeyValueFormatter(content=content).format(record)


def test_a_record_is_pairs_with_its_extras() -> None:
    line = formatted("worker ended", status=-9, reason="")
    assert line == (
        'ts=1970-01-01T00:00:00.000+00:00 level=warning logger=app.x pid=7 msg="worker ended" status=-9 reason=""'
    )


def test_quotes_and_line_breaks_stay_inside_one_line() -> None:
    line = formatted('a "b"\nts=forged', ValueError("c\nd"), content=True)
    assert "\n" not in line
    assert r'msg="a \"b\"\nts=forged"' in line
    assert r"ValueError: c\nd" in line
    assert line.endswith(" content=exc")


SAID = "what the caller said"


def fails() -> None:
    raise KeyError(SAID)


def fails_for_that() -> None:
    try:
        fails()
    except KeyError as error:
        raise ValueError(SAID) from error


def raised() -> Exception:
    """One that was caused by another, both with words."""
    with pytest.raises(ValueError, match="caller") as caught:
        fails_for_that()
    return caught.value


@pytest.mark.parametrize("formatter", [KeyValueFormatter, JsonFormatter])
def test_the_words_of_an_exception_are_there_only_with_content_and_then_the_line_is_marked(
    formatter: type[KeyValueFormatter],
) -> None:
    error = raised()
    record = logging.LogRecord("app.x", logging.ERROR, "x.py", 1, "failed", (), (ValueError, error, None))
    without, with_them = (formatter(content=content).format(record) for content in (False, True))
    for line in (without, with_them):
        assert "KeyError" in line
        assert "ValueError" in line
        assert "test_logs.py" in line
    assert (SAID in without, "content=" in without, '"content"' in without) == (False, False, False)
    assert with_them.count(SAID) == 2
    assert formatter(content=True).pairs(record)["content"] == "exc"
    record.__dict__.update(content="text", text="hello")
    assert formatter(content=True).pairs(record)["content"] == "text exc"


def test_a_line_of_json_holds_the_same_and_the_ids_of_its_session() -> None:
    record = logging.LogRecord("app.x", logging.WARNING, "x.py", 1, 'a "b"\nc', (), None)
    record.created, record.process = 0.0, 7
    record.__dict__["status"] = HTTPStatus.OK
    context = copy_context()
    context.run(work_for, SessionIds("session-1", "call-1"))
    line = context.run(JsonFormatter().format, record)
    assert "\n" not in line
    assert json.loads(line) == {
        "ts": "1970-01-01T00:00:00.000+00:00", "level": "warning", "logger": "app.x", "pid": 7, "msg": 'a "b"\nc',
        "session_id": "session-1", "call_id": "call-1", "status": 200,
    }  # fmt: skip
    assert "session_id=session-1 call_id=call-1" in context.run(KeyValueFormatter().format, record)


def test_the_level_can_be_changed_while_it_is_logged(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(LogLevel.INFO, LogFormat.JSON)
    for level in (LogLevel.DEBUG, LogLevel.ERROR):
        change_level(level)
        assert current_level() is level
        logging.getLogger("app.somewhere").debug(level)
        logging.getLogger("openai").info(level)
    assert [json.loads(line)["msg"] for line in capsys.readouterr().err.splitlines()] == ["debug"]


def test_our_loggers_obey_the_level_and_others_never_go_below_warning(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(LogLevel.DEBUG)
    logging.getLogger("app.somewhere").debug("ours")
    logging.getLogger("openai").info("a request with what somebody said")
    logging.getLogger("openai").warning("theirs")
    assert [line.split("msg=")[1] for line in capsys.readouterr().err.splitlines()] == ["ours", "theirs"]


def test_a_higher_level_is_obeyed_too(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(LogLevel.ERROR)
    logging.getLogger("actors.rules.turn_taking.machine").warning("not important enough")
    assert capsys.readouterr().err == ""
    assert logging.getLogger().handlers[0].stream is sys.stderr  # type: ignore[attr-defined]


ENUMERATE = """
import importlib, logging, sys
from app.server.logs import configure_logging
from config.groups.logs import LogLevel

for wanted in LogLevel:
    configure_logging(wanted)
    for module in sys.argv[1:]:
        importlib.import_module(module)
    for name in ("openai", "azure", "hypercorn.error", "asyncio"):
        logging.getLogger(name).setLevel(logging.DEBUG)  # as its owner may
    print("at", wanted.value, file=sys.stderr)
    for name in sorted(logging.root.manager.loggerDict):
        for level in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR):
            logging.getLogger(name).log(level, "%s", name)
"""


@pytest.fixture(scope="module")
def lines_at() -> dict[str, list[str]]:
    """What is written at each level by a process that has imported the whole product, which takes seconds."""
    product = [".".join(path.with_suffix("").parts) for layer in ("app", "actors") for path in modules(layer)]
    # Programs of their own, which an import would start.
    imported = [name for name in product if not name.endswith((".__init__", ".__main__"))]
    ended = run(sys.executable, "-c", ENUMERATE, *imported, "hypercorn.asyncio", "asyncio")
    assert ended.returncode == 0, ended.stderr
    parts = re.split(r"^at (\w+)\n", ended.stderr, flags=re.MULTILINE)[1:]
    return {level: lines.splitlines() for level, lines in zip(parts[::2], parts[1::2], strict=True)}


@pytest.mark.parametrize("level", list(LogLevel))
def test_every_logger_of_the_process_obeys_the_level(level: LogLevel, lines_at: dict[str, list[str]]) -> None:
    written: dict[str, set[str]] = {}
    for line in lines_at[level.value]:
        pairs = dict(pair.split("=", 1) for pair in line.split(" ")[:5])
        written.setdefault(pairs["logger"], set()).add(pairs["level"])
    known = [each.value for each in LogLevel]
    assert "info" in written.pop(AUDIT)
    for name, levels in written.items():
        least = level.value if name.split(".")[0] in OURS else max(level.value, "warning", key=known.index)
        assert levels <= set(known[known.index(least) :]), name
    loggers = {"app.server.processes.launcher", "earshot.loop", "openai", "hypercorn.error", "asyncio", "azure"}
    assert {name for name in loggers if "error" in written.get(name, ())} == loggers

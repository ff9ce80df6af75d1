"""What is caught whatever it is leaves a trace: it is raised again, handed on, or logged. Nothing is swallowed."""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.kit.source import LAYERS, ROOT, modules

BROAD = {"Exception", "BaseException"}
MAY_CATCH_ALL = re.compile(r"\bexcept\s*:|\b(?:Base)?Exception\b")
TELLING = {"debug", "info", "warning", "error", "exception", "critical", "log", "report_failure"}
"""Names of functions that leave a line or a count."""

OF_NO_USE = {
    "app/telephony/acs/refusals.py": "a refusal whose text cannot be read is told without it",
    "app/providers/azure/threads.py": "what the thread met was logged where it was met",
    "app/mcp/sdk.py": "a server that cannot tell of changes of its tools is asked for them from time to time",
    "app/providers/openai_chat/reply_stream.py": "what follows a reply is read for the connection's sake alone",
}
"""Modules that may ignore an error, each with the reason."""


def swallowed(source: str) -> Iterator[int]:
    """The lines in which `source` catches whatever there is, and does nothing with it."""
    if not MAY_CATCH_ALL.search(source):
        return  # most files need not be parsed
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.ExceptHandler(type=kind) if kind is None or BROAD & names_in(kind):
                if not leaves_a_trace(node):
                    yield node.lineno
            case ast.Call(func=ast.Name(id="suppress") | ast.Attribute(attr="suppress"), args=kinds):
                if any(BROAD & names_in(kind) for kind in kinds):
                    yield node.lineno
            case _:
                pass


def names_in(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def leaves_a_trace(handler: ast.ExceptHandler) -> bool:
    for statement in handler.body:
        for node in ast.walk(statement):
            match node:
                case ast.Raise():
                    return True
                case ast.Name(id=name) if name == handler.name:
                    return True
                case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name)) if name in TELLING:
                    return True
                case ast.Attribute(value=ast.Name(id="sys"), attr="exc_info"):
                    return True
                case _:
                    pass
    return False


@pytest.mark.parametrize("layer", LAYERS)
def test_nothing_is_swallowed(layer: str) -> None:
    found = {path.as_posix(): list(swallowed((ROOT / path).read_text(encoding="utf-8"))) for path in modules(layer)}
    assert {path: lines for path, lines in found.items() if lines and path not in OF_NO_USE} == {}


def test_each_exception_is_needed() -> None:
    assert [path for path in OF_NO_USE if not list(swallowed((ROOT / path).read_text(encoding="utf-8")))] == []


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("try:\n    go()\nexcept Exception:\n    pass", [3]),
        ("try:\n    go()\nexcept:\n    stop()", [3]),
        ("try:\n    go()\nexcept (ValueError, BaseException) as error:\n    stop()", [3]),
        ("with suppress(Exception):\n    go()", [1]),
        ("with contextlib.suppress(OSError, Exception):\n    go()", [1]),
        ("try:\n    go()\nexcept Exception as error:\n    future.set_exception(error)", []),
        ("try:\n    go()\nexcept Exception:\n    log.exception('it failed')", []),
        ("try:\n    go()\nexcept BaseException:\n    stop()\n    raise", []),
        ("try:\n    go()\nexcept ValueError:\n    pass", []),
        ("with suppress(OSError):\n    go()", []),
    ],
)
def test_what_is_swallowed_is_seen(source: str, lines: list[int]) -> None:
    assert list(swallowed(source)) == lines

"""Which modules of the product have a test module of their name and place, for the test about it."""

import ast
from collections import defaultdict
from pathlib import PurePath, PurePosixPath

from tests.kit.source import LAYERS, ROOT, modules

KINDS = ("unit", "service", "cloud", "browser", "load")
"""Folders of tests that mirror the product; `tests/service/x` stands for `app/x` as well."""


def untested_modules() -> list[str]:
    """The product's modules of which no test module has the name and the place; those without code of their own apart.

    The test of `actors/rules/backchannel.py` is called `test_backchannel.py`; where a name says too little alone, as
    that of `acs/media.py`, its folder may stand before it: `test_acs_media.py`. It stands in the folder of the same
    name below `tests/unit` or `tests/service`, or in one above that.
    """
    tests: defaultdict[str, list[PurePosixPath]] = defaultdict(list)
    for path in modules("tests"):
        tests[path.stem].append(PurePosixPath(path))
    return [
        path.as_posix()
        for layer in LAYERS
        for path in modules(layer)
        if not path.name.startswith("__")
        and not any(
            is_test_of(test, PurePosixPath(path)) for name in names_of_tests(path) for test in tests.get(name, ())
        )
        and has_code((ROOT / path).read_text(encoding="utf-8"))
    ]


def is_test_of(test: PurePosixPath, module: PurePosixPath) -> bool:
    """Whether a test module has the name of `module`, and stands in its place."""
    if test.stem not in names_of_tests(module):
        return False
    if len(test.parts) < 3 or test.parts[1] not in KINDS:
        return False
    place = PurePosixPath(*test.parts[2:-1])
    if not place.parts:
        return module.parent == PurePosixPath("app")
    return module.is_relative_to(place) or module.is_relative_to("app" / place)


def names_of_tests(module: PurePath) -> tuple[str, str]:
    """What a test module of `module` may be called."""
    return f"test_{module.stem}", f"test_{module.parent.name}_{module.stem}"


def has_code(source: str) -> bool:
    """Whether a module has any function that does something: messages, ports and data have none."""
    functions = (
        node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    return any(not all(_is_nothing(statement) for statement in function.body) for function in functions)


def _is_nothing(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Pass) or (
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    )

"""Which modules of the product have a test module of their name, for the test about it."""

import ast
from pathlib import Path

from tests.kit.source import LAYERS, ROOT, modules


def untested_modules() -> list[str]:
    """The product's modules of which no test module has the name, those without any code of their own apart.

    The test of `rules/backchannel.py` is called `test_backchannel.py`; where a name says too little alone, as that of
    `acs/media.py`, its folder may stand before it: `test_acs_media.py`.
    """
    tests = {path.stem for path in modules("tests") if path.name.startswith("test_")}
    return [
        path.as_posix()
        for layer in LAYERS
        for path in modules(layer)
        if not path.name.startswith("__")
        and not {f"test_{path.stem}", f"test_{path.parent.name}_{path.stem}"} & tests
        and has_code((ROOT / path).read_text(encoding="utf-8"))
    ]


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


def listed(exceptions: Path) -> list[str]:
    """The modules in a list, one a line."""
    return exceptions.read_text(encoding="utf-8").split()

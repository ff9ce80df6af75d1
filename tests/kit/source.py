"""The repository's own files, for tests about them."""

import ast
import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import msgspec

ROOT = Path(__file__).parents[2]
_AT_MARGIN = re.compile(r"^(?=[\w@])", re.MULTILINE)
LAYERS = ("protocol", "actors", "config", "app")


class Import(msgspec.Struct, frozen=True):
    """A module that is imported, by its full name, and the line where."""

    module: str
    line: int


def files() -> list[Path]:
    """Every file of the tree, relative to its root; what tools keep in hidden folders apart from `.ci` is left out.

    The tree is looked through once in a process, and folders that are left out are not.
    """
    return list(_files())


@cache
def _files() -> tuple[Path, ...]:
    found: list[Path] = []
    for folder, folders, names in os.walk(ROOT, onerror=_raise):
        folders[:] = [name for name in folders if not _is_left_out(name)]
        found += (path.relative_to(ROOT) for name in names if (path := Path(folder, name)).is_file())
    return tuple(sorted(found))


def _raise(error: OSError) -> None:
    raise error


def modules(folder: str) -> list[Path]:
    """The Python files below `folder`."""
    return list(_modules(folder))


@cache
def _modules(folder: str) -> tuple[Path, ...]:
    return tuple(path for path in _files() if path.suffix == ".py" and path.is_relative_to(folder))


def imports(source: str, package: str = "") -> Iterator[Import]:
    """Every import in `source`, wherever it stands. `package` is what relative imports start from."""
    for node in _import_statements(source):
        match node:
            case ast.Import(names=names):
                yield from (Import(name.name, node.lineno) for name in names)
            case ast.ImportFrom(module=module, names=names, level=level):
                base = ".".join(package.split(".")[: len(package.split(".")) - level + 1]) if level else ""
                origin = ".".join(part for part in (base, module) if part)
                yield from (Import(f"{origin}.{name.name}", node.lineno) for name in names)


@cache
def _import_statements(source: str) -> tuple[ast.Import | ast.ImportFrom, ...]:
    """The statements of a source that import something. Many tests ask for those of the same files."""
    tree = _parse_through_imports(source)
    return tuple(node for node in statements(tree) if isinstance(node, ast.Import | ast.ImportFrom))


def _parse_through_imports(source: str) -> ast.Module:
    """`source` up to the first statement behind the last `import` in it: nothing is imported in what most files are.

    If that is no statement but within one, what comes before it cannot be parsed, and the whole is.
    """
    following = _AT_MARGIN.search(source, source.rfind("import") + 1)
    if following is not None:
        try:
            return ast.parse(source[: following.start()])
        except SyntaxError:
            pass
    return ast.parse(source)


def statements(node: ast.AST) -> Iterator[ast.AST]:
    """All statements below `node`. What is no statement is not looked through: it is most of a source."""
    for block in ("body", "orelse", "handlers", "finalbody", "cases"):
        for each in getattr(node, block, ()):
            yield each
            yield from statements(each)


def _is_left_out(folder: str) -> bool:
    return folder in ("__pycache__", "build") or folder.endswith(".egg-info") or (folder[0] == "." and folder != ".ci")

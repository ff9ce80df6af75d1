"""The repository's own files, for tests about them."""

import ast
from collections.abc import Iterator
from pathlib import Path

import msgspec

ROOT = Path(__file__).parents[2]
LAYERS = ("protocol", "actors", "config", "app")


class Import(msgspec.Struct, frozen=True):
    """A module that is imported, by its full name, and the line where."""

    module: str
    line: int


def files() -> list[Path]:
    """Every file of the tree, relative to its root; what tools keep in hidden folders apart from `.ci` is left out."""
    found = (path.relative_to(ROOT) for path in ROOT.rglob("*") if path.is_file())
    return sorted(path for path in found if not any(_is_left_out(part) for part in path.parent.parts))


def modules(folder: str) -> list[Path]:
    """The Python files below `folder`."""
    return [path for path in files() if path.suffix == ".py" and path.is_relative_to(folder)]


def imports(source: str, package: str = "") -> Iterator[Import]:
    """Every import in `source`, wherever it stands. `package` is what relative imports start from."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                yield from (Import(name.name, node.lineno) for name in names)
            case ast.ImportFrom(module=module, names=names, level=level):
                base = ".".join(package.split(".")[: len(package.split(".")) - level + 1]) if level else ""
                origin = ".".join(part for part in (base, module) if part)
                yield from (Import(f"{origin}.{name.name}", node.lineno) for name in names)
            case _:
                pass


def _is_left_out(folder: str) -> bool:
    return folder in ("__pycache__", "build") or folder.endswith(".egg-info") or (folder[0] == "." and folder != ".ci")

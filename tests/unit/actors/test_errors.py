"""The exceptions of a package end in `Error` and stand in one tree, printed at the top of its module `errors`."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from tests.kit.source import LAYERS, ROOT, modules

TREES = {
    "actors": "ActorsError",
    "app": "AppError",
    "app/telephony": "TelephonyError",
    "config": "ConfigurationError",
    "protocol": "WireError",
}
"""The root of the tree of each package. A tree below another package is a branch of that one's tree."""

NAMES_ONE_AS_BASE = re.compile(r"\bclass\s+\w+[^:]*\([^:]*(Error|Exception)\b")
"""What a module has that defines an exception."""

Exceptions = list[tuple[str, list[str]]]
"""Exceptions by name, each with the names of its bases."""


@cache
def defined_in(folder: str) -> Exceptions:
    """The exceptions that any module below `folder` defines."""
    found: Exceptions = []
    for path in modules(folder):
        found += defined_by(path)
    return found


@cache
def defined_by(path: Path) -> Exceptions:
    """The exceptions that one module defines."""
    source = (ROOT / path).read_text()
    # Few modules have any, and parsing one takes many times as long.
    if not NAMES_ONE_AS_BASE.search(source):
        return []
    classes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ClassDef)]
    found = [(node.name, [ast.unparse(base) for base in node.bases]) for node in classes]
    return [(name, bases) for name, bases in found if any(base.endswith(("Error", "Exception")) for base in bases)]


def exceptions(package: str) -> Exceptions:
    """The exceptions of the tree of `package`; of a branch that is printed elsewhere, its root alone."""
    found = defined_in(package)
    for branch, root in TREES.items():
        if branch.startswith(f"{package}/"):
            printed_there = defined_in(branch)
            found = [one for one in found if one[0] == root or one not in printed_there]
    return found


@pytest.mark.parametrize("package", TREES)
def test_every_exception_stands_in_the_tree_of_its_package(package: str) -> None:
    defined = exceptions(package)
    names = [name for name, _ in defined]
    strays = [name for name, bases in defined if name != TREES[package] and not set(bases) & set(names)]
    assert strays == []
    assert [name for name in names if not name.endswith("Error")] == []


@pytest.mark.parametrize("branch", [tree for tree in TREES if "/" in tree])
def test_a_branch_hangs_on_the_tree_of_its_package(branch: str) -> None:
    assert dict(defined_in(branch))[TREES[branch]] == [TREES[branch.split("/")[0]]]


def test_no_two_exceptions_have_one_name() -> None:
    names = [name for layer in LAYERS for name, _ in defined_in(layer)]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("package", TREES)
def test_the_tree_that_is_printed_is_the_one_that_there_is(package: str) -> None:
    text = ast.get_docstring(ast.parse((ROOT / Path(package) / "errors.py").read_text())) or ""
    printed = re.findall(r"^[ \u2500-\u257f]*(\w+Error)\b", text, re.MULTILINE)
    assert sorted(printed) == sorted(name for name, _ in exceptions(package))

"""The exceptions of a package end in `Error` and stand in one tree, printed at the top of its module `errors`."""

import ast
import re
from pathlib import Path

import pytest

from tests.kit.source import ROOT, modules

TREES = {
    "actors": "ActorsError",
    "app/telephony": "TelephonyError",
    "config": "ConfigurationError",
    "protocol": "WireError",
}
"""The root of the tree of each package that has one."""


def exceptions(package: str) -> dict[str, list[str]]:
    """The exceptions that `package` defines, each with the names of its bases."""
    found: dict[str, list[str]] = {}
    for path in modules(package):
        for node in ast.walk(ast.parse((ROOT / path).read_text())):
            if isinstance(node, ast.ClassDef):
                bases = [ast.unparse(base) for base in node.bases]
                if any(base.endswith(("Error", "Exception")) for base in bases):
                    found[node.name] = bases
    return found


@pytest.mark.parametrize("package", TREES)
def test_every_exception_stands_in_the_tree_of_its_package(package: str) -> None:
    defined = exceptions(package)
    root = TREES[package]
    strays = [name for name, bases in defined.items() if name != root and not set(bases) & set(defined)]
    assert strays == []
    assert [name for name in defined if not name.endswith("Error")] == []


@pytest.mark.parametrize("package", TREES)
def test_the_tree_that_is_printed_is_the_one_that_there_is(package: str) -> None:
    text = ast.get_docstring(ast.parse((ROOT / Path(package) / "errors.py").read_text())) or ""
    printed = re.findall(r"^[ \u2500-\u257f]*(\w+Error)\b", text, re.MULTILINE)
    assert sorted(printed) == sorted(exceptions(package))

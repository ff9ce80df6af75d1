"""Docstrings are sentences that a stranger understands alone: one of two or three words is none."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.source import ROOT, modules

SHORTEST = 26
"""Fewer characters than this say nothing that the name does not."""


def docstrings(path: Path) -> Iterator[tuple[str, str]]:
    """Each module, class and function of a file that has a docstring, with it."""
    tree = ast.parse((ROOT / path).read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            text = ast.get_docstring(node)
            if text is not None:
                yield f"{path}::{getattr(node, 'name', '')}", text


@pytest.mark.parametrize("package", ["actors", "protocol", "config", "app"])
def test_no_docstring_is_too_short_to_say_anything(package: str) -> None:
    found = dict(pair for path in modules(package) for pair in docstrings(path))
    assert {place: text for place, text in found.items() if len(text) < SHORTEST} == {}


@pytest.mark.parametrize("package", ["actors", "protocol", "config", "app"])
def test_every_module_says_what_it_is_for(package: str) -> None:
    silent = [path for path in modules(package) if not ast.get_docstring(ast.parse((ROOT / path).read_text()))]
    assert silent == []

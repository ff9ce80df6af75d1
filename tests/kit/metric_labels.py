"""The attributes that the product gives to each of its metrics, read from its source: what a query may ask for."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache

from tests.kit.source import LAYERS, ROOT, modules

RECORDS = frozenset(("add", "record", "set"))
OF_A_LINE = frozenset(("level", "extra"))
"""What `report_failure` takes besides the attributes of its counter."""
MAY_MEASURE = re.compile(r"\bcreate_|\breport_failure\b|\.(?:add|record|set)\b")
"""What a module has that makes an instrument or records by one: most have nothing of it, and parsing takes long."""

Found = defaultdict[str, set[str]]
"""Attributes by metric."""


@cache
def metric_labels() -> dict[str, frozenset[str]]:
    """By metric, the names of the attributes that any part of the product gives it; none for one without."""
    sources = [(ROOT / path).read_text(encoding="utf-8") for layer in LAYERS for path in modules(layer)]
    found = labels_in([ast.parse(source) for source in sources if MAY_MEASURE.search(source)])
    _walked.cache_clear()  # or the garbage collector would look through all the trees as long as the process lives
    return {name: frozenset(labels) for name, labels in found.items()}


def labels_in(trees: Iterable[ast.Module]) -> Found:
    """The same of these modules."""
    trees = tuple(trees)
    found: Found = defaultdict(set)
    of_parameters: Found = defaultdict(set)
    for tree in trees:
        named = instruments_of(tree)
        for name in named.values():
            found[name].update()
        _recorded(tree, named, found, of_parameters)
        _observed(tree, found)
    counters = {failure: name for tree in trees for failure, name in _failure_counters(tree)}
    for tree in trees:
        _reported(tree, counters, found)
        named = instruments_of(tree)
        for call in _calls(tree):
            # A class that counts by an instrument which it is given.
            for argument in call.args:
                if isinstance(argument, ast.Name) and argument.id in named:
                    found[named[argument.id]] |= of_parameters[_last_name(call.func)]
    return found


def instruments_of(tree: ast.Module) -> dict[str, str]:
    """The metrics of a module, by the names that it gives their instruments."""
    return {
        target.id: name
        for node in _walked(tree)
        if isinstance(node, ast.Assign) and (name := _made(node.value))
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _made(node: ast.AST) -> str:
    """The metric whose instrument an expression makes; empty for any other expression."""
    if isinstance(node, ast.Call) and _last_name(node.func).startswith("create_") and node.args:
        first = node.args[0]
        if isinstance(first, ast.Constant) and str(first.value).startswith("earshot."):
            return str(first.value)
    return ""


def _recorded(tree: ast.Module, named: dict[str, str], found: Found, of_parameters: Found) -> None:
    for owner in _walked(tree):
        if isinstance(owner, ast.ClassDef):
            for call in _calls(owner):
                if _is_record(call) and isinstance(call.func.value, ast.Attribute):  # type: ignore[attr-defined]
                    of_parameters[owner.name] |= _keys(call.args[1], tree)
    for call in _calls(tree):
        if _is_record(call) and _last_name(call.func.value) in named:  # type: ignore[attr-defined]
            found[named[_last_name(call.func.value)]] |= _keys(call.args[1], tree)  # type: ignore[attr-defined]


def _is_record(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and call.func.attr in RECORDS and len(call.args) == 2


def _observed(tree: ast.Module, found: Found) -> None:
    """Of observable instruments: what their callbacks give with each observation."""
    for call in _calls(tree):
        if (name := _made(call)) and "observable" in _last_name(call.func):
            callbacks = {each.id for each in ast.walk(call) if isinstance(each, ast.Name)}
            for node in _walked(tree):
                if isinstance(node, ast.FunctionDef) and node.name in callbacks:
                    for observed in _calls(node):
                        if _last_name(observed.func) == "Observation":
                            found[name] |= _keys(observed.args[1], node)


def _failure_counters(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """The kinds of failure that have a counter in a table, and the counter of each."""
    for node in _walked(tree):
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Attribute) and (name := _made(value)):
                    yield key.attr, name


def _reported(tree: ast.Module, counters: dict[str, str], found: Found) -> None:
    for name in counters.values():
        found[name].update()
    for call in _calls(tree):
        if _last_name(call.func) == "report_failure" and isinstance(call.args[0], ast.Attribute):
            given = {keyword.arg for keyword in call.keywords if keyword.arg is not None}
            found[counters[call.args[0].attr]] |= given - OF_A_LINE


def _calls(node: ast.AST) -> Iterator[ast.Call]:
    return (each for each in _walked(node) if isinstance(each, ast.Call))


@cache
def _walked(tree: ast.AST) -> tuple[ast.AST, ...]:
    """All nodes of a tree or a part of it, which are asked for several times."""
    return tuple(ast.walk(tree))


def _last_name(node: ast.AST) -> str:
    """What a name or an attribute is called; empty for any other expression."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _keys(node: ast.AST, within: ast.AST) -> set[str]:
    """The keys of a mapping that is written here, or assigned somewhere in `within` to what stands here."""
    if isinstance(node, ast.Dict):
        return {str(key.value) for key in node.keys if isinstance(key, ast.Constant)}
    if not (name := _last_name(node)):
        return set()
    return {
        key
        for each in ast.walk(within)
        if isinstance(each, ast.Assign | ast.AnnAssign) and isinstance(each.value, ast.Dict)
        for target in (each.targets if isinstance(each, ast.Assign) else [each.target])
        if _last_name(target) == name
        for key in _keys(each.value, within)
    }

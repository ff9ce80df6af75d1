"""Loads YAML without what nobody means by it, and quickly: every start and every check of a server reads some.

A date is the text that was written, and so is a time of day: `day: 2025-06-16` and `time: 14:30`, which YAML reads as
a date of Python's and as 870, are what a tool is called with.
"""

import re
from collections.abc import Hashable
from typing import Any

import yaml
from yaml.composer import Composer

_STRAY_MARK = re.compile(r"but got '[:\[{]'$|^did not find expected ',' or ")
"""Matches the error of the YAML parsers about a text such as `[where is {room}]`."""


class _Loader(yaml.SafeLoader):
    """Refuses the same key twice, which YAML allows."""


_LOADERS: list[Any] = [_Loader]
"""The loaders: the quickest first, the one with the clearest errors last."""

if yaml.__with_libyaml__:

    class _FastLoader(Composer, yaml.CSafeLoader):
        """Parses in C and composes in Python: libyaml's own composer overflows the stack where much is nested."""

        def __init__(self, text: str) -> None:
            yaml.CSafeLoader.__init__(self, text)
            Composer.__init__(self)

    _LOADERS.insert(0, _FastLoader)


def _mapping_without_doubles(loader: Any, node: yaml.MappingNode) -> dict[Hashable, Any]:
    keys: set[str] = set()
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise yaml.MarkedYAMLError(problem="a key must be a single word or text", problem_mark=key.start_mark)
        if key.value in keys and key.tag != "tag:yaml.org,2002:merge":
            raise yaml.MarkedYAMLError(problem=f"the key {key.value} is there twice", problem_mark=key.start_mark)
        keys.add(key.value)
    loader.flatten_mapping(node)
    mapping: dict[Hashable, Any] = loader.construct_mapping(node, deep=True)
    return mapping


_WITH_COLONS = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?")
"""Matches a number in base sixty, which is what YAML 1.1 takes a time of day for."""


def _text_or_number(loader: Any, node: yaml.ScalarNode) -> Any:
    if _WITH_COLONS.fullmatch(node.value):
        return node.value
    is_whole = node.tag.endswith(":int")
    return loader.construct_yaml_int(node) if is_whole else loader.construct_yaml_float(node)


def _as_written(_loader: Any, node: yaml.ScalarNode) -> str:
    return str(node.value)


for _loader in _LOADERS:
    _loader.add_constructor("tag:yaml.org,2002:timestamp", _as_written)
    _loader.add_constructor("tag:yaml.org,2002:int", _text_or_number)
    _loader.add_constructor("tag:yaml.org,2002:float", _text_or_number)
    _loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping_without_doubles)


def explained_problem(problem: str) -> str:
    """What the parser says is wrong, and how to mend it where a text has a mark that YAML takes for its own."""
    is_mark = _STRAY_MARK.search(problem) or problem == "mapping values are not allowed here"
    return f"{problem}: a text that holds any of , : [ ] {{ }} has to stand in quotes" if is_mark else problem


def load_yaml(text: str) -> Any:
    """What a YAML document holds, made of Python's own types.

    Raises:
        yaml.YAMLError: it is no YAML, or has a key twice.
        RecursionError: it is nested too deeply.
    """
    *fast, thorough = _LOADERS
    found: yaml.YAMLError | None = None
    for loader in fast:
        try:
            return yaml.load(text, loader)
        except yaml.YAMLError as error:
            found = error
    try:
        return yaml.load(text, thorough)
    except yaml.MarkedYAMLError as error:
        # PyYAML's own parser stumbles over what is right, such as `[Who is it?]`, before it comes to the fault.
        if found is not None and str(error.problem).endswith("but got '?'"):
            raise found from None
        raise

"""JSON schemas of the Structs that the API speaks, as the components of a document."""

from collections.abc import Iterable
from types import UnionType
from typing import Any, get_args

import msgspec

from protocol.problems import Problem
from protocol.schema_patterns import for_every_dialect

REF = "#/components/schemas/{name}"


def components(types: Iterable[Any]) -> tuple[dict[Any, dict[str, Any]], dict[str, Any]]:
    """The schema of each type, mostly a reference, and the components that they refer to, by name."""
    wanted = list(dict.fromkeys(types))
    apart = list(dict.fromkeys(each for type_ in wanted for each in _alternatives(type_)))
    made, named = msgspec.json.schema_components(apart, ref_template=REF)
    by_type = dict(zip(apart, for_every_dialect(made), strict=True))
    named = for_every_dialect(named)
    if problem := named.get(Problem.__name__):
        # Its default makes `type` optional for msgspec, but `Problem.encode` always writes it.
        problem["required"] = ["type", *problem["required"]]
    return {type_: _any_of([by_type[each] for each in _alternatives(type_)]) for type_ in wanted}, named


def _alternatives(type_: Any) -> tuple[Any, ...]:
    """The types of a union, which msgspec describes only if its Structs have tags."""
    return get_args(type_) if isinstance(type_, UnionType) else (type_,)


def _any_of(schemas: list[dict[str, Any]]) -> dict[str, Any]:
    return schemas[0] if len(schemas) == 1 else {"anyOf": schemas}

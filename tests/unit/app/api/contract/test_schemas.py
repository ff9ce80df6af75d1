"""Schemas of Structs, as documents need them."""

from typing import Annotated

import msgspec

from app.api.contract.schemas import components
from protocol.problems import Problem


class Word(msgspec.Struct, frozen=True):
    text: Annotated[str, msgspec.Meta(pattern=r"^[a-z]*\Z")]


class Number(msgspec.Struct, frozen=True):
    value: int


def test_a_struct_is_a_reference_to_its_component() -> None:
    schemas, named = components([Word, int])
    assert schemas == {Word: {"$ref": "#/components/schemas/Word"}, int: {"type": "integer"}}
    assert named["Word"]["required"] == ["text"]


def test_a_pattern_is_written_for_readers_that_are_not_python() -> None:
    assert components([Word])[1]["Word"]["properties"]["text"]["pattern"] == "^[a-z]*$"


def test_structs_without_tags_may_be_alternatives() -> None:
    either = Word | Number
    schemas, named = components([either])
    assert schemas[either] == {"anyOf": [{"$ref": f"#/components/schemas/{name}"} for name in ("Word", "Number")]}
    assert named.keys() == {"Word", "Number"}


def test_a_problem_always_says_its_type() -> None:
    assert components([Problem])[1]["Problem"]["required"] == ["type", "title", "status", "detail"]

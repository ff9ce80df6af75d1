"""Schemas of MCP servers: what models are sent of them, and what arguments are held against."""

from typing import Any

import msgspec
import pytest

from app.mcp.errors import McpError
from app.mcp.schemas import argument_struct, arguments_of, short_description, usable_schema

SCHEMA: dict[str, Any] = {
    "title": "find",
    "type": "object",
    "properties": {
        "user-id": {"type": "string"},
        "limit": {"type": "integer", "default": 1},
        "kind": {"enum": ["new", "old"]},
        "since": {"type": ["string", "null"]},
        "where": {"$ref": "#/$defs/Where"},
        "tags": {"type": "array"},
    },
    "required": ["user-id"],
    "$defs": {"Where": {"type": "object"}},
}


def read(raw: Any, **changes: Any) -> dict[str, Any]:
    return arguments_of(argument_struct("find", usable_schema({**SCHEMA, **changes})), raw)


def test_models_are_sent_what_every_provider_takes() -> None:
    usable = usable_schema({**SCHEMA, "anyOf": [{}], "$schema": "https://json-schema.org/draft/2020-12/schema"})
    assert set(usable) == {"type", "properties", "required", "$defs"}
    assert usable["properties"]["tags"] == {"type": "array", "items": {}}


def test_arguments_keep_their_names_and_get_their_types() -> None:
    raw = {"user-id": "7", "limit": "2", "kind": "new", "since": None, "where": {"x": 1}, "more": True}
    assert read(raw) == {**raw, "limit": 2}


def test_what_is_not_given_is_not_sent() -> None:
    assert read({"user-id": "7"}) == {"user-id": "7"}


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        ({}, "missing required field `user-id`"),
        ({"user-id": 7}, "Expected `str`, got `int` - at `$.user-id`"),
        ({"user-id": "7", "limit": "many"}, "at `$.limit`"),
        ({"user-id": "7", "kind": "odd"}, "Invalid enum value 'odd'"),
        ([], "Expected `object`"),
    ],
)
def test_wrong_arguments_are_named(raw: Any, error: str) -> None:
    with pytest.raises(msgspec.ValidationError) as raised:
        read(raw)
    assert error in str(raised.value)


def test_a_schema_that_takes_no_more_refuses_more() -> None:
    with pytest.raises(msgspec.ValidationError, match="unknown field `more`"):
        read({"user-id": "7", "more": 1}, additionalProperties=False)


def nested(depth: int) -> dict[str, Any]:
    node: dict[str, Any] = {}
    for _ in range(depth):
        node = {"items": node}
    return {"type": "object", "properties": {"a": node}}


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ({"type": "array"}, "describes no object"),
        ({}, "describes no object"),
        (None, "describes no object"),
        ({"type": "object", "properties": []}, "its schema is none: properties"),
        ({"type": "object", "properties": {"a": {"type": "text"}}}, "its schema is none: properties.a.type"),
        ({"type": "object", "required": ["a"]}, "requires what it does not describe"),
        ({"type": "object", "properties": {"a": {"description": "x" * 20_000}}}, "is longer than 16000 characters"),
        (nested(1_500), "its schema cannot be read"),
    ],
)
def test_a_schema_that_no_model_could_be_sent_is_refused(schema: Any, reason: str) -> None:
    with pytest.raises(McpError) as raised:
        usable_schema(schema)
    assert reason in str(raised.value)


def test_a_description_is_a_bounded_line() -> None:
    assert short_description("Find\n  a\x00customer. ") == "Find a customer."
    assert len(short_description("word " * 1_000)) == 2_000

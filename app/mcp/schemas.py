"""The JSON schema of a tool as an MCP server gives it: made fit for models, and what arguments are held against.

Only the outermost level is checked here, with the same errors as for own tools. The rest is the server's to check: its
schema may hold patterns and references that cost more than the call.
"""

import re
from collections.abc import Mapping
from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from app.mcp.errors import McpError

MAX_SCHEMA_CHARS = 16_000
MAX_DESCRIPTION_CHARS = 2_000
_AT_THE_TOP = ("properties", "required", "additionalProperties", "$defs", "definitions")
"""Keywords that may stand beside `type` at the top of a schema; providers refuse requests with `anyOf` and others
there."""
_TYPES: Mapping[str, Any] = {
    "string": str,
    "integer": int,
    "number": float,
    "boolean": bool,
    "array": list[Any],
    "object": dict[str, Any],
    "null": None,
}


def usable_schema(schema: Any) -> dict[str, Any]:
    """`schema` as it can be sent to any model.

    Raises:
        McpError: it describes no object, is too long, or is no schema.
    """
    try:
        if len(msgspec.json.encode(schema)) > MAX_SCHEMA_CHARS:
            raise McpError(f"its schema is longer than {MAX_SCHEMA_CHARS} characters")
        if not isinstance(schema, dict) or schema.get("type") != "object":
            raise McpError("its schema describes no object")
        whole: dict[str, Any] = _with_items(
            {"type": "object", **{key: schema[key] for key in _AT_THE_TOP if key in schema}}
        )
        from jsonschema import Draft202012Validator
        from jsonschema.exceptions import SchemaError

        try:
            Draft202012Validator.check_schema(whole)
        except SchemaError as error:
            raise McpError(f"its schema is none: {'.'.join(map(str, error.absolute_path)) or 'at the top'}") from None
    except (RecursionError, TypeError, ValueError):
        raise McpError("its schema cannot be read") from None
    whole.setdefault("properties", {})
    if not set(whole.get("required", ())) <= set(whole["properties"]):
        raise McpError("its schema requires what it does not describe")
    return whole


def argument_struct(name: str, schema: Mapping[str, Any]) -> type[msgspec.Struct]:
    """A Struct for the arguments that `schema` describes, as `usable_schema` gives it.

    A field that is not required is UNSET when it is not given.
    """
    fields: list[tuple[str, Any] | tuple[str, Any, Any]] = []
    names: dict[str, str] = {}
    for index, (key, described) in enumerate(schema["properties"].items()):
        field = f"field_{index}"
        names[field] = key
        hint = _hint(described)
        required = key in schema.get("required", ())
        fields.append((field, hint) if required else (field, hint if hint is Any else hint | UnsetType, UNSET))
    closed = schema.get("additionalProperties") is False
    return msgspec.defstruct(name, fields, rename=names, kw_only=True, forbid_unknown_fields=closed)


def arguments_of(struct: type[msgspec.Struct], raw: Any) -> dict[str, Any]:
    """The arguments in `raw` by their own names, as far as possible of the types that the struct asks for.

    Raises:
        msgspec.ValidationError: they are not what it asks for.
    """
    values = msgspec.convert(raw, struct, strict=False)
    read: dict[str, Any] = dict(raw)
    for field in msgspec.structs.fields(struct):
        value = getattr(values, field.name)
        if value is not UNSET:
            read[field.encode_name] = value
    return read


def short_description(text: str) -> str:
    """A description in one line of at most MAX_DESCRIPTION_CHARS characters."""
    return " ".join(re.sub(r"[\x00-\x1f\x7f]", " ", text).split())[:MAX_DESCRIPTION_CHARS]


def _hint(described: Any) -> Any:
    """The type of a property; Any where it has none that is simple."""
    if not isinstance(described, dict) or any(key in described for key in ("$ref", "anyOf", "oneOf", "allOf", "not")):
        return Any
    options = described.get("enum")
    if isinstance(options, list) and options and all(type(option) is str for option in options):
        return Literal[tuple(options)]
    kinds = described.get("type")
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if options is not None or not isinstance(kinds, list) or not kinds or not all(kind in _TYPES for kind in kinds):
        return Any
    hint = _TYPES[kinds[0]]
    for kind in kinds[1:]:
        hint = hint | _TYPES[kind] if hint is not None else _TYPES[kind] | None
    return hint


def _with_items(node: Any) -> Any:
    """`node` with `items` for each array: some providers refuse a schema without."""
    if isinstance(node, list):
        return [_with_items(each) for each in node]
    if not isinstance(node, dict):
        return node
    made = {key: _with_items(value) for key, value in node.items()}
    if made.get("type") == "array":
        made.setdefault("items", {})
    return made

"""Patterns of JSON schemas, which Python and the readers of a schema write differently."""

from typing import Any

END = r"\Z"
r"""Matches the end of a text in Python, where `$` would also match before a final line break, so that `123\n` would
pass for digits. In ECMA-262, which JSON schemas follow, `$` matches the end only, and `\Z` is unknown."""


def for_every_dialect(schema: Any) -> Any:
    """The schema with its patterns as ECMA-262 writes them, which every dialect of JSON Schema reads."""
    match schema:
        case dict():
            return {
                key: value.replace(END, "$")
                if key == "pattern" and isinstance(value, str)
                else for_every_dialect(value)
                for key, value in schema.items()
            }
        case list() | tuple():
            return [for_every_dialect(item) for item in schema]
        case _:
            return schema

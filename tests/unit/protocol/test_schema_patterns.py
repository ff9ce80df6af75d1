"""Patterns of schemas, for Python and for others."""

import re

import msgspec
import pytest

from actors.agent import Name
from actors.conversation import KeyPattern
from actors.mcp_server import McpServerOptions
from app.dialogue.schema import Identifier
from app.tools.telephone import Keys, send_keys
from protocol.schema_patterns import for_every_dialect
from tests.kit.source import ROOT


def test_a_pattern_ends_as_others_write_it_and_all_else_stays() -> None:
    schema = {"a": [{"pattern": r"^a\Z", "title": r"\Z"}, 1], "pattern": {"pattern": r"^(b|c)\Z"}}
    assert for_every_dialect(schema) == {
        "a": [{"pattern": "^a$", "title": r"\Z"}, 1],
        "pattern": {"pattern": "^(b|c)$"},
    }


@pytest.mark.parametrize(("type_", "text"), [(Name, "agent"), (Identifier, "slot"), (Keys, "12#")])
def test_a_line_break_at_the_end_is_no_part_of_a_name_or_of_keys(type_: type[str], text: str) -> None:
    assert msgspec.convert(text, type_) == text
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(text + "\n", type_)


def test_nor_of_what_a_struct_holds() -> None:
    for given, struct in (({"terminator": "#\n"}, KeyPattern), ({"name": "crm\n"}, McpServerOptions)):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(given, struct)


def test_a_model_reads_patterns_that_it_knows() -> None:
    assert send_keys.schema.parameters["properties"]["keys"]["pattern"] == "^[0-9*#A-D]{1,32}$"


def test_no_pattern_of_ours_ends_before_a_line_break() -> None:
    """But for telephone numbers, whose pattern is in the contract, and whose Structs look again."""
    ends = re.compile(r'pattern=rf?"[^"]*\$"')
    sources = [path for room in ("actors", "app", "protocol", "config") for path in (ROOT / room).rglob("*.py")]
    assert [path.name for path in sources if ends.search(path.read_text())] == []

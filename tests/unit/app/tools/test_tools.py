"""The tools that ship, as all of them are found by name."""

import pytest

from actors.tools import OnInterruption, ToolDefinitionError
from app.tools import load_tools, plain_function

TOOLS = load_tools()


def test_what_must_not_be_done_by_halves_is_not_cancelled() -> None:
    for name, tool in TOOLS.items():
        changes = name.startswith(("book", "move", "cancel", "transfer", "put_on_hold", "take_off_hold"))
        assert (tool.on_interruption is OnInterruption.FINISH) == changes, name
        assert tool.schema.description


def test_each_tool_is_found_by_its_own_name() -> None:
    assert all(tool.name == name for name, tool in TOOLS.items())
    assert {"end_conversation", "free_times", "transfer_call", "set_language"} & set(TOOLS) >= {
        "end_conversation",
        "free_times",
        "transfer_call",
    }


def test_a_plain_function_is_no_tool_until_an_agent_names_it() -> None:
    assert plain_function("free_times") is None, "it is a tool already"
    assert plain_function("_modules") is None, "it is private"
    assert plain_function("no_such_function") is None


def test_a_module_that_cannot_be_imported_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(name: str) -> None:
        raise SystemExit("the module wants to end the process")

    monkeypatch.setattr("app.tools.importlib.import_module", broken)
    with pytest.raises(ToolDefinitionError, match=r"app\.tools\.\w+ cannot be imported: .*SystemExit"):
        load_tools()

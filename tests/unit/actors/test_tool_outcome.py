"""What a tool came to, as a model reads it: JSON, and never more than two pages."""

import msgspec

from actors.tool_outcome import MAX_RESULT_CHARS, ToolEnding, ToolOutcome, shortened


def test_a_result_is_read_as_json() -> None:
    assert ToolOutcome({"times": ["09:00"]}).text == '{"times":["09:00"]}'
    assert ToolOutcome("ok").text == '"ok"'


def test_one_that_fits_is_left_alone() -> None:
    outcome = ToolOutcome("x" * (MAX_RESULT_CHARS - 2))
    assert shortened(outcome) is outcome


def test_of_a_longer_one_the_model_gets_the_beginning_and_is_told_so() -> None:
    outcome = ToolOutcome("x" * MAX_RESULT_CHARS, ToolEnding.HANDOFF, failed=True)
    less = shortened(outcome)
    assert less.result["note"] == f"only the beginning of the result is here: it has {MAX_RESULT_CHARS + 2} characters"
    assert outcome.text.startswith(less.result["beginning"])
    assert len(less.result["beginning"]) == MAX_RESULT_CHARS
    assert msgspec.structs.replace(less, result=outcome.result) == outcome

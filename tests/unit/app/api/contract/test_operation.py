"""The usual answer of an operation."""

from app.api.contract.operation import JSON, ok


def test_the_usual_answer_is_json() -> None:
    (answer,) = ok("All of it", int, 7).values()
    assert (answer.description, answer.type, answer.example, answer.media_types) == ("All of it", int, 7, (JSON,))

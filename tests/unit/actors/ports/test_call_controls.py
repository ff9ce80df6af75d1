"""An order that was not carried out: what a model may read is apart from what operators read."""

from actors.ports.call_controls import CallError, CallTrouble


def test_the_text_of_the_error_is_for_the_model_and_its_cause_for_operators() -> None:
    error = CallError(CallTrouble.REFUSED, "the line is busy", cause="486/10057", retry_after_s=2.0)
    assert str(error) == "the line is busy"
    assert (error.trouble, error.cause, error.retry_after_s) == (CallTrouble.REFUSED, "486/10057", 2.0)


def test_nothing_is_known_of_the_cause_unless_it_is_said() -> None:
    error = CallError(CallTrouble.GONE, "the call is over")
    assert (error.cause, error.retry_after_s) == ("", None)

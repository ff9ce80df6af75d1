"""What an agent must not say is not spoken."""

from actors.agent import Guardrail, GuardrailAction
from actors.rules.guardrails import Guarded, guarded

CARD = Guardrail(name="card", pattern=r"\b(?:\d[ -]?){13,16}\b", say="your card")
ADVICE = Guardrail(name="advice", pattern="you should sue", action=GuardrailAction.STOP, say="I may not advise you.")
RAILS = (CARD, ADVICE)


def test_what_breaks_none_is_spoken() -> None:
    assert guarded(RAILS, "Hello. ", "How are you?") == Guarded("How are you?")


def test_every_place_is_redacted() -> None:
    piece = "It is 4111 1111 1111 1111, not 4222222222222222."
    assert guarded(RAILS, "", piece) == Guarded("It is your card, not your card.", ("card",))


def test_a_reply_is_stopped() -> None:
    assert guarded(RAILS, "Well, ", "YOU should sue them.") == Guarded(
        "I may not advise you.", ("advice",), is_end=True
    )


def test_what_spans_two_pieces_is_found_in_the_second() -> None:
    assert guarded(RAILS, "I think you should", " sue.").is_end
    assert guarded((CARD,), "It is 4111 1111 ", "1111 1111.") == Guarded("your card.", ("card",))


def test_what_was_said_before_is_not_found_again() -> None:
    assert guarded(RAILS, "you should sue. ", "Or not.") == Guarded("Or not.")


def test_both_may_be_broken_at_once() -> None:
    found = guarded(RAILS, "", "4111111111111111: you should sue.")
    assert found == Guarded("I may not advise you.", ("card", "advice"), is_end=True)


def test_what_a_model_judges_by_is_no_pattern() -> None:
    topic = Guardrail(name="money", topic="gold")
    assert guarded((topic, CARD), "", "gold, 4111111111111111") == Guarded("gold, your card", ("card",))

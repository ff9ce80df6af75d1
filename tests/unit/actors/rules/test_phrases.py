"""Which of its phrases an agent says."""

import msgspec
import pytest

from actors.agent import Agent, Guardrail, GuardrailAction, Phrases
from actors.conversation import UtteranceKind
from actors.rules.phrases import BUSY, GUARDRAIL, NO_ANSWER, REFUSED, SAY_AGAIN, phrase_of

PHRASES = Phrases(
    apology="Sorry.",
    say_again="Again?",
    no_answer="Nothing.",
    busy="Busy.",
    refused="No.",
    hold_on="Hold on.",
    goodbye="Bye.",
    fillers=("Well.",),
    no_input=("Hm?", "So?"),
)
AGENT = Agent(name="a", label="A", greeting="Hello.", phrases=PHRASES)


@pytest.mark.parametrize(
    ("kind", "index", "text"),
    [
        (UtteranceKind.GREETING, 0, "Hello."),
        (UtteranceKind.PROMPT, 1, "So?"),
        (UtteranceKind.APOLOGY, 0, "Sorry."),
        (UtteranceKind.APOLOGY, SAY_AGAIN, "Again?"),
        (UtteranceKind.APOLOGY, NO_ANSWER, "Nothing."),
        (UtteranceKind.APOLOGY, BUSY, "Busy."),
        (UtteranceKind.APOLOGY, REFUSED, "No."),
        (UtteranceKind.GOODBYE, 0, "Bye."),
    ],
)
def test_each_kind_has_its_own(kind: UtteranceKind, index: int, text: str) -> None:
    assert phrase_of(AGENT, kind, index) == text


def test_no_filler_is_said_twice_in_a_row_even_if_there_is_one_alone() -> None:
    assert [phrase_of(AGENT, UtteranceKind.FILLER, n) for n in range(3)] == ["Well.", "Hold on.", "Well."]
    several = msgspec.structs.replace(PHRASES, fillers=("A.", "B."))
    agent = msgspec.structs.replace(AGENT, phrases=several)
    assert [phrase_of(agent, UtteranceKind.FILLER, n) for n in range(3)] == ["A.", "B.", "A."]


@pytest.mark.parametrize(
    ("rails", "index", "text"),
    [
        ((Guardrail(name="a", pattern="a", action=GuardrailAction.STOP, say="Not that."),), 0, "Not that."),
        ((Guardrail(name="a", pattern="a", action=GuardrailAction.STOP),), 0, "No."),
        ((Guardrail(name="a", pattern="a", say="something"),), 0, "No."),
        ((), 3, "No."),
    ],
)
def test_where_a_guardrail_ends_a_reply_its_own_words_are_said_or_those_for_a_refusal(
    rails: tuple[Guardrail, ...], index: int, text: str
) -> None:
    agent = msgspec.structs.replace(AGENT, guardrails=rails)
    assert phrase_of(agent, UtteranceKind.APOLOGY, GUARDRAIL + index) == text


def test_a_reply_is_no_phrase() -> None:
    with pytest.raises(ValueError, match="written by the model"):
        phrase_of(AGENT, UtteranceKind.REPLY, 0)

"""What of a model's text reaches the caller, in a whole session on virtual time."""

from collections.abc import Sequence

import msgspec

from actors.agent import Agent, Guardrail, GuardrailAction
from actors.messages.caller import TextEntered
from actors.messages.output import ReplyHeard
from actors.ports.llm import ModelEvent, ModelRequest, ReplyGenerated, TextGenerated
from actors.runtime.clock import run_virtual
from actors.session.replies.reply_filter import AsItComes, ReplyFilter
from tests.kit.fakes import FakeModel
from tests.kit.session_kit import AGENT, stage

QUIET: Agent = msgspec.structs.replace(AGENT, greeting="")


def heard(agent: Agent, *tokens: str) -> list[str]:
    """What is heard of one reply."""

    def script(_: ModelRequest) -> Sequence[ModelEvent | float]:
        return [*map(TextGenerated, tokens), ReplyGenerated()]

    async def main() -> list[str]:
        async with stage(agent=agent, model=FakeModel(script)) as on:
            on.entry.deliver(TextEntered("hello"))
            await on.ear.until_count(ReplyHeard, 1)
            return [reply.text for reply in on.ear.of(ReplyHeard)]

    return run_virtual(main())


def test_what_was_heard_is_what_was_spoken() -> None:
    assert heard(QUIET, "<think>hm", "m</think>**Yes**, ", "of course \U0001f642.") == ["Yes, of course."]


def test_an_agent_may_have_it_spoken_as_it_comes() -> None:
    assert heard(msgspec.structs.replace(QUIET, speaks_markup=True), "**Yes.**") == ["**Yes.**"]


def test_a_guardrail_ends_the_reply_before_the_forbidden_clause() -> None:
    rail = Guardrail(name="advice", pattern="sue", action=GuardrailAction.STOP, say="I may not say.")
    agent = msgspec.structs.replace(QUIET, guardrails=(rail,))
    assert heard(agent, "That is a pity. ", "You should sue them. ", "Today.") == ["That is a pity. I may not say."]


def test_a_guardrail_holds_for_the_last_words_too() -> None:
    rail = Guardrail(name="advice", pattern="sue", action=GuardrailAction.STOP, say="I may not say.")
    agent = msgspec.structs.replace(QUIET, guardrails=(rail,))
    assert heard(agent, "You should sue them") == ["I may not say."]


def test_what_a_model_speaks_by_itself_is_not_filtered() -> None:
    rail = Guardrail(name="advice", pattern="sue", say="no")
    agent = msgspec.structs.replace(QUIET, guardrails=(rail,))
    assert AsItComes(agent).push("<think>") == "<think>"
    assert AsItComes(agent).finish() == ""
    assert AsItComes(agent).piece("", "sue").text == "sue"
    assert ReplyFilter(agent).piece("", "sue").text == "no"


def looked_at(*texts: str, pattern: str = r"\bsue\b") -> list[int | None]:
    """Which guardrail is broken by the words of a model that speaks by itself, after each text and at the end."""
    rails = (Guardrail(name="other", pattern="never"), Guardrail(name="advice", pattern=pattern))
    words = AsItComes(msgspec.structs.replace(QUIET, guardrails=rails))
    found = []
    for text in texts:
        assert words.push(text) == text
        found.append(words.forbidden)
    assert words.finish() == ""
    return [*found, words.forbidden]


def test_each_word_that_a_model_speaks_by_itself_is_looked_at_as_soon_as_it_is_whole() -> None:
    assert looked_at("You should", " sue", " them.") == [None, None, 1, 1]
    assert looked_at("You should sue") == [None, 1]
    assert looked_at("You should sue", "de it.") == [None, None, None]
    assert looked_at("4111 1111 1111 ", "1111", ".", pattern=r"\b(?:\d[ -]?){13,16}\b") == [None, None, 1, 1]
    assert looked_at("\u4f60\u5e94\u8be5\u8d77\u8bc9", pattern="\u8d77\u8bc9") == [1, 1]


def test_another_reply_is_looked_at_by_itself() -> None:
    agent = msgspec.structs.replace(QUIET, guardrails=(Guardrail(name="advice", pattern="sue"),))
    words = AsItComes(agent)
    words.push("You should sue them.")
    found = [words.forbidden]
    words.begin()
    assert [*found, words.forbidden, ReplyFilter(agent).forbidden] == [0, None, None]

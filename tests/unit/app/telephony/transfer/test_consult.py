"""What is said to somebody who is asked whether they take a caller, and what their answers mean."""

import asyncio

import msgspec
import pytest

from actors.agent import Agent, VoicemailAction
from actors.conversation import ChatMessage, Role
from actors.ports.llm import ModelRequest, TextGenerated, ToolCalled
from app.dialogue.schema import ScriptedAgent
from app.telephony.transfer.consult import (
    ANSWERS,
    DECIDES_S,
    MAX_BRIEFING_CHARS,
    Answer,
    Consult,
    Decision,
    is_consult,
    meaning_of,
)
from tests.kit.session_kit import AGENT

SCRIPTED = msgspec.convert(msgspec.to_builtins(AGENT), ScriptedAgent)
YES, NO, AGAIN, UNCLEAR = Answer.YES, Answer.NO, Answer.AGAIN, Answer.UNCLEAR


def answers(*said: str, agent: Agent = AGENT) -> tuple[list[str], Decision | None]:
    """What is said to each answer, "hangs up" included, and the decision, if there is one by then."""

    async def main() -> tuple[list[str], Decision | None]:
        consult = Consult(agent, "Ada asks about an invoice.")
        told = []
        for number, text in enumerate(said, 1):
            message = ChatMessage(role=Role.USER, text=text, turn=number)
            request = ModelRequest(session_id="s", agent=agent, turn=number, messages=(message,))
            async for event in consult.reply(request):
                if isinstance(event, TextGenerated):
                    told.append(event.text)
                elif isinstance(event, ToolCalled):
                    told.append("hangs up")
        await consult.close()
        return told, consult.decision.result() if consult.decision.done() else None

    return asyncio.run(main())


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("1", YES),
        ("2", NO),
        ("3", UNCLEAR),
        ("Yes.", YES),
        ("yeah sure", YES),
        ("Okay, put them through.", YES),
        ("No problem, go ahead!", YES),
        ("no", NO),
        ("Sorry, I can't right now.", NO),
        ("yes but not now", NO),
        ("Say that again?", AGAIN),
        ("What is it about?", AGAIN),
        ("the weather", UNCLEAR),
        ("", UNCLEAR),
        ("nothing", UNCLEAR),
    ],
)
def test_what_an_answer_means(text: str, meaning: Answer) -> None:
    assert meaning_of(text, ("en-US",)) is meaning


def test_who_takes_the_call_hears_nothing_more_of_it() -> None:
    assert answers("yes") == ([AGENT.phrases.hold_on], Decision.TAKEN)


def test_what_is_said_after_a_decision_changes_it_no_more() -> None:
    assert answers("yes", "no") == ([AGENT.phrases.hold_on] * 2, Decision.TAKEN)
    declined = [AGENT.phrases.consult_declined, "hangs up"]
    assert answers("no", "yes, thank you") == (declined * 2, Decision.DECLINED)


def test_who_declines_is_said_goodbye_to() -> None:
    assert answers("no") == ([AGENT.phrases.consult_declined, "hangs up"], Decision.DECLINED)


def test_they_are_asked_again_and_may_hear_it_again_but_not_for_ever() -> None:
    told, decision = answers("hm", "repeat that", "hm")
    question = AGENT.phrases.consult_question
    assert told == [question, f"{AGENT.phrases.consult} Ada asks about an invoice. {question}", question]
    assert decision is None
    told, decision = answers(*["hm"] * ANSWERS)
    assert (told[-1], decision) == ("hangs up", Decision.UNDECIDED)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en-US", "Please go ahead and leave a message after the tone."),
        ("en-GB", "You have reached Bob, I can't take your call, sure, leave a message, okay bye"),
        ("de-DE", "Ja, hier ist die Mailbox von Bob, gerne können Sie nach dem Signalton sprechen."),
        ("es-ES", "Sí, ha llamado a Bob, adelante, deje su mensaje, claro."),
    ],
)
def test_a_mailbox_takes_no_call_whatever_words_it_has(language: str, text: str) -> None:
    agent = msgspec.structs.replace(AGENT, languages=(language,))
    assert answers(text, agent=agent) == ([AGENT.phrases.consult_declined, "hangs up"], Decision.UNDECIDED)


@pytest.mark.parametrize(
    ("language", "text", "meaning"),
    [
        ("de-DE", "Ja gerne.", YES),
        ("de-DE", "Kein Problem, stellen Sie durch.", YES),
        ("de-DE", "Nein, jetzt nicht.", NO),
        ("de-DE", "Wie bitte?", AGAIN),
        ("es-ES", "Sí, claro.", YES),
        ("es-ES", "No puedo, más tarde.", NO),
        ("es-ES", "¿Quién?", AGAIN),
        ("es-ES", "2", NO),
    ],
)
def test_what_an_answer_means_in_other_languages(language: str, text: str, meaning: Answer) -> None:
    assert meaning_of(text, (language,)) is meaning


@pytest.mark.parametrize("agent", [AGENT, SCRIPTED], ids=["agent", "scripted agent"])
def test_the_same_voice_says_what_it_is_about_and_has_nothing_else_of_the_agents(agent: Agent) -> None:
    async def main() -> Agent:
        return Consult(agent, "x" * 2 * MAX_BRIEFING_CHARS).agent

    asking = asyncio.run(main())
    assert (asking.name, asking.voice, asking.languages) == (agent.name, agent.voice, agent.languages)
    assert asking.greeting.startswith(agent.phrases.consult)
    assert asking.greeting.endswith(agent.phrases.consult_question)
    assert len(asking.greeting) < MAX_BRIEFING_CHARS + 400
    assert (asking.tools, asking.handoffs, asking.on_session) == ((), (), "")
    assert asking.phrases.goodbye == agent.phrases.consult_over
    assert asking.voicemail is VoicemailAction.HANG_UP
    assert asking.limits.max_session_s <= 2 * DECIDES_S


def test_the_secret_of_such_a_call_says_so() -> None:
    assert is_consult("consult_abc")
    assert not is_consult("abc_consult_")

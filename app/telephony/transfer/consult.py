"""The conversation with somebody who is asked whether they take a caller: they are briefed, and say yes or no.

It is a session like any other, in the agent's own voice, with a model that knows nothing but the briefing: so key
presses, interruptions, silence and the end of the line work as they always do. It is neither stored nor shown, since it
would be told under the number of the person who is asked. An answering machine that takes the call is hung up on.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from enum import StrEnum
from typing import ClassVar

import msgspec

from actors.agent import Agent, VoicemailAction
from actors.conversation import KeyPattern, Role
from actors.ports.llm import ModelEvent, ModelRequest, ReplyGenerated, TextGenerated, ToolCalled
from actors.rules.answering_machine import Heard, Verdict, judged
from actors.rules.backchannel import words_of
from actors.tools import AnyTool, end_conversation
from actors.turn_taking_settings import BargeIn, PhasePolicy
from app.telephony.transfer.consult_words import words_for

ANSWERS = 4
"""How many answers that are neither yes nor no count as a no."""
DECIDES_S = 90.0
"""Seconds within which the person who has answered has to decide whether they take the caller."""
CONSULTS = "consult_"
"""The beginning of the secrets of consultation calls: a worker that does not have such a call recognises its media
socket by it."""
MAX_BRIEFING_CHARS = 1_000
"""The most characters of a briefing: some seventy seconds of speech."""

_AT_ONCE = PhasePolicy(confirm_words=1)


class Decision(StrEnum):
    """What somebody has decided who was asked whether they take a caller."""

    TAKEN = "taken"
    DECLINED = "declined"
    UNDECIDED = "undecided"
    """The person has said nothing that decides, or has hung up."""


class Answer(StrEnum):
    """What an answer means, to the question whether they take the call."""

    YES = "yes"
    NO = "no"
    AGAIN = "again"
    UNCLEAR = "unclear"


class Consult:
    """Asks one person whether they take a caller over. Implements `LanguageModel`; belongs to the loop's thread.

    Args:
        agent: whose caller it is.
        briefing: what the person is to know.
    """

    tools: ClassVar[Mapping[str, AnyTool]] = {end_conversation.name: end_conversation}
    """The tools of the model in such a session."""

    def __init__(self, agent: Agent, briefing: str) -> None:
        self._phrases = agent.phrases
        self._languages = agent.languages
        self._offer = _joined(agent.phrases.consult, briefing[:MAX_BRIEFING_CHARS], agent.phrases.consult_question)
        self._unclear = 0
        self.agent = _briefer(agent, self._offer)
        self.decision: asyncio.Future[Decision] = asyncio.get_running_loop().create_future()
        """The person's first decision, once they have made one."""

    async def reply(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
        """Take their answer, or ask again."""
        said = request.messages[-1]
        if said.role is Role.USER:
            for event in self._answer(said.text):
                yield event
        yield ReplyGenerated()

    def _answer(self, text: str) -> list[ModelEvent]:
        answer = meaning_of(text, self._languages)
        if judged(Heard(text=text), self._languages).verdict is Verdict.MACHINE and not self.decision.done():
            # A mailbox that was taken for a person at first: "go ahead, and leave a message after the tone".
            self.decision.set_result(Decision.UNDECIDED)
        if not self.decision.done():
            self._judge(answer)
        if not self.decision.done():
            return [TextGenerated(self._offer if answer is Answer.AGAIN else self._phrases.consult_question)]
        if self.decision.result() is Decision.TAKEN:
            # What they hear next is the caller.
            return [TextGenerated(self._phrases.hold_on)]
        return [TextGenerated(self._phrases.consult_declined), _END]

    def _judge(self, answer: Answer) -> None:
        if answer is Answer.YES:
            self.decision.set_result(Decision.TAKEN)
        elif answer is Answer.NO:
            self.decision.set_result(Decision.DECLINED)
        else:
            self._unclear += 1
            if self._unclear >= ANSWERS:
                self.decision.set_result(Decision.UNDECIDED)

    async def close(self) -> None:
        """Do nothing: the model holds no connection open."""


_END = ToolCalled(call_id="end", name=end_conversation.name, arguments="{}")


def is_consult(secret: str) -> bool:
    """Whether a call with this secret asks somebody to take a caller: no other worker can go on with it."""
    return secret.startswith(CONSULTS)


def meaning_of(text: str, languages: tuple[str, ...]) -> Answer:
    """What somebody answers who is asked whether they take a caller, by words or by key."""
    spoken = words_of(text)
    if spoken in (["1"], ["2"]):
        return Answer.YES if spoken == ["1"] else Answer.NO
    said = f" {' '.join(spoken)} "
    tables = words_for(languages)
    for answer, kind in (
        (Answer.YES, "takes"),
        (Answer.NO, "declines"),
        (Answer.AGAIN, "repeats"),
        (Answer.YES, "agrees"),
    ):
        if any(f" {' '.join(words_of(phrase))} " in said for table in tables for phrase in getattr(table, kind)):
            return answer
    return Answer.UNCLEAR


def _joined(*parts: str) -> str:
    return " ".join(part.strip() for part in parts if part.strip())


def _briefer(agent: Agent, offer: str) -> Agent:
    """The agent as it talks with the person: the same voice, which says the offer and takes any word for an answer."""
    return msgspec.structs.replace(
        agent,
        greeting=offer,
        in_language={},
        barge_in=BargeIn(greeting=_AT_ONCE, speaking=_AT_ONCE, backchannels=()),
        phrases=msgspec.structs.replace(agent.phrases, goodbye=agent.phrases.consult_over),
        limits=msgspec.structs.replace(agent.limits, max_session_s=min(2 * DECIDES_S, agent.limits.max_session_s)),
        keys=KeyPattern(length=1),
        voicemail=VoicemailAction.HANG_UP,
        tools=(),
        handoffs=(),
        guardrails=(),
        # It is about a caller, who is known already.
        on_session="",
    )

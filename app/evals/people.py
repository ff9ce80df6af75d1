"""People of an evaluation that a language model plays: callers who want something, and judges of what came of it."""

import asyncio
from collections.abc import Sequence

import msgspec

from actors.agent import Agent, Model
from actors.conversation import ChatMessage, Role
from actors.errors import ModelError
from actors.ports.llm import LanguageModel, ModelRequest
from actors.session.replies.aside_answer import AsideAnswer
from app.errors import AppError
from app.evals.listener import Moment
from app.evals.scenario import Persona

WITHIN_S = 60.0
"""Seconds within which a caller or a judge, played by a model, has to answer."""
MAX_CHARS = 4_000
HANGS_UP = "HANG UP"
CALLER = """You play a person who talks with a voice agent on the telephone. Stay that person: {who}

Say what they would say next, in one or two short spoken sentences, and nothing else: no quotation marks, no notes. You
only know what that person knows. When they have what they want, or would give up, say goodbye and write {hangs_up}
behind it."""
BEGIN = "The agent waits for your first words."
JUDGE = """You judge a conversation between a caller and a voice agent by one criterion. Judge by the transcript alone,
and strictly: what it does not show has not happened. Answer with JSON only, of the form
{"passed": true, "reason": "one sentence"}.

The criterion: """


class PeopleError(AppError):
    """The model that plays them gives no usable answer. The text is one line."""


class Verdict(msgspec.Struct, frozen=True):
    """Whether a judge finds that a conversation is as it was expected, and why not."""

    passed: bool
    reason: str = ""


class People:
    """Callers and judges of one conversation. `model` plays all of them."""

    def __init__(self, model: LanguageModel) -> None:
        self._model = model

    async def next_words(self, persona: Persona, timeline: Sequence[Moment]) -> tuple[str, bool]:
        """What the caller says next, empty for nothing, and whether they hang up then.

        Raises:
            PeopleError: the model gives no answer.
        """
        said = _said(timeline)
        instructions = CALLER.format(who=persona.who, hangs_up=HANGS_UP)
        text = await self._ask(instructions, said if said and said[-1].role is Role.USER else [*said, _user(BEGIN)])
        words, _, _ = text.partition(HANGS_UP)
        return " ".join(words.split()).strip("\"'"), HANGS_UP in text

    async def judge(self, criterion: str, timeline: Sequence[Moment]) -> Verdict:
        """Whether the conversation meets a criterion, and why.

        Raises:
            PeopleError: the model gives no verdict.
        """
        transcript = "\n".join(str(moment).strip() for moment in timeline)
        text = await self._ask(JUDGE + criterion, [_user(transcript)])
        found = text[text.find("{") : text.rfind("}") + 1]
        try:
            return msgspec.json.decode(found, type=Verdict)
        except msgspec.DecodeError:
            raise PeopleError(f"the judge gives no verdict, but {text[:200]!r}") from None

    async def _ask(self, instructions: str, messages: Sequence[ChatMessage]) -> str:
        agent = Agent(name="people", label="People", instructions=instructions, model=Model(temperature=0.3))
        request = ModelRequest(session_id="eval", turn=1, agent=agent, messages=messages, is_aside=True)
        answer = AsideAnswer()
        try:
            async with asyncio.timeout(WITHIN_S):
                await answer.read(self._model, request, MAX_CHARS)
        except ModelError as error:
            raise PeopleError(f"the model of EVAL_MODEL failed: {error}") from None
        except TimeoutError:
            raise PeopleError(f"the model of EVAL_MODEL has not answered within {WITHIN_S:g} s") from None
        return answer.text


def _said(timeline: Sequence[Moment]) -> list[ChatMessage]:
    """The conversation as the caller's model reads it: the agent's words are those of its user."""
    said: list[ChatMessage] = []
    for moment in timeline:
        role = {"agent": Role.USER, "caller": Role.ASSISTANT}.get(moment.who)
        if role is None:
            continue
        if said and said[-1].role is role:
            said[-1] = msgspec.structs.replace(said[-1], text=f"{said[-1].text} {moment.what}")
        else:
            said.append(ChatMessage(role=role, text=moment.what))
    return said


def _user(text: str) -> ChatMessage:
    return ChatMessage(role=Role.USER, text=text)

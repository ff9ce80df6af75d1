"""The model of the guardrails: it is asked about each clause while the clause is being synthesised.

Each wait is bounded by `within_ms` of the agent's file, on the session's clock; what is not known by then counts as
undecided, and the file says what becomes of such a clause.
"""

import asyncio
from collections import deque
from enum import StrEnum
from typing import Any

import msgspec
from opentelemetry import metrics

from actors.agent import Agent, Model
from actors.conversation import ChatMessage, Role
from actors.ports.llm import LanguageModel, ModelRequest
from actors.rules import guardrail_verdicts as verdicts
from actors.runtime.containment import comes_from_outside
from actors.runtime.described_errors import describe
from actors.runtime.exits import tell_quietly
from actors.runtime.supervised_actor import SupervisedActor, logger
from actors.runtime.time_limit import within
from actors.session.engine_events import ClauseJudged
from actors.session.replies.aside_answer import AsideAnswer
from actors.session.replies.spending import CHARS_PER_TOKEN

AT_ONCE = 4
"""The most clauses of a reply that are judged at once; others wait while those before them are heard."""

_meter = metrics.get_meter("earshot")
_asked = _meter.create_counter(
    "earshot.reply.guardrail_verdicts",
    unit="{clause}",
    description="Clauses about which the model of the guardrails was asked, by outcome",
)
_took = _meter.create_histogram(
    "earshot.reply.guardrail_duration", unit="s", description="From the question about a clause to its verdict"
)


class Outcome(StrEnum):
    """What came of the question about a clause."""

    ALLOWED = "allowed"
    BROKEN = "broken"
    LATE = "late"
    FAILED = "failed"
    NO_VERDICT = "no verdict"


class _Question(msgspec.Struct, frozen=True):
    number: int
    turn: int
    text: str


class GuardrailModel:
    """Asks about the clauses of one reply at a time; each is answered by one `ClauseJudged`.

    Args:
        actor: runs the requests, and is told.
        model: judges.
        session_id: of the session, for traces.
        agent: whose guardrails hold.
    """

    def __init__(self, actor: SupervisedActor, model: LanguageModel, session_id: str, agent: Agent) -> None:
        self._actor = actor
        self._model = model
        self._session_id = session_id
        self._rails = agent.guardrails
        self._within_s = agent.guardrail_model.within_ms / 1000
        self._asks_as = _judge_of(agent)
        self._waiting: deque[_Question] = deque()
        self._tasks: dict[int, asyncio.Task[Any]] = {}
        self._is_failing = False
        """Whether the last clause had no verdict, which was logged."""

    def ask(self, number: int, turn: int, asked: str, said: str, clause: str) -> None:
        """Ask about the clause of this number.

        Args:
            number: names it; each is asked about once.
            turn: in which it is said.
            asked: the caller's words that are answered.
            said: what the reply has said before.
            clause: what comes next of it.
        """
        self._waiting.append(_Question(number, turn, verdicts.question(asked, said, clause)))
        self._go_on()

    def cancel(self) -> int:
        """Give all requests up, and return an estimate of the tokens that they have cost."""
        self._waiting.clear()
        tasks, self._tasks = self._tasks, {}
        for task in tasks.values():
            task.cancel()
        return len(tasks) * len(self._asks_as.instructions) // CHARS_PER_TOKEN

    def take_verdict(self, number: int) -> bool:
        """Note that the verdict about a clause was taken up; False for one that is not asked about any more."""
        is_asked = self._tasks.pop(number, None) is not None
        self._go_on()
        return is_asked

    def _go_on(self) -> None:
        while self._waiting and len(self._tasks) < AT_ONCE:
            question = self._waiting.popleft()
            work = self._judge(question)
            self._tasks[question.number] = self._actor.spawn(work, "guardrail", lambda error: self._failed(error))

    async def _judge(self, question: _Question) -> None:
        """Ask about one clause, and tell what came of it: whatever goes wrong is logged and counted here."""
        loop = asyncio.get_running_loop()
        began, answer, outcome = loop.time(), AsideAnswer(), Outcome.NO_VERDICT
        request = self._request(question)
        try:
            await within(self._within_s, answer.read(self._model, request, verdicts.MAX_ANSWER_CHARS))
        except TimeoutError:
            outcome = Outcome.LATE
        except BaseException as error:
            if comes_from_outside(error, asyncio.current_task()):
                raise
            outcome = Outcome.FAILED
            self._failed(error)
        found = verdicts.verdict(self._rails, answer.text) if outcome is Outcome.NO_VERDICT else None
        if found is not None:
            outcome = Outcome.ALLOWED if found.broken is None else Outcome.BROKEN
        self._note(outcome, loop.time() - began)
        tokens = answer.cost(len(request.agent.instructions) + len(question.text))
        broken = found.broken if found is not None else None
        told = ClauseJudged(question.number, is_decided=found is not None, broken=broken, tokens=tokens)
        tell_quietly(self._actor.actor_ref, told)

    def _request(self, question: _Question) -> ModelRequest:
        return ModelRequest(
            session_id=self._session_id,
            turn=question.turn,
            agent=self._asks_as,
            messages=(ChatMessage(role=Role.USER, text=question.text, turn=question.turn),),
            may_call_tools=False,
            is_aside=True,
        )

    def _note(self, outcome: Outcome, took_s: float) -> None:
        _asked.add(1, {"outcome": outcome.value})
        _took.record(took_s)
        is_failing = outcome in (Outcome.LATE, Outcome.NO_VERDICT, Outcome.FAILED)
        if is_failing and not self._is_failing:
            logger.warning("the model of the guardrails gives no verdict: %s", outcome.value)
        self._is_failing = is_failing

    def _failed(self, error: BaseException) -> None:
        if not self._is_failing:
            logger.warning("the model of the guardrails has failed: %s", describe(error))


def _judge_of(agent: Agent) -> Agent:
    """The agent as which the model is asked: quick, sure, and once."""
    options = agent.guardrail_model
    model = Model(
        deployment_id=options.deployment_id or agent.model.deployment_id,
        temperature=0.0,
        max_tokens=verdicts.MAX_ANSWER_TOKENS,
        retries=0,
        extra_body=options.extra_body,
    )
    return Agent(name=agent.name, label=agent.label, instructions=verdicts.instructions(agent.guardrails), model=model)

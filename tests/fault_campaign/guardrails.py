"""Guardrails of the campaign's agents: one word of each answer is forbidden, by a pattern or by a topic.

The model that judges by the topic goes wrong on purpose, as a slow or broken service does, or as bad code would.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from enum import StrEnum

import msgspec

from actors.agent import Agent, Guardrail, GuardrailAction, GuardrailModel, OnFailure
from actors.errors import ErrorKind, ModelError
from actors.ports.llm import ModelEvent, ModelRequest, ReplyGenerated, TextGenerated

WITHIN_MS = 800
"""A clause is held for so long at most."""
SAY = "I must keep that back."


class JudgeFault(StrEnum):
    """How the model that judges goes wrong with a clause."""

    SLOW = "takes most of its time"
    LATE = "is a moment too late"
    NEVER = "never answers"
    RAISES = "raises"
    BUG = "RuntimeError"
    SYSTEM_EXIT = "SystemExit"
    CANCELLED = "CancelledError"
    EMPTY = "says nothing"
    NONSENSE = "answers what is no verdict"
    ENDLESS = "answers without end"


class Guards(msgspec.Struct, frozen=True, kw_only=True):
    """What the agents of one conversation must not say."""

    word: int
    """The place of the forbidden word in an answer, from 0; no other word of it may begin as this one does."""
    action: GuardrailAction | None = None
    """What is done about a word that a pattern finds; None: a topic forbids it, by which a model judges."""
    fault: JudgeFault | None = None
    faulty: range = range(0)
    """The clauses with which the judge goes wrong, counted from 1."""
    on_failure: OnFailure = OnFailure.CLOSED

    @property
    def forbidden(self) -> re.Pattern[str]:
        """Finds the word."""
        return re.compile(rf"\br\d+w{self.word}\b")

    @property
    def is_let_through(self) -> bool:
        """Whether the word may be heard all the same: there may be no verdict on it, and the agent speaks without."""
        fails = self.fault not in (None, JudgeFault.SLOW)
        return self.action is None and fails and self.on_failure is OnFailure.OPEN

    def of(self, agent: Agent) -> Agent:
        """The agent with this guardrail."""
        if self.action is None:
            rail = Guardrail(name="word", topic=f"The word w{self.word}.", say=SAY)
        else:
            rail = Guardrail(name="word", pattern=self.forbidden.pattern, action=self.action, say=SAY)
        judge = GuardrailModel(within_ms=WITHIN_MS, on_failure=self.on_failure)
        return msgspec.structs.replace(agent, guardrails=(rail,), guardrail_model=judge)


class Judge:
    """The model that judges by the topic."""

    def __init__(self, guards: Guards) -> None:
        self._guards = guards
        self._asked = 0

    async def reply(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
        """Say whether the clause has the word, or go wrong."""
        self._asked += 1
        clause = json.loads(request.messages[-1].text)["clause"]
        verdict = "1" if self._guards.forbidden.search(clause) else "0"
        await asyncio.sleep(0.1)
        match self._guards.fault if self._asked in self._guards.faulty else None:
            case None:
                pass
            case JudgeFault.SLOW:
                await asyncio.sleep(WITHIN_MS / 1_000 - 0.2)
            case JudgeFault.LATE:
                await asyncio.sleep(WITHIN_MS / 1_000)
            case JudgeFault.NEVER:
                await asyncio.Event().wait()
            case JudgeFault.RAISES:
                raise ModelError(ErrorKind.UNAVAILABLE, "fake")
            case JudgeFault.BUG:
                raise RuntimeError("fake")
            case JudgeFault.SYSTEM_EXIT:
                raise SystemExit(1)
            case JudgeFault.CANCELLED:
                raise asyncio.CancelledError
            case JudgeFault.EMPTY:
                verdict = ""
            case JudgeFault.NONSENSE:
                verdict = "7 of them, or none"
            case JudgeFault.ENDLESS:
                verdict = "0 " * 100_000
        yield TextGenerated(verdict)
        yield ReplyGenerated()

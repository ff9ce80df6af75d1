"""Summaries of a long conversation: its language model makes them in parallel to the replies, at most one at a time.

Nobody waits for one: it is asked for when a reply is written, long before the conversation is too long to be read, and
read from the request on after it has come. One that fails costs nothing but its tokens, and is asked for again later.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import msgspec
from opentelemetry import metrics
from pykka import ActorRef

from actors.conversation import ChatMessage, Role
from actors.ports.llm import LanguageModel, ModelRequest
from actors.rules.history import History
from actors.rules.summary import (
    INSTRUCTIONS,
    MAX_SUMMARY_CHARS,
    MAX_SUMMARY_TOKENS,
    Summary,
    due,
    to_be_summarized,
)
from actors.rules.unicode_text import is_speakable, well_formed
from actors.runtime.containment import comes_from_outside
from actors.runtime.exits import tell_quietly
from actors.runtime.time_limit import within
from actors.session.engine_events import ConversationSummarized
from actors.session.plan import SessionPlan
from actors.session.replies.aside_answer import AsideAnswer
from actors.session.replies.spending import Spending

logger = logging.getLogger("earshot.summaries")

WITHIN_S = 60.0
"""Seconds after which a summary is given up; no caller waits for it."""
AGAIN_AFTER_TURNS = 5
"""Turns after a failed summary before another is asked for."""

_summaries = metrics.get_meter("earshot").create_counter(
    "earshot.conversation.summaries", unit="{summary}", description="Summaries of long conversations, by outcome"
)


class Summaries:
    """The summaries of one conversation.

    Args:
        plan: whose agent's model is asked.
        history: what is summarised, and what has the summary.
        source: asks the model.
        max_chars: called for how much the model may read.
        spending: what a summary costs is part of what the session costs.
    """

    __slots__ = ("_history", "_is_asked", "_max_chars", "_not_before", "_plan", "_source", "_spending")

    def __init__(
        self, plan: SessionPlan, history: History, source: Any, max_chars: Callable[[], int], spending: Spending
    ) -> None:
        self._plan = plan
        self._history = history
        self._source = source
        self._max_chars = max_chars
        self._spending = spending
        self._not_before = 0
        """The turn before which no summary is asked for, including one that is being made."""
        self._is_asked = False

    def look(self, turn: int) -> None:
        """Ask for a summary if the conversation needs one, at the end of the reply of `turn`."""
        if self._is_asked or turn < self._not_before or not self._plan.agent.model.summarize:
            return
        read = self._history.for_the_model()
        open_turn = min([called for called, _ in self._history.unanswered_calls()], default=turn)
        through = due(read, open_turn, self._max_chars())
        if through and self._source.summarize(self._request(read, turn, through)):
            self._is_asked, self._not_before = True, turn + AGAIN_AFTER_TURNS

    def take(self, message: ConversationSummarized) -> None:
        """Have the model read what was summed up in place of its words."""
        self._is_asked = False
        self._spending.wasted(message.tokens)
        former = self._history.summary
        if not message.text or (former is not None and former.through >= message.through):
            return
        summed_up = [each for each in self._history.messages if each.turn <= message.through]
        if all(each.is_withheld for each in summed_up):
            # A content filter has come to refuse all of it meanwhile.
            return
        self._history.summary = Summary(message.text, message.through)
        self._not_before = 0

    def _request(self, read: tuple[ChatMessage, ...], turn: int, through: int) -> ModelRequest:
        agent = self._plan.agent
        model = msgspec.structs.replace(agent.model, max_tokens=MAX_SUMMARY_TOKENS)
        return ModelRequest(
            session_id=self._plan.session_id,
            turn=through,
            agent=msgspec.structs.replace(agent, instructions=INSTRUCTIONS, model=model),
            messages=(ChatMessage(role=Role.USER, text=to_be_summarized(read, through), turn=turn),),
            may_call_tools=False,
            is_aside=True,
        )


async def summarize(model: LanguageModel, request: ModelRequest, told: ActorRef[Any]) -> None:
    """Tell the summary that `model` makes; an empty one for none. Whatever goes wrong is logged and counted here."""
    answer, outcome = AsideAnswer(), "failed"
    try:
        await within(WITHIN_S, answer.read(model, request, MAX_SUMMARY_CHARS))
    except BaseException as error:
        if comes_from_outside(error, asyncio.current_task()):
            raise
        log_failure(error)
    if answer.is_complete:
        outcome = "made"
    elif len(answer.text) > MAX_SUMMARY_CHARS:
        outcome = "too long"
    summary = well_formed(answer.text).strip() if outcome == "made" else ""
    if outcome == "made" and not is_speakable(summary):
        outcome, summary = "empty", ""
    _summaries.add(1, {"outcome": outcome})
    tokens = answer.cost(sum(len(each.text) for each in request.messages))
    tell_quietly(told, ConversationSummarized(summary, request.turn, tokens))


def log_failure(error: BaseException) -> None:
    """Note that a summary could not be made."""
    logger.warning("a conversation could not be summarised, and goes on without: %s", type(error).__name__)

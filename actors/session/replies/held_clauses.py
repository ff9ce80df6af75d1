"""The clauses of a reply that are held until the model of the guardrails has judged them, in their order."""

from collections import deque
from collections.abc import Callable

import msgspec

from actors.agent import OnFailure
from actors.session.engine_events import ClauseJudged
from actors.session.replies.guardrail_model import GuardrailModel
from actors.session.replies.spending import Spending

UNDECIDED = -1
"""In place of a guardrail's position: the model has given no verdict, without which nothing is spoken."""


class _Clause(msgspec.Struct):
    number: int
    text: str
    is_judged: bool = False
    broken: int | None = None


class HeldClauses:
    """Holds the clauses of one reply at a time.

    Args:
        model: judges them.
        on_failure: what becomes of those on which it has no verdict.
        spending: what the verdicts cost is part of what the session costs.
        asked: called for the caller's words that are answered, and the turn.
    """

    def __init__(
        self,
        model: GuardrailModel,
        on_failure: OnFailure,
        spending: Spending,
        asked: Callable[[], tuple[int, str]],
    ) -> None:
        self._model = model
        self._on_failure = on_failure
        self._spending = spending
        self._asked = asked
        self._clauses: deque[_Clause] = deque()
        self._numbers = 0

    def __len__(self) -> int:
        return len(self._clauses)

    @property
    def text(self) -> str:
        """All the text that is held, in its order."""
        return "".join(clause.text for clause in self._clauses)

    @property
    def first(self) -> str:
        """The clause that is to be spoken next; empty if none is held."""
        return self._clauses[0].text if self._clauses else ""

    def hold(self, said: str, text: str, *, is_trusted: bool = False) -> None:
        """Hold a clause that follows what the reply has `said`, until it is judged, or those before it are."""
        self._numbers += 1
        self._clauses.append(_Clause(self._numbers, text, is_judged=is_trusted))
        if is_trusted:
            return
        turn, asked = self._asked()
        self._model.ask(self._numbers, turn, asked, said, text)

    def take_verdict(self, message: ClauseJudged) -> bool:
        """Take a verdict up; False if it is about nothing that is held."""
        self._spending.wasted(message.tokens)
        if not self._model.take_verdict(message.number):
            return False
        for clause in self._clauses:
            if clause.number == message.number:
                is_closed = not message.is_decided and self._on_failure is OnFailure.CLOSED
                clause.is_judged, clause.broken = True, UNDECIDED if is_closed else message.broken
                return True
        return False

    def take(self) -> tuple[str, int | None] | None:
        """The next clause, with the guardrail that it breaks, if it is judged; else None."""
        if not self._clauses or not self._clauses[0].is_judged:
            return None
        clause = self._clauses.popleft()
        return clause.text, clause.broken

    def forget(self) -> None:
        """Hold nothing any more: the reply is over, or will not be heard."""
        self._clauses.clear()
        self._spending.wasted(self._model.cancel())

"""What a session has cost, against what its agent may cost."""

from opentelemetry import metrics

from actors.agent import Limits
from actors.rules.conversation_bounds import is_full
from actors.runtime.supervised_actor import logger
from actors.session.checkpoint import Checkpoint

CHARS_PER_TOKEN = 4
"""About how many characters of English text one token has, for services that do not report usage."""

_spent = metrics.get_meter("earshot").create_counter(
    "earshot.session.spent", description="Sessions that ended because they had used up what they may cost"
)


class Spending:
    """Counts the tokens and the calls of tools of one session.

    Args:
        limits: what the session may cost.
        checkpoint: keeps the count, also for a successor.
    """

    __slots__ = ("_checkpoint", "_is_told", "_limits")

    def __init__(self, limits: Limits, checkpoint: Checkpoint) -> None:
        self._limits = limits
        self._checkpoint = checkpoint
        self._is_told = False

    def replied(self, tokens: int, chars: int) -> None:
        """Count a reply of the model: the tokens that it told, else those of the `chars` that it wrote."""
        self._checkpoint.spent(tokens=tokens or chars // CHARS_PER_TOKEN)

    def wasted(self, tokens: int) -> None:
        """Count the tokens of a reply that was thrown away unheard."""
        self._checkpoint.spent(tokens=tokens)

    def called(self, calls: int) -> None:
        """Count so many calls of tools as part of what the session has cost."""
        self._checkpoint.spent(tool_calls=calls)

    def report_spent(self) -> bool:
        """Log and count, once in a session, that it has used up what it may cost, or that its conversation is too long.

        Returns True when this is found for the first time, else False.
        """
        tokens, calls = self._checkpoint.spent_tokens, self._checkpoint.spent_tool_calls
        over = {
            "tokens": 0 < self._limits.max_tokens <= tokens,
            "tool calls": 0 < self._limits.max_tool_calls <= calls,
            "length": is_full(self._checkpoint.messages),
        }
        reached = [what for what, is_over in over.items() if is_over]
        if not reached or self._is_told:
            return False
        self._is_told = True
        logger.warning("a session has used up its %s and is ended", reached[0])
        _spent.add(1, {"limit": reached[0]})
        return True

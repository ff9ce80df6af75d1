"""What of the model's text reaches the caller: between the model's stream and the writing of the reply."""

from opentelemetry import metrics

from actors.agent import Agent
from actors.rules.guardrails import Guarded, guarded
from actors.rules.spoken_text import speakable
from actors.rules.unspoken_parts import UnspokenParts
from actors.runtime.supervised_actor import logger

_broken = metrics.get_meter("earshot").create_counter(
    "earshot.reply.guardrails", description="Clauses that broke a guardrail of their agent, and were not spoken so"
)


class ReplyFilter:
    """Filters the text of one reply at a time.

    Args:
        agent: whose guardrails hold, and whose markup is spoken or not.
    """

    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self._parts = UnspokenParts()

    def begin(self) -> None:
        """Forget what was held of the text before: another reply begins, or the model goes on behind its tools."""
        self._parts = UnspokenParts()

    def push(self, text: str) -> str:
        """The part of the model's text that belongs to the reply, as far as that can be told."""
        return text if self._agent.speaks_markup else self._parts.push(text)

    @property
    def takes_back(self) -> bool:
        """Whether the last text ended a thought without a marked beginning: what is not spoken yet is dropped then."""
        return self._parts.takes_back

    def finish(self) -> str:
        """The end of the text, which was held back until it was known whether it belongs to the reply."""
        return "" if self._agent.speaks_markup else self._parts.finish()

    def piece(self, said: str, piece: str) -> Guarded:
        """What is spoken of a piece that follows what the reply has `said`."""
        text = piece if self._agent.speaks_markup else speakable(piece)
        checked = guarded(self._agent.guardrails, said, text)
        for name in checked.broken:
            logger.warning("a guardrail of the agent %s was broken: %s", self._agent.name, name)
            _broken.add(1, {"agent": self._agent.name, "guardrail": name})
        return checked


class AsItComes(ReplyFilter):
    """Filters nothing: the model speaks by itself, and what it says was said."""

    def push(self, text: str) -> str:
        """The text as it came: all of it belongs to the reply."""
        return text

    def finish(self) -> str:
        """An empty text, since nothing of the reply is held."""
        return ""

    def piece(self, said: str, piece: str) -> Guarded:
        """The piece as it came: it was spoken already, or is being."""
        return Guarded(piece)

"""What of the model's text reaches the caller: between the model's stream and the writing of the reply."""

import re

from opentelemetry import metrics

from actors.agent import Agent
from actors.rules.guardrails import Guarded, guarded
from actors.rules.text.spoken_text import speakable
from actors.rules.text.unspoken_parts import UnspokenParts
from actors.runtime.supervised_actor import logger

_broken = metrics.get_meter("earshot").create_counter(
    "earshot.reply.guardrails", description="Clauses that broke a guardrail of their agent, and were not spoken so"
)


_UNFINISHED = re.compile(r"[^\W\u2e80-\uffff]+\Z")
"""Matches a word at the end of a text, which more text may continue; scripts without blanks have none."""


class ReplyFilter:
    """Filters the text of one reply at a time.

    Args:
        agent: whose guardrails hold, and whose markup is spoken or not.
    """

    __slots__ = ("_agent", "_parts")

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

    @property
    def forbidden(self) -> int | None:
        """Which of the agent's guardrails the text breaks that has come, where its sound may be on its way already."""
        return None

    def piece(self, said: str, piece: str) -> Guarded:
        """What is spoken of a piece that follows what the reply has `said`."""
        return self._guarded(said, piece if self._agent.speaks_markup else speakable(piece))

    def _guarded(self, said: str, text: str) -> Guarded:
        checked = guarded(self._agent.guardrails, said, text)
        for name in checked.broken:
            self._note(name)
        return checked

    def broke(self, guardrail: int) -> None:
        """Note that a clause was found to break the guardrail of this number; a negative one is none."""
        if guardrail >= 0:
            self._note(self._agent.guardrails[guardrail].name)

    def _note(self, name: str) -> None:
        logger.warning("a guardrail of the agent %s was broken: %s", self._agent.name, name)
        _broken.add(1, {"agent": self._agent.name, "guardrail": name})


class AsItComes(ReplyFilter):
    """Changes nothing, for the model speaks by itself; its words, which run ahead of their sound, are looked at.

    Each word is as soon as it is whole, for a clause may be half heard before its last word is known.
    """

    def __init__(self, agent: Agent) -> None:
        super().__init__(agent)
        self.begin()

    def begin(self) -> None:
        """Forget the text before: another reply begins, or the model goes on behind its tools."""
        super().begin()
        self._said, self._looked_at = "", 0
        self._forbidden: int | None = None

    @property
    def forbidden(self) -> int | None:
        """Which of the agent's guardrails the words break that have come; None: none of them."""
        return self._forbidden

    def push(self, text: str) -> str:
        """The text as it came: all of it belongs to the reply."""
        if self._agent.guardrails:
            self._said += text
            word = _UNFINISHED.search(self._said, self._looked_at)
            self._look(len(self._said) if word is None else word.start())
        return text

    def finish(self) -> str:
        """An empty text, since nothing of the reply is held."""
        self._look(len(self._said))
        return ""

    def _look(self, end: int) -> None:
        """Hold the words up to there against the guardrails, those that were not yet."""
        said, text = self._said[: self._looked_at], self._said[self._looked_at : end]
        self._looked_at = end
        if text and (broken := self._guarded(said, text).broken):
            names = [rail.name for rail in self._agent.guardrails]
            self._forbidden = names.index(broken[0])

    def piece(self, said: str, piece: str) -> Guarded:
        """The piece as it came: it was spoken already, or is being."""
        return Guarded(piece)

"""A reply of the model that is begun before the caller's words are final: kept until they are, or thrown away.

It is the model's stream of the next reply, no more: what it tells waits here. Nothing of it is written, recorded or
spoken, and none of the tools that it wants is run, before turn-taking says that it is the reply.
"""

from collections.abc import Sequence

import msgspec
from opentelemetry import metrics

from actors.conversation import ChatMessage
from actors.messages.model import ModelFailed
from actors.ports.llm import ReplyGenerated, TextGenerated
from actors.rules.history import History
from actors.rules.turn_taking.effects import BeginPreemptiveReply, DiscardCause
from actors.runtime.session_trace import Stage
from actors.runtime.supervised_actor import logger
from actors.session.engine_events import ModelPaused, ModelReported
from actors.session.ongoing_conversation import OngoingConversation
from actors.session.replies.generation import ReplySource
from actors.session.replies.model_asking import ModelAsking
from actors.session.replies.spending import CHARS_PER_TOKEN, Spending
from actors.session.tools.handoffs import Handoffs

LEAST_CONFIDENCE = 0.5
"""Final words with a lower confidence are asked anew: the model must be told of the doubt, and a pre-emptive reply was
not."""

ModelMessage = ModelReported | ModelPaused

_meter = metrics.get_meter("earshot")
_replies = _meter.create_counter(
    "earshot.preemption.replies",
    unit="{reply}",
    description="Replies begun before the caller's words were final, by what became of them",
)
_tokens = _meter.create_counter(
    "earshot.preemption.wasted_tokens",
    unit="{token}",
    description="What replies cost that were begun before the caller's words were final, and thrown away",
)


class _Begun(msgspec.Struct, kw_only=True):
    """One reply that is begun ahead."""

    read: Sequence[ChatMessage]
    """The conversation as the model was given it, without the words that are answered."""
    read_chars: int
    """How many characters the model reads of it, with those words."""
    told: list[ModelMessage] = []
    """What the model has told so far."""

    @property
    def tokens(self) -> int:
        """The tokens that the model has told, else an estimate: a cancelled stream costs tokens and tells none."""
        events = [message.event for message in self.told if isinstance(message, ModelReported)]
        told = sum(e.prompt_tokens + e.completion_tokens for e in events if isinstance(e, ReplyGenerated))
        written = sum(len(e.text) for e in events if isinstance(e, TextGenerated))
        return told or (self.read_chars + written) // CHARS_PER_TOKEN


class _Counts(msgspec.Struct):
    """What became of the replies of one conversation that were begun ahead."""

    begun: int = 0
    used: int = 0
    wasted: int = 0
    wasted_tokens: int = 0


class PreemptiveReply:
    """The pre-emptive replies of one orchestrator: at most one at a time.

    Args:
        conversation: what the model reads; nothing is added to it.
        asking: asks the model.
        source: makes it, as it makes all replies.
        handoffs: what an agent is told that has just taken the conversation over.
        spending: what is thrown away counts as a part of what the session costs.
    """

    def __init__(
        self,
        conversation: OngoingConversation,
        *,
        asking: ModelAsking,
        source: ReplySource,
        handoffs: Handoffs,
        spending: Spending,
    ) -> None:
        self._trace = conversation.trace
        self._history = conversation.log.history
        self._asking = asking
        self._source = source
        self._handoffs = handoffs
        self._spending = spending
        self._clock = conversation.clock
        self._begun: _Begun | None = None
        self._counts = _Counts()

    def begin(self, order: BeginPreemptiveReply) -> None:
        """Ask the model, with the words that are answered behind a copy of the conversation."""
        history = self._history
        conversation = History(history.messages, history.memory, history.memory_before, history.summary)
        conversation.add_user_words(
            order.text, order.turn, self._clock.wall(), continues=order.continues, confidence=1.0
        )
        read = history.for_the_model()
        self._asking.begin()
        read_chars = self._asking.ask(order.turn, "", self._handoffs.first_note(order.turn), history=conversation)
        self._trace.describe(Stage.MODEL, {"earshot.preemptive": True})
        self._begun = _Begun(read=read, read_chars=read_chars)
        self._counts.begun += 1
        _replies.add(1, {"outcome": "begun"})

    def is_made_in(self, stream: int) -> bool:
        """Whether the pre-emptive reply is made in this stream of the source."""
        return self._begun is not None and stream == self._source.stream

    def told(self, message: ModelMessage) -> None:
        """Keep what the model has told of the pre-emptive reply."""
        assert self._begun is not None
        self._begun.told.append(message)

    def failed(self, failure: ModelFailed) -> None:
        """Note that the model has failed. Nobody waits for the reply yet: it is asked for anew when it is due."""
        self._discard("failed", f"the language model failed: {failure.kind}")

    def take(self, confidence: float) -> list[ModelMessage] | None:
        """What the model has told so far of the reply that is asked for now; more comes. None: it has to be asked.

        To be called before the words that are answered are in the conversation. What else has come into it since it
        was read would be unknown to the reply.

        Args:
            confidence: how sure the recognizer is of the final words.
        """
        begun = self._begun
        if begun is None:
            return None
        if confidence < LEAST_CONFIDENCE:
            self._discard("doubtful", "the recognizer is not sure of the words")
        elif self._history.for_the_model() != begun.read:
            self._discard("outdated", "the conversation went on meanwhile")
        else:
            self._begun = None
            self._counts.used += 1
            _replies.add(1, {"outcome": "used"})
            return begun.told
        return None

    def discard(self, cause: DiscardCause) -> None:
        """Throw the pre-emptive reply away, and close the model's stream; harmless if it has failed."""
        self._discard(cause.value, f"the caller's turn was another ({cause.value})")

    def close(self) -> None:
        """Throw away what is under way, and log how many replies were begun, used and thrown away: the call is over."""
        self._discard("ended", "the conversation is over")
        counts = self._counts
        if counts.begun:
            logger.info(
                "replies begun before the caller's words were final: %d, used %d, thrown away %d with about %d tokens",
                counts.begun,
                counts.used,
                counts.wasted,
                counts.wasted_tokens,
            )

    def _discard(self, outcome: str, reason: str) -> None:
        begun, self._begun = self._begun, None
        if begun is None:
            return
        self._source.cancel()
        tokens = begun.tokens
        self._counts.wasted += 1
        self._counts.wasted_tokens += tokens
        self._spending.wasted(tokens)
        _replies.add(1, {"outcome": outcome})
        _tokens.add(tokens)
        logger.info("a reply begun ahead is thrown away with about %d tokens: %s", tokens, reason)

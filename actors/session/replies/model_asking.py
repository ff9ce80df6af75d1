"""What a model is asked for one reply, and how it is asked again where asking differently may help."""

from collections.abc import Callable

from actors.conversation import ChatMessage, Role
from actors.errors import ErrorKind
from actors.messages.model import ModelFailed, ReplyTrouble
from actors.ports.clock import Clock
from actors.ports.llm import ModelRequest
from actors.rules.context_budget import within_budget
from actors.rules.history import History
from actors.runtime.supervised_actor import logger
from actors.session.plan import SessionPlan
from actors.session.replies.generation import ReplySource
from actors.session_context import in_language, preamble

MIN_CONTEXT_CHARS = 2_000
"""The least characters of a conversation that are sent; a model that cannot read as many cannot hold one."""
SAID_NOTHING = "Your last reply held nothing that can be spoken. Answer the user now, in plain spoken words."
NO_MORE_TOOLS = (
    "You have called tools as often as you may in one reply. Answer the user now with what you know, and say what you"
    " could not find out."
)
TROUBLES = {
    ErrorKind.REFUSED: ReplyTrouble.REFUSED,
    ErrorKind.THROTTLED: ReplyTrouble.BUSY,
    ErrorKind.TIMEOUT: ReplyTrouble.BUSY,
}
"""What a failure of the model means for the caller, by the kind of error; any other means that there is no answer."""


class ModelAsking:
    """Asks for the replies of one session, one at a time.

    Args:
        plan: whose agent answers, with which tools.
        history: what the model reads.
        source: what makes the replies.
        clock: the time that the model is told.
        language: called for the language of the conversation; empty where it is not known.
    """

    def __init__(
        self,
        plan: SessionPlan,
        history: History,
        source: ReplySource,
        clock: Clock,
        language: Callable[[], str] = lambda: "",
    ) -> None:
        self._language = language
        self._plan = plan
        self._history = history
        self._source = source
        self._clock = clock
        self._max_chars = plan.agent.model.context_chars
        self._read_chars = 0
        self._is_repeated = self._has_tools = False
        self._turn = 0
        self._prelude = ""

    def begin(self) -> None:
        """Begin another reply: it may be asked for again, and with tools."""
        self._is_repeated, self._has_tools = False, True

    def ask(self, turn: int, prelude: str, note: str = "", *, history: History | None = None) -> int:
        """Ask for the reply of `turn`, or for what follows `prelude`, which it said before its tools were called.

        Args:
            turn: the turn that is answered.
            prelude: the beginning of the reply; empty if there is none.
            note: what the model is told with this request alone.
            history: what the model reads this time; None: that of the session.

        Returns:
            The number of characters that the model reads of the conversation.
        """
        plan = self._plan
        self._turn, self._prelude = turn, prelude
        read = history or self._history
        messages = read.for_the_model(prelude)
        recent = within_budget(messages, self._max_chars)
        self._read_chars = sum(len(message.text) for message in recent)
        noted = (ChatMessage(role=Role.NOTE, text=note, turn=turn),) if note else ()
        self._source.start(
            ModelRequest(
                session_id=plan.session_id,
                turn=turn,
                agent=plan.agent,
                messages=(*recent, *noted),
                omitted=len(messages) - len(recent),
                tools=tuple(tool.schema for tool in plan.tools.values()),
                may_call_tools=self._has_tools,
                memory=read.memory,
                preamble=preamble(in_language(plan.about, self._language()), self._clock.wall()),
            )
        )
        return self._read_chars

    @property
    def max_chars(self) -> int:
        """How much of the conversation the model reads with each request."""
        return self._max_chars

    def ask_for_words(self) -> bool:
        """The reply held nothing to be spoken: ask for it once more; False if that was done before."""
        if self._is_repeated:
            return False
        self._is_repeated = True
        logger.warning("the language model said nothing that can be spoken and is asked once more")
        self.ask(self._turn, self._prelude, SAID_NOTHING)
        return True

    def ask_without_tools(self) -> bool:
        """Tools were called too often in this reply: ask for an answer without; False if that was done before."""
        if not self._has_tools:
            return False
        self._has_tools = False
        logger.warning("the language model called tools too often in one reply and is asked to answer without")
        self.ask(self._turn, self._prelude, NO_MORE_TOOLS)
        return True

    def ask_with_less(self, failure: ModelFailed) -> bool:
        """The conversation is too long for the model: ask with the half of it; False if that is no remedy."""
        if failure.kind is not ErrorKind.TOO_LONG or self._read_chars // 2 < MIN_CONTEXT_CHARS:
            return False
        # For the rest of the session: what is too long now will not be shorter in the next turn.
        self._max_chars = self._read_chars // 2
        logger.warning("the conversation is too long for the language model, which is sent the newest part of it")
        self.ask(self._turn, self._prelude)
        return True

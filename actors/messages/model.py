"""What the language model and its tools did: told to the orchestrator, and by it to turn-taking."""

from enum import StrEnum
from typing import ClassVar

from actors.conversation import Ending, KeyPattern
from actors.errors import ErrorKind
from actors.messages.base import Message
from actors.tool_outcome import ToolOutcome


class ModelFailed(Message, frozen=True):
    """The stream in which the model replies to `turn` has ended with an error; `detail` is for operators only."""

    transient: ClassVar[bool] = True

    turn: int
    kind: ErrorKind
    detail: str
    stream: int = 0
    """The number of the model's stream that failed; the source of replies counts the streams that it opens."""


class ReplyTrouble(StrEnum):
    """Why the caller's words, which were understood, have no reply: it decides what is said instead."""

    NO_ANSWER = "no answer"
    BUSY = "busy"
    REFUSED = "refused"
    FORBIDDEN = "forbidden"
    """A speech-to-speech model has begun to say what its agent must not; nothing more of the reply may be heard."""


class ToolFinished(Message, frozen=True, kw_only=True):
    """The call `call_id` of a tool, made in `turn`, has come to `outcome` after `elapsed_ms`."""

    traced: ClassVar[bool] = True
    transient: ClassVar[bool] = True

    turn: int
    call_id: str
    name: str
    outcome: ToolOutcome
    elapsed_ms: float


class ReplyWritten(Message, frozen=True, kw_only=True):
    """The model has finished the reply of `turn`."""

    turn: int
    has_text: bool
    """Whether any text of the reply went to the synthesizer."""
    question_s: float = 0.0
    """About how many seconds the question lasts with which the reply ends; 0 if it asks nothing."""


class ReplyFailed(Message, frozen=True, kw_only=True):
    """The model has failed at the reply of `turn`."""

    turn: int
    has_text: bool
    """Whether any text of the reply had gone to the synthesizer."""
    cause: str = ""
    """Why the reply failed, in a few words for operators."""
    trouble: ReplyTrouble = ReplyTrouble.NO_ANSWER
    apology: int = 0
    """The number of the agent's apology to say (`actors/rules/phrases.py`); 0: the one that goes with the trouble."""


class SessionSpent(Message, frozen=True):
    """The session has used up what it may cost: it ends politely once the reply in hand has been heard."""


class ToolsStarted(Message, frozen=True):
    """The model has called tools in `turn`, and they run. `connects`: one of them calls somebody for the caller.

    `awaits_approval`: one of them is not run before an operator approves it.
    """

    turn: int
    connects: bool = False
    awaits_approval: bool = False


class ToolsFinished(Message, frozen=True):
    """All tools that the model had called in `turn` have come back."""

    turn: int


class ReplyGoesOn(Message, frozen=True):
    """The model has begun to say what follows the tools that it called in `turn`: it owes the rest as in any reply.

    Told by the maker of replies to turn-taking, once after each round of tools.
    """

    turn: int


class HandedOff(Message, frozen=True):
    """The tools of `turn` have handed the conversation off: another agent answers now, in a turn of its own."""

    turn: int
    has_text: bool
    """Whether the former agent has said something in `turn`; it is heard to its end."""


class KeysExpected(Message, frozen=True):
    """A tool has asked for keys: the caller's next keys are complete as `pattern` says."""

    pattern: KeyPattern


class EndingDecided(Message, frozen=True):
    """A tool wants the session to end once the reply in hand has been heard."""

    ending: Ending

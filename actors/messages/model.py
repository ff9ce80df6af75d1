"""What the model and the tools do, as the orchestrator is told and tells turn-taking."""

from typing import ClassVar

from actors.conversation import Ending, KeyPattern
from actors.errors import ErrorKind
from actors.messages.base import Message
from actors.tool_outcome import ToolOutcome


class ModelFailed(Message, frozen=True):
    """The model stream of `turn` ended with an error."""

    transient: ClassVar[bool] = True

    turn: int
    kind: ErrorKind
    detail: str


class ToolFinished(Message, frozen=True):
    """A tool of `turn` came back."""

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
    """Any text of it went to the synthesizer."""
    question_s: float = 0.0
    """About how long the question lasts with which it ends, in seconds; 0 if it asks nothing."""


class ReplyFailed(Message, frozen=True, kw_only=True):
    """The model has failed at the reply of `turn`."""

    turn: int
    has_text: bool
    """Any text of it had gone to the synthesizer."""


class ToolsStarted(Message, frozen=True):
    """The model has called tools in `turn`, and they run."""

    turn: int


class ToolsFinished(Message, frozen=True):
    """All tools that the model had called in `turn` have come back."""

    turn: int


class KeysExpected(Message, frozen=True):
    """The next input of keys is complete as `pattern` says."""

    pattern: KeyPattern


class EndingDecided(Message, frozen=True):
    """A tool wants the session to end once the reply in hand has been heard."""

    ending: Ending

"""TODO docstring."""

from typing import ClassVar

from actors.errors import ErrorKind
from actors.messages.base import Message
from actors.ports.llm import ModelEvent
from actors.tools import ToolOutcome


class ModelReported(Message, frozen=True):
    """One event of the model stream of `turn`."""

    transient: ClassVar[bool] = True

    turn: int
    event: ModelEvent


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

"""Where a scripted conversation stands. It lives in the conversation's memory and nowhere else."""

from enum import StrEnum
from typing import Any

import msgspec

from actors.conversation import Memory


class Question(StrEnum):
    """What the agent asked last, and what an answer therefore means."""

    NONE = "none"
    SLOT = "slot"
    CONFIRM = "confirm"
    CHANGE = "change"  # what is wrong with what was to be confirmed
    MORE = "more"  # whether there is anything else


class PendingCall(msgspec.Struct):
    """A tool whose result has not been seen."""

    call_id: str
    step: int
    """The step of the task that calls; -1 if it is no step, and nothing depends on the result."""
    arguments: str


class State(msgspec.Struct):
    """One conversation. Mutable: it is read from the memory at the start of a reply and written back at its end."""

    task: str = ""
    subject: str = ""
    """The intent that was served last; a sentence such as `and on Saturday` continues it."""
    whom: str = ""
    """The person for whom the task is, in the agent's words: `your daughter`; empty if for the caller."""
    waiting: str = ""
    """A further request, in the caller's words, that is served after the task: `and also for my wife at three`."""
    slots: dict[str, Any] = {}
    kept: dict[str, Any] = {}
    """The fields of tool results that were kept, by name."""
    called: dict[int, str] = {}
    """The arguments of the last call with a known result, by the number of the step that calls."""
    confirmed: dict[int, str] = {}
    """The words that the caller has agreed to, by the number of the step that asks for it."""
    declined: list[str] = []
    """The words that the caller has said no to in this task."""
    refused: dict[str, Any] = {}
    """The value that the caller has last called wrong, by slot: words that only sound like it mean another one."""
    told: list[int] = []
    question: Question = Question.NONE
    asked: str = ""
    """The name of the slot that the question asks for."""
    either: list[Any] = []
    """The values between which the caller is asked to choose, one of which was probably said."""
    step: int = 0
    """The step of the task that asks the question."""
    question_text: str = ""
    reply: str = ""
    pending: PendingCall | None = None
    calls: int = 0
    misses: int = 0
    """How many turns in a row were not understood."""
    slot_misses: int = 0
    said: dict[str, int] = {}
    """How often each group of texts was used, so that its texts are taken in turn."""

    def ask(self, question: Question, text: str, *, step: int = 0, slot: str = "") -> None:
        """Note what the agent is asking, so that a bare answer is understood."""
        if question is not Question.SLOT or slot != self.asked:
            self.slot_misses = 0
        self.either = []
        self.question, self.question_text, self.step, self.asked = question, text, step, slot

    def drop_task(self) -> None:
        """Drop the task in hand, and its open question."""
        self.task = ""
        self.kept, self.called, self.confirmed, self.told = {}, {}, {}, []
        self.declined, self.refused = [], {}
        self.pending = None
        self.ask(Question.NONE, "")

    def memory(self) -> Memory:
        """The state as JSON-like data, which the conversation keeps until the next reply."""
        memory: Memory = msgspec.to_builtins(self, str_keys=True)
        return memory


def state_of(memory: Memory) -> State:
    """The state in a memory; a new one if it holds none of ours."""
    try:
        return msgspec.convert(memory, State, strict=False)
    except msgspec.ValidationError:
        return State()

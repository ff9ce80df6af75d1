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
    """-1: no step of a task; nothing depends on the result."""
    arguments: str


class State(msgspec.Struct):
    """One conversation. Mutable: it is read from the memory at the start of a reply and written back at its end."""

    task: str = ""
    subject: str = ""
    """The intent that was served last, with which a sentence such as `and on Saturday` goes on."""
    whom: str = ""
    """For whom the task is, in the agent's words: `your daughter`; empty if it is for the caller."""
    waiting: str = ""
    """What the caller wants too, in their words, once the task is done: `and also for my wife at three`."""
    slots: dict[str, Any] = {}
    kept: dict[str, Any] = {}
    """Fields of tool results, by name."""
    called: dict[int, str] = {}
    """The arguments of the last call whose result is known, by the number of the step that calls."""
    confirmed: dict[int, str] = {}
    """The words that the caller has agreed to, by the number of the step that asks."""
    declined: list[str] = []
    """The words that the caller has said no to in this task."""
    refused: dict[str, Any] = {}
    """What the caller has called wrong last, by slot: what only sounds like it means something else."""
    told: list[int] = []
    question: Question = Question.NONE
    asked: str = ""
    """The slot asked for."""
    either: list[Any] = []
    """The values of which one was probably said, where the caller is asked which."""
    step: int = 0
    """The step that asks."""
    question_text: str = ""
    reply: str = ""
    pending: PendingCall | None = None
    calls: int = 0
    misses: int = 0
    """Turns in a row that were not understood."""
    slot_misses: int = 0
    said: dict[str, int] = {}
    """How often each group of texts was used, so that they are taken in turn."""

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

"""What a tool came to, as the conversation is told: apart from the tools themselves, so that a message can hold it."""

from enum import StrEnum
from typing import Any

import msgspec

from actors.conversation import KeyPattern


class ToolEnding(StrEnum):
    """What a tool's result does to the session, once the reply to it has been said."""

    NONE = "none"
    END_SESSION = "end_session"
    HANDOFF = "handoff"


class ToolOutcome(msgspec.Struct, frozen=True):
    """What a tool came to: its result for the model, and what it wants of the session."""

    result: Any
    """The result of the tool, a JSON value."""
    ending: ToolEnding = ToolEnding.NONE
    failed: bool = False
    keys: KeyPattern | None = None
    """When the keys that the caller is asked for are complete; they come as the caller's next input. None asks for
    none."""
    language: str = ""
    """The language in which the agent goes on, one of its own; empty for no change."""

    @property
    def text(self) -> str:
        """The result as JSON text: what goes into the conversation."""
        return msgspec.json.encode(self.result).decode()


MAX_RESULT_CHARS = 8_000
"""The most characters of a result as JSON: two pages. A model is sent it again with every later turn."""


def shortened(outcome: ToolOutcome) -> ToolOutcome:
    """`outcome`, with the beginning of its result and a note for the model where the result is too long."""
    text = outcome.text
    if len(text) <= MAX_RESULT_CHARS:
        return outcome
    note = f"only the beginning of the result is here: it has {len(text)} characters"
    return msgspec.structs.replace(outcome, result={"note": note, "beginning": text[:MAX_RESULT_CHARS]})

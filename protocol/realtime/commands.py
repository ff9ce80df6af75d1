"""What a Realtime service is told. Each command becomes one message; `codec.py` alone knows how that is spelt."""

from typing import Literal

import msgspec

from protocol.realtime.session_settings import SessionSettings


class UpdateSession(msgspec.Struct, frozen=True):
    """Set what is given; answered by `SessionUpdated` or `ServiceFailed`."""

    settings: SessionSettings


class AppendAudio(msgspec.Struct, frozen=True):
    """More of the caller's audio, PCM16LE mono at the session's rate. Never acknowledged."""

    pcm: bytes


class CommitAudio(msgspec.Struct, frozen=True):
    """What was appended since the last commit is one turn of the caller. No answer begins by that."""


class ClearAudio(msgspec.Struct, frozen=True):
    """Forget what was appended since the last commit."""


class TextItem(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was said or written; the system's texts are notes for the model."""

    role: Literal["user", "assistant", "system"]
    text: str
    item_id: str = ""
    """The id of the item, at most 32 characters; empty: the service makes one."""


class CallItem(msgspec.Struct, frozen=True, kw_only=True):
    """A call of a tool that the model made earlier; `arguments` is a JSON object as text."""

    call_id: str
    name: str
    arguments: str
    item_id: str = ""


class CallOutputItem(msgspec.Struct, frozen=True, kw_only=True):
    """What the tool of that call came to, as JSON text. The model goes on only when a response is ordered."""

    call_id: str
    output: str
    item_id: str = ""


Item = TextItem | CallItem | CallOutputItem


class CreateItem(msgspec.Struct, frozen=True):
    """Add `item` at the end of the conversation."""

    item: Item


class DeleteItem(msgspec.Struct, frozen=True):
    """Take an item out of the conversation."""

    item_id: str


class TruncateItem(msgspec.Struct, frozen=True):
    """Keep only the first `audio_end_ms` of the audio of the model's item, and nothing of its transcript."""

    item_id: str
    audio_end_ms: int


class CreateResponse(msgspec.Struct, frozen=True, kw_only=True):
    """Have the model answer; one response at a time."""

    instructions: str = ""
    """The instructions of this response alone; empty: those of the session."""
    text: str = ""
    """A text that is spoken word for word in place of an answer (Voice Live only); empty for an answer."""
    tools: bool = True
    """Whether the model may call tools in this response."""
    metadata: dict[str, str] = {}
    """Texts by name that the service returns with the response, so that the client recognises it."""


class CancelResponse(msgspec.Struct, frozen=True):
    """Stop making a response. Pieces of it go on coming until it is reported as done."""

    response_id: str = ""
    """The id of the response to cancel; empty for whichever is being made."""


Command = (
    UpdateSession
    | AppendAudio
    | CommitAudio
    | ClearAudio
    | CreateItem
    | DeleteItem
    | TruncateItem
    | CreateResponse
    | CancelResponse
)

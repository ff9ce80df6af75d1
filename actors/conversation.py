"""A conversation as data: what was said, what was heard of it, and the record of a session that outlives its actors."""

from enum import StrEnum
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from actors.session_context import GivenContext

Memory = dict[str, Any]
"""The notes that a language model keeps of one conversation, by name; JSON values only."""


class Role(StrEnum):
    """Whose message a chat message is."""

    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"
    NOTE = "note"
    """Something that nobody said but the language model has to know, such as an order that failed after its tool
    returned."""


class UtteranceKind(StrEnum):
    """What kind of utterance the agent speaks."""

    REPLY = "reply"
    GREETING = "greeting"
    FILLER = "filler"
    PROMPT = "prompt"
    APOLOGY = "apology"
    GOODBYE = "goodbye"
    VOICEMAIL = "voicemail"
    """The message that is left on an answering machine."""


class PositionPrecision(StrEnum):
    """How exactly it is known what the user heard of an entry."""

    EXACT = "exact"  # the client reports its playout, or audio is paced and the call is the clock
    NETWORK = "network"  # by the play clock: exact up to network delay
    ESTIMATED = "estimated"  # a client with a buffer of its own that says nothing
    TYPED = "typed"  # text, not audio


class ToolRequest(msgspec.Struct, frozen=True):
    """A call of a tool that the model asked for. `arguments` is a JSON object as text."""

    call_id: str
    name: str
    arguments: str


class SpokenWord(msgspec.Struct, frozen=True):
    """A word that was recognised, and where it lies in the caller's audio, in ms."""

    text: str
    start_ms: float
    end_ms: float


class ChatMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One message as a language model sees it."""

    role: Role
    text: str = ""
    turn: int = 0
    kind: UtteranceKind = UtteranceKind.REPLY
    """What kind of utterance an assistant's message is."""
    precision: PositionPrecision = PositionPrecision.EXACT
    """How exactly the `text` of an assistant's message is known to be what was heard."""
    interrupted: bool = False
    """Whether `text` is only the beginning of a reply that was interrupted there."""
    tool_requests: tuple[ToolRequest, ...] = ()
    """The tool calls that an assistant's message asks for."""
    call_id: str = ""
    """The id of the tool request that a tool's message answers."""
    at: float = 0.0
    """When it was said, in seconds since the epoch."""
    confidence: float = 1.0
    """How sure the recognizer was of the words of a user's message, from 0 to 1."""
    is_withheld: bool = False
    """Whether a content filter has refused a user's message, which is then sent to no model again."""
    start_ms: float = 0.0
    """Where a transcribed message begins, in ms of the caller's audio."""
    end_ms: float = 0.0
    """Where a transcribed message ends, in ms of the caller's audio; 0 if that is not known."""
    speaker: str = ""
    """Who on the call said a transcribed message, as `rules/speakers.py` names them; empty where all voices come in one
    stream."""
    language: str = ""
    """The language of a transcribed message, such as "de-DE"; empty if it is not known."""
    words: tuple[SpokenWord, ...] = ()
    """Each word of a transcribed message with its place in the audio, from engines that tell it."""


class ExpectedAnswer(StrEnum):
    """What the agent has asked for: it decides how an answer is given, and so in which pauses it may be complete."""

    ANYTHING = "anything"
    YES_NO = "yes_no"
    SHORT = "short"  # one of several things: a day, a time, a service
    NAME = "name"
    NUMBER = "number"  # given in groups of digits: of a telephone, a card, a member
    SPELLING = "spelling"  # letter by letter


class Floor(StrEnum):
    """Who has the right to speak at the moment."""

    NOBODY = "nobody"
    USER = "user"
    AGENT = "agent"


class Ending(StrEnum):
    """Why a session ends, in the words of the wire."""

    NORMAL = "NORMAL"
    HUMAN_HANDOFF = "HUMAN_HANDOFF"
    IDLE_TIMEOUT = "IDLE_TIMEOUT"
    ERROR = "ERROR"
    VOICEMAIL = "VOICEMAIL"
    """An answering machine took a call that the agent had placed, and no message was left."""
    MESSAGE_LEFT = "MESSAGE_LEFT"
    """An answering machine took a call that the agent had placed, and a message was left on it."""


KEYS = frozenset("0123456789*#ABCD")
"""The keys of a telephone."""

MAX_KEYS = 32
"""The most keys of one input: with so many it is complete, whatever is expected."""


class KeyPattern(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The input is complete when it has `length` keys (0: any number), at the terminator, or after a wait."""

    length: Annotated[int, Meta(ge=0, le=MAX_KEYS)] = 0
    """How many keys make up one input; 0: any number, up to 32."""
    terminator: Annotated[str, Meta(pattern=r"^[0-9*#A-D]?\Z")] = "#"
    """The key that ends the input and is not part of it; empty: there is none."""
    wait_s: Annotated[float, Meta(ge=0.5, le=60)] = 2.0
    """Seconds without a further key after which the input is complete."""

    def is_complete(self, keys: str) -> bool:
        """Whether nothing more is to be waited for."""
        return len(keys) >= (self.length or MAX_KEYS)


ANY_KEYS = KeyPattern()
"""Any number of keys, up to a pause of two seconds or the pound key."""

ABANDONED = "ABANDONED"
"""The end of a session whose connection was lost and did not come back."""


class Usage(msgspec.Struct, kw_only=True):
    """What a session has cost so far, in the units that providers charge by."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    recognized_s: float = 0.0
    """Seconds of audio that the recognizer was given."""
    spoken_characters: int = 0
    """Characters of text that the synthesizer was given."""


class HandoffMade(msgspec.Struct, frozen=True, kw_only=True):
    """That a conversation was handed off from one agent to another."""

    turn: int
    """The first turn that the new agent answers."""
    from_agent: str
    to_agent: str
    at: float
    """When it was made, in seconds since the epoch."""


class SessionRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A session as it is stored: enough to show it, and to go on with it elsewhere."""

    session_id: str
    mode: str
    agent: str
    """The name of the agent that has the conversation now, or had it last."""
    state: str
    created_at: float
    updated_at: float
    turn: int = 0
    resume_token: str = ""
    call_id: str = ""
    messages: tuple[ChatMessage, ...] = ()
    memory: Memory = {}
    handoffs: tuple[HandoffMade, ...] = ()
    """The handoffs from agent to agent, in the order of time."""
    ended_reason: str = ""
    given: GivenContext | None = None
    """The context that a browser's session was begun with, which it keeps when it is resumed. None: there was none."""

    @property
    def resumable(self) -> bool:
        """Whether someone who comes back goes on with this conversation: it was not brought to its end."""
        return self.ended_reason in ("", ABANDONED, "ERROR")

"""A conversation as data: what was said, what was heard of it, and the record of a session that outlives its actors."""

from enum import StrEnum
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from actors.session_context import GivenContext

Memory = dict[str, Any]
"""A language model's own notes on one conversation; JSON values only."""


class Role(StrEnum):
    """Whose message a chat message is."""

    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"
    NOTE = "note"
    """What the language model has to know of and nobody said, such as an order that failed after its tool returned."""


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
    """Of an assistant's message."""
    precision: PositionPrecision = PositionPrecision.EXACT
    """Of an assistant's message: how exactly `text` is what was heard."""
    interrupted: bool = False
    """`text` is the beginning of a reply that was cut off there."""
    tool_requests: tuple[ToolRequest, ...] = ()
    """Of an assistant's message."""
    call_id: str = ""
    """Of a tool's message: the request that this answers."""
    at: float = 0.0
    """Seconds since the epoch."""
    confidence: float = 1.0
    """Of a user's message: how sure the recognizer was of the words, 0 to 1."""
    is_withheld: bool = False
    """Of a user's message: a content filter refuses it, so that no model is sent it again."""
    start_ms: float = 0.0
    """Of what was transcribed: where in the caller's audio it begins."""
    end_ms: float = 0.0
    """Of what was transcribed: where in the caller's audio it ends; 0 if that is not known."""
    speaker: str = ""
    """Of what was transcribed: who of those on the call said it, as `rules/speakers.py` names them; empty where all
    voices come in one stream."""
    language: str = ""
    """Of what was transcribed: the language that was spoken, such as "de-DE"; empty if it is not known."""
    words: tuple[SpokenWord, ...] = ()
    """Of what was transcribed: each word with its place, from engines that tell it."""


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
    """An answering machine has taken a call of ours, and no message was left."""
    MESSAGE_LEFT = "MESSAGE_LEFT"
    """An answering machine has taken a call of ours, and a message was left on it."""


KEYS = frozenset("0123456789*#ABCD")
"""The keys of a telephone."""

MAX_KEYS = 32
"""The number of keys with which an input is complete, whatever is expected: no number that is asked for has more."""


class KeyPattern(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The input is complete when it has `length` keys (0: any number), at the terminator, or after a wait."""

    length: Annotated[int, Meta(ge=0, le=MAX_KEYS)] = 0
    """How many keys are one input; 0: any number, up to 32."""
    terminator: Annotated[str, Meta(pattern=r"^[0-9*#A-D]?\Z")] = "#"
    """A key that ends the input and is not part of it; empty for none."""
    wait_s: Annotated[float, Meta(ge=0.5, le=60)] = 2.0
    """The pause after a key that ends the input, in seconds."""

    def is_complete(self, keys: str) -> bool:
        """Whether nothing more is to be waited for."""
        return len(keys) >= (self.length or MAX_KEYS)


ANY_KEYS = KeyPattern()
"""Any number of keys, up to a pause or the pound key."""

ABANDONED = "ABANDONED"
"""Why a session ended whose connection was lost and did not come back."""


class Usage(msgspec.Struct, kw_only=True):
    """What a session has cost so far, in the units that providers charge by."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    recognized_s: float = 0.0
    """Audio that the recognizer was given."""
    spoken_characters: int = 0
    """Text that the synthesizer was given."""


class HandoffMade(msgspec.Struct, frozen=True, kw_only=True):
    """That a conversation was handed off from one agent to another."""

    turn: int
    """The first turn that the new agent answers."""
    from_agent: str
    to_agent: str
    at: float
    """In seconds since the epoch."""


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
    """From agent to agent, in the order of time."""
    ended_reason: str = ""
    given: GivenContext | None = None
    """What it was begun with, of a browser's session: one that goes on keeps that. None: with nothing."""

    @property
    def resumable(self) -> bool:
        """Whether someone who comes back goes on with this conversation: it was not brought to its end."""
        return self.ended_reason in ("", ABANDONED, "ERROR")

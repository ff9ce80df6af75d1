"""What the successor of a session's actor goes on from: kept outside the actors, written as the conversation goes."""

import msgspec

from actors.conversation import ChatMessage, Ending


class LostConnection(msgspec.Struct, frozen=True):
    """The connection that carried the session is gone; another one may take its place for a while."""

    connection_id: str
    until: float
    """When the session ends if none has, in seconds of the session's clock."""


class Checkpoint(msgspec.Struct):
    """The state of one session that outlives each of its actors."""

    ending: Ending | None = None
    """How the session ended; one that has ended is never rebuilt."""
    hung_up: Ending | None = None
    """How the session was ordered to end at once; a supervisor that fails after that is not replaced."""
    abandoned: bool = False
    """The session ended because nobody came back to it."""
    concluded: bool = False
    """The end has been shown, and what was heard until then is in the conversation."""
    ending_after_reply: Ending | None = None
    """How the session ends once the reply in hand has been heard: a tool of it wants so."""
    transcript: tuple[ChatMessage, ...] = ()
    """What was said in a session that only listens."""
    said_before_tools: str = ""
    """The text of the reply in hand up to where the model called its tools: it goes on from there."""
    user_at: float | None = None
    """When the user last spoke, typed or pressed a key, in seconds of the session's clock. None: never yet."""
    lost: LostConnection | None = None
    """Set while the session waits for its connection to come back."""

"""What a caller does: speaks, types, presses keys, connects and hangs up."""

from enum import Enum
from typing import ClassVar

import msgspec

from actors.conversation import Ending
from actors.messages.base import Message
from actors.messages.transcript import FinalTranscript, InterimTranscript


class Transport(Enum):
    """How it is known what the caller has heard by now, and whether playback can be paused."""

    PACED = "paced"  # plays in real time what it is sent, so that the clock says what was heard: a telephone call
    MARKED = "marked"  # the client reports how far it has played, and pauses when it is told to
    BLIND = "blind"  # the client says nothing and cannot pause


class Lead(msgspec.Struct, frozen=True):
    """How a connection plays audio, and by how many ms what is sent may be ahead of what the caller hears."""

    transport: Transport
    lead_ms: int

    def is_holdable(self) -> bool:
        """Whether what has begun to play can be paused."""
        return self.transport is not _BLIND


# Looked at with each event of a conversation: an attribute of an enumeration takes longer.
_BLIND = Transport.BLIND
PACED = Lead(Transport.PACED, 60)
MARKED = Lead(Transport.MARKED, 300)
BLIND = Lead(Transport.BLIND, 300)


class CallerAudio(Message, frozen=True, gc=False):
    """Audio of the caller, PCM16LE mono at the session's input rate, `offset_bytes` into all audio of the session."""

    droppable: ClassVar[bool] = True

    pcm: bytes
    offset_bytes: int
    duration_ms: float


class InputLost(Message, frozen=True):
    """The typed text or the key of this number is given up: two actors in a row have died on it."""

    number: int


class TextEntered(Message, frozen=True):
    """The caller typed `text` instead of speaking.

    `number` is the session's to give: what was typed and keyed is numbered from 1 in the order in which it came, so
    that nothing is acted on twice. 0 for what was not numbered.
    """

    refusable: ClassVar[bool] = True
    repeatable: ClassVar[bool] = True
    traced: ClassVar[bool] = True

    text: str
    number: int = 0

    def instead(self) -> InputLost:
        """The caller is asked to repeat it."""
        return InputLost(self.number)


class KeyPressed(Message, frozen=True):
    """The caller pressed a telephone key: one of 0-9 * # A-D. `number` is that of `TextEntered`."""

    refusable: ClassVar[bool] = True
    repeatable: ClassVar[bool] = True

    key: str
    number: int = 0

    def instead(self) -> InputLost:
        """The caller is asked to repeat the keys."""
        return InputLost(self.number)


class HoldStarted(Message, frozen=True):
    """The caller was put on hold: they hear and say nothing until `HoldEnded`."""

    repeatable: ClassVar[bool] = True


class HoldEnded(Message, frozen=True):
    """The caller is back from hold, and hears and speaks again."""

    repeatable: ClassVar[bool] = True


class CallOrderFailed(Message, frozen=True):
    """The telephone network reports that something ordered of it failed, after the one who ordered it was answered.

    `failure` says in a clause what was not done, and why; it names no number and no key.
    """

    failure: str


class InterruptRequested(Message, frozen=True):
    """The caller asks for the floor by other means than voice, such as a button."""

    repeatable: ClassVar[bool] = True
    refusable: ClassVar[bool] = True
    urgent: ClassVar[bool] = True


class PlaybackMarked(Message, frozen=True):
    """The client reports that its user has heard the first `audio_ms` of the audio of `turn`."""

    transient: ClassVar[bool] = True
    refusable: ClassVar[bool] = True

    turn: int
    audio_ms: float
    state: str
    """The state of the client's player: playing, paused or empty."""


class ConnectionAttached(Message, frozen=True, kw_only=True):
    """A connection now carries this session."""

    connection_id: str
    lead: Lead
    rate_hz: int
    frame_ms: int = 20
    cancels_echo: bool = False
    """Whether the client removes the agent's voice from the audio that it sends, as browsers do."""


class ConnectionDetached(Message, frozen=True):
    """The connection that carried this session was lost or closed."""

    repeatable: ClassVar[bool] = True

    connection_id: str
    keep_s: float = 0.0
    """Seconds for which the session waits at least for another connection; the agent's `reconnect_s` holds if it is
    longer."""


class EndSession(Message, frozen=True):
    """Order the session to end, for `reason`: politely, so that a goodbye is heard first, or at once."""

    repeatable: ClassVar[bool] = True

    urgent: ClassVar[bool] = True
    reason: Ending
    politely: bool = True


InputMessage = (
    TextEntered
    | KeyPressed
    | HoldStarted
    | HoldEnded
    | CallOrderFailed
    | InterruptRequested
    | PlaybackMarked
    | ConnectionAttached
    | ConnectionDetached
    | EndSession
    | InterimTranscript
    | FinalTranscript
)
"""What a connection tells its session besides audio; transcripts come from telephone networks that transcribe a
call."""

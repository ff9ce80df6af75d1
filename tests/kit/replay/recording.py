"""What entered a session through its ports, in order: enough to replay it without any provider.

Everything that is not computed from messages enters a session through a port: the connection's input, the engines'
events, the outcomes of tools, timers and ticks that come due. A `Recorder` (recorder.py) notes each with its time; a
`Replay` (replay.py) delivers them in that order, each at its time, to a session whose engines only pass on what was
noted. So the same effects follow, whatever machine and loop it runs on.
"""

import msgspec

from actors.errors import ErrorKind
from actors.messages.caller import CallerAudio, InputMessage
from actors.ports.llm import ModelEvent
from actors.ports.stt import RecognitionEvent
from actors.ports.tts import SynthesisEvent
from actors.tools import ToolOutcome


class Opened(msgspec.Struct, frozen=True, tag=True):
    """A stream was opened."""


class Failed(msgspec.Struct, frozen=True, tag=True):
    """A call to an engine failed."""

    kind: ErrorKind
    detail: str


class Fired(msgspec.Struct, frozen=True, tag=True):
    """A timer came due."""


class Ticked(msgspec.Struct, frozen=True, tag=True):
    """The play clock ticked."""

    at_ms: float


class Returned(msgspec.Struct, frozen=True, tag=True):
    """A tool came back."""

    outcome: ToolOutcome


class Probability(msgspec.Struct, frozen=True, tag=True):
    """What a detector said of its next window."""

    value: float


Delivered = (
    InputMessage
    | CallerAudio
    | RecognitionEvent
    | SynthesisEvent
    | ModelEvent
    | Opened
    | Failed
    | Fired
    | Ticked
    | Returned
    | Probability
)


class Delivery(msgspec.Struct, frozen=True):
    """What entered the session: when (seconds from its start), through which port, to which of its users."""

    at: float
    port: str
    index: int
    what: Delivered


class Recording(msgspec.Struct, frozen=True):
    """All that entered a session, in order."""

    wall_s: float
    deliveries: list[Delivery]

    def encode(self) -> bytes:
        """As a file."""
        return msgspec.msgpack.encode(self)

    @staticmethod
    def decode(data: bytes) -> "Recording":
        """From a file."""
        return msgspec.msgpack.decode(data, type=Recording)

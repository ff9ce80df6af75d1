"""What the emulator notes of connections, messages and requests, for tests to look at. Times are `time.monotonic()`."""

from typing import Any, Literal

import msgspec

from tests.cloud.speech.ssml import Spoken
from tests.cloud.speech.voices import Word

Lane = Literal["recognition", "synthesis"]


class Connection(msgspec.Struct, eq=False):
    """A WebSocket, or the attempt: then `status` is not 101. It is 0 while no answer was given."""

    number: int
    lane: Lane
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    """As sent, the credential too."""
    asked_at_s: float
    status: int = 0
    opened_at_s: float | None = None
    closed_at_s: float | None = None
    close_code: int | None = None
    """Of either side; 1006 if the connection broke."""

    @property
    def open(self) -> bool:
        """Whether it is."""
        return self.opened_at_s is not None and self.closed_at_s is None

    @property
    def key(self) -> str | None:
        """The key sent."""
        return self.headers.get("Ocp-Apim-Subscription-Key")

    @property
    def bearer(self) -> str | None:
        """The token sent, `aad#...#` and all."""
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        return token if scheme == "Bearer" else None


class Message(msgspec.Struct, frozen=True):
    """One frame, either way; `sent` by the service. `body` is empty for audio, of which only `size_bytes` is noted."""

    at_s: float
    connection: int
    sent: bool
    path: str
    request_id: str
    size_bytes: int
    body: str = ""


class Block(msgspec.Struct, frozen=True):
    """Audio that came or went at once."""

    at_s: float
    size_bytes: int


class Recognition(msgspec.Struct, eq=False):
    """A turn of speech to text: what was asked, and the audio that came."""

    connection: int
    number: int
    """Among the turns of the emulator, from 0."""
    request_id: str
    context: dict[str, Any]
    languages: tuple[str, ...]
    """One that is told, or several to choose from."""
    phrases: tuple[str, ...]
    diarization: bool
    segmentation_ms: float | None
    rate_hz: int = 16_000
    audio: bytearray = msgspec.field(default_factory=bytearray)
    blocks: list[Block] = msgspec.field(default_factory=list)
    audio_ms: float = 0.0
    ended: bool = False
    """The client said that there is no more audio."""

    @property
    def detects_language(self) -> bool:
        """Whether the service is to find out which language is spoken."""
        return "languageId" in self.context


class Synthesis(msgspec.Struct, eq=False):
    """A request of text to speech: what was asked, and what was sent."""

    connection: int
    number: int
    """Among the requests of the emulator, from 0."""
    request_id: str
    asked_at_s: float
    output_format: str
    rate_hz: int
    context: dict[str, Any]
    streaming: bool
    ssml: str = ""
    spoken: Spoken = msgspec.field(default_factory=Spoken)
    """What the SSML says; of a text stream, the text so far."""
    pieces: list[tuple[float, str]] = msgspec.field(default_factory=list)
    """Of a text stream, with the times when they came."""
    words: list[Word] = msgspec.field(default_factory=list)
    """Said so far; positions are those in the request's audio."""
    audio: bytearray = msgspec.field(default_factory=bytearray)
    """Sent so far."""
    blocks: list[Block] = msgspec.field(default_factory=list)
    outcome: Literal["", "completed", "abandoned", "stalled", "broken", "refused"] = ""
    """`abandoned`: the connection was closed under it."""

    @property
    def text(self) -> str:
        """What is said."""
        return self.spoken.text

    @property
    def audio_ms(self) -> float:
        """How much was sent."""
        return sum(block.size_bytes for block in self.blocks) * 500 / self.rate_hz

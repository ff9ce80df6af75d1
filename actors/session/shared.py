"""What of a session outlives its actors: their addresses, the recent audio of the caller, and the last snapshot.

All of it belongs to the loop's thread.
"""

import logging
from collections import deque
from collections.abc import Callable
from typing import Any, assert_never

from actors.messages.caller import (
    CallerAudio,
    ConnectionAttached,
    ConnectionDetached,
    EndSession,
    HoldEnded,
    HoldStarted,
    InputMessage,
    InterruptRequested,
    KeyPressed,
    PlaybackMarked,
    TextEntered,
)
from actors.messages.output import OutputMessage
from actors.ports.recipient import Recipient
from actors.rules.history import Resumed
from actors.rules.pending_reply import PendingReply
from actors.rules.unicode_text import well_formed
from actors.runtime.address import Address
from actors.session.checkpoint import Checkpoint
from actors.session.tool_runs import ToolRuns

logger = logging.getLogger("earshot.actors")

RING_MS = 20_000
"""Caller audio kept at least for a recognizer that has to start again."""
RING_MARGIN_MS = 5_000
"""More than the longest utterance: its final transcript, and a recognizer that has to start, take a while."""
CROWDED_MESSAGES = 64
"""With more unhandled by an actor of the session its connection is not read: a client's message is at most 4,000
characters, so that what it has made wait is at most a quarter of a million of them. In time only a few ever wait."""
REHEARD_MS = 1_900
"""How much recent audio a recognizer that starts anew listens to for voice: within what its mailbox holds."""


class AudioRing:
    """The last `RING_MS` of the caller's audio, PCM16LE mono, addressed by its offset in all audio of the session."""

    def __init__(self, rate_hz: int, keep_ms: int = RING_MS) -> None:
        self.rate_hz = rate_hz
        self._keep_bytes = rate_hz * 2 * keep_ms // 1000
        self._reheard_bytes = rate_hz * 2 * REHEARD_MS // 1000
        self._chunks: deque[tuple[int, bytes]] = deque()
        self.end_bytes = 0
        self.settled_bytes = 0
        """Audio before this has become final transcripts: it need never be recognised again."""

    def append(self, pcm: bytes) -> int:
        """Keep `pcm`; the offset at which it begins."""
        offset, chunks = self.end_bytes, self._chunks
        chunks.append((offset, pcm))
        self.end_bytes = end_bytes = offset + len(pcm)
        # What has been settled is heard again only in part: a call that is silent keeps little.
        keep_from = max(end_bytes - self._keep_bytes, min(self.settled_bytes, end_bytes - self._reheard_bytes))
        while chunks[0][0] < keep_from and len(chunks) > 1:
            chunks.popleft()
        return offset

    @property
    def kept_bytes(self) -> int:
        """How much audio is kept."""
        return self.end_bytes - self._chunks[0][0] if self._chunks else 0

    def since(self, offset: int) -> tuple[int, bytes]:
        """All audio from `offset` on that is still there, and the offset at which it really begins."""
        kept = [(begin, pcm) for begin, pcm in self._chunks if begin + len(pcm) > offset]
        if not kept:
            return self.end_bytes, b""
        first, pcm = kept[0]
        skip = max(0, offset - first) & ~1
        return first + skip, b"".join([pcm[skip:], *(pcm for _, pcm in kept[1:])])

    def chunks_since(self, offset: int) -> list[tuple[int, bytes]]:
        """The pieces of audio, as they came, that begin at `offset` or later, with their offsets."""
        return [(begin, pcm) for begin, pcm in self._chunks if begin >= offset]

    def ms(self, size_bytes: int) -> float:
        """The duration of so many bytes."""
        return size_bytes * 500 / self.rate_hz

    def bytes_of(self, duration_ms: float) -> int:
        """The size of so much audio, whole samples."""
        return int(duration_ms * self.rate_hz / 1000) * 2


class SessionLines:
    """The lines of one session, and what its restarted parts go on from."""

    def __init__(self, session_id: str, rate_hz: int, longest_utterance_ms: int = 0) -> None:
        self.session_id = session_id
        self.session: Address[Any] = Address("session")
        self.recognizer: Address[Any] = Address("recognizer")
        self.orchestrator: Address[Any] = Address("orchestrator")
        self.synthesizer: Address[Any] = Address("synthesizer")
        self.output: Recipient[OutputMessage] | None = None
        self.attached: ConnectionAttached | None = None
        self.checkpoint = Checkpoint()
        self.tool_runs = ToolRuns(self.orchestrator)
        # The whole of an utterance is there to be heard again, however long it may be.
        self.ring = AudioRing(rate_hz, max(RING_MS, longest_utterance_ms + RING_MARGIN_MS))
        self.pending_replies: dict[int, PendingReply] = {}
        self.stopped_through = 0
        """Replies up to this number are silenced: what is still queued for them is stale."""
        self.final_owed = False
        """Somebody spoke, and what they said is not known yet."""
        self.failed_reply = 0
        """The reply at which the synthesizer's engine failed last."""
        self.resumed: Resumed | None = None
        self.tap: Callable[[InputMessage | CallerAudio], None] | None = None
        """Sees all input, for a recording."""

    def deliver(self, message: InputMessage) -> None:
        """The one door for what a connection tells its session, audio apart."""
        if self.tap is not None:
            self.tap(message)
        match message:
            case TextEntered(text):
                self.orchestrator.tell(TextEntered(well_formed(text)))
            case KeyPressed() | InterruptRequested() | HoldStarted() | HoldEnded():
                self.orchestrator.tell(message)
            case PlaybackMarked():
                self.synthesizer.tell(message)
            case EndSession(reason, politely):
                if not politely:
                    self.checkpoint.hung_up = self.checkpoint.hung_up or reason
                self.session.tell(message)
            case ConnectionAttached() | ConnectionDetached():
                self.session.tell(message)
            case _:
                assert_never(message)

    def close(self) -> None:
        """The session is over: what is told from now on reaches nobody and is not kept."""
        self.tool_runs.close()
        for address in (self.session, self.recognizer, self.orchestrator, self.synthesizer):
            address.close()

    @property
    def is_crowded(self) -> bool:
        """Whether an actor of the session has so much to do that its connection should be read later."""
        return (
            self.orchestrator.unhandled > CROWDED_MESSAGES
            or self.recognizer.unhandled > CROWDED_MESSAGES
            or self.session.unhandled > CROWDED_MESSAGES
            or self.synthesizer.unhandled > CROWDED_MESSAGES
        )

    def push_audio(self, pcm: bytes) -> None:
        """Caller audio from the connection: kept in the ring before anything can fail, then told."""
        offset = self.ring.append(pcm)
        audio = CallerAudio(pcm, offset, self.ring.ms(len(pcm)))
        if self.tap is not None:
            self.tap(audio)
        self.recognizer.tell_now(audio)

    def show(self, message: OutputMessage) -> None:
        """Tell the connection and the observers; harmless when there are none. A connection that fails is given up."""
        if self.output is not None:
            try:
                self.output.tell(message)
            except Exception as error:  # noqa: BLE001 - whatever an output raises, the session goes on
                logger.error("the output of a session failed and is given up: %s", type(error).__name__)  # noqa: TRY400
                self.output = None
                if self.attached is not None:
                    self.session.tell(ConnectionDetached(self.attached.connection_id))

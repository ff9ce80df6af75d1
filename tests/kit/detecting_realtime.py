"""A speech-to-speech model that looks for turns by itself, on virtual time, across a network that takes its time."""

import asyncio
from array import array
from collections.abc import Callable, Iterator
from functools import lru_cache

from actors.messages.transcript import SpeechStarted, SpeechStopped
from actors.ports import realtime as port
from actors.ports import realtime_events as reported
from protocol.realtime.failure_kinds import FailureKind
from tests.kit.fake_realtime import FakeRealtime, FakeRealtimeSession, Scripted
from tests.kit.fakes import loudest

LOUD = 1_000
LEAST_COMMIT_MS = 100
PIECE_BYTES = 640
"""The loud samples of so much audio are counted at once, and kept: callers of the tests say the same over and over."""


@lru_cache(maxsize=256)
def _loud_samples(piece: bytes) -> int:
    return sum(abs(sample) > LOUD for sample in array("h", piece))


def pieces(pcm: bytes) -> Iterator[bytes]:
    """`pcm` in pieces of `PIECE_BYTES`; the last may be shorter."""
    return (bytes(pcm[begin : begin + PIECE_BYTES]) for begin in range(0, len(pcm), PIECE_BYTES))


class DetectingRealtime(FakeRealtime):
    """Commits what it takes for a turn, and never answers by itself.

    Args:
        replies: what it answers.
        finds_ends: it goes by what is said, so that what it tells is evidence.
        away_s: how long each message takes, to the service and from it.
    """

    def __init__(self, *replies: Scripted, finds_ends: bool = False, away_s: float = 0.04) -> None:
        super().__init__(*replies)
        self.finds_ends = finds_ends
        self.away_s = away_s
        self.detecting: list[DetectingSession] = []

    @property
    def abilities(self) -> port.RealtimeAbilities:
        return port.RealtimeAbilities(detects_turns=True, finds_ends=self.finds_ends)

    async def open(
        self, options: port.RealtimeOptions, report: Callable[[reported.RealtimeEvent], None]
    ) -> FakeRealtimeSession:
        await asyncio.sleep(0.05)
        session = DetectingSession(self, options, report)
        self.sessions.append(session)
        self.detecting.append(session)
        report(reported.RealtimeReady(None))
        return session


class DetectingSession(FakeRealtimeSession):
    """One session: `items` is what it knows of the caller, by item, in order."""

    def __init__(
        self,
        model: DetectingRealtime,
        options: port.RealtimeOptions,
        report: Callable[[reported.RealtimeEvent], None],
    ) -> None:
        super().__init__(model, options, report)
        assert options.detect_turns
        self.items: dict[str, bytes] = {}
        self.deleted: list[str] = []
        self.refused = 0
        """Orders to commit what was too little."""
        self.by_itself = 0
        """Turns that it has committed by itself."""
        self._away_s = model.away_s
        self._latest_at = 0.0
        self._number = 0
        self._buffer = bytearray()
        self._appended_ms = self._started_ms = 0.0
        self._voiced_until_ms: float | None = None
        """None while it hears no speech."""

    def append(self, pcm: bytes) -> None:
        self._later(self._listen, pcm)

    def commit(self) -> None:
        self._later(self._ordered)

    def clear(self) -> None:
        self._later(self._clear)

    def delete(self, item_id: str) -> None:
        if item_id.startswith("item-"):
            super().delete(item_id)
        else:
            self._later(self._delete, item_id)

    def voiced_ms(self) -> list[int]:
        """How much voice each item of the caller holds."""
        rate = self.options.rate_hz // 1_000
        return [sum(map(_loud_samples, pieces(pcm))) // rate for pcm in self.items.values()]

    def _later(self, act: Callable[..., None], *arguments: object) -> None:
        # Timers of one moment have no order of their own; messages have.
        loop = asyncio.get_running_loop()
        self._latest_at = max(loop.time() + self._away_s, self._latest_at + 1e-6)
        loop.call_at(self._latest_at, act, *arguments)

    def _listen(self, pcm: bytes) -> None:
        size = self.options.rate_hz // 50 * 2
        for begin in range(0, len(pcm), size):
            piece = pcm[begin : begin + size]
            self._buffer += piece
            self._appended_ms += len(piece) * 500 / self.options.rate_hz
            self._detect(piece)

    def _detect(self, piece: bytes) -> None:
        if loudest(piece) > LOUD:
            if self._voiced_until_ms is None:
                self._started_ms = self._appended_ms
                self._later(self._tell, SpeechStarted(self._started_ms))
            self._voiced_until_ms = self._appended_ms
        elif self._voiced_until_ms is not None:
            silence_ms = self._appended_ms - self._voiced_until_ms
            if silence_ms >= self.options.silence_ms:
                start_ms, end_ms, self._voiced_until_ms = self._started_ms, self._voiced_until_ms, None
                stopped = SpeechStopped(
                    start_ms=start_ms, end_ms=end_ms, voiced_ms=end_ms - start_ms, silence_ms=silence_ms
                )
                self._later(self._tell, stopped)
                self.by_itself += 1
                self._commit(start_ms, end_ms)

    def _ordered(self) -> None:
        self._voiced_until_ms = None
        if len(self._buffer) * 500 / self.options.rate_hz >= LEAST_COMMIT_MS:
            self._commit(0.0, self._appended_ms)
            return
        self.refused += 1
        self._later(
            self._tell,
            reported.RealtimeFailed(
                kind=FailureKind.HARMLESS, operation=reported.Operation.COMMIT, detail="the buffer is too small"
            ),
        )

    def _commit(self, start_ms: float, end_ms: float) -> None:
        self._number += 1
        item_id = f"caller-{self._number}"
        self.items[item_id] = bytes(self._buffer)
        self._buffer.clear()
        self._later(self._tell, reported.CallerCommitted(item_id=item_id, start_ms=start_ms, end_ms=end_ms))

    def _clear(self) -> None:
        self.cleared += 1
        self._buffer.clear()
        self._voiced_until_ms = None

    def _delete(self, item_id: str) -> None:
        self.deleted.append(item_id)
        del self.items[item_id]

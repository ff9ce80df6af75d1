"""The caller's audio as a Realtime service gets it: at its rate, in pieces, and counted as it counts."""

from app.providers.realtime.resampling import SAMPLE_BYTES, Resampler

APPEND_MS = 60
"""The caller's audio is sent in multiples of this many ms: each message costs something, and shorter ones are heard no
sooner."""


class AppendedAudio:
    """The audio of one session.

    Args:
        rate_hz: of the caller's audio.
        service_hz: the rate that the service takes.
    """

    def __init__(self, rate_hz: int, service_hz: int) -> None:
        self._resampler = Resampler(rate_hz, service_hz)
        self._bytes_per_ms = service_hz * SAMPLE_BYTES / 1_000
        self._piece_bytes = service_hz * APPEND_MS // 1_000 * SAMPLE_BYTES
        self._pending = bytearray()
        self._appended_bytes = 0
        self._turn_from_ms = 0.0

    def push(self, pcm: bytes) -> bytes:
        """Take what the caller says; returns what is to be sent, empty while there is less than a piece."""
        pending = self._pending
        pending += self._resampler.push(pcm)
        whole = len(pending) - len(pending) % self._piece_bytes
        if not whole:
            return b""
        due = bytes(pending[:whole])
        del pending[:whole]
        self._appended_bytes += whole
        return due

    def flush(self) -> bytes:
        """What is left to be sent, with the tail that the filter keeps for what follows: it belongs to the turn that
        ends here.
        """
        due = bytes(self._pending + self._resampler.finish())
        self._pending.clear()
        self._appended_bytes += len(due)
        return due

    def end_turn(self) -> tuple[float, float]:
        """Where the caller's turn begins and ends, in ms of all that was sent; the next one begins there."""
        from_ms, self._turn_from_ms = self._turn_from_ms, self._appended_bytes / self._bytes_per_ms
        return from_ms, self._turn_from_ms

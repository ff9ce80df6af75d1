"""Holds back audio of the Speech SDK until the words that are spoken in it are known. Pure.

The SDK tells audio and words in different threads: when the service is quick, seconds of audio may come before the
words that are spoken in them, and after a barge-in nobody would know what of the reply was heard.
"""

AHEAD_MS = 150.0
"""Milliseconds of audio that are let through beyond the last known word; the contract of the port allows 200."""
MOST_WAITING_MS = 30_000.0
"""Milliseconds of audio that are held back at most; then it is let through without words, which a service may
not tell."""


class WordGate:
    """The gate of one request. Times are ms of the request's audio."""

    def __init__(self, rate_hz: int, ahead_ms: float = AHEAD_MS) -> None:
        self._ahead_ms = ahead_ms
        self._bytes_per_ms = rate_hz * 2 / 1000
        self._waiting = bytearray()
        self._passed = 0
        self._known_ms = -ahead_ms
        self._open = False

    @property
    def waits(self) -> bool:
        """Whether any audio is held back because its words are not known yet."""
        return bool(self._waiting)

    def audio(self, pcm: bytes) -> bytes:
        """Take more audio; returns the audio that may be heard now."""
        self._waiting += pcm
        if len(self._waiting) > MOST_WAITING_MS * self._bytes_per_ms:
            self._open = True
        return self._take()

    def word(self, end_ms: float) -> bytes:
        """Take a word that ends at `end_ms`; returns the audio that may be heard now."""
        self._known_ms = max(self._known_ms, end_ms)
        return self._take()

    def open(self) -> bytes:
        """Wait for no more words; returns the audio that was held back, which may be heard now."""
        self._open = True
        return self._take()

    def shut(self) -> None:
        """Note that words are waited for again: there is more text."""
        self._open = False

    def _take(self) -> bytes:
        if self._open:
            return self._pass(len(self._waiting))
        return self._pass(int((self._known_ms + self._ahead_ms) * self._bytes_per_ms) - self._passed)

    def _pass(self, count: int) -> bytes:
        count = max(0, min(count, len(self._waiting)))
        count -= count % 2
        taken = bytes(self._waiting[:count])
        del self._waiting[:count]
        self._passed += count
        return taken

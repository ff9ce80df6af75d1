"""What one stream has sent since the service last gave a sign of life, and how its connection fares. Pure; times, in
seconds, are passed in."""

CONNECT_S = 3.0
"""Seconds within which the stream has to connect, else it has failed; the SDK itself would wait for ever."""
LOSSES = 6
"""Connections lost in a row without progress, after which the stream has failed; the SDK gives up only if it hears
nothing at all."""
SPEECH_MS = 5_000.0
"""Milliseconds of loud audio, within as much time, without an event of the service, after which it has stalled or hears
noise."""
UNANSWERED_MS = 300_000.0
"""Milliseconds of audio without an event of the service, after which the recognizer is replaced in the next silence:
this bounds what the SDK keeps for the service. After twice as much, 19 MB at 16 kHz, the stream has failed."""


class SignsOfLife:
    """What is known of the service's end of one stream. `at`: when the stream begins."""

    def __init__(self, at: float) -> None:
        self.loud_ms = 0.0
        """Loud audio that was sent since the service gave a sign of life last, or since it was asked for an answer."""
        self.unanswered_ms = 0.0
        """Milliseconds of audio that were sent since the last event of the service."""
        self._lively_at = at
        self._is_up = False
        self._up_or_down_at = at
        self._losses = 0

    def lively(self, at: float) -> None:
        """Note that the service noticed something."""
        self.loud_ms, self.unanswered_ms, self._lively_at = 0.0, 0.0, at

    def progressed(self) -> None:
        """Note that the service made something of the audio: connections that were lost before do not count."""
        self._losses = 0

    def connected(self, up: bool, at: float) -> None:
        """Note that the connection came up, or was lost."""
        if up != self._is_up:
            self._is_up, self._up_or_down_at = up, at
        if not up:
            self._losses += 1

    def replaced(self, at: float) -> None:
        """Note that another recognizer goes on, whose connection is not up yet."""
        self.unanswered_ms = 0.0
        self._is_up, self._up_or_down_at = False, at

    @property
    def is_lost_again_and_again(self) -> bool:
        """Whether so many connections were lost without any progress that the stream has failed."""
        return self._losses >= LOSSES

    def has_no_connection(self, at: float) -> bool:
        """Whether there has been no connection for so long that the stream has failed."""
        return not self._is_up and at - self._up_or_down_at >= CONNECT_S

    def passes_over_speech(self, at: float) -> bool:
        """Whether the service says nothing of much that is loud enough to be speech."""
        return self.loud_ms >= SPEECH_MS and (at - self._lively_at) * 1000 >= SPEECH_MS

    @property
    def holds_much(self) -> bool:
        """Whether the SDK may hold so much audio for the service that another recognizer is to go on."""
        return self.unanswered_ms >= UNANSWERED_MS

    @property
    def is_silent(self) -> bool:
        """Whether so much audio was not answered that the stream has failed."""
        return self.unanswered_ms >= 2 * UNANSWERED_MS

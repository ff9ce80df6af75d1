"""What goes wrong, by switch.

Each method befalls the next `times` occasions, of connection number `on` only if that is given. Positions `at_ms` are
those in the audio of the turn (recognition) or of the request (synthesis); a fault that is switched on in the middle of
a turn befalls that turn. `befallen` notes each occasion.
"""

import time

import msgspec

from tests.cloud.journal import Journal
from tests.cloud.speech.records import Lane

ALWAYS = 1_000_000


class Fault(msgspec.Struct):
    """One switch: `name` is that of the method."""

    name: str
    times: int = 1
    on: int | None = None
    lane: Lane | None = None
    at_ms: float = 0.0
    delay_s: float = 0.0
    status: int = 0
    code: int | None = None
    text: str = ""
    retry_after_s: float | None = None


class Befallen(msgspec.Struct, frozen=True):
    """A fault that happened."""

    at_s: float
    name: str
    connection: int


class Faults:
    """The switches of one emulator."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self.befallen: Journal[Befallen] = Journal()

    # connecting; `lane` is "recognition", "synthesis", or None for both

    def refuse(self, lane: Lane | None, status: int, times: int = 1, *, retry_after_s: float | None = None) -> None:
        """Answer the upgrade with an HTTP status: 401, 403, 429, 500, 503."""
        self._add(Fault("refuse", times, lane=lane, status=status, retry_after_s=retry_after_s))

    def hang(self, lane: Lane | None, times: int = 1) -> None:
        """Take the connection, and never answer the upgrade."""
        self._add(Fault("hang", times, lane=lane))

    def reset(self, lane: Lane | None, times: int = 1) -> None:
        """Break the connection instead of answering the upgrade."""
        self._add(Fault("reset", times, lane=lane))

    def slow_connect(self, lane: Lane | None, delay_s: float, times: int = ALWAYS) -> None:
        """Answer the upgrade later."""
        self._add(Fault("slow_connect", times, lane=lane, delay_s=delay_s))

    # recognition

    def mute_recognition(self, times: int = 1, *, on: int | None = None) -> None:
        """Take a turn's audio and say nothing at all, not even that the turn began."""
        self._add(Fault("mute_recognition", times, on))

    def stall_recognition(self, at_ms: float = 0.0, times: int = 1, *, on: int | None = None) -> None:
        """Say nothing more in a turn; the connection stays open and takes audio."""
        self._add(Fault("stall_recognition", times, on, at_ms=at_ms))

    def drop_recognition(
        self, at_ms: float = 0.0, code: int | None = None, times: int = 1, *, on: int | None = None
    ) -> None:
        """Close the connection in mid-turn, with a code (1000, 1007, 1011, 4429), or break it (None)."""
        self._add(Fault("drop_recognition", times, on, at_ms=at_ms, code=code))

    def drop_at_partial(self, code: int | None = None, times: int = 1, *, on: int | None = None) -> None:
        """The same, after a partial was sent: in mid-utterance for certain."""
        self._add(Fault("drop_at_partial", times, on, code=code))

    def drop_at_final(self, code: int | None = None, times: int = 1, *, on: int | None = None) -> None:
        """The same, instead of a final."""
        self._add(Fault("drop_at_final", times, on, code=code))

    def lose_partial(self, times: int = 1, *, on: int | None = None) -> None:
        """Leave a partial out."""
        self._add(Fault("lose_partial", times, on))

    def backward_partial(self, times: int = 1, *, on: int | None = None) -> None:
        """Send an earlier partial again behind one that said more."""
        self._add(Fault("backward_partial", times, on))

    def lose_final(self, times: int = 1, *, on: int | None = None) -> None:
        """Leave a final out; all else goes on."""
        self._add(Fault("lose_final", times, on))

    def delay_final(self, delay_s: float, times: int = 1, *, on: int | None = None) -> None:
        """Send a final later; what comes after it overtakes it."""
        self._add(Fault("delay_final", times, on, delay_s=delay_s))

    def empty_final(self, times: int = 1, *, on: int | None = None) -> None:
        """Send a final without text before a final."""
        self._add(Fault("empty_final", times, on))

    def duplicate_final(self, times: int = 1, *, on: int | None = None) -> None:
        """Send a final twice."""
        self._add(Fault("duplicate_final", times, on))

    def error_phrase(self, status: str = "Error", times: int = 1, *, on: int | None = None) -> None:
        """Send a phrase of status Error, TooManyRequests, Forbidden, NoMatch, InitialSilenceTimeout for a final."""
        self._add(Fault("error_phrase", times, on, text=status))

    # synthesis

    def mute_synthesis(self, times: int = 1, *, on: int | None = None) -> None:
        """Take a request and answer nothing at all."""
        self._add(Fault("mute_synthesis", times, on))

    def slow_first_byte(self, delay_s: float, times: int = 1, *, on: int | None = None) -> None:
        """Send the first audio later."""
        self._add(Fault("slow_first_byte", times, on, delay_s=delay_s))

    def stall_synthesis(self, at_ms: float = 0.0, times: int = 1, *, on: int | None = None) -> None:
        """Stop in the middle of the audio; the connection stays open."""
        self._add(Fault("stall_synthesis", times, on, at_ms=at_ms))

    def pause_synthesis(self, at_ms: float, delay_s: float, times: int = 1, *, on: int | None = None) -> None:
        """Send nothing for a while, then go on."""
        self._add(Fault("pause_synthesis", times, on, at_ms=at_ms, delay_s=delay_s))

    def drop_synthesis(
        self, at_ms: float = 0.0, code: int | None = None, times: int = 1, *, on: int | None = None
    ) -> None:
        """Close the connection in the middle of the audio, with a code (1007, 1011, 4429), or break it (None)."""
        self._add(Fault("drop_synthesis", times, on, at_ms=at_ms, code=code))

    def no_audio(self, times: int = 1, *, on: int | None = None) -> None:
        """Complete a request without any audio."""
        self._add(Fault("no_audio", times, on))

    def no_words(self, times: int = 1, *, on: int | None = None) -> None:
        """Tell no word boundaries in a request."""
        self._add(Fault("no_words", times, on))

    def odd_chunks(self, times: int = 1, *, on: int | None = None) -> None:
        """Cut a request's audio in the middle of samples."""
        self._add(Fault("odd_chunks", times, on))

    # for the emulator

    def take(self, name: str, connection: int, *, at_ms: float = 0.0, lane: Lane | None = None) -> Fault | None:
        """The fault that is due now, used up once."""
        if not self._faults:
            return None
        for fault in self._faults:
            if (
                fault.name == name
                and fault.times > 0
                and fault.on in (None, connection)
                and fault.lane in (None, lane)
                and at_ms >= fault.at_ms
            ):
                fault.times -= 1
                self.befallen.append(Befallen(time.monotonic(), name, connection))
                return fault
        return None

    def clear(self) -> None:
        """Nothing goes wrong from here on; turns that stalled stay so."""
        self._faults.clear()

    def _add(self, fault: Fault) -> None:
        self._faults.append(fault)

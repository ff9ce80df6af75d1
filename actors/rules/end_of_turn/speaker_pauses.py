"""How one speaker pauses: who has gone on after a pause is given more time from then on. Pure."""

KEPT = 12
"""How many of a speaker's latest pauses are remembered."""
HEARD_AT_LEAST_MS = 150.0
"""The shortest pause in ms that counts: shorter silence lies between the sounds of a word."""
LONGER = 1.25
"""An unfinished sentence is waited for as long as the speaker's second longest pause, times this factor."""
CUT_OFF_MS = 150.0
"""By how many ms longer an utterance that seems complete is waited for, for each time that the speaker was cut off."""
CUT_OFFS_MAX = 2


class SpeakerPauses:
    """The pauses in which one speaker was not done."""

    __slots__ = ("_cut_off", "_pauses_ms")

    def __init__(self) -> None:
        self._pauses_ms: list[float] = []
        self._cut_off: list[bool] = []

    def went_on(self, pause_ms: float, *, was_over: bool) -> None:
        """Count a pause after which the speaker has gone on; `was_over`: it had been taken for the end."""
        if pause_ms >= HEARD_AT_LEAST_MS:
            self._pauses_ms.append(pause_ms)
            self._cut_off.append(was_over)
            del self._pauses_ms[:-KEPT], self._cut_off[:-KEPT]

    @property
    def usual_ms(self) -> float:
        """How much silence ends an unfinished sentence of this speaker, in ms; 0 until they have paused twice."""
        if len(self._pauses_ms) < 2:
            return 0.0
        return sorted(self._pauses_ms)[-2] * LONGER

    @property
    def more_ms(self) -> float:
        """How much longer than the shortest silence an utterance that seems complete is waited for, in ms."""
        return min(sum(self._cut_off), CUT_OFFS_MAX) * CUT_OFF_MS

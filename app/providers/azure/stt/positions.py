"""Positions in what the service is sent, and in the caller's audio: they differ by the silence that we add. Pure."""

import msgspec

KEPT = 32
"""The most gaps that are remembered one by one; the service reports nothing older."""


class _Gap(msgspec.Struct, frozen=True):
    sent_ms: float
    length_ms: float


class Positions:
    """The two scales of one stream, in ms."""

    def __init__(self, begin_ms: float = 0.0) -> None:
        """`begin_ms`: where in the caller's audio that begins which is sent."""
        self._begin_ms = begin_ms
        self._gaps: list[_Gap] = []
        self._forgotten_ms = 0.0
        self.sent_ms = 0.0
        self.caller_ms = begin_ms

    def sent(self, length_ms: float) -> None:
        """Count audio of the caller that the service was sent."""
        self.sent_ms += length_ms
        self.caller_ms += length_ms

    def added(self, length_ms: float) -> None:
        """Count silence of ours that the service was sent and the caller never spoke."""
        self._gaps.append(_Gap(self.sent_ms, length_ms))
        self.sent_ms += length_ms
        if len(self._gaps) > KEPT:
            self._forgotten_ms += self._gaps.pop(0).length_ms

    def of_caller(self, sent_ms: float) -> float:
        """Where in the caller's audio `sent_ms` lies; all of an added silence is where it was added."""
        added_ms = self._forgotten_ms
        for gap in self._gaps:
            if sent_ms <= gap.sent_ms:
                break
            added_ms += min(gap.length_ms, sent_ms - gap.sent_ms)
        return max(self._begin_ms, min(self._begin_ms + sent_ms - added_ms, self.caller_ms))

"""How far the caller has heard, by what the transport tells of it.

PACED   a telephone call tells nothing and plays in real time: the clock says how far the caller has heard.
MARKED  the client reports how far it has played (marks). Between two marks the clock goes on from the last one.
BLIND   the client tells nothing, and its player starts late: the clock's position is an estimate.
"""

from collections.abc import Mapping
from typing import assert_never

from actors.conversation import PositionPrecision
from actors.messages.caller import Lead, Transport
from actors.rules.playback.play_head import MarkState, PlayHead

MARK_DUE_MS = 150
"""Milliseconds within which a client that begins or resumes playing has to send a mark; then the clock runs
without it."""

MARK_FRESH_MS = 500
"""Milliseconds after a mark for which the position is exact."""

TURNS_KEPT = 4
"""How many of the latest turns' marks are still understood."""


class ClientPosition:
    """The play head of one session, moved as the transport of its present connection wants it.

    Args:
        lead: how the connection plays.
        sent_before_ms: how much audio of each turn a former playout has sent to the same client, which counts on.
    """

    __slots__ = ("_delay_ms", "_marked_at_ms", "_sent_before_ms", "_stands_from_ms", "_turns", "head", "lead")

    def __init__(self, lead: Lead, sent_before_ms: Mapping[int, float] | None = None) -> None:
        self.lead = lead
        self._delay_ms = _delay_ms(lead)
        self.head = PlayHead()
        self._sent_before_ms = dict(sent_before_ms or {})
        self._turns: dict[int, float] = {}
        """Where each of the latest turns begins, in ms of all audio that the present client was sent."""
        self._marked_at_ms: float | None = None
        self._stands_from_ms: float | None = None
        """Since when nothing more is heard, by our order; None while it goes on."""

    def sent(self, turn: int, at_ms: float, duration_ms: float) -> None:
        """Count `duration_ms` of audio of `turn` as sent at `at_ms`."""
        head, turns = self.head, self._turns
        if turn not in turns:
            turns[turn] = head.sent_ms - self._sent_before_ms.get(turn, 0.0)
            if len(turns) > TURNS_KEPT:
                del turns[next(iter(turns))]
        self._stands_from_ms = None
        head.send(at_ms, duration_ms, self._delay_ms)

    def mark(self, turn: int, audio_ms: float, state: MarkState, at_ms: float) -> None:
        """Correct the position: the client has played `audio_ms` of what it received of `turn`.

        Marks of unknown turns, and from clients that were not asked for any, are ignored.
        """
        begins_ms = self._turns.get(turn)
        if begins_ms is None or self.lead.transport is not Transport.MARKED:
            return
        self.head.advance(at_ms)
        # What was not heard has been taken back by then, where the client has thrown it away: the place is settled.
        if self._stands_from_ms is None or not self.head.dry:
            self._marked_at_ms = at_ms
        self.head.mark(begins_ms + audio_ms, state, at_ms, MARK_DUE_MS)

    def hold(self, at_ms: float) -> None:
        """Let nothing more be heard until `release`: the client is ordered to hold its player."""
        self.stand(at_ms)
        self.head.hold()

    def stand(self, at_ms: float) -> None:
        """Note that the client is ordered to fall silent: what it has heard at `at_ms` is all until it is sent more."""
        self.head.advance(at_ms)
        if self._stands_from_ms is None:
            self._stands_from_ms = at_ms

    def release(self, at_ms: float) -> None:
        """Let a position that was held go on, once the client can have begun to play again."""
        self._stands_from_ms = None
        self.head.release(at_ms, self._delay_ms)

    def attach(self, lead: Lead) -> None:
        """Go on with another client, which counts its audio from here and has not sent a mark."""
        self.lead = lead
        self._delay_ms = _delay_ms(lead)
        self._turns.clear()
        self._sent_before_ms.clear()
        self._marked_at_ms = self._stands_from_ms = None

    def precision(self, at_ms: float) -> PositionPrecision:
        """How exactly the position is known at `at_ms`: where it stands still, as exactly as when it came to stand."""
        match self.lead.transport:
            case Transport.PACED:
                return PositionPrecision.NETWORK
            case Transport.MARKED:
                moved_ms = at_ms if self._stands_from_ms is None else self._stands_from_ms
                fresh = self._marked_at_ms is not None and moved_ms - self._marked_at_ms <= MARK_FRESH_MS
                return PositionPrecision.EXACT if fresh else PositionPrecision.ESTIMATED
            case Transport.BLIND:
                return PositionPrecision.ESTIMATED
            case _:
                assert_never(self.lead.transport)


def _delay_ms(lead: Lead) -> float:
    """How long after audio was sent it begins to be heard."""
    return MARK_DUE_MS if lead.transport is Transport.MARKED else 0.0

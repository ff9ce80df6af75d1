"""Where a conversation stands with its speech-to-speech model: one state, and what is owed in it. Pure.

A session of the model is opened, asked for one response at a time, and replaced when it is lost. Each state in which
somebody owes something is a row of `WAITS`, which says what is done when that does not come; so a service that falls
silent without a word is found by what it owes, never by how long it has been quiet.
"""

import math
from enum import StrEnum

import msgspec

MAX_LIMITED_S = 6.0
"""The most seconds of one wait for a rate limit of the service; the caller hears a filler meanwhile."""

STALLED_S = 5.0
"""Seconds within which a response has to begin, and to go on. Turn-taking gives up a reply that was heard in part after
`next_token_s` (8 s): another session must have continued it by then."""
SETTLED_S = 30.0
"""Seconds after which a session counts as stable."""


class RealtimeState(StrEnum):
    """What is going on between us and the model."""

    PAUSED = "paused"
    """The session is lost; another one is opened after a pause."""
    CONNECTING = "connecting"
    LISTENING = "listening"
    """The model hears the caller; no response is asked for."""
    ASKED = "asked"
    """A response was asked for and has not begun."""
    SPEAKING = "speaking"
    """A response is being made."""
    ENDING = "ending"
    """All audio and all tool calls of the response have come; the service has not reported its end yet."""
    WITHDRAWN = "withdrawn"
    """A response that has not begun is no longer wanted; it is cancelled when it begins."""
    CANCELLED = "cancelled"
    """A response was cancelled, and parts of it still arrive."""
    OCCUPIED = "occupied"
    """The service makes a response that was not asked for, and takes no order for another one until it ends."""
    LIMITED = "limited"
    """A rate limit holds: the next response may not be asked for yet."""
    GIVEN_UP = "given up"


class Overdue(StrEnum):
    """What is done when something owed has not come."""

    CONNECT = "connect"
    """Open another session: the pause is over."""
    ASK = "ask"
    """Ask for the response again: the pause is over."""
    REPLACE = "replace"
    """Open another session, which is asked for what is missing: this one has stalled or never began."""
    CONCLUDE = "conclude"
    """Take the response for complete and open another session: this one takes no order before it reports the end."""


class RealtimeWait(msgspec.Struct, frozen=True, kw_only=True):
    """One row: in `state`, `awaited` is owed by `owed_by` within `within_s`; None: until the end of the pause."""

    state: RealtimeState
    awaited: str
    owed_by: str
    clock: str
    within_s: float | None
    overdue: Overdue


WAITS = (
    RealtimeWait(
        state=RealtimeState.PAUSED,
        awaited="the end of the pause before another attempt",
        owed_by="nobody",
        clock="wall",
        within_s=None,
        overdue=Overdue.CONNECT,
    ),
    RealtimeWait(
        state=RealtimeState.CONNECTING,
        awaited="a session that has taken our options",
        owed_by="the service",
        clock="wall, from the attempt",
        within_s=6.0,
        overdue=Overdue.REPLACE,
    ),
    RealtimeWait(
        state=RealtimeState.ASKED,
        awaited="the beginning of the response",
        owed_by="the model",
        clock="wall, from the order",
        within_s=STALLED_S,
        overdue=Overdue.REPLACE,
    ),
    RealtimeWait(
        state=RealtimeState.SPEAKING,
        awaited="more of the response, or its end",
        owed_by="the model",
        clock="wall, from the last that came of it",
        within_s=STALLED_S,
        overdue=Overdue.REPLACE,
    ),
    RealtimeWait(
        state=RealtimeState.ENDING,
        awaited="the end of the response, or more of it",
        owed_by="the service",
        clock="wall, from the last that came of it",
        within_s=4.0,
        overdue=Overdue.CONCLUDE,
    ),
    RealtimeWait(
        state=RealtimeState.WITHDRAWN,
        awaited="the beginning of the response, which can be cancelled then",
        owed_by="the model",
        clock="wall, from when it was not wanted any more",
        within_s=3.0,
        overdue=Overdue.REPLACE,
    ),
    RealtimeWait(
        state=RealtimeState.CANCELLED,
        awaited="the end of the response",
        owed_by="the service",
        clock="wall, from the last that came of it",
        within_s=3.0,
        overdue=Overdue.REPLACE,
    ),
    RealtimeWait(
        state=RealtimeState.OCCUPIED,
        awaited="the end of the other response",
        owed_by="the service",
        clock="wall, from the refusal",
        within_s=3.0,
        overdue=Overdue.REPLACE,
    ),
    RealtimeWait(
        state=RealtimeState.LIMITED,
        awaited="the moment from which the service, or our own limits, let us ask",
        owed_by="nobody",
        clock="wall",
        within_s=None,
        overdue=Overdue.ASK,
    ),
)
"""Every wait. In LISTENING nothing is owed; in GIVEN_UP nothing ever will be."""

_ROWS = {wait.state: wait for wait in WAITS}


class RealtimeProgress:
    """The state, and what is known of the response in hand. All times in seconds of the session's clock."""

    def __init__(self) -> None:
        self.state = RealtimeState.PAUSED
        self.failures = 0
        """How often the service has failed since it last completed a response."""
        self.is_expiring = False
        """Whether the service has announced the end of the session."""
        self._number = 0
        self._response = ""
        self._until = self._told_at = 0.0
        self._limited_until = 0.0
        self._opened_at = math.inf

    # the session

    def pause(self, at: float, delay_s: float) -> None:
        """Note that there is no session, and that another one is opened in `delay_s` seconds."""
        self._becomes(RealtimeState.PAUSED, at)
        self._until = at + delay_s

    def connect(self, at: float) -> None:
        """Note that another session is being opened, which is owed from `at` on."""
        self.is_expiring = False
        self._becomes(RealtimeState.CONNECTING, at)

    def note_opened(self, at: float) -> None:
        """Note that the session is open, and that nothing is asked of it yet."""
        self._becomes(RealtimeState.LISTENING, at)
        self._opened_at = at

    def end_limit(self, at: float) -> None:
        """Note that the service's limit is over, which forbade to ask for a response."""
        self._becomes(RealtimeState.LISTENING, at)

    def give_up(self, at: float) -> None:
        """Give the model up for good: no session is opened in this conversation any more."""
        self._becomes(RealtimeState.GIVEN_UP, at)

    def note_lost(self, at: float) -> None:
        """Note that the session is gone; the loss of one that lasted `SETTLED_S` begins a new count of failures."""
        if at - self._opened_at >= SETTLED_S:
            self.failures = 0
        self._opened_at = math.inf

    def note_success(self) -> None:
        """Note a response that came to its end by itself: the failures before it do not count any more."""
        self.failures = 0

    def count_failure(self) -> int:
        """Count a failure of the service, and return how many there were in a row before it."""
        self.failures += 1
        return self.failures - 1

    def note_stalled(self) -> None:
        """Note that what was owed has not come. A session that does not even open counts as two failures: the caller
        waits through each attempt, and would be gone before the last one."""
        self.failures += self.state is RealtimeState.CONNECTING

    # the response

    def try_to_ask(self, at: float) -> bool:
        """Return whether a response can be asked for now; if a rate limit forbids it, begin to wait for its end."""
        if self.state is RealtimeState.LISTENING and self._limited_until > at:
            self._becomes(RealtimeState.LIMITED, at)
            self._until = self._limited_until
        return self.state is RealtimeState.LISTENING

    def note_limit(self, until: float, at: float) -> None:
        """Forbid to ask for a response before `until`, in seconds of the session's clock; `MAX_LIMITED_S` at most."""
        self._limited_until = min(max(until, self._limited_until), at + MAX_LIMITED_S)

    def note_asked(self, number: int, at: float) -> None:
        """Note that the response of this number is asked for."""
        self._becomes(RealtimeState.ASKED, at)
        self._number = number

    def cancel(self, at: float) -> str:
        """Note that nothing more of the response in hand is wanted.

        Returns:
            The id of the response that is to be cancelled at the service now; empty if none has begun.
        """
        match self.state:
            case RealtimeState.ASKED:
                number = self._number
                self._becomes(RealtimeState.WITHDRAWN, at)
                self._number = number
            case RealtimeState.SPEAKING | RealtimeState.ENDING:
                return self._continue_as(RealtimeState.CANCELLED, at)
            case RealtimeState.LIMITED:
                self._becomes(RealtimeState.LISTENING, at)
            case _:
                pass
        return ""

    def note_started(self, response_id: str, number: int, at: float) -> bool:
        """Note that a response begins; False if it is to be cancelled, since it is not wanted any more."""
        if number != self._number or self.state not in (RealtimeState.ASKED, RealtimeState.WITHDRAWN):
            return False
        is_wanted = self.state is RealtimeState.ASKED
        self._becomes(RealtimeState.SPEAKING if is_wanted else RealtimeState.CANCELLED, at)
        self._response = response_id
        return is_wanted

    def note_output(self, response_id: str, at: float) -> bool:
        """Note that some of a response has come, and return whether it is wanted."""
        if response_id != self._response:
            return False
        self._told_at = at
        if self.state is RealtimeState.ENDING:
            self._continue_as(RealtimeState.SPEAKING, at)
        return self.state is RealtimeState.SPEAKING

    def note_complete(self, at: float) -> None:
        """Note that nothing is missing of what was begun of the response in hand: what is owed now is its end."""
        if self.state is RealtimeState.SPEAKING:
            self._continue_as(RealtimeState.ENDING, at)

    def note_finished(self, response_id: str, at: float) -> RealtimeState | None:
        """Note that a response is over, and return the state in which it was; None if it is not the one in hand."""
        former = self.state
        if former is not RealtimeState.OCCUPIED and (not response_id or response_id != self._response):
            return None
        self._becomes(RealtimeState.LISTENING, at)
        return former

    def note_refused(self, number: int, at: float, *, is_occupied: bool) -> bool:
        """Note that the service has not taken the order for a response, and return whether that was still wanted.

        Args:
            number: of the response.
            at: now, in seconds of the session's clock.
            is_occupied: the service is making another response.
        """
        if number != self._number or self.state not in (RealtimeState.ASKED, RealtimeState.WITHDRAWN):
            return False
        is_wanted = self.state is RealtimeState.ASKED
        self._becomes(RealtimeState.OCCUPIED if is_occupied else RealtimeState.LISTENING, at)
        return is_wanted

    # what is owed

    @property
    def due(self) -> float | None:
        """By when what is owed has to come, in seconds of the session's clock; None if nothing is owed."""
        row = _ROWS.get(self.state)
        if row is None:
            return None
        return self._until if row.within_s is None else self._told_at + row.within_s

    @property
    def overdue(self) -> Overdue:
        """What is done when what is owed has not come by `due`."""
        return _ROWS[self.state].overdue

    def _continue_as(self, state: RealtimeState, at: float) -> str:
        """Change the state of the response in hand, whose id is returned."""
        response = self._response
        self._becomes(state, at)
        self._response = response
        return response

    def _becomes(self, state: RealtimeState, at: float) -> None:
        self.state, self._told_at, self._number, self._response = state, at, 0, ""

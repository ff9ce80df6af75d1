"""Turn-taking whose events and decisions are recorded: from them alone a session is replayed."""

from collections.abc import Callable

import msgspec

from actors.agent import Agent
from actors.rules.turn_taking.effects import Effect
from actors.rules.turn_taking.event_rules import TurnEvent
from actors.rules.turn_taking.machine import TurnTaking
from actors.rules.turn_taking.state import TurnSnapshot


class TurnTakingStarted(msgspec.Struct, frozen=True, kw_only=True):
    """Turn-taking began a session at `at`, in seconds of the session's clock, and ordered `effects`."""

    agent: Agent
    transcribes: bool
    at: float
    effects: tuple[Effect, ...]
    screens: bool = False
    """Whether it has to be found out if an answering machine has answered."""


class TurnTakingResumed(msgspec.Struct, frozen=True, kw_only=True):
    """Turn-taking went on from `state`, as `TurnTaking.resume` was told, and ordered `effects`."""

    agent: Agent
    transcribes: bool
    state: TurnSnapshot
    at: float
    session_left_s: float
    has_text: bool
    owes_answer: bool
    effects: tuple[Effect, ...]


class TurnTakingTold(msgspec.Struct, frozen=True, kw_only=True):
    """Turn-taking was told `event` at `at`, and ordered `effects`, or raised the exception of the class `error`."""

    event: TurnEvent
    at: float
    holdable: bool
    """Whether the playback that has begun can be paused."""
    effects: tuple[Effect, ...] = ()
    error: str = ""


TurnTakingStep = TurnTakingStarted | TurnTakingResumed | TurnTakingTold

RecordStep = Callable[[TurnTakingStep], None]
"""Called with each step as it happens, on the event loop. It must not raise and must not wait."""


class RecordedTurnTaking(TurnTaking):
    """Turn-taking that tells `record` each of its steps.

    Args:
        agent: whose policies hold.
        record: told what has happened and what was decided.
        transcribes: a recognizer gives words.
        state: where to go on from; the caller of this gives its own copy.
    """

    def __init__(
        self, agent: Agent, record: RecordStep, *, transcribes: bool = True, state: TurnSnapshot | None = None
    ) -> None:
        super().__init__(agent, transcribes=transcribes, state=state)
        self._record = record

    def start(self, at: float) -> list[Effect]:
        """Begin the session as `TurnTaking.start` does, and record it."""
        screens = self.state.screening is not None
        effects = super().start(at)
        self._record(
            TurnTakingStarted(
                agent=self.agent, transcribes=self.transcribes, at=at, effects=tuple(effects), screens=screens
            )
        )
        return effects

    def resume(
        self, at: float, session_left_s: float, *, has_text: bool = False, owes_answer: bool = False
    ) -> list[Effect]:
        """Go on from a former state as `TurnTaking.resume` does, and record it with that state."""
        before = msgspec.structs.replace(self.state)
        effects = super().resume(at, session_left_s, has_text=has_text, owes_answer=owes_answer)
        self._record(
            TurnTakingResumed(
                agent=self.agent,
                transcribes=self.transcribes,
                state=before,
                at=at,
                session_left_s=session_left_s,
                has_text=has_text,
                owes_answer=owes_answer,
                effects=tuple(effects),
            )
        )
        return effects

    def handle(self, message: TurnEvent, at: float) -> list[Effect]:
        """Handle `message` as `TurnTaking.handle` does, and record it.

        An event at which the rules fail is recorded too: it is what a report is about.
        """
        try:
            effects = super().handle(message, at)
        except Exception as error:
            if isinstance(message, TurnEvent):
                self._record_failure(message, at, error)
            raise
        self._record(TurnTakingTold(event=message, at=at, holdable=self.holdable, effects=tuple(effects)))
        return effects

    def _record_failure(self, event: TurnEvent, at: float, error: Exception) -> None:
        self._record(TurnTakingTold(event=event, at=at, holdable=self.holdable, error=type(error).__name__))

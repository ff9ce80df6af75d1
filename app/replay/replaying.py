"""Replays a recording: tells turn-taking the same at the same times, and compares what it decides."""

from typing import Any

import msgspec

from actors.rules.turn_taking.effects import Effect
from actors.rules.turn_taking.machine import TurnTaking
from actors.rules.turn_taking.state import Screening, TurnSnapshot
from app.replay.recording import Decision, Recording, Resumed, Started, Step, Told, described


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """The first step at which other decisions follow now."""

    second: float
    """When it was, in seconds since the session began."""
    line: int
    """The number of the line in the file."""
    event: str
    """What turn-taking was told."""
    then: Decision | None
    """The first recorded decision that differs; None if nothing more was decided then."""
    now: Decision | None
    """The decision in its place in the replay; None if nothing more is decided."""


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a replay: the same decisions, or the first that is another."""

    same: bool
    decisions: int
    """How many decisions were the same, up to the difference if there is one."""
    steps: int
    seconds: float
    """The length of the session in seconds, as far as it is recorded."""
    content: bool
    """Whether the file holds what was said; if not, its words are masked."""
    cut: bool
    """Whether the session went on after the end of the file."""
    ending: str
    restarts: int
    difference: Difference | None = None


def replayed(recording: Recording) -> Replayed:
    """Tell turn-taking what it was told, on a clock that stands where the recording says. Takes no time to wait."""
    began = recording.steps[0].at
    decisions = 0
    difference = None
    player = _Player(recording)
    for line, step in enumerate(recording.steps, 2):
        then, now = _outcome(step), player.decided(step)
        same = _same(then, now)
        decisions += same
        if same < max(len(then), len(now)):
            difference = Difference(
                second=round(step.at - began, 3),
                line=line,
                event=type(step.event).__name__ if isinstance(step, Told) else type(step).__name__,
                then=then[same] if same < len(then) else None,
                now=now[same] if same < len(now) else None,
            )
            break
    return Replayed(
        same=difference is None,
        decisions=decisions,
        steps=len(recording.steps),
        seconds=round(recording.steps[-1].at - began, 3),
        content=recording.session.content,
        cut=recording.over.cut,
        ending=recording.over.ending,
        restarts=len(recording.over.restarts),
        difference=difference,
    )


class _Player:
    """Turn-taking as the recording has it: begun, gone on with in another actor, and told what happens."""

    def __init__(self, recording: Recording) -> None:
        self._agent = recording.session.agent
        self._content = recording.session.content
        self._turn = TurnTaking(self._agent)

    def decided(self, step: Step) -> list[Decision]:
        """What is decided now; an exception of the rules is the last of it, as it is in a recording."""
        try:
            effects = self._effects(step)
        except Exception as error:  # noqa: BLE001 - rules that fail are what a replay is to find
            return [_raised(type(error).__name__)]
        # As JSON has it: the recorded decisions have been there.
        written = msgspec.json.encode(described(effects, content=self._content))
        return msgspec.json.decode(written, type=list[Decision])

    def _effects(self, step: Step) -> list[Effect]:
        match step:
            case Started(at=at, transcribes=transcribes, screens=screens):
                state = TurnSnapshot(screening=Screening() if screens else None)
                self._turn = TurnTaking(self._agent, transcribes=transcribes, state=state)
                return self._turn.start(at)
            case Resumed(at=at, transcribes=transcribes, state=state):
                self._agent = step.agent or self._agent
                # A copy: the same recording may be replayed again.
                state = msgspec.structs.replace(state)
                self._turn = TurnTaking(self._agent, transcribes=transcribes, state=state)
                return self._turn.resume(at, step.session_left_s, has_text=step.has_text, owes_answer=step.owes_answer)
            case Told(at=at, event=event, holdable=holdable):
                self._turn.holdable = holdable
                return self._turn.handle(event, at)


def _outcome(step: Step) -> list[Decision]:
    return [_raised(step.error)] if isinstance(step, Told) and step.error else step.decisions


def _raised(error: str) -> Decision:
    return {"type": "raised", "error": error}


def _same(then: list[Any], now: list[Any]) -> int:
    """How many decisions are the same, before the first that is not."""
    return next((n for n, (a, b) in enumerate(zip(then, now, strict=False)) if a != b), min(len(then), len(now)))

"""The rules of turns under random interleavings: whatever comes in whatever order, the invariants hold."""

from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.agent import PhasePolicy
from actors.conversation import UtteranceKind
from actors.rules.turn_taking.effects import (
    CancelReply,
    End,
    Ending,
    EndWanted,
    FinalText,
    Interrupt,
    Key,
    KeysWanted,
    NoiseOver,
    NoText,
    OffHold,
    OnHold,
    PartialText,
    Pause,
    ReplyBroken,
    ReplyWritten,
    Resume,
    Say,
    SetTimer,
    SoundDrained,
    SoundFailed,
    SoundStarted,
    SoundStopped,
    Started,
    StartReply,
    Stop,
    Timer,
    TimerDue,
    ToolsRunning,
    Trouble,
    TurnEvent,
    Typed,
    VoiceGoesOn,
    VoiceOnset,
    VoiceOver,
)
from actors.rules.turn_taking.keys import KeyPattern
from actors.rules.turn_taking.machine import TurnTaking
from actors.rules.turn_taking.state import AgentActivity, Interruption
from tests.unit.actors.turn_script import AGENT, agent_with

AGENTS = {
    "default": AGENT,
    "immediate": agent_with(speaking=PhasePolicy(immediate=True), thinking=PhasePolicy(immediate=True)),
    "protected": agent_with(greeting=PhasePolicy(protected=True)),
}
TEXTS = st.sampled_from(["yes", "uh huh", "no wait", "i want to book", "tuesday", "hello there friend"])
KINDS = st.sampled_from(
    [
        "onset", "voice", "over", "noise", "partial", "final", "no_text", "typed", "key", "keys_wanted", "interrupt",
        "written", "broken", "tools", "started", "drained", "failed", "stopped", "timer", "timer", "end", "trouble",
        "stale", "hold", "unhold",
    ]
)  # fmt: skip
STEPS = st.lists(st.tuples(KINDS, st.integers(0, 5), TEXTS, st.floats(0.001, 3)), max_size=80)


class World:
    """Carries out effects, is told events that can follow from them, and checks every effect against what it knows."""

    def __init__(self, turn: TurnTaking) -> None:
        self.turn = turn
        self.at = 0.0
        self.queued: dict[int, UtteranceKind] = {}
        self.stopped_through = 0
        self.replies_of_turn: dict[int, int] = {}
        self.paused = False
        self.timers: set[Timer] = set()
        self.ended = False
        self.running_turn: int | None = None
        self.tell(Started(0.0))

    def tell(self, event: TurnEvent) -> None:
        effects = self.turn.handle(event)
        assert not (self.ended and effects)
        silenced = False
        for effect in effects:
            silenced = silenced or isinstance(effect, Stop)
            self._carry_out(effect, silenced)
        kinds = [type(effect) for effect in effects]
        if Stop in kinds:
            first = next(kind for kind in kinds if kind is not SetTimer and kind not in (Pause,))
            assert kinds.count(Stop) == 1
            assert kinds.index(Stop) < (kinds.index(CancelReply) if CancelReply in kinds else 99), first
        self._check()

    def _carry_out(self, effect: Any, silenced: bool) -> None:
        match effect:
            case StartReply(turn, reply):
                assert not self.ended
                assert reply not in self.queued
                self.queued[reply] = UtteranceKind.REPLY
                self.replies_of_turn[turn] = self.replies_of_turn.get(turn, 0) + 1
                assert self.replies_of_turn[turn] == 1, "more than one reply in a turn"
                self.running_turn = turn
            case Say(reply, _, kind):
                assert kind is not UtteranceKind.REPLY
                assert reply > self.stopped_through
                self.queued[reply] = kind
            case Stop(_, through_reply):
                assert through_reply > self.stopped_through, "a second stop for the same interruption"
                self.stopped_through = through_reply
                self.queued = {r: k for r, k in self.queued.items() if r > through_reply}
                self.paused = False
            case CancelReply(turn):
                assert turn in (self.turn.state.turn, self.turn.state.turn - 1)
                self.running_turn = None
            case Pause():
                assert not self.paused
                self.paused = True
            case Resume():
                assert self.paused
                self.paused = False
            case SetTimer(timer):
                self.timers.add(timer)
            case End():
                assert not self.ended
                self.ended = True
            case _:
                pass

    def _check(self) -> None:
        state = self.turn.state
        for sound in state.sounds:
            assert sound.reply > self.stopped_through, "a sound from before the barge-in decision"
        if not self.ended:
            assert self.paused == (state.interruption is Interruption.HELD), "who paused it does not let it go on"
        if not self.ended and state.doing is AgentActivity.IDLE and not state.sounds and not state.stopping:
            # Nobody speaks and nobody thinks: something must be on its way, or the session hangs.
            waits = self.timers & {Timer.HOLD, Timer.NO_INPUT, Timer.FINAL, Timer.KEYS, Timer.RESUME}
            assert waits or state.user.value != "silent", "nothing will ever happen"

    def step(self, kind: str, number: int, text: str, wait_s: float) -> None:
        self.at += wait_s
        event = self._event(kind, number, text)
        if event is not None:
            self.tell(event)

    def _event(self, kind: str, number: int, text: str) -> TurnEvent | None:
        at, state = self.at, self.turn.state
        reply = sorted(self.queued)[number % len(self.queued)] if self.queued else 0
        match kind:
            case "onset":
                return VoiceOnset(at)
            case "voice":
                return VoiceGoesOn(at, 60.0 * (number + 1) ** 2, 0 if number % 2 else 100)
            case "over":
                return VoiceOver(at, 600)
            case "noise":
                return NoiseOver(at)
            case "partial":
                return PartialText(at, text)
            case "final":
                return FinalText(at, text, at * 1000)
            case "no_text":
                return NoText(at)
            case "typed":
                return Typed(at, text)
            case "key":
                return Key(at, "12#*09"[number])
            case "keys_wanted":
                return KeysWanted(at, KeyPattern(length=number, terminator="*" if number % 2 else ""))
            case "hold":
                return OnHold(at)
            case "unhold":
                return OffHold(at)
            case "interrupt":
                return Interrupt(at)
            case "written":
                return ReplyWritten(at, state.turn, spoken=number > 0)
            case "broken":
                return ReplyBroken(at, state.turn, spoken=number > 3)
            case "tools":
                return ToolsRunning(at, state.turn, running=bool(number % 2))
            case "started":
                return SoundStarted(at, reply) if not self.paused else None
            case "drained":
                self.queued.pop(reply, None)
                return SoundDrained(at, reply, 500)
            case "failed":
                self.queued.pop(reply, None)
                return SoundFailed(at, reply)
            case "stopped":
                return SoundStopped(at, 300)
            case "timer":
                return self._timer(number)
            case "end":
                return EndWanted(at, Ending.NORMAL, after_reply=bool(number % 2)) if number > 3 else None
            case "trouble":
                return Trouble(at) if number == 5 else None
            case _:
                return ReplyWritten(at, state.turn - 1, spoken=True)

    def _timer(self, number: int) -> TurnEvent | None:
        due = sorted(self.timers - {Timer.SESSION})
        if not due:
            return None
        timer = due[number % len(due)]
        self.timers.discard(timer)
        return TimerDue(self.at, timer)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(AGENTS)), st.booleans(), STEPS)
def test_the_invariants_hold(agent: str, holdable: bool, steps: list[tuple[str, int, str, float]]) -> None:
    world = World(TurnTaking(AGENTS[agent], holdable=holdable))
    for step in steps:
        world.step(*step)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(AGENTS)), STEPS)
def test_every_session_ends(agent: str, steps: list[tuple[str, int, str, float]]) -> None:
    """Left alone by everybody but its timers and its synthesizer, a session comes to its end."""
    world = World(TurnTaking(AGENTS[agent]))
    for step in steps:
        world.step(*step)
    world.at += 5
    world.tell(NoText(world.at))
    for _ in range(40):
        if world.ended:
            return
        world.at += 5
        if world.turn.state.stopping:
            world.tell(TimerDue(world.at, Timer.STOPPED))
        elif world.queued:
            reply = min(world.queued)
            world.tell(SoundStarted(world.at, reply))
            world.queued.pop(reply, None)
            world.tell(ReplyWritten(world.at, world.turn.state.turn, spoken=True))
            world.tell(SoundDrained(world.at, reply, 100))
        elif world.turn.state.keys:
            world.tell(TimerDue(world.at, Timer.KEYS))
        elif not world.turn.state.written:
            world.tell(ReplyBroken(world.at, world.turn.state.turn, spoken=world.turn.state.audible))
        elif world.turn.state.on_hold:
            world.tell(TimerDue(world.at, Timer.HOLD))
        else:
            world.tell(TimerDue(world.at, Timer.NO_INPUT))
    assert world.ended


@settings(max_examples=100, deadline=None)
@given(STEPS, st.integers(0, 79))
def test_a_copy_goes_on_where_the_original_was(steps: list[tuple[str, int, str, float]], cut: int) -> None:
    """After a restart, whatever was there, nothing is lost for good: the session still comes to its end."""
    world = World(TurnTaking(AGENT))
    for step in steps[:cut]:
        world.step(*step)
    if world.ended:
        return
    world.turn = TurnTaking(AGENT, state=msgspec.structs.replace(world.turn.state))
    world.replies_of_turn.clear()
    world.queued = {s.reply: s.kind for s in world.turn.state.sounds}
    for effect in world.turn.resume(world.at, 100):
        if not isinstance(effect, StartReply):
            world._carry_out(effect, False)
    world.tell(EndWanted(world.at, Ending.NORMAL, after_reply=False))
    world.tell(TimerDue(world.at + 15, Timer.GOODBYE))
    assert world.ended

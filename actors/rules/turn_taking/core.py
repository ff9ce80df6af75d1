"""What the rules of turn-taking stand on: the state, the effects of the event in hand, and the smallest steps.

Nothing here decides anything: that is done by the rules, which are the other modules of this package.
"""

from collections.abc import Mapping
from typing import TypeVar

import msgspec

from actors.agent import Agent
from actors.conversation import Ending, Floor, UtteranceKind
from actors.errors import ActorsError
from actors.messages.lifecycle import Timer
from actors.messages.output import FloorChanged
from actors.messages.playback import PausePlayback, ResumePlayback, StopPlayback, StopReason
from actors.rules.language_words import LanguageWords, words_for
from actors.rules.phrases import phrase_of
from actors.rules.questions import question_s
from actors.rules.turn_taking.effects import CancelReply, CancelTimer, Effect, End, Say
from actors.rules.turn_taking.state import (
    AGENT_CHANGES,
    CALLER_CHANGES,
    COURSE_CHANGES,
    FINAL_CHANGES,
    INTERRUPTION_CHANGES,
    PREEMPTION_CHANGES,
    AgentActivity,
    CallerActivity,
    Course,
    Interruption,
    OwedFinal,
    Preemption,
    ScreeningStage,
    TurnSnapshot,
    Utterance,
)
from actors.rules.turn_taking.timings import Timings
from actors.turn_taking_settings import PhasePolicy

S = TypeVar("S", AgentActivity, CallerActivity, Interruption, Preemption, OwedFinal, Course)

THINKING = (AgentActivity.THINKING, AgentActivity.TOOL)
# Looked at after each event: an attribute of an enumeration takes longer.
_IDLE, _TOOL, _LEAVING = AgentActivity.IDLE, AgentActivity.TOOL, AgentActivity.LEAVING
_TALKING, _AWAITED = CallerActivity.TALKING, CallerActivity.AWAITED
_GREETING, _PROMPT, _REPLY = UtteranceKind.GREETING, UtteranceKind.PROMPT, UtteranceKind.REPLY


class ImpossibleChangeError(ActorsError):
    """A rule wanted a change of state that the tables in `state.py` do not have."""


class TurnCore:
    """State, effects and the smallest steps of one session's turn-taking.

    Args:
        agent: whose policies hold.
        holdable: the transport can pause what it has begun to play.
        transcribes: a recognizer gives words. Where none does, lasting voice stands for them.
        state: where to go on from; the caller of this gives its own copy.
    """

    def __init__(
        self, agent: Agent, *, holdable: bool = True, transcribes: bool = True, state: TurnSnapshot | None = None
    ) -> None:
        self.agent = agent
        self.holdable = holdable
        self.transcribes = transcribes
        self.state = state or TurnSnapshot()
        self.timings = Timings()
        self.words = _words_of(agent)
        self.armed: dict[Timer, float] = {}
        """When each timer that is set will fire."""
        self._effects: list[Effect] = []
        self._shown_floor = Floor.NOBODY

    # effects

    def do(self, *effects: Effect) -> None:
        """Order `effects`, after those of this event that were ordered before."""
        self._effects.extend(effects)

    def pop_effects(self) -> list[Effect]:
        """Return the effects that the event in hand has ordered, and forget them."""
        effects, self._effects = self._effects, []
        return effects

    # questions about the state

    @property
    def floor(self) -> Floor:
        """Who has the right to speak, as it is shown: the agent keeps it through a pause that may be noise."""
        s = self.state
        if s.caller is _TALKING and (not self.is_busy or s.interruption is not Interruption.NONE):
            return Floor.USER
        if self.is_busy or s.agent is _LEAVING:
            return Floor.AGENT
        return Floor.USER if s.caller is _AWAITED else Floor.NOBODY

    @property
    def is_busy(self) -> bool:
        """Whether there is anything of the agent's that could be interrupted."""
        return bool(self.state.utterances) or self.state.agent in THINKING

    @property
    def is_sounding(self) -> bool:
        """Whether anything of the agent's is being sent; not a reply that was heard as far as it is written."""
        return any(utterance.started for utterance in self.state.utterances)

    @property
    def only_bridges(self) -> bool:
        """Whether nothing of the agent's is to be heard but a sign that the caller's last words are awaited."""
        s = self.state
        only_fillers = all(utterance.kind is UtteranceKind.FILLER for utterance in s.utterances)
        return s.agent is _IDLE and s.stop_ordered_at is None and only_fillers

    @property
    def is_screening(self) -> bool:
        """Whether the agent says nothing yet because a machine may have answered, or because one has."""
        screening = self.state.screening
        return screening is not None and screening.stage is not ScreeningStage.GREETED

    @property
    def is_closing(self) -> bool:
        """Whether the session ends when what is being heard is over, whatever the caller says."""
        return self.state.course is not Course.OPEN

    @property
    def is_unheard(self) -> bool:
        """Whether the agent makes a reply, or has made one, of which nothing is to be heard yet, fillers apart."""
        s = self.state
        return not s.is_audible and (s.agent in THINKING or self.reply_of(s.turn_number) > 0)

    @property
    def is_caught_up(self) -> bool:
        """Whether the caller has heard all there is of a reply of which more is to come."""
        s = self.state
        return s.is_audible and any(not u.started for u in s.utterances if u.turn == s.turn_number and u.kind is _REPLY)

    @property
    def policy(self) -> PhasePolicy | None:
        """What it takes to interrupt by voice now; None when voice cannot, or there is nothing to interrupt."""
        s, rules = self.state, self.agent.barge_in
        if s.agent is _LEAVING or not self.is_busy:
            return None
        first = s.utterances[0] if s.utterances else None
        if s.agent is _TOOL:
            policy = rules.tool
        elif self.is_unheard:
            policy = rules.thinking
        elif first and first.kind is _GREETING:
            policy = rules.greeting
        elif first and first.kind is _PROMPT:
            policy = rules.prompt
        else:
            policy = rules.speaking
        return None if policy.protected else policy

    def reply_of(self, turn: int) -> int:
        """The number of the model's reply of `turn` while it is queued or heard; 0 if it is not."""
        return next((u.reply for u in self.state.utterances if u.turn == turn and u.kind is _REPLY), 0)

    # changes of state

    def agent_becomes(self, activity: AgentActivity) -> None:
        """Change what the agent is doing, if the table of its changes has that."""
        self.state.agent = _changed(AGENT_CHANGES, self.state.agent, activity)

    def caller_becomes(self, activity: CallerActivity) -> None:
        """Change what the caller is doing, if the table of their changes has that."""
        self.state.caller = _changed(CALLER_CHANGES, self.state.caller, activity)

    def interruption_becomes(self, stage: Interruption) -> None:
        """Change how far the interruption in hand has come, if the table of its changes has that."""
        self.state.interruption = _changed(INTERRUPTION_CHANGES, self.state.interruption, stage)

    def preemption_becomes(self, preemption: Preemption) -> None:
        """Change whether a pre-emptive reply is being made, if the table of its changes has that."""
        self.state.preemption = _changed(PREEMPTION_CHANGES, self.state.preemption, preemption)

    def final_becomes(self, owed: OwedFinal) -> None:
        """Change whether a final transcript is owed, if the table of its changes has that."""
        self.state.final = _changed(FINAL_CHANGES, self.state.final, owed)

    def course_becomes(self, course: Course) -> None:
        """Change whether the session goes on, if the table of its changes has that."""
        self.state.course = _changed(COURSE_CHANGES, self.state.course, course)

    # what is said

    def say(self, kind: UtteranceKind, index: int = 0) -> None:
        """Say the `index`-th of the agent's own phrases of `kind`."""
        reply = self.next_reply(kind, question_s(phrase_of(self.agent, kind, index)))
        self.do(Say(reply=reply, turn=self.state.turn_number, kind=kind, index=index))

    def next_reply(self, kind: UtteranceKind, question_s: float = 0.0) -> int:
        """Give the next number to an utterance, and queue it behind all others.

        A caller on hold would not hear it: it is kept until they are back, unless it is the last.
        """
        s = self.state
        if s.interruption is Interruption.DECIDED:
            self.interruption_becomes(Interruption.NONE)
        if s.on_hold_since is not None and s.interruption is Interruption.NONE and s.agent is not AgentActivity.LEAVING:
            self.interruption_becomes(Interruption.HELD)
            self.do(PausePlayback())
        s.last_reply += 1
        s.utterances = (
            *s.utterances,
            Utterance(reply=s.last_reply, turn=s.turn_number, kind=kind, question_s=question_s),
        )
        return s.last_reply

    def change_utterance(self, reply: int, **changes: bool | float) -> None:
        """Note a change of one utterance that is queued or being heard."""
        self.state.utterances = tuple(
            msgspec.structs.replace(utterance, **changes) if utterance.reply == reply else utterance
            for utterance in self.state.utterances
        )

    def drop(self, reply: int) -> Utterance | None:
        """Forget an utterance that is over or will not be said, and return it; None if it is not known."""
        dropped = next((u for u in self.state.utterances if u.reply == reply), None)
        self.state.utterances = tuple(u for u in self.state.utterances if u is not dropped)
        return dropped

    def silence(self, at: float, reason: StopReason) -> None:
        """Stop all that is heard or about to be: one order, however much is queued. It ends a pause too."""
        s = self.state
        is_paused = s.interruption in (Interruption.HELD, Interruption.YIELDED)
        if s.interruption is not Interruption.NONE:
            self.interruption_becomes(Interruption.NONE)
        if s.utterances:
            self.do(StopPlayback(s.turn_number, s.last_reply, reason))
            s.utterances = ()
            s.stop_ordered_at = at
        elif is_paused:
            # What was held is a reply that was not asked for yet: that of an agent to which the call is handed off.
            self.do(ResumePlayback())

    def cancel_thinking(self) -> None:
        """Cancel the reply that the model or the tools are working on, if there is one."""
        if self.state.agent in THINKING:
            self.do(CancelReply(self.state.turn_number))
            self.agent_becomes(AgentActivity.IDLE)

    def release(self) -> bool:
        """Let playback go on where it was held or yielded, and return whether it was. On hold nobody would hear it."""
        is_paused = self.state.interruption in (Interruption.HELD, Interruption.YIELDED)
        if not is_paused or self.state.on_hold_since is not None:
            return False
        self.interruption_becomes(Interruption.NONE)
        self.do(ResumePlayback())
        return True

    def end(self, ending: Ending) -> None:
        """End the session: from now on these rules order nothing."""
        self.course_becomes(Course.OVER)
        self.do(*(CancelTimer(timer) for timer in self.armed), End(ending))
        self.armed.clear()

    # what is shown

    def show_turn(self, silent_at: float | None) -> None:
        """Show the times of the turn that is over."""
        if self.timings.is_worth_showing:
            silenced_at = self.timings.silenced_at
            self.do(self.timings.shown(self.state.turn_number, silent_at if silenced_at is None else silenced_at))
        self.timings = Timings(heard_from=self.timings.heard_from)

    def show_floor(self) -> None:
        """Show who holds the floor, if that has changed."""
        floor = self.floor
        if floor is not self._shown_floor:
            self._shown_floor = floor
            self.do(FloorChanged(floor, self.state.turn_number))


def _changed(table: Mapping[S, Mapping[S, str]], now: S, to: S) -> S:
    if to not in table[now] and to is not now:
        raise ImpossibleChangeError(f"{type(now).__name__} cannot change from {now} to {to}")
    return to


def _words_of(agent: Agent) -> LanguageWords:
    words, own = words_for(agent.languages), agent.barge_in
    return LanguageWords(
        backchannels=own.backchannels if own.backchannels is not None else words.backchannels,
        stop_words=own.stop_words if own.stop_words is not None else words.stop_words,
        attention=own.attention if own.attention is not None else words.attention,
        waiting=own.waiting if own.waiting is not None else words.waiting,
        courtesies=own.courtesies if own.courtesies is not None else words.courtesies,
        farewells=own.farewells if own.farewells is not None else words.farewells,
    )

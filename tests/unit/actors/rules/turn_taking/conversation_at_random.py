"""A conversation in which everybody does at random what they may do, and what must come of it.

The world is what turn-taking is told of: a caller with a voice, a keyboard and keys, a recognizer, a model, a
synthesizer, timers, and other agents that take the conversation over. Each keeps to its own contract (no playback of
what was not ordered, no final without an utterance), and each may fail. What is expected is taken from the tables: the
changes of state, and the waits.
"""

import random
from collections.abc import Callable, Sequence

import msgspec

from actors.agent import Agent, VoicemailAction
from actors.conversation import Ending, KeyPattern, PositionPrecision, UtteranceKind
from actors.errors import ErrorKind
from actors.messages.caller import EndSession, HoldEnded, HoldStarted, InterruptRequested, KeyPressed, TextEntered
from actors.messages.lifecycle import CallerCutOff, CallerIsBack, SessionFailed, Timer, TimerFired
from actors.messages.model import (
    EndingDecided,
    HandedOff,
    KeysExpected,
    ReplyFailed,
    ReplyGoesOn,
    ReplyWritten,
    SessionSpent,
    ToolsFinished,
    ToolsStarted,
)
from actors.messages.playback import (
    EndAtSentence,
    PausePlayback,
    PlaybackCaughtUp,
    PlaybackFailed,
    PlaybackFinished,
    PlaybackPosition,
    PlaybackStarted,
    PlaybackStopped,
    PlaybackYielded,
    ResumePlayback,
    StopPlayback,
    YieldPlayback,
)
from actors.messages.transcript import (
    EndOfTurnLikely,
    EndUtterance,
    FinalTranscript,
    InterimTranscript,
    NoiseStopped,
    NoSpeechRecognized,
    SpeechContinued,
    SpeechStarted,
    SpeechStopped,
    ToneEnded,
)
from actors.rules.backchannel import meaningful_words, words_of
from actors.rules.turn_taking.effects import (
    SPOKEN,
    BeginPreemptiveReply,
    CancelReply,
    CancelTimer,
    DiscardPreemptiveReply,
    Effect,
    End,
    ReportBackchannel,
    ReportMachine,
    Say,
    SetTimer,
    StartReply,
)
from actors.rules.turn_taking.event_rules import TurnEvent
from actors.rules.turn_taking.machine import TurnTaking
from actors.rules.turn_taking.state import (
    AgentActivity,
    CallerActivity,
    Interruption,
    Preemption,
    Screening,
    TurnSnapshot,
)

TEXTS = (
    "yes",
    "uh huh",
    "no",
    "stop",
    "two",
    "tuesday",
    "no wait",
    "i want to book",
    "hello",
    "Müller",
    "what is it",
    "thank you",
    "bye",
)
OF_MACHINES = (*TEXTS, "you've reached Anna", "please leave a message", "after the tone")
LONGEST_WALK = 400


class World:
    """Everybody but turn-taking. `dice` decides what happens next; to an agent of `team` the conversation may go."""

    def __init__(
        self,
        agent: Agent,
        dice: random.Random,
        *,
        team: Sequence[Agent] = (),
        holdable: bool = True,
        transcribes: bool = True,
    ) -> None:
        screens = agent.voicemail is not VoicemailAction.IGNORE
        state = TurnSnapshot(screening=Screening() if screens else None)
        self.turn = TurnTaking(agent, holdable=holdable, transcribes=transcribes, state=state, strict=True)
        self.dice = dice
        self.team = team
        self.successor: Agent | None = None
        """To whom the conversation was handed off, until that agent has begun."""
        self.handed_off: list[int] = []
        """The turns in which an agent has handed the conversation off."""
        self.at = 0.0
        self.timers: dict[Timer, float] = {}
        self.queued: dict[int, UtteranceKind] = {}
        self.begun: set[int] = set()
        self.dropped_through = 0
        self.paused = False
        self.stop_owed: int | None = None
        self.yields = 0
        self.writing: int | None = None
        """The turn of which the model owes the reply, or more of it."""
        self.in_hand: int | None = None
        """That reply, once the model is asked for it."""
        self.preempted: BeginPreemptiveReply | None = None
        self.preemptions = self.used = 0
        self.tools = False
        self.has_text = False
        self.talking = False
        self.likely = ""
        self.voiced_ms = 0.0
        self.finals_owed = 0
        self.unanswered: list[str] = []
        self.overheard: list[str] = []
        """Words of an utterance that is answered as it is spoken, known before it is over."""
        self.ended: Ending | None = None
        self.noted: list[tuple[float | None, object]] = []
        """What happened, each with its time, and what was ordered then, without one."""
        self.carry_out(self.turn.start(0.0))

    @property
    def log(self) -> list[str]:
        """What happened, a line each. They are written when somebody reads them: most walks go well."""
        return [f"{'    ' if at is None else f'{at:.2f}'} {what}" for at, what in self.noted]

    # turn-taking is told, and obeyed

    def tell(self, event: TurnEvent) -> None:
        self.noted.append((self.at, event))
        effects = self.turn.handle(event, self.at)
        assert not (self.ended and effects), "something is ordered after the end"
        self.carry_out(effects)
        self.check()

    def carry_out(self, effects: list[Effect]) -> None:
        stops = [effect for effect in effects if isinstance(effect, StopPlayback)]
        assert len(stops) <= 1, "two orders to stop for one event"
        if stops and any(isinstance(effect, CancelReply) for effect in effects):
            kinds = [type(effect) for effect in effects]
            assert kinds.index(StopPlayback) < kinds.index(CancelReply), "silence comes first"
        for effect in effects:
            self.noted.append((None, effect))
            self.obey(effect)

    def obey(self, effect: Effect) -> None:
        match effect:
            case BeginPreemptiveReply(turn=turn):
                assert self.preempted is None, "two replies are begun ahead"
                assert self.writing is None, "a reply is begun ahead while another is written"
                assert turn == self.turn.state.turn_number + 1
                self.preempted = effect
                self.preemptions += 1
                assert self.preemptions <= self.turn.agent.preemptive_generation.max_per_turn, "begun too often"
            case DiscardPreemptiveReply():
                assert self.preempted is not None, "what is thrown away was never begun"
                self.preempted = None
            case StartReply(turn=turn, reply=reply, text=text):
                self.start(effect)
                assert self.writing is None, "a reply is asked for while another is written"
                assert reply not in self.queued or self.queued[reply] is UtteranceKind.REPLY
                self.queued[reply] = UtteranceKind.REPLY
                self.writing, self.in_hand, self.tools, self.has_text = turn, reply, False, False
                self.unanswered = [said for said in self.unanswered if said not in text]
                self.overheard = [] if SPOKEN in text else [said for said in self.overheard if said not in text]
            case CancelReply(turn):
                assert self.writing == turn, "what is cancelled is not being written"
                self.writing, self.in_hand, self.tools = None, None, False
            case Say(reply=reply, kind=kind):
                assert reply > self.dropped_through
                assert reply not in self.begun, "a number is given twice"
                self.queued[reply] = kind
            case StopPlayback(_, through_reply):
                assert through_reply > self.dropped_through, "a second order to stop the same"
                self.dropped_through, self.stop_owed = through_reply, through_reply
                self.queued = {r: k for r, k in self.queued.items() if r > through_reply}
                self.paused = False
            case PausePlayback():
                assert not self.paused, "paused twice"
                self.paused = True
            case YieldPlayback():
                self.paused = True
                self.yields += 1
            case ResumePlayback():
                assert self.paused, "nothing was paused"
                self.paused = False
            case EndUtterance():
                self.talking = False
                self.finals_owed += 1
            case SetTimer(timer, delay_s):
                self.timers[timer] = self.at + delay_s
            case CancelTimer(timer):
                del self.timers[timer]
            case End(ending):
                self.ended = ending
            case ReportMachine():
                self.unanswered.clear()
            case EndAtSentence() | ReportBackchannel():
                pass

    def start(self, order: StartReply) -> None:
        """A reply is asked for: the one that was begun ahead, if and only if it answers these words."""
        if order.is_preempted:
            assert self.preempted is not None, "nothing was begun"
            assert (order.turn, order.continues) == (self.preempted.turn, self.preempted.continues)
            assert words_of(order.text) == words_of(self.preempted.text), "it answers other words"
            self.preempted, self.used = None, self.used + 1
        assert self.preempted is None, "a reply is asked for while another is begun ahead"
        self.preemptions = 0

    def check(self) -> None:
        s = self.turn.state
        if self.ended is not None:
            return
        for utterance in s.utterances:
            assert utterance.reply > self.dropped_through, "what was dropped is still to be heard"
        held = s.interruption in (Interruption.HELD, Interruption.YIELDED)
        assert self.paused == held, "who paused playback does not let it go on"
        assert (self.writing is not None) == (s.agent in (AgentActivity.THINKING, AgentActivity.TOOL))
        assert (self.preempted is not None) == (s.preemption is Preemption.BEGUN)
        if self.preempted is not None:
            assert s.agent is AgentActivity.IDLE, "something is said while a reply is begun ahead"
            assert s.caller is not CallerActivity.SILENT, "nobody says what it answers"
        assert self.timers.keys() == self.turn.armed.keys()
        assert sum(u.kind is UtteranceKind.REPLY and u.turn == s.turn_number for u in s.utterances) <= 1
        self.check_that_something_is_owed()

    def check_that_something_is_owed(self) -> None:
        """In every state some wait of the table, the model, a tool or playback moves on."""
        s = self.turn.state
        by_waits = {timer for timer in self.timers if timer not in (Timer.SESSION, Timer.HOLD)}
        by_others = self.writing is not None or (s.utterances and not self.paused)
        assert by_waits or by_others or s.on_hold_since is not None or s.is_cut_off, "nothing will ever happen"

    # what may happen

    def possible(self) -> list[Callable[[], None]]:
        choices: list[Callable[[], None]] = [self.time_passes, self.time_passes, self.time_passes]
        choices += [self.voice] * 4 if self.talking else [self.onset] * 2
        if self.talking:
            choices += [self.stop_talking, self.stop_talking, self.transport_stops]
        if self.finals_owed:
            choices += [self.final, self.final, self.final, self.nothing_recognized]
        if self.talking or self.finals_owed:
            choices.append(self.interim)
        if self.talking:
            choices += [self.likely_end] * 2
        if self.successor is not None:
            choices += [self.take_over] * 3
        elif self.writing is not None:
            choices += [self.model] * 3
        if self.playable:
            choices += [self.playback] * 4
        if self.stop_owed is not None:
            choices += [self.report_stop] * 3
        if self.yields:
            choices.append(self.report_yield)
        if self.dice.random() < 0.15:
            choices += [self.type_text, self.press_key, self.interrupt, self.expect_keys, self.hold, self.cut_off]
            choices += [self.decide_ending]
        if self.turn.state.screening is not None and self.dice.random() < 0.05:
            choices.append(self.tone)
        if self.dice.random() < 0.01:
            choices += [self.end_session, self.fail, self.spend]
        return choices

    def step(self) -> None:
        self.at += self.dice.choice((0.0, 0.01, 0.05, 0.2, 0.6))
        if self.fire_due_timer():
            return
        self.dice.choice(self.possible())()

    @property
    def playable(self) -> list[int]:
        return [] if self.paused or self.turn.state.is_cut_off else sorted(self.queued)

    def fire_due_timer(self) -> bool:
        due = [timer for timer, at in self.timers.items() if at <= self.at]
        if not due:
            return False
        timer = self.dice.choice(due)
        del self.timers[timer]
        self.tell(TimerFired(timer, 0))
        return True

    def time_passes(self) -> None:
        if self.timers:
            soonest = min(self.timers.values())
            self.at = max(self.at, min(soonest, self.at + 5))
            self.fire_due_timer()

    def onset(self) -> None:
        self.talking, self.voiced_ms = True, 0.0
        self.tell(SpeechStarted(0.0))

    def voice(self) -> None:
        self.voiced_ms += self.dice.choice((30.0, 100.0, 300.0))
        silence_ms = self.dice.choice((0.0, 0.0, 30.0))
        self.at += 0.03
        self.tell(SpeechContinued(self.voiced_ms, silence_ms))

    def stop_talking(self) -> None:
        self.talking = False
        if self.voiced_ms < 100:
            self.tell(NoiseStopped())
        else:
            self.finals_owed += 1
            self.tell(SpeechStopped(start_ms=0, end_ms=0, voiced_ms=self.voiced_ms, silence_ms=600))

    def transport_stops(self) -> None:
        """No frame comes for two seconds: the endpointing, which counts audio, says nothing."""
        self.at += 2
        self.fire_due_timer()

    def interim(self) -> None:
        text = self.likely if self.likely and self.dice.random() < 0.7 else self.dice.choice(TEXTS)
        self.tell(InterimTranscript(text, 0.0, self.at * 1000))

    def likely_end(self) -> None:
        self.likely = self.dice.choice((*TEXTS, "..."))
        self.tell(EndOfTurnLikely(self.likely))

    def tone(self) -> None:
        self.tell(ToneEnded(self.at * 1000, 400.0))

    def final(self) -> None:
        self.finals_owed -= 1
        self.at += 0.01
        text = self.dice.choice(TEXTS if self.turn.state.screening is None else OF_MACHINES)
        if self.likely and self.dice.random() < 0.6:
            text = self.likely
        self.likely = ""
        is_in_hand = not self.turn.transcribes and self.turn.state.caller is CallerActivity.TALKING
        if self.at * 1000 > self.turn.state.settled_ms:  # else they were answered as speech already
            self.said(text, self.overheard if is_in_hand else self.unanswered)
        self.tell(FinalTranscript(text=text, start_ms=0.0, end_ms=self.at * 1000, confidence=0.9))

    def said(self, text: str, among: list[str] | None = None) -> None:
        """Note words that have to be answered: all but signs of listening, impatience and politeness."""
        if self.turn.is_screening:
            # The greeting is the answer, or a machine gets none.
            return
        s, words = self.turn.state, self.turn.words
        polite = (words.attention, words.courtesies, words.farewells)
        if meaningful_words(text, words.backchannels, *polite) and s.agent is not AgentActivity.LEAVING:
            (self.unanswered if among is None else among).append(text)

    def nothing_recognized(self) -> None:
        self.finals_owed -= 1
        self.tell(NoSpeechRecognized(self.at * 1000))

    def type_text(self) -> None:
        text = self.dice.choice(TEXTS)
        self.said(text)
        self.tell(TextEntered(text))

    def press_key(self) -> None:
        self.tell(KeyPressed(self.dice.choice("0123456789*#")))

    def interrupt(self) -> None:
        self.tell(InterruptRequested())

    def expect_keys(self) -> None:
        if self.tools:
            self.tell(
                KeysExpected(KeyPattern(length=self.dice.choice((0, 1, 4)), terminator=self.dice.choice(("", "#"))))
            )

    def hold(self) -> None:
        self.tell(HoldEnded() if self.turn.state.on_hold_since is not None else HoldStarted())

    def cut_off(self) -> None:
        self.tell(CallerIsBack() if self.turn.state.is_cut_off else CallerCutOff())

    def decide_ending(self) -> None:
        if self.tools:
            self.tell(EndingDecided(self.dice.choice((Ending.NORMAL, Ending.HUMAN_HANDOFF))))

    def end_session(self) -> None:
        self.tell(EndSession(Ending.NORMAL))

    def spend(self) -> None:
        self.tell(SessionSpent())

    def fail(self) -> None:
        self.tell(SessionFailed())

    def hand_off(self) -> None:
        """The model has called the tool that hands the conversation off: it writes no more, the others are back."""
        turn, former = self.writing or 0, self.in_hand or 0
        self.tools = False
        self.tell(ToolsFinished(turn))
        if self.ended is not None or self.turn.state.ending is not None:
            return
        if not self.has_text:
            del self.queued[former]
        heard_first = set(self.queued)
        self.handed_off.append(turn)
        self.successor = self.dice.choice(self.team)
        self.writing, self.in_hand = turn + 1, None
        self.tell(HandedOff(turn, self.has_text))
        assert set(self.queued) == heard_first, "what the former agent has said is heard to its end"

    def take_over(self) -> None:
        """The agent begins that has the conversation now, from where the former one has left it."""
        assert self.successor is not None
        agent, self.successor = self.successor, None
        state = msgspec.structs.replace(self.turn.state)
        was_leaving, owes_reply = state.agent is AgentActivity.LEAVING, self.writing is not None
        self.noted.append((self.at, f"{agent.introduction or 'an agent'} takes over"))
        self.turn = TurnTaking(
            agent, holdable=self.turn.holdable, transcribes=self.turn.transcribes, state=state, strict=True
        )
        self.timers.clear()
        if self.in_hand is not None:
            del self.queued[self.in_hand]
        self.writing = self.in_hand = None
        effects = self.turn.resume(self.at, 600.0)
        self.carry_out(effects)
        self.check()
        if owes_reply and not was_leaving and self.ended is None:
            assert self.in_hand is not None or state.waiting_text, "the agent that has taken over does not answer"
            last = max(reply for reply, kind in self.queued.items() if kind is not UtteranceKind.FILLER)
            assert self.in_hand in (None, last), "it answers before it has introduced itself"
        assert sum(isinstance(effect, Say) for effect in effects) <= 1, "it introduces itself twice"

    def model(self) -> None:
        assert self.writing is not None
        turn = self.writing
        if self.tools and self.team and self.dice.random() < 0.7:
            self.hand_off()
            return
        if self.tools:
            self.tools = False
            self.tell(ToolsFinished(turn))
            return
        match self.dice.choice(("text", "text", "tools", "written", "written", "failed")):
            case "text":
                self.has_text = True
                if self.turn.state.is_asked_on:
                    self.tell(ReplyGoesOn(turn))
            case "tools":
                self.tools = True
                self.tell(ToolsStarted(turn))
            case "written":
                self.writing = self.in_hand = None
                if self.dice.random() < 0.9:
                    self.has_text = True
                self.written(turn)
            case _:
                self.writing = self.in_hand = None
                self.tell_and_expect_no_cancel(ReplyFailed(turn=turn, has_text=self.has_text))

    def written(self, turn: int) -> None:
        self.tell_and_expect_no_cancel(
            ReplyWritten(turn=turn, has_text=self.has_text, question_s=self.dice.choice((0.0, 3.0)))
        )

    def tell_and_expect_no_cancel(self, event: TurnEvent) -> None:
        """The model has said that it is done: to cancel it is harmless, and is not held against turn-taking."""
        self.noted.append((self.at, event))
        effects = self.turn.handle(event, self.at)
        self.carry_out([effect for effect in effects if not isinstance(effect, CancelReply)])
        self.check()

    def playback(self) -> None:
        reply = self.playable[0]
        is_in_hand = reply == self.in_hand
        if is_in_hand and not self.has_text:
            return
        if self.dice.random() < 0.05:
            del self.queued[reply]
            self.tell(
                PlaybackFailed(
                    reply,
                    ErrorKind.TIMEOUT,
                    PlaybackPosition(reply=reply, text_end=0, heard_ms=0.0, precision=PositionPrecision.EXACT),
                )
            )
        elif reply not in self.begun:
            self.begun.add(reply)
            self.tell(PlaybackStarted(reply))
        elif is_in_hand:
            if self.dice.random() < 0.3:
                self.begun.remove(reply)
                self.tell(PlaybackCaughtUp(reply))
        else:
            del self.queued[reply]
            self.tell(PlaybackFinished(reply=reply, precision=PositionPrecision.EXACT, heard_ms=500, text_end=10))

    def report_yield(self) -> None:
        self.yields -= 1
        self.tell(PlaybackYielded())

    def report_stop(self) -> None:
        through, self.stop_owed = self.stop_owed or 0, None
        self.tell(PlaybackStopped(through, ()))

    # how it must end

    def is_settled(self) -> bool:
        s = self.turn.state
        return (
            not s.utterances
            and s.caller is CallerActivity.SILENT
            and s.agent is AgentActivity.IDLE
            and s.stop_ordered_at is None
        )

    def let_it_settle(self) -> None:
        """The caller falls silent and everybody does their duty: what was said must have been answered by now."""
        for _ in range(LONGEST_WALK):
            if self.ended is not None or (self.is_settled() and not self.turn.state.keys):
                break
            if self.successor is not None:
                self.take_over()
            elif self.turn.state.on_hold_since is not None and self.turn.state.agent is not AgentActivity.LEAVING:
                self.tell(HoldEnded())
            elif self.turn.state.is_cut_off and self.turn.state.agent is not AgentActivity.LEAVING:
                self.tell(CallerIsBack())
            elif self.talking:
                self.stop_talking()
            elif self.finals_owed:
                self.nothing_recognized()
            else:
                self.others_do_their_duty()
        assert self.ended is not None or self.is_settled(), "it does not settle"
        unanswered = [*self.unanswered, *self.overheard]
        assert self.ended is not None or not unanswered, f"never answered: {unanswered}"

    def others_do_their_duty(self) -> None:
        """The synthesizer and the model do what they owe; with nothing owed, time passes."""
        if self.stop_owed is not None:
            self.report_stop()
        elif self.writing is not None:
            self.finish_reply()
        elif self.playable:
            self.playback()
        else:
            self.time_passes()

    def finish_reply(self) -> None:
        turn, self.writing = self.writing or 0, None
        if self.tools:
            self.tools, self.writing = False, turn
            self.tell(ToolsFinished(turn))
            self.writing = None
        self.in_hand = None
        self.has_text = True
        self.written(turn)

    def let_it_end(self) -> None:
        """Left alone by the caller, every session comes to its end by its own timers."""
        for _ in range(LONGEST_WALK):
            if self.ended is not None:
                return
            if self.successor is not None:
                self.take_over()
            else:
                self.others_do_their_duty()
        raise AssertionError("it does not end")

"""Who holds the floor: every rule about turns is here and nowhere else.

`Turn.handle(event) -> list[Effect]` is pure: it reads no clock and does no I/O. The state (`turn_state.py`) is three
small enums and what is needed to go on from a snapshot. Effects come in the order in which they must be carried out:
silence first, everything else after.

    the agent       IDLE ─answer→ THINKING ⇄ TOOL ─reply written→ IDLE         LEAVING: last words, then End
    the user        SILENT ─onset→ TALKING ─endpoint→ AWAITED ─final→ SILENT
    interruption    NONE ─pause_ms of voice→ HELD ─confirmed→ DECIDED ─next reply→ NONE
                                             HELD ─not confirmed in time→ NONE (playout resumes)

The agent has the floor while anything of it is to be heard (`sounds`), or it thinks.
"""

from typing import assert_never

import msgspec

from actors.agent import Agent, PhasePolicy
from actors.conversation import Floor, UtteranceKind
from actors.rules.backchannel import meaningful_words
from actors.rules.turn_taking.effects import (
    CancelReply,
    CancelTimer,
    Effect,
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
    ReopenEars,
    ReplyBroken,
    ReplyWritten,
    Resume,
    Say,
    SetTimer,
    ShowFloor,
    SoundDrained,
    SoundFailed,
    SoundStarted,
    SoundStopped,
    Started,
    StartReply,
    Stop,
    StopReason,
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
from actors.rules.turn_taking.state import AgentActivity, CallerActivity, Interruption, Measures, Sound, TurnSnapshot
from actors.rules.utterances import bounded_utterance, joined_utterance, repeated_utterance

FALSE_INTERRUPTION_WINDOW_S = 15.0
"""Two false interruptions within this time double `pause_ms` for the turn (they may be our own echo)."""
TAIL_S = 1.0
"""An unconfirmed answer this shortly before the end of a reply is an answer, not a backchannel."""
BACKCHANNEL_PATIENCE = 3
"""Voice that so far is only backchannels is confirmed by duration after this many times `confirm_ms`."""
FINAL_WAIT_S = 3.0
"""After the end of an utterance, a final transcript that has not come by then is not waited for."""
STOPPED_WAIT_S = 0.5
"""A synthesizer that does not report what was heard within this time is not waited for."""
GOODBYE_WAIT_S = 15.0
"""Last words that are not over by then are not waited for."""
MAX_BROKEN_REPLIES = 2
"""So many replies in a row may fail before the session is given up."""
SAY_AGAIN = 1
"""Among the apologies, the one that asks the user to repeat; the first one is the last word of a session."""


class TurnTaking:
    """The floor of one session.

    Args:
        agent: whose policies hold.
        holdable: the transport can pause what it has begun to play. Without it playout is stopped or left alone.
        state: where to go on from; a copy is the caller's business.
    """

    def __init__(self, agent: Agent, *, holdable: bool = True, state: TurnSnapshot | None = None) -> None:
        self.agent = agent
        self.holdable = holdable
        self.state = state or TurnSnapshot()
        self._asked_at: float | None = None
        self._measures = Measures()
        self._effects: list[Effect] = []
        self._floor = Floor.NOBODY

    def handle(self, event: TurnEvent) -> list[Effect]:
        """What is to be done about `event`, in order."""
        self._effects = []
        if not self.state.finished:
            self._handle(event)
            self._show_floor()
        return self._effects

    def resume(self, at: float, session_left_s: float, *, begun: bool = False, owed: bool = False) -> list[Effect]:
        """What is to be done when these rules go on from a former state: timers, and the user's unanswered words.

        `begun`: text of the turn's reply was written, which is not to be heard twice. `owed`: what was written, and may
        have been heard, only bridged the time of tools.
        """
        self._effects = []
        s, limits = self.state, self.agent.limits
        self._do(SetTimer(Timer.SESSION, max(1.0, session_left_s)))
        if s.doing is AgentActivity.LEAVING:
            self._do(SetTimer(Timer.GOODBYE, GOODBYE_WAIT_S))
        elif not s.written and not s.audible and begun:
            s.written, s.doing, s.waiting_text, s.asked_again = True, AgentActivity.IDLE, s.asked, True
            self._silence(StopReason.SUPERSEDED)
        elif not s.written and (not s.audible or owed):
            s.doing = AgentActivity.THINKING
            reply = self._reply_of(s.turn) or self._next_reply(UtteranceKind.REPLY)
            self._do(StartReply(s.turn, reply, s.asked, continues=True))
            self._do(SetTimer(Timer.ANSWER, limits.max_turn_s), SetTimer(Timer.FILLER, limits.filler_after_ms / 1000))
        elif not s.written:
            s.written, s.doing = True, AgentActivity.IDLE
        if s.user is not CallerActivity.SILENT:
            s.user = CallerActivity.AWAITED
            self._do(SetTimer(Timer.FINAL, FINAL_WAIT_S))
        if s.stopping:
            self._do(SetTimer(Timer.STOPPED, STOPPED_WAIT_S))
        if s.on_hold:
            self._do(SetTimer(Timer.HOLD, limits.max_hold_s))
        if s.keys:
            self._do(SetTimer(Timer.KEYS, (s.key_pattern or self.agent.keys).wait_s))
        if s.interruption is Interruption.HELD:
            self._do(SetTimer(Timer.RESUME, self.agent.barge_in.speaking.resume_ms / 1000))
        if s.greets:
            s.greets = False
            self._say(UtteranceKind.GREETING)
        self._settle(at)
        self._show_floor()
        return self._effects

    @property
    def floor(self) -> Floor:
        """Who holds the floor now."""
        s = self.state
        if s.user is CallerActivity.TALKING and (not self._agent_busy() or s.interruption is not Interruption.NONE):
            return Floor.USER
        if self._agent_busy() or s.doing is AgentActivity.LEAVING:
            return Floor.AGENT
        return Floor.USER if s.user is CallerActivity.AWAITED else Floor.NOBODY

    def _handle(self, event: TurnEvent) -> None:
        match event:
            case Started():
                self._start()
            case VoiceOnset(at):
                self._voice_began(at)
            case VoiceGoesOn(at, voiced_ms, silence_ms):
                self._voice_goes_on(at, voiced_ms, silence_ms)
            case VoiceOver(at, silence_ms):
                self._voice_over(at, silence_ms)
            case NoiseOver(at) | NoText(at):
                self._nothing_said(at)
            case PartialText(at, text):
                self._partial(at, text)
            case FinalText(at, text, end_ms):
                self._final(at, text, end_ms)
            case Typed(at, text):
                self._take_floor(at)
                self._asked_at = at
                self._answer(at, text)
            case Key(at, key):
                self._key(at, key)
            case KeysWanted(_, pattern):
                self.state.key_pattern = pattern
            case OnHold():
                self._hold_begins()
            case OffHold(at):
                self._hold_ends(at)
            case Interrupt(at):
                self._take_floor(at)
                self._settle(at)
            case ReplyWritten(at, turn, spoken):
                self._reply_written(at, turn, spoken)
            case ReplyBroken(at, turn, spoken):
                self._reply_broken(at, turn, spoken)
            case ToolsRunning(_, turn, running):
                self._tools(turn, running)
            case EndWanted(at, ending, after_reply):
                self._end_wanted(at, ending, after_reply)
            case Trouble(at):
                self._last_words(at, UtteranceKind.APOLOGY, Ending.ERROR)
            case SoundStarted(at, reply):
                self._sound_started(at, reply)
            case SoundDrained(at, reply, heard_ms):
                self._measures.heard_ms += heard_ms
                self._reply_worked(at_end_of=reply)
                self._sound_over(at, reply)
            case SoundFailed(at, reply):
                self._sound_failed(at, reply)
            case SoundStopped(at, heard_ms):
                self._sound_stopped(at, heard_ms)
            case TimerDue(at, timer):
                self._timer(at, timer)
            case _:
                assert_never(event)

    # the session begins and ends

    def _start(self) -> None:
        self._do(SetTimer(Timer.SESSION, self.agent.limits.max_session_s))
        if self.agent.greeting:
            self._say(UtteranceKind.GREETING)
        else:
            self._listen()

    def _end_wanted(self, at: float, ending: Ending, after_reply: bool) -> None:
        if not after_reply:
            self._last_words(at, UtteranceKind.GOODBYE, ending)
        elif self.state.doing is not AgentActivity.LEAVING:
            self.state.ending = ending
            self._settle(at)

    def _last_words(self, at: float, kind: UtteranceKind, ending: Ending) -> None:
        """Say `kind` whatever goes on, and end; voice cannot interrupt it."""
        s = self.state
        if s.doing is AgentActivity.LEAVING:
            return
        self._silence(StopReason.SUPERSEDED)
        self._cancel_thinking()
        for timer in (Timer.HOLD, Timer.NO_INPUT, Timer.FILLER, Timer.FINAL, Timer.KEYS, Timer.RESUME, Timer.SESSION):
            self._do(CancelTimer(timer))
        s.waiting_text = s.tail_text = ""
        s.ending = ending
        s.doing = AgentActivity.LEAVING
        self._say(kind)
        self._do(SetTimer(Timer.GOODBYE, GOODBYE_WAIT_S))

    def _end(self, ending: Ending) -> None:
        self.state.finished = True
        self._do(*(CancelTimer(timer) for timer in Timer), End(ending))

    # the user's voice

    def _voice_began(self, at: float) -> None:
        s = self.state
        s.user = CallerActivity.TALKING
        s.partial, s.reopened = "", False
        self._do(CancelTimer(Timer.NO_INPUT), CancelTimer(Timer.FINAL))
        if not self._agent_busy():
            self._do(CancelTimer(Timer.FILLER))
        if s.interruption is Interruption.NONE:
            self._measures.onset_at = at

    def _voice_goes_on(self, at: float, voiced_ms: float, silence_ms: float) -> None:
        s = self.state
        policy = self._policy()
        if (
            policy is None
            or s.interruption is Interruption.DECIDED
            or s.user is not CallerActivity.TALKING
            or silence_ms > 0
        ):
            return
        if voiced_ms >= policy.pause_ms * s.pause_factor:
            if policy.immediate:
                self._barge_in(at)
                return
            self._hold(at)
            self._do(SetTimer(Timer.RESUME, policy.resume_ms / 1000))
        if voiced_ms >= policy.confirm_ms * self._patience():
            self._barge_in(at)

    def _patience(self) -> int:
        """Voice that so far is only backchannels gets more time."""
        partial = self.state.partial
        return BACKCHANNEL_PATIENCE if partial and not self._meaningful(partial) else 1

    def _voice_over(self, at: float, silence_ms: float) -> None:
        s = self.state
        if s.user is not CallerActivity.TALKING or s.doing is AgentActivity.LEAVING:
            return
        s.user = CallerActivity.AWAITED
        self._asked_at = at - silence_ms / 1000
        if not self._agent_busy():
            self._set_filler(at)
        self._do(SetTimer(Timer.FINAL, FINAL_WAIT_S))

    def _nothing_said(self, at: float) -> None:
        s = self.state
        s.user = CallerActivity.SILENT
        s.partial, s.reopened = "", False
        self._do(CancelTimer(Timer.FINAL))
        if not self._agent_busy():
            self._do(CancelTimer(Timer.FILLER))
        if s.interruption is Interruption.DECIDED and not s.waiting_text and s.doing is AgentActivity.IDLE:
            # The voice took the floor and nothing came of it: say so rather than fall silent.
            self._say(UtteranceKind.APOLOGY, SAY_AGAIN)
            return
        self._not_confirmed(at)
        self._settle(at)

    # the user's words

    def _partial(self, at: float, text: str) -> None:
        s = self.state
        s.partial = text = bounded_utterance(text)
        policy = self._policy()
        if policy is None or s.interruption is Interruption.DECIDED or s.user is CallerActivity.SILENT:
            return
        if s.user is CallerActivity.AWAITED and self._only_waits():
            # Words from before the filler, which come late, do not interrupt it.
            return
        if self._meaningful(text) >= policy.confirm_words:
            self._barge_in(at)

    def _final(self, at: float, text: str, end_ms: float) -> None:
        s = self.state
        if s.doing is not AgentActivity.LEAVING and end_ms > s.consumed_ms:
            s.consumed_ms = end_ms
            self._words(at, bounded_utterance(text))

    def _words(self, at: float, text: str) -> None:
        """The user said `text`: an answer, an interruption, or a backchannel."""
        s = self.state
        owed = s.user is CallerActivity.AWAITED
        if owed:
            s.user = CallerActivity.SILENT
        s.partial, s.reopened = "", False
        self._do(CancelTimer(Timer.FINAL))
        policy = self._policy()
        if not self._agent_busy() or (owed and self._only_waits()):
            self._answer(at, text)
        elif policy is None:
            s.waiting_text = joined_utterance(s.waiting_text, text)
        elif self._meaningful(text) >= policy.confirm_words:
            self._barge_in(at)
            self._answer(at, text)
        else:
            s.tail_text, s.tail_at = text, at
            self._not_confirmed(at)

    def _key(self, at: float, key: str) -> None:
        s = self.state
        if s.doing is AgentActivity.LEAVING:
            return
        self._take_floor(at)
        self._asked_at = at
        pattern = s.key_pattern or self.agent.keys
        if s.keys and key == pattern.terminator:
            self._keys_over(at)
            return
        s.keys += key
        if pattern.complete(s.keys):
            self._keys_over(at)
        else:
            self._do(SetTimer(Timer.KEYS, pattern.wait_s))

    def _keys_over(self, at: float) -> None:
        keys, self.state.keys, self.state.key_pattern = self.state.keys, "", None
        self._do(CancelTimer(Timer.KEYS))
        self._answer(at, " ".join(keys))

    # interruption

    def _agent_busy(self) -> bool:
        """Whether there is anything that could be interrupted."""
        s = self.state
        return bool(s.sounds) or s.doing in (AgentActivity.THINKING, AgentActivity.TOOL)

    def _only_waits(self) -> bool:
        """Nothing of the agent is to be heard but a sign that the user's last words are awaited."""
        s = self.state
        return (
            s.doing is AgentActivity.IDLE and not s.stopping and all(x.kind is UtteranceKind.FILLER for x in s.sounds)
        )

    def _policy(self) -> PhasePolicy | None:
        """What it takes to interrupt by voice now; None when voice cannot."""
        s, rules = self.state, self.agent.barge_in
        if s.doing is AgentActivity.LEAVING or not self._agent_busy():
            return None
        if s.doing is AgentActivity.TOOL:
            policy = rules.tool
        elif s.doing is AgentActivity.THINKING and not s.audible:
            policy = rules.thinking
        elif s.sounds and s.sounds[0].kind is UtteranceKind.GREETING:
            policy = rules.greeting
        else:
            policy = rules.speaking
        return None if policy.protected else policy

    def _hold(self, at: float) -> None:
        """Pause; a transport that cannot take back what it sent is only held before its first frame."""
        s = self.state
        if s.interruption is Interruption.NONE and (self.holdable or not self._sounding()):
            s.interruption = Interruption.HELD
            self._measures.paused_at = at
            self._do(Pause())

    def _barge_in(self, at: float) -> None:
        """The barge-in decision: silence first, then the rest."""
        s = self.state
        self._measures.decided_at = at
        if s.audible and s.turn != s.broken_turn:
            s.broken = 0
        self._silence(StopReason.BARGE_IN)
        s.interruption = Interruption.DECIDED
        self._do(CancelTimer(Timer.RESUME), CancelTimer(Timer.FILLER))
        self._cancel_thinking()
        s.ending = None
        s.tail_text = ""

    def _take_floor(self, at: float) -> None:
        """Keys, typing and interrupt messages are decided at once."""
        if self.state.doing is AgentActivity.LEAVING:
            return
        self._do(CancelTimer(Timer.NO_INPUT))
        if self._agent_busy():
            self._measures.onset_at = at
            self._barge_in(at)

    def _silence(self, reason: StopReason) -> None:
        """Stop all that is heard or about to be: one Stop, however many replies are queued. It ends a pause too."""
        s = self.state
        s.interruption = Interruption.NONE
        if s.sounds:
            self._do(Stop(s.turn, s.last_reply, reason), SetTimer(Timer.STOPPED, STOPPED_WAIT_S))
            s.sounds = ()
            s.stopping = True

    def _cancel_thinking(self) -> None:
        s = self.state
        if not s.written:
            self._do(CancelReply(s.turn), CancelTimer(Timer.ANSWER))
        s.written = True
        s.doing = AgentActivity.IDLE

    def _not_confirmed(self, at: float) -> None:
        """A false interruption: playout goes on where it paused."""
        s = self.state
        self._do(CancelTimer(Timer.RESUME))
        if not self._release():
            return
        s.false_at = (*(t for t in s.false_at if at - t <= FALSE_INTERRUPTION_WINDOW_S), at)
        if len(s.false_at) >= 2:
            s.pause_factor = 2

    def _release(self) -> bool:
        """End a pause: playout goes on where it stood. Whether there was one."""
        s = self.state
        if s.interruption is not Interruption.HELD:
            return False
        s.interruption = Interruption.NONE
        self._do(Resume(), CancelTimer(Timer.RESUME))
        return True

    # answering

    def _answer(self, at: float, text: str) -> None:
        """Answer `text`, as soon as playout has said what was heard of the former reply."""
        s = self.state
        if s.doing is AgentActivity.LEAVING:
            return
        s.prompts = 0
        s.waiting_text = joined_utterance(s.waiting_text, text)
        if not s.stopping:
            self._start_reply(at)

    def _start_reply(self, at: float) -> None:
        s = self.state
        text, s.waiting_text = s.waiting_text, ""
        continues = bool(s.asked) and not s.audible
        # A filler may have been paused by voice whose words are answered now.
        self._release()
        self._show_turn(None)
        s.turn += 1
        if continues and s.asked_again:
            s.asked = repeated_utterance(s.asked, text)
        else:
            s.asked = joined_utterance(s.asked, text) if continues else text
        s.asked_again = False
        s.doing, s.interruption, s.audible, s.written = AgentActivity.THINKING, Interruption.NONE, False, False
        s.pause_factor, s.fillers, s.tail_text, s.ending = 1, 0, "", None
        self._measures.asked_at = self._asked_at if self._asked_at is not None else at
        self._do(StartReply(s.turn, self._next_reply(UtteranceKind.REPLY), s.asked, continues))
        self._do(SetTimer(Timer.ANSWER, self.agent.limits.max_turn_s), CancelTimer(Timer.NO_INPUT))
        self._set_filler(at)

    def _set_filler(self, at: float) -> None:
        """A filler is due so long after the end of the user's speech, whatever the recognizer takes."""
        waited_s = at - (self._asked_at if self._asked_at is not None else at)
        self._do(SetTimer(Timer.FILLER, max(0.0, self.agent.limits.filler_after_ms / 1000 - waited_s)))

    def _tools(self, turn: int, running: bool) -> None:
        s = self.state
        if turn == s.turn and s.doing in (AgentActivity.THINKING, AgentActivity.TOOL):
            s.doing = AgentActivity.TOOL if running else AgentActivity.THINKING

    def _reply_written(self, at: float, turn: int, spoken: bool) -> None:
        s = self.state
        if turn != s.turn or s.written:
            return
        if not spoken and s.ending is None:
            self._reply_broken(at, turn, spoken)
            return
        s.written, s.doing = True, AgentActivity.IDLE
        if not spoken:
            self._drop(self._reply_of(turn))
        self._settle(at)

    def _reply_broken(self, at: float, turn: int, spoken: bool) -> None:
        """The reply failed: what was heard of it stands, but two failures in a row end the session."""
        s = self.state
        if turn != s.turn or s.written:
            return
        s.broken, s.broken_turn = s.broken + 1, turn
        if s.broken >= MAX_BROKEN_REPLIES:
            self._last_words(at, UtteranceKind.APOLOGY, Ending.ERROR)
            return
        self._cancel_thinking()
        self._do(CancelTimer(Timer.FILLER))
        if spoken:
            self._settle(at)
        else:
            self._drop(self._reply_of(turn))
            self._say(UtteranceKind.APOLOGY, SAY_AGAIN)

    def _reply_worked(self, at_end_of: int) -> None:
        """A reply was heard to its end: only failures after it count. That it was written does not: a synthesizer that
        never says it would otherwise be apologised for without end.
        """
        s = self.state
        if any(x.reply == at_end_of and x.kind is UtteranceKind.REPLY and x.turn != s.broken_turn for x in s.sounds):
            s.broken = 0

    def _answer_missing(self, at: float) -> None:
        """The reply has not begun to be heard in time, whoever is to blame."""
        s = self.state
        if s.audible or s.doing is AgentActivity.LEAVING:
            return
        self._silence(StopReason.SUPERSEDED)
        s.written = False
        self._reply_broken(at, s.turn, spoken=False)

    # sound

    def _say(self, kind: UtteranceKind, index: int = 0) -> None:
        self.state.asked_again |= kind is UtteranceKind.APOLOGY and index == SAY_AGAIN
        self._do(Say(self._next_reply(kind), self.state.turn, kind, index))

    def _next_reply(self, kind: UtteranceKind) -> int:
        s = self.state
        if s.interruption is Interruption.DECIDED:
            s.interruption = Interruption.NONE
        s.last_reply += 1
        s.sounds = (*s.sounds, Sound(s.last_reply, s.turn, kind))
        return s.last_reply

    def _reply_of(self, turn: int) -> int:
        return next((x.reply for x in self.state.sounds if x.turn == turn and x.kind is UtteranceKind.REPLY), 0)

    def _drop(self, reply: int) -> None:
        self.state.sounds = tuple(x for x in self.state.sounds if x.reply != reply)

    def _sounding(self) -> bool:
        return any(x.started for x in self.state.sounds)

    def _sound_started(self, at: float, reply: int) -> None:
        s = self.state
        sound = next((x for x in s.sounds if x.reply == reply), None)
        if sound is None:
            return
        s.sounds = tuple(msgspec.structs.replace(x, started=True) if x is sound else x for x in s.sounds)
        if sound.kind is UtteranceKind.REPLY:
            s.audible = True
            self._do(CancelTimer(Timer.FILLER), CancelTimer(Timer.ANSWER))
            if self._measures.first_audio_at is None:
                self._measures.first_audio_at = at

    def _sound_over(self, at: float, reply: int) -> None:
        s = self.state
        if all(x.reply != reply for x in s.sounds):
            return
        self._drop(reply)
        if self._agent_busy() and not s.audible and s.doing is not AgentActivity.LEAVING:
            self._do(SetTimer(Timer.FILLER, self.agent.limits.filler_after_ms / 1000))
        self._settle(at)

    def _sound_failed(self, at: float, reply: int) -> None:
        """The synthesizer could not: what it owed of a reply is made up for by a kept apology."""
        s = self.state
        if reply != self._reply_of(s.turn):
            self._sound_over(at, reply)
            return
        self._drop(reply)
        s.written = False
        self._reply_broken(at, s.turn, spoken=False)

    def _sound_stopped(self, at: float, heard_ms: float) -> None:
        s = self.state
        if not s.stopping:
            return
        s.stopping = False
        self._do(CancelTimer(Timer.STOPPED))
        self._measures.heard_ms += heard_ms
        self._show_turn(at)
        if s.waiting_text:
            self._start_reply(at)
        else:
            self._settle(at)

    # hold

    def _hold_begins(self) -> None:
        """Nobody is there to be prompted; how long that is borne has a limit of its own."""
        s = self.state
        if not s.on_hold and s.doing is not AgentActivity.LEAVING:
            s.on_hold = True
            self._do(CancelTimer(Timer.NO_INPUT), SetTimer(Timer.HOLD, self.agent.limits.max_hold_s))

    def _hold_ends(self, at: float) -> None:
        s = self.state
        if s.on_hold:
            s.on_hold = False
            self._do(CancelTimer(Timer.HOLD))
            self._settle(at)

    # quiet

    def _settle(self, at: float) -> None:
        """After anything ended: is it all over, is somebody to be answered, or does everybody listen?"""
        s = self.state
        leaving = s.doing is AgentActivity.LEAVING
        if s.sounds or not s.written or (s.stopping and not leaving):
            return
        if s.ending is not None:
            self._end(s.ending)
            return
        self._release()
        self._show_turn(None)
        tail, s.tail_text = s.tail_text, ""
        if (tail and at - s.tail_at <= TAIL_S) or s.waiting_text:
            self._answer(at, tail)
        else:
            self._listen()

    def _listen(self) -> None:
        if self.state.user is CallerActivity.SILENT and not self.state.on_hold:
            self._do(SetTimer(Timer.NO_INPUT, self.agent.limits.no_input_s))

    # timers

    def _timer(self, at: float, timer: Timer) -> None:
        match timer:
            case Timer.RESUME:
                self._not_confirmed(at)
            case Timer.FILLER:
                self._filler()
            case Timer.FINAL:
                self._final_missing(at)
            case Timer.ANSWER:
                self._answer_missing(at)
            case Timer.NO_INPUT:
                self._no_input(at)
            case Timer.KEYS:
                self._keys_over(at)
            case Timer.STOPPED:
                self._sound_stopped(at, 0.0)
            case Timer.GOODBYE:
                self._end(self.state.ending or Ending.NORMAL)
            case Timer.HOLD:
                self._last_words(at, UtteranceKind.GOODBYE, Ending.IDLE_TIMEOUT)
            case Timer.SESSION:
                self._last_words(at, UtteranceKind.GOODBYE, Ending.NORMAL)
            case _:
                assert_never(timer)

    def _filler(self) -> None:
        s = self.state
        # What was heard of the last answer says nothing about the words that are awaited now.
        unheard = s.user is CallerActivity.AWAITED and self._only_waits()
        unanswered = s.doing in (AgentActivity.THINKING, AgentActivity.TOOL) and not s.audible
        if (unheard or unanswered) and not self._sounding() and s.user is not CallerActivity.TALKING:
            self._say(UtteranceKind.FILLER, s.fillers)
            s.fillers += 1

    def _final_missing(self, at: float) -> None:
        s = self.state
        if s.user is not CallerActivity.AWAITED:
            return
        self._do(ReopenEars(again=not s.partial))
        if s.partial:
            self._words(at, s.partial)
        elif not s.reopened:
            # It is recognised once more; meanwhile the user hears that somebody is there.
            s.reopened = True
            self._do(SetTimer(Timer.FINAL, FINAL_WAIT_S), SetTimer(Timer.FILLER, 0.0))
        else:
            self._nothing_said(at)
            if self._only_waits():
                self._say(UtteranceKind.APOLOGY, SAY_AGAIN)

    def _no_input(self, at: float) -> None:
        s = self.state
        if self._agent_busy() or s.user is not CallerActivity.SILENT or s.stopping or s.on_hold:
            return
        if s.prompts >= len(self.agent.phrases.no_input):
            self._last_words(at, UtteranceKind.GOODBYE, Ending.IDLE_TIMEOUT)
            return
        self._say(UtteranceKind.PROMPT, s.prompts)
        s.prompts += 1

    # bookkeeping

    def _meaningful(self, text: str) -> int:
        return meaningful_words(text, self.agent.barge_in.backchannels)

    def _do(self, *effects: Effect) -> None:
        self._effects.extend(effects)

    def _show_turn(self, silent_at: float | None) -> None:
        """Tell the times of a turn that is over."""
        if self._measures.worth_showing:
            self._do(self._measures.shown(self.state.turn, silent_at))
        self._measures = Measures()

    def _show_floor(self) -> None:
        if (floor := self.floor) is not self._floor:
            self._floor = floor
            self._do(ShowFloor(floor))

"""Turn-taking: who holds the floor of a conversation. The one machine that everybody should understand.

Two people talk by small rules that neither could write down: one does not start while the other is speaking, stops when
the other really wants to say something, goes on when it was only a cough or an "uh-huh", and says "one moment" when the
answer takes long. This package holds those rules, and nothing else of the product does. They are pure: a message and
the time go in, effects come out, and no clock is read.

**Three states, not one.** What the agent does, what the caller does, and how far an interruption has come are
independent: an agent may think while the caller talks while the former reply is paused. One state for all three would
have 64 values and a name for none. So there are three small enums in `state.py`, each with its table of changes:

    the agent      IDLE, THINKING (the model writes), TOOL (tools run), LEAVING (last words; nothing takes them back)
    the caller     SILENT, TALKING, AWAITED (the utterance is over, its final transcript is owed)
    interruption   NONE, HELD, YIELDED, DECIDED

Two more have tables of their own: whether a final transcript is owed (`OwedFinal`), and whether the session goes on
(`Course`). What excludes each other is one enum, never two flags.

What is being heard is not a state of the agent but a list, `utterances`: a reply may be written long before it has been
heard, and a filler may be heard while the reply is written.

**An interruption costs nothing until it is confirmed.** The first voice pauses playback (HELD). If it lasts, the agent
falls silent, on the wire too, but keeps the rest of what it was saying (YIELDED): the voice may be a cough, a dog, or
somebody else in the room. Only words, keys, typed text or a request drop the reply (DECIDED). Voice of which nothing
is recognised lets the agent go on where it stopped. While the agent only thinks, voice holds the sound of the reply and
never its making.

**A reply may be begun before the words are final.** In a pause that is probably the end of the caller's turn the model
is asked already, to save the caller the wait (BEGUN, a fourth enum beside the three). Nothing else changes: the caller
still has the floor, nothing of the reply is heard or recorded, and no tool is run. It becomes the reply if the final
words are those that it answers, and is thrown away unheard otherwise.

**Words are always answered.** A final transcript that is no backchannel is answered now, if it is enough to take the
floor, and when the reply is over, if it is not. A backchannel is an answer where the agent has just asked something.

**Every wait says who owes what.** No rule sets a timer. `waits.py` says from the state alone what is owed, by whom and
by when, and after each event the machine arms exactly that. So there is no state in which nothing will ever happen.

The invariants, held by random tests: at most one floor and one reply a turn; nothing sounds of a reply after it was
dropped; in every state something is owed; every final that is no backchannel is answered or the session ends with a
word; every session ends.

The files: `core.py` (state and smallest steps), `event_rules.py` (which rule each message has), `interruption.py`,
`voice_alone.py`, `transcripts.py`, `answering.py`, `preemption.py`, `playback_reports.py`, `keys.py`, `silence.py`,
`screening.py`, `handing_off.py`, `endings.py` (the rules by concern), `waits.py` (the table of waits), `resuming.py`
and `moving.py` (how it goes on from a former state, and in another process).
"""

from actors.agent import Agent
from actors.conversation import UtteranceKind
from actors.errors import ActorsError
from actors.messages.lifecycle import Timer, TimerFired
from actors.messages.transcript import SpeechContinued
from actors.rules.turn_taking import preemption, resuming, screening, silence, waits
from actors.rules.turn_taking.core import TurnCore
from actors.rules.turn_taking.effects import CancelTimer, Effect, ReportUnexpected, SetTimer
from actors.rules.turn_taking.event_rules import LEAVING_RULES, RULES, TurnEvent, is_unexpected
from actors.rules.turn_taking.state import AgentActivity, Course, TurnSnapshot

# Looked at with each window of audio or each event: an attribute of an enumeration takes longer.
_OVER, _LEAVING = Course.OVER, AgentActivity.LEAVING

_SOON_S = 1e-6
"""A timer that fires at most this many seconds early is on time, since floats round."""


class UnexpectedEventError(ActorsError):
    """An event came that cannot happen in the state that turn-taking is in."""


class TurnTaking(TurnCore):
    """The floor of one session.

    Args:
        agent: whose policies hold.
        holdable: the transport can pause what it has begun to play. Otherwise it throws that away and is sent it again.
        transcribes: a recognizer gives words; without one, lasting voice confirms an interruption.
        state: where to go on from; the caller of this gives its own copy.
        strict: raise `UnexpectedEventError` for an event that cannot happen, instead of reporting it.
    """

    def __init__(
        self,
        agent: Agent,
        *,
        holdable: bool = True,
        transcribes: bool = True,
        state: TurnSnapshot | None = None,
        strict: bool = False,
    ) -> None:
        super().__init__(agent, holdable=holdable, transcribes=transcribes, state=state)
        self._strict = strict

    def start(self, at: float) -> list[Effect]:
        """Begin the session: greet, or listen."""
        self.state.started_at = at
        if self.state.screening is not None:
            screening.listen(self, at)
        elif self.agent.greeting:
            self.say(UtteranceKind.GREETING)
        return self._conclude(at)

    def resume(
        self, at: float, session_left_s: float, *, has_text: bool = False, owes_answer: bool = False
    ) -> list[Effect]:
        """Go on from a former state: the words that were not answered are asked again.

        Times of the former state may be of another clock: all waits begin anew.

        Args:
            at: now, in seconds of the session's clock.
            session_left_s: seconds until the longest session is over.
            has_text: text of the turn's reply was written, which is not to be heard twice.
            owes_answer: what was written, and may have been heard, only bridged the time of tools.
        """
        resuming.resume(self, at, session_left_s, has_text=has_text, owes_answer=owes_answer)
        return self._conclude(at)

    def handle(self, message: TurnEvent, at: float) -> list[Effect]:
        """What is to be done about `message`, in order.

        Raises:
            UnexpectedEventError: it cannot happen in this state, and `strict` was asked for.
        """
        s = self.state
        if s.course is _OVER:
            return []
        if isinstance(message, TimerFired):
            self._timer_fired(message.timer, at)
        elif s.agent is not _LEAVING or type(message) in LEAVING_RULES:
            caller, interruption, preempts = s.caller, s.interruption, s.preemption
            self._apply_rule(message, at)
            if (
                type(message) is SpeechContinued
                and s.caller is caller
                and s.interruption is interruption
                and s.preemption is preempts
            ):
                # With each window of voice: all it changed is how long that lasts, which puts waits off and owes none.
                return self.pop_effects()
        return self._conclude(at)

    def _apply_rule(self, message: TurnEvent, at: float) -> None:
        rules = LEAVING_RULES if self.state.agent is AgentActivity.LEAVING else RULES
        rule = rules.get(type(message))
        if rule is None:
            raise TypeError(f"turn-taking has no rule for a {type(message).__name__}")
        if is_unexpected(message, self.state):
            self._report_unexpected(message)
        else:
            rule(self, message, at)

    def _conclude(self, at: float) -> list[Effect]:
        if self.state.course is not _OVER:
            preemption.review(self)
            self._note_quiet(at)
            self._arm_timers(at)
            self.show_floor()
        return self.pop_effects()

    def _note_quiet(self, at: float) -> None:
        is_quiet = silence.nobody_holds_the_floor(self)
        if not is_quiet:
            self.state.quiet_at = None
        elif self.state.quiet_at is None:
            self.state.quiet_at = at

    # waits

    @property
    def waits(self) -> tuple[waits.Wait, ...]:
        """The rows of the table that count now."""
        return (waits.GOODBYE,) if self.state.agent is _LEAVING else waits.WAITS

    def _arm_timers(self, at: float) -> None:
        """Set what the table of waits asks for, cancel what it does not.

        A wait that has become longer keeps its timer: when that fires it is set for the rest. So a wait that is put
        off with each window of audio costs no timer each.
        """
        owed = {wait.timer: due for wait in self.waits if (due := wait.due(self)) is not None}
        for timer in [timer for timer in self.armed if timer not in owed]:
            del self.armed[timer]
            self.do(CancelTimer(timer))
        for timer, due in owed.items():
            if timer not in self.armed or due < self.armed[timer] - _SOON_S:
                self.armed[timer] = due
                self.do(SetTimer(timer, max(0.0, due - at)))

    def _timer_fired(self, timer: Timer, at: float) -> None:
        self.armed.pop(timer, None)
        for wait in self.waits:
            if wait.timer is timer and (due := wait.due(self)) is not None and due <= at + _SOON_S:
                wait.missing(self, at)

    # faults of ours

    def _report_unexpected(self, message: TurnEvent) -> None:
        s = self.state
        state = f"agent {s.agent}, caller {s.caller}, interruption {s.interruption}, turn {s.turn_number}"
        if self._strict:
            raise UnexpectedEventError(f"{type(message).__name__} cannot happen with {state}")
        self.do(ReportUnexpected(type(message).__name__, state))

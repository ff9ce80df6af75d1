"""Barge-in: voice pauses the agent, lasting voice silences it, words take the floor; and what takes it all back."""

from actors.messages.caller import InterruptRequested
from actors.messages.playback import PausePlayback, StopReason, YieldPlayback
from actors.messages.transcript import SpeechContinued
from actors.rules.backchannel import begins_with, may_become, meaningful_words
from actors.rules.turn_taking import answering, endings
from actors.rules.turn_taking.core import TurnCore
from actors.rules.turn_taking.state import AgentActivity, Interruption
from actors.turn_taking_settings import PhasePolicy

FALSE_INTERRUPTION_WINDOW_S = 15.0
"""Seconds within which two false interruptions double `pause_ms` for the turn, since they may be the agent's
own echo."""
UNPAUSABLE_MS = 224.0
"""Ms of voice that silence a reply where the transport cannot pause it: the client throws away what it holds, and is
sent that again if nothing was said. A cough is shorter. These are seven windows of Silero."""
REACTION_S = 0.4
"""Seconds after the end of a pause within which voice is taken to be about the pause: nobody reacts sooner."""
_SILENCED = (Interruption.YIELDED, Interruption.DECIDED)
BACKCHANNEL_PATIENCE = 3
"""The multiple of `confirm_ms` after which voice that so far is only backchannels silences the agent."""


def voice_began(turn: TurnCore, at: float) -> None:
    """An utterance begins, maybe in a pause for voice before it: a "hello?" to an agent that has fallen silent."""
    went_on_at = turn.timings.went_on_at
    is_paused = turn.state.interruption in (Interruption.HELD, Interruption.YIELDED)
    turn.timings.is_into_pause = is_paused or (went_on_at is not None and at - went_on_at <= REACTION_S)


def voice_goes_on(turn: TurnCore, message: SpeechContinued, at: float) -> None:
    """The caller's voice lasts: it pauses playback first, and then takes the floor for as long as nothing is known.

    A reply that is only being thought of is held, not dropped, however long the voice lasts: noise must not cost a
    question. Words decide. Where no recognizer gives words, lasting voice stands for them.
    """
    if turn.state.interruption in _SILENCED or (policy := turn.policy) is None:
        return
    pause_ms = _pause_ms(turn, policy)
    confirmed_ms = pause_ms if policy.immediate else policy.confirm_ms * _patience(turn)
    if message.voiced_ms >= pause_ms and (_is_pausable(turn) or message.voiced_ms < confirmed_ms):
        _hold(turn, at)
    if message.voiced_ms < confirmed_ms:
        return
    if not turn.transcribes:
        barge_in(turn, at)
    elif turn.is_sounding:
        _yield(turn, at)


def interrupt_requested(turn: TurnCore, _message: InterruptRequested, at: float) -> None:
    """The caller asks for the floor by other means than voice."""
    take_floor(turn, at)
    answering.settle(turn, at)


def take_floor(turn: TurnCore, at: float) -> None:
    """Take the floor for keys, typed text or a request, at once: without voice no time is measured from an onset."""
    if turn.is_busy:
        turn.timings.onset_at = None
        barge_in(turn, at)


def barge_in(turn: TurnCore, at: float) -> None:
    """Decide that the turn is the caller's: silence first, then the rest. The reply is dropped for good."""
    s = turn.state
    if s.interruption is not Interruption.YIELDED:
        turn.timings.decided_at = at
    if s.is_audible and s.turn_number != s.failed_turn:
        s.failures = 0
    turn.silence(at, StopReason.BARGE_IN)
    turn.interruption_becomes(Interruption.DECIDED)
    turn.cancel_thinking()
    endings.take_back_goodbye(turn)
    s.tail_text = ""


def not_confirmed(turn: TurnCore, at: float) -> None:
    """Let playback go on where it stood, since nothing was said after all."""
    s = turn.state
    if not turn.release():
        return
    turn.timings.decided_at = turn.timings.silenced_at = None
    turn.timings.went_on_at = at
    s.false_at = (*(t for t in s.false_at if at - t <= FALSE_INTERRUPTION_WINDOW_S), at)
    if len(s.false_at) >= 2:
        s.pause_factor = 2


def _patience(turn: TurnCore) -> int:
    """How many times as long voice has to last that so far is only backchannels; 1 for any other voice."""
    interim = turn.state.interim
    return BACKCHANNEL_PATIENCE if interim and not meaning(turn, interim, so_far=True) else 1


def _is_pausable(turn: TurnCore) -> bool:
    """Whether playback can be paused: on a transport that cannot pause it can before its first frame is sent."""
    return turn.holdable or not turn.is_sounding


def _pause_ms(turn: TurnCore, policy: PhasePolicy) -> float:
    """Ms of voice after which playback pauses."""
    is_at_once = policy.immediate or _is_pausable(turn)
    return (policy.pause_ms if is_at_once else max(policy.pause_ms, UNPAUSABLE_MS)) * turn.state.pause_factor


def _hold(turn: TurnCore, at: float) -> None:
    """Pause. Where the transport cannot, what was sent ahead is taken back, to be sent again."""
    if turn.state.interruption is not Interruption.NONE:
        return
    turn.interruption_becomes(Interruption.HELD)
    turn.timings.paused_at = at
    if _is_pausable(turn):
        turn.do(PausePlayback())
    else:
        turn.do(YieldPlayback(turn.state.turn_number, StopReason.BARGE_IN))


def _yield(turn: TurnCore, at: float) -> None:
    """Silence at once; what was not heard is kept until it is known whether anything was said."""
    turn.timings.decided_at = at
    turn.interruption_becomes(Interruption.YIELDED)
    turn.do(YieldPlayback(turn.state.turn_number, StopReason.BARGE_IN))


def interim_words(turn: TurnCore, policy: PhasePolicy, text: str, at: float) -> None:
    """Words of which more may come take the floor if they are enough.

    "No" silences the agent at once, and drops nothing until it is known how it goes on: it may become "no problem".
    """
    if takes_floor(turn, policy, text, so_far=True):
        barge_in(turn, at)
    elif (
        turn.state.interruption is not Interruption.YIELDED
        and turn.is_sounding
        and not was_said_to_thinking(turn)
        and is_order_to_stop(turn, text)
    ):
        _yield(turn, at)


def is_order_to_stop(turn: TurnCore, text: str) -> bool:
    """Whether `text` begins with a word that silences the agent at once: "no", but not "no problem"."""
    return begins_with(text, turn.words.stop_words, unless=_harmless(turn))


def _harmless(turn: TurnCore) -> tuple[str, ...]:
    return (*turn.words.backchannels, *turn.words.courtesies, *turn.words.attention)


def takes_floor(turn: TurnCore, policy: PhasePolicy, text: str, *, so_far: bool = False) -> bool:
    """Whether words take the floor from the agent as it now is: enough of them, or a word that stops.

    Args:
        turn: what the agent does.
        policy: that of the phase.
        text: what was said.
        so_far: it is an interim transcript, and what is said may go on: "no" waits for whether it becomes "no problem".
    """
    enough = 1 if turn.state.interruption is Interruption.YIELDED else policy.confirm_words
    meant = meaning(turn, text, so_far=so_far)
    if meant >= enough:
        return True
    if so_far and (may_become(text, _harmless(turn)) or (not meant and was_said_to_thinking(turn))):
        return False
    return is_order_to_stop(turn, text)


def meaning(turn: TurnCore, text: str, *, so_far: bool = False) -> int:
    """How many words of `text` say something to the agent as it now is.

    "Hello?" or "thank you" to somebody who is thinking about an answer is no other question, nor is "bye, thank you" to
    somebody who says goodbye.
    """
    words = turn.words
    if was_said_to_thinking(turn):
        return meaningful_words(text, words.backchannels, words.attention, words.courtesies, so_far=so_far)
    if turn.state.ending is not None:
        return meaningful_words(text, words.backchannels, words.courtesies, words.farewells, so_far=so_far)
    return meaningful_words(text, words.backchannels, so_far=so_far)


def was_said_to_thinking(turn: TurnCore) -> bool:
    """Whether the caller's last words were said before the reply was heard or went on, however late they are known.

    A reply of which all that was written was heard goes on when its tools are back, or the model writes more; one that
    was paused for voice, when nothing was said.
    """
    s = turn.state
    if turn.is_unheard or s.agent is AgentActivity.TOOL or turn.is_caught_up:
        return True
    return turn.is_busy and (turn.timings.is_into_pause or was_said_before_reply(turn))


def was_said_before_reply(turn: TurnCore) -> bool:
    """Whether the caller's last voice was heard before the last reply was, or before that went on."""
    heard_from = turn.timings.heard_from
    return heard_from is not None and turn.state.voice_at <= heard_from


def asks_for_nothing(turn: TurnCore, text: str) -> bool:
    """Whether `text` only calls, thanks or assents, which needs no answer of an agent that was thinking about one."""
    words = turn.words
    return not meaningful_words(text, words.backchannels, words.attention, words.courtesies)

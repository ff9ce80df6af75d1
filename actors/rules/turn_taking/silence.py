"""When nothing is to be heard: fillers for callers who wait, prompts for those who say nothing, and being on hold."""

from actors.conversation import Ending, UtteranceKind
from actors.messages.caller import HoldEnded, HoldStarted
from actors.messages.lifecycle import CallerCutOff, CallerIsBack
from actors.messages.playback import PausePlayback, StopReason, YieldPlayback
from actors.rules.phrases import APPROVING, CONNECTING
from actors.rules.turn_taking import answering, endings, interruption
from actors.rules.turn_taking.core import TurnCore
from actors.rules.turn_taking.state import AgentActivity, CallerActivity, Interruption, ToolWait


def filler_due(turn: TurnCore, _at: float) -> None:
    """The reply is late: say a filler, so that the caller knows that they were heard."""
    s = turn.state
    index = s.fillers_said
    if s.agent is AgentActivity.TOOL and s.tool_wait is ToolWait.APPROVAL:
        index = APPROVING + s.fillers
    elif s.agent is AgentActivity.TOOL and s.tool_wait is ToolWait.CONNECTION:
        index += CONNECTING
    turn.say(UtteranceKind.FILLER, index)
    s.fillers += 1
    s.fillers_said += 1


def input_missing(turn: TurnCore, at: float) -> None:
    """Nobody has said anything for long: ask whether anybody is there, and after the last prompt say goodbye."""
    s = turn.state
    if s.prompts >= len(turn.agent.phrases.no_input):
        endings.last_words(turn, at, UtteranceKind.GOODBYE, Ending.IDLE_TIMEOUT)
        return
    turn.say(UtteranceKind.PROMPT, s.prompts)
    s.prompts += 1
    # A caller who asked for a minute has had it: from now on silence is silence.
    s.asked_to_wait = False


def hold_started(turn: TurnCore, _message: HoldStarted, at: float) -> None:
    """The caller is on hold: they are not prompted, and what they would not hear is kept until they are back.

    The longest hold is a wait of its own.
    """
    s = turn.state
    if s.on_hold_since is not None:
        return
    s.on_hold_since = at
    if s.interruption not in (Interruption.NONE, Interruption.HELD):
        return
    if turn.is_sounding:
        turn.interruption_becomes(Interruption.YIELDED)
        turn.do(YieldPlayback(s.turn_number, StopReason.SUPERSEDED))
    elif turn.is_busy and s.interruption is Interruption.NONE:
        turn.interruption_becomes(Interruption.HELD)
        turn.do(PausePlayback())


def hold_ended(turn: TurnCore, _message: HoldEnded, at: float) -> None:
    """The caller is back from hold: the conversation goes on where it stood."""
    s = turn.state
    if s.on_hold_since is None:
        return
    s.on_hold_since = None
    if s.caller is CallerActivity.SILENT:
        turn.release()
        turn.timings.silenced_at = None
        # Nobody waited for the reply while the caller was away.
        s.silent_at = s.thinking_at = at
    answering.settle(turn, at)


def caller_cut_off(turn: TurnCore, _message: CallerCutOff, _at: float) -> None:
    """The connection is lost: the caller hears neither fillers nor prompts, and those would be stale when they do."""
    turn.state.is_cut_off = True


def caller_is_back(turn: TurnCore, _message: CallerIsBack, at: float) -> None:
    """The caller hears the agent again: from now on they wait for what the agent owes."""
    s = turn.state
    if s.is_cut_off:
        s.is_cut_off = False
        s.silent_at = s.thinking_at = at


def hold_too_long(turn: TurnCore, at: float) -> None:
    """The caller has not come back from hold in time: say goodbye and end."""
    endings.last_words(turn, at, UtteranceKind.GOODBYE, Ending.IDLE_TIMEOUT)


def confirmation_missing(turn: TurnCore, at: float) -> None:
    """Voice that paused the agent was not followed by words in time."""
    interruption.not_confirmed(turn, at)


def nobody_holds_the_floor(turn: TurnCore) -> bool:
    """Whether it is for the caller to say something: the agent is silent, and nothing is awaited of anybody else."""
    s = turn.state
    return (
        not turn.is_busy
        and s.stop_ordered_at is None
        and not s.keys
        and s.on_hold_since is None
        and not s.is_cut_off
        and s.caller is CallerActivity.SILENT
        and not turn.is_closing
        and not turn.is_screening
    )

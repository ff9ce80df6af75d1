"""When nothing is to be heard: fillers for callers who wait, prompts for those who say nothing, and being on hold."""

from actors.conversation import Ending, UtteranceKind
from actors.messages.caller import HoldEnded, HoldStarted
from actors.rules.turn_taking import answering, endings, interruption
from actors.rules.turn_taking.core import TurnCore
from actors.rules.turn_taking.state import CallerActivity


def filler_due(turn: TurnCore, _at: float) -> None:
    """The reply is late: say a filler, so that the caller knows that they were heard."""
    s = turn.state
    turn.say(UtteranceKind.FILLER, s.fillers_said)
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
    # Who asked for a minute has had it: from now on silence is silence.
    s.asked_to_wait = False


def hold_started(turn: TurnCore, _message: HoldStarted, at: float) -> None:
    """The caller is on hold and is not prompted; the longest hold is a wait of its own."""
    if not turn.state.on_hold:
        turn.state.on_hold, turn.state.hold_at = True, at


def hold_ended(turn: TurnCore, _message: HoldEnded, at: float) -> None:
    """The caller is back from hold: the conversation goes on where it stood."""
    turn.state.on_hold = False
    answering.settle(turn, at)


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
        and not s.stopping
        and not s.keys
        and not s.on_hold
        and s.caller is CallerActivity.SILENT
        and not turn.is_closing
    )

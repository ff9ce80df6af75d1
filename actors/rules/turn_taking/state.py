"""What turn-taking remembers between two events, as data, and how its states may change.

A copy of `TurnSnapshot` is what a restarted orchestrator, a rebuilt session and another machine go on from. Times are
in seconds of the session's clock.
"""

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from actors.conversation import Ending, KeyPattern, UtteranceKind


class AgentActivity(StrEnum):
    """What the agent is doing, apart from being heard."""

    IDLE = "idle"
    THINKING = "thinking"
    TOOL = "tool"
    LEAVING = "leaving"


class CallerActivity(StrEnum):
    """Whether the caller is speaking, and whether what they said is known yet."""

    SILENT = "silent"
    TALKING = "talking"
    AWAITED = "awaited"  # the utterance is over, its final transcript is owed


class Interruption(StrEnum):
    """How far the interruption in hand has come."""

    NONE = "none"
    HELD = "held"  # playback is paused, the decision is open
    YIELDED = "yielded"  # voice alone has taken the floor: silence, and the rest of the reply is kept
    DECIDED = "decided"  # words have taken the floor: the reply is dropped


class Preemption(StrEnum):
    """Whether a reply is being made to words that may not be all that the caller has to say."""

    NONE = "none"
    BEGUN = "begun"


class OwedFinal(StrEnum):
    """Whether the recognizer owes a final transcript, and what was done about it already."""

    NONE = "none"
    OWED = "owed"  # an utterance is over whose final transcript has not come
    PRESUMED = "presumed"  # it is over because no audio came: the recognizer may still find that it was mere noise
    REOPENED = "reopened"  # it did not come: the recognizer was given a second chance


class Course(StrEnum):
    """Whether the session goes on."""

    OPEN = "open"
    SPENT = "spent"  # it has used up what it may cost: it ends after the reply in hand
    CLOSING = "closing"  # it ends at the next end of a sentence
    OVER = "over"  # nothing is done any more


class Opening(StrEnum):
    """What the agent says before a conversation goes on that has come from elsewhere."""

    NONE = "none"
    GREETING = "greeting"  # the caller was cut off with the process that talked with them
    INTRODUCTION = "introduction"  # the conversation was handed off to this agent


class ToolWait(StrEnum):
    """What the tools that run, or ran last, wait for: it decides which filler a waiting caller hears."""

    RESULT = "result"
    CONNECTION = "connection"  # one of them calls somebody for the caller
    APPROVAL = "approval"  # one of them is not run before an operator approves it


AGENT_CHANGES: Mapping[AgentActivity, Mapping[AgentActivity, str]] = {
    AgentActivity.IDLE: {
        AgentActivity.THINKING: "a reply is asked for",
        AgentActivity.LEAVING: "last words",
    },
    AgentActivity.THINKING: {
        AgentActivity.TOOL: "tools are called",
        AgentActivity.IDLE: "the reply is written, has failed or is cancelled",
    },
    AgentActivity.TOOL: {
        AgentActivity.THINKING: "all tools are back",
        AgentActivity.IDLE: "the reply has failed or is cancelled",
    },
    AgentActivity.LEAVING: {},
}
"""The possible changes of the agent's activity, with what each is for. Thinking is always given up before leaving."""

CALLER_CHANGES: Mapping[CallerActivity, Mapping[CallerActivity, str]] = {
    CallerActivity.SILENT: {
        CallerActivity.TALKING: "speech starts",
    },
    CallerActivity.TALKING: {
        CallerActivity.AWAITED: "speech stops, or no audio comes, or noise stops while a final is owed",
        CallerActivity.SILENT: "noise stops",
    },
    CallerActivity.AWAITED: {
        CallerActivity.TALKING: "speech starts",
        CallerActivity.SILENT: "the final transcript, or no speech was recognised, or nothing comes",
    },
}
"""The possible changes of the caller's activity, with what each is for."""

INTERRUPTION_CHANGES: Mapping[Interruption, Mapping[Interruption, str]] = {
    Interruption.NONE: {
        Interruption.HELD: "pause_ms of voice, or 224 ms where playback cannot be paused, or the caller is put on hold",
        Interruption.YIELDED: "confirm_ms of voice, or pause_ms where the policy is immediate, or a word that may stop,"
        " or hold",
        Interruption.DECIDED: "words, keys, typed text or a request",
    },
    Interruption.HELD: {
        Interruption.NONE: "not confirmed in time, or the caller is back",
        Interruption.YIELDED: "confirm_ms of voice, or a word that may stop",
        Interruption.DECIDED: "words, keys, typed text or a request",
    },
    Interruption.YIELDED: {
        Interruption.NONE: "nothing was said, or the caller is back",
        Interruption.DECIDED: "words, keys, typed text or a request",
    },
    Interruption.DECIDED: {
        Interruption.NONE: "the agent speaks again",
    },
}
"""The possible changes of the interruption in hand, with what each is for."""

PREEMPTION_CHANGES: Mapping[Preemption, Mapping[Preemption, str]] = {
    Preemption.NONE: {
        Preemption.BEGUN: "the caller is probably done",
    },
    Preemption.BEGUN: {
        Preemption.NONE: "the same words are final, or the caller goes on, the words change or nothing comes",
    },
}
"""The possible changes of the pre-emptive reply, with what each is for."""

FINAL_CHANGES: Mapping[OwedFinal, Mapping[OwedFinal, str]] = {
    OwedFinal.NONE: {
        OwedFinal.OWED: "speech stops",
        OwedFinal.PRESUMED: "no audio comes in mid-utterance",
    },
    OwedFinal.OWED: {
        OwedFinal.NONE: "it comes, or no speech was recognised, or an interim transcript stands for it",
        OwedFinal.REOPENED: "it does not come, nor has an interim transcript",
    },
    OwedFinal.PRESUMED: {
        OwedFinal.NONE: "it comes, or it was noise, or an interim transcript stands for it",
        OwedFinal.OWED: "the recognizer tells the end of the utterance, or speech starts again",
        OwedFinal.REOPENED: "it does not come, nor has an interim transcript",
    },
    OwedFinal.REOPENED: {
        OwedFinal.NONE: "it comes, or no speech was recognised, or it is given up",
        OwedFinal.OWED: "speech starts again",
    },
}
"""The possible changes of the owed final transcript, with what each is for."""

COURSE_CHANGES: Mapping[Course, Mapping[Course, str]] = {
    Course.OPEN: {
        Course.SPENT: "it has cost what it may",
        Course.CLOSING: "it has lasted as long as it may, or is ordered to end",
        Course.OVER: "the last words are over, or nobody is there to hear any",
    },
    Course.SPENT: {
        Course.CLOSING: "it has lasted as long as it may, or is ordered to end",
        Course.OVER: "the last words are over",
    },
    Course.CLOSING: {
        Course.OVER: "the last words are over",
    },
    Course.OVER: {},
}
"""The possible changes of the session's course, with what each is for."""


class Utterance(msgspec.Struct, frozen=True, kw_only=True):
    """Something the agent has begun to say, or is about to, and that is not over."""

    reply: int
    turn: int
    kind: UtteranceKind
    question_s: float = 0.0
    """About how many seconds the question lasts with which the utterance ends, 0 for none: words said into it answer
    it."""
    started: bool = False
    """Whether its first frame was sent: what is written of it may be heard before the rest is written."""


class ScreeningStage(StrEnum):
    """How far it is known whether a person or a machine has answered a call of ours."""

    LISTENING = "listening"  # the agent has not said anything
    GREETED = "greeted"  # the agent talks as to a person; what is heard may still show a machine
    MACHINE = "machine"  # the tone is awaited, after which the message is left


class Screening(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of whoever has answered a call of ours. It ends when a person has answered to the greeting."""

    stage: ScreeningStage = ScreeningStage.LISTENING
    words: str = ""
    """All words so far of whoever has answered."""
    has_tone: bool = False
    """Whether a steady tone was heard after their voice."""
    talks_since: float | None = None
    """When they began to talk, with pauses in which the agent was not expected to speak; None while they have not."""
    since: float = 0.0
    """When this stage began."""


class TurnSnapshot(msgspec.Struct, kw_only=True):
    """All that turn-taking remembers between two events, the timings for display apart."""

    # who does what
    agent: AgentActivity = AgentActivity.IDLE
    caller: CallerActivity = CallerActivity.SILENT
    interruption: Interruption = Interruption.NONE
    preemption: Preemption = Preemption.NONE
    final: OwedFinal = OwedFinal.NONE
    course: Course = Course.OPEN
    opening: Opening = Opening.NONE
    tool_wait: ToolWait = ToolWait.RESULT
    on_hold_since: float | None = None
    """Since when the caller is on hold, so that nobody is there to be prompted; None while they are not."""
    is_cut_off: bool = False
    """The connection is lost and another one is waited for: nothing is heard, and nobody is there to be prompted."""
    screening: Screening | None = None
    """Set while it is open whether a person or a machine has answered; None once it is known, or if nobody asks."""

    # the turn and what is said in it
    turn_number: int = 0
    """Turns are numbered from 1; the greeting belongs to turn 0."""
    last_reply: int = 0
    utterances: tuple[Utterance, ...] = ()
    """What is being heard and what is queued behind it, in the order in which it is to be heard."""
    asked: str = ""
    """The words of the caller that this turn answers."""
    is_audible: bool = False
    """Whether the reply of this turn has begun to be heard."""
    is_asked_on: bool = False
    """Whether the model was asked to continue after its tools, and has not begun to."""
    stop_ordered_at: float | None = None
    """When playback was ordered to stop, for as long as the report of what was heard is awaited; else None."""
    failures: int = 0
    """The number of replies that have failed in a row."""
    failed_turn: int = -1
    """The turn of the reply that failed last; -1 if none has."""
    owed_apology: int = 0
    """The number of the apology that is said as soon as nobody speaks, 0 for none: the turn's reply has failed while
    the caller was speaking, or the recognizer has failed at what the caller said into a reply."""
    has_lost_input: bool = False
    """Whether typed text, keys or speech before keys had to be given up, and no apology for it was heard yet."""
    has_asked: bool = False
    """Whether what was heard of the agent last ends with a question to which the caller has not said a word yet."""
    asked_to_wait: bool = False
    """Whether the caller's last words asked the agent to wait."""
    asked_again: bool = False
    """Whether an apology was said: the next words are joined to those that were not answered, or replace them."""

    # the caller's words
    interim: str = ""
    """The latest interim transcript of the utterance in hand."""
    voiced_ms: float = 0.0
    """How many ms the voice of the utterances lasts whose final transcript is owed: that of the longest of them."""
    known_ms: float = 0.0
    """How many ms the voice of the utterance in hand had lasted when a final transcript of it came: engines that cut
    speech by rules of their own may tell one before the utterance is over. Of that voice nothing is owed."""
    waiting_text: str = ""
    """Words that are to be answered as soon as the agent is silent."""
    unanswered: str = ""
    """Words that are not answered, because the session ends, but are recorded."""
    tail_text: str = ""
    """A backchannel that counts as an answer if the agent was about to end, or asks a question."""
    settled_ms: float = -1.0
    """Position in ms of the caller's audio before which everything was dealt with; a final that ends before it
    is late."""
    onset_ms: float = 0.0
    """Position in ms of the caller's audio at which the utterance in hand begins."""
    overheard: str = ""
    """Words of the utterance in hand that the parallel recognizer has reported as final, in a session whose model hears
    the caller itself."""
    settled_input: int = 0
    """The number of the latest typed text or key that has been dealt with."""
    keys: str = ""
    key_pattern: KeyPattern | None = None
    """What makes an input of `keys` complete; None for the agent's own pattern."""

    # the reply that is begun before the words are final
    preempted_text: str = ""
    """The words of the caller that the pre-emptive reply answers."""
    preemptions: int = 0
    """How many pre-emptive replies were begun since the last turn."""
    resumed_ms: float | None = None
    """How many ms the voice lasted that came back after the pause in which the reply was begun; None while it
    has not."""

    # how it ends
    ending: Ending | None = None
    """How the session ends once the agent is silent."""
    closing_at: float = 0.0
    """Since when the session waits for the end of a sentence, to end there."""
    closing_wait_s: float = 0.0
    """Seconds for which the end of the sentence is waited for."""

    # counters
    prompts: int = 0
    fillers: int = 0
    """The number of fillers since the caller spoke."""
    fillers_said: int = 0
    """The number of fillers in the session, so that none is said twice in a row."""
    false_at: tuple[float, ...] = ()
    pause_factor: int = 1

    # since when each wait lasts
    started_at: float = 0.0
    leaving_at: float = 0.0
    audio_at: float = 0.0
    """When audio of the utterance in hand came last."""
    voice_at: float = 0.0
    """When the caller's voice was last heard."""
    preempted_at: float = 0.0
    """Since when the end of the caller's turn is awaited with a reply begun."""
    awaited_at: float = 0.0
    """Since when the final transcript is owed."""
    spoke_at: float | None = None
    """When the caller ended the words that are to be answered."""
    silent_at: float = 0.0
    """When the agent was last heard, or began to think."""
    thinking_at: float = 0.0
    """Since when the model, and then the synthesizer, owe the beginning or the continuation of the reply."""
    key_at: float = 0.0
    tail_at: float = 0.0
    quiet_at: float | None = None
    """Since when nobody holds the floor; None while somebody does."""

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
"""Each change of the agent's activity that there is, and what it is for. Thinking is always given up before leaving."""

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
"""Each change of the caller's activity that there is, and what it is for."""

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
"""Each change of the interruption in hand that there is, and what it is for."""

PREEMPTION_CHANGES: Mapping[Preemption, Mapping[Preemption, str]] = {
    Preemption.NONE: {
        Preemption.BEGUN: "the caller is probably done",
    },
    Preemption.BEGUN: {
        Preemption.NONE: "the same words are final, or the caller goes on, the words change or nothing comes",
    },
}
"""Each change of the pre-emptive reply that there is, and what it is for."""

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
"""Each change of the final transcript that is owed, and what it is for."""

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
"""Each change of the session's course that there is, and what it is for."""


class Utterance(msgspec.Struct, frozen=True, kw_only=True):
    """Something the agent has begun to say, or is about to, and that is not over."""

    reply: int
    turn: int
    kind: UtteranceKind
    question_s: float = 0.0
    """About how long the question lasts with which it ends, in seconds: what is said to it is an answer. 0: none."""
    started: bool = False
    """Its first frame was sent, and it is not waited for: all that is written of it may be heard before the rest."""


class ScreeningStage(StrEnum):
    """How far it is known whether a person or a machine has answered a call of ours."""

    LISTENING = "listening"  # the agent has not said anything
    GREETED = "greeted"  # the agent talks as to a person; what is heard may still show a machine
    MACHINE = "machine"  # the tone is awaited, after which the message is left


class Screening(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of whoever has answered a call of ours. It ends when a person has answered to the greeting."""

    stage: ScreeningStage = ScreeningStage.LISTENING
    words: str = ""
    """All that they have said so far."""
    has_tone: bool = False
    """A steady tone was heard after their voice."""
    talks_since: float | None = None
    """When they began to talk, pauses in which the agent was not to speak included. None: nothing was heard yet."""
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
    """Whoever has answered a call of ours may be a machine; None where that is known, or not asked."""

    # the turn and what is said in it
    turn_number: int = 0
    """Turns are numbered from 1; the greeting belongs to turn 0."""
    last_reply: int = 0
    utterances: tuple[Utterance, ...] = ()
    """What is being heard and what is queued behind it, in the order in which it is to be heard."""
    asked: str = ""
    """The caller's words that the turn answers."""
    is_audible: bool = False
    """The turn's reply has begun to be heard."""
    is_asked_on: bool = False
    """The model was asked to go on behind its tools, and has not begun to."""
    stop_ordered_at: float | None = None
    """When playback was ordered to stop, for as long as the report of what was heard is awaited; else None."""
    failures: int = 0
    """Replies in a row that failed."""
    failed_turn: int = -1
    """The turn of the last of them."""
    owed_apology: int = 0
    """Which apology is to be said as soon as nobody speaks, 0 for none: the turn's reply has failed while the caller
    was speaking, or the recognizer has failed at what the caller said into a reply.
    """
    has_lost_input: bool = False
    """Something that the caller typed or keyed, or said before keys, was given up, and no apology was heard yet."""
    has_asked: bool = False
    """What was heard of the agent last ends with a question, to which the caller has not said a word yet."""
    asked_to_wait: bool = False
    """The caller's last words asked the agent to wait."""
    asked_again: bool = False
    """An apology was said: what comes goes with the words that were not answered, or takes the place of them."""

    # the caller's words
    interim: str = ""
    """The latest interim transcript of the utterance in hand."""
    voiced_ms: float = 0.0
    """How long the voice of the utterances lasts whose final transcript is owed: that of the longest of them."""
    waiting_text: str = ""
    """Words that are to be answered as soon as the agent is silent."""
    unanswered: str = ""
    """Words that nobody answers any more, since the session ends: the record has them all the same."""
    tail_text: str = ""
    """A backchannel, which is an answer if the agent was just about to end, or asks."""
    settled_ms: float = -1.0
    """Position in the caller's audio up to which it has been dealt with: a final that ends before it came late."""
    onset_ms: float = 0.0
    """Position in the caller's audio at which the utterance in hand has begun."""
    overheard: str = ""
    """Where a model hears the caller itself: words of the utterance in hand that the parallel recognizer has finished
    with."""
    settled_input: int = 0
    """The number of the latest typed text or key that has been dealt with."""
    keys: str = ""
    key_pattern: KeyPattern | None = None
    """When `keys` are complete; None: as the agent has it."""

    # the reply that is begun before the words are final
    preempted_text: str = ""
    """The words of the caller's utterance that it answers."""
    preemptions: int = 0
    """How many were begun since the last turn."""
    resumed_ms: float | None = None
    """How long voice lasted when it came back after the pause in which the reply was begun; None while it has not."""

    # how it ends
    ending: Ending | None = None
    """How the session ends once the agent is silent."""
    closing_at: float = 0.0
    """Since when the session is to end at the next end of a sentence."""
    closing_wait_s: float = 0.0
    """How long that is waited for."""

    # counters
    prompts: int = 0
    fillers: int = 0
    """Fillers since the caller spoke."""
    fillers_said: int = 0
    """Fillers of the session, so that none is said twice in a row."""
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
    """Since when the model, and then the synthesizer, owe the beginning of the reply, or its going on."""
    key_at: float = 0.0
    tail_at: float = 0.0
    quiet_at: float | None = None
    """Since when nobody holds the floor; None while somebody does."""

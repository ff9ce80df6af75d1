"""An agent as data: who it is, how it sounds, and how it behaves in conversation.

Read from YAML by `app/agents/agent_files.py`.
"""

from enum import StrEnum
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from actors.conversation import ANY_KEYS, KeyPattern
from actors.mcp_server import McpServerOptions
from actors.turn_taking_settings import BargeIn, Endpointing, Milliseconds, PreemptiveGeneration
from protocol.phone_numbers import RAW_ID

Seconds = Annotated[float, Meta(ge=0, le=86_400)]
LastingSeconds = Annotated[float, Meta(ge=0.1, le=86_400)]
"""Seconds of a wait in which something has to happen: with less, no session would get anywhere."""
TransferTarget = Annotated[str, Meta(pattern=rf"^(\+[1-9][0-9]{{0,14}}\*?|{RAW_ID})\Z")]
Name = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_-]{0,63}\Z")]
VariableName = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,63}\Z")]


class Pronunciation(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a word is said that a voice reads wrong."""

    word: Annotated[str, Meta(min_length=1, max_length=100)]
    """The word as it is written, with its capitals, such as `Nguyen`; it may be several words, such as `La Jolla`."""
    say: Annotated[str, Meta(min_length=1, max_length=200)]
    """A spelling that a voice reads right, such as `win`."""


class Voice(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How an agent sounds. A name the engine does not know means its default voice."""

    name: str = ""
    """The name of the voice at the synthesizer, such as `en-US-AvaMultilingualNeural`; empty: the engine's default."""
    style: str = ""
    """The speaking style, for voices that have styles."""
    language: str = "en-US"
    """The language that the voice speaks."""
    rate: Annotated[float, Meta(ge=0.5, le=2.0)] = 1.0
    """Speed as a factor: 1.0 is the voice's own."""
    pitch: Annotated[float, Meta(ge=0.5, le=2.0)] = 1.0
    """Pitch as a factor: 1.0 is the voice's own."""
    lexicon: Annotated[tuple[Pronunciation, ...], Meta(max_length=1_000)] = ()
    """Words and how they are pronounced. Transcript, history and word times keep the words as they are written."""


class Model(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which language model answers for an agent, and how it is asked."""

    deployment_id: str = ""
    """The deployment or model that answers; unset: that of the settings."""
    temperature: Annotated[float, Meta(ge=0, le=2)] = 0.7
    """Sampling temperature that is asked of the model."""
    top_p: Annotated[float, Meta(ge=0, le=1)] = 1.0
    """Share of the probability mass that the model samples from."""
    max_tokens: Annotated[int, Meta(ge=1, le=16_384)] = 400
    """Tokens that one request to the model may produce."""
    first_token_s: Annotated[float, Meta(ge=0.5, le=60)] = 8.0
    """Seconds within which the model has to give its first word, retries included; else it has failed.
    `limits.max_turn_s` applies as well."""
    next_token_s: Annotated[float, Meta(ge=0.5, le=60)] = 8.0
    """Seconds for which the model may be silent in mid-reply after all that it wrote was heard; then it has failed.
    Fillers are said meanwhile."""
    retries: Annotated[int, Meta(ge=0, le=5)] = 2
    """How often a request that failed for a passing reason is sent again, within `first_token_s`."""
    wait_s: Annotated[float, Meta(ge=0, le=120)] = 20.0
    """The longest wait in seconds that a busy model may ask for before it is asked once more; fillers are said
    meanwhile."""
    max_tool_rounds: Annotated[int, Meta(ge=1, le=20)] = 6
    """How often the model may call tools in one reply; then it is asked to answer without."""
    parallel_tools: bool = True
    """Whether the model may call several tools at once."""
    reasoning_effort: str = ""
    """The reasoning effort that is asked of models that reason, such as `minimal`; unset: none is sent."""
    context_chars: Annotated[int, Meta(ge=2_000, le=2_000_000)] = 48_000
    """The newest characters of the conversation that the model reads with each request: 48,000 are an hour of talk."""
    summarize: bool = True
    """Whether the model sums up the older part of a conversation before it is longer than `context_chars`, while the
    conversation goes on, and reads the summary in its place."""
    extra_body: dict[str, Any] = {}
    """Further fields of the JSON body of each request, for options that only one server knows."""


class Phrases(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is said when the language model is not what speaks. All are synthesised when the agent is loaded."""

    apology: str = "I am sorry, something went wrong on our side. Please call again later."
    """Said before a session ends because of an error that cannot be mended."""
    say_again: str = "Sorry, could you say that again?"
    """Said after speech of which nothing was understood."""
    no_answer: str = "I am sorry, I could not find an answer just now. Shall I try again?"
    """Said after words that were understood, when no reply to them could be made or spoken."""
    busy: str = "I am sorry, this takes longer than it should. Shall I try once more?"
    """Said after words that were understood, when the model was too busy or too slow to reply."""
    refused: str = "I am sorry, I cannot talk about that. What else can I do for you?"
    """Said after words that the model's content filter refuses."""
    recorded: str = "This conversation may be recorded."
    """Said before the greeting where RECORD_AUDIO is on. Only callers who have heard it are recorded; empty: no caller
    is."""
    hold_on: str = "One moment, please."
    """A further filler, for an agent with fewer than two of them."""
    goodbye: str = "Thank you for calling. Goodbye."
    """Said before a session is ended politely."""
    cut_off: str = "I am sorry, we were cut off. Please go on."
    """Said to a caller who heard nothing for a while, because the process that talked with them has died."""
    voicemail: Annotated[str, Meta(max_length=1_000)] = (
        "Hello. We have tried to reach you, and will call again later. Goodbye."
    )
    """The message that is left on an answering machine if `voicemail` is `leave_message`."""
    enter_code: str = "Please enter your access code, then press the pound key."
    """Said to telephone callers who have to enter an access code before they may talk with the agent."""
    wrong_code: str = "That is not the right code. Please try again."
    """Said after a wrong access code."""
    code_accepted: str = "Thank you."
    """Said after the right access code."""
    connecting: tuple[str, ...] = (
        "I am calling them for you. Please stay on the line.",
        "I am still trying. Please stay on the line.",
    )
    """Said in turn, in place of fillers, while a person is being asked whether they take the caller."""
    consult: str = "Hello. I have a caller on the line who would like to talk to you."
    """Said to a person who is asked whether they take a caller; the model's briefing follows."""
    consult_question: str = "Say yes or press one to take the call, say no or press two to decline. Will you take it?"
    """Said after the briefing, and again when the answer was neither yes nor no."""
    consult_declined: str = "All right, I will tell them. Goodbye."
    """Said to a person who has declined to take the caller."""
    consult_over: str = "I am sorry, the caller could not be connected. Goodbye."
    """Said to a person who was asked, or has agreed, to take a caller who cannot be put through after all."""
    fillers: tuple[str, ...] = ("One moment.", "Let me see.")
    """Said in turn while an answer takes longer than `limits.filler_after_ms`."""
    no_input: tuple[str, ...] = ("Are you still there?", "I can't hear you. Please say something if you are there.")
    """Prompts for successive silences; after the last one comes the goodbye."""


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How long things may take, on the wall clock."""

    no_input_s: LastingSeconds = 10.0
    """Seconds of silence of both sides after which the user is prompted."""
    asked_to_wait_s: LastingSeconds = 60.0
    """As `no_input_s`, once the user has asked the agent to wait ("hold on a minute")."""
    filler_after_ms: Milliseconds = 1_500
    """Milliseconds from the end of the user's speech after which a filler is said if no answer has begun."""
    max_turn_s: LastingSeconds = 30.0
    """Seconds within which an answer has to begin; then it is given up with an apology."""
    max_session_s: LastingSeconds = 1_800.0
    """Seconds after which the session is ended politely."""
    idle_s: LastingSeconds = 300.0
    """Seconds without a voice after which a session that only listens is ended."""
    reconnect_s: Seconds = 30.0
    """Seconds for which a session waits for a lost connection to come back, if the user has said anything before."""
    max_hold_s: Seconds = 300.0
    """Seconds on hold after which the caller is said goodbye to and the session ends."""
    max_tokens: Annotated[int, Meta(ge=0, le=1_000_000_000)] = 0
    """Tokens that the model may read and write in one session, which is then ended politely; 0: no limit."""
    max_tool_calls: Annotated[int, Meta(ge=0, le=1_000_000)] = 0
    """Tools that may be called in one session, which is then ended politely; 0: no limit."""
    max_handoffs: Annotated[int, Meta(ge=0, le=100)] = 6
    """How often a session may be handed off to another agent; further handoffs are refused."""
    on_session_s: Annotated[float, Meta(ge=0.1, le=10)] = 2.0
    """Seconds for which the greeting waits for the function `on_session`."""


class VoicemailAction(StrEnum):
    """What an agent does where an answering machine takes a call that it has placed."""

    IGNORE = "ignore"
    HANG_UP = "hang_up"
    LEAVE_MESSAGE = "leave_message"


class GuardrailAction(StrEnum):
    """What becomes of a reply that says what it must not."""

    REDACT = "redact"
    STOP = "stop"


class Guardrail(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Something that an agent must not say, by a pattern or in words: it has either `pattern` or `topic`."""

    name: Name
    """The name of the guardrail in the log and in its counter."""
    pattern: Annotated[str, Meta(max_length=500)] = ""
    """A regular expression in Python's syntax, matched without regard to case, also across the end of a sentence."""
    topic: Annotated[str, Meta(max_length=500)] = ""
    """What must not be said, in words, such as `Advice on what to do with money.`; a language model judges by them."""
    action: GuardrailAction = GuardrailAction.REDACT
    """What is done about a match of `pattern`: `redact` speaks `say` in its place; `stop` speaks `say` in place of the
    clause and ends the reply. For a `topic` it is always `stop`."""
    say: str = ""
    """What is said instead."""

    @property
    def ends_reply(self) -> bool:
        """Whether nothing more is said of a reply in which it was broken."""
        return bool(self.topic) or self.action is GuardrailAction.STOP


class OnFailure(StrEnum):
    """What becomes of a clause on which the model of the guardrails gives no verdict."""

    OPEN = "open"
    CLOSED = "closed"


class GuardrailModel(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The language model that judges by the topics of the guardrails, clause by clause."""

    deployment_id: str = ""
    """The deployment or model that judges, a small and quick one; unset: the one that answers."""
    within_ms: Annotated[int, Meta(ge=50, le=10_000)] = 1_000
    """Milliseconds for which a clause is held at most, from when the model was asked about it."""
    on_failure: OnFailure = OnFailure.OPEN
    """What is done with a clause if the verdict is late, missing or not understood: `open` speaks it; `closed` says
    `phrases.no_answer` in its place and ends the reply."""
    extra_body: dict[str, Any] = {}
    """Further fields of the JSON body of each request, for options that only one server knows."""


class Handoff(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Another agent that a conversation may be handed off to."""

    agent: Name
    """The name of the agent to hand off to."""
    when: Annotated[str, Meta(min_length=1, max_length=500)]
    """When to hand off to it, such as `The caller asks about an invoice.`; the model reads it."""

    @property
    def tool(self) -> str:
        """The name of the tool by which a model hands off to that agent."""
        return "handoff_to_" + self.agent.replace("-", "_")


class InLanguage(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How an agent speaks with callers who speak another of its languages than the first."""

    greeting: str = ""
    """The greeting in this language; empty: the agent's own."""
    introduction: str = ""
    """The introduction in this language; empty: the agent's own."""
    phrases: Phrases = Phrases()
    """The phrases in this language; those that are not given are the product's own in that language."""
    voice: Voice | None = None
    """The voice in this language; unset: the agent's own voice, which then has to speak both languages."""


class Agent(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Everything that makes one agent: a session begins with one, and keeps it unless it hands off to another."""

    name: Name
    """The name by which clients and files refer to the agent; it is that of its file."""
    label: str
    """The name that people are shown, also as the sender of its messages."""
    description: str = ""
    """What the agent is for, shown to people."""
    greeting: str = ""
    """The first words of a session; empty: the agent waits for the user."""
    introduction: str = ""
    """The agent's first words after another agent has handed the conversation off to it; empty: it answers at once."""
    instructions: str = ""
    """The language model's system prompt."""
    variables: dict[VariableName, str] = {}
    """Texts by name that replace `{{name}}` in `greeting`, `introduction`, `instructions`, `phrases` and what
    `guardrails` say. These are defaults: the `context` of a call and the function `on_session` may set others."""
    on_session: str = ""
    """`package.module:name` of a function that is called with what is known of a session before the greeting; it may
    look the caller up."""
    languages: tuple[str, ...] = ("en-US",)
    """Languages that its callers speak, unless RECOGNIZED_LANGUAGE names others."""
    in_language: dict[str, InLanguage] = {}
    """How the agent speaks each further one of `languages`, by language: `greeting`, `introduction`, `phrases` and
    `voice`."""
    voice: Voice = Voice()
    model: Model = Model()
    phrases: Phrases = Phrases()
    barge_in: BargeIn = BargeIn()
    endpointing: Endpointing = Endpointing()
    preemptive_generation: PreemptiveGeneration = PreemptiveGeneration()
    limits: Limits = Limits()
    keys: KeyPattern = ANY_KEYS
    """When the telephone keys that a caller presses make up one input, unless a tool asks for others. With `length: 1`
    each key is answered at once."""
    redact: tuple[str, ...] = ()
    """Regular expressions for what is left out of call records besides numbers and addresses, such as customer ids."""
    tools: tuple[str, ...] = ()
    """The tools that its model may call: names in `app/tools`, or `package.module:name`."""
    mcp_servers: tuple[McpServerOptions, ...] = ()
    """MCP servers whose tools its model may call."""
    handoffs: tuple[Handoff, ...] = ()
    """Agents that its model may hand the conversation off to, by a tool `handoff_to_NAME` for each."""
    speaks_markup: bool = False
    """Whether markup, emoji, the paths of URLs, thinking and tool calls in the model's text are spoken instead of left
    out."""
    guardrails: Annotated[tuple[Guardrail, ...], Meta(max_length=100)] = ()
    """What the model must not say; each clause is checked before it is spoken."""
    guardrail_model: GuardrailModel = GuardrailModel()
    voicemail: VoicemailAction = VoicemailAction.IGNORE
    """What the agent does when an answering machine takes a call that it has placed: `hang_up`; `leave_message`, which
    says `phrases.voicemail` after the tone; or `ignore`, which talks to a machine as to a person."""
    knowledge: str = ""
    """A folder of Markdown and text files beside the agent's file, which its model may search by a tool."""
    transfer_targets: tuple[TransferTarget, ...] = ()
    """Where tools may transfer callers to besides HANDOFF_PHONE_NUMBER: numbers in E.164, prefixes of numbers that end
    in `*`, such as `+1206555*`, or ids of Communication Services and Teams, such as `8:orgid:...`. A number that only
    the model names is not dialled, since callers can make a model say anything."""

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
TransferTarget = Annotated[str, Meta(pattern=rf"^(\+[1-9][0-9]{{0,14}}\*?|{RAW_ID})\Z")]
Name = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_-]{0,63}\Z")]
VariableName = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,63}\Z")]


class Pronunciation(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a word is said that a voice reads wrong."""

    word: Annotated[str, Meta(min_length=1, max_length=100)]
    """As it is written, in upper and lower case, such as `Nguyen`; several words are one, such as `La Jolla`."""
    say: Annotated[str, Meta(min_length=1, max_length=200)]
    """As a voice reads it right, such as `win`."""


class Voice(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How an agent sounds. A name the engine does not know means its default voice."""

    name: str = ""
    """The voice that is asked of the synthesizer, such as `en-US-AvaMultilingualNeural`."""
    style: str = ""
    """The speaking style, for voices that have styles."""
    language: str = "en-US"
    """The language that the voice speaks."""
    rate: Annotated[float, Meta(ge=0.5, le=2.0)] = 1.0
    """Relative to the voice's own speed."""
    pitch: Annotated[float, Meta(ge=0.5, le=2.0)] = 1.0
    """Relative to the voice's own pitch."""
    lexicon: Annotated[tuple[Pronunciation, ...], Meta(max_length=1_000)] = ()
    """Words and how they are said. Transcript, history and the times of words have what is written."""


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
    """Seconds in which a model says its first word, retries included; then it has failed. `limits.max_turn_s` holds as
    well."""
    next_token_s: Annotated[float, Meta(ge=0.5, le=60)] = 8.0
    """Seconds for which a model may be silent in mid-reply after all that it wrote was heard; then it has failed.
    Fillers are said meanwhile."""
    retries: Annotated[int, Meta(ge=0, le=5)] = 2
    """How often a request that may succeed later is sent again, within `first_token_s`."""
    wait_s: Annotated[float, Meta(ge=0, le=120)] = 20.0
    """A model that is busy and says for how long is waited for up to this, and asked once more; fillers are said."""
    max_tool_rounds: Annotated[int, Meta(ge=1, le=20)] = 6
    """How often it may call tools in one reply; then it is asked to answer without."""
    parallel_tools: bool = True
    """It may call several tools at once."""
    reasoning_effort: str = ""
    """Sent to models that reason, such as `minimal`; unset: nothing is."""
    context_chars: Annotated[int, Meta(ge=2_000, le=2_000_000)] = 48_000
    """Characters of the conversation that it reads with each request, the newest: 48,000 are an hour of talk."""
    summarize: bool = True
    """Before a conversation is longer than `context_chars`, the model is asked, while the conversation goes on, to sum
    up its older part, and reads the summary in its place."""
    extra_body: dict[str, Any] = {}
    """Sent with each request besides, for what a server has of its own."""


class Phrases(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is said when the language model is not what speaks. All are synthesised when the agent is loaded."""

    apology: str = "I am sorry, something went wrong on our side. Please call again later."
    """Said before a session that cannot be mended ends."""
    say_again: str = "Sorry, could you say that again?"
    """After a voice of which nothing was understood."""
    no_answer: str = "I am sorry, I could not find an answer just now. Shall I try again?"
    """After words that were understood, and to which no reply could be made or spoken."""
    busy: str = "I am sorry, this takes longer than it should. Shall I try once more?"
    """After words that were understood, and to which the model was too busy or too slow to reply."""
    refused: str = "I am sorry, I cannot talk about that. What else can I do for you?"
    """After words that the model's content filter refuses."""
    recorded: str = "This conversation may be recorded."
    """Said before the greeting, where RECORD_AUDIO is on. A caller who has not heard it is not recorded; empty: nobody
    is."""
    hold_on: str = "One moment, please."
    """One more filler, for an agent that has fewer than two."""
    goodbye: str = "Thank you for calling. Goodbye."
    """Said before a session is ended politely."""
    cut_off: str = "I am sorry, we were cut off. Please go on."
    """To a caller whose line was silent since the process died that talked with them."""
    voicemail: Annotated[str, Meta(max_length=1_000)] = (
        "Hello. We have tried to reach you, and will call again later. Goodbye."
    )
    """The message that is left on an answering machine, see `voicemail`."""
    enter_code: str = "Please enter your access code, then press the pound key."
    """On the telephone, where callers have to show that they may talk with the agent."""
    wrong_code: str = "That is not the right code. Please try again."
    """Said after a wrong access code."""
    code_accepted: str = "Thank you."
    """Said after the right access code."""
    connecting: tuple[str, ...] = (
        "I am calling them for you. Please stay on the line.",
        "I am still trying. Please stay on the line.",
    )
    """Said in turn, in place of fillers, while somebody is asked whether they take the caller."""
    consult: str = "Hello. I have a caller on the line who would like to talk to you."
    """To somebody who is asked whether they take a caller; the briefing of the model follows."""
    consult_question: str = "Say yes or press one to take the call, say no or press two to decline. Will you take it?"
    """After the briefing, and when the answer was neither yes nor no."""
    consult_declined: str = "All right, I will tell them. Goodbye."
    """To somebody who does not take the caller."""
    consult_over: str = "I am sorry, the caller could not be connected. Goodbye."
    """To somebody who is asked, or has taken the call, and whom the caller is not put through to after all."""
    fillers: tuple[str, ...] = ("One moment.", "Let me see.")
    """Said in turn while an answer takes longer than `limits.filler_after_ms`."""
    no_input: tuple[str, ...] = ("Are you still there?", "I can't hear you. Please say something if you are there.")
    """Prompts for successive silences; after the last one comes the goodbye."""


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How long things may take, on the wall clock."""

    no_input_s: Seconds = 10.0
    """Silence of both sides before the user is prompted."""
    asked_to_wait_s: Seconds = 60.0
    """The same, after the user has asked the agent to wait ("hold on a minute")."""
    filler_after_ms: Milliseconds = 1_500
    """After the end of the user's speech without an answer, a filler is due."""
    max_turn_s: Seconds = 30.0
    """An answer that has not begun by then is given up with an apology."""
    max_session_s: Seconds = 1_800.0
    """The session is ended politely after this."""
    idle_s: Seconds = 300.0
    """A session that only listens is ended after this long without a voice."""
    reconnect_s: Seconds = 30.0
    """A lost connection is waited for this long, if the user has said anything yet."""
    max_hold_s: Seconds = 300.0
    """A caller who is on hold for this long is said goodbye to, and the session ends."""
    max_tokens: Annotated[int, Meta(ge=0, le=1_000_000_000)] = 0
    """The session is ended politely once its model has read and written so many tokens; 0: there is no limit."""
    max_tool_calls: Annotated[int, Meta(ge=0, le=1_000_000)] = 0
    """The session is ended politely once so many tools were called in it; 0: there is no limit."""
    max_handoffs: Annotated[int, Meta(ge=0, le=100)] = 6
    """How often a session may be handed off to another agent; then the one that has it answers by itself."""
    on_session_s: Annotated[float, Meta(ge=0.1, le=10)] = 2.0
    """The greeting waits for the function `on_session` no longer than this."""


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
    """Names it in the log and the counter."""
    pattern: Annotated[str, Meta(max_length=500)] = ""
    """A regular expression of Python, without regard to upper and lower case, for words in one sentence or two."""
    topic: Annotated[str, Meta(max_length=500)] = ""
    """In words, what must not be said, such as `Advice on what to do with money.`; a language model judges by it."""
    action: GuardrailAction = GuardrailAction.REDACT
    """Of a pattern: `redact` speaks `say` in place of what was found; `stop` speaks it in place of the clause, and ends
    the reply. A topic always does the latter."""
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
    """For how many ms at most a clause is held, from when the model was asked about it."""
    on_failure: OnFailure = OnFailure.OPEN
    """Of a clause about which it is late, fails, or says no verdict: `open` speaks it, `closed` does not, says
    `phrases.no_answer` in its place and ends the reply."""
    extra_body: dict[str, Any] = {}
    """Sent with each request besides, for what a server has of its own."""


class Handoff(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Another agent that a conversation may be handed off to."""

    agent: Name
    """The name of that agent."""
    when: Annotated[str, Meta(min_length=1, max_length=500)]
    """When to hand off to it, such as `The caller asks about an invoice.`; the model reads it."""

    @property
    def tool(self) -> str:
        """The name of the tool by which a model hands off to that agent."""
        return "handoff_to_" + self.agent.replace("-", "_")


class InLanguage(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How an agent speaks with callers who speak another of its languages than the first."""

    greeting: str = ""
    """In place of the agent's; empty: that one."""
    introduction: str = ""
    """In place of the agent's; empty: that one."""
    phrases: Phrases = Phrases()
    """Those that are missing are the usual ones of the language."""
    voice: Voice | None = None
    """In place of the agent's; unset: that one, which has to speak both languages."""


class Agent(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Everything that makes one agent: a session begins with one, and keeps it unless it hands off to another."""

    name: Name
    """The name that clients and files use; it is that of the file."""
    label: str
    """Shown to people, and the sender of its messages."""
    description: str = ""
    """What the agent is for, shown to people."""
    greeting: str = ""
    """The first words of a session; empty: the agent waits for the user."""
    introduction: str = ""
    """Its first words in a conversation that another agent has handed off to it, before it goes on with what the user
    wants; empty: it goes on at once."""
    instructions: str = ""
    """The language model's system prompt."""
    variables: dict[VariableName, str] = {}
    """Texts by name, which stand as `{{name}}` in `greeting`, `introduction`, `instructions`, `phrases` and what
    `guardrails` say. These are the defaults: the `context` of a call and the function `on_session` give others."""
    on_session: str = ""
    """`package.module:name` of a function that is told what is known of a session before the greeting, and may look
    the caller up."""
    languages: tuple[str, ...] = ("en-US",)
    """Languages that its callers speak, unless RECOGNIZED_LANGUAGE names others."""
    in_language: dict[str, InLanguage] = {}
    """By language, how it speaks with those who speak another of `languages` than the first: `greeting`,
    `introduction`, `phrases` and `voice`."""
    voice: Voice = Voice()
    model: Model = Model()
    phrases: Phrases = Phrases()
    barge_in: BargeIn = BargeIn()
    endpointing: Endpointing = Endpointing()
    preemptive_generation: PreemptiveGeneration = PreemptiveGeneration()
    limits: Limits = Limits()
    keys: KeyPattern = ANY_KEYS
    """When the telephone keys that a caller presses are one input, unless a tool asks for others. `length: 1` answers
    each key at once."""
    redact: tuple[str, ...] = ()
    """Regular expressions of what is left out of call records besides numbers and addresses, such as customer ids."""
    tools: tuple[str, ...] = ()
    """The tools that its model may call: names in `app/tools`, or `package.module:name`."""
    mcp_servers: tuple[McpServerOptions, ...] = ()
    """MCP servers whose tools its model may call."""
    handoffs: tuple[Handoff, ...] = ()
    """Agents that its model may hand the conversation off to, by a tool `handoff_to_NAME` for each."""
    speaks_markup: bool = False
    """Markup, emoji, addresses' paths, thinking and calls of tools in the model's text are spoken as they come."""
    guardrails: Annotated[tuple[Guardrail, ...], Meta(max_length=100)] = ()
    """What its model must not say, held against each clause before it is spoken."""
    guardrail_model: GuardrailModel = GuardrailModel()
    voicemail: VoicemailAction = VoicemailAction.IGNORE
    """What it does where an answering machine takes a call that it has placed: `hang_up`, or `leave_message`, which
    says `phrases.voicemail` after the tone. With `ignore` it talks to machines as to people."""
    knowledge: str = ""
    """A folder of Markdown and text, beside the agent's file, that its model may search by a tool of its own."""
    transfer_targets: tuple[TransferTarget, ...] = ()
    """Where tools may put callers through to besides HANDOFF_PHONE_NUMBER: numbers in E.164, prefixes of numbers that
    end in `*`, such as `+1206555*`, or ids of Communication Services and Teams, such as `8:orgid:...`. A number that
    only the model names is not dialled, since callers can make a model say anything."""

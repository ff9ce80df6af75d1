"""An agent's settings of turn-taking: barge-in, endpointing, and replies that are begun ahead."""

from typing import Annotated

import msgspec
from msgspec import Meta

from actors.conversation import ExpectedAnswer

Milliseconds = Annotated[int, Meta(ge=0, le=600_000)]


class PhasePolicy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What it takes to interrupt in one phase."""

    pause_ms: Annotated[int, Meta(ge=20, le=5_000)] = 60
    """Milliseconds of voice after which playback pauses."""
    confirm_words: Annotated[int, Meta(ge=1, le=20)] = 2
    """Recognised words, backchannels not counted, that confirm a barge-in."""
    confirm_ms: Annotated[int, Meta(ge=20, le=10_000)] = 400
    """Milliseconds of voice after which the agent falls silent; the rest of the reply is kept until words are known."""
    resume_ms: Annotated[int, Meta(ge=100, le=10_000)] = 800
    """Milliseconds after the end of the voice within which a barge-in has to be confirmed; then playback resumes."""
    protected: bool = False
    """Whether voice never interrupts in this phase; keys, typed text and interrupt messages still do."""
    immediate: bool = False
    """Whether the voice that pauses playback is a barge-in at once, without confirmation."""


class BargeIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """When the user's voice takes the floor, by phase."""

    greeting: PhasePolicy = PhasePolicy()
    """While the greeting is spoken."""
    speaking: PhasePolicy = PhasePolicy()
    """While a reply is spoken."""
    thinking: PhasePolicy = PhasePolicy(confirm_words=1, confirm_ms=300)
    """Before the answer begins."""
    tool: PhasePolicy = PhasePolicy()
    """While a tool runs."""
    prompt: PhasePolicy = PhasePolicy(confirm_words=1)
    """While the agent asks whether anybody is there: any word is an answer."""
    backchannels: tuple[str, ...] | None = None
    """Phrases that only say "I am listening"; unset: those of the agent's languages."""
    stop_words: tuple[str, ...] | None = None
    """Phrases that silence the agent at once when an utterance begins with one, behind backchannels too; unset: those
    of its languages."""
    attention: tuple[str, ...] | None = None
    """Phrases that only ask whether anybody is there; unset: those of the agent's languages."""
    waiting: tuple[str, ...] | None = None
    """Phrases that ask the agent to wait, such as "hold on a minute"; unset: those of the agent's languages."""
    courtesies: tuple[str, ...] | None = None
    """Phrases such as "thank you" that ask nothing of an agent that is at work or says goodbye; unset: those of its
    languages."""
    farewells: tuple[str, ...] | None = None
    """Phrases that say goodbye, and ask nothing of an agent that does so; unset: those of its languages."""


class QuestionEndpointing(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How the answer to one kind of question is heard out."""

    asks: Annotated[str, Meta(min_length=1, max_length=200)]
    """Words of the question, such as `phone number`, in any case."""
    expects: ExpectedAnswer = ExpectedAnswer.ANYTHING
    """The kind of answer to expect: anything, yes_no, short, name, number or spelling."""
    min_silence_ms: Annotated[int, Meta(ge=100, le=5_000)] | None = None
    """In place of `endpointing.min_silence_ms` after this question."""
    max_silence_ms: Annotated[int, Meta(ge=100, le=5_000)] | None = None
    """In place of `endpointing.max_silence_ms` after this question."""


class Endpointing(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """When speech begins and ends, in milliseconds of audio."""

    threshold: Annotated[float, Meta(ge=0.05, le=0.99)] = 0.5
    """The voice-activity probability above which a window of audio is voiced."""
    end_silence_ms: Annotated[int, Meta(ge=100, le=5_000)] = 600
    """Milliseconds of silence that end an utterance if its words do not tell whether it is complete."""
    min_silence_ms: Annotated[int, Meta(ge=100, le=5_000)] = 160
    """Milliseconds of silence that end an utterance that is surely complete, such as "yes, please"."""
    max_silence_ms: Annotated[int, Meta(ge=100, le=5_000)] = 1_600
    """Milliseconds of silence after which an utterance ends in any case, such as after "I'd like to" or in
    mid-number."""
    adaptive: bool = True
    """Whether callers who have gone on after a pause are given longer pauses from then on."""
    questions: tuple[QuestionEndpointing, ...] = ()
    """Questions of the agent after which other silences hold; the first one whose words are in the question counts."""
    min_speech_ms: Annotated[int, Meta(ge=20, le=1_000)] = 100
    """Milliseconds of voice that make an utterance; less of it between silences is noise."""
    max_utterance_ms: Annotated[int, Meta(ge=100, le=600_000)] = 30_000
    """Milliseconds after which an utterance is ended even if the user goes on."""


class PreemptiveGeneration(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Replies that are begun before it is certain that the caller is done: what was begun in vain is paid for."""

    enabled: bool = True
    """Whether a reply is begun when the caller is probably done; it is discarded unheard if they go on or the words
    change."""
    max_per_turn: Annotated[int, Meta(ge=1, le=10)] = 2
    """How many replies may be begun so before one turn of the caller is answered."""

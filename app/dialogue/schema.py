"""A dialogue as data: what callers say, what the agent asks and answers. The keyless engine `script` runs it.

An intent is what a caller may want. One without steps is answered and the question that was open is asked again; one
with steps is a task. A task has no program counter: at every turn its steps are gone through from the first, and the
first that is not done is done. A slot with a value is asked; a tool called with these very arguments is called; a
confirmation given for these very words is given. So a caller who corrects a slot makes exactly the steps that depended
on it happen again.

Examples hold `{slot}` placeholders; replies hold `{slot}` and the names of kept tool results.
"""

import re
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from actors.agent import Agent
from app.dialogue.everyday import SENTENCES as everyday_sentences
from app.dialogue.everyday import Everyday
from app.dialogue.holidays import Country

Identifier = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,63}\Z")]
Texts = tuple[str, ...]
"""Texts that say the same thing; they are taken in turn."""

PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*)\}")


class _Slot(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="type"):
    """Something the caller is to say."""

    prompt: Texts = ()
    reprompt: Texts = ()
    """Said in place of the prompt when the answer was not understood; empty: the prompt itself."""
    answers: Texts = ()
    """How callers answer, such as `{day} would be good`: the words around the value then count as nothing."""
    cues: Texts = ()
    """Words right before a value that mark it as this slot's, where two slots share a type: `from`, `to`."""
    attempts: Annotated[int, Meta(ge=1, le=10)] = 3
    """How many answers may not be understood before `otherwise` is taken, if there is one."""
    otherwise: str | None = None
    """The value taken when the caller cannot be understood; without one the fallback decides."""


class Choice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One value of a choice, how it is said, and the words callers use for it."""

    value: str
    say: str = ""
    words: Texts = ()


class ChoiceSlot(_Slot, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="choice"):
    """One of a list. The value is the choice's."""

    choices: Annotated[tuple[Choice, ...], Meta(min_length=1)]


class DaySlot(_Slot, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="day"):
    """A day that is not over: `tomorrow`, `next Monday`, `the third of June`. The value is an ISO date."""

    soon: Texts = (
        "as soon as possible",
        "the earliest",
        "any day",
        "whenever",
        "the first available",
        "the next available",
    )
    """Answers that leave the day open: tomorrow is taken."""


class TimeSlot(_Slot, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="time"):
    """A time of day: `half past three`, `ten a m`, `noon`. The value is `HH:MM`."""

    earliest: Annotated[str, Meta(pattern=r"^\d\d:\d\d\Z")] = "07:00"
    """The earlier of the two times that `three o'clock` may mean, if it is not before this one; else the later."""


class NumberSlot(_Slot, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="number"):
    """A whole number. The value is an int. Read where it is asked for; unasked where an example names the slot."""

    least: int = 0
    most: int = 999_999_999


class NameSlot(_Slot, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="name"):
    """A person's name. The value is the name in title case."""

    samples: Texts = ()
    """Names to expect; other names are accepted too."""
    prompt_for_another: Texts = ()
    """In place of `prompt` if the caller speaks for somebody else, who is named by `{whom}`: `your daughter`."""


class YesNoSlot(_Slot, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="yes_no"):
    """Yes or no. The value is a bool."""


class TextSlot(_Slot, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="text"):
    """Whatever is said when it is asked for. The value is those words."""

    samples: Texts = ()


Slot = ChoiceSlot | DaySlot | TimeSlot | NumberSlot | NameSlot | YesNoSlot | TextSlot


class Then(StrEnum):
    """Where a task goes after a tool's result."""

    GO_ON = "go_on"
    FINISH = "finish"
    STOP = "stop"  # finished, and nothing more is said: the caller is being handed over


class ResultCase(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What follows from a tool's result; the first case that fits is taken."""

    when: dict[str, str | int | bool] = {}
    """Fields of the result and the values they must have; an empty mapping fits every result."""
    say: Texts = ()
    """What is said; it may name fields of the result besides slots."""
    keep: tuple[Identifier, ...] = ()
    """Fields of the result that later templates, arguments and `among` may name."""
    forget: tuple[Identifier, ...] = ()
    """Slots to ask for again."""
    again: Texts = ()
    """Tools of the task whose results no longer hold: they are called anew when their step comes."""
    then: Then = Then.GO_ON


class AskStep(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="step", tag="ask"):
    """Ask the caller for the value of a slot."""

    slot: Identifier
    among: Identifier | None = None
    """The name of a kept result that is a list: only its values are accepted."""
    offered: Identifier | None = None
    """The name of a kept result that is the list which was read out: `the second one` is its second value."""
    not_among: Texts = ()
    """Said before the question when a value was named that is not in the list; `{slot}` is that value."""


class ConfirmStep(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="step", tag="confirm"):
    """Read `text` to the caller and ask for a yes to it."""

    text: Texts
    declined: Texts
    """Said after a no that corrects nothing: a question what is wrong, or the last words if `then` is finish."""
    then: Then = Then.GO_ON


class CallStep(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="step", tag="call"):
    """Call a tool with values that the caller gave."""

    tool: str
    arguments: dict[str, str | int | bool] = {}
    """The arguments of the tool. `{slot}` alone is the value of the slot; an argument whose slot has none is
    left out."""
    say: Texts = ()
    """Said while the tool runs."""
    results: tuple[ResultCase, ...] = ()


class SayStep(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="step", tag="say"):
    """Say something, once in a task."""

    text: Texts


Step = AskStep | ConfirmStep | CallStep | SayStep


class Does(StrEnum):
    """What an intent without steps does, besides its reply."""

    ANSWER = "answer"
    COURTESY = "courtesy"  # "thank you": answered, and nothing that keeps the conversation going
    REPEAT = "repeat"  # the last reply again
    DROP_TASK = "drop_task"  # "never mind"
    END = "end"  # the end of the conversation, by the tool `end_conversation`


class Intent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something that a caller may want, the phrases that say so, and the task that serves it."""

    name: Identifier
    examples: Texts = ()
    """Sentences of callers. `{slot}` is any value of a slot, `{holiday}` a day such as Christmas, `{someone}` a person
    such as Doctor Patel."""
    everyday: Everyday | None = None
    """A kind of sentence that callers say to every agent, and that therefore needs no examples."""
    reply: Texts = ()
    steps: tuple[Step, ...] = ()
    does: Does = Does.ANSWER

    @property
    def sentences(self) -> Texts:
        """All that is known to say it."""
        return self.examples if self.everyday is None else (*self.examples, *everyday_sentences[self.everyday])


class Fallback(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is said when nothing was understood."""

    again: Texts = ("Sorry, I did not get that.",)
    """Said before a question that is still open is asked again."""
    either: Texts = ("Was that {one} or {other}?",)
    """Said before a question that is asked again because the answer sounded like either of two."""
    yes_or_no: Texts = ("A yes or a no will do.",)
    """Said in place of `again` every other time that a yes-or-no question is asked again."""
    reply: Texts = ("Sorry, I did not get that.", "I am sorry, I still did not understand.")
    """Said when no question is open: the texts in turn, and then the last one every time."""
    escalate_after: Annotated[int, Meta(ge=1, le=20)] = 4
    """After this many turns in a row that were not understood `escalation` is said and `tool` is called."""
    escalation: Texts = ()
    tool: str = ""
    tool_failed: Texts = ("I am sorry, that did not work just now.",)
    """Said when a tool failed."""


class Closing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a finished task goes over to the next one, or to the end."""

    ask: Texts = ("Is there anything else I can do for you?",)
    another: Texts = ("Now to the one for {whom}.",)
    """Said before the second of two requests in one sentence is dealt with, if that is for somebody else."""
    other: Texts = ("Now to the other one.",)
    """Said before it if it is for the caller, too."""
    more: Texts = ("What else can I do for you?",)
    """What is said when the caller has answered `ask` with a yes."""
    end: Texts = ("Thank you for calling. Goodbye.",)
    """What is said when the caller has answered `ask` with a no; the conversation ends."""


class Dialogue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything the keyless engine knows."""

    intents: tuple[Intent, ...] = ()
    slots: dict[Identifier, Slot] = {}
    synonyms: dict[str, Texts] = {}
    """A word, and the words and phrases that count as it when intents are matched."""
    taken_over: Annotated[Texts, Meta(min_length=1)] = ("What can I do for you?",)
    """Said when another agent has handed the conversation off to this one, and the caller's words match no intent."""
    unrelated: Texts = ()
    """Sentences that share words with the dialogue but are on other subjects: a sentence that is most like one is not
    understood."""
    other_subjects: bool = False
    """Whether common sentences on other subjects count as `unrelated` without being listed."""
    yes: Texts = (
        "yes", "yeah", "yep", "yes please", "sure", "of course", "correct", "that's right", "that is correct", "okay",
        "ok", "exactly", "absolutely", "go ahead", "please do", "sounds good", "perfect", "that works", "fine", "great",
        "i guess so", "i suppose so", "i think so", "why not", "go for it", "yup", "definitely", "by all means",
        "do it",
    )  # fmt: skip
    no: Texts = (
        "no", "nope", "nah", "no thanks", "no thank you", "not really", "that's wrong", "that is not right", "wrong",
        "i don't think so", "not quite", "that's the wrong one", "that's the wrong time", "wrong date",
        "nothing else", "that's all", "that is all", "that's it", "i'm good",
        "not yet", "not now", "better not", "rather not",
    )  # fmt: skip
    lead_ins: Texts = (
        "hello", "hi", "hey", "hi there", "hello there", "good morning", "good afternoon", "good evening", "um", "uh",
        "well", "okay", "ok", "oh", "excuse me", "can you tell me", "could you tell me", "please tell me",
        "i would like to know", "i'd like to know", "i want to know", "i was wondering", "do you know",
    )  # fmt: skip
    """Phrases with which sentences begin whatever they are about; they are not matched if more follows."""
    pleas: Texts = (
        "help", "help me", "please help", "please help me", "can you help", "can you help me", "can you help me please",
        "can you help please", "i need help", "and i need help", "what should i do", "what do i do", "what can i do",
        "what should i do now", "what do i do now",
    )  # fmt: skip
    """Phrases in which people ask for help after they have said what is wrong; they are not matched if more comes
    before."""
    fallback: Fallback = Fallback()
    closing: Closing = Closing()
    threshold: Annotated[float, Meta(gt=0, lt=1)] = 0.5
    """Similarity (0 to 1) below which an intent is not taken as understood."""
    time_zone: str = "UTC"
    """The time zone, by its IANA name, in which `today` begins at midnight."""
    country: Country = "US"
    """The country whose public holidays are meant by names such as `Thanksgiving` and `Labour Day`."""


class ScriptedAgent(Agent, frozen=True, forbid_unknown_fields=True):
    """An agent as its file describes it: with a dialogue, if it has one, for the keyless `script` engine."""

    dialogue: Dialogue | None = None


def dialogue_of(agent: Agent) -> Dialogue | None:
    """The dialogue of `agent`, or None if it has none: other engines than `script` need none."""
    return agent.dialogue if isinstance(agent, ScriptedAgent) else None

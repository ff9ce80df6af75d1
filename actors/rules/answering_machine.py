"""Whether an answering machine (voicemail) has taken a call, judged by what is heard before the conversation. Pure.

To take a person for a machine costs more than the other way round: the person is hung up on, the machine only hears a
greeting. So it takes a phrase that nobody says who picks up ("after the tone"), or two signs of different kinds: whom
the caller has reached, that nobody is available, that a message may be left, what kind of machine it is, that they
have talked for long without waiting for an answer, and a tone. Questions, and talk about somebody else, are a person's:
with them no phrase counts but a decisive one. That somebody talks for long decides alone only where nobody would.
"""

from collections.abc import Sequence
from enum import Enum, auto
from itertools import chain

import msgspec

from actors.rules.backchannel import words_of
from actors.rules.machine_words import BY_LANGUAGE, ENGLISH, MachineWords

LONG_S = 8.0
"""Seconds of talk without a pause for an answer that are one sign of a machine."""
TOO_LONG_S = 25.0
"""Seconds of talk without a pause for an answer after which it is a machine: no person talks for so long."""
SIGNS = 2
"""Signs of this many different kinds make a machine."""


class Verdict(Enum):
    """Who seems to have answered."""

    PERSON = auto()
    DOUBTFUL = auto()
    MACHINE = auto()


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """What was heard of whoever has answered."""

    text: str = ""
    """The words of whoever has answered, as far as they are known."""
    talks_s: float = 0.0
    """How many seconds they have talked, including pauses in which the agent was not expected to speak."""
    has_tone: bool = False
    """Whether a steady tone was heard after their voice."""


class Judgement(msgspec.Struct, frozen=True):
    """The verdict, and the kinds of signs that it rests on."""

    verdict: Verdict
    signs: tuple[str, ...]


def judged(heard: Heard, languages: Sequence[str]) -> Judgement:
    """Who seems to have answered, in one of these languages (BCP 47)."""
    tables = _tables(languages)
    spoken = f" {' '.join(words_of(heard.text))} "
    if any(_says(spoken, table.decisive) for table in tables):
        return Judgement(Verdict.MACHINE, ("decisive",))
    signs: list[str] = []
    if not _is_personal(heard.text, spoken, tables):
        signs = [kind for kind in KINDS if any(_says(spoken, getattr(table, kind)) for table in tables)]
        if heard.talks_s >= LONG_S:
            signs.append("long")
    if heard.has_tone:
        signs.append("tone")
    is_machine = len(signs) >= SIGNS or heard.talks_s >= TOO_LONG_S
    verdict = Verdict.MACHINE if is_machine else Verdict.DOUBTFUL if signs else Verdict.PERSON
    return Judgement(verdict, tuple(signs) or (("long",) if is_machine else ()))


KINDS = ("reached", "unavailable", "leave", "machine")
"""The kinds of phrases that are signs of a machine: fields of `MachineWords`."""


def is_question(text: str) -> bool:
    """Whether `text` ends as a question does."""
    return text.rstrip().endswith(("?", "\uff1f"))


def phrases_of(languages: Sequence[str]) -> tuple[str, ...]:
    """All phrases that count in these languages."""
    return tuple(chain.from_iterable(chain.from_iterable(msgspec.structs.astuple(t) for t in _tables(languages))))


def _is_personal(text: str, spoken: str, tables: Sequence[MachineWords]) -> bool:
    return is_question(text) or any(_says(spoken, table.person) for table in tables)


def _says(spoken: str, phrases: Sequence[str]) -> bool:
    return any(f" {' '.join(words_of(phrase))} " in spoken for phrase in phrases)


def _tables(languages: Sequence[str]) -> list[MachineWords]:
    """The phrases of `languages`, one table each; those of English where none of them is known."""
    subtags = dict.fromkeys(tag.partition("-")[0].lower() for tag in languages)
    return [BY_LANGUAGE[subtag] for subtag in subtags if subtag in BY_LANGUAGE] or [ENGLISH]

"""Which slot values a sentence mentions, and where."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import date, timedelta
from functools import lru_cache
from typing import Any, assert_never

import msgspec

from app.dialogue.holidays import HOLIDAY, read_holiday
from app.dialogue.matching import reduce
from app.dialogue.names import is_plausible, name_in
from app.dialogue.people import SOMEONE, read_person
from app.dialogue.schema import (
    PLACEHOLDER,
    ChoiceSlot,
    DaySlot,
    Dialogue,
    NameSlot,
    NumberSlot,
    TextSlot,
    TimeSlot,
    YesNoSlot,
)
from app.dialogue.spoken_days import DAY_WORDS, read_day
from app.dialogue.spoken_numbers import is_left_to_us, read_number
from app.dialogue.spoken_times import read_time
from app.dialogue.words import words_of

_LATE = 2
"""The most words before an introduction that corrects a name: `no wait, it's Ann`."""
_TWO = 2
_NEGATION_WITHIN = 3
_EXCEPTION_WORDS = 3
"""How many words before an exception belong to it: `any day but`."""
_REFUSED_WITHIN = 8
_REFUSED_BEFORE = re.compile(
    r"\b(?:not|can't|cannot|won't|couldn't|don't want|hate)"
    r"(?: (?:able|to|do|come|make|it|be|there|manage|in|on|this|next|the|for|free|available|really|possibly))*$"
)
_REFUSED_BEHIND = re.compile(
    r"(?:morning |afternoon )?(?:(?:does not|doesn't|won't|will not|wouldn't|isn't going to|is not going to) "
    r"(?:really )?(?:work|suit|do|fit|be)\b|(?:is|are|was|would be|looks|'s) (?:a )?(?:really |very |too |so )?"
    r"(?:bad|no good|out|impossible|difficult|busy|full|not good|not possible|not great|terrible)\b|"
    r"(?:isn't|aren't|is not) (?:good|great|possible|ideal|an option|convenient)\b)"
)
_ANY = frozenset(["any", "anything", "anytime", "every", "everything", "all"])


class Mention(msgspec.Struct, frozen=True):
    """A value said in `words[start:end]`, which any of `slots` may take."""

    slots: tuple[str, ...]
    value: Any
    start: int
    end: int
    placeholder: str = ""
    """The placeholder that stands for it in a sentence, if it is not that of its slot."""


class MentionReader:
    """Reads the slots of one dialogue. Immutable."""

    def __init__(self, dialogue: Dialogue) -> None:
        self._slots = dialogue.slots
        self._country = dialogue.country
        sentences = (text for intent in dialogue.intents for text in intent.sentences)
        self._no_names = frozenset(word for text in sentences for word in words_of(text)) | DAY_WORDS
        self._days = tuple(name for name, slot in self._slots.items() if isinstance(slot, DaySlot))
        self._times = tuple(name for name, slot in self._slots.items() if isinstance(slot, TimeSlot))
        self._phrases = self._choice_phrases()
        self._introductions = self._name_introductions()
        self._numbers = self._named_numbers(dialogue)

    def read(
        self, words: Sequence[str], today: date, asked: str | None = None, written: Sequence[str] = ()
    ) -> list[Mention]:
        """All mentions, in order, none overlapping. `asked` is the slot asked for: short answers are read as it.

        `written` are the words with figures as such, which a text that was asked for keeps. What follows a `not` is
        left out, unless nothing else is said. What is an exception, or is refused when a day was asked for, is no wish
        at all: to "any day but Monday" and "Monday is bad" the answer is the first day that is none.
        """
        words = list(words)
        found = self.found(words, today, asked)
        excepted, until = list[Mention](), 0
        for mention in found:
            goes_on = bool(excepted) and words[excepted[-1].end : mention.start] in (["or"], ["and"], ["or", "on"])
            refused = _refused(words, mention) if asked in self._days and asked in mention.slots else None
            if goes_on or refused or _excepted(words, mention.start):
                excepted.append(mention)
                until = max(until, refused[1] if refused else mention.end)
        found = [mention for mention in found if mention not in excepted]
        wanted = [mention for mention in found if not _negated(words, mention.start)]
        wanted = wanted or [other for mention in found if (other := self._other_choice(mention))]
        if asked in self._days and not any(asked in mention.slots for mention in wanted):
            days = {mention.value for mention in excepted if asked in mention.slots}
            if days:
                # Of "every day but Monday is fine" nothing but the wish for another day is left to be understood.
                start = max(0, excepted[0].start - _EXCEPTION_WORDS)
                wanted.append(Mention((asked,), _first_day(today, days), start, until))
        answer = self._whole_answer(words, today, asked, wanted, written or words)
        return [answer] if answer else wanted or found

    def found(self, words: list[str], today: date, asked: str | None = None) -> list[Mention]:
        """All values that are named, in order, none overlapping, whether they are wanted or not."""
        found: list[Mention] = []
        at = 0
        while at < len(words):
            mention = self._at(words, at, today, asked)
            if mention:
                found.append(mention)
            at = mention.end if mention else at + 1
        return found

    def _other_choice(self, mention: Mention) -> Mention | None:
        """Of two choices the one that is left when `mention` is refused: `not in the morning`."""
        slot = self._slots.get(mention.slots[0]) if mention.slots else None
        if not isinstance(slot, ChoiceSlot) or len(slot.choices) != _TWO:
            return None
        value = next(choice.value for choice in slot.choices if choice.value != mention.value)
        return Mention(mention.slots, value, mention.start, mention.end)

    def abstract(self, words: Sequence[str], mentions: Iterable[Mention]) -> list[str]:
        """`words` with each mention as the placeholder of the first slot that it may fill."""
        starts = {mention.start: mention for mention in mentions}
        out = []
        at = 0
        while at < len(words):
            if at in starts and starts[at].end > at:
                out.append(f"{{{starts[at].placeholder or starts[at].slots[0]}}}")
                at = starts[at].end
            else:
                out.append(words[at])
                at += 1
        return out

    def abstract_example(self, example: str) -> list[str]:
        """The words of an example, `{old_day}` as any day, and choices spelt out as their slot."""
        named = re.split(r"(\{\w+\})", example)
        out: list[str] = []
        for piece in named:
            if piece.startswith("{"):
                out.append(f"{{{self._group(piece.strip('{}'))}}}")
            else:
                words = words_of(piece)
                out += self.abstract(words, self.read(words, date(2000, 1, 1)))
        return out

    def _group(self, name: str) -> str:
        for group in (self._days, self._times, self._numbers):
            if name in group:
                return group[0]
        return name

    def _at(self, words: list[str], at: int, today: date, asked: str | None) -> Mention | None:
        candidates = []
        if self._days and (day := read_day(words, at, today, bare=asked in self._days)):
            # "My filling came out last Friday" wishes for no day, nor does "since Monday".
            is_wish = asked in self._days or words[max(0, at - 1) : at] not in (["last"], ["past"], ["since"])
            slots, placeholder = (self._days, "") if is_wish else ((), self._days[0])
            if asked in self._days or day[0] >= today.isoformat():
                candidates.append(Mention(slots, day[0], at, at + day[1], placeholder))
        if self._days and (holiday := read_holiday(words, at, today, self._country)):
            candidates.append(Mention(self._days, holiday[0], at, at + holiday[1], HOLIDAY))
        is_name_asked = isinstance(self._slots.get(asked or ""), NameSlot)
        if not is_name_asked and (taken := read_person(words, at, self._no_names)):
            candidates.append(Mention((), " ".join(words[at + 1 : at + taken]), at, at + taken, SOMEONE))
        # Nobody says "the" before a time that was not asked for: "the one forty five" is a day that was misheard.
        is_day_misheard = asked in self._days and words[max(0, at - 1) : at] == ["the"]
        if self._times and not is_day_misheard:
            earliest = next(slot.earliest for slot in self._slots.values() if isinstance(slot, TimeSlot))
            if moment := read_time(words, at, earliest, bare=asked in self._times):
                candidates.append(Mention(self._times, moment[0], at, at + moment[1]))
        candidates += self._choices_at(words, at)
        if number := self._number_at(words, at, asked):
            candidates.append(number)
        if name := self._introduced_at(words, at):
            candidates.append(name)
        if not candidates:
            return None
        # Of mentions of equal length, that of the slot asked for, else the one that says more.
        return max(candidates, key=lambda mention: (mention.end, asked in mention.slots, bool(mention.placeholder)))

    def _number_at(self, words: list[str], at: int, asked: str | None) -> Mention | None:
        """A number for the slot that is asked for, or, where none is, for one that an example names."""
        wanted = self._numbers if asked is None else (asked,)
        slots = {name: slot for name in wanted if isinstance(slot := self._slots[name], NumberSlot)}
        number = read_number(words, at) if slots else None
        if number is None:
            return None
        fitting = tuple(name for name, slot in slots.items() if slot.least <= number[0] <= slot.most)
        if not fitting:
            return None
        placeholder = "" if fitting[0] == wanted[0] else wanted[0]
        return Mention(fitting, number[0], at, at + number[1], placeholder)

    def _named_numbers(self, dialogue: Dialogue) -> tuple[str, ...]:
        """The slots of numbers that callers may say unasked, as an example with the slot has it.

        Any other number in a sentence may count something that no slot is about: two people, ten minutes.
        """
        examples = {
            name for intent in dialogue.intents for text in intent.examples for name in PLACEHOLDER.findall(text)
        }
        return tuple(name for name, slot in self._slots.items() if isinstance(slot, NumberSlot) and name in examples)

    def _choices_at(self, words: list[str], at: int) -> list[Mention]:
        found = []
        for name, value, phrase in self._phrases.get(_reduced(words[at]), ()):
            end = at + len(phrase)
            if [_reduced(word) for word in words[at:end]] == phrase:
                found.append(Mention((name,), value, at, end))
        return found

    def is_introduction(self, words: list[str]) -> bool:
        """Whether somebody says who they are: `my name is`, and whatever name follows."""
        return any(words[: len(lead)] == lead for _, lead in self._introductions if len(lead) > 1)

    def _introduced_at(self, words: list[str], at: int) -> Mention | None:
        for name, lead in self._introductions:
            after = at + len(lead)
            if words[at:after] != lead or after >= len(words):
                continue
            slot = self._slots[name]
            assert isinstance(slot, NameSlot)
            word = words[after]
            is_expected = word in {sample.lower() for sample in slot.samples}
            is_said = _says_a_name(words, at, lead, after)
            if (is_expected and (is_said or len(lead) > 1)) or (is_said and is_plausible(word, self._no_names)):
                return Mention((name,), word.title(), after, after + 1)
        return None

    def _whole_answer(
        self,
        words: list[str],
        today: date,
        asked: str | None,
        mentions: Sequence[Mention],
        written: Sequence[str],
    ) -> Mention | None:
        """The answer to a question whose answers are not recognised by their form."""
        if asked is None or not words:
            return None
        slot = self._slots[asked]
        match slot:
            case NameSlot():
                if any(asked not in mention.slots for mention in mentions):
                    return None
                value = name_in(words, slot)
                return Mention((asked,), value, 0, len(words)) if value else None
            case TextSlot():
                return Mention((asked,), " ".join(written), 0, len(words))
            case DaySlot():
                said = f" {' '.join(words)} "
                is_open = is_left_to_us(words) or any(f" {soon} " in said for soon in slot.soon)
                if not mentions and is_open:
                    found = read_day(["tomorrow"], 0, today)
                    return Mention((asked,), found[0], 0, len(words)) if found else None
                return None
            case ChoiceSlot() | TimeSlot() | NumberSlot() | YesNoSlot():
                return None
            case _:
                assert_never(slot)

    def _choice_phrases(self) -> dict[str, list[tuple[str, str, list[str]]]]:
        phrases: dict[str, list[tuple[str, str, list[str]]]] = defaultdict(list)
        for name, slot in self._slots.items():
            if not isinstance(slot, ChoiceSlot):
                continue
            for choice in slot.choices:
                for text in (choice.value.replace("_", " "), *choice.words):
                    phrase = [_reduced(word) for word in words_of(text)]
                    phrases[phrase[0]].append((name, choice.value, phrase))
        return phrases

    def _name_introductions(self) -> list[tuple[str, list[str]]]:
        """The words before `{name}` in its answers: how people say who they are, unasked."""
        introductions = []
        for name, slot in self._slots.items():
            if isinstance(slot, NameSlot):
                leads = (words_of(answer.partition("{")[0]) for answer in slot.answers if "{" in answer)
                introductions += [(name, lead) for lead in leads if lead]
        return introductions


@lru_cache(maxsize=4096)
def _reduced(word: str) -> str:
    return " ".join(reduce([word]))


def _says_a_name(words: Sequence[str], at: int, lead: Sequence[str], after: int) -> bool:
    """Whether a name must follow: `my name is`, `no, it's Ida`, `it's Ida, not Bob`; in `it's urgent` none does."""
    if "name" in lead or words[after + 1 : after + 2] == ["not"]:
        return True
    return words[:1] == ["no"] and at <= _LATE and after + 1 == len(words)


def _negated(words: Sequence[str], start: int) -> bool:
    """`not on Friday`, `too early`; but in `no, Friday` the no is an answer, and `why not Friday` proposes it."""
    before = words[max(0, start - _NEGATION_WITHIN) : start]
    return ("not" in before[-2:] and "why" not in before) or before[-1:] == ["too"] or before[-3:-1] == ["not", "in"]


def _excepted(words: Sequence[str], start: int) -> bool:
    """`any day but Friday`, `except on Friday`; in `but Friday is fine` the but excepts nothing."""
    before = [word for word in words[:start] if word not in ("on", "for", "the", "a", "maybe")]
    if before[-1:] in (["except"], ["besides"]) or before[-2:] in (["apart", "from"], ["other", "than"]):
        return True
    return before[-1:] == ["but"] and any(word in _ANY for word in before[-4:-1])


def _refused(words: Sequence[str], mention: Mention) -> tuple[int, int] | None:
    """Where a day that was asked for is refused: `I can't do Friday`, `Friday is bad`, `Friday doesn't work`."""
    before = " ".join(words[max(0, mention.start - _REFUSED_WITHIN) : mention.start])
    behind = " ".join(words[mention.end : mention.end + _REFUSED_WITHIN])
    if found := _REFUSED_BEFORE.search(before):
        return mention.start - len(found[0].split()), mention.end
    if found := _REFUSED_BEHIND.match(behind):
        return mention.start, mention.end + len(found[0].split())
    return None


def _first_day(today: date, but: Collection[str]) -> str:
    """The first day from tomorrow on that is none of those in `but`, which are ISO dates."""
    days = ((today + timedelta(days=ahead)).isoformat() for ahead in range(1, len(but) + 2))
    return next(day for day in days if day not in but)

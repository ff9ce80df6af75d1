"""Seeded callers of the dental clinic: each has a goal, and answers what the agent asks until it is reached.

A caller knows only what the agent says, so the same callers serve text and, spoken, audio. What they say is not in the
agent's file, and is easy to speak: numbers are words.
"""

import random
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any, assert_never

import msgspec

from actors.conversation import Memory
from tests.eval.corpus import AT

TODAY = datetime.fromtimestamp(AT, UTC).date()


class Goal(StrEnum):
    """What a caller calls for."""

    BOOK = "book"
    MOVE = "move"
    CANCEL = "cancel"
    QUESTION = "question"


class Asked(StrEnum):
    """What the agent's words want of the caller."""

    GREETING = "greeting"
    REASON = "reason"
    DAY = "day"
    OLD_DAY = "old_day"
    TIME = "time"
    NAME = "name"
    CONFIRM = "confirm"
    CHANGE = "change"
    MORE = "more"
    NOTHING = "nothing"
    END = "end"


class ToolRun(msgspec.Struct, frozen=True):
    """A tool that the agent called, and what came of it."""

    name: str
    arguments: dict[str, Any]
    result: Any


_ASKED = (
    (Asked.END, r"goodbye\.?$|putting you through"),
    (Asked.MORE, r"anything else|what else can i do|you are very welcome"),
    (Asked.CONFIRM, r"shall i|is that right"),
    (Asked.CHANGE, r"what should i change|would you like instead"),
    (Asked.NAME, r"name, please"),
    (Asked.REASON, r"what is it for|which one is it"),
    (Asked.OLD_DAY, r"appointment now|on which day is it"),
    (Asked.TIME, r"which time|which one would|which would you like"),
    (Asked.DAY, r"which day|what day"),
    (Asked.GREETING, r"what can i do|how can i help"),
)
"""Looked for in the agent's last sentence, first come first served."""

_OPENINGS = {
    Goal.BOOK: (
        "hi i'd like to come in and see the dentist",
        "hello could you set up an appointment for me",
        "hey i was hoping to get an appointment",
        "good morning i'd like to arrange an appointment please",
        "i'm calling because i want to book a visit",
        "yes hello can you give me an appointment",
    ),
    Goal.MOVE: (
        "hi i need to reschedule my appointment",
        "hello can i change my appointment to another day",
        "i'd like to move my visit please",
        "i have an appointment but i need to move it to a different day",
        "could you please reschedule my booking",
    ),
    Goal.CANCEL: (
        "hi i'm afraid i have to cancel my appointment",
        "hello i'd like to cancel my visit please",
        "i need you to cancel an appointment",
        "can you please cancel my booking",
        "sorry but i want to cancel my appointment",
    ),
}
_OPENINGS_WITH_DAY = {
    Goal.BOOK: ("hi can i get an appointment {day}", "hello do you have an appointment available {day}"),
    Goal.CANCEL: ("hello i want to cancel my appointment {day}", "please cancel the appointment that i have {day}"),
}
_QUESTIONS = (
    ("what are your opening hours please", "eight in the morning"),
    ("hello can you tell me when you are open", "eight in the morning"),
    ("hi where is your clinic", "Maple Street"),
    ("could you tell me your address please", "Maple Street"),
    ("how much does a cleaning cost at your place", "ninety"),
    ("what is the price of a check up", "sixty dollars"),
    ("do you accept dental insurance", "insurances"),
    ("will you take my insurance", "insurances"),
)
_UNRELATED = (
    "what is the weather like in chicago",
    "can you order a large pizza for me",
    "did you watch the football game last night",
    "tell me a joke about cats",
    "who is the president of france",
    "can you play some music for me",
    "i want to book a flight to rome",
    "my computer is broken again",
)
_REASONS = {
    "check_up": ("it's for a check up", "just a regular check up", "a check up please"),
    "cleaning": ("i want a cleaning", "it is for a cleaning", "a teeth cleaning please"),
    "filling": ("i think i need a filling", "it's about a filling", "a filling please"),
    "pain": ("my tooth hurts", "i have a toothache", "i'm in pain"),
}
_READ_OUT = {"check_up": "check-up", "cleaning": "cleaning", "filling": "filling", "pain": "urgent"}
_DAY_ANSWERS = ("{day} please", "could i come {day}", "{day} would be great", "what about {day}", "i'd like {day}")
_TIME_ANSWERS = ("{time} please", "i'd like {time}", "{time} sounds good", "i would take {time}")
_FIRST = ("the first one please", "the first one")
_NAMES = ("Anna", "Peter", "Sarah", "David", "Emma", "Thomas", "Laura", "Michael", "Susan", "Daniel")
_NAME_ANSWERS = ("my name is {name}", "it's {name}", "{name}")
_YES = ("yes please", "yes that is right", "yes", "sure go ahead")
_CORRECTIONS = ("no {day} please", "no make it {day}", "no i meant {day}")
_NO_MORE = ("no thank you", "no that's all thanks", "no thanks goodbye")
_ORDINAL_WORDS = """
first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth
fifteenth sixteenth seventeenth eighteenth nineteenth twentieth twenty-first twenty-second twenty-third
twenty-fourth twenty-fifth twenty-sixth twenty-seventh twenty-eighth twenty-ninth thirtieth thirty-first
"""
_ORDINALS = [word.replace("-", " ") for word in _ORDINAL_WORDS.split()]


class Caller:
    """One caller. The same seed and day make the same caller."""

    def __init__(self, seed: int, today: date = TODAY) -> None:
        self._chance = random.Random(seed)
        self._today = today
        self.goal = (Goal.BOOK, Goal.MOVE, Goal.CANCEL, Goal.QUESTION)[seed % 4]
        self.reason = self._chance.choice(sorted(_REASONS))
        self.day, self.old_day = self._chance.sample(self._workdays(), 2)
        self.name = self._chance.choice(_NAMES)
        self.question, self._fact = self._chance.choice(_QUESTIONS)
        self._interjection = self._chance.choice(_UNRELATED) if self._chance.random() < 0.5 else ""
        self._interjects_at = self._chance.randint(1, 3)
        self._misspeaks = self.goal in (Goal.BOOK, Goal.MOVE) and self._chance.random() < 0.3
        self._days_tried = {self.day, self.old_day}
        self._lines = 0
        self._opening_lines = 0
        self._answered = False
        self._misheard_reason = False
        self.interjected_after: int | None = None
        """The number of the line that was none of the agent's business, from 1."""

    def next_line(self, agent_text: str, memory: Memory | None = None) -> str | None:
        """What the caller says to the agent's words, or None: the caller hangs up. `memory` is not looked at."""
        asked = _asked(agent_text)
        self._answered = self._answered or self._fact in agent_text
        if asked is Asked.END or self._lines >= 25:
            return None
        self._lines += 1
        if self._interjection and self._lines > self._interjects_at:
            line, self._interjection = self._interjection, ""
            self.interjected_after = self._lines
            return line
        return self._answer(asked, agent_text)

    @property
    def opening(self) -> bool:
        """Whether the last line said what the caller wants."""
        return self._opening_lines > 0 and self._opening_lines == self._lines

    def task_reached(self, runs: Sequence[ToolRun]) -> bool:
        """Whether the goal is reached, going by the tools that the agent ran and what it said."""
        match self.goal:
            case Goal.QUESTION:
                return self._answered
            case Goal.BOOK:
                wanted = {"day": self.day.isoformat(), "reason": self.reason}
                return _ran(runs, "book_appointment", wanted, "booked")
            case Goal.MOVE:
                wanted = {"old_day": self.old_day.isoformat(), "day": self.day.isoformat()}
                return _ran(runs, "move_appointment", wanted, "moved")
            case Goal.CANCEL:
                return _ran(runs, "cancel_appointment", {"day": self.old_day.isoformat()}, "cancelled")
            case _:
                assert_never(self.goal)

    def is_wrong_act(self, run: ToolRun) -> bool:
        """Whether a tool did something that this caller did not call for."""
        match run.name:
            case "book_appointment":
                wanted: dict[str, Any] = {"day": self.day.isoformat(), "reason": self.reason}
            case "move_appointment":
                wanted = {"old_day": self.old_day.isoformat(), "day": self.day.isoformat()}
            case "cancel_appointment":
                wanted = {"day": self.old_day.isoformat()}
            case _:
                return False
        is_goal = run.name.startswith(self.goal.value)
        is_done = run.result in ({"status": "booked"}, {"status": "moved"}, {"status": "cancelled"})
        return is_done and not (is_goal and wanted.items() <= run.arguments.items())

    def _answer(self, asked: Asked, agent_text: str) -> str:
        match asked:
            case Asked.GREETING | Asked.NOTHING:
                return self._opening()
            case Asked.REASON:
                return self._chance.choice(_REASONS[self.reason])
            case Asked.OLD_DAY:
                return self._pick(("{day} please", "it is {day}", "it's {day}"), day=self._said(self.old_day))
            case Asked.DAY:
                return self._pick(_DAY_ANSWERS, day=self._said(self._wanted_day(agent_text)))
            case Asked.TIME:
                return self._time(agent_text)
            case Asked.NAME:
                return self._pick(_NAME_ANSWERS, name=self.name.lower())
            case Asked.CONFIRM:
                return self._confirmation(agent_text)
            case Asked.CHANGE if self._misheard_reason:
                return self._chance.choice(_REASONS[self.reason])
            case Asked.CHANGE:
                return self._pick(("{day} please",), day=self._said(self.day))
            case Asked.MORE:
                return self._more()
            case Asked.END:
                return "goodbye"
            case _:
                assert_never(asked)

    def _opening(self) -> str:
        self._opening_lines = self._lines
        if self.goal is Goal.QUESTION:
            return "thank you goodbye" if self._answered else self.question
        with_day = _OPENINGS_WITH_DAY.get(self.goal, ())
        if with_day and not self._misspeaks and self._chance.random() < 0.3:
            day = self.day if self.goal is Goal.BOOK else self.old_day
            return self._pick(with_day, day=self._said(day))
        return self._chance.choice(_OPENINGS[self.goal])

    def _more(self) -> str:
        if self.goal is Goal.QUESTION and not self._answered:
            return self.question
        return self._chance.choice(_NO_MORE)

    def _wanted_day(self, agent_text: str) -> date:
        """The caller's day; another one when the agent has said that it cannot be, the wrong one when they misspeak."""
        if re.search(r"we are full|we are closed", agent_text):
            self.day = next(day for day in self._workdays() if day not in self._days_tried)
            self._days_tried.add(self.day)
        if self._misspeaks:
            self._misspeaks = False
            return next(day for day in self._workdays() if day not in self._days_tried)
        return self.day

    def _confirmation(self, agent_text: str) -> str:
        said = agent_text.rpartition("So ")[2] if "So " in agent_text else agent_text
        if self.goal in (Goal.BOOK, Goal.MOVE) and _read_out(self.day) not in said:
            return self._pick(_CORRECTIONS, day=self._said(self.day, bare=True))
        self._misheard_reason = self.goal is Goal.BOOK and _READ_OUT[self.reason] not in said
        if self._misheard_reason:
            return f"no {self._chance.choice(_REASONS[self.reason])}"
        if self.goal is Goal.MOVE and "cancel" in said:
            return "no i want to move it to another day"
        if self.goal in (Goal.CANCEL, Goal.MOVE) and _read_out(self.old_day) not in said:
            return "no that is the wrong day"
        return self._chance.choice(_YES)

    def _time(self, agent_text: str) -> str:
        offers = re.findall(r"(?:I have |, | and )((?:\w+ o'clock)|noon|\w+ (?:thirty))", agent_text)
        if not offers or self._chance.random() < 0.3:
            return self._chance.choice(_FIRST)
        return self._pick(_TIME_ANSWERS, time=self._chance.choice(offers))

    def _workdays(self) -> list[date]:
        days = [self._today + timedelta(days=ahead) for ahead in range(1, 13)]
        return [day for day in days if day.weekday() < 5]

    def _said(self, day: date, *, bare: bool = False) -> str:
        """A day in words: `tomorrow`, `on friday`, `next tuesday`, `on the tenth of june`."""
        ahead = (day - self._today).days
        weekday = f"{day:%A}".lower()
        forms = [f"the {_ORDINALS[day.day - 1]} of {day:%B}".lower()]
        if ahead == 1:
            forms = ["tomorrow"]
        elif day.isocalendar().week == self._today.isocalendar().week:
            forms.append(weekday)
        elif day - self._today < timedelta(days=14 - self._today.weekday()):
            forms.append(f"next {weekday}")
        form = self._chance.choice(forms)
        return f"on {form}" if not bare and not form.startswith(("next", "tomorrow")) else form

    def _pick(self, templates: Sequence[str], **values: str) -> str:
        return self._chance.choice(templates).format(**values)


def _asked(agent_text: str) -> Asked:
    last = agent_text.strip().lower()
    sentences = re.split(r"(?<=[.?!])\s+", last)
    for end in (sentences[-1], last):
        for asked, pattern in _ASKED:
            if re.search(pattern, end):
                return asked
    return Asked.MORE if last.startswith(("we are", "a check", "yes, we", "i am the")) else Asked.NOTHING


def _read_out(day: date) -> str:
    return f"{day:%A}, {day:%B} {_ORDINALS[day.day - 1]}"


def _ran(runs: Sequence[ToolRun], name: str, wanted: dict[str, str], status: str) -> bool:
    return any(
        run.name == name and wanted.items() <= run.arguments.items() and run.result == {"status": status}
        for run in runs
    )

"""Several wishes of one utterance: what is asked besides what else is said, and a task behind another one.

A question is answered at once, in front of what else is done. A second task waits until the first is done. Where it is
not sure that there are two, the utterance is read as a whole.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import islice

import msgspec

from actors.conversation import ChatMessage
from app.dialogue.hearing import SURE, Hearing, Utterance
from app.dialogue.matching import FUNCTION_WORDS
from app.dialogue.mentions import Mention
from app.dialogue.schema import DaySlot, Dialogue, Does
from app.dialogue.second_wish import MOST_JOINTS, divisions, second_wish
from app.dialogue.spoken_days import DAY_WORDS
from app.dialogue.state import State
from app.dialogue.words import words_of

_TAKES_BACK = re.compile(
    r"[,.;]?\s+(?:no wait|wait no|no|wait|actually|i mean|sorry|scratch that|or rather|rather),?\s+(?:actually,?\s+)?",
    re.IGNORECASE,
)
_ONE = re.compile(r"\b(?:a new|another|a second|a different|an other) one\b", re.IGNORECASE)
_BEFORE_MENTIONED = frozenset(("it", "that", "them", "this"))
"""Words of a sentence that is about what stands before it: `i have a cleaning on friday and want to move it`."""


class Wishes:
    """Divides utterances in one dialogue. Immutable."""

    def __init__(self, dialogue: Dialogue, hearing: Hearing) -> None:
        self._dialogue = dialogue
        self._hearing = hearing
        self._tasks = frozenset(intent.name for intent in dialogue.intents if intent.steps)
        self._answered = frozenset(
            intent.name for intent in dialogue.intents if intent.does is Does.ANSWER and not intent.steps
        )

    def asides(self, state: State, messages: Sequence[ChatMessage]) -> Iterator[tuple[Utterance, str]]:
        """What the last message may ask besides what else it says: the question, and the rest of the text.

        `monday, and how much is it`, `when are you open and where are you`.
        """
        for division in divisions(messages[-1].text):
            for question, rest in (division, division[::-1]):
                asked = self._hearing.read_as(state, messages, question)
                best = asked.best
                if best is not None and best.intent in self._answered and best.score >= SURE and asked.has_content:
                    yield asked, rest

    def first(self, state: State, messages: Sequence[ChatMessage]) -> tuple[Utterance, str]:
        """What the last message says; of two wishes the first, and the words of the other, which is served after it."""
        said = self._hearing.read(state, messages)
        at = 0 if state.task else second_wish(said.words)
        if not at:
            said = self._with_task_that_is_meant(state, messages, said)
            return self._first_of_two_tasks(state, messages, said) or (said, state.waiting)
        parts = (" ".join(part) for part in (said.words[:at], said.words[at:]))
        first, other = (self._hearing.read_as(state, messages, part) for part in parts)
        if not other.goes_on or not self._is_task(first):
            return said, state.waiting
        known = {mention.slots for mention in first.mentions}
        missing = [mention for mention in other.mentions if self._is_day(mention) and mention.slots not in known]
        if missing:  # "for me and my wife on Monday" is Monday for both
            days = [word for mention in missing for word in other.words[mention.start : mention.end]]
            first = self._hearing.read_as(state, messages, " ".join([*said.words[:at], *days]))
        return first, " ".join(said.words[at:])

    def _with_task_that_is_meant(self, state: State, messages: Sequence[ChatMessage], whole: Utterance) -> Utterance:
        """The utterance, for the task that takes the place of another in it: `cancel it, no wait, move it to Friday`.

        The values of both parts count.
        """
        text = messages[-1].text
        for joint in islice(_TAKES_BACK.finditer(text), MOST_JOINTS):
            before = self._hearing.read_as(state, messages, text[: joint.start()])
            behind = self._hearing.read_as(state, messages, text[joint.end() :])
            if before.best is None or behind.best is None or before.best.intent == behind.best.intent:
                continue
            if self._is_task(before) and self._is_task(behind):
                return msgspec.structs.replace(whole, best=behind.best)
        return whole

    def _first_of_two_tasks(
        self, state: State, messages: Sequence[ChatMessage], whole: Utterance
    ) -> tuple[Utterance, str] | None:
        """The first of two tasks that one sentence wants, and the words of the other; None if it does not.

        `cancel Friday and book me in for Monday`, `a cleaning on Monday and a filling on Tuesday`. While a task is in
        hand, only what is wanted besides it counts: `yes, and another one for my wife`.
        """
        for before, behind in divisions(messages[-1].text):
            behind = _with_antecedent(behind, before)
            other = self._hearing.read_as(state, messages, behind)
            is_wish = other.goes_on or self._is_task(other) or (state.task and other.whom)
            if not is_wish or not _BEFORE_MENTIONED.isdisjoint(other.words):
                continue
            first = self._hearing.read_as(state, messages, before)
            if state.task:
                if other.is_of_another and first.telling == 0:
                    return first, behind
            elif self._are_two(whole, first, other):
                return first, behind
        return None

    def _are_two(self, whole: Utterance, first: Utterance, other: Utterance) -> bool:
        if first.best is None or other.best is None or whole.best is None:
            return False
        if not self._is_task(first) or first.best.score < SURE or whole.best.intent != first.best.intent:
            return False
        if first.best.intent == other.best.intent:
            return first.disagrees_with(other)
        return other.has_content and other.best.score >= SURE

    def _is_task(self, said: Utterance) -> bool:
        return said.best is not None and said.best.intent in self._tasks

    def _is_day(self, mention: Mention) -> bool:
        return any(isinstance(self._dialogue.slots[name], DaySlot) for name in mention.slots)


def _with_antecedent(text: str, before: str) -> str:
    """`book a new one` behind `cancel my appointment` as `book an appointment`."""
    telling = [word for word in words_of(before) if word not in FUNCTION_WORDS and word not in DAY_WORDS]
    if not telling or not _ONE.search(text):
        return text
    article = "an" if telling[-1][0] in "aeiou" else "a"
    return _ONE.sub(f"{article} {telling[-1]}", text)

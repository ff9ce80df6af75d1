"""What a caller's sentence is, before it is decided what to answer: its values, its intent, and what it answers to."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

import msgspec

from actors.conversation import ChatMessage, Role, UtteranceKind
from app.dialogue.anger import is_angry, without_swearing
from app.dialogue.answers import subject_of
from app.dialogue.corrections import without_what_is_taken_back
from app.dialogue.everyday import SYNONYMS, Everyday
from app.dialogue.matching import CONTRACTED, Match, Matcher, Synonyms, reduce, says_nothing
from app.dialogue.mentions import Mention, MentionReader
from app.dialogue.names import without_other_names
from app.dialogue.other_subjects import on_other_subjects
from app.dialogue.people import FOLLOW_UP_WORDS, RELATIVES, is_follow_up, read_relative
from app.dialogue.rewording import as_heard, as_one, without_refused_days
from app.dialogue.schema import PLACEHOLDER, ChoiceSlot, Dialogue, Does, NameSlot, TextSlot
from app.dialogue.spelling import Spelling
from app.dialogue.spoken_days import DAY_WORDS
from app.dialogue.spoken_numbers import NUMBER_WORDS
from app.dialogue.state import Question, State
from app.dialogue.task import slots_of_steps
from app.dialogue.words import plain, with_dates_in_words, words_of, written_words

UNRELATED = "-"
"""The class of the sentences that are on none of the dialogue's subjects."""


_MONTH_FIRST = ("US", "CA")
"""The countries in which 3/4 is mostly the fourth of March."""
MAX_WORDS = 120
"""The most words of an utterance that are read, from its end: no request to a machine is longer."""
SURE = 0.75
"""Likelihood from which an intent outweighs an answer that the same words could be."""
SURE_OF_AN_END = 0.97
"""Likelihood from which a goodbye in the middle of a task is taken for one."""
TORN = 0.65
"""Of two tasks the likelier one is begun, unless the likelihood of the other is more than this share of its own."""
DOUBTFUL = 0.5
"""A confidence of the recognizer below this means that the words may not be what was said."""
UNSURE = 0.75
"""A confidence of the recognizer below this means that an unknown word was probably misheard."""
SURE_OF_A_TASK = 0.9
"""Likelihood from which a task is begun by a sentence with such a word, which may have named another task."""


_FEW = 2
_ONE_MORE = frozenset(("another", "second", "also", "too"))


class Utterance(msgspec.Struct, frozen=True):
    """What the caller said, with the intents, values and answers that were found in it."""

    words: list[str]
    mentions: list[Mention]
    best: Match | None
    """The most likely intent of the dialogue, if it is likely enough."""
    unrelated: bool
    """Whether the sentence is most like those on other subjects."""
    telling: int
    """How many words tell something about a subject; values of slots and the usual words around them do not count."""
    heard: bool
    """Whether the caller had heard the open question."""
    strangers: bool = False
    """Whether none of the telling words is in a known sentence: it was probably misheard, and is not on another
    subject."""
    whom: str = ""
    """The person for whom the caller speaks, such as `daughter`; empty if for themselves."""
    today: date = date.min
    """The date on which it was said."""
    goes_on: bool = False
    """Whether it names no subject of its own and continues the former one: `and my wife at three`."""

    @property
    def has_content(self) -> bool:
        """Whether it says more than a value alone: `i need a cleaning` and not `a cleaning`."""
        in_values = sum(mention.end - mention.start for mention in self.mentions)
        return self.telling > 0 or len(self.words) - in_values > _FEW

    @property
    def is_of_another(self) -> bool:
        """Whether it wants something for somebody else, or one more of what is in hand."""
        return bool(self.whom) or not _ONE_MORE.isdisjoint(self.words)

    def disagrees_with(self, other: "Utterance") -> bool:
        """Whether both have values for the same two slots or more, none of them the same."""
        ours, theirs = ({mention.slots: mention.value for mention in said.mentions} for said in (self, other))
        both = ours.keys() & theirs.keys()
        return len(both) > 1 and all(ours[slots] != theirs[slots] for slots in both)

    @property
    def for_whom(self) -> str:
        """For whom the caller speaks, in the agent's words: `your daughter`; empty if for themselves."""
        return f"your {self.whom}" if self.whom else ""


class Hearing:
    """Reads sentences for one dialogue. Building it takes about half a second; immutable afterwards."""

    def __init__(self, dialogue: Dialogue) -> None:
        self._dialogue = dialogue
        self._final = frozenset(intent.name for intent in dialogue.intents if intent.does is Does.END)
        self._leaving = frozenset(
            intent.name for intent in dialogue.intents if intent.does in (Does.END, Does.DROP_TASK)
        )
        self._with_steps = frozenset(intent.name for intent in dialogue.intents if intent.steps)
        self._courtesies = frozenset(intent.name for intent in dialogue.intents if intent.does is Does.COURTESY)
        self._acting = self._with_steps | self._leaving
        self._slots_of_tasks = {
            intent.name: frozenset(slots_of_steps(intent.steps, dialogue)) for intent in dialogue.intents
        }
        self._reader = MentionReader(dialogue)
        sentences = [text for intent in dialogue.intents for text in intent.sentences]
        is_wide = dialogue.other_subjects
        others = on_other_subjects([*_own_sentences(dialogue)], len(sentences)) if is_wide else ()
        self._spelling = Spelling(dialogue, (*sentences, *dialogue.unrelated, *others))
        self._zone = ZoneInfo(dialogue.time_zone)
        self._is_day_first = dialogue.country not in _MONTH_FIRST
        answers = (text for slot in dialogue.slots.values() for text in slot.answers)
        around = (words_of(PLACEHOLDER.sub(" ", text)) for text in (*answers, *dialogue.yes, *dialogue.no))
        self._answer_words = frozenset(word for words in around for word in reduce(words))
        # Not learnt: `this is ridiculous` would draw `this is` to itself, with all that people say behind it.
        self._anger = next((intent.name for intent in dialogue.intents if intent.everyday is Everyday.ANGER), "")
        examples = {
            intent.name: [subject_of(self._reader.abstract_example(text), dialogue) for text in intent.sentences]
            for intent in dialogue.intents
            if intent.name != self._anger
        }
        # Of `it's him` every word is in some `drop it`, and yet it asks for nothing.
        self._without_subject = frozenset(
            (name, _bare(words)) for name in self._leaving for words in examples.get(name, ()) if _names_nothing(words)
        )
        examples[UNRELATED] = [
            *(self._reader.abstract_example(sentence) for sentence in dialogue.unrelated),
            *(self._reader.abstract(words, self._reader.read(words, _ANY_DAY)) for words in map(words_of, others)),
        ]
        is_everyday = any(intent.everyday for intent in dialogue.intents)
        self._matcher = Matcher(examples, Synonyms({**(SYNONYMS if is_everyday else {}), **dialogue.synonyms}))

    def intent_of(self, text: str, today: date, confidence: float = 1.0) -> Match | None:
        """What a sentence would be taken for by itself."""
        words = self._spelling.corrected(self._words(text))
        mentions = self._reader.read(words, today)
        is_misheard = self._is_misheard(words, mentions, confidence)
        return self._certain(self._match(words, mentions)[0], confidence, is_misheard=is_misheard)

    def _words(self, text: str) -> list[str]:
        words = as_heard(words_of(with_dates_in_words(text, is_day_first=self._is_day_first))[-MAX_WORDS:])
        return without_swearing(words)

    def _as_meant(self, state: State, words: list[str], today: date, asked: str | None) -> list[str]:
        """The words without what is taken back in the same breath."""
        of_task = self._slots_of_tasks.get(state.task)

        def is_of_two(mention: Mention) -> bool:
            # Outside a task, and in one with two days, `Friday instead of Monday` is about both.
            return of_task is None or sum(name in of_task for name in mention.slots) > 1

        return without_what_is_taken_back(
            words,
            lambda said: self._reader.found(said, today, asked),
            is_of_two,
            lambda mention: any(isinstance(self._dialogue.slots[name], NameSlot) for name in mention.slots),
        )

    def _match(self, words: list[str], mentions: Sequence[Mention]) -> tuple[Match | None, bool]:
        """The likeliest intent if it is likely enough, and whether the sentence is rather none of our business."""
        if self._anger and is_angry(words):
            return Match(self._anger, 1.0), False
        written = without_refused_days(as_one(self._reader.abstract(words, mentions)))
        abstract = subject_of(written, self._dialogue)
        ranking = self._matcher.rank(abstract)
        if not ranking:
            return None, False
        best = ranking[0]
        if best.intent in self._leaving and _names_nothing(abstract):
            asked_for = (best.intent, _bare(abstract)) in self._without_subject
            return best if asked_for else None, False
        if best.score < SURE and best.intent in self._acting and self._is_strange(reduce(abstract)):
            return None, False
        if best.intent == UNRELATED or best.score < self._dialogue.threshold:
            return None, best.intent == UNRELATED and best.score >= self._dialogue.threshold
        return None if self._is_torn(best, ranking[1:]) else best, False

    def _is_torn(self, best: Match, others: Sequence[Match]) -> bool:
        """Whether another task, or what is none of our business, is nearly as likely.

        A task acts, so that a wrong guess costs more than a question.
        """
        rivals = (match for match in others if match.intent in self._with_steps or match.intent == UNRELATED)
        rival = next(rivals, None)
        return best.intent in self._with_steps and rival is not None and rival.score > TORN * best.score

    def _is_strange(self, reduced: Sequence[str]) -> bool:
        """Whether there are words that say something of a subject, and none of them is in a sentence that is known.

        Such a sentence is like another only in words that are in every sentence: `to a clock please`.
        """
        telling = [word for word in reduced if not says_nothing(word)]
        return bool(telling) and not any(
            word in _OF_TIMES_AND_RELATIVES or self._matcher.knows(word) for word in telling
        )

    def _is_misheard(self, words: list[str], mentions: Sequence[Mention], confidence: float) -> bool:
        """Whether a word is probably another one: nobody knows it, and the recognizer is not sure."""
        return confidence < UNSURE and self._matcher.has_stranger(self._reader.abstract(words, mentions))

    def _certain(
        self, best: Match | None, confidence: float, *, is_misheard: bool = False, is_busy: bool = False
    ) -> Match | None:
        """`best`, unless the words may not have been said and it is only likely, or would end the call.

        What is only likely begins no task where a word was misheard, and nothing does in the middle of another one.
        There, it greets nobody, and ends nothing either: neither the call, nor, where the recognizer is not sure, the
        task.
        """
        if best is None:
            return None
        is_likely, is_end = best.score < SURE, best.intent in self._final
        if confidence < DOUBTFUL and (is_likely or is_end):
            return None
        if is_misheard and best.intent in self._with_steps and (is_busy or best.score < SURE_OF_A_TASK):
            return None
        if is_busy and is_likely and best.intent in self._courtesies:
            return None
        is_leaving = is_end or (confidence < UNSURE and best.intent in self._leaving)
        return None if is_busy and is_leaving and best.score < SURE_OF_AN_END else best

    def read_as(self, state: State, messages: Sequence[ChatMessage], text: str) -> Utterance:
        """What is heard as if the caller had said `text` just now."""
        before = messages[:-1] if messages[-1].role is Role.USER else messages
        return self.read(state, [*before, msgspec.structs.replace(messages[-1], role=Role.USER, text=text)])

    def read(self, state: State, messages: Sequence[ChatMessage]) -> Utterance:
        """What the last message, the user's, says in the state given."""
        today = datetime.fromtimestamp(messages[-1].at, self._zone).date()
        words = self._words(messages[-1].text)
        asked = state.asked if state.question is Question.SLOT else None
        free_form = isinstance(self._dialogue.slots.get(asked or ""), NameSlot | TextSlot)
        if not free_form:
            words = self._spelling.corrected(words)
        if not isinstance(self._dialogue.slots.get(asked or ""), TextSlot):
            words = self._as_meant(state, words, today, asked)
        is_name_asked, before = isinstance(self._dialogue.slots.get(asked or ""), NameSlot), list(words)
        if is_name_asked:
            words = without_other_names(words)
        by_itself = self._reader.read(words, today)
        likeliest, unrelated = self._match(words, by_itself)
        confidence = messages[-1].confidence
        is_misheard = self._is_misheard(words, by_itself, confidence)
        best = self._certain(likeliest, confidence, is_misheard=is_misheard, is_busy=bool(state.task))
        written = written_words(messages[-1].text)[-MAX_WORDS:]
        mentions = self._reader.read(words, today, asked, written) if asked else by_itself
        values = by_itself if free_form else mentions
        taken = {at for mention in values for at in range(mention.start, mention.end)}
        rest = reduce([word for at, word in enumerate(words) if at not in taken])
        around = self._answer_words | _HEDGES
        telling = [word for word in rest if not says_nothing(word) and word not in around]
        heard = question_heard(messages, state.question_text)
        whom = read_relative(words)
        others = [word for word in telling if word not in _OF_FOLLOW_UPS]
        goes_on = not others and is_follow_up(words) and bool(whom or by_itself)
        # Nobody knows all names: one that is asked for, and said as such, is no other subject.
        is_introduced = any(asked in mention.slots for mention in by_itself) or self._reader.is_introduction(words)
        is_name = is_name_asked and (is_introduced or words != before)
        unrelated = unrelated and not is_name
        best = None if best is not None and is_name and best.intent in self._leaving else best
        strangers = self._is_strange(telling)
        return Utterance(words, mentions, best, unrelated, len(telling), heard, strangers, whom, today, goes_on)


_OF_TIMES_AND_RELATIVES = frozenset(reduce([*NUMBER_WORDS, *DAY_WORDS, *RELATIVES]))
"""Words for when and for whom, reduced; they are known in every sentence."""
_HEDGES = frozenset(
    reduce(str.split("make hmm hm mm then probably definitely certainly suppose rather alright sure say"))
)
"""Words that people put around an answer of which they are not sure: `let's say ten thirty then`."""
_OF_FOLLOW_UPS = frozenset(reduce([*RELATIVES, *FOLLOW_UP_WORDS]))


_ANY_DAY = date(2026, 1, 1)


def _own_sentences(dialogue: Dialogue) -> Iterator[str]:
    """What callers say of what this dialogue is about."""
    for intent in dialogue.intents:
        yield from intent.examples
    for slot in dialogue.slots.values():
        if isinstance(slot, ChoiceSlot):
            yield from (word for choice in slot.choices for word in (choice.value.replace("_", " "), *choice.words))


def _names_nothing(words: Sequence[str]) -> bool:
    """Whether every word is one that says nothing of a subject."""
    return all(says_nothing(word) for word in reduce(words))


def _bare(words: Sequence[str]) -> tuple[str, ...]:
    """The words, reduced, without those of which a contraction leaves nothing: `i am done` is `i'm done`."""
    return tuple(word for word in reduce(words) if word not in CONTRACTED)


def question_heard(messages: Sequence[ChatMessage], question: str) -> bool:
    """Whether the user heard most of `question` before saying the last message."""
    for message in reversed(messages[:-1]):
        if message.role is Role.USER:
            return not question
        if (
            message.role is Role.ASSISTANT
            and message.text
            and message.kind in (UtteranceKind.REPLY, UtteranceKind.GREETING)
        ):
            words = plain(question).split()
            most = " ".join(words[: max(1, len(words) * 2 // 3)])
            return not message.interrupted or most in plain(message.text)
    return True

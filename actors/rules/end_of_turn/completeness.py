"""How complete an utterance is by its words: pure, without a clock, quick enough to be asked in each pause.

There is no grammar here: it is the last word that tells most ("to", "my", "because" end nothing), then how many there
are, then what was asked. An utterance whose words decide nothing is uncertain, and a language that is not known here
decides nothing.
"""

import re
from enum import IntEnum
from itertools import pairwise

from actors.conversation import ExpectedAnswer
from actors.rules.backchannel import words_of
from actors.rules.end_of_turn import english
from actors.rules.end_of_turn.clauses import asks_in_the_end, ends_with_adjective, ends_with_adverb, ends_with_gap

LONG_NUMBER = 10
"""Digits of a telephone number with its area code."""
SHORT_NUMBER = 7
"""Digits of a telephone number without area code."""
FEW_WORDS = 4
"""A sentence with fewer words than this may be the beginning of another."""
FEW_DIGITS = 3
"""From this many digits on, digits in a row are the beginning of a longer number; two may be a time of day."""
FULL_NAME = 2
"""Words of a complete name; with fewer, a family name may follow."""
ASKED_WITHIN = 4
"""The auxiliary of a question is among this many words at its beginning: "how much longer will"."""
LONG_ANSWER = 6
"""An answer of this many words or more is judged as a sentence, whatever was asked."""

_TIME = re.compile(r"\b\d{1,2}[:.]\d\d\b")
_DIGITS = re.compile(r"\d")
_POSTAL_CODE = re.compile(r"\d{5}")
"""Five digits are a whole postal code: groups of five are several codes, and no telephone number."""
_UNFINISHED_MARKS = (",", "-", ":", "\u2026", "...")


class Completeness(IntEnum):
    """How likely the caller is done, from the least."""

    UNFINISHED = 0
    UNCERTAIN = 1
    OPENING = 2
    """A short, complete phrase with which people also begin a longer sentence: "thank you", "hello"."""
    BRIEF = 3
    """A few words that lack nothing, judging by the last one: "my tooth hurts", but "next Tuesday" too."""
    CLIPPED = 4
    """Words that end with a short one, such as "it", which may be the beginning of a longer word."""
    UNKNOWN = 5
    LIKELY = 6
    EXPECTED = 7
    """An answer of the kind that was asked for, to which little is usually added."""
    COMPLETE = 8
    ANSWERED = 9


def completeness(text: str, expected: ExpectedAnswer, language: str = "") -> Completeness:
    """How complete `text` is as an utterance in `language` to an agent that expects an answer of this kind."""
    words = words_of(text)
    if not words or (language and not language.lower().startswith("en")):
        return Completeness.UNKNOWN
    written = text.rstrip()
    if (words[-1] in english.HESITATIONS and words[-2:] != ["as", "well"]) or written.endswith(_UNFINISHED_MARKS):
        return Completeness.UNFINISHED
    for rule in (_number, _spelling, _answer):
        found = rule(written, words, expected)
        if found is not None:
            return found
    return _sentence(words, is_asked=written.endswith("?"))


def _number(text: str, words: list[str], expected: ExpectedAnswer) -> Completeness | None:
    """A number that is given digit by digit: none of its groups is its end."""
    digits = digits_at_end(text, words)
    wanted = expected is ExpectedAnswer.NUMBER
    if not wanted and digits and (_is_date(words) or _is_time(words, expected)):
        return None
    if digits >= LONG_NUMBER and _POSTAL_CODE.fullmatch(words[-1]):
        return Completeness.UNCERTAIN
    if digits >= LONG_NUMBER:
        return Completeness.EXPECTED if digits in (LONG_NUMBER, LONG_NUMBER + 1) else Completeness.UNCERTAIN
    if digits == SHORT_NUMBER:
        return Completeness.UNCERTAIN
    if not wanted and digits == FEW_DIGITS and _is_price(words):
        return None
    if digits >= FEW_DIGITS or (digits and wanted):
        return Completeness.UNFINISHED
    return Completeness.UNCERTAIN if wanted and len(words) < LONG_ANSWER else None


def _is_date(words: list[str]) -> bool:
    """Whether a month is named, so that the digits are those of a day or a year."""
    is_may = any(before in english.BEFORE_A_MONTH for before, word in pairwise(words) if word == "may")
    return is_may or not english.MONTHS.isdisjoint(words)


def _is_time(words: list[str], expected: ExpectedAnswer) -> bool:
    """Whether the words at the end are an hour and its minutes: "one thirty", asked for, or behind "at" or the like."""
    is_time = expected is ExpectedAnswer.SHORT or not english.BEFORE_A_TIME.isdisjoint(words[-3:-2])
    return is_time and words[-1] in english.MINUTES and words[-2:-1] != words[-1:]


def _is_price(words: list[str]) -> bool:
    """Whether the number at the end of a sentence is a price or a time: "now it says three fifty"."""
    is_short = words[-1] in english.TWO_DIGITS and words[-2] in english.DIGITS
    return is_short and len(words) >= LONG_ANSWER and words[-3] not in english.BEFORE_A_NUMBER


def digits_at_end(text: str, words: list[str]) -> int:
    """How many digits the utterance ends with, as figures or as words; 0 if it ends with a time or something else."""
    if _TIME.search(text):
        return 0
    count = singles = 0
    for part in (part for word in reversed(words) for part in _numerals(word)):
        figures = len(_DIGITS.findall(part))
        if part in english.DIGITS or figures or (part == "o" and count):
            count += figures or 1
            singles += 1
        elif part in english.TWO_DIGITS:
            count += 2
        else:
            break
    return count if singles else 0


def _numerals(word: str) -> list[str]:
    """The parts of a word with hyphens, from the last; of "forty-two", which has two digits, the two as figures."""
    parts = word.split("-")
    is_number = len(parts) == 2 and parts[0] in english.TWO_DIGITS and parts[1] in english.DIGITS
    return ["00"] if is_number else parts[::-1]


def _spelling(_text: str, words: list[str], expected: ExpectedAnswer) -> Completeness | None:
    """Letters one by one: which one is the last, only the speaker knows."""
    letters = 0
    for word in reversed(words):
        if any(len(part) > 1 for part in word.split("-")):
            break
        letters += 1
    if letters >= 2 or "-" in words[-1][1:2]:
        return Completeness.UNCERTAIN
    return Completeness.UNCERTAIN if expected is ExpectedAnswer.SPELLING and len(words) < LONG_ANSWER else None


def _answer(text: str, words: list[str], expected: ExpectedAnswer) -> Completeness | None:
    """What is complete only because it was asked for, and what is short and whole by itself."""
    said = " ".join(words)
    is_short = len(words) < FEW_WORDS and words[-1] not in english.OPEN
    if expected is ExpectedAnswer.YES_NO and words[0] in english.YES_NO and (is_short or _answers_in_short(words)):
        return Completeness.ANSWERED
    if expected is ExpectedAnswer.NAME and len(words) < LONG_ANSWER:
        return _name(said)
    if said in english.GREETINGS:
        return Completeness.OPENING
    if said in english.WHOLE or (words[0] in english.BEFORE_WHOLE and " ".join(words[1:]) in english.WHOLE):
        return Completeness.ANSWERED
    if expected is ExpectedAnswer.SHORT and len(words) < LONG_ANSWER:
        return Completeness.EXPECTED if _may_end_with(words[-1]) else None
    return None


def _answers_in_short(words: list[str]) -> bool:
    """Whether a yes or no is followed by its verb alone: "no, I didn't"."""
    verbs = english.AUXILIARIES | english.BEING
    return 2 < len(words) < LONG_ANSWER and words[-2] in english.PRONOUNS and words[-1] in verbs


def _name(said: str) -> Completeness | None:
    before = max((phrase for phrase in english.NAMING if f"{said} ".startswith(f"{phrase} ")), key=len, default="")
    name = [word for word in said[len(before) :].split() if word not in english.TITLES]
    if not name:
        return Completeness.UNFINISHED
    if not _may_end_with(name[-1]):
        return None
    return Completeness.EXPECTED if len(name) >= FULL_NAME else Completeness.UNKNOWN


def _may_end_with(word: str) -> bool:
    return word not in english.OPEN and word not in english.CLIPPED


def _sentence(words: list[str], *, is_asked: bool) -> Completeness:
    """A sentence by its last word, its first and its length."""
    last = words[-1]
    if len(words) > FEW_WORDS and " ".join(words[-2:]) in english.OPINIONS:
        return _sentence(words[:-2], is_asked=is_asked)
    if len(words) >= FEW_WORDS and words[0] in english.ASKING_FOR and last in english.STRANDED:
        return Completeness.UNFINISHED if _is_infinitive(words) else Completeness.LIKELY
    if len(words) > 2 and words[-2] == "how":
        return Completeness.UNFINISHED
    if (last in english.CLOSING and len(words) > 1) or (words[-2:] == ["thank", "you"] and len(words) > FEW_WORDS):
        return Completeness.UNKNOWN if len(words) < FEW_WORDS else Completeness.ANSWERED
    if _wants_more(words):
        return Completeness.UNFINISHED
    if _lacks_verb(words) or _begins_clause(words):
        return Completeness.UNCERTAIN
    if last in english.BEFORE_A_NOUN and not ends_with_adjective(words):
        is_behind_article = len(words) >= FEW_WORDS and words[-2] in english.DETERMINERS
        return Completeness.UNFINISHED if is_behind_article else Completeness.UNCERTAIN
    if last in english.CLIPPED and not _ends_with_particle(words):
        return Completeness.LIKELY if is_asked and len(words) >= FEW_WORDS else Completeness.CLIPPED
    if len(words) < FEW_WORDS:
        return Completeness.BRIEF
    return Completeness.COMPLETE if len(words) > FEW_WORDS else Completeness.LIKELY


def _is_infinitive(words: list[str]) -> bool:
    """Whether the "to" at the end begins an infinitive: "what do I have to"."""
    return words[-1] == "to" and words[-2] in english.BEFORE_INFINITIVE


def _ends_with_particle(words: list[str]) -> bool:
    """Whether the word at the end belongs to a verb before it: "to come in", "turn it off"."""
    before = words[-2:-1] if words[-2:-1] and words[-2] not in english.OBJECTS else words[-3:-2]
    return words[-1] in english.PARTICLES and not english.WITH_PARTICLE.isdisjoint(before)


def _wants_more(words: list[str]) -> bool:
    """Whether something follows the last word: what it belongs to, or what is done by it."""
    last, before = words[-1], words[-2] if len(words) > 1 else ""
    if _ends_with_particle(words) or (last == "may" and before in english.BEFORE_A_MONTH):
        return False
    if (last in english.MORE and before in english.COUNTING) or (last == "not" and before in english.NEGATED):
        return True
    if (last == "you" and before in english.AUXILIARIES) or (
        last in ("you", "it") and before in english.BEFORE_A_SUBJECT
    ):
        return True
    if last in english.BEFORE_A_VERB and (before in english.PRONOUNS or before in english.OPEN):
        return True
    is_noun = before in english.BEFORE_A_NOUN_ALONE or _is_possessive(before)
    is_verb = last in english.TRANSITIVE and not is_noun
    is_asked_for = (
        (words[0] in english.ASKING and english.BEGINS_CLAUSE.isdisjoint(words[2:]))
        or (before == "to" and not english.ASKING.isdisjoint(words[-4:-2]))
        or asks_in_the_end(words)
    )
    if is_verb and is_asked_for:
        return False
    if last == "there":
        # Where something is, unless it only stands for what is: "is there".
        return before in english.OPEN or not before
    return (last in english.OPEN or is_verb) and not (ends_with_gap(words) or ends_with_adverb(words))


def _is_possessive(word: str) -> bool:
    """Whether it says whose: "the dentist's"."""
    return word.endswith("'s") and word not in english.OPEN and word not in english.HESITATIONS


def _lacks_verb(words: list[str]) -> bool:
    """Whether a question has not come to what it asks of somebody: "when will the train from Chicago"."""
    at = next((at for at, word in enumerate(words[:ASKED_WITHIN]) if word in english.AUXILIARIES), None)
    if at is None or (at and words[0] not in english.ASKING) or len(words) < at + 3:
        return False
    behind = zip(words[at + 1 :], words[at + 2 :], strict=False)
    has_verb = any(word in english.VERBS and before not in english.BEFORE_A_NOUN_ALONE for before, word in behind)
    return words[at + 1] not in english.PRONOUNS and not has_verb


def _begins_clause(words: list[str]) -> bool:
    """Whether the last words only name what a clause is about: "tell me how late the museum"."""
    if len(words) <= FEW_WORDS or words[-2] not in english.DETERMINERS or words[-3] in english.NEGATED:
        return False
    if words[-3] in ("about", "possible"):  # "what about the parking", "if possible this week"
        return False
    return not english.ABOUT.isdisjoint(words[-4:-2])

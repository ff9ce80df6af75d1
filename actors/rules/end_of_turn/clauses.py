"""Whether the last word of a sentence ends a clause that is whole, though that word is seldom the last of one. Pure.

Of a question within a sentence, and of a clause that tells which of several is meant, what would stand behind the verb
stands before it: "tell me where your office is", "somebody i could speak with". And words that stand before a noun as a
rule also stand by themselves behind some verbs: "what happens if i pay late", "is the water good".
"""

from actors.rules.end_of_turn import english

PHRASE_MAX = 3
"""Words between what a clause asks for and its subject ("how many people you need"), and of a subject."""


def ends_with_gap(words: list[str]) -> bool:
    """Whether the verb at the end, and its preposition, have what they belong to before them, in the same clause."""
    is_stranded = words[-1] in english.STRANDED
    at = len(words) - 1 - is_stranded
    subject = _subject(words, at) if at >= 2 else None
    if subject is None or (words[subject] == "that" and words[at] not in english.TO_BE):
        return False
    verb, asked = words[at], _asked_for(words[:subject])
    is_of_one = _tells_which(words[:subject])
    if is_stranded:
        has_preposition = verb not in english.BEING and not (words[-1] == "to" and verb in english.BEFORE_INFINITIVE)
        return has_preposition and (is_of_one or (bool(asked) and asked[0] in english.ASKING_FOR))
    if verb in english.TO_BE:
        return _asks_what_it_is(asked, words[subject:at])
    if (verb not in english.TRANSITIVE and verb not in english.BEING) or verb in english.WITH_PREPOSITION:
        return False
    return is_of_one or _asks_for_object(asked, verb)


def asks_in_the_end(words: list[str]) -> bool:
    """Whether the last words are a question for what the verb at the end lacks, behind others: "so what can i say"."""
    return len(words) > 4 and (
        words[-4] in english.ASKING_FOR and words[-3] in english.AUXILIARIES and words[-2] in english.PRONOUNS
    )


def ends_with_adjective(words: list[str]) -> bool:
    """Whether a word that stands before a noun as a rule stands by itself: "i pay late", "it is good"."""
    last, behind = words[-1], [word for word in words[:-1] if word not in english.DEGREE_ADVERBS]
    before, subject = ["", "", *behind][-1], ["", "", *behind][-2]
    if last in english.ADVERBS_TOO and (before in english.UNITS or before in english.WITH_ADVERB):
        return True
    if last == "first" and before in english.OBJECTS:
        return True
    if last not in english.PREDICATES:
        return False
    if subject and (before in english.BE_CONTRACTED or before in english.TO_BE or before == "be"):
        return subject not in english.NO_SUBJECT
    return words[0] in english.TO_BE and _is_subject(words[1:-1])


def ends_with_adverb(words: list[str]) -> bool:
    """Whether a word at the end that is a conjunction or a preposition as a rule is none there."""
    last, before = words[-1], words[-2] if len(words) > 1 else ""
    if last == "well":
        return before == "as"
    if last == "before":
        return before not in english.OPEN - {"there"} and not english.PERFECT.isdisjoint(words[-6:-2])
    return False


def _is_subject(words: list[str]) -> bool:
    """Whether these are what something is said of, and no more: "the water", "it"."""
    if len(words) == 1:
        return words[0] in english.SUBJECTS
    return words[:1] != [] and words[0] in english.DETERMINERS and english.OPEN.isdisjoint(words[1:])


def _subject(words: list[str], verb: int) -> int | None:
    """Where the subject of the verb at that place begins; None if there is none right before it."""
    end = verb
    while end > 0 and words[end - 1] in english.BEFORE_A_GAP_VERB:
        end -= 1
    if end > 0 and words[end - 1] in english.SUBJECTS:
        return end - 1
    places = range(end - 2, max(-1, end - 2 - PHRASE_MAX), -1)
    begin = next((at for at in places if words[at] in english.DETERMINERS), None)
    if begin is None or not english.OPEN.isdisjoint(set(words[begin + 1 : end]) - {"next"}):
        return None
    return begin


def _asked_for(words: list[str]) -> list[str]:
    """The words at the end that say what is asked for within a sentence: "how much", "which one"; often none."""
    for begin in range(len(words) - 1, max(0, len(words) - 1 - PHRASE_MAX), -1):
        if words[begin] in english.ASKING_WITHIN:
            return words[begin:] if words[begin - 1] not in english.OPENERS else []
        if words[begin] in english.OPEN:
            break
    return []


def _tells_which(words: list[str]) -> bool:
    """Whether a clause behind these words tells who or what of several is meant: "is there a number i could call"."""
    before = words[:-1] if words[-1:] and words[-1] in english.BEFORE_RELATIVE else words
    if not before:
        return False
    is_named = len(before) > 2 and before[-2] in english.ARTICLES and not english.TO_BE.isdisjoint(before[:-2])
    if words[-1] == "that" and not english.NOT_OF_ONE.isdisjoint(before[-3:]):
        return False
    is_meant = words[-1] in ("that", "which") and not english.DETERMINERS.isdisjoint(before[-2:-1])
    return is_named or is_meant or before[-1] in english.ANTECEDENTS


def _asks_what_it_is(asked: list[str], subject: list[str]) -> bool:
    """Whether "is" may be the last word of a question within a sentence for this, about this subject."""
    if not asked or len(subject) > 1 + PHRASE_MAX or subject[0] in english.BE_CONTRACTED:
        return False
    match asked[0]:
        case "where" | "who" | "which" | "whose":
            return True
        case "what":
            return subject[0] in ("it", "that", "this") or (len(asked) == 1 and subject[0] in english.DETERMINERS)
        case "how":
            return len(asked) > 1 and asked[1] in english.DEGREES
        case _:
            return asked[0] == "when" and subject[-2:-1] == ["next"]


def _asks_for_object(asked: list[str], verb: str) -> bool:
    if not asked:
        return False
    if asked[0] == "how":
        is_measured = verb in ("take", "takes", "need", "needs")
        return len(asked) > 1 and (asked[1] in ("much", "many") or (asked[1] == "long" and is_measured))
    return asked[0] in english.ASKING_FOR

"""First names in answers: what is one, and which of several is meant. Pure."""

from collections.abc import Collection, Sequence

from app.dialogue.matching import FUNCTION_WORDS
from app.dialogue.people import RELATIVES
from app.dialogue.schema import NameSlot
from app.dialogue.spoken_numbers import NUMBER_WORDS
from app.dialogue.words import words_of

_BEFORE_A_NAME = (
    "um uh er erm ah oh well so please it's it is the name's name my mine i'm i am this that's yes yeah call me"
)
_FILLERS = frozenset(_BEFORE_A_NAME.split())
_NOT_A_NAME = (
    "can could would have don't do want need what where how sorry hm hmm mm mhm huh ugh wow nothing nobody none yep "
    "nope sure correct right wrong never whatever dunno idk maybe later wait hold stop again hello goodbye bye"
)
NO_NAMES = frozenset(_NOT_A_NAME.split()) | FUNCTION_WORDS | NUMBER_WORDS | RELATIVES
"""Words that no name consists of."""
_CORRECTIONS = (("no",), ("sorry",), ("i", "mean"), ("i", "meant"), ("wait",), ("actually",), ("rather",), ("but",))
_MOST_WORDS = 2


def name_in(words: Sequence[str], slot: NameSlot) -> str:
    """The name that answers the question of `slot`, in title case, or an empty text; of `Bob, no, Ann` it is Ann."""
    return _plain_name(without_other_names(words), slot)


def is_plausible(word: str, known: Collection[str]) -> bool:
    """Whether a word that nobody expects can be a name: it is none that the dialogue knows as something else."""
    return len(word) > 1 and word.isalpha() and word not in NO_NAMES and word not in known


def without_other_names(words: Sequence[str]) -> list[str]:
    """The words without a name that is taken back: `Bob, no, Ann` and `Ann, not Bob` as `Ann`."""
    said = list(words)
    while "not" in said[1:] and said[said.index("not", 1) + 1 :]:
        at = said.index("not", 1)
        said = [*said[:at], *said[at + 2 :]]
    if said[:1] == ["not"] and len(said) > _MOST_WORDS:
        said = said[3:] if said[2] == "but" else said[2:]
    for phrase in _CORRECTIONS:
        for at in range(len(said) - len(phrase) - 1, 0, -1):
            if tuple(said[at : at + len(phrase)]) == phrase:
                said = said[at + len(phrase) :]
                break
    return said


def _plain_name(words: Sequence[str], slot: NameSlot) -> str:
    samples: Sequence[str] = [sample.lower() for sample in slot.samples]
    known = [word for word in words if word in samples]
    if known:
        return " ".join(known[-_MOST_WORDS:]).title()
    leads = {word for answer in slot.answers for word in words_of(answer.replace("{", " ").replace("}", " "))}
    rest = [word for word in words if word not in _FILLERS and word not in leads]
    plausible = 0 < len(rest) <= _MOST_WORDS and not any(word in NO_NAMES for word in rest)
    spelt = all(len(word) > 1 and word.replace("'", "").isalpha() for word in rest)
    return " ".join(rest).title() if plausible and spelt else ""

"""What callers take back in the same breath: `Friday, no, Thursday`, `Thursday instead of Friday`, `Monday or Tuesday`.

Pure. Such a sentence is read as if only what is meant had been said: the last value behind a correction, the first of
two that are left to us.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise

from app.dialogue.mentions import Mention
from app.dialogue.spoken_numbers import leading_number

_CORRECTIONS = tuple(
    tuple(phrase.split())
    for phrase in str.split(
        "no, nope, oops, whoops, sorry, i'm sorry, excuse me, my mistake, wait, hold on, actually, rather, better, "
        "correction, i mean, i meant, i mean to say, i meant to say, i wanted to say, make it, make that, "
        "scratch that, strike that, not that, forget that, that's wrong",
        ", ",
    )
)
_FILLERS = frozenset(
    str.split("or and but um uh er erm oh well on at the for to please let's say maybe it's then in a an")
)
_BEFORE = frozenset(str.split("on for at by the a an"))
_INSTEAD_OF = (("instead", "of"), ("rather", "than"), ("and", "not"), ("but", "not"), ("than",), ("not",))
_MOST = 4
"""The most corrections of one utterance that are followed."""
_BETWEEN_MOST = 8
"""The most words of a correction between the two values."""


def without_what_is_taken_back(
    words: Sequence[str],
    read: Callable[[list[str]], Sequence[Mention]],
    is_of_two: Callable[[Mention], bool],
    is_name: Callable[[Mention], bool],
) -> list[str]:
    """The words without values that are corrected by another of the same slots, and without the correction.

    Args:
        words: of one utterance.
        read: finds the values in words, in order.
        is_of_two: whether two values of this kind may be meant, as in `from Monday to Friday`, so that of `Friday
            instead of Monday` both count.
        is_name: whether a value is a name, of which the one that is not meant may be any word.
    """
    words = list(words)
    for _ in range(_MOST):
        corrected = _corrected(words, read(words), is_of_two, is_name)
        if corrected is None:
            break
        words = corrected
    return words


def _corrected(
    words: list[str],
    mentions: Sequence[Mention],
    is_of_two: Callable[[Mention], bool],
    is_name: Callable[[Mention], bool],
) -> list[str] | None:
    """The words without the last value that is taken back; None if there is none."""
    for first, second in reversed([*pairwise(mentions)]):
        between = words[first.end : second.start]
        is_or = _is_or(between) and (_is_day(first) or not is_of_two(first))
        is_left_out = is_or or (_is_instead(between) and not is_of_two(first))
        if _is_same_kind(first, second) and is_left_out:
            return [*words[: first.end], *words[second.end :]]
        if _is_correction(between) and (wrong := _corrected_by(second, mentions)) is not None:
            before = [*words[: _with_preposition(words, wrong.start)], *words[wrong.end : first.end]]
            return [*before, *words[_with_preposition(words, second.start) :]]
    for mention in mentions:  # "it's Ida, not Bob" is "no, it's Ida"
        if is_name(mention) and words[mention.end : mention.end + 1] == ["not"]:
            return ["no", *words[: mention.end], *words[mention.end + 2 :]]
    return _with_corrected_hour(words, mentions)


def _is_same_kind(first: Mention, second: Mention) -> bool:
    return bool(first.slots) and first.slots == second.slots


def _corrected_by(mention: Mention, mentions: Sequence[Mention]) -> Mention | None:
    """The last value of the same slots before `mention`."""
    before = [each for each in mentions if each.end <= mention.start and _is_same_kind(each, mention)]
    return before[-1] if before else None


def _is_day(mention: Mention) -> bool:
    """Whether the value is a date in ISO 8601."""
    return isinstance(mention.value, str) and mention.value.count("-") == 2 and mention.value[:4].isdecimal()


def _is_or(between: Sequence[str]) -> bool:
    """Whether what follows is only another possibility."""
    return _bare(between) == ("or",)


def _is_instead(between: Sequence[str]) -> bool:
    """Whether what follows is what is not meant."""
    return _bare(between) in _INSTEAD_OF


def _bare(between: Sequence[str]) -> tuple[str, ...]:
    return tuple(word for word in between if word not in ("on", "at", "the", "maybe", "even", "for", "in"))


def _is_correction(between: Sequence[str]) -> bool:
    """Whether the words take back what stands before them, and say nothing else."""
    at, is_correction = 0, False
    while at < len(between) <= _BETWEEN_MOST:
        phrase = max(
            (each for each in _CORRECTIONS if tuple(between[at : at + len(each)]) == each), key=len, default=()
        )
        if not phrase and between[at] not in _FILLERS:
            return False
        is_correction = is_correction or bool(phrase)
        at += len(phrase) or 1
    return is_correction


def _with_preposition(words: Sequence[str], start: int) -> int:
    return start - 1 if start and words[start - 1] in _BEFORE else start


def _with_corrected_hour(words: list[str], mentions: Sequence[Mention]) -> list[str] | None:
    """`at ten, no, eleven` as `at eleven`: the hour alone is no time without the one that it corrects."""
    for mention in mentions:
        if not isinstance(mention.value, str) or ":" not in mention.value:
            continue
        after = next((at for at in range(mention.end, len(words)) if leading_number(words[at : at + 1])), None)
        if after is not None and _is_correction(words[mention.end : after]):
            return [*words[: _with_preposition(words, mention.start)], "at", *words[after:]]
    return None

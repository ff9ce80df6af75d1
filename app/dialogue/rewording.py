"""Words of an utterance as the examples of a dialogue have them: hours that sound alike, days, several things. Pure."""

from itertools import pairwise

from app.dialogue.spoken_days import DAY_WORDS

_HOURS_HEARD = {"won": "one", "to": "two", "too": "two", "for": "four", "ate": "eight"}
"""The hours that words are taken for which sound like them."""
_HOURS = frozenset(str.split("one two three four five six seven eight nine ten eleven twelve"))


def as_heard(words: list[str]) -> list[str]:
    """What sounds the same as what callers say: nothing begins with `know`, and `to a clock` is `two o'clock`."""
    words = ["no", *words[1:]] if words[:1] == ["know"] else [*words]
    for at in range(len(words) - 1, 0, -1):
        hour = _HOURS_HEARD.get(words[at - 1], words[at - 1])
        if hour in _HOURS and (words[at] == "o'clock" or words[at : at + 2] == ["a", "clock"]):
            words[at - 1 : at + 1 + (words[at] == "a")] = [hour, "o'clock"]
    return words


def without_refused_days(words: list[str]) -> list[str]:
    """`on {day} not friday` as `on {day}`: who corrects a day cancels nothing."""
    out = words[:1]
    for before, word in pairwise(words):
        if before == "not" and word in DAY_WORDS and any(each.startswith("{") for each in out):
            out.pop()
        else:
            out.append(word)
    return out


_SEVERAL = frozenset(str.split("two three four five six several"))


def as_one(words: list[str]) -> list[str]:
    """`i need two appointments` as `i need an appointments`: who wants several of a thing is about that thing."""
    out = list(words)
    for at, (word, behind) in enumerate(pairwise(words)):
        if word in _SEVERAL and behind.endswith("s") and behind.isalpha():
            out[at] = "an" if behind[0] in "aeiou" else "a"
    return out

"""Two wishes in one sentence: `book me in for tomorrow at two, and also for my wife at three`. Pure.

They are served one after the other: the first as if the rest had not been said, and the rest as if it was said once the
first is done.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import islice

from app.dialogue.people import is_follow_up, read_relative

_JOINT = re.compile(
    r"(?<=[.?!;])\s+(?:(?:and|also|but)\s+)?(?:by the way,?\s+)?"
    r"|,?\s+(?:and then|and also|and|also|but|by the way),?\s+"
    r"|,\s+(?=(?:how|what|when|where|do|does|is|are|can|could|which)\b)",
    re.IGNORECASE,
)
MOST_JOINTS = 4
"""The most places at which a text is divided: whoever joins more says many small things and no two wishes."""
MOST_CHARS = 400
"""The longest text that is divided, in characters: a longer one tells a story."""
_JOINTS = frozenset(("and", "also"))
_SELF = frozenset(("me", "myself", "mine"))


def second_wish(words: Sequence[str]) -> int:
    """Where in a sentence begins what is wanted for somebody else, besides what is wanted before it; 0 if nothing is.

    `for my son and my wife` is one wish for two: there is nothing of the caller's before the `and`.
    """
    for at, word in enumerate(words):
        if word not in _JOINTS or not is_follow_up(words[at:]) or not read_relative(words[at:]):
            continue
        before = words[:at]
        is_of_others = read_relative(before) or "our" in before
        if not is_of_others and (not _SELF.isdisjoint(before) or len(before) > 2):
            return at
    return 0


def divisions(text: str) -> Iterator[tuple[str, str]]:
    """The ways in which `text` can be two sentences: `monday, and how much is it` is `monday` and `how much is it`."""
    if len(text) > MOST_CHARS:
        return
    for joint in islice(_JOINT.finditer(text), MOST_JOINTS):
        before, behind = text[: joint.start()].strip(), text[joint.end() :].strip()
        if before and behind:
            yield before, behind

"""What kind of answer a question of the agent gets, by its words. English; of another language anything is expected."""

import re

from actors.conversation import ExpectedAnswer

_KINDS: tuple[tuple[ExpectedAnswer, str], ...] = (
    (ExpectedAnswer.SPELLING, r"\bspell(?:ing|ed)?\b|letter by letter"),
    (
        ExpectedAnswer.NUMBER,
        r"\b(?:(?:tele)?phone|mobile|cell|account|card|policy|member(?:ship)?|booking|reservation|order|reference|"
        r"confirmation|social security|customer|insurance) (?:number|code)\b|\bzip code\b|\bpost(?:al)? ?code\b|"
        r"\bbest number\b|\bnumber (?:can|should|may) (?:we|i)\b|\bdigits?\b",
    ),
    (
        ExpectedAnswer.NAME,
        r"\b(?:your|the|full|first|last|family) name\b|\bwho am i (?:speaking|talking)\b|\bwhat name\b",
    ),
    (
        ExpectedAnswer.SHORT,
        r"\b(?:what|which) (?:day|date|time|month|size|one|of)\b|\bhow many\b|\bwhen (?:would|do|should|can)\b|, or\b",
    ),
    (
        ExpectedAnswer.YES_NO,
        r"^(?:and |so |then |okay |ok |well )*"
        r"(?:is|are|was|were|do|does|did|shall|should|would|will|can|could|may|have|has)\b(?!.*\bor\b)|"
        r"\b(?:is that|does that|shall i|should i|right|correct|okay)\W*$",
    ),
)
_PATTERNS = tuple((kind, re.compile(pattern, re.IGNORECASE)) for kind, pattern in _KINDS)
_INVITATION = re.compile(r"\b(?:anything|something|how (?:can|may) i)\b", re.IGNORECASE)
"""Words of a question that seems to ask for a yes or no and is answered with a wish: "Can I do anything else?"."""
LONGEST_CHARS = 500
"""The longest question, in characters, that is read as a whole; of a longer one only its end of this length is read."""


def expected_answer(question: str) -> ExpectedAnswer:
    """What kind of answer `question` gets; anything, if its words do not say."""
    asked = question.strip()[-LONGEST_CHARS:]
    found = next((kind for kind, pattern in _PATTERNS if pattern.search(asked)), ExpectedAnswer.ANYTHING)
    if found is ExpectedAnswer.YES_NO and _INVITATION.search(asked):
        return ExpectedAnswer.ANYTHING
    return found

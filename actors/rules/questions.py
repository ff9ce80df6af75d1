"""Whether what the agent says ends with a question, and how long that question lasts.

Whatever a caller says to a question is an answer to it, a bare "yes" or "uh-huh" too; long before it is asked it is a
sign of listening.
"""

import re

from actors.rules.backchannel import is_without_blanks

QUESTION_MARKS = "?\uff1f\u061f\u037e"
"""The question marks of the Latin, the Chinese and Japanese, the Arabic and the Greek script."""
CHARACTERS_PER_S = 14.0
"""About how many characters of an alphabet a voice speaks in a second."""
SIGNS_PER_S = 5.0
"""About how many signs a voice speaks in a second, in scripts whose signs are syllables or words."""

_CLOSING = " \t\n\"'\u00bb\u201d)]"
_SENTENCE_END = re.compile(rf"[.!\u3002\uff01{QUESTION_MARKS}]+[{re.escape(_CLOSING)}]+|[\u3002\uff01\uff1f]")


def question_at_end(text: str) -> str:
    """The last sentence of `text`, if it asks something; else nothing."""
    text = text.rstrip(_CLOSING)
    if not text.endswith(tuple(QUESTION_MARKS)):
        return ""
    begins = max((match.end() for match in _SENTENCE_END.finditer(text, 0, len(text) - 1)), default=0)
    return text[begins:]


def question_s(text: str) -> float:
    """About how long the last sentence of `text` lasts in seconds, if it asks something; else 0."""
    question = question_at_end(text)
    return len(question) / (SIGNS_PER_S if is_without_blanks(question) else CHARACTERS_PER_S)

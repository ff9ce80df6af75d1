"""Text that comes from outside (models, tools, recognizers, clients) as text that can go anywhere.

A stream that cuts an emoji in two leaves a lone surrogate, which no UTF-8 message can carry: it would end the session
in which it is first shown. So it is replaced where it comes in.
"""

from typing import Any


def is_speakable(text: str) -> bool:
    """Whether there is anything to pronounce in `text`: "🙂", "..." and "***" have nothing."""
    return any(character.isalnum() for character in text)


def well_formed(text: str) -> str:
    """The text with each lone surrogate replaced by U+FFFD, and each pair of them by the character that it means."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def well_formed_json(value: Any) -> Any:
    """A JSON value whose texts, keys included, are well-formed.

    Raises:
        RecursionError: it is nested too deep.
    """
    match value:
        case str():
            return well_formed(value)
        case list() | tuple():
            return [well_formed_json(item) for item in value]
        case dict():
            return {well_formed_json(key): well_formed_json(item) for key, item in value.items()}
        case _:
            return value

"""Exceptions in words that may be logged and shown to operators: their class and place, not what was said."""

import os
import traceback

from actors.errors import ProviderError

MOST_CAUSES = 10


def describe(error: BaseException) -> str:
    """An exception in one line that may be logged and shown: its class and where it was raised.

    Not its words, which can carry what was said; except those of a `ProviderError`, which never do.
    """
    raised_at = places(error)
    place = f" at {raised_at[0]}" if raised_at else ""
    return f"{_named(error)}{place}"


def traced(error: BaseException) -> str:
    """The traceback of an exception and of those that led to it, the first of them first, with what `describe` says of
    each in the place of its words.
    """
    parts: list[str] = []
    led_to: BaseException | None = error
    while led_to is not None and len(parts) < MOST_CAUSES:
        frames = "".join(traceback.format_tb(led_to.__traceback__))
        parts.append(f"{frames}{_named(led_to)}")
        led_to = led_to.__cause__ or (None if led_to.__suppress_context__ else led_to.__context__)
    return "\nwhich led to:\n".join(reversed(parts))


def _named(error: BaseException) -> str:
    """The class of an exception, with its words where they are known to be nobody's: a provider's, and the system's."""
    if isinstance(error, ProviderError):
        return f"{type(error).__name__}: {error}"
    if isinstance(error, OSError) and error.errno is not None:
        return f"{type(error).__name__}: {os.strerror(error.errno)}"
    return type(error).__name__


def places(error: BaseException) -> list[str]:
    """Where an exception has passed, innermost first. (`traceback` would read the lines of source from their files.)"""
    named = []
    trace = error.__traceback__
    while trace is not None:
        named.append(f"{trace.tb_frame.f_code.co_qualname}:{trace.tb_lineno}")
        trace = trace.tb_next
    return named[::-1]

"""Exceptions in words that may be logged and shown to operators: their class and place, not what was said."""

from actors.errors import ProviderError


def describe(error: BaseException) -> str:
    """An exception in one line that may be logged and shown: its class and where it was raised.

    Not its words, which can carry what was said; except those of a `ProviderError`, which never do.
    """
    words = f": {error}" if isinstance(error, ProviderError) else ""
    raised_at = places(error)
    place = f" at {raised_at[0]}" if raised_at else ""
    return f"{type(error).__name__}{words}{place}"


def places(error: BaseException) -> list[str]:
    """Where an exception has passed, innermost first. (`traceback` would read the lines of source from their files.)"""
    named = []
    trace = error.__traceback__
    while trace is not None:
        named.append(f"{trace.tb_frame.f_code.co_qualname}:{trace.tb_lineno}")
        trace = trace.tb_next
    return named[::-1]

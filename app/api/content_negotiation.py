"""Which of the media types that a route can answer with a client prefers, by its `Accept` header (RFC 9110, 12.5.1)."""

from collections.abc import Sequence

MOST_RANGES = 32
"""The most media ranges of an Accept header that are looked at; browsers send fewer than ten."""


def preferred(accept: str, offered: Sequence[str]) -> str | None:
    """The offered media type that `accept` prefers; the first one without a header, None if it takes none of them.

    A more specific range says more than a wildcard. Of equally good types the one that is offered first is taken.
    """
    if not accept.strip():
        return offered[0]
    ranges = [_range(text) for text in accept.split(",")[:MOST_RANGES]]
    best, best_quality = None, 0.0
    for media_type in offered:
        matching = [(specific, quality) for pattern, specific, quality in ranges if _matches(pattern, media_type)]
        quality = max(matching)[1] if matching else 0.0
        if quality > best_quality:
            best, best_quality = media_type, quality
    return best


def _range(text: str) -> tuple[str, int, float]:
    """A media range, how specific it is, and its quality; what cannot be read is of no quality."""
    pattern, *parameters = (part.strip().lower() for part in text.split(";"))
    quality = 1.0
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                quality = min(1.0, max(0.0, float(value)))
            except ValueError:
                quality = 0.0
    specific = 0 if pattern == "*/*" else 1 if pattern.endswith("/*") else 2
    return pattern, specific, quality


def _matches(pattern: str, media_type: str) -> bool:
    return pattern in ("*/*", media_type) or (
        pattern.endswith("/*") and media_type.startswith(pattern.removesuffix("*"))
    )

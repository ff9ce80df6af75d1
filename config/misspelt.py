"""Finds environment variables that were meant for this server and have no name that it reads. Pure."""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches

FAMILIES = (
    "ACS_",
    "AZURE_OPENAI_",
    "AZURE_SPEECH_",
    "CALL_ACCESS",
    "EARSHOT_",
    "END_OF_TURN",
    "EVENT_GRID_",
    "LANGUAGE_MODEL",
    "SPEECH_RECOGNIZER",
    "SPEECH_SYNTHESIZER",
    "VOICE_ACTIVITY",
)
"""Whoever sets a variable that begins like this means it for this server."""
READ_BY_LIBRARIES = ("OTEL_",)
"""Whatever begins like this is read by OpenTelemetry's SDK, under many names that resemble each other."""
CLOSENESS = 0.86
"""From 0 to 1; a letter left out, doubled or changed in a name of seven letters is above it."""
SHORTEST = 6
"""Shorter names resemble others by chance."""


def misspelt(names: Iterable[str], known: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Of `names`, those that look like one of `known` and are none, each with the nearest; in alphabetical order."""
    known = list(known)
    by_letters = {name.replace("_", ""): name for name in known}
    for name in sorted(set(names) - set(known)):
        if name.startswith(READ_BY_LIBRARIES):
            continue
        letters = name.upper().replace("_", "")
        family = name.upper().startswith(FAMILIES)
        cutoff = 0.5 if family else CLOSENESS
        near = get_close_matches(letters, by_letters, 1, cutoff) if len(letters) >= SHORTEST else []
        if near or family:
            yield name, by_letters[near[0]] if near else ""

"""`python -m app replay FILE`: whether the rules of this version decide in a recorded session as they did then."""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from app.replay.recording import Decision, read
from app.replay.replaying import Replayed, replayed


def replay(path: Path) -> Replayed:
    """Replay a session file.

    Raises:
        SessionFileError: it cannot be read, is broken, or is of another version.
    """
    return replayed(read(path))


def as_text(found: Replayed) -> Iterator[str]:
    """Lines about a replay, for people."""
    difference = found.difference
    if difference is None:
        yield f"same decisions: {found.decisions} in {found.steps} steps, {found.seconds:.3f} s"
    else:
        yield f"another decision at {difference.second:.3f} s, on {difference.event} (line {difference.line})"
        yield f"  then: {_shown(difference.then)}"
        yield f"  now:  {_shown(difference.now)}"
        yield f"  {found.decisions} decisions before it are the same"
    if found.cut:
        yield "the file is cut: the session went on"
    if not found.content:
        yield "words and keys are masked: they stand for others that the rules judged alike"


def _shown(decision: Decision | None) -> str:
    if decision is None:
        return "nothing more"
    fields = {name: value for name, value in decision.items() if name != "type"}
    return f"{decision['type']} {msgspec.json.encode(fields).decode()}" if fields else str(decision["type"])

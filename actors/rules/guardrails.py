"""What an agent must not say: patterns that its words are held against before they are spoken. Pure."""

import re
from collections.abc import Sequence
from functools import cache

import msgspec

from actors.agent import Guardrail, GuardrailAction

WINDOW_CHARS = 200
"""Characters of the text before a piece that are checked together with it, since a match may span two pieces."""


class Guarded(msgspec.Struct, frozen=True):
    """A piece of a reply after it was held against the guardrails."""

    text: str
    """The text to speak in place of the piece."""
    broken: tuple[str, ...] = ()
    """The names of the guardrails that the piece broke."""
    is_end: bool = False
    """Whether the reply ends here: nothing more of it may be spoken."""


def guarded(guardrails: Sequence[Guardrail], said: str, piece: str) -> Guarded:
    """Hold `piece`, which follows what the reply has `said`, against the guardrails of an agent, one after another."""
    broken: list[str] = []
    for rail in guardrails:
        if not rail.pattern:
            continue
        before = said[-WINDOW_CHARS:]
        found = [match for match in _compiled(rail.pattern).finditer(before + piece) if match.end() > len(before)]
        if not found:
            continue
        broken.append(rail.name)
        if rail.action is GuardrailAction.STOP:
            return Guarded(rail.say, tuple(broken), is_end=True)
        piece = _redacted(piece, [(m.start() - len(before), m.end() - len(before)) for m in found], rail.say)
    return Guarded(piece, tuple(broken))


def _redacted(piece: str, places: Sequence[tuple[int, int]], instead: str) -> str:
    parts, at = [], 0
    for start, end in places:
        parts += [piece[at : max(start, at)], instead]
        at = end
    return "".join((*parts, piece[at:]))


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)

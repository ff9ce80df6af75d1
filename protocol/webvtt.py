"""WebVTT, the subtitles of the web (https://www.w3.org/TR/webvtt1/): cues with a voice each. Pure."""

import re
from collections.abc import Iterable

import msgspec

MEDIA_TYPE = "text/vtt"
SHORTEST_MS = 1
"""The shortest duration of a cue in ms: one that ends where it begins is not valid."""
_BLANKS = re.compile(r"\s+")
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\N{NULL}": "\N{REPLACEMENT CHARACTER}"})


class Cue(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is said between two times, in ms; `voice` names who says it."""

    start_ms: float
    end_ms: float
    voice: str
    text: str
    note: str = ""
    """A comment on the cue, which players do not show."""


def write(cues: Iterable[Cue]) -> str:
    """A WebVTT document; its cues are in the order in which they begin, and one without text is left out."""
    blocks = ["WEBVTT"]
    for cue in sorted(cues, key=lambda cue: cue.start_ms):
        text = _one_line(cue.text)
        if text:
            start_ms = max(0, round(cue.start_ms))
            end_ms = max(start_ms + SHORTEST_MS, round(cue.end_ms))
            voice = _one_line(cue.voice)
            tag = f"<v {voice}>" if voice else ""
            if note := _one_line(cue.note):
                blocks.append(f"NOTE {note}")
            blocks.append(f"{_time(start_ms)} --> {_time(end_ms)}\n{tag}{text}")
    return "\n\n".join(blocks) + "\n"


def _one_line(text: str) -> str:
    """Text as it may stand in a cue: an empty line would end it, and a `<` begin a tag."""
    return _BLANKS.sub(" ", text).strip().translate(_ESCAPES)


def _time(ms: int) -> str:
    seconds, ms = divmod(ms, 1_000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}.{ms:03d}"

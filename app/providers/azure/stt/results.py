"""What the service says that it heard. Pure."""

import msgspec


class Heard(msgspec.Struct, frozen=True):
    """Part of what was said. Ticks are 100 ns. `text` is empty if it was no speech."""

    text: str
    offset_ticks: int
    duration_ticks: int
    sureness: float = 1.0
    """Of a final: how sure the service is of the words, 0 to 1."""


class _Reading(msgspec.Struct):
    confidence: float = msgspec.field(name="Confidence", default=1.0)


class _Phrase(msgspec.Struct):
    readings: tuple[_Reading, ...] = msgspec.field(name="NBest", default=())


_decoder = msgspec.json.Decoder(_Phrase)


def sureness(phrase: str | bytes) -> float:
    """That of the first reading in the service's own words, a `speech.phrase` in detail; 1 if it says nothing of it."""
    try:
        readings = _decoder.decode(phrase).readings
    except (msgspec.DecodeError, UnicodeDecodeError):
        return 1.0
    return min(1.0, max(0.0, readings[0].confidence)) if readings else 1.0

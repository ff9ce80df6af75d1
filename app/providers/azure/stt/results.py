"""What Azure Speech says that it has recognised, as Structs. Pure."""

import msgspec


class TimedWord(msgspec.Struct, frozen=True):
    """A word of a final and its place, in ticks of 100 ns."""

    text: str = msgspec.field(name="Word")
    offset_ticks: int = msgspec.field(name="Offset")
    duration_ticks: int = msgspec.field(name="Duration")


class Heard(msgspec.Struct, frozen=True):
    """Part of what was said. Ticks are 100 ns. `text` is empty if it was no speech."""

    text: str
    offset_ticks: int
    duration_ticks: int
    confidence: float = 1.0
    """How sure the service is of the words of a final result, from 0 to 1."""
    language: str = ""
    """The language of a final result, if the service had to find it out; else empty."""
    words: tuple[TimedWord, ...] = ()
    """Each word of a final result with its times, if these were asked for."""


class _Reading(msgspec.Struct):
    confidence: float = msgspec.field(name="Confidence", default=1.0)
    words: tuple[TimedWord, ...] = msgspec.field(name="Words", default=())


class _Language(msgspec.Struct):
    language: str = msgspec.field(name="Language", default="")


class _Phrase(msgspec.Struct):
    readings: tuple[_Reading, ...] = msgspec.field(name="NBest", default=())
    language: _Language = msgspec.field(name="PrimaryLanguage", default_factory=_Language)


class PhraseDetails(msgspec.Struct, frozen=True):
    """What the service says of a final besides its words and its place."""

    confidence: float = 1.0
    language: str = ""
    words: tuple[TimedWord, ...] = ()


_decoder = msgspec.json.Decoder(_Phrase)


def phrase_details(phrase: str | bytes) -> PhraseDetails:
    """The details of a `speech.phrase`, as the service words it, and of the first of its readings.

    Confidence is 1 and the language empty where it says nothing of them.
    """
    try:
        decoded = _decoder.decode(phrase)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return PhraseDetails()
    first = decoded.readings[0] if decoded.readings else _Reading()
    return PhraseDetails(min(1.0, max(0.0, first.confidence)), decoded.language.language, first.words)

"""What an SSML document asks for, as the service reads it."""

import re
from xml.etree import ElementTree

import msgspec

SSML = "{http://www.w3.org/2001/10/synthesis}"
MSTTS = ("{http://www.w3.org/2001/mstts}", "{https://www.w3.org/2001/mstts}")
LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"

NAMED_RATES = {"x-slow": 0.5, "slow": 0.64, "medium": 1.0, "default": 1.0, "fast": 1.55, "x-fast": 2.0}
NAMED_BREAKS_MS = {"none": 0, "x-weak": 250, "weak": 500, "medium": 750, "strong": 1000, "x-strong": 1250}
RATE = re.compile(r"([+-]?\d+(?:\.\d+)?)(%?)")
BREAK_TIME = re.compile(r"(\d+(?:\.\d+)?)(ms|s)")


class SsmlError(ValueError):
    """The service would not speak that; the text says why."""


class Manner(msgspec.Struct, frozen=True):
    """How something is said; empty where nothing was asked for."""

    voice: str = ""
    language: str = ""
    style: str = ""
    style_degree: str = ""
    role: str = ""
    rate: str = ""
    pitch: str = ""
    volume: str = ""

    @property
    def tempo(self) -> float:
        """1 is normal, 2 is twice as fast."""
        if self.rate in NAMED_RATES:
            return NAMED_RATES[self.rate]
        found = RATE.fullmatch(self.rate)
        if found is None:
            return 1.0
        number, percent = float(found[1]), bool(found[2])
        tempo = 1 + number / 100 if percent else number
        return min(3.0, max(0.3, tempo))


class Span(msgspec.Struct, frozen=True):
    """A stretch of text said in one manner, or (without text) a pause, or a bookmark."""

    text: str
    manner: Manner
    pause_ms: float = 0.0
    bookmark: str = ""


class Spoken(msgspec.Struct, frozen=True):
    """A document. Voice, style, rate, pitch and so on are those of the first text."""

    spans: tuple[Span, ...] = ()

    @property
    def text(self) -> str:
        """All of it."""
        return "".join(span.text for span in self.spans)

    @property
    def manner(self) -> Manner:
        """Of the first text."""
        return next((span.manner for span in self.spans if span.text.strip()), Manner())

    @property
    def voice(self) -> str:
        """See `manner`."""
        return self.manner.voice

    @property
    def style(self) -> str:
        """See `manner`."""
        return self.manner.style

    @property
    def rate(self) -> str:
        """See `manner`."""
        return self.manner.rate

    @property
    def pitch(self) -> str:
        """See `manner`."""
        return self.manner.pitch


def parse_ssml(document: str) -> Spoken:
    """What the document says.

    Raises:
        SsmlError: it is not well-formed, or not what the service takes.
    """
    try:
        root = ElementTree.fromstring(document)
    except ElementTree.ParseError as error:
        raise SsmlError(f"the SSML is not well-formed: {error}") from None
    if root.tag != f"{SSML}speak":
        raise SsmlError("the SSML must begin with speak, of the namespace http://www.w3.org/2001/10/synthesis")
    if not root.get("version") or not root.get(LANGUAGE):
        raise SsmlError("speak needs version and xml:lang")
    spans: list[Span] = []
    _read(root, Manner(language=root.get(LANGUAGE, "")), spans)
    if not any(span.manner.voice for span in spans):
        raise SsmlError("Ssml should contain at least one [VOICE] tag.")
    return Spoken(tuple(spans))


def _read(element: ElementTree.Element, manner: Manner, spans: list[Span]) -> None:
    tag = element.tag.removeprefix(SSML)
    for prefix in MSTTS:
        tag = tag.replace(prefix, "mstts:")
    replace = msgspec.structs.replace
    match tag:
        case "voice":
            if not element.get("name"):
                raise SsmlError("voice needs a name")
            manner = replace(manner, voice=element.get("name", ""))
        case "prosody":
            asked = {name: element.get(name) for name in ("rate", "pitch", "volume")}
            manner = replace(manner, **{name: value for name, value in asked.items() if value is not None})
        case "mstts:express-as":
            degree, role = element.get("styledegree", ""), element.get("role", "")
            manner = replace(manner, style=element.get("style", ""), style_degree=degree, role=role)
        case "lang":
            manner = replace(manner, language=element.get(LANGUAGE, manner.language))
        case "break":
            spans.append(Span("", manner, pause_ms=_pause_ms(element)))
        case "bookmark":
            spans.append(Span("", manner, bookmark=element.get("mark", "")))
        case "speak" | "p" | "s" | "sub" | "phoneme" | "say-as" | "emphasis" | "w":
            pass
        case _ if tag.startswith("mstts:"):
            pass
        case _:
            raise SsmlError(f"the service does not know the element {tag}")
    in_voice = bool(manner.voice)
    for text, child in [(element.text, None), *((child.tail, child) for child in element)]:
        if child is not None:
            _read(child, manner, spans)
        if text and in_voice:
            spans.append(Span(text, manner))
        elif text and text.strip():
            raise SsmlError("text outside of a voice")


def _pause_ms(element: ElementTree.Element) -> float:
    found = BREAK_TIME.fullmatch(element.get("time", ""))
    if found is not None:
        return min(20_000.0, float(found[1]) * (1000 if found[2] == "s" else 1))
    return float(NAMED_BREAKS_MS.get(element.get("strength", "medium"), 750))

"""An agent's voice as Azure Speech names it: voice, style, rate and language. Pure."""

import msgspec

from actors.agent import Voice


class Prosody(msgspec.Struct, frozen=True):
    """A voice of the service and what is different about it. Empty means as usual."""

    name: str
    language: str
    style: str = ""
    rate: str = ""
    pitch: str = ""


def prosody(voice: Voice, name: str) -> Prosody:
    """The prosody of an agent's `voice`, spoken by the service's voice `name`."""
    return Prosody(name, voice.language, voice.style, _changed(voice.rate), _changed(voice.pitch))


def _changed(factor: float) -> str:
    return f"{(factor - 1) * 100:+.0f}%" if factor != 1.0 else ""

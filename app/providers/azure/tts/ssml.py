"""What is sent to be spoken: SSML, built as a tree, so that no text is ever taken for markup. Pure."""

import re
from xml.etree import ElementTree as Xml

from actors.agent import Voice
from app.providers.azure.tts.prosody import prosody

SSML = "http://www.w3.org/2001/10/synthesis"
MSTTS = "https://www.w3.org/2001/mstts"
LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"

DEFAULT_VOICE = "en-US-AvaMultilingualNeural"
"""The voice of agents that name none; it speaks some ninety languages."""
VOICE_NAME = re.compile(r"([A-Za-z]{2,3}(?:-[A-Za-z0-9]+)+?)-[A-Z]\w*(?::\w+)?")
"""Matches the service's names of voices: `en-US-AvaMultilingualNeural`, `en-US-Ava:DragonHDLatestNeural`."""
NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

Xml.register_namespace("mstts", MSTTS)
Xml.register_namespace("", SSML)


def voice_name(voice: Voice) -> str:
    """The name to ask the service for: its own default for a name that is none of its own."""
    return voice.name if VOICE_NAME.fullmatch(voice.name) else DEFAULT_VOICE


def plain(text: str) -> str:
    """`text` with a blank for each character that cannot be sent."""
    return NOT_XML.sub(" ", text)


def ssml(text: str, voice: Voice, name: str) -> str:
    """`text` as `voice` says it, by the service's voice `name`; every character of it stands for itself."""
    speak = Xml.Element(f"{{{SSML}}}speak", {"version": "1.0", LANGUAGE: voice.language})
    inner = Xml.SubElement(speak, f"{{{SSML}}}voice", {"name": name})
    spoken = VOICE_NAME.fullmatch(name)
    if spoken is not None and spoken[1].lower() != voice.language.lower():
        inner = Xml.SubElement(inner, f"{{{SSML}}}lang", {LANGUAGE: voice.language})
    if voice.style:
        inner = Xml.SubElement(inner, f"{{{MSTTS}}}express-as", {"style": NOT_XML.sub("", voice.style)})
    sound = prosody(voice, name)
    changed = {what: much for what, much in (("rate", sound.rate), ("pitch", sound.pitch)) if much}
    if changed:
        inner = Xml.SubElement(inner, f"{{{SSML}}}prosody", changed)
    inner.text = plain(text)
    return Xml.tostring(speak, encoding="unicode")

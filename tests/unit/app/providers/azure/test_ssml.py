"""What is sent to be spoken: no text is ever markup."""

from xml.etree import ElementTree as Xml

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.agent import Voice
from app.providers.azure.tts.ssml import DEFAULT_VOICE, MSTTS, SSML, ssml, voice_name

AVA = "en-US-AvaMultilingualNeural"


def parsed(text: str, voice: Voice | None = None, name: str = AVA) -> Xml.Element:
    return Xml.fromstring(ssml(text, voice or Voice(), name))


def tags(root: Xml.Element) -> list[str]:
    return [element.tag.partition("}")[2] for element in root.iter()]


@given(st.text())
def test_no_text_is_markup(text: str) -> None:
    root = parsed(text)
    assert tags(root) == ["speak", "voice"]
    spoken = "".join(root.itertext())
    # A parser makes one line break of each of the three kinds; what XML cannot carry is a blank.
    assert len(spoken) <= len(text)
    kept = [character for character in text if character.isalnum() and ord(character) < 0xD800]
    assert [character for character in spoken if character.isalnum() and ord(character) < 0xD800] == kept


def test_markup_in_a_text_is_spoken() -> None:
    text = '</voice><voice name="x">&amp; <break time="9s"/>'
    assert "".join(parsed(text).itertext()) == text


@given(st.text())
def test_no_style_is_markup(style: str) -> None:
    root = parsed("hello", Voice(style=style))
    assert set(tags(root)) <= {"speak", "voice", "express-as"}


def test_style_rate_and_pitch_are_the_agents() -> None:
    root = parsed("hello", Voice(style="cheerful", rate=1.25, pitch=0.9))
    style = root.find(f".//{{{MSTTS}}}express-as")
    prosody = root.find(f".//{{{SSML}}}prosody")
    assert style is not None
    assert style.attrib == {"style": "cheerful"}
    assert prosody is not None
    assert prosody.attrib == {"rate": "+25%", "pitch": "-10%"}


def test_nothing_is_said_of_what_is_as_usual() -> None:
    assert tags(parsed("hello", Voice(rate=1.0, pitch=1.0))) == ["speak", "voice"]


def test_a_voice_that_speaks_another_language_is_told_so() -> None:
    root = parsed("Guten Tag", Voice(language="de-DE"))
    language = root.find(f".//{{{SSML}}}lang")
    assert language is not None
    assert list(language.attrib.values()) == ["de-DE"]


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        (AVA, AVA),
        ("de-DE-KatjaNeural", "de-DE-KatjaNeural"),
        ("en-US-Ava:DragonHDLatestNeural", "en-US-Ava:DragonHDLatestNeural"),
        ("zh-CN-liaoning-XiaobeiNeural", "zh-CN-liaoning-XiaobeiNeural"),
        ("", DEFAULT_VOICE),
        ("en-us+f3", DEFAULT_VOICE),
        ("alloy", DEFAULT_VOICE),
    ],
)
def test_a_name_that_the_service_cannot_know_is_its_default(asked: str, name: str) -> None:
    assert voice_name(Voice(name=asked)) == name

"""The notice of a recording is said before each greeting, and counts only where all of it was heard."""

import msgspec
import pytest

from actors.agent import Agent, InLanguage, Phrases
from actors.conversation import ChatMessage, Role
from actors.rules.backchannel import words_of
from app.agents.phrases_by_language import PHRASES, with_phrases_of_its_languages
from app.agents.recording_notice import all_with_notice, is_notice_in, was_notified, with_notice
from tests.kit.session_kit import AGENT

NOTICE = Phrases().recorded


def test_it_stands_before_the_greeting_and_alone_where_there_is_none() -> None:
    assert with_notice(AGENT).greeting == f"{NOTICE} {AGENT.greeting}"
    assert with_notice(msgspec.structs.replace(AGENT, greeting="")).greeting == NOTICE
    assert all_with_notice({"tester": AGENT})["tester"] == with_notice(AGENT)


def test_an_agent_without_the_phrase_says_nothing_of_it() -> None:
    silent = msgspec.structs.replace(AGENT, phrases=Phrases(recorded=""))
    assert with_notice(silent).greeting == AGENT.greeting


def test_each_language_has_its_own() -> None:
    raw = {"name": "a", "label": "A", "greeting": "Hello.", "languages": ["en-US", "de-DE", "ja-JP"]}
    agent = msgspec.convert(with_phrases_of_its_languages(raw), Agent)
    noticed = with_notice(agent)
    assert noticed.greeting == f"{NOTICE} Hello."
    for language in ("de", "ja"):
        own = noticed.in_language[f"{language}-{'DE' if language == 'de' else 'JP'}"]
        assert own.greeting == f"{PHRASES[language]['recorded']} Hello."


def test_a_greeting_of_a_language_stays_behind_it() -> None:
    spoken = {"fr-FR": InLanguage(greeting="Bonjour.", phrases=Phrases(recorded="On enregistre."))}
    agent = msgspec.structs.replace(AGENT, in_language=spoken)
    assert with_notice(agent).in_language["fr-FR"].greeting == "On enregistre. Bonjour."


@pytest.mark.parametrize(
    ("heard", "counts"),
    [
        (f"{NOTICE} {AGENT.greeting}", True),
        (NOTICE, True),
        ("this conversation may be recorded, hello", True),
        ("Hello. This conversation may be recorded!", True),
        ("This conversation may be", False),
        ("This conversation may not be recorded.", False),
        ("", False),
        ("Hello there.", False),
    ],
)
def test_only_all_of_it_counts_whatever_its_punctuation(heard: str, counts: bool) -> None:
    assert is_notice_in(heard, [words_of(NOTICE)]) is counts


@pytest.mark.parametrize("language", sorted(PHRASES))
def test_it_is_found_in_every_language(language: str) -> None:
    notice = str(PHRASES[language]["recorded"])
    half = notice[: len(notice) // 2]
    assert is_notice_in(f"{notice} {PHRASES[language]['goodbye']}", [words_of(notice)])
    assert not is_notice_in(half, [words_of(notice)])


def test_without_a_phrase_nobody_was_told() -> None:
    assert not is_notice_in("anything", [])


def test_who_goes_on_with_a_conversation_was_told_where_the_agent_has_said_it() -> None:
    said = ChatMessage(role=Role.ASSISTANT, text=f"{NOTICE} Hello.")
    quoted = ChatMessage(role=Role.USER, text=NOTICE)
    assert was_notified([quoted, said], [words_of(NOTICE)])
    assert not was_notified([quoted], [words_of(NOTICE)])
    assert not was_notified([], [words_of(NOTICE)])

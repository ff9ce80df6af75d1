"""What agents say by themselves, in the language of their callers."""

from pathlib import Path

import msgspec
import pytest

from actors.agent import InLanguage, Phrases
from actors.rules.language_words import BY_LANGUAGE
from app.agents.agent_files import load_agents
from app.agents.phrases_by_language import PHRASES, left_in_english, with_phrases_of_its_languages
from app.configuration import Configuration
from app.configuration_warnings import phrases_left_in_english

FIELDS = {field.name for field in msgspec.structs.fields(Phrases)}


@pytest.mark.parametrize("language", PHRASES)
def test_each_language_has_every_phrase_and_none_is_english(language: str) -> None:
    assert set(PHRASES[language]) == FIELDS
    phrases = msgspec.convert(dict(PHRASES[language]), Phrases)
    assert all(getattr(phrases, name) != getattr(Phrases(), name) for name in FIELDS)
    assert len(phrases.fillers) == len(set(phrases.fillers)) >= 2


def test_every_language_whose_words_are_understood_has_phrases() -> None:
    assert set(BY_LANGUAGE) == {*PHRASES, "en"}


def test_an_agent_speaks_its_first_language_and_its_own_words_win(tmp_path: Path) -> None:
    (tmp_path / "praxis.yaml").write_text(
        "name: praxis\nlabel: Praxis\nlanguages: [de-DE, en-US]\nphrases: {hold_on: Moment mal.}\n", encoding="utf-8"
    )
    agent = load_agents(tmp_path, {})["praxis"]
    assert agent.phrases.say_again == PHRASES["de"]["say_again"]
    assert agent.phrases.hold_on == "Moment mal."
    assert agent.in_language == {"en-US": InLanguage()}


def test_it_has_phrases_for_its_other_languages_too(tmp_path: Path) -> None:
    text = "name: host\nlabel: Host\nlanguages: [en-US, de-DE, es-ES, fi-FI]\nin_language:\n"
    text += "  de-DE: {greeting: Guten Tag., phrases: {hold_on: Moment mal.}}\n"
    (tmp_path / "host.yaml").write_text(text, encoding="utf-8")
    agent = load_agents(tmp_path, {})["host"]
    assert set(agent.in_language) == {"de-DE", "es-ES"}
    german, spanish = agent.in_language["de-DE"], agent.in_language["es-ES"]
    assert (german.greeting, german.phrases.hold_on) == ("Guten Tag.", "Moment mal.")
    assert german.phrases.goodbye == PHRASES["de"]["goodbye"]
    assert spanish.phrases.goodbye == PHRASES["es"]["goodbye"]
    assert agent.phrases == Phrases()


@pytest.mark.parametrize(
    "raw",
    [
        None,
        [],
        {"languages": []},
        {"languages": "de"},
        {"languages": ["de"], "phrases": 3},
        {"languages": ["de"], "in_language": 3},
    ],
)
def test_what_is_wrong_is_left_to_the_types(raw: object) -> None:
    assert with_phrases_of_its_languages(raw) == raw


def test_the_check_names_agents_whose_phrases_are_left_in_english(tmp_path: Path) -> None:
    (tmp_path / "talo.yaml").write_text("name: talo\nlabel: Talo\nlanguages: [fi-FI]\n", encoding="utf-8")
    (tmp_path / "haus.yaml").write_text("name: haus\nlabel: Haus\nlanguages: [de-DE]\n", encoding="utf-8")
    agents = load_agents(tmp_path, {})
    (warning,) = phrases_left_in_english(Configuration(agents=agents, tools={}, engines={}))
    assert warning == "the phrases of the agent talo are English, and its callers speak fi-FI"


@pytest.mark.parametrize(
    ("file", "warning"),
    [
        (
            "languages: [fi-FI]\nphrases: {apology: Anteeksi., goodbye: Hei hei.}",
            "the phrases of the agent talo are English, and its callers speak fi-FI (say_again, no_answer, busy,",
        ),
        ("languages: [en-US, fi-FI]", "the agent talo has no phrases for callers who speak fi-FI"),
        ("languages: [de-DE, sv-SE]", "the agent talo has no phrases for callers who speak sv-SE"),
        (
            "languages: [de-DE, sv-SE]\nin_language: {sv-SE: {greeting: Hej.}}",
            "the phrases of the agent talo are English, and its callers speak sv-SE",
        ),
        (
            "languages: [es-ES, en-GB, sv-SE]\nin_language: {sv-SE: {phrases: {goodbye: Hej.}}}",
            "the phrases of the agent talo are English, and its callers speak sv-SE (apology,",
        ),
        ("languages: [ko]", "the phrases of the agent talo are English, and its callers speak ko"),
    ],
)
def test_the_check_names_each_language_that_is_left_in_another(tmp_path: Path, file: str, warning: str) -> None:
    (tmp_path / "talo.yaml").write_text(f"name: talo\nlabel: Talo\n{file}\n", encoding="utf-8")
    agents = load_agents(tmp_path, {})
    (told,) = phrases_left_in_english(Configuration(agents=agents, tools={}, engines={}))
    assert told.startswith(warning)


@pytest.mark.parametrize("languages", ["[de-DE, es-ES]", "[en-US, fr-CA]", "[DE]", "[nl-BE, ja-JP, zh-CN]"])
def test_the_check_is_silent_of_languages_that_have_their_phrases(tmp_path: Path, languages: str) -> None:
    (tmp_path / "talo.yaml").write_text(f"name: talo\nlabel: Talo\nlanguages: {languages}\n", encoding="utf-8")
    agents = load_agents(tmp_path, {})
    assert list(phrases_left_in_english(Configuration(agents=agents, tools={}, engines={}))) == []


def test_languages_without_phrases_are_known() -> None:
    assert left_in_english(("fi-FI",))
    assert not left_in_english(("de-AT",))
    assert not left_in_english(("en-GB",))
    assert not left_in_english(())

"""The language in which an agent converses: known beforehand, or that of the caller's words."""

import pytest

from actors.agent import Agent, InLanguage, Phrases, Voice
from actors.rules.agent_language import LanguageHeard, followed, in_all_languages, matching, speaking

LANGUAGES = ("en-US", "de-DE", "de-AT")
KATJA = Voice(name="de-DE-KatjaNeural", language="de-DE")
HOST = Agent(
    name="host",
    label="Host",
    greeting="Hello.",
    languages=LANGUAGES,
    in_language={
        "de-DE": InLanguage(greeting="Guten Tag.", phrases=Phrases(goodbye="Tschüss."), voice=KATJA),
        "de-AT": InLanguage(phrases=Phrases(goodbye="Baba.")),
    },
)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        *(("de-AT", "de-AT"), ("DE-at", "de-AT"), ("de_AT", "de-AT"), (" de ", "de-DE"), ("de-CH", "de-DE")),
        *(("fr-FR", ""), ("", ""), ("d", ""), ("english", "")),
    ],
)
def test_a_tag_means_the_same_language_or_one_like_it(wanted: str, found: str) -> None:
    assert matching(wanted, LANGUAGES) == found


@pytest.mark.parametrize(
    ("utterances", "language"),
    [
        ([("ich möchte einen Tisch bestellen", "de-DE")], "de-DE"),
        ([("nein", "de-DE")], "en-US"),
        ([("nein", "de-DE"), ("doch nicht", "de-DE")], "de-DE"),
        ([("nein", "de-DE"), ("no", "en-US"), ("nein", "de-DE")], "en-US"),
        ([("nein", "de-DE"), ("si", "es-ES")], "en-US"),
        ([("我想预订一张今晚的桌子", "zh-CN")], "zh-CN"),
        ([("Donaudampfschiff", "de-DE")], "en-US"),
        ([("what did you say then", "")], "en-US"),
        ([("ich möchte einen Tisch bestellen", "de-DE"), ("no", "en-US"), ("yes", "en-US")], "en-US"),
    ],
)
def test_the_conversation_follows_a_caller_who_is_sure_to_speak_another_language(
    utterances: list[tuple[str, str]], language: str
) -> None:
    present, heard = "en-US", LanguageHeard()
    for text, spoken in utterances:
        present, heard = followed(heard, present, text, spoken)
    assert present == language


def test_an_agent_has_words_and_a_voice_for_each_language() -> None:
    german, austrian = speaking(HOST, "de-DE"), speaking(HOST, "de-AT")
    assert (german.greeting, german.phrases.goodbye, german.voice) == ("Guten Tag.", "Tschüss.", KATJA)
    assert (austrian.greeting, austrian.phrases.goodbye, austrian.voice) == ("Hello.", "Baba.", HOST.voice)
    assert speaking(HOST, "en-US") is HOST
    assert in_all_languages(HOST) == (HOST, german, austrian)

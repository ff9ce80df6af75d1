"""Words by language: which of them count for an agent, by its languages."""

import msgspec
import pytest

from actors.rules.backchannel import asks_to_wait, begins_with, meaningful_words
from actors.rules.language_words import BY_LANGUAGE, ENGLISH, words_for


def test_a_region_has_the_words_of_its_language() -> None:
    assert words_for(("de-DE",)).stop_words == BY_LANGUAGE["de"].stop_words
    assert words_for(("PT-br",)).attention == BY_LANGUAGE["pt"].attention


def test_several_languages_have_the_words_of_all_each_once() -> None:
    words = words_for(("en-US", "de-DE"))
    assert {*ENGLISH.backchannels, *BY_LANGUAGE["de"].backchannels} == set(words.backchannels)
    assert len(words.stop_words) == len(set(words.stop_words))


def test_sessions_that_speak_the_same_languages_share_one_copy_of_their_words() -> None:
    assert words_for(("en-US", "de-DE")) is words_for(("en-US", "de-DE"))


def test_a_language_that_is_not_known_is_spoken_to_in_english() -> None:
    assert words_for(("tlh",)) is ENGLISH
    assert words_for(()) is ENGLISH
    assert words_for(("tlh", "fr-FR")).stop_words == BY_LANGUAGE["fr"].stop_words


def test_every_language_has_words_of_all_kinds_in_lower_case_and_none_twice() -> None:
    for language, words in BY_LANGUAGE.items():
        for phrases in msgspec.structs.astuple(words):
            assert phrases, language
            assert len(phrases) == len(set(phrases)), language
            assert all(phrase == phrase.lower().strip() for phrase in phrases), language


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en-GB", "Uh?"),
        ("en-US", "Um, er..."),
        ("de-DE", "Ähm."),
        ("es-ES", "Eh..."),
        ("fr-FR", "Euh"),
        ("zh-CN", "呃"),
    ],
)
def test_a_hesitation_is_no_word(language: str, text: str) -> None:
    assert meaningful_words(text, words_for((language,)).backchannels) == 0


def test_to_ask_again_is_a_word() -> None:
    assert meaningful_words("Huh? What?", words_for(("en-US",)).backchannels) > 0


@pytest.mark.parametrize(
    ("language", "text", "asks"),
    [
        ("en-US", "Hold on a minute.", True),
        ("en-US", "Okay, just a moment please", True),
        ("en-US", "Wait, let me check.", True),
        ("en-US", "Yes please.", False),
        ("en-US", "Please", False),
        ("en-US", "Wait, I said Monday.", False),
        ("en-US", "One sec, I'm looking.", True),
        ("en-GB", "Stay on the line, I'll be right back.", True),
        ("en-US", "Give me a second, I said Monday", False),
        ("de-DE", "Einen Moment bitte.", True),
        ("de-DE", "Moment mal, ich schau mal.", True),
        ("de-DE", "Ja, warten Sie kurz bitte.", True),
        ("de-DE", "Eine Sekunde, bleiben Sie bitte dran.", True),
        ("de-AT", "Einen kleinen Augenblick", True),
        ("de-DE", "Ich bin gleich wieder da.", True),
        ("de-DE", "Moment, ich sagte Montag.", False),
        ("de-DE", "Einen Termin bitte.", False),
        ("es-ES", "Un momentito, por favor.", True),
        ("es-MX", "Vale, espéreme un segundo.", True),
        ("es-ES", "Deme un minuto, ahora vuelvo.", True),
        ("es-AR", "Aguarde un momento, no cuelgue", True),
        ("es-ES", "Espere, dije lunes.", False),
        ("es-ES", "Una mesa, por favor.", False),
        ("de-DE", "Ja genau.", False),
        ("fr-FR", "Ne quittez pas.", True),
        ("ja-JP", "ちょっと待ってください", True),
    ],
)
def test_whether_a_caller_asks_for_nothing_but_time(language: str, text: str, asks: bool) -> None:
    words = words_for((language,))
    assert asks_to_wait(text, words.waiting, words.backchannels) is asks


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en-US", "Exactly, I understand."),
        ("en-GB", "Hm, wow, interesting"),
        ("de-DE", "Klar, ich verstehe."),
        ("es-MX", "Ah, perfecto, eso es."),
        ("fr-CA", "Tout à fait, c'est ça"),
        ("it-IT", "D'accordo, capito"),
        ("pt-BR", "Uhum, beleza, pois é"),
        ("nl-BE", "Klopt, inderdaad"),
        ("zh-CN", "没错 明白了"),
        ("ja-JP", "ああ、了解です"),
    ],
)
def test_who_assents_says_nothing_else(language: str, text: str) -> None:
    assert meaningful_words(text, words_for((language,)).backchannels) == 0


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en-US", "Hey, stop!"),
        ("en-US", "never mind"),
        ("de-DE", "Hallo, hören Sie auf"),
        ("de-AT", "Seien Sie still"),
        ("es-ES", "Deténgase"),
        ("fr-FR", "Taisez-vous"),
        ("it-IT", "Stia zitto"),
        ("pt-BR", "Cala a boca"),
        ("nl-NL", "Houd op"),
        ("zh-CN", "闭嘴"),
        ("ja-JP", "やめてください"),
    ],
)
def test_orders_to_stop(language: str, text: str) -> None:
    words = words_for((language,))
    harmless = (*words.backchannels, *words.courtesies, *words.attention)
    assert begins_with(text, words.stop_words, unless=harmless)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en-US", "Hold please"),
        ("en-US", "Give me one second"),
        ("fr-FR", "Une petite minute, ne raccrochez pas"),
        ("it-IT", "Un attimino, resti in linea"),
        ("pt-PT", "Só um minuto, já volto"),
        ("nl-NL", "Ogenblikje, blijf aan de lijn"),
        ("zh-CN", "请等一下"),
        ("ja-JP", "少々お待ち下さい"),
    ],
)
def test_more_ways_to_ask_for_patience(language: str, text: str) -> None:
    words = words_for((language,))
    assert asks_to_wait(text, words.waiting, words.backchannels)

"""Machines and people who answer a call, by what they say."""

# ruff: noqa: RUF001 - Chinese and Japanese have punctuation of their own

import pytest

from actors.rules.answering_machine import Heard, Verdict, is_question, judged, phrases_of
from actors.rules.machine_words import BY_LANGUAGE

MACHINES = {
    "en-US": [
        "Hi, you've reached Anna Miller. I can't take your call right now. Please leave a message after the beep.",
        "Your call has been forwarded to an automated voice messaging system.",
        "You have reached the voicemail of five five five one two three.",
        "The person you are calling is not available. Please try again later.",
        "Hello, this is Bob. Leave your name and number at the tone.",
        "Sorry we missed you. Leave a message.",
        "Please record your message. When you have finished, hang up. Mailbox full.",
    ],
    "de-DE": [
        "Guten Tag, Sie haben den Anschluss von Familie Schulz. Bitte sprechen Sie nach dem Signalton.",
        "Der gewünschte Gesprächspartner ist vorübergehend nicht erreichbar.",
        "Die Mailbox von Anna. Hinterlassen Sie eine Nachricht.",
    ],
    "es-ES": ["Ha llamado a Ana. No puedo atenderle. Deje su mensaje después de la señal."],
    "fr-FR": ["Bonjour, vous êtes bien sur le répondeur de Marie. Laissez un message après le bip."],
    "it-IT": ["Risponde la segreteria telefonica. Lasciate un messaggio dopo il segnale acustico."],
    "pt-PT": ["A pessoa para quem ligou não está disponível. Deixe a sua mensagem após o sinal."],
    "nl-NL": ["Dit is de voicemail van Jan. Spreek een bericht in na de toon."],
    "zh-CN": ["您拨打的电话暂时无法接通，请在滴声后留言。"],
    "ja-JP": ["おかけになった電話は電波の届かない場所にあります。発信音の後にメッセージをどうぞ。"],
}
PEOPLE = {
    "en-US": [
        "Hello?",
        "Yes?",
        "Hello, this is Anna Miller speaking, I was just on my way out, so please make it quick if you can.",
        "He's not available right now. Would you like to leave a message?",
        "Good morning, thank you for calling Miller and Sons, this is Anna. How can I help you today?",
        "Sorry, she is unavailable. You can leave a message with me.",
        "Is this going to voicemail or who is this?",
        "I'm driving right now, can you call me back in ten minutes?",
        "No, this is not a mailbox.",
        "Oh, I thought you'd leave a message.",
        "Is this a voicemail, have I reached the answering machine?",
    ],
    "de-DE": [
        "Schulz.",
        "Guten Tag, Praxis Doktor Schulz, mein Name ist Meier, was kann ich für Sie tun?",
        "Der ist nicht erreichbar, möchten Sie eine Nachricht hinterlassen",
    ],
    "es-ES": ["¿Diga?", "No está disponible, ¿quiere dejar un mensaje?"],
    "fr-FR": ["Allô ?", "Il est absent, voulez-vous laisser un message"],
    "zh-CN": ["喂，哪位？"],
    "ja-JP": ["もしもし", "どちら様でしょうか"],
}


def said_in(texts: dict[str, list[str]]) -> list[tuple[str, str]]:
    return [(language, text) for language, those in texts.items() for text in those]


@pytest.mark.parametrize(("language", "text"), said_in(MACHINES))
def test_a_machine_is_known_by_its_words(language: str, text: str) -> None:
    assert judged(Heard(text=text, talks_s=5.0), [language]).verdict is Verdict.MACHINE


@pytest.mark.parametrize(("language", "text"), said_in(PEOPLE))
@pytest.mark.parametrize("talks_s", [2.0, 7.9])
def test_nobody_who_picks_up_is_a_machine(language: str, text: str, talks_s: float) -> None:
    assert judged(Heard(text=text, talks_s=talks_s), [language]).verdict is not Verdict.MACHINE


def test_each_kind_of_sign_counts_once() -> None:
    assert judged(Heard(text="leave a message. leave your name."), ["en-US"]).verdict is Verdict.DOUBTFUL
    assert judged(Heard(text="leave a message. not available."), ["en-US"]).signs == ("unavailable", "leave")


def test_a_long_talk_and_a_tone_are_signs() -> None:
    unknown = "dies ist in keiner sprache die hier jemand kennt"
    assert judged(Heard(text=unknown, talks_s=12.0), ["en-US"]).signs == ("long",)
    assert judged(Heard(text=unknown, talks_s=12.0, has_tone=True), ["en-US"]).verdict is Verdict.MACHINE
    assert judged(Heard(text="leave a message", talks_s=2.0, has_tone=True), ["en-US"]).verdict is Verdict.MACHINE


def test_a_tone_alone_is_none_of_a_machine() -> None:
    """A telephone that announces another call to a person who has said their name does so too."""
    assert judged(Heard(text="Anna Miller", talks_s=1.0, has_tone=True), ["en-US"]).verdict is Verdict.DOUBTFUL


def test_who_talks_for_long_and_asks_is_a_person() -> None:
    text = "Good morning, Miller and Sons, we are open from nine to five. How may I help you?"
    assert judged(Heard(text=text, talks_s=12.0), ["en-US"]).verdict is Verdict.PERSON


def test_nobody_talks_that_long_before_they_wait_for_an_answer() -> None:
    assert judged(Heard(text="and then", talks_s=26.0), ["en-US"]).signs == ("long",)
    assert judged(Heard(text="how can i help", talks_s=26.0), ["en-US"]).verdict is Verdict.MACHINE


def test_each_language_has_every_kind_of_phrase_and_an_unknown_one_has_the_english() -> None:
    assert all(all(getattr(words, kind) for kind in words.__struct_fields__) for words in BY_LANGUAGE.values())
    assert judged(Heard(text="after the beep"), ["xx-XX"]).verdict is Verdict.MACHINE
    assert "after the beep" in phrases_of(["en-GB", "de-DE"])
    assert "nach dem ton" in phrases_of(["en-GB", "de-DE"])


def test_a_question_is_known_by_its_end() -> None:
    assert is_question("who is this? ")
    assert is_question("どなた\uff1f")
    assert not is_question("what? no.")

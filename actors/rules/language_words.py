"""Words by language that mean something to turn-taking itself: listening, stopping, asking whether anybody is there.

Data only. An agent's file may name its own (`barge_in.backchannels`, `barge_in.stop_words`, `barge_in.attention`,
`barge_in.waiting`).
"""

from collections.abc import Iterable, Mapping

import msgspec


class LanguageWords(msgspec.Struct, frozen=True, kw_only=True):
    """Phrases in lower case, each of one or several words."""

    backchannels: tuple[str, ...]
    """Say "I am listening", or nothing: a hesitation is no word either, nor what a recognizer makes of a cough."""
    stop_words: tuple[str, ...]
    """Silence the agent at once when an utterance begins with one of them."""
    attention: tuple[str, ...]
    """Ask whether anybody is there; while an answer is being made, this is no other question."""
    waiting: tuple[str, ...]
    """Ask the agent to wait: who says nothing but this is not soon asked whether they are there."""


ENGLISH = LanguageWords(
    backchannels=(
        "uh huh", "uh-huh", "mhm", "mm-hmm", "mm", "hmm", "yeah", "yep", "yes", "ok", "okay", "right", "sure", "i see",
        "got it", "alright", "cool", "ah", "oh", "no problem", "no worries", "uh", "um", "uhm", "er", "erm", "eh",
        "huh",
    ),
    stop_words=("stop", "wait", "hold on", "hang on", "no", "be quiet", "shut up", "enough", "cancel"),
    attention=("hello", "hello there", "are you there", "are you still there", "anybody there", "can you hear me"),
    waiting=(
        "hold on", "hang on", "one moment", "just a moment", "a moment", "one minute", "just a minute", "a minute",
        "one second", "just a second", "a second", "wait", "give me a second", "give me a minute", "give me a moment",
        "let me check", "let me look", "let me see", "bear with me",
    ),
)  # fmt: skip

BY_LANGUAGE: Mapping[str, LanguageWords] = {
    "en": ENGLISH,
    "de": LanguageWords(
        backchannels=(
            "mhm",
            "hm",
            "äh",
            "ähm",
            "öh",
            "ja",
            "jaja",
            "ok",
            "okay",
            "genau",
            "aha",
            "ach so",
            "verstehe",
            "alles klar",
            "gut",
            "stimmt",
            "richtig",
            "kein problem",
        ),
        stop_words=("stopp", "stop", "halt", "warte", "warten sie", "moment", "einen moment", "nein", "genug", "ruhe"),
        attention=("hallo", "sind sie noch da", "sind sie da", "bist du noch da", "hören sie mich"),
        waiting=(
            "moment",
            "einen moment",
            "eine sekunde",
            "eine minute",
            "warten sie",
            "warte",
            "moment mal",
            "ich schaue nach",
            "ich sehe nach",
            "augenblick",
            "einen augenblick",
            "kurz",
        ),
    ),
    "es": LanguageWords(
        backchannels=(
            "mhm",
            "eh",
            "em",
            "ajá",
            "sí",
            "ok",
            "vale",
            "claro",
            "bueno",
            "ya",
            "entiendo",
            "de acuerdo",
            "muy bien",
            "exacto",
            "no hay problema",
        ),
        stop_words=("para", "pare", "alto", "espera", "espere", "un momento", "no", "basta", "cállate"),
        attention=("hola", "está ahí", "sigue ahí", "estás ahí", "me oye", "me escucha", "oiga"),
        waiting=(
            "un momento",
            "un segundo",
            "un minuto",
            "espere",
            "espera",
            "deme un momento",
            "déjeme ver",
            "déjame ver",
        ),
    ),
    "fr": LanguageWords(
        backchannels=(
            "mhm",
            "hum",
            "euh",
            "heu",
            "oui",
            "ouais",
            "ok",
            "d'accord",
            "très bien",
            "bien sûr",
            "je vois",
            "voilà",
            "ah",
            "pas de problème",
        ),
        stop_words=("stop", "arrêtez", "arrête", "attendez", "attends", "un instant", "non", "ça suffit", "assez"),
        attention=("allô", "bonjour", "vous êtes là", "tu es là", "vous m'entendez"),
        waiting=(
            "un instant",
            "un moment",
            "une seconde",
            "une minute",
            "attendez",
            "attends",
            "ne quittez pas",
            "je regarde",
        ),
    ),
    "it": LanguageWords(
        backchannels=(
            "mhm",
            "eh",
            "ehm",
            "sì",
            "ok",
            "va bene",
            "certo",
            "capisco",
            "ho capito",
            "esatto",
            "ah",
            "già",
        ),
        stop_words=("stop", "ferma", "fermati", "aspetta", "aspetti", "un momento", "un attimo", "no", "basta"),
        attention=("pronto", "c'è qualcuno", "mi sente", "è ancora lì"),
        waiting=(
            "un momento",
            "un attimo",
            "un secondo",
            "un minuto",
            "aspetti",
            "aspetta",
            "attenda",
            "fammi vedere",
            "mi faccia vedere",
        ),
    ),
    "pt": LanguageWords(
        backchannels=(
            "mhm",
            "hum",
            "eh",
            "sim",
            "ok",
            "tá",
            "tá bom",
            "está bem",
            "certo",
            "claro",
            "entendi",
            "sei",
            "pois",
        ),
        stop_words=("pare", "para", "espera", "espere", "um momento", "não", "chega", "basta"),
        attention=("alô", "olá", "está aí", "ainda está aí", "me ouve", "está me ouvindo"),
        waiting=(
            "um momento",
            "um segundo",
            "um minuto",
            "só um momento",
            "espere",
            "espera",
            "aguarde",
            "deixe-me ver",
            "deixa eu ver",
        ),
    ),
    "nl": LanguageWords(
        backchannels=(
            "mhm",
            "hm",
            "eh",
            "uh",
            "uhm",
            "ja",
            "oké",
            "ok",
            "precies",
            "goed",
            "juist",
            "ik snap het",
            "begrepen",
        ),
        stop_words=("stop", "wacht", "wacht even", "een moment", "nee", "genoeg", "hou op"),
        attention=("hallo", "bent u er nog", "ben je er nog", "hoort u mij"),
        waiting=(
            "een moment",
            "een seconde",
            "een minuut",
            "momentje",
            "wacht",
            "wacht even",
            "ik kijk even",
            "even kijken",
        ),
    ),
    "zh": LanguageWords(
        backchannels=("嗯", "嗯嗯", "呃", "是", "是的", "对", "对对", "好", "好的", "行", "哦", "明白", "知道了"),
        stop_words=("停", "停一下", "等等", "等一下", "不", "不要", "不是", "别说了"),
        attention=("喂", "你好", "在吗", "你在吗", "听得到吗"),
        waiting=("等等", "等一下", "稍等", "请稍等", "等我一下", "我看一下"),
    ),
    "ja": LanguageWords(
        backchannels=("はい", "うん", "えっと", "ええ", "そう", "そうですね", "なるほど", "わかりました", "へえ"),
        stop_words=("止めて", "ストップ", "待って", "待ってください", "ちょっと待って", "いいえ", "違います"),
        attention=("もしもし", "聞こえますか", "いますか"),
        waiting=("ちょっと待って", "待って", "待ってください", "少々お待ちください", "お待ちください"),
    ),
}
"""By primary language subtag (BCP 47)."""


def words_for(languages: tuple[str, ...]) -> LanguageWords:
    """The words of all `languages` (tags such as `de-DE`) together; English where none of them is known."""
    known = [BY_LANGUAGE[subtag] for tag in languages if (subtag := tag.partition("-")[0].lower()) in BY_LANGUAGE]
    if not known:
        return ENGLISH
    return LanguageWords(
        backchannels=_all(words.backchannels for words in known),
        stop_words=_all(words.stop_words for words in known),
        attention=_all(words.attention for words in known),
        waiting=_all(words.waiting for words in known),
    )


def _all(phrases: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(phrase for some in phrases for phrase in some))

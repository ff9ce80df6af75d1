"""What people say by language who take a call that is offered to them, or do not. Data only."""

from collections.abc import Mapping

import msgspec


class ConsultWords(msgspec.Struct, frozen=True, kw_only=True):
    """Phrases in lower case, found anywhere in what is said. A phrase that takes the call comes before one that does
    not: "no problem, put them through".
    """

    takes: tuple[str, ...]
    """Phrases that take the caller by themselves, even beside a no: "no problem, put them through"."""
    declines: tuple[str, ...]
    repeats: tuple[str, ...]
    """Phrases that ask for the briefing once more."""
    agrees: tuple[str, ...]
    """Phrases that are a yes if nothing is said against it."""


# fmt: off
# Read as lists: a paragraph each, not a line a phrase.
ENGLISH = ConsultWords(
    takes=("put them through", "put him through", "put her through", "go ahead", "i'll take it", "i will take it",
           "i'll take the call", "connect me", "connect them", "no problem", "accept"),
    declines=("no", "nope", "not now", "can't", "cannot", "don't", "busy", "decline", "later", "another time", "won't",
              "not available"),
    repeats=("again", "repeat", "pardon", "what", "who", "sorry"),
    agrees=("yes", "yeah", "yep", "sure", "okay", "ok", "fine", "of course", "all right", "alright", "certainly",
            "one"),
)

BY_LANGUAGE: Mapping[str, ConsultWords] = {
    "en": ENGLISH,
    "de": ConsultWords(
        takes=("stellen sie durch", "stell durch", "verbinden sie", "ich nehme", "her damit", "kein problem"),
        declines=("nein", "nicht", "kann nicht", "später", "keine zeit", "ablehnen", "nee"),
        repeats=("noch einmal", "nochmal", "wie bitte", "wer", "was"),
        agrees=("ja", "klar", "gut", "okay", "ok", "gerne", "natürlich", "in ordnung", "eins"),
    ),
    "es": ConsultWords(
        takes=("pásemelo", "pásamelo", "póngame", "adelante", "lo cojo", "lo tomo", "sin problema"),
        declines=("no", "ahora no", "no puedo", "más tarde", "luego", "ocupado", "ocupada"),
        repeats=("otra vez", "repita", "repite", "cómo", "quién", "qué"),
        agrees=("sí", "vale", "claro", "de acuerdo", "bueno", "por supuesto", "uno"),
    ),
    "fr": ConsultWords(
        takes=("passez-le-moi", "passez-la-moi", "passez le moi", "allez-y", "je prends", "je le prends",
               "pas de problème"),
        declines=("non", "pas maintenant", "je ne peux pas", "plus tard", "occupé", "occupée"),
        repeats=("encore une fois", "répétez", "pardon", "comment", "qui"),
        agrees=("oui", "d'accord", "ok", "bien sûr", "très bien", "volontiers", "un"),
    ),
    "it": ConsultWords(
        takes=("me lo passi", "me la passi", "lo prendo", "va pure", "nessun problema"),
        declines=("no", "non posso", "non ora", "più tardi", "dopo", "occupato", "occupata"),
        repeats=("di nuovo", "ripeta", "ripeti", "come", "chi", "scusi"),
        agrees=("sì", "va bene", "certo", "ok", "volentieri", "d'accordo", "uno"),
    ),
    "pt": ConsultWords(
        takes=("pode passar", "passe", "eu atendo", "sem problema"),
        declines=("não", "agora não", "não posso", "mais tarde", "depois", "ocupado", "ocupada"),
        repeats=("outra vez", "de novo", "repita", "como", "quem"),
        agrees=("sim", "claro", "está bem", "tudo bem", "ok", "com certeza", "um"),
    ),
    "nl": ConsultWords(
        takes=("verbind maar door", "verbindt u maar door", "ik neem hem", "ik neem het", "geen probleem"),
        declines=("nee", "niet", "kan niet", "later", "geen tijd", "bezet"),
        repeats=("nog een keer", "herhaal", "pardon", "wie", "wat"),
        agrees=("ja", "prima", "goed", "oké", "ok", "natuurlijk", "graag", "een"),
    ),
    "zh": ConsultWords(
        takes=("接过来", "转过来", "没问题", "我接"),
        declines=("不", "没空", "等会", "以后", "不行"),
        repeats=("再说", "什么", "谁", "重复"),
        agrees=("好", "好的", "可以", "行", "是", "是的"),
    ),
    "ja": ConsultWords(
        takes=("つないでください", "出ます", "問題ありません"),
        declines=("いいえ", "出られません", "できません", "後で", "無理"),
        repeats=("もう一度", "何ですか", "誰", "どなた"),
        agrees=("はい", "ええ", "いいですよ", "大丈夫です", "お願いします"),
    ),
}
# fmt: on
"""The words of each language, by its primary subtag (BCP 47)."""


def words_for(languages: tuple[str, ...]) -> list[ConsultWords]:
    """Those of `languages`, English where none of them is known."""
    subtags = dict.fromkeys(tag.partition("-")[0].lower() for tag in languages)
    return [BY_LANGUAGE[subtag] for subtag in subtags if subtag in BY_LANGUAGE] or [ENGLISH]

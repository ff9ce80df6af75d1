"""Words by language that mean something to turn-taking itself: listening, stopping, asking whether anybody is there.

Data only. An agent's file may name its own (`barge_in.backchannels`, `barge_in.stop_words`, `barge_in.attention`,
`barge_in.waiting`, `barge_in.courtesies`, `barge_in.farewells`).
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache

import msgspec


class LanguageWords(msgspec.Struct, frozen=True, kw_only=True):
    """Phrases in lower case, each of one or several words."""

    backchannels: tuple[str, ...]
    """Phrases that only say "I am listening", hesitations, and what a recognizer makes of a cough."""
    stop_words: tuple[str, ...]
    """Phrases that silence the agent at once when an utterance begins with one of them, also after backchannels."""
    attention: tuple[str, ...]
    """Phrases that ask whether anybody is there; while an answer is being made, they are not a further question."""
    waiting: tuple[str, ...]
    """Phrases that ask the agent to wait: a caller who says only that is prompted later than others."""
    courtesies: tuple[str, ...]
    """Thanks and encouragement: they ask nothing of an agent that is at work or says goodbye."""
    farewells: tuple[str, ...]
    """Phrases that say goodbye; they ask nothing of an agent that says goodbye."""


# fmt: off
# Read as lists: a paragraph each, not a line a phrase.
ENGLISH = LanguageWords(
    backchannels=(
        "uh huh", "uh-huh", "mhm", "mm-hmm", "mm", "hmm", "yeah", "yep", "yes", "ok", "okay", "right", "sure", "i see",
        "got it", "alright", "cool", "ah", "oh", "no problem", "no worries", "uh", "um", "uhm", "er", "erm", "eh",
        "huh", "yup", "exactly", "absolutely", "gotcha", "i understand", "understood", "makes sense", "hm", "mmm",
        "mhmm", "aha", "wow", "oh really", "interesting", "fair enough", "indeed", "totally", "definitely",
    ),
    stop_words=(
        "stop", "wait", "hold on", "hang on", "no", "be quiet", "shut up", "enough", "cancel", "nope", "quiet",
        "silence", "hush", "shush", "pause", "quit it", "that's enough", "never mind", "nevermind",
    ),
    attention=(
        "hello", "hello there", "are you there", "are you still there", "anybody there", "can you hear me", "hi",
        "hi there", "hey", "hey there", "hallo", "are you with me", "are you still with me", "you there",
        "you still there", "still there", "anyone there", "is anybody there", "is anyone there",
        "is somebody there", "do you hear me", "did you hear me", "so", "well", "sorry",
        "yo", "hiya", "howdy", "ahoy", "oi", "hey you", "yoo hoo", "anyone home", "anybody home", "is anybody home",
        "is anyone home", "are you listening", "you listening", "can you still hear me", "do you still hear me",
        "you hear me", "you with me", "still with me", "are you alive", "anyone", "anybody", "somebody there",
    ),
    waiting=(
        "hold on", "hang on", "one moment", "just a moment", "a moment", "one minute", "just a minute", "a minute",
        "one second", "just a second", "a second", "wait", "give me a second", "give me a minute", "give me a moment",
        "let me check", "let me look", "let me see", "bear with me", "a sec", "one sec", "just a sec", "give me a sec",
        "stay on the line", "hold the line", "don't hang up", "be right back", "i'll be right back", "i'm looking",
        "i am looking", "one second please", "just one second", "just one moment", "just one minute",
        "give me one second", "give me one minute", "give me one moment", "give me just a second",
        "give me just a moment", "hold please", "two seconds", "two minutes", "let me find it", "let me grab a pen",
    ),
    courtesies=(
        "thank you", "thank you so much", "thank you very much", "thanks", "thanks a lot", "thanks so much", "please",
        "great", "perfect", "excellent", "wonderful", "lovely", "fine", "that's fine", "good", "very good",
        "all right", "sounds good", "of course", "take your time", "no rush", "no hurry", "thank you kindly",
        "much appreciated", "i appreciate it", "appreciate it", "that's great", "awesome", "amazing",
    ),
    farewells=(
        "bye", "bye bye", "bye now", "goodbye", "good bye", "good night", "see you", "see you then", "see you later",
        "see you soon", "have a nice day", "have a good day", "have a good one", "have a nice evening", "take care",
        "you too", "same to you", "and you", "cheers", "bye-bye", "so long", "talk to you later", "ciao",
        "have a great day", "good day",
    ),
)

BY_LANGUAGE: Mapping[str, LanguageWords] = {
    "en": ENGLISH,
    "de": LanguageWords(
        backchannels=(
            "mhm", "hm", "äh", "ähm", "öh", "ja", "jaja", "ok", "okay", "genau", "aha", "ach so", "verstehe",
            "alles klar", "gut", "stimmt", "richtig", "kein problem", "klar", "na klar", "mmh", "mm", "hmm", "jo",
            "jap", "jawohl", "natürlich", "ah", "ah ja", "ach ja", "oh", "passt", "logisch", "sicher", "ich verstehe",
            "verstanden",
        ),
        stop_words=(
            "stopp", "stop", "halt", "warte", "warten sie", "moment", "einen moment", "nein", "genug", "ruhe",
            "aufhören", "hör auf", "hören sie auf", "schluss", "abbrechen", "still", "sei still", "seien sie still",
        ),
        attention=(
            "hallo", "sind sie noch da", "sind sie da", "bist du noch da", "hören sie mich", "noch da",
            "sind sie noch dran", "bist du noch dran", "sind sie dran", "ist da jemand", "jemand da", "ist da wer",
            "hören sie mich noch", "können sie mich hören", "kannst du mich hören", "hörst du mich", "na",
            "entschuldigung",
            "ey", "hey", "hi", "he", "huhu", "moin", "sind sie da noch", "noch dran", "bist du da", "bist du dran",
            "ist jemand da", "jemand zu hause", "hören sie mich denn", "hören sie", "hörst du", "sie hören mich",
            "hören sie zu",
        ),
        waiting=(
            "moment", "einen moment", "eine sekunde", "eine minute", "warten sie", "warte", "moment mal",
            "ich schaue nach", "ich sehe nach", "augenblick", "einen augenblick", "kurz", "sekunde", "sekündchen",
            "momentchen", "kleinen moment", "einen kleinen moment", "einen kleinen augenblick", "kurzen moment",
            "einen kurzen moment", "minütchen", "eine minute noch", "warten sie mal", "warte mal", "warten sie kurz",
            "bleiben sie dran", "bleiben sie bitte dran", "bleib dran", "legen sie nicht auf", "nicht auflegen",
            "ich schau mal", "ich schaue mal", "ich schau kurz", "ich schaue kurz nach", "ich bin gleich wieder da",
            "bin gleich wieder da", "bin gleich zurück", "gleich wieder da", "sekunde mal", "ich muss kurz schauen",
            "ich muss kurz nachsehen", "zwei minuten", "zwei sekunden",
        ),
        courtesies=(
            "danke", "danke schön", "dankeschön", "danke sehr", "vielen dank", "besten dank", "bitte", "bitte sehr",
            "super", "prima", "perfekt", "toll", "sehr gut", "schön", "in ordnung", "natürlich", "kein stress",
            "lassen sie sich zeit", "ich danke ihnen", "herzlichen dank", "gerne", "gern", "sehr gerne", "alles gut",
        ),
        farewells=(
            "tschüss", "tschüs", "tschau", "ciao", "wiederhören", "auf wiederhören", "auf wiedersehen", "bis dann",
            "bis bald", "bis später", "schönen tag", "schönen tag noch", "einen schönen tag", "einen schönen tag noch",
            "schönen abend", "schönen abend noch", "ihnen auch", "dir auch", "gleichfalls", "ebenfalls", "gute nacht",
            "servus", "ade", "mach's gut", "machs gut", "bis morgen", "schönes wochenende", "auf wiederschauen",
        ),
    ),
    "es": LanguageWords(
        backchannels=(
            "mhm", "eh", "em", "ajá", "sí", "ok", "vale", "claro", "bueno", "ya", "entiendo", "de acuerdo", "muy bien",
            "exacto", "no hay problema", "mm", "mmm", "aha", "ah", "okay", "okey", "perfecto", "correcto", "eso",
            "eso es", "así es", "comprendo", "ya veo", "dale", "listo",
        ),
        stop_words=(
            "para", "pare", "alto", "espera", "espere", "un momento", "no", "basta", "cállate", "silencio", "cállese",
            "detente", "deténgase", "cancela", "cancele", "suficiente",
        ),
        attention=(
            "hola", "está ahí", "sigue ahí", "estás ahí", "me oye", "me escucha", "oiga", "hay alguien",
            "hay alguien ahí", "está usted ahí", "sigues ahí", "me oyes", "me escuchas", "puede oírme", "perdón",
            "oye", "ey", "hey", "aló", "diga", "dígame", "sigue usted ahí", "todavía está ahí", "me oye usted",
            "me escucha usted", "me está escuchando", "puedes oírme", "hola hay alguien",
        ),
        waiting=(
            "un momento", "un segundo", "un minuto", "espere", "espera", "deme un momento", "déjeme ver", "déjame ver",
            "un momentito", "momentito", "un segundito", "un minutito", "deme un segundo", "deme un minuto",
            "dame un momento", "dame un segundo", "dame un minuto", "espéreme", "espérame", "aguarde", "aguarda",
            "no cuelgue", "no cuelgues", "permítame", "permítame un momento", "ahora vuelvo", "enseguida vuelvo",
            "vuelvo enseguida", "un ratito", "déjeme mirar", "déjame mirar", "ya vuelvo", "no se retire",
            "deme un segundito", "deme un momentito", "tantito",
        ),
        courtesies=(
            "gracias", "muchas gracias", "mil gracias", "por favor", "perfecto", "genial", "estupendo", "excelente",
            "bien", "está bien", "por supuesto", "sin prisa", "tómese su tiempo", "se lo agradezco", "te lo agradezco",
            "muy amable",
        ),
        farewells=(
            "adiós", "hasta luego", "hasta pronto", "hasta mañana", "chao", "chau", "que tenga buen día", "buen día",
            "buenas noches", "igualmente", "nos vemos", "hasta la vista", "que le vaya bien", "cuídese", "bye",
        ),
    ),
    "fr": LanguageWords(
        backchannels=(
            "mhm", "hum", "euh", "heu", "oui", "ouais", "ok", "d'accord", "très bien", "bien sûr", "je vois", "voilà",
            "ah", "pas de problème", "mm", "mmh", "hmm", "oh", "c'est ça", "exactement", "tout à fait", "bien entendu",
            "entendu", "compris",
        ),
        stop_words=(
            "stop", "arrêtez", "arrête", "attendez", "attends", "un instant", "non", "ça suffit", "assez",
            "taisez-vous", "tais-toi", "stoppez", "silence", "annulez", "annule", "chut",
        ),
        attention=(
            "allô", "bonjour", "vous êtes là", "tu es là", "vous m'entendez", "il y a quelqu'un",
            "vous êtes toujours là", "tu es toujours là", "vous êtes encore là", "vous m'entendez encore",
            "tu m'entends", "alors", "pardon", "hé", "hé ho", "ohé", "hey", "hello", "coucou", "y a quelqu'un",
            "vous êtes là encore", "tu es encore là", "vous m'écoutez", "tu m'écoutes", "vous m'entendez toujours",
            "vous me recevez", "êtes-vous là", "êtes-vous toujours là", "est-ce que vous m'entendez",
            "est-ce que vous êtes là", "il y a quelqu'un là", "allo",
        ),
        waiting=(
            "un instant", "un moment", "une seconde", "une minute", "attendez", "attends", "ne quittez pas",
            "je regarde", "une petite minute", "une petite seconde", "un petit instant", "deux secondes",
            "deux minutes", "patientez", "restez en ligne", "ne raccrochez pas", "je reviens", "je vérifie",
        ),
        courtesies=(
            "merci", "merci beaucoup", "merci bien", "s'il vous plaît", "s'il te plaît", "parfait", "super", "génial",
            "bien", "c'est bien", "c'est bon", "excellent", "prenez votre temps", "je vous en prie",
            "merci infiniment", "pas de souci", "volontiers", "avec plaisir",
        ),
        farewells=(
            "au revoir", "à bientôt", "à plus tard", "à plus", "à demain", "salut", "bonne journée", "bonne soirée",
            "bonne nuit", "vous aussi", "également", "de même", "bonne fin de journée", "à tout à l'heure",
            "à la prochaine", "adieu",
        ),
    ),
    "it": LanguageWords(
        backchannels=(
            "mhm", "eh", "ehm", "sì", "ok", "va bene", "certo", "capisco", "ho capito", "esatto", "ah", "già", "mm",
            "mmh", "mhmh", "giusto", "chiaro", "d'accordo", "perfetto", "okay", "capito", "certamente",
        ),
        stop_words=(
            "stop", "ferma", "fermati", "aspetta", "aspetti", "un momento", "un attimo", "no", "basta", "zitto",
            "stia zitto", "silenzio", "smettila", "la smetta", "annulla", "annulli", "si fermi",
        ),
        attention=(
            "pronto", "c'è qualcuno", "mi sente", "è ancora lì", "c'è ancora", "mi senti", "mi sente ancora",
            "sei ancora lì", "sei lì", "è lì", "scusi", "allora", "ehi", "ehilà", "hey", "salve", "mi ascolta",
            "mi ascolti", "c'è nessuno", "è ancora in linea", "mi sentite",
        ),
        waiting=(
            "un momento", "un attimo", "un secondo", "un minuto", "aspetti", "aspetta", "attenda", "fammi vedere",
            "mi faccia vedere", "un attimino", "un secondino", "un momentino", "un minutino", "due secondi",
            "due minuti", "resti in linea", "non riattacchi", "torno subito", "mi dia un minuto", "mi dia un secondo",
        ),
        courtesies=(
            "grazie", "grazie mille", "molte grazie", "per favore", "prego", "perfetto", "ottimo", "bene",
            "molto bene", "benissimo", "certamente", "con calma", "faccia con calma", "ti ringrazio", "la ringrazio",
            "grazie tante", "volentieri",
        ),
        farewells=(
            "arrivederci", "arrivederla", "ciao", "a presto", "a dopo", "a domani", "buona giornata", "buona serata",
            "buonanotte", "buona notte", "altrettanto", "anche a lei", "ci sentiamo", "ci vediamo",
        ),
    ),
    "pt": LanguageWords(
        backchannels=(
            "mhm", "hum", "eh", "sim", "ok", "tá", "tá bom", "está bem", "certo", "claro", "entendi", "sei", "pois",
            "uhum", "aham", "ahã", "isso", "exato", "beleza", "tudo bem", "okay", "é", "ah", "perfeito", "compreendo",
            "pois é",
        ),
        stop_words=(
            "pare", "para", "espera", "espere", "um momento", "não", "chega", "basta", "pára", "cala a boca",
            "cale-se", "silêncio", "cancela", "cancele",
        ),
        attention=(
            "alô", "olá", "está aí", "ainda está aí", "me ouve", "está me ouvindo", "tem alguém aí", "você está aí",
            "consegue me ouvir", "pode me ouvir", "oi", "então", "desculpe", "ei", "opa", "hey", "está me escutando",
            "ainda está na linha", "tem alguém na linha", "está na linha", "tá aí", "você tá aí", "tem alguém",
        ),
        waiting=(
            "um momento", "um segundo", "um minuto", "só um momento", "espere", "espera", "aguarde", "deixe-me ver",
            "deixa eu ver", "um instante", "só um instante", "só um minuto", "só um segundo", "um minutinho",
            "um momentinho", "um segundinho", "espera aí", "peraí", "aguarda", "espere um pouco", "não desligue",
            "já volto",
        ),
        courtesies=(
            "obrigado", "obrigada", "muito obrigado", "muito obrigada", "por favor", "perfeito", "ótimo", "bom",
            "muito bem", "excelente", "sem pressa", "com certeza", "valeu", "agradeço", "muito grato", "muito grata",
        ),
        farewells=(
            "tchau", "adeus", "até logo", "até mais", "até breve", "até amanhã", "bom dia", "boa tarde", "boa noite",
            "tenha um bom dia", "igualmente", "para você também", "até a próxima", "um abraço", "falou",
        ),
    ),
    "nl": LanguageWords(
        backchannels=(
            "mhm", "hm", "eh", "uh", "uhm", "ja", "oké", "ok", "precies", "goed", "juist", "ik snap het", "begrepen",
            "mm", "hmm", "jaja", "klopt", "okay", "oke", "inderdaad", "snap ik", "duidelijk", "zeker", "ah", "mooi",
            "prima",
        ),
        stop_words=(
            "stop", "wacht", "wacht even", "een moment", "nee", "genoeg", "hou op", "stil", "stilte", "houd op",
            "hou je mond", "ophouden", "annuleren", "annuleer",
        ),
        attention=(
            "hallo", "bent u er nog", "ben je er nog", "hoort u mij", "bent u daar", "ben je daar", "is daar iemand",
            "is er iemand", "hoor je mij", "hoort u me", "kunt u mij horen", "sorry", "nou", "hé", "hey", "hoi",
            "luistert u", "luister je", "bent u nog aan de lijn", "kunt u me horen", "bent u daar nog",
            "ben je daar nog",
        ),
        waiting=(
            "een moment", "een seconde", "een minuut", "momentje", "wacht", "wacht even", "ik kijk even",
            "even kijken", "een ogenblik", "ogenblik", "ogenblikje", "één moment", "seconde", "secondje", "minuutje",
            "blijf aan de lijn", "blijft u aan de lijn", "niet ophangen", "ben zo terug", "ik ben zo terug",
            "wacht eens even",
        ),
        courtesies=(
            "dank u", "dank u wel", "dank je", "dank je wel", "dankjewel", "bedankt", "heel erg bedankt",
            "alstublieft", "alsjeblieft", "prima", "perfect", "geweldig", "mooi", "heel goed", "natuurlijk",
            "geen haast", "neem de tijd", "dank u vriendelijk", "graag gedaan", "graag",
        ),
        farewells=(
            "dag", "doei", "tot ziens", "tot straks", "tot later", "tot dan", "fijne dag", "fijne dag nog",
            "fijne avond", "u ook", "jij ook", "insgelijks", "fijn weekend", "tot morgen", "doeg",
        ),
    ),
    "zh": LanguageWords(
        backchannels=(
            "嗯", "嗯嗯", "呃", "是", "是的", "对", "对对", "好", "好的", "行", "哦", "明白", "知道了", "嗯哼", "是啊",
            "对的", "好啊", "啊", "没错", "明白了", "了解", "知道", "懂了",
        ),
        stop_words=(
            "停", "停一下", "等等", "等一下", "不", "不要", "不是", "别说了", "闭嘴", "够了", "安静", "取消", "别说",
        ),
        attention=(
            "喂", "你好", "在吗", "你在吗", "听得到吗", "有人吗", "你还在吗", "还在吗", "能听到吗", "听得见吗", "您好",
            "哈喽", "嗨", "您在吗", "您还在吗", "听见了吗", "在不在", "听到吗",
        ),
        waiting=(
            "等等", "等一下", "稍等", "请稍等", "等我一下", "我看一下", "等一会儿", "请等一下", "等我一会儿",
            "稍等一会儿", "您稍等", "我去看看", "别挂", "马上回来",
        ),
        courtesies=(
            "谢谢", "谢谢你", "谢谢您", "多谢", "非常感谢", "麻烦了", "麻烦你了", "请", "太好了", "很好", "可以",
            "没问题", "不急", "慢慢来", "谢了", "感谢", "辛苦了",
        ),
        farewells=("再见", "拜拜", "回头见", "下次见", "祝你愉快", "晚安", "再会", "明天见"),
    ),
    "ja": LanguageWords(
        backchannels=(
            "はい", "うん", "えっと", "ええ", "そう", "そうですね", "なるほど", "わかりました", "へえ", "はあ", "ほう",
            "ああ", "そうか", "了解", "了解です", "承知しました", "オーケー", "ええと", "あのー",
        ),
        stop_words=(
            "止めて", "ストップ", "待って", "待ってください", "ちょっと待って", "いいえ", "違います", "やめて",
            "黙って", "もういい", "静かにして", "キャンセル", "止まって",
        ),
        attention=(
            "もしもし", "聞こえますか", "いますか", "聞こえていますか", "まだいますか", "誰かいますか", "あの",
            "すみません", "おーい", "ねえ", "聞いていますか", "聞いてますか", "聞こえる",
        ),
        waiting=(
            "ちょっと待って", "待って", "待ってください", "少々お待ちください", "お待ちください", "少し待って",
            "少しお待ちください", "ちょっと待ってね", "切らないで", "確認します", "今調べます", "少々お待ち下さい",
        ),
        courtesies=(
            "ありがとう", "ありがとうございます", "どうも", "お願いします", "いいですね", "大丈夫です", "結構です",
            "ゆっくりでいいですよ", "助かります",
        ),
        farewells=(
            "さようなら", "失礼します", "では", "それでは", "じゃあね", "またね", "おやすみなさい", "失礼いたします",
            "バイバイ", "また今度", "さよなら",
        ),
    ),
}
# fmt: on
"""The words of each language, by its primary subtag (BCP 47)."""


@lru_cache(maxsize=64)
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
        courtesies=_all(words.courtesies for words in known),
        farewells=_all(words.farewells for words in known),
    )


def _all(phrases: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(phrase for some in phrases for phrase in some))

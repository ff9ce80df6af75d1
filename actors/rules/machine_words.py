"""What answering machines say by language, and what only people say who answer a telephone. Data only."""

from collections.abc import Mapping

import msgspec


class MachineWords(msgspec.Struct, frozen=True, kw_only=True):
    """Phrases in lower case. Each of the four kinds of signs counts once, however many of its phrases are said."""

    decisive: tuple[str, ...]
    """Phrases that no person who picks up says: one of them is enough."""
    reached: tuple[str, ...]
    """Phrases that say whom the caller has reached: "you have reached"."""
    unavailable: tuple[str, ...]
    """Phrases that say that nobody can answer: "is not available"."""
    leave: tuple[str, ...]
    """Phrases that say that the caller may leave a message."""
    machine: tuple[str, ...]
    """Phrases that name the machine: "voicemail", "mailbox"."""
    person: tuple[str, ...]
    """Phrases that only people say, who ask, or talk about somebody else: "he's not available, would you like ..."."""


# fmt: off
# Read as lists: a paragraph each, not a line a phrase.
ENGLISH = MachineWords(
    decisive=(
        "after the tone", "after the beep", "after the signal", "after this tone", "at the tone", "at the beep",
        "wait for the tone", "wait for the beep", "hear the tone", "hear the beep", "sound of the tone",
        "sound of the beep", "forwarded to voicemail", "forwarded to an automated", "forwarded to automatic voice",
        "automated voice messaging", "automatic voice message system",
    ),
    reached=(
        "you've reached", "you have reached", "you reached", "person you are calling", "person you're calling",
        "person you are trying to reach", "number you have dialed", "number you have dialled", "number you dialed",
        "number you are calling", "subscriber",
    ),
    unavailable=(
        "can't take your call", "cannot take your call", "can't come to the phone", "cannot come to the phone",
        "unable to take your call", "unable to come to the phone", "unable to answer", "can't answer the phone",
        "cannot answer the phone", "can't get to the phone", "not able to take your call", "not available",
        "is unavailable", "missed your call", "sorry we missed you", "sorry i missed you", "not home right now",
        "away from my desk", "away from the phone",
    ),
    leave=(
        "leave a message", "leave me a message", "leave us a message", "leave your message", "leave your name",
        "leave a brief message", "leave a short message", "leave a detailed message", "record your message",
        "leave your number",
    ),
    machine=("voicemail", "voice mail", "mailbox", "mail box", "answering machine", "answering service"),
    person=(
        "would you like", "do you want", "can i", "could i", "may i", "shall i", "should i", "who is this",
        "who's this", "who is calling", "who's calling", "who are you", "what is this", "what's this", "how can i",
        "how may i", "what do you", "he's", "she's", "he is", "she is", "with me", "i'll get", "let me get",
        "i can leave", "i could leave",
    ),
)

BY_LANGUAGE: Mapping[str, MachineWords] = {
    "en": ENGLISH,
    "de": MachineWords(
        decisive=(
            "nach dem ton", "nach dem signalton", "nach dem piepton", "nach dem signal", "nach dem piep",
            "nach dem pfeifton",
        ),
        reached=(
            "sie haben den anschluss", "der gewünschte gesprächspartner", "der angerufene teilnehmer",
            "der gewünschte teilnehmer", "die gewählte rufnummer", "sie sind verbunden mit", "die mailbox von",
            "der anschluss von",
        ),
        unavailable=(
            "nicht erreichbar", "nicht ans telefon", "nicht persönlich erreichen", "nicht zu erreichen",
            "nicht zu hause", "nicht entgegennehmen", "vorübergehend nicht",
        ),
        leave=(
            "hinterlassen sie", "hinterlasst", "hinterlasse", "eine nachricht hinterlassen",
            "nachricht nach", "sprechen sie eine nachricht", "ihre nachricht",
        ),
        machine=("mailbox", "anrufbeantworter", "voicemail", "sprachbox"),
        person=(
            "möchten sie", "wollen sie", "soll ich", "kann ich", "darf ich", "wer spricht", "wer ist da", "er ist",
            "sie ist", "bei mir", "worum geht", "was kann",
        ),
    ),
    "es": MachineWords(
        decisive=(
            "después de la señal", "después del tono", "tras la señal", "tras el tono", "al oír la señal",
            "después de oír la señal", "después del bip", "cuando escuche el tono",
        ),
        reached=("ha llamado a", "has llamado a", "el número que ha marcado", "el número que usted marcó",
                 "la persona a la que llama", "se ha comunicado con"),
        unavailable=(
            "no puedo atender", "no puedo atenderle", "no podemos atenderle", "no está disponible",
            "no puedo contestar", "no podemos contestar", "no puedo responder",
        ),
        leave=("deje su mensaje", "deje un mensaje", "deja tu mensaje", "deja un mensaje", "deje su nombre",
               "grabe su mensaje"),
        machine=("buzón", "buzón de voz", "contestador"),
        person=("quiere", "desea", "puedo", "quién es", "quién llama", "de parte de quién", "él está", "ella está",
                "conmigo", "en qué"),
    ),
    "fr": MachineWords(
        decisive=("après le bip", "après le signal sonore", "après le signal", "après la tonalité", "après le top"),
        reached=("vous êtes bien chez", "vous êtes sur la messagerie", "vous êtes bien sur", "votre correspondant",
                 "le numéro que vous avez"),
        unavailable=(
            "je ne suis pas disponible", "n'est pas disponible", "ne peux pas vous répondre", "ne peut pas répondre",
            "je suis absent", "je suis absente", "indisponible", "ne suis pas joignable",
        ),
        leave=("laissez un message", "laissez-moi un message", "laissez moi un message", "laissez votre message",
               "laisser un message", "laissez vos coordonnées"),
        machine=("messagerie", "répondeur", "boîte vocale"),
        person=("voulez-vous", "voulez vous", "souhaitez-vous", "souhaitez vous", "puis-je", "puis je",
                "qui est à l'appareil", "c'est de la part", "il est", "elle est", "avec moi", "je peux"),
    ),
    "it": MachineWords(
        decisive=("dopo il segnale acustico", "dopo il segnale", "dopo il bip", "dopo il tono"),
        reached=("risponde la segreteria", "avete chiamato", "ha chiamato il numero", "il cliente da lei chiamato",
                 "l'utente da lei chiamato"),
        unavailable=("non posso rispondere", "non possiamo rispondere", "non è raggiungibile", "non è disponibile",
                     "non siamo in casa"),
        leave=("lasciate un messaggio", "lasci un messaggio", "lascia un messaggio", "lasciare un messaggio"),
        machine=("segreteria", "casella vocale"),
        person=("vuole", "desidera", "posso", "chi parla", "chi è", "lui è", "lei è", "con me", "come posso"),
    ),
    "pt": MachineWords(
        decisive=("após o sinal", "depois do sinal", "após o bip", "depois do bip", "após o tom"),
        reached=("ligou para", "a pessoa para quem", "o número que marcou", "o número chamado"),
        unavailable=("não posso atender", "não podemos atender", "não está disponível", "não se encontra disponível"),
        leave=("deixe uma mensagem", "deixe a sua mensagem", "deixe sua mensagem", "deixe o seu recado",
               "deixe seu recado", "grave a sua mensagem"),
        machine=("caixa postal", "correio de voz", "caixa de mensagens", "atendedor"),
        person=("quer", "deseja", "posso", "quem fala", "quem é", "ele está", "ela está", "comigo"),
    ),
    "nl": MachineWords(
        decisive=("na de toon", "na de piep", "na de pieptoon", "na het signaal"),
        reached=("u bent verbonden met", "dit is de voicemail van", "het nummer dat u", "de persoon die u belt"),
        unavailable=("niet bereikbaar", "niet aannemen", "niet te woord staan", "niet beschikbaar", "niet aanwezig"),
        leave=("laat een bericht", "laat een boodschap", "spreek een bericht", "spreek uw bericht", "bericht achter"),
        machine=("voicemail", "antwoordapparaat"),
        person=("wilt u", "wil je", "kan ik", "zal ik", "mag ik", "met wie", "hij is", "zij is", "bij mij"),
    ),
    "zh": MachineWords(
        decisive=("在滴声后", "滴声后", "嘟声后", "提示音后", "听到滴声"),
        reached=("您拨打的", "你拨打的"),
        unavailable=("无法接通", "无人接听", "暂时无法", "不方便接听", "已关机"),
        leave=("请留言", "留下您的", "请留下"),
        machine=("语音信箱", "留言信箱", "电话录音"),
        person=("吗", "哪位", "什么事"),
    ),
    "ja": MachineWords(
        decisive=("発信音の後", "発信音のあと", "ピーという音の後", "ピーという発信音", "ピーッという"),
        reached=("おかけになった電話", "おかけになった番号"),
        unavailable=("電話に出ることができません", "電話に出られません", "電波の届かない", "留守にして"),
        leave=("メッセージをどうぞ", "メッセージをお話し", "ご用件をお話し", "お名前とご用件"),
        machine=("留守番電話", "留守電", "伝言サービス"),
        person=("でしょうか", "ですか", "どちら様", "どなた"),
    ),
}
# fmt: on
"""The phrases of each language, by its primary subtag (BCP 47)."""

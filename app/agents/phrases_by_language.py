"""What agents say by themselves, by language: where the file of an agent has no words of its own for it.

English phrases are the defaults of `actors.agent.Phrases`. Each table has every phrase, so that no agent apologises in
a language that its callers do not speak.
"""

# ruff: noqa: RUF001 - Chinese and Japanese have punctuation of their own

from collections.abc import Mapping, Sequence
from typing import Any

PHRASES: Mapping[str, Mapping[str, str | Sequence[str]]] = {
    "de": {
        "apology": "Es tut mir leid, bei uns ist etwas schiefgegangen. Bitte rufen Sie später noch einmal an.",
        "say_again": "Entschuldigung, können Sie das bitte wiederholen?",
        "no_answer": "Es tut mir leid, ich konnte gerade keine Antwort finden. Soll ich es noch einmal versuchen?",
        "busy": "Es tut mir leid, das dauert länger als gedacht. Soll ich es noch einmal versuchen?",
        "refused": "Es tut mir leid, darüber kann ich nicht sprechen. Was kann ich sonst für Sie tun?",
        "recorded": "Dieses Gespräch wird möglicherweise aufgezeichnet.",
        "hold_on": "Einen Moment, bitte.",
        "goodbye": "Vielen Dank für Ihren Anruf. Auf Wiederhören.",
        "cut_off": "Entschuldigung, wir wurden unterbrochen. Bitte sprechen Sie weiter.",
        "voicemail": "Guten Tag. Wir haben Sie angerufen und versuchen es später noch einmal. Auf Wiederhören.",
        "enter_code": "Bitte geben Sie Ihren Zugangscode ein und drücken Sie dann die Rautetaste.",
        "wrong_code": "Dieser Code stimmt nicht. Bitte versuchen Sie es noch einmal.",
        "code_accepted": "Vielen Dank.",
        "connecting": [
            "Ich rufe dort für Sie an. Bitte bleiben Sie am Apparat.",
            "Ich versuche es noch. Bitte bleiben Sie am Apparat.",
        ],
        "consult": "Guten Tag. Ich habe jemanden am Telefon, der mit Ihnen sprechen möchte.",
        "consult_question": "Sagen Sie Ja oder drücken Sie die Eins, sonst Nein oder die Zwei. Nehmen Sie das an?",
        "consult_declined": "In Ordnung, ich richte es aus. Auf Wiederhören.",
        "consult_over": "Es tut mir leid, die Verbindung kam nicht zustande. Auf Wiederhören.",
        "fillers": ["Einen Moment.", "Ich sehe nach."],
        "no_input": ["Sind Sie noch da?", "Ich kann Sie nicht hören. Bitte sagen Sie etwas, wenn Sie da sind."],
    },
    "es": {
        "apology": "Lo siento, ha habido un problema por nuestra parte. Por favor, llame más tarde.",
        "say_again": "Perdone, ¿puede repetirlo?",
        "no_answer": "Lo siento, no he podido encontrar una respuesta. ¿Lo intento otra vez?",
        "busy": "Lo siento, está tardando más de lo normal. ¿Lo intento otra vez?",
        "refused": "Lo siento, no puedo hablar de eso. ¿En qué más puedo ayudarle?",
        "recorded": "Es posible que esta conversación se grabe.",
        "hold_on": "Un momento, por favor.",
        "goodbye": "Gracias por llamar. Adiós.",
        "cut_off": "Perdone, se ha cortado la llamada. Siga, por favor.",
        "voicemail": "Hola. Le hemos llamado y volveremos a intentarlo más tarde. Adiós.",
        "enter_code": "Introduzca su código de acceso y pulse la tecla almohadilla.",
        "wrong_code": "El código no es correcto. Inténtelo de nuevo.",
        "code_accepted": "Gracias.",
        "connecting": [
            "Estoy llamando por usted. No cuelgue, por favor.",
            "Sigo intentándolo. No cuelgue, por favor.",
        ],
        "consult": "Hola. Tengo a alguien en línea que quiere hablar con usted.",
        "consult_question": "Diga sí o pulse uno para aceptar, no o dos para rechazar. ¿Acepta la llamada?",
        "consult_declined": "De acuerdo, se lo diré. Adiós.",
        "consult_over": "Lo siento, no se pudo conectar la llamada. Adiós.",
        "fillers": ["Un momento.", "Déjeme ver."],
        "no_input": ["¿Sigue ahí?", "No le oigo. Diga algo si está ahí, por favor."],
    },
    "fr": {
        "apology": "Je suis désolé, il y a eu un problème de notre côté. Veuillez rappeler plus tard.",
        "say_again": "Pardon, pouvez-vous répéter ?",
        "no_answer": "Je suis désolé, je n'ai pas trouvé de réponse. Voulez-vous que je réessaie ?",
        "busy": "Je suis désolé, cela prend plus de temps que prévu. Voulez-vous que je réessaie ?",
        "refused": "Je suis désolé, je ne peux pas parler de cela. Que puis-je faire d'autre pour vous ?",
        "recorded": "Cette conversation peut être enregistrée.",
        "hold_on": "Un instant, s'il vous plaît.",
        "goodbye": "Merci de votre appel. Au revoir.",
        "cut_off": "Pardon, nous avons été coupés. Continuez, je vous prie.",
        "voicemail": "Bonjour. Nous avons essayé de vous joindre et nous rappellerons plus tard. Au revoir.",
        "enter_code": "Veuillez saisir votre code d'accès, puis appuyez sur la touche dièse.",
        "wrong_code": "Ce code n'est pas correct. Veuillez réessayer.",
        "code_accepted": "Merci.",
        "connecting": [
            "J'appelle pour vous. Restez en ligne, s'il vous plaît.",
            "J'essaie encore. Restez en ligne, s'il vous plaît.",
        ],
        "consult": "Bonjour. J'ai une personne en ligne qui souhaite vous parler.",
        "consult_question": "Dites oui ou appuyez sur un, pour refuser non ou deux. Prenez-vous l'appel ?",
        "consult_declined": "Très bien, je le lui dirai. Au revoir.",
        "consult_over": "Désolé, l'appel n'a pas pu être transféré. Au revoir.",
        "fillers": ["Un instant.", "Je regarde."],
        "no_input": ["Êtes-vous toujours là ?", "Je ne vous entends pas. Dites quelque chose si vous êtes là."],
    },
    "it": {
        "apology": "Mi dispiace, c'è stato un problema da parte nostra. La preghiamo di richiamare più tardi.",
        "say_again": "Scusi, può ripetere?",
        "no_answer": "Mi dispiace, non ho trovato una risposta. Vuole che riprovi?",
        "busy": "Mi dispiace, ci vuole più tempo del previsto. Vuole che riprovi?",
        "refused": "Mi dispiace, di questo non posso parlare. Che altro posso fare per Lei?",
        "recorded": "Questa conversazione potrebbe essere registrata.",
        "hold_on": "Un momento, per favore.",
        "goodbye": "Grazie per la chiamata. Arrivederci.",
        "cut_off": "Mi scusi, è caduta la linea. Continui pure.",
        "voicemail": "Buongiorno. L'abbiamo chiamata e riproveremo più tardi. Arrivederci.",
        "enter_code": "Inserisca il codice di accesso e poi prema il tasto cancelletto.",
        "wrong_code": "Il codice non è corretto. Riprovi, per favore.",
        "code_accepted": "Grazie.",
        "connecting": [
            "Sto chiamando per Lei. Resti in linea, per favore.",
            "Ci sto ancora provando. Resti in linea, per favore.",
        ],
        "consult": "Buongiorno. Ho in linea una persona che vorrebbe parlare con Lei.",
        "consult_question": "Dica sì o prema uno, per rifiutare no o due. Accetta la chiamata?",
        "consult_declined": "Va bene, lo riferirò. Arrivederci.",
        "consult_over": "Mi dispiace, non è stato possibile passare la chiamata. Arrivederci.",
        "fillers": ["Un momento.", "Vediamo."],
        "no_input": ["È ancora in linea?", "Non la sento. Dica qualcosa se è in linea, per favore."],
    },
    "pt": {
        "apology": "Desculpe, houve um problema do nosso lado. Por favor, ligue mais tarde.",
        "say_again": "Desculpe, pode repetir?",
        "no_answer": "Desculpe, não consegui encontrar uma resposta. Quer que tente outra vez?",
        "busy": "Desculpe, está a demorar mais do que o normal. Quer que tente outra vez?",
        "refused": "Desculpe, não posso falar sobre isso. Em que mais posso ajudar?",
        "recorded": "Esta conversa poderá ser gravada.",
        "hold_on": "Um momento, por favor.",
        "goodbye": "Obrigado por ligar. Até logo.",
        "cut_off": "Desculpe, a ligação caiu. Continue, por favor.",
        "voicemail": "Olá. Tentámos falar consigo e voltaremos a ligar mais tarde. Até logo.",
        "enter_code": "Introduza o seu código de acesso e depois prima a tecla cardinal.",
        "wrong_code": "O código não está correto. Tente novamente.",
        "code_accepted": "Obrigado.",
        "connecting": [
            "Estou a ligar por si. Não desligue, por favor.",
            "Continuo a tentar. Não desligue, por favor.",
        ],
        "consult": "Olá. Tenho em linha uma pessoa que gostaria de falar consigo.",
        "consult_question": "Diga sim ou prima um, para recusar não ou dois. Aceita a chamada?",
        "consult_declined": "Muito bem, eu digo. Até logo.",
        "consult_over": "Desculpe, não foi possível passar a chamada. Até logo.",
        "fillers": ["Um momento.", "Deixe-me ver."],
        "no_input": ["Ainda está aí?", "Não consigo ouvir. Por favor, diga algo se estiver aí."],
    },
    "nl": {
        "apology": "Het spijt me, er is bij ons iets misgegaan. Belt u alstublieft later terug.",
        "say_again": "Pardon, kunt u dat herhalen?",
        "no_answer": "Het spijt me, ik kon geen antwoord vinden. Zal ik het nog eens proberen?",
        "busy": "Het spijt me, dit duurt langer dan normaal. Zal ik het nog eens proberen?",
        "refused": "Het spijt me, daar kan ik niet over praten. Waarmee kan ik u verder helpen?",
        "recorded": "Dit gesprek kan worden opgenomen.",
        "hold_on": "Een moment, alstublieft.",
        "goodbye": "Bedankt voor het bellen. Tot ziens.",
        "cut_off": "Excuses, de verbinding werd verbroken. Gaat u verder.",
        "voicemail": "Goedendag. We hebben u gebeld en proberen het later nog eens. Tot ziens.",
        "enter_code": "Toets uw toegangscode in en druk daarna op het hekje.",
        "wrong_code": "Die code klopt niet. Probeert u het nog eens.",
        "code_accepted": "Dank u wel.",
        "connecting": [
            "Ik bel voor u. Blijft u aan de lijn.",
            "Ik probeer het nog. Blijft u aan de lijn.",
        ],
        "consult": "Goedendag. Ik heb iemand aan de lijn die u graag wil spreken.",
        "consult_question": "Zeg ja of toets één, om te weigeren nee of twee. Neemt u het gesprek aan?",
        "consult_declined": "Goed, ik geef het door. Tot ziens.",
        "consult_over": "Het spijt me, het gesprek kon niet worden doorverbonden. Tot ziens.",
        "fillers": ["Een moment.", "Ik kijk even."],
        "no_input": ["Bent u er nog?", "Ik hoor u niet. Zegt u iets als u er bent."],
    },
    "zh": {
        "apology": "很抱歉，我们这边出了问题。请稍后再打来。",
        "say_again": "不好意思，请您再说一遍，好吗？",
        "no_answer": "抱歉，我刚才没能找到答案。要我再试一次吗？",
        "busy": "抱歉，这比平时要久。要我再试一次吗？",
        "refused": "抱歉，这个话题我不能谈。还有什么可以帮您？",
        "recorded": "本次通话可能会被录音。",
        "hold_on": "请稍等。",
        "goodbye": "感谢您的来电，再见。",
        "cut_off": "抱歉，刚才断线了。请您继续说。",
        "voicemail": "您好。我们刚才给您打过电话，稍后会再打来。再见。",
        "enter_code": "请输入您的访问密码，然后按井号键。",
        "wrong_code": "密码不正确，请再试一次。",
        "code_accepted": "谢谢。",
        "connecting": [
            "我正在为您联系，请不要挂断。",
            "我还在联系，请不要挂断。",
        ],
        "consult": "您好，有一位来电者想和您通话。",
        "consult_question": "接听请说好的或按一，不接请说不或按二。您要接听吗？",
        "consult_declined": "好的，我会转告。再见。",
        "consult_over": "抱歉，电话未能接通。再见。",
        "fillers": ["请稍等。", "我看一下。"],
        "no_input": ["您还在吗？", "我听不到您的声音。如果您在，请说话。"],
    },
    "ja": {
        "apology": "申し訳ございません。こちらで問題が発生しました。後ほどおかけ直しください。",
        "say_again": "恐れ入りますが、もう一度おっしゃっていただけますか。",
        "no_answer": "申し訳ございません、お答えが見つかりませんでした。もう一度試しましょうか。",
        "busy": "申し訳ございません、通常より時間がかかっております。もう一度試しましょうか。",
        "refused": "申し訳ございません、その件についてはお話しできません。ほかにご用件はございますか。",
        "recorded": "この通話は録音される場合がございます。",
        "hold_on": "少々お待ちください。",
        "goodbye": "お電話ありがとうございました。失礼いたします。",
        "cut_off": "申し訳ございません、通話が途切れました。続けてお話しください。",
        "voicemail": "こんにちは。お電話いたしましたが、後ほどおかけ直しいたします。失礼いたします。",
        "enter_code": "アクセスコードを入力して、シャープを押してください。",
        "wrong_code": "コードが違います。もう一度お試しください。",
        "code_accepted": "ありがとうございます。",
        "connecting": [
            "お呼び出ししております。そのままお待ちください。",
            "引き続きお呼び出ししております。そのままお待ちください。",
        ],
        "consult": "お疲れさまです。お話ししたいというお電話が入っております。",
        "consult_question": "出られる場合は一、出られない場合は二を押してください。お電話に出られますか？",
        "consult_declined": "承知しました。お伝えします。失礼いたします。",
        "consult_over": "申し訳ございません。お電話をおつなぎできませんでした。失礼いたします。",
        "fillers": ["少々お待ちください。", "確認いたします。"],
        "no_input": ["まだいらっしゃいますか。", "お声が聞こえません。いらっしゃいましたら、お話しください。"],
    },
}
"""The phrases of each language, by its primary subtag (BCP 47)."""


def with_phrases_of_its_languages(raw: Any) -> Any:
    """An agent's file as read, with the phrases of each of its languages where it has none of its own for it.

    What is no mapping, or names no language, is given back as it is: the types say what is wrong with it.
    """
    if not isinstance(raw, dict) or not isinstance(raw.get("languages"), list) or not raw["languages"]:
        return raw
    first, *others = map(str, raw["languages"])
    spoken = raw.get("in_language") or {}
    if not isinstance(spoken, dict):
        return raw
    usual: dict[str, Any] = {language: {} for language in others if not left_in_english((language,))}
    completed = {
        language: _with_phrases(language, own) if isinstance(own, dict) else own
        for language, own in {**usual, **spoken}.items()
    }
    # What speaks its only language has nothing to change to.
    more = {"in_language": completed} if completed else {}
    return {**_with_phrases(first, raw), **more}


def _with_phrases(language: str, raw: dict[str, Any]) -> dict[str, Any]:
    own = raw.get("phrases", {})
    known = PHRASES.get(_primary(language))
    return {**raw, "phrases": {**known, **own}} if known and isinstance(own, dict) else raw


def _primary(language: str) -> str:
    return language.partition("-")[0].lower()


def left_in_english(languages: Sequence[str]) -> bool:
    """Whether the phrases of an agent with these languages are English though its callers speak another language."""
    language = languages[0].partition("-")[0].lower() if languages else "en"
    return language != "en" and language not in PHRASES

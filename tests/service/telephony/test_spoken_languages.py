"""German and Spanish on the telephone, with the real Azure Speech and openai SDKs over emulators.

One call in each: full stops that end no sentence, numbers, a word that only says that the caller listens, a word that
stops, and the phrases of the agent.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from actors.conversation import ChatMessage, Role, UtteranceKind
from app.agents.agent_files import load_agent
from app.agents.phrases_by_language import PHRASES
from app.tools import load_tools
from tests.cloud.chat.emulator import ChatEmulator
from tests.cloud.chat.scripted import Reply
from tests.cloud.speech.emulator import KEY, Scripted, SpeechEmulator
from tests.kit.speech import RATE_HZ, silence
from tests.service.telephony.telephone_kit import Telephone, answered, over, telephone, tone

AGENT = """
name: desk
label: Desk
greeting: {greeting}
instructions: Answer.
languages: [{language}]
voice: {{name: {voice}, language: {language}}}
preemptive_generation: {{enabled: false}}
limits: {{no_input_s: 60}}
"""


class Spoken(msgspec.Struct, frozen=True):
    """What is said in one language."""

    language: str
    voice: str
    greeting: str
    sentences: tuple[str, ...]
    """Of the reply; each holds full stops that end no sentence, or numbers."""
    question: str
    listens: str
    stops: str


GERMAN = Spoken(
    "de-DE",
    "de-DE-KatjaNeural",
    "Guten Tag, hier ist die Praxis.",
    (
        "Am 3. Mai haben wir ca. 50 Plätze frei, z. B. um 9.30 Uhr bei Dr. Weiß in der Bahnhofstr. 5.",
        "Das kostet 1.250,50 Euro und Sie erreichen uns unter +49 30 901820.",
        "Danach haben wir wieder ganz normal von Montag bis Freitag für Sie geöffnet.",
    ),
    "wann haben sie geöffnet",
    "mhm genau",
    "stopp",
)
SPANISH = Spoken(
    "es-ES",
    "es-ES-ElviraNeural",
    "Buenos días, aquí la consulta.",
    (
        "El 3 de mayo tenemos aprox. 50 plazas, p. ej. a las 9.30 con la Sra. Pérez en la Av. Mayor 5.",
        "Cuesta 1.250,50 euros y nuestro teléfono es el +34 91 5550100.",
        "Después abrimos otra vez como siempre de lunes a viernes para todos ustedes.",
    ),
    "cuándo abren ustedes",
    "vale claro",
    "para",
)


async def until(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110  nobody tells what is in the conversation
            await asyncio.sleep(0.02)


def replies(phone: Telephone) -> list[ChatMessage]:
    """What was heard of the model's replies."""
    (entry,) = phone.service.sessions.live.values()
    kept = entry.checkpoint.messages
    return [each for each in kept if each.role is Role.ASSISTANT and each.kind is UtteranceKind.REPLY]


@pytest.mark.parametrize("spoken", [GERMAN, SPANISH], ids=["German", "Spanish"])
async def test_a_call_in_another_language(spoken: Spoken, tmp_path: Path) -> None:
    (tmp_path / "desk.yaml").write_text(AGENT.format(**msgspec.structs.asdict(spoken)), encoding="utf-8")
    agent = load_agent(tmp_path / "desk.yaml", dict(load_tools()))
    said = (spoken.question, spoken.listens, spoken.question, spoken.stops)
    async with ChatEmulator(key="secret") as chat, SpeechEmulator(recognition=Scripted(*said)) as speech:
        chat.default = Reply(" ".join(spoken.sentences))
        environ = {
            "LANGUAGE_MODEL": "openai",
            "OPENAI_MODEL": "m",
            "OPENAI_BASE_URL": chat.base_url,
            "OPENAI_API_KEY": "secret",
            "SPEECH_RECOGNIZER": "azure",
            "SPEECH_SYNTHESIZER": "azure",
            "AZURE_SPEECH_ENDPOINT": speech.endpoint,
            "AZURE_SPEECH_KEY": KEY,
        }
        async with telephone(agent, None, None, **environ) as phone:
            whole, cut = await _talk(phone, speech, spoken)
    assert (whole.text, whole.interrupted) == (" ".join(spoken.sentences), False)
    assert cut.interrupted


async def _talk(phone: Telephone, speech: SpeechEmulator, spoken: Spoken) -> list[ChatMessage]:
    caller = await answered(phone)
    await caller.say(tone(1_400) + silence(1_500), RATE_HZ)
    await caller.hears_voice()
    # Who only says that they listen is talked on to.
    await caller.say(tone(500) + silence(800), RATE_HZ)
    await until(lambda: len(replies(phone)) == 1)
    await caller.say(tone(1_400) + silence(1_500), RATE_HZ)
    await caller.hears_voice()
    await caller.say(tone(500) + silence(300), RATE_HZ)
    await until(lambda: len(replies(phone)) == 2)
    heard = replies(phone)
    assert {recognition.languages for recognition in speech.recognitions} == {(spoken.language,)}
    primary = PHRASES[spoken.language.partition("-")[0]]
    kept = {synthesis.text for synthesis in speech.syntheses}
    assert {spoken.greeting, primary["goodbye"], primary["say_again"], primary["busy"]} <= kept
    # A full stop behind an abbreviation or an ordinal ends no sentence: the voice is given whole clauses, as written.
    reply = " ".join(spoken.sentences)
    given = [each.text.strip() for each in speech.syntheses if each.text.strip() in reply]
    ends = [any(sentence.endswith(piece) for sentence in spoken.sentences) for piece in given]
    assert all(is_end or piece.endswith(",") for is_end, piece in zip(ends, given, strict=True)), given
    assert sum(ends) >= len(spoken.sentences)
    caller.hang_up()
    await over(phone, caller)
    return heard

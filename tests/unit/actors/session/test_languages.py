"""Whole sessions in several languages, on virtual time: known beforehand, heard in the call, and asked for."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

import msgspec
import pytest

from actors.agent import InLanguage, Phrases, Voice
from actors.conversation import Ending, UtteranceKind
from actors.messages.caller import EndSession, TextEntered
from actors.messages.output import ReplyHeard, ReplyText
from actors.messages.transcript import FinalTranscript
from actors.ports.llm import ModelEvent, ModelRequest, ReplyGenerated, TextGenerated, ToolCalled
from actors.ports.stt import Recognition, RecognitionEvent, RecognitionOptions
from actors.ports.tts import Synthesis, SynthesisEvent
from actors.rules.agent_language import speaking
from actors.runtime.clock import run_virtual
from actors.session.plan import TeamMember
from actors.session_context import SessionContext
from app.tools.language import switch_language
from tests.kit.fakes import FakeModel, FakeRecognizer, FakeSynthesizer
from tests.kit.session_kit import AGENT, Stage, stage

ENGLISH, GERMAN = Voice(name="Ava"), Voice(name="Katja", language="de-DE")
HOST = msgspec.structs.replace(
    AGENT,
    languages=("en-US", "de-DE"),
    voice=ENGLISH,
    limits=msgspec.structs.replace(AGENT.limits, no_input_s=60),
    in_language={"de-DE": InLanguage(greeting="Guten Tag.", phrases=Phrases(goodbye="Auf Wiederhören."), voice=GERMAN)},
)


def members(*, known: bool = False) -> Mapping[tuple[str, str], TeamMember]:
    """How the agent speaks; `known`: it hears only the language that it speaks."""

    def member(language: str) -> TeamMember:
        agent = speaking(HOST, language)
        heard = (language,) if known and language else HOST.languages
        tools = {"switch_language": switch_language}
        return TeamMember(agent=msgspec.structs.replace(agent, languages=heard), tools=tools, kept=lambda _: {})

    return {("tester", language): member(language) for language in ("", "en-US", "de-DE")}


class Voices(FakeSynthesizer):
    """Notes which voices were opened."""

    def __init__(self) -> None:
        super().__init__()
        self.opened: list[str] = []

    async def open(self, voice: Voice, rate_hz: int, report: Callable[[SynthesisEvent], None]) -> Synthesis:
        self.opened.append(voice.name)
        return await super().open(voice, rate_hz, report)


class Polyglot(FakeRecognizer):
    """Tells in which language each utterance is."""

    def __init__(self, utterances: Mapping[str, str]) -> None:
        super().__init__(tuple(utterances))
        self._languages = utterances

    async def open(self, options: RecognitionOptions, report: Callable[[RecognitionEvent], None]) -> Recognition:
        def with_language(event: RecognitionEvent) -> None:
            if isinstance(event, FinalTranscript):
                event = msgspec.structs.replace(event, language=self._languages[event.text])
            report(event)

        return await super().open(options, with_language)


def hosting(
    model: FakeModel, voices: Voices, *, known: bool = False, said: Mapping[str, str] | None = None, **about: Any
) -> AbstractAsyncContextManager[Stage]:
    def prepared(entry: Any) -> None:
        entry.change_plan(in_language=members(known=known), about=SessionContext(**about))

    tools = {"switch_language": switch_language}
    recognizer = Polyglot(said or {})
    return stage(agent=HOST, model=model, tools=tools, synthesizer=voices, recognizer=recognizer, tap=prepared)


async def goodbye(on: Stage) -> str:
    on.entry.deliver(EndSession(Ending.NORMAL, politely=True))
    await on.ear.until(lambda ear: ear.ended is not None)
    return next(each.text for each in on.ear.of(ReplyText) if each.kind is UtteranceKind.GOODBYE)


def test_a_language_that_is_known_is_that_of_the_greeting_the_phrases_and_the_voice() -> None:
    async def main() -> None:
        model, voices = FakeModel(), Voices()
        async with hosting(model, voices, known=True, language="de-DE") as on:
            await on.ear.until_count(ReplyHeard, 1)
            assert on.ear.of(ReplyHeard)[0].text == "Guten Tag."
            on.entry.deliver(TextEntered("ja"))
            await on.ear.until_count(ReplyHeard, 2)
            assert "They speak de-DE" in model.requests[0].preamble
            assert (set(voices.opened), await goodbye(on)) == ({"Katja"}, "Auf Wiederhören.")
            recognizer = on.engines.recognizer
            assert isinstance(recognizer, FakeRecognizer)
            assert recognizer.streams[-1].options.languages == ("de-DE",)

    run_virtual(main())


SAID = {
    "nein danke": "de-DE",
    "ich möchte einen Tisch bestellen": "de-DE",
    "für vier Personen bitte sehr": "de-DE",
    "can we speak English please": "en-US",
}


def test_the_agent_follows_a_caller_who_speaks_another_of_its_languages_and_back() -> None:
    async def main() -> None:
        model, voices = FakeModel(), Voices()
        async with hosting(model, voices, said=SAID) as on:
            await on.ear.until_count(ReplyHeard, 1)
            assert on.ear.of(ReplyHeard)[0].text == "Hello there."
            actor = on.actor("orchestrator")
            for count, present in enumerate(("", "de-DE", "de-DE", "en-US"), 2):
                await on.talk(1_200)
                await on.ear.until_count(ReplyHeard, count)
                assert on.entry.checkpoint.language == present
            # Nobody was started anew for it.
            assert on.actor("orchestrator") is actor
            assert (voices.opened, await goodbye(on)) == (["Ava", "Katja", "Ava"], AGENT.phrases.goodbye)

    run_virtual(main())


@pytest.mark.parametrize(("asked", "language"), [("de", "de-DE"), ("fr-FR", "")])
def test_the_model_changes_the_language_when_it_is_asked_to(asked: str, language: str) -> None:
    def script(request: ModelRequest) -> Sequence[ModelEvent | float]:
        if request.messages[-1].role == "tool":
            return [TextGenerated("Gerne." if "goes on" in request.messages[-1].text else "Sorry."), ReplyGenerated()]
        arguments = f'{{"language": "{asked}"}}'
        return [ToolCalled(call_id="c", name="switch_language", arguments=arguments), ReplyGenerated()]

    async def main() -> None:
        voices = Voices()
        async with hosting(FakeModel(script), voices, known=True, language="en-US") as on:
            await on.ear.until_count(ReplyHeard, 1)
            on.entry.deliver(TextEntered("please speak another language"))
            await on.ear.until_count(ReplyHeard, 2)
            assert on.entry.checkpoint.language == (language or "en-US")
            recognizer = on.engines.recognizer
            assert isinstance(recognizer, FakeRecognizer)
            assert recognizer.streams[-1].options.languages == (language or "en-US",)
            assert ("Katja" in voices.opened) is bool(language)

    run_virtual(main())

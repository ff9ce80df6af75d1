"""Phrases that are kept as audio, at the start of a process, on virtual time."""

import asyncio
from collections.abc import Callable
from typing import Any, NoReturn

import msgspec
import pytest

from actors.agent import Guardrail, GuardrailAction, Pronunciation, Voice, VoicemailAction
from actors.errors import SynthesizerError
from actors.ports.tts import AudioSynthesized, SpokenPhrase, Synthesis, SynthesisEvent
from actors.runtime.background_tasks import BackgroundTasks
from actors.runtime.clock import run_virtual
from app.agents.prompt_cache import RENDER_TIMEOUT_S, START_RETRIES, PromptCache, render
from protocol.browser import OUTPUT_RATE_HZ
from tests.kit.fakes import MS_PER_CHAR, FakeSynthesizer
from tests.kit.session_kit import AGENT


class SlowToStart(FakeSynthesizer):
    """Opens nothing before `ready_at_s` of the loop's clock."""

    def __init__(self, ready_at_s: float) -> None:
        super().__init__(delay_s=0)
        self._ready_at_s = ready_at_s

    async def open(self, voice: Voice, rate_hz: int, report: Callable[[SynthesisEvent], None]) -> Synthesis:
        """As the base class does, then."""
        await asyncio.sleep(self._ready_at_s - asyncio.get_running_loop().time())
        return await super().open(voice, rate_hz, report)


def started(ready_at_s: float) -> tuple[set[str], float]:
    """The phrases that were kept with an engine that starts slowly, and how long that took."""
    kept: set[str] = set()
    took_s: list[float] = []

    async def main() -> None:
        began = asyncio.get_running_loop().time()
        phrases = PromptCache(SlowToStart(began + ready_at_s), BackgroundTasks())
        await phrases.prepare([AGENT])
        took_s.append(asyncio.get_running_loop().time() - began)
        kept.update(phrases.at(AGENT, OUTPUT_RATE_HZ))

    run_virtual(main())
    return kept, took_s[0]


def test_an_engine_that_starts_slowly_is_waited_for() -> None:
    kept, _ = started(3.5 * RENDER_TIMEOUT_S)
    assert {AGENT.greeting, AGENT.phrases.apology, AGENT.phrases.goodbye} <= kept


def test_one_that_does_not_start_is_not_waited_for_for_ever(caplog: pytest.LogCaptureFixture) -> None:
    kept, took_s = started(100 * RENDER_TIMEOUT_S)
    assert kept == set()
    assert took_s == pytest.approx((START_RETRIES + 1) * RENDER_TIMEOUT_S, abs=1)
    assert len(caplog.records) == 1


def test_phrases_are_kept_as_the_lexicon_says_them_with_the_places_of_what_is_written() -> None:
    lexicon = (Pronunciation(word="Nguyen", say="win"),)
    agent = msgspec.structs.replace(AGENT, greeting="Nguyen speaking.", voice=Voice(lexicon=lexicon))

    async def main() -> None:
        phrases = PromptCache(FakeSynthesizer(delay_s=0), BackgroundTasks())
        await phrases.prepare([agent])
        kept = phrases.at(agent, OUTPUT_RATE_HZ)["Nguyen speaking."]
        assert [(word.text_start, word.text_end) for word in kept.words] == [(0, 6), (7, 16)]
        assert len(kept.pcm) == len("win speaking.") * MS_PER_CHAR * OUTPUT_RATE_HZ * 2 // 1000

    run_virtual(main())


def test_what_only_some_agents_say_is_kept_for_those_alone() -> None:
    stops = Guardrail(name="advice", pattern="sue", action=GuardrailAction.STOP, say="I may not say.")
    redacts = Guardrail(name="card", pattern="4111", say="a card")
    calls = msgspec.structs.replace(
        AGENT,
        voicemail=VoicemailAction.LEAVE_MESSAGE,
        tools=("transfer_with_briefing",),
        voice=Voice(name="other"),
        guardrails=(stops, redacts),
    )

    async def main() -> None:
        phrases = PromptCache(FakeSynthesizer(delay_s=0), BackgroundTasks())
        await phrases.prepare([AGENT, calls])
        own = {calls.phrases.voicemail, calls.phrases.consult_question, *calls.phrases.connecting, stops.say}
        assert own <= phrases.at(calls, OUTPUT_RATE_HZ).keys()
        assert redacts.say not in phrases.at(calls, OUTPUT_RATE_HZ)
        assert not own & phrases.at(AGENT, OUTPUT_RATE_HZ).keys()

    run_virtual(main())


class Careless(FakeSynthesizer):
    """Raises `error` when it is given text, or tells `event` before each of its own."""

    def __init__(self, error: BaseException | None = None, event: object = None) -> None:
        super().__init__(delay_s=0.0)
        self._error = error
        self._event: Any = event

    async def open(self, voice: Voice, rate_hz: int, report: Callable[[SynthesisEvent], None]) -> Synthesis:
        def told(event: SynthesisEvent) -> None:
            report(self._event)
            report(event)

        stream: Any = await super().open(voice, rate_hz, told)
        if self._error is not None:
            stream.write = self._raise
        return stream  # type: ignore[no-any-return]  # it is one

    def _raise(self, *_: object) -> NoReturn:
        assert self._error is not None
        raise self._error


@pytest.mark.parametrize("error", [RuntimeError("what was said"), SystemExit(1), GeneratorExit()])
def test_an_engine_that_raises_costs_its_phrases_and_not_the_start(
    error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    cache = PromptCache(Careless(error), BackgroundTasks())
    run_virtual(cache.prepare([AGENT]))
    (record,) = caplog.records
    assert record.getMessage().startswith(f"phrases of agent {AGENT.name} could not be made in advance: internal: ")
    assert type(error).__name__ in record.getMessage()
    assert "what was said" not in caplog.text


@pytest.mark.parametrize("event", [None, AudioSynthesized(1, b"abc"), 7])
def test_what_is_no_event_is_no_part_of_a_phrase(event: object) -> None:
    cache = PromptCache(Careless(event=event), BackgroundTasks())

    async def main() -> dict[str, SpokenPhrase]:
        await cache.prepare([AGENT], 16_000)
        return cache.at(AGENT, 16_000)

    kept = run_virtual(main())
    expected = run_virtual(render(FakeSynthesizer(delay_s=0.0), AGENT.phrases.apology, AGENT.voice, 16_000))
    assert kept[AGENT.phrases.apology] == expected


def test_no_phrase_is_kept_of_an_engine_that_does_not_end() -> None:
    with pytest.raises(SynthesizerError, match="no end"):
        run_virtual(render(FakeSynthesizer(delay_s=0.0, ms_per_char=5_000), "Good day to you.", AGENT.voice, 16_000))
